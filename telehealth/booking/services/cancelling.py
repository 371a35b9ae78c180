"""Cancel an appointment and free its time. Who was to be seen is not forgotten: see `follow_ups`."""

from uuid import UUID

from sqlalchemy.orm import Session

from telehealth.actor import Actor
from telehealth.booking.domain.appointment import AppointmentStatus, CancelReason, Change
from telehealth.booking.models import Appointment
from telehealth.booking.policies import may_manage
from telehealth.booking.services.appointments import (
    change_status,
    is_pressed_again,
    lock_appointment,
    on_cancelled,
    refuse_changed,
)
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
    appointment = lock_appointment(session, actor, appointment_id)
    if not may_manage(actor, appointment):
        raise NotFound
    return _cancel(session, actor, appointment, version, reason, note)


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
    return _cancel(session, actor, appointment, version, reason, note)


def _cancel(
    session: Session, actor: Actor, appointment: Appointment, version: int, reason: CancelReason, note: str
) -> Appointment:
    note = note.strip()[:500]
    if is_pressed_again(
        session, actor, appointment, Change.CANCELLED, version=version, reason=reason.value, note=note
    ):
        return appointment
    refuse_changed(appointment, version)
    change_status(session, actor, appointment, AppointmentStatus.CANCELLED, reason.value, note=note)
    release_claims(session, appointment.id)
    for hook in on_cancelled:
        hook(session, appointment)
    return appointment
