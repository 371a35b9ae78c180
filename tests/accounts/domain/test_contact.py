"""Codes, masks, and how often a link may be guessed at."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telehealth.accounts.domain.contact import (
    CODE_TRIES,
    is_code_usable,
    make_code,
    mask_email,
    mask_phone,
    plain_code,
)
from telehealth.accounts.domain.throttle import is_locked_for_good, link_tries_left
from tests.factories import at

pytestmark = pytest.mark.domain

MOMENT = at("2027-01-12 10:00")


def test_a_code_has_six_digits_and_is_not_always_the_same() -> None:
    codes = {make_code() for _ in range(50)}
    assert all(len(code) == 6 and code.isdigit() for code in codes)
    assert len(codes) > 40


def test_a_code_may_be_typed_with_spaces() -> None:
    assert plain_code(" 123 456\n") == "123456"


@pytest.mark.parametrize(
    ("minutes", "failures", "is_usable"),
    [(10, 0, True), (0, 0, False), (10, CODE_TRIES, False), (1, 4, True)],
)
def test_a_code_works_for_a_time_and_for_some_tries(minutes: int, failures: int, is_usable: bool) -> None:
    expires_at = MOMENT + timedelta(minutes=minutes)
    assert is_code_usable(expires_at=expires_at, failures=failures, now=MOMENT) is is_usable


def test_no_code_was_sent() -> None:
    assert not is_code_usable(expires_at=None, failures=0, now=MOMENT)


@given(st.text(min_size=6, max_size=20))
def test_a_masked_phone_number_shows_its_last_two_characters_alone(number: str) -> None:
    assert mask_phone(number) == "…" + number[-2:]


def test_a_masked_email_shows_its_first_letter_and_its_domain() -> None:
    assert mask_email("margaret.hughes@demo.example") == "m•••@demo.example"


@pytest.mark.parametrize(
    ("recent", "total", "left"),
    [(0, 0, 5), (4, 4, 1), (5, 5, 0), (0, 5, 5), (0, 8, 2), (0, 10, 0), (0, 11, 0)],
)
def test_a_link_takes_five_wrong_answers_an_hour_and_ten_in_all(recent: int, total: int, left: int) -> None:
    assert link_tries_left(recent_failures=recent, all_failures=total) == left
    assert is_locked_for_good(total) is (total >= 10)
