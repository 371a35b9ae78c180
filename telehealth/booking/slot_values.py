"""A free time as the value of a button."""

from datetime import UTC, datetime
from uuid import UUID

from telehealth.booking.domain.slots import Slot
from telehealth.booking.models import Hold


def slot_value(slot: Slot | Hold) -> str:
    """A slot as the value of a button: the schedule's key and the start in UTC."""
    return f"{slot.schedule_id}/{slot.starts_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def read_slot(value: str | None) -> tuple[UUID, datetime] | None:
    """The (schedule, start) behind a button's value, or None."""
    schedule, _, start = (value or "").partition("/")
    try:
        return UUID(schedule), datetime.strptime(start, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None
