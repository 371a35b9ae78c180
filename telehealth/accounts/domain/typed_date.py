"""A date as people type it in three fields: the month as a number, or by its name."""

from datetime import date

from telehealth.accounts.domain.months import MONTH_NUMBERS


def read_typed_date(day: str, month: str, year: str) -> date:
    """The date. Raises ValueError for what is none; a year of two digits is one of the first century."""
    number = MONTH_NUMBERS.get(month.casefold().rstrip("."))
    return date(_number(year), number or _number(month), _number(day))


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 4:
        raise ValueError("not a number of a day, month or year")
    return int(text)
