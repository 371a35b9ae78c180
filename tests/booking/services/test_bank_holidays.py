"""Bank holidays of each nation, against dates that are known: substitutes, and what only one nation keeps."""

from datetime import date

import pytest

from telehealth.booking.services.bank_holidays import bank_holiday_on, bank_holidays

pytestmark = pytest.mark.service

NATIONS = ("england", "northern-ireland", "scotland", "wales")


@pytest.mark.parametrize("nation", NATIONS)
@pytest.mark.parametrize(
    "day",
    [
        date(2027, 1, 1),
        date(2027, 3, 26),  # Good Friday
        date(2027, 5, 3),
        date(2027, 5, 31),
        date(2027, 12, 27),  # for Christmas Day, a Saturday
        date(2027, 12, 28),  # for Boxing Day, a Sunday
        date(2028, 12, 25),
        date(2028, 12, 26),
    ],
    ids=str,
)
def test_all_nations_keep_these(nation: str, day: date) -> None:
    assert bank_holiday_on(nation, day)


@pytest.mark.parametrize(
    ("nation", "day", "name"),
    [
        ("england", date(2027, 3, 29), "Easter Monday"),
        ("england", date(2027, 8, 30), "Summer"),
        ("northern-ireland", date(2027, 3, 17), "Patrick"),
        ("northern-ireland", date(2027, 3, 29), "Easter Monday"),
        ("northern-ireland", date(2027, 7, 12), "Boyne"),
        ("northern-ireland", date(2026, 7, 13), "Boyne"),  # the 12th is a Sunday
        ("scotland", date(2026, 1, 2), "New Year"),
        ("scotland", date(2027, 1, 4), "New Year"),  # the 2nd is a Saturday
        ("scotland", date(2027, 8, 2), "Summer"),
        ("scotland", date(2027, 11, 30), "Andrew"),
        ("scotland", date(2030, 12, 2), "Andrew"),  # the 30th is a Saturday
        ("wales", date(2027, 3, 29), "Easter Monday"),
        ("wales", date(2027, 12, 27), "Christmas"),
        ("wales", date(2028, 1, 3), "New Year"),  # the 1st is a Saturday
    ],
)
def test_each_nation_has_its_own(nation: str, day: date, name: str) -> None:
    assert name in bank_holidays(nation, day.year)[day]


@pytest.mark.parametrize(
    ("nation", "day"),
    [
        ("england", date(2026, 1, 2)),
        ("england", date(2027, 3, 17)),
        ("england", date(2027, 7, 12)),
        ("england", date(2027, 8, 2)),
        ("northern-ireland", date(2027, 11, 30)),
        ("scotland", date(2027, 3, 29)),
        ("scotland", date(2027, 8, 30)),
        ("wales", date(2027, 3, 1)),
        ("wales", date(2027, 11, 30)),
    ],
)
def test_no_nation_keeps_anothers(nation: str, day: date) -> None:
    assert bank_holiday_on(nation, day) is None


@pytest.mark.parametrize("year", range(2026, 2037))
def test_their_number_is_right_in_every_year(year: int) -> None:
    """Days on which nobody works: a weekend day with a substitute is not counted."""
    # More are proclaimed at times, never fewer.
    for nation, number in (("england", 8), ("northern-ireland", 10), ("scotland", 9), ("wales", 8)):
        weekdays = {day for day in bank_holidays(nation, year) if day.weekday() < 5}
        assert number <= len(weekdays) <= number + 1, (nation, sorted(weekdays))
        assert {day.year for day in weekdays} == {year}
