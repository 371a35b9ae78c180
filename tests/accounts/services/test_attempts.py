"""The limits of wrong passwords and codes, also when many come at the same moment."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from telehealth.accounts.domain.throttle import CODE_THROTTLE, PASSWORD_THROTTLE
from telehealth.accounts.models import Factor, SignInAttempt
from telehealth.accounts.services.attempts import begin_attempt, count_failures, succeed
from telehealth.clock import now
from telehealth.db import Database
from telehealth.errors import TooManyTries

pytestmark = pytest.mark.service

EMAIL = "nia@hillside.example"
LIMITS = {Factor.PASSWORD: PASSWORD_THROTTLE.limit, Factor.CODE: CODE_THROTTLE.limit}


@pytest.mark.parametrize("factor", list(Factor))
def test_tries_at_the_same_moment_do_not_overshoot(own_database: Database, factor: Factor) -> None:
    def is_let_through(_number: int) -> bool:
        try:
            with own_database.transaction() as session:
                begin_attempt(session, EMAIL, factor)
        except TooManyTries:
            return False
        return True

    with ThreadPoolExecutor(max_workers=16) as pool:
        let_through = sum(pool.map(is_let_through, range(40)))
    assert let_through == LIMITS[factor]
    with own_database.reading() as session:
        assert session.scalar(select(func.count()).select_from(SignInAttempt)) == LIMITS[factor]


def test_right_answers_do_not_count(session: Session) -> None:
    for _ in range(PASSWORD_THROTTLE.limit + 5):
        succeed(session, begin_attempt(session, EMAIL, Factor.PASSWORD))
    assert count_failures(session, EMAIL, now().replace(year=2020)) == {}


def test_codes_and_passwords_are_counted_apart(session: Session) -> None:
    for _ in range(CODE_THROTTLE.limit):
        begin_attempt(session, EMAIL, Factor.CODE)
    begin_attempt(session, EMAIL, Factor.PASSWORD)
    with pytest.raises(TooManyTries):
        begin_attempt(session, EMAIL, Factor.CODE)
    assert count_failures(session, EMAIL, now().replace(year=2020)) == {Factor.CODE: 5, Factor.PASSWORD: 1}
