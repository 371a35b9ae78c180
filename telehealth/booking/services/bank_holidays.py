"""Bank holidays by UK nation."""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache

import holidays

# The library's names of the nations.
_SUBDIVISIONS = {"england": "ENG", "wales": "WLS", "scotland": "SCT", "northern-ireland": "NIR"}


@lru_cache(maxsize=256)
def bank_holidays(nation: str, year: int) -> Mapping[date, str]:
    """The dates of a year with their names, substitute days included."""
    return dict(holidays.country_holidays("GB", subdiv=_SUBDIVISIONS[nation], years=year, language="en_GB"))


def bank_holiday_on(nation: str, day: date) -> str | None:
    return bank_holidays(nation, day.year).get(day)
