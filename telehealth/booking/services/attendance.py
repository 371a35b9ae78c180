"""Whether somebody came: a person's decision, which can be undone; and who of a shared clinic takes them."""

from uuid import UUID

from sqlalchemy.orm import Session

from telehealth.actor import Actor
from telehealth.booking.domain.appointment import AppointmentStatus, Change
from telehealth.booking.models import Appointment
from telehealth.booking.policies import is_clinician_of, may_manage
from telehealth.booking.services.appointments import (
    change_status,
    flush_changed,
    is_pressed_again,
    lock_appointment,
    mark_lists,
    refuse_changed,
    remember_change,
)
from telehealth.booking.services.follow_ups import complete_as_undone
from telehealth.clock import now
from telehealth.errors import N_, Conflict, NotFound


class TakenByColleague(Conflict):
    """Another clinician of the shared clinic was faster. `clinician_name` is theirs."""

    def __init__(self, clinician_name: str) -> None:
        super().__init__(
            "taken-by-colleague",
            N_("%(name)s has taken this patient."),
            {"name": clinician_name},
        )


def mark_noshow(
    session: Session, actor: Actor, appointment_id: UUID, *, version: int, note: str = ""
) -> Appointment:
    """The patient did not come. Only after the start. Raises NotFound, Conflict."""
    note = note.strip()[:500]
    appointment = lock_appointment(session, actor, appointment_id)
    if not may_manage(actor, appointment) and not is_clinician_of(actor, appointment):
        raise NotFound
    if is_pressed_again(session, actor, appointment, Change.NOSHOW, version=version, note=note):
        return appointment
    refuse_changed(appointment, version)
    if now() < appointment.starts_at:
        raise Conflict(
            "not-begun", N_("The appointment has not begun. Nobody can say yet that they did not come.")
        )
    change_status(session, actor, appointment, AppointmentStatus.NOSHOW, note=note)
    return appointment


def undo_noshow(session: Session, actor: Actor, appointment_id: UUID, *, version: int) -> Appointment:
    """It was a mistake: the appointment is booked as before. Raises NotFound, Conflict."""
    appointment = lock_appointment(session, actor, appointment_id)
    if not may_manage(actor, appointment) and not is_clinician_of(actor, appointment):
        raise NotFound
    if is_pressed_again(session, actor, appointment, Change.NOSHOW_UNDONE, version=version):
        return appointment
    refuse_changed(appointment, version)
    if appointment.status is not AppointmentStatus.NOSHOW:
        raise Conflict(
            "not-a-noshow", N_("This appointment is not marked as missed any more. Reload the page.")
        )
    change_status(session, actor, appointment, AppointmentStatus.BOOKED, change=Change.NOSHOW_UNDONE)
    complete_as_undone(session, actor, appointment)
    return appointment


def take_patient(
    session: Session, actor: Actor, appointment_id: UUID, *, takes_over: bool = False
) -> Appointment:
    """A clinician of the shared clinic takes the patient; does nothing where they are theirs already.

    Raises TakenByColleague, unless the clinician `takes_over`; NotFound for a clinician who does not sit in the clinic.
    """
    appointment = _lock_shared(session, actor, appointment_id)
    if appointment.practitioner_id == actor.practitioner_id:
        return appointment
    if appointment.practitioner is not None and not takes_over:
        raise TakenByColleague(appointment.practitioner.display_name)
    return _hand(session, actor, appointment, actor.practitioner_id)


def give_back(session: Session, actor: Actor, appointment_id: UUID) -> Appointment:
    """Who took the patient leaves them to the shared clinic again. Raises NotFound, Conflict."""
    appointment = _lock_shared(session, actor, appointment_id)
    if appointment.lane_id is None or appointment.practitioner_id != actor.practitioner_id:
        raise Conflict("not-taken", N_("You have not taken this patient."))
    return _hand(session, actor, appointment, None)


def _lock_shared(session: Session, actor: Actor, appointment_id: UUID) -> Appointment:
    """A colleague who is in the shared clinic may take over what somebody else took, so `may_see` is not asked."""
    appointment = session.get(
        Appointment, appointment_id, with_for_update={"of": Appointment}, populate_existing=True
    )
    if (
        appointment is None
        or appointment.organisation_id != actor.organisation_id
        or appointment.service_id not in actor.services
        or actor.practitioner_id is None
        or actor.practitioner_id not in appointment.clinician_ids
    ):
        raise NotFound
    return appointment


def _hand(
    session: Session, actor: Actor, appointment: Appointment, practitioner_id: UUID | None
) -> Appointment:
    mark_lists(session, appointment)
    appointment.practitioner_id = practitioner_id
    flush_changed(session)
    session.refresh(appointment, ["practitioner"])
    remember_change(session, actor, appointment, Change.TAKEN)
    return appointment
