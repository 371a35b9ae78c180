"""What can be booked: who may book it, how far ahead, and how late it may be changed."""

from datetime import datetime, timedelta
from enum import StrEnum


class Priority(StrEnum):
    """How urgent it is. FHIR R4 request-priority."""

    ROUTINE = "routine"
    URGENT = "urgent"
    ASAP = "asap"
    STAT = "stat"


class Booker(StrEnum):
    """Who may book it. Staff may always."""

    STAFF = "staff"  # nobody but staff
    KNOWN = "known"  # patients with an account, or with a link of the service
    ANYONE = "anyone"  # also a person whom the service does not know yet


class Refusal(StrEnum):
    """The rule that says no; its words are the edge's."""

    STAFF_ONLY = "staff-only"
    TOO_SOON = "too-soon"  # less notice than the type asks for
    TOO_FAR = "too-far"  # further ahead than it may be booked
    TOO_LATE = "too-late"  # later than it may be moved or cancelled online
    OVER = "over"  # it has begun, or is not booked any more


def check_booking_time(
    starts_at: datetime, now: datetime, *, notice_minutes: int, days_ahead: int
) -> Refusal | None:
    """Whether a patient may book a time that starts at `starts_at`; None: yes."""
    if starts_at < now + timedelta(minutes=notice_minutes):
        return Refusal.TOO_SOON
    if starts_at > now + timedelta(days=days_ahead):
        return Refusal.TOO_FAR
    return None


def check_change_time(starts_at: datetime, now: datetime, *, change_minutes: int) -> Refusal | None:
    """Whether a patient may still move or cancel what starts at `starts_at`; None: yes.

    The last moment is `change_minutes` before the start, that moment included.
    """
    if now >= starts_at:
        return Refusal.OVER
    if now > starts_at - timedelta(minutes=change_minutes):
        return Refusal.TOO_LATE
    return None
