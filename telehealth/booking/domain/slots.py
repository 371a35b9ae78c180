"""Bookable times, computed from sessions minus claims. Slots are never stored."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from telehealth.booking.domain.intervals import Interval

# A clinician who is free now can still be given to a caller some minutes into the slot.
STARTED_SLOT_STAYS_OPEN = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """A bookable time of one clinician in one session."""

    starts_at: datetime
    ends_at: datetime
    practitioner_id: UUID
    schedule_id: UUID


def session_interval(on: date, starts: time, ends: time, zone: ZoneInfo) -> Interval | None:
    """A session's wall times on one date as UTC instants; an end at or before the start is on the next day.

    A wall time that the spring clock change skips counts from the change on; of the two that the autumn change
    makes, a start takes the first and an end the second, so no hour of the session is lost.
    None where nothing of the session exists on that date.
    """
    last_day = on if ends > starts else on + timedelta(days=1)
    start = datetime.combine(on, starts, zone).astimezone(UTC)
    end = datetime.combine(last_day, ends, zone).replace(fold=1).astimezone(UTC)
    return Interval(start, end) if start < end else None


def free_slots(
    session: Interval,
    *,
    length: timedelta,
    taken: Iterable[Interval],
    practitioner_id: UUID,
    schedule_id: UUID,
) -> list[Slot]:
    """The session's grid of `length`-long slots that touch nothing in `taken`."""
    if length <= timedelta(0):
        raise ValueError("a slot has a length")
    busy = sorted(taken)
    slots: list[Slot] = []
    start = session.start
    while start + length <= session.end:
        slot = Interval(start, start + length)
        if not any(slot.overlaps(claim) for claim in busy):
            slots.append(Slot(slot.start, slot.end, practitioner_id, schedule_id))
        start += length
    return slots


def is_still_bookable(slot: Slot, now: datetime) -> bool:
    """True until some minutes after the slot began."""
    return slot.starts_at > now - STARTED_SLOT_STAYS_OPEN
