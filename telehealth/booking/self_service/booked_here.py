"""What somebody has booked in this browser just now, for the confirmation."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import session as cookie
from sqlalchemy.orm import Session

from telehealth.accounts.models import ContactKind
from telehealth.booking.domain.appointment import AppointmentStatus, Change
from telehealth.booking.form_fields import read_key
from telehealth.booking.models import Appointment
from telehealth.booking.notices import find_notice_way
from telehealth.booking.policies import may_visit
from telehealth.booking.self_service.hold_owner import hold_owner
from telehealth.booking.self_service.presenters import hear_by_text, own_appointment
from telehealth.booking.services.own_rules import refuse_change, refuse_move
from telehealth.clock import now
from telehealth.extensions import actor

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


def done_context(session: Session, appointment: Appointment) -> dict[str, Any]:
    """What the confirmation says, and what somebody may do from there."""
    is_asked = appointment.status is AppointmentStatus.PENDING
    way = find_notice_way(session, appointment, Change.ASKED) if is_asked else None
    return {
        "appointment": own_appointment(appointment),
        "is_asked": is_asked,
        "is_emailed": way is ContactKind.EMAIL,
        "is_texted": way is ContactKind.PHONE,
        "hear_by": hear_by_text(appointment.starts_at, now(), appointment.service.time_zone),
        "can_change": refuse_change(appointment) is None,
        "can_move": refuse_move(appointment) is None,
        "can_open": may_visit(actor(), appointment),
        "is_signed_in": actor().is_signed_in,
    }
