"""Dates as people type them in three fields."""

from datetime import date

import pytest

from telehealth.accounts.domain.typed_date import read_typed_date

pytestmark = pytest.mark.domain


@pytest.mark.parametrize("month", ["3", "03", "mar", "Mar", "MAR.", "march", "March", "mawrth"])
def test_the_month_is_a_number_or_a_name(month: str) -> None:
    assert read_typed_date("5", month, "1948") == date(1948, 3, 5)


@pytest.mark.parametrize("number", range(1, 13))
def test_every_month_has_a_name_of_three_letters(number: int) -> None:
    name = date(2026, number, 1).strftime("%b")
    assert read_typed_date("01", name, "2026") == date(2026, number, 1)
    assert read_typed_date("1", "Sept", "2026") == date(2026, 9, 1)


@pytest.mark.parametrize(
    ("day", "month", "year"),
    [
        ("31", "2", "2026"),
        ("0", "1", "2026"),
        ("1", "13", "2026"),
        ("1", "ma", "2026"),
        ("1", "marching", "2026"),
        ("1", "marc h", "2026"),
        ("1", "...", "2026"),
        ("first", "1", "2026"),
        ("-1", "1", "2026"),
        ("1", "1", "02026"),
        ("1", "1", "0000"),
        ("٥", "3", "1948"),
        ("5", "³", "1948"),
        ("5", "3", "१९४८"),
        ("9" * 5000, "1", "2026"),
        ("", "", ""),
    ],
)
def test_what_is_no_date_is_refused(day: str, month: str, year: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_typed_date(day, month, year)
