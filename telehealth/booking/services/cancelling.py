"""Cancel an appointment and free its time. Who was to be seen is not forgotten: see `follow_ups`."""

from uuid import UUID

from sqlalchemy.orm import Session

from telehealth.actor import Actor
from telehealth.booking.domain.appointment import AppointmentStatus, CancelReason
from telehealth.booking.models import Appointment
from telehealth.booking.policies import may_manage
from telehealth.booking.services.appointments import change_status, lock_appointment, on_cancelled
from telehealth.booking.services.claims import release_claims
from telehealth.booking.services.own_rules import check_own_change
from telehealth.errors import NotFound


def cancel_appointment(
    session: Session,
    actor: Actor,
    appointment_id: UUID,
    *,
    version: int,
    reason: CancelReason,
    note: str = "",
) -> Appointment:
    """By reception. Raises NotFound, and Conflict where the appointment changed meanwhile."""
    appointment = lock_appointment(session, actor, appointment_id, version=version)
    if not may_manage(actor, appointment):
        raise NotFound
    return _cancel(session, actor, appointment, reason, note)


def cancel_own_appointment(
    session: Session,
    actor: Actor,
    appointment_id: UUID,
    *,
    version: int,
    reason: CancelReason = CancelReason.PATIENT,
    note: str = "",
) -> Appointment:
    """By the patient, within the type's rules. Raises NotBookable, NotFound, Conflict."""
    appointment = lock_appointment(session, actor, appointment_id, version=version)
    check_own_change(actor, appointment)
    return _cancel(session, actor, appointment, reason, note)


def _cancel(
    session: Session, actor: Actor, appointment: Appointment, reason: CancelReason, note: str
) -> Appointment:
    change_status(
        session, actor, appointment, AppointmentStatus.CANCELLED, reason.value, note=note.strip()[:500]
    )
    release_claims(session, appointment.id)
    for hook in on_cancelled:
        hook(session, appointment)
    return appointment
