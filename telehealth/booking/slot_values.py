"""A free time as the value of a button or a field."""

from datetime import UTC, datetime
from uuid import UUID

from telehealth.booking.domain.slots import Slot
from telehealth.booking.models import Hold

_INSTANT = "%Y-%m-%dT%H:%M:%SZ"
# No clinic is earlier or later; what is near the ends of the calendar has no date in another zone.
_YEARS = range(2000, 2201)


def instant_value(instant: datetime) -> str:
    """In UTC, to the second."""
    return f"{instant.astimezone(UTC):{_INSTANT}}"


def read_instant(value: str) -> datetime | None:
    """An instant as the forms write it; None for anything else."""
    try:
        read = datetime.strptime(value, _INSTANT).replace(tzinfo=UTC)
    except ValueError:
        return None
    return read if read.year in _YEARS else None


def slot_value(slot: Slot | Hold) -> str:
    """A slot as the value of a button: the schedule's key and the start in UTC."""
    return f"{slot.schedule_id}/{instant_value(slot.starts_at)}"


def read_slot(value: str | None) -> tuple[UUID, datetime] | None:
    """The (schedule, start) behind a button's value, or None."""
    schedule, _, start = (value or "").partition("/")
    try:
        key = UUID(schedule)
    except ValueError:
        return None
    starts_at = read_instant(start)
    return None if starts_at is None else (key, starts_at)
