from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.accounts.models import AuthenticatorApp, RecoveryCode
from telehealth.accounts.services.second_factor import (
    begin_app,
    check_code,
    confirm_app,
    factors_of,
    find_new_secret,
    make_recovery_codes,
    remove_all_factors,
    remove_app,
)
from telehealth.accounts.services.sign_in import actor_of
from telehealth.errors import Conflict, InvalidInput
from tests.accounts.factors import add_app, code_of, wrong_code
from tests.factories import Cast

pytestmark = pytest.mark.service

# The sign-in in which an app is set up.
HERE = UUID(int=7)


def test_an_app_is_in_use_after_its_first_right_code(session: Session, cast: Cast) -> None:
    own, who = cast.receptionist, actor_of(cast.receptionist)
    secret = begin_app(session, own.id, HERE)
    assert not factors_of(session, own.id).has_app
    assert not check_code(session, who, own.id, code_of(secret))
    with pytest.raises(InvalidInput):
        confirm_app(session, who, own.id, wrong_code(secret), HERE)
    confirm_app(session, who, own.id, code_of(secret), HERE)
    assert factors_of(session, own.id).has_app
    assert find_new_secret(session, own.id, HERE) is None


def test_the_code_that_confirmed_the_app_is_used_up(session: Session, cast: Cast) -> None:
    own, who = cast.receptionist, actor_of(cast.receptionist)
    secret = begin_app(session, own.id, HERE)
    confirm_app(session, who, own.id, code_of(secret), HERE)
    assert not check_code(session, who, own.id, code_of(secret))
    assert check_code(session, who, own.id, code_of(secret, steps=1))


def test_a_code_works_once_and_older_ones_no_more(session: Session, cast: Cast) -> None:
    own, who = cast.receptionist, actor_of(cast.receptionist)
    secret = add_app(session, own)
    assert check_code(session, who, own.id, code_of(secret))
    assert not check_code(session, who, own.id, code_of(secret))
    assert not check_code(session, who, own.id, code_of(secret, steps=-1))
    session.expire_all()
    assert not check_code(session, who, own.id, code_of(secret))


def test_the_code_before_the_present_one_still_counts(session: Session, cast: Cast) -> None:
    secret = add_app(session, cast.receptionist)
    assert check_code(session, actor_of(cast.receptionist), cast.receptionist.id, code_of(secret, steps=-1))


@pytest.mark.parametrize("steps", [-4, 4])
def test_codes_of_other_minutes_do_not_count(session: Session, cast: Cast, steps: int) -> None:
    own = cast.receptionist
    secret = add_app(session, own)
    assert not check_code(session, actor_of(own), own.id, code_of(secret, steps=steps))


def test_a_code_of_another_account_does_not_count(session: Session, cast: Cast) -> None:
    add_app(session, cast.receptionist)
    secret = add_app(session, cast.colleague)
    own = cast.receptionist
    assert not check_code(session, actor_of(own), own.id, code_of(secret))


def test_the_secret_is_stored_sealed(session: Session, cast: Cast) -> None:
    secret = add_app(session, cast.receptionist)
    stored = session.scalars(select(AuthenticatorApp.secret_sealed)).one()
    assert stored
    assert secret.encode() not in stored


def test_the_app_in_use_works_while_another_phone_is_set_up(session: Session, cast: Cast) -> None:
    own, who = cast.receptionist, actor_of(cast.receptionist)
    old = add_app(session, own)
    new = begin_app(session, own.id, HERE)
    assert check_code(session, who, own.id, code_of(old))
    confirm_app(session, who, own.id, code_of(new), HERE)
    assert not check_code(session, who, own.id, code_of(old, steps=1))


def test_each_recovery_code_works_once(session: Session, cast: Cast) -> None:
    own, who = cast.receptionist, actor_of(cast.receptionist)
    add_app(session, own)
    codes = make_recovery_codes(session, who, own.id)
    assert len(set(codes)) == 10
    assert check_code(session, who, own.id, codes[3].upper())
    assert not check_code(session, who, own.id, codes[3])
    assert factors_of(session, own.id).recovery_codes == 9


def test_new_recovery_codes_replace_the_old_ones(session: Session, cast: Cast) -> None:
    own, who = cast.receptionist, actor_of(cast.receptionist)
    add_app(session, own)
    old = make_recovery_codes(session, who, own.id)
    make_recovery_codes(session, who, own.id)
    assert not check_code(session, who, own.id, old[0])


def test_recovery_codes_are_stored_as_hashes_of_their_account(session: Session, cast: Cast) -> None:
    own, who = cast.receptionist, actor_of(cast.receptionist)
    codes = make_recovery_codes(session, who, own.id)
    stored = b"".join(session.scalars(select(RecoveryCode.code_hash)))
    assert not any(code.replace("-", "").encode() in stored for code in codes)
    assert not check_code(session, actor_of(cast.colleague), cast.colleague.id, codes[0])


def test_the_last_factor_stays_where_there_must_be_one(session: Session, cast: Cast) -> None:
    own, who = cast.receptionist, actor_of(cast.receptionist)
    add_app(session, own)
    with pytest.raises(Conflict):
        remove_app(session, who, own, may_be_last=False)
    assert factors_of(session, own.id).has_app


def test_recovery_codes_go_with_the_last_factor(session: Session, cast: Cast) -> None:
    own, who = cast.receptionist, actor_of(cast.receptionist)
    add_app(session, own)
    codes = make_recovery_codes(session, who, own.id)
    remove_app(session, who, own, may_be_last=True)
    assert not factors_of(session, own.id).is_any
    assert not check_code(session, who, own.id, codes[0])


def test_an_administrator_removes_everything_and_sees_nothing(session: Session, cast: Cast) -> None:
    own = cast.receptionist
    add_app(session, own)
    make_recovery_codes(session, actor_of(own), own.id)
    remove_all_factors(session, actor_of(cast.administrator), own, reason="phone lost")
    factors = factors_of(session, own.id)
    assert (factors.is_any, factors.recovery_codes) == (False, 0)


def test_a_secret_is_shown_and_confirmed_in_the_sign_in_that_made_it_alone(
    session: Session, cast: Cast
) -> None:
    """Somebody with the password alone must not learn the secret of the owner's app."""
    account = cast.receptionist
    secret = begin_app(session, account.id, HERE)
    elsewhere = UUID(int=8)
    assert find_new_secret(session, account.id, elsewhere) is None
    with pytest.raises(InvalidInput):
        confirm_app(session, actor_of(account), account.id, code_of(secret), elsewhere)
    assert find_new_secret(session, account.id, HERE) == secret
