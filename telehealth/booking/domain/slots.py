"""Bookable times, computed from sessions minus claims. Slots are never stored."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from telehealth.booking.domain.intervals import Interval

# A clinician who is free now can still be given to a caller some minutes into the slot.
STARTED_SLOT_STAYS_OPEN = timedelta(minutes=5)
NOON, EVENING_STARTS = time(12), time(17)


class PartOfDay(StrEnum):
    """In the service's zone: before noon, before five in the afternoon, and after."""

    MORNING = "morning"
    AFTERNOON = "afternoon"
    EVENING = "evening"


def part_of_day(at: time) -> PartOfDay:
    if at < NOON:
        return PartOfDay.MORNING
    return PartOfDay.AFTERNOON if at < EVENING_STARTS else PartOfDay.EVENING


class Slot(NamedTuple):
    """A bookable time in one session, of a clinician or of a lane of a shared clinic; without buffers.

    A tuple: a search makes thousands.
    """

    starts_at: datetime
    ends_at: datetime
    schedule_id: UUID
    # None: a lane of a shared clinic.
    practitioner_id: UUID | None
    lane_id: UUID | None = None
    # The session's room; claimed by those who meet in person alone.
    room_id: UUID | None = None


@lru_cache(maxsize=16_384)
def session_interval(on: date, starts: time, ends: time, zone: ZoneInfo) -> Interval | None:
    """A session's wall times on one date as UTC instants; an end at or before the start is on the next day.

    A wall time that the spring clock change skips counts from the change on; of the two that the autumn change
    makes, a start takes the first and an end the second, so no hour of the session is lost.
    None where nothing of the session exists on that date.
    """
    last_day = on if ends > starts else on + timedelta(days=1)
    start = wall_instant(datetime.combine(on, starts, zone))
    end = wall_instant(datetime.combine(last_day, ends, zone).replace(fold=1))
    return Interval(start, end) if start < end else None


def wall_instant(wall: datetime) -> datetime:
    """A wall time in UTC; one that the clock skips is the instant at which it skips."""
    found = wall.astimezone(UTC)
    if found.astimezone(wall.tzinfo).replace(tzinfo=None) == wall.replace(tzinfo=None, fold=0):
        return found
    # Read with the offset after the change it lies before the change, and the other way round.
    before = int(wall.replace(fold=1).timestamp())
    after = int(wall.replace(fold=0).timestamp())
    offset = datetime.fromtimestamp(before, wall.tzinfo).utcoffset()
    while after - before > 1:
        middle = (before + after) // 2
        if datetime.fromtimestamp(middle, wall.tzinfo).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return datetime.fromtimestamp(after, UTC)


# A stretch of time in whole seconds since 1970, [start, end). Whole years of claims are looked through: numbers are
# five times as fast as instants.
Span = tuple[int, int]


def free_starts(
    session: Span,
    *,
    length: int,
    step: int,
    taken: Sequence[Span],
    before: int = 0,
    after: int = 0,
) -> list[int]:
    """When an appointment of `length` may start: every `step` from the session's start, wholly inside the session,
    and with its buffers `before` and `after` overlapping nothing of `taken`, which is in order and disjoint (`merged`).

    All in seconds.
    """
    if length <= 0 or step <= 0:
        raise ValueError("an appointment and a grid have a length")
    found: list[int] = []
    start, end = session
    last = end - length
    reach = length + after
    number, count = 0, len(taken)
    while start <= last:
        # Claims that end before this start are behind for good: starts only grow.
        needed_from = start - before
        while number < count and taken[number][1] <= needed_from:
            number += 1
        if number == count or taken[number][0] >= start + reach:
            found.append(start)
            start += step
        else:
            # Over the claim, and back onto the grid.
            start += -((start - taken[number][1] - before) // step) * step
    return found


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same seconds as spans that neither touch nor overlap, in order."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            if end > joined[-1][1]:
                joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def as_span(interval: Interval) -> Span:
    return int(interval.start.timestamp()), int(interval.end.timestamp())


def is_still_bookable(starts_at: datetime, now: datetime) -> bool:
    """True until some minutes after the slot began."""
    return starts_at > now - STARTED_SLOT_STAYS_OPEN
