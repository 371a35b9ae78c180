"""On which dates a session takes place: the part of RFC 5545's recurrence rules that a person can say in a sentence.

Pure and on local dates: a weekly session keeps its wall time over a clock change.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache

# As in RFC 5545, in the order of `date.weekday()`.
WEEKDAY_CODES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
EVERY_DAY = frozenset(range(7))
WEEK_INTERVALS = (1, 2)
# Which one of the month; -1: the last. A fifth is not offered: most months have none.
NTHS = (1, 2, 3, 4, -1)
# A rule of one service is asked for a year or two at a time.
_YEARS_KEPT = 8192


class Repeat(StrEnum):
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    ONCE = "once"


@dataclass(frozen=True, slots=True)
class Recurrence:
    """Every or every other week on some weekdays; the n-th weekday of each month; or one date.

    Weekdays are 0 (Monday) to 6. Raises ValueError where it would mean nothing.
    """

    repeat: Repeat
    weekdays: frozenset[int] = frozenset()
    # 1: every week; 2: every other week, counted from the week (Monday to Sunday) of the first date.
    interval: int = 1
    # Only of a monthly one.
    nth: int = 0

    def __post_init__(self) -> None:
        if not self.weekdays <= EVERY_DAY:
            raise ValueError("a weekday is 0 to 6")
        if self.repeat is Repeat.WEEKLY:
            if not self.weekdays or self.interval not in WEEK_INTERVALS or self.nth:
                raise ValueError("a weekly rule has weekdays, and an interval of one or two weeks")
        elif self.repeat is Repeat.MONTHLY:
            if len(self.weekdays) != 1 or self.interval != 1 or self.nth not in NTHS:
                raise ValueError("a monthly rule has one weekday and says which one of the month")
        elif self.weekdays or self.interval != 1 or self.nth:
            raise ValueError("one date has no weekdays and no interval")

    @classmethod
    def weekly(cls, weekdays: Iterable[int], interval: int = 1) -> "Recurrence":
        return cls(Repeat.WEEKLY, frozenset(weekdays), interval)

    @classmethod
    def monthly(cls, nth: int, weekday: int) -> "Recurrence":
        return cls(Repeat.MONTHLY, frozenset({weekday}), nth=nth)

    @classmethod
    def once(cls) -> "Recurrence":
        return cls(Repeat.ONCE)

    def to_rrule(self) -> str:
        """For example FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH or FREQ=MONTHLY;BYDAY=-1FR."""
        if self.repeat is Repeat.ONCE:
            return "FREQ=DAILY;COUNT=1"
        days = ",".join(WEEKDAY_CODES[day] for day in sorted(self.weekdays))
        if self.repeat is Repeat.MONTHLY:
            return f"FREQ=MONTHLY;BYDAY={self.nth}{days}"
        interval = f"INTERVAL={self.interval};" if self.interval > 1 else ""
        return f"FREQ=WEEKLY;{interval}BYDAY={days}"


@lru_cache(maxsize=1024)
def parse_rrule(rrule: str) -> Recurrence:
    """The rule of a stored text. Raises ValueError for one that `Recurrence.to_rrule` cannot have made.

    Also reads FREQ=DAILY, which is a weekly rule of all seven days.
    """
    parts = dict(_split_part(part) for part in rrule.strip().removeprefix("RRULE:").upper().split(";"))
    frequency, days = parts.pop("FREQ", ""), parts.pop("BYDAY", "")
    interval, count = int(parts.pop("INTERVAL", "1")), parts.pop("COUNT", "")
    if parts or (count and (frequency, count) != ("DAILY", "1")):
        raise ValueError(f"not a rule that we make: {rrule}")
    if frequency == "DAILY" and not days and interval == 1:
        return Recurrence.once() if count else Recurrence.weekly(EVERY_DAY)
    if frequency == "WEEKLY":
        return Recurrence.weekly((_parse_weekday(day) for day in days.split(",")), interval)
    if frequency == "MONTHLY" and interval == 1:
        return Recurrence.monthly(int(days[:-2] or "0"), _parse_weekday(days[-2:]))
    raise ValueError(f"not a rule that we make: {rrule}")


def _split_part(part: str) -> tuple[str, str]:
    name, equals, value = part.partition("=")
    if not equals:
        raise ValueError(f"a part of a rule has a name and a value: {part}")
    return name, value


def _parse_weekday(code: str) -> int:
    return WEEKDAY_CODES.index(code)


def expand_dates(rrule: str, first_date: date, first: date, last: date) -> tuple[date, ...]:
    """The dates of a rule that starts on `first_date`, from `first` to `last` (both included), in order.

    A first date that does not follow its own rule is no date of it, but for a rule of one date.
    """
    first = max(first, first_date)
    if first > last:
        return ()
    if first.year == last.year:
        found = _dates_in_year(rrule, first_date, first.year)
        return found[bisect_left(found, first) : bisect_right(found, last)]
    return tuple(
        day
        for year in range(first.year, last.year + 1)
        for day in _dates_in_year(rrule, first_date, year)
        if first <= day <= last
    )


@lru_cache(maxsize=_YEARS_KEPT)
def _dates_in_year(rrule: str, first_date: date, year: int) -> tuple[date, ...]:
    rule = parse_rrule(rrule)
    if rule.repeat is Repeat.ONCE:
        return (first_date,) if first_date.year == year else ()
    days = (
        _nth_weekdays(rule, year) if rule.repeat is Repeat.MONTHLY else _weekly_dates(rule, first_date, year)
    )
    return tuple(day for day in days if day >= first_date)


def _weekly_dates(rule: Recurrence, first_date: date, year: int) -> Iterator[date]:
    # Ordinals, not dates: the first week of the year 1 and the last of 9999 would overflow.
    first_week = first_date.toordinal() - first_date.weekday()
    start, end = date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal()
    step = 7 * rule.interval
    week = first_week + max(0, (start - first_week) // step) * step
    weekdays = sorted(rule.weekdays)
    while week <= end:
        for weekday in weekdays:
            if start <= week + weekday <= end:
                yield date.fromordinal(week + weekday)
        week += step


def _nth_weekdays(rule: Recurrence, year: int) -> Iterator[date]:
    (weekday,) = rule.weekdays
    for month in range(1, 13):
        yield _nth_weekday(year, month, rule.nth, weekday)


def _nth_weekday(year: int, month: int, nth: int, weekday: int) -> date:
    if nth > 0:
        first = date(year, month, 1)
        return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))
    last = date(year, 12, 31) if month == 12 else date(year, month + 1, 1) - timedelta(days=1)
    return last - timedelta(days=(last.weekday() - weekday) % 7)
