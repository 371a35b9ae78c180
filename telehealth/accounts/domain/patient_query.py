"""What somebody types to find a patient, taken apart: names, dates of birth, numbers, e-mail addresses."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from telehealth.accounts.domain.months import MONTH_NUMBERS
from telehealth.accounts.domain.names import query_words

_MONTH = "(" + "|".join(sorted(MONTH_NUMBERS, key=len, reverse=True)) + ")"
# A date may stand in brackets, as the pages here show it.
_START, _END = r"(?<![^\s,;(\[])", r"(?![^\s,;)\]])"
_ISO = re.compile(rf"{_START}([0-9]{{4}})[-/.]([0-9]{{1,2}})[-/.]([0-9]{{1,2}}){_END}")
_IN_NUMBERS = re.compile(
    rf"{_START}([0-9]{{1,2}})\s?[/.-]\s?([0-9]{{1,2}})\s?[/.-]\s?([0-9]{{4}}|[0-9]{{2}}){_END}"
)
_IN_THREE = re.compile(rf"{_START}([0-9]{{1,2}})\s+([0-9]{{1,2}})\s+([0-9]{{4}}){_END}")
_IN_ONE = re.compile(rf"{_START}([0-9]{{2}})([0-9]{{2}})((?:18|19|20)[0-9]{{2}}){_END}")
_DAY_FIRST = re.compile(
    rf"{_START}([0-9]{{1,2}})(?:st|nd|rd|th)?(?:\s+of\s)?\s*[-/.]?\s*{_MONTH}\.?,?\s*[-/.]?\s*['’]?([0-9]{{4}}|[0-9]{{2}}){_END}",
    re.IGNORECASE,
)
_MONTH_FIRST = re.compile(
    rf"{_START}{_MONTH}\.?\s+([0-9]{{1,2}})(?:st|nd|rd|th)?,?\s+([0-9]{{4}}){_END}", re.IGNORECASE
)
_EMAIL = re.compile(rf"{_START}[^\s,;]+@[^\s,;]*{_END}")
# An NHS number or a phone number, which people write with spaces, brackets, dashes, dots and strokes; copied, after "tel:".
_DIGITS = re.compile(rf"{_START}(?:tel:)?[+(]{{0,2}}[0-9](?:[0-9\s()./-]*[0-9)])?{_END}", re.IGNORECASE)
_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212"), "-")
MOST_WORDS = 8
LONGEST_NUMBER = 16


@dataclass(frozen=True, slots=True)
class Born:
    """A date that may be meant. `is_swapped`: with the day and the month the other way round."""

    on: date
    is_swapped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """All of it must fit a patient. `is_impossible`: something in it fits nobody, for example 31 February."""

    words: tuple[str, ...] = ()
    # For each typed date what may be meant by it.
    births: tuple[tuple[Born, ...], ...] = ()
    # Digits alone, with "+" before them where it was typed.
    numbers: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    is_impossible: bool = False

    @property
    def is_nothing(self) -> bool:
        return self.is_impossible or not (self.words or self.births or self.numbers or self.emails)

    @property
    def has_facts(self) -> bool:
        """Whether there is more than a name."""
        return bool(self.births or self.numbers or self.emails)


def read_query(text: str, today: date) -> Asked:
    """Take apart what was typed. A date is read day first; month first is tried too, and marked."""
    # First what an input method for Chinese or Japanese types wide.
    rest = unicodedata.normalize("NFKC", text).translate(_DASHES)
    rest, emails = _take(_EMAIL, rest)
    births: list[tuple[Born, ...]] = []
    for pattern, read in _READERS:
        rest, found = _take(pattern, rest)
        births.extend(tuple(read(match, today)) for match in found)
    rest, digits = _take(_DIGITS, rest)
    numbers = tuple("".join(c for c in match[0] if c in "+0123456789") for match in digits)
    return Asked(
        words=query_words(rest)[:MOST_WORDS],
        births=tuple(births),
        numbers=numbers,
        emails=tuple(match[0] for match in emails),
        is_impossible=not all(births) or any(len(number) > LONGEST_NUMBER for number in numbers),
    )


def read_six_digits(number: str, today: date) -> tuple[date, ...]:
    """The dates of birth that six digits in a row may be, day first; they may as well begin an NHS number."""
    if len(number) != 6 or not number.isdigit():
        return ()
    found = _dates(_years(number[4:], today), int(number[2:4]), int(number[:2]))
    return tuple(born.on for born in found)


def swap_day_and_month(on: date) -> date | None:
    """The date with the day and the month the other way round; None where there is no other such date."""
    if on.day > 12 or on.day == on.month:
        return None
    return date(on.year, on.day, on.month)


def _take(pattern: re.Pattern[str], text: str) -> tuple[str, list[re.Match[str]]]:
    """What is left of a text, and what was found in it."""
    found = list(pattern.finditer(text))
    return (pattern.sub(" ", text) if found else text), found


def _read_iso(match: re.Match[str], _today: date) -> Iterator[Born]:
    yield from _dates((int(match[1]),), int(match[2]), int(match[3]))


def _read_numbers(match: re.Match[str], today: date) -> Iterator[Born]:
    first, second, years = int(match[1]), int(match[2]), _years(match[3], today)
    yield from _dates(years, second, first)
    if first != second:
        yield from _dates(years, first, second, is_swapped=True)


def _read_day_first(match: re.Match[str], today: date) -> Iterator[Born]:
    yield from _dates(_years(match[3], today), MONTH_NUMBERS[match[2].lower()], int(match[1]))


def _read_month_first(match: re.Match[str], today: date) -> Iterator[Born]:
    yield from _dates(_years(match[3], today), MONTH_NUMBERS[match[1].lower()], int(match[2]))


_READERS = (
    (_ISO, _read_iso),
    (_DAY_FIRST, _read_day_first),
    (_MONTH_FIRST, _read_month_first),
    (_IN_NUMBERS, _read_numbers),
    (_IN_THREE, _read_numbers),
    (_IN_ONE, _read_numbers),
)


def _years(text: str, today: date) -> tuple[int, ...]:
    """Of two digits both centuries that are not to come: somebody born in '26 may be a hundred years old."""
    if len(text) == 4:
        return (int(text),)
    return tuple(year for year in (2000 + int(text), 1900 + int(text)) if year <= today.year)


def _dates(years: tuple[int, ...], month: int, day: int, *, is_swapped: bool = False) -> Iterator[Born]:
    for year in years:
        try:
            yield Born(date(year, month, day), is_swapped)
        except ValueError:
            continue
