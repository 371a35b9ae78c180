"""Codes of apps, and recovery codes: what counts as typed, and which are tried."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telehealth.accounts.domain.recovery_code import LETTERS, normal_recovery_code, write_code
from telehealth.accounts.domain.totp import first_match, normal_code, spaced, step_at, steps_to_try

pytestmark = pytest.mark.domain

NOW = datetime(2027, 1, 12, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("123456", "123456"),
        (" 123 456 ", "123456"),
        ("123-456", "123456"),
        ("12345", None),
        ("1234567", None),
        ("12345a", None),
        ("\uff11\uff12\uff13\uff14\uff15\uff16", None),
        ("", None),
    ],
)
def test_typed_codes(typed: str, code: str | None) -> None:
    assert normal_code(typed) == code


def test_the_code_before_and_the_code_after_count_too() -> None:
    here = step_at(NOW)
    assert steps_to_try(NOW, 0) == [here - 1, here, here + 1]


def test_a_used_step_and_all_before_it_are_over() -> None:
    here = step_at(NOW)
    assert steps_to_try(NOW, here - 1) == [here, here + 1]
    assert steps_to_try(NOW, here) == [here + 1]
    assert steps_to_try(NOW, here + 1) == []


def test_a_step_lasts_thirty_seconds() -> None:
    assert step_at(NOW + timedelta(seconds=29)) == step_at(NOW)
    assert step_at(NOW + timedelta(seconds=30)) == step_at(NOW) + 1


def test_the_earliest_right_step_is_used_up() -> None:
    assert first_match([5, 6, 7], [False, True, True]) == 6
    assert first_match([5, 6, 7], [False, False, False]) is None


def test_a_key_is_shown_in_groups() -> None:
    assert spaced("JBSWY3DPEHPK3PXP") == "JBSW Y3DP EHPK 3PXP"


@given(st.lists(st.integers(0, len(LETTERS) - 1), min_size=16, max_size=16))
def test_a_written_recovery_code_is_read_again(numbers: list[int]) -> None:
    written = write_code(numbers)
    assert len(written.split("-")) == 4
    plain = written.replace("-", "")
    for typed in (written, written.upper(), plain, written.replace("-", " "), f"  {written} "):
        assert normal_recovery_code(typed) == plain


@given(st.text(max_size=40))
def test_what_cannot_be_a_recovery_code_is_none(text: str) -> None:
    code = normal_recovery_code(text)
    assert code is None or (len(code) == 16 and set(code) <= set(LETTERS))
