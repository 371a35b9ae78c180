"""Which appointment a held time became in this browser: whoever goes back to its page is led there, not told it is lost."""

from uuid import UUID

from flask import session as cookie

_KEY = "desk_done"


def remember_done(hold_id: UUID, appointment_id: UUID) -> None:
    """Only the last one: keys, nothing personal."""
    cookie[_KEY] = [hold_id.hex, appointment_id.hex]


def find_done(hold_id: UUID) -> UUID | None:
    """The appointment that was booked, or moved, with this hold a moment ago."""
    kept: list[str] = cookie.get(_KEY) or ["", ""]
    return UUID(kept[1]) if kept[0] == hold_id.hex else None
