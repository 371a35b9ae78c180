"""Times that somebody at the desk keeps while they type: as the pages show them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from telehealth.accounts.models import HealthcareService
from telehealth.booking.desk.booking_presenters import hold_context
from telehealth.booking.domain.appointment import Mode
from telehealth.booking.models import AppointmentType, Hold, Room, Schedule
from telehealth.booking.services.refusals import owner_of
from telehealth.clock import now


def kept_contexts(session: Session, holds: Sequence[Hold]) -> list[dict[str, Any]]:
    """Whoever came back with the browser's button goes on with a kept time, or gives it back."""
    return [held_context(session, hold) for hold in holds]


def held_context(session: Session, hold: Hold) -> dict[str, Any]:
    service = session.get_one(HealthcareService, hold.service_id)
    type_ = session.get_one(AppointmentType, hold.appointment_type_id)
    schedule = session.get_one(Schedule, hold.schedule_id)
    room = session.get(Room, schedule.room_id) if schedule.room_id and hold.mode is Mode.IN_PERSON else None
    owner = owner_of(session, service, hold.schedule_id)
    return hold_context(hold, type_, owner, room.name if room else "", now(), service.time_zone)
