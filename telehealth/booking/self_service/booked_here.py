"""What somebody has booked in this browser just now, for the confirmation."""

from datetime import timedelta
from uuid import UUID

from flask import session as cookie

from telehealth.booking.form_fields import read_key
from telehealth.booking.self_service.hold_owner import hold_owner
from telehealth.clock import now

_DONE = "booked"
# Whoever comes to this browser later does not see it.
_DONE_FOR = timedelta(hours=1)


def remember_booked(appointment_id: UUID) -> None:
    cookie[_DONE] = {
        "id": appointment_id.hex,
        "owner": hold_owner(),
        "until": (now() + _DONE_FOR).timestamp(),
    }


def last_booked() -> UUID | None:
    last = cookie.get(_DONE)
    if not isinstance(last, dict) or last["owner"] != hold_owner() or last["until"] < now().timestamp():
        return None
    return read_key(last["id"])
