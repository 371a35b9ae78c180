"""What works once works once, also when it is used several times at the same moment."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy.orm import Session

from telehealth.accounts.models import SetUpPurpose
from telehealth.accounts.services.passkeys import (
    RelyingParty,
    assertion_options,
    register_passkey,
    registration_options,
    verify_assertion,
)
from telehealth.accounts.services.second_factor import check_code, make_recovery_codes
from telehealth.accounts.services.set_up import LinkClosed, make_set_up_link, use_set_up_link
from telehealth.accounts.services.sign_in import actor_of
from telehealth.actor import ANONYMOUS
from telehealth.db import Database
from tests.accounts.factors import ORIGIN, Device, add_app, code_of
from tests.factories import Cast, make_cast

pytestmark = pytest.mark.service

PARTY = RelyingParty.of(ORIGIN, "Online consultations")


@pytest.fixture
def own_cast(own_database: Database) -> Cast:
    with own_database.transaction() as session:
        return make_cast(session)


def count_at_once(database: Database, use: Callable[[Session], bool]) -> int:
    """How many of eight who do the same at the same moment succeed."""

    def try_it(_number: int) -> bool:
        with database.transaction() as session:
            return use(session)

    with ThreadPoolExecutor(max_workers=8) as pool:
        return sum(pool.map(try_it, range(8)))


def test_a_code_of_the_app(own_database: Database, own_cast: Cast) -> None:
    own, who = own_cast.receptionist, actor_of(own_cast.receptionist)
    with own_database.transaction() as session:
        secret = add_app(session, own)
    code = code_of(secret)
    assert count_at_once(own_database, lambda session: check_code(session, who, own.id, code)) == 1


def test_a_recovery_code(own_database: Database, own_cast: Cast) -> None:
    own, who = own_cast.receptionist, actor_of(own_cast.receptionist)
    with own_database.transaction() as session:
        code = make_recovery_codes(session, who, own.id)[0]
    assert count_at_once(own_database, lambda session: check_code(session, who, own.id, code)) == 1


def test_a_set_up_link(own_database: Database, own_cast: Cast) -> None:
    with own_database.transaction() as session:
        account = session.merge(own_cast.receptionist)
        token = make_set_up_link(session, ANONYMOUS, account, SetUpPurpose.FIRST_SIGN_IN)

    def is_used(session: Session) -> bool:
        try:
            use_set_up_link(session, ANONYMOUS, token, "a hash")
        except LinkClosed:
            return False
        return True

    assert count_at_once(own_database, is_used) == 1


def test_the_answer_of_a_passkey(own_database: Database, own_cast: Cast) -> None:
    device, who = Device(), actor_of(own_cast.receptionist)
    with own_database.transaction() as session:
        account = session.merge(own_cast.receptionist)
        made = device.create(registration_options(session, account, PARTY))
        assert register_passkey(session, who, account, PARTY, made, "")
    with own_database.transaction() as session:
        account = session.merge(own_cast.receptionist)
        answer = device.get(assertion_options(session, account, PARTY), is_counting=False)

    def is_accepted(session: Session) -> bool:
        account = session.merge(own_cast.receptionist)
        return verify_assertion(session, account, PARTY, answer) is not None

    assert count_at_once(own_database, is_accepted) == 1
