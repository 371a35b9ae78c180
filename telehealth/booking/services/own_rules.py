"""What patients and carers may do with appointments themselves."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.accounts.models import Patient
from telehealth.accounts.policies import may_act_for
from telehealth.accounts.services.authorities import find_carer
from telehealth.accounts.services.merges import survivor_of
from telehealth.actor import Actor
from telehealth.booking.domain.appointment import AppointmentStatus
from telehealth.booking.domain.appointment_type import (
    Booker,
    Refusal,
    check_booking_time,
    check_change_time,
)
from telehealth.booking.models import Appointment, AppointmentType
from telehealth.booking.policies import may_visit
from telehealth.clock import now
from telehealth.errors import N_, Conflict, NotFound

_WORDS = {
    Refusal.STAFF_ONLY: N_("This cannot be booked online. Call us to book it."),
    Refusal.TOO_SOON: N_("This time is too soon to book online. Choose a later time, or call us."),
    Refusal.TOO_FAR: N_("This time is too far ahead to book online. Choose an earlier time, or call us."),
    Refusal.TOO_LATE: N_("It is too late to move or cancel it online. Call us and we will help you."),
    Refusal.OVER: N_("This appointment cannot be changed any more. Call us if you need another one."),
}


class NotBookable(Conflict):
    """A rule for patients says no; staff may still do it."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.value, _WORDS[refusal])
        self.refusal = refusal


def get_own_patient(session: Session, actor: Actor, patient_id: UUID) -> Patient:
    """The patient for whom this actor may book: themselves, who they act for, or whose link they opened.

    Raises NotFound.
    """
    patient = session.get(Patient, patient_id)
    if patient is None or not patient.is_verified or survivor_of(session, patient.id) != patient.id:
        # Whom reception has not identified asks for appointments; and who opened a record that was replaced may be
        # somebody else: reception books for them.
        raise NotFound
    if may_act_for(actor, patient.id):
        return patient
    opened = session.scalars(
        select(Appointment.id).where(
            Appointment.id.in_(actor.appointment_ids), Appointment.patient_id == patient.id
        )
    )
    # A carer's link opens one appointment, not the patient's whole calendar.
    if any(find_carer(session, actor, appointment_id) is None for appointment_id in opened):
        return patient
    raise NotFound


def check_type(type_: AppointmentType, *, is_known: bool) -> None:
    """Raises NotBookable where this kind of appointment is not for patients, or not for unknown people."""
    if not type_.is_active or type_.booker is Booker.STAFF or (type_.booker is Booker.KNOWN and not is_known):
        raise NotBookable(Refusal.STAFF_ONLY)


def check_time(type_: AppointmentType, starts_at: datetime, chosen_at: datetime) -> None:
    """Raises NotBookable where the notice was too short, or the time too far ahead, when it was chosen."""
    refusal = check_booking_time(
        starts_at,
        chosen_at,
        notice_minutes=type_.notice_minutes,
        days_ahead=type_.days_ahead,
    )
    if refusal:
        raise NotBookable(refusal)


def refuse_change(appointment: Appointment, chosen_at: datetime | None = None) -> Refusal | None:
    """Why the patient may not move or cancel it themselves any more; None: they may.

    `chosen_at`: when the new time of a move was chosen, which is kept meanwhile.
    """
    if appointment.status not in (AppointmentStatus.BOOKED, AppointmentStatus.PENDING):
        return Refusal.OVER
    type_ = appointment.appointment_type
    return check_change_time(
        appointment.starts_at, chosen_at or now(), change_minutes=type_.change_minutes if type_ else 0
    )


def refuse_move(appointment: Appointment) -> Refusal | None:
    """Why the patient may not move it themselves: what is not booked online any more is not moved online either."""
    type_ = appointment.appointment_type
    if type_ is None or not type_.is_active or type_.booker is Booker.STAFF:
        return refuse_change(appointment) or Refusal.STAFF_ONLY
    return refuse_change(appointment)


def check_own_change(actor: Actor, appointment: Appointment, chosen_at: datetime | None = None) -> None:
    """Raises NotFound for a stranger's appointment, NotBookable where the rules say no."""
    if not may_visit(actor, appointment):
        raise NotFound
    refusal = refuse_change(appointment, chosen_at)
    if refusal:
        raise NotBookable(refusal)
