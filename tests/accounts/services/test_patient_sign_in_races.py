"""People and attackers at the same moment, each on a connection of their own."""

import threading
from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import func, select

from telehealth.accounts.domain.sign_in_link import LINK_TRIES
from telehealth.accounts.models import Account, SignInLink
from telehealth.accounts.services.contacts import set_contact
from telehealth.accounts.services.patient_sign_in import LinkAnswer, send_sign_in_link, sign_in_by_link
from telehealth.accounts.services.sessions import hash_token, make_token
from telehealth.actor import ANONYMOUS
from telehealth.clock import now
from telehealth.db import Database
from tests.factories import Cast, make_cast

pytestmark = pytest.mark.service

EMAIL = "eirlys@example.org"
BORN = date(1948, 3, 5)


@pytest.fixture
def people(own_database: Database) -> Cast:
    with own_database.transaction() as session:
        made = make_cast(session)
        set_contact(session, made.patient, email=EMAIL)
        return made


def make_link(database: Database) -> str:
    made: list[str] = []
    with database.transaction() as session:
        send_sign_in_link(session, ANONYMOUS, EMAIL, lambda token: made.append(token) or token)  # type: ignore[func-returns-value]
    return made[0]


def add_link(database: Database) -> str:
    """Beside the one before, as when two were asked for at the same moment."""
    token = make_token()
    with database.transaction() as session:
        other = session.scalars(select(SignInLink).limit(1)).one()
        session.add(
            SignInLink(
                email_hash=other.email_hash,
                token_hash=hash_token(token),
                created_at=now(),
                expires_at=other.expires_at,
            )
        )
    return token


def all_at_once(answers: list[Callable[[], LinkAnswer]]) -> list[LinkAnswer]:
    ready = threading.Barrier(len(answers), timeout=30)
    given: list[LinkAnswer] = []

    def run(answer: Callable[[], LinkAnswer]) -> None:
        ready.wait()
        given.append(answer())

    threads = [threading.Thread(target=run, args=(answer,)) for answer in answers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(given) == len(answers)
    return given


def give(database: Database, token: str, born: date) -> LinkAnswer:
    with database.transaction() as session:
        return sign_in_by_link(session, ANONYMOUS, token, born)


def test_a_link_signs_in_once_however_many_use_it_at_once(own_database: Database, people: Cast) -> None:
    token = make_link(own_database)
    answers = all_at_once([lambda: give(own_database, token, BORN)] * 6)
    assert sorted(answer.outcome for answer in answers) == ["over"] * 5 + ["signed-in"]


def test_guesses_at_once_do_not_overshoot(own_database: Database, people: Cast) -> None:
    token = make_link(own_database)
    days = [date(1948, 4, day) for day in range(1, 11)]
    answers = all_at_once([lambda born=born: give(own_database, token, born) for born in days])  # type: ignore[misc]
    assert [answer.outcome for answer in answers].count("wrong") == LINK_TRIES
    assert give(own_database, token, BORN).outcome == "over"


def test_two_first_sign_ins_at_once_make_one_account(own_database: Database, people: Cast) -> None:
    first = make_link(own_database)
    second = add_link(own_database)
    answers = all_at_once([lambda: give(own_database, first, BORN), lambda: give(own_database, second, BORN)])
    assert [answer.outcome for answer in answers] == ["signed-in"] * 2
    with own_database.reading() as session:
        assert session.scalar(select(func.count()).where(Account.patient_id == people.patient.id)) == 1
