"""An appointment for those who change it: reception and administrators of its service."""

from uuid import UUID

from sqlalchemy.orm import Session

from telehealth.actor import Actor
from telehealth.booking.models import Appointment
from telehealth.booking.policies import may_manage
from telehealth.booking.services.appointments import get_appointment
from telehealth.errors import NotFound


def get_managed(session: Session, actor: Actor, appointment_id: UUID) -> Appointment:
    """An appointment that the actor may move or cancel. Raises NotFound."""
    appointment = get_appointment(session, actor, appointment_id)
    if not may_manage(actor, appointment):
        raise NotFound
    return appointment
