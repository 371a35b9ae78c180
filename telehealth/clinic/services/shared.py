"""Who of a shared clinic takes a patient; and who booked on top of another appointment."""

from uuid import UUID

from sqlalchemy.orm import Session

from telehealth.actor import Actor, Role
from telehealth.booking.domain.appointment import AppointmentStatus
from telehealth.booking.models import Appointment
from telehealth.booking.services.attendance import give_back, take_patient
from telehealth.errors import N_, Conflict, NotFound
from telehealth.video.domain.encounter import EncounterStatus
from telehealth.video.services.encounters import find_encounter

# Who was seen stays with who saw them.
STILL_TO_SEE = (AppointmentStatus.BOOKED, AppointmentStatus.ARRIVED, AppointmentStatus.CHECKED_IN)


def get_shared(session: Session, actor: Actor, appointment_id: UUID) -> Appointment:
    """An appointment of a shared clinic in which the actor sits, whoever has taken it. Raises NotFound."""
    found = session.get(Appointment, appointment_id)
    if (
        found is None
        or found.lane is None
        or not actor.is_staff
        or actor.practitioner_id is None
        or found.organisation_id != actor.organisation_id
        or found.service_id not in actor.services_as(Role.CLINICIAN)
        or actor.practitioner_id not in found.clinician_ids
    ):
        raise NotFound
    return found


def find_taken_by_colleague(session: Session, actor: Actor, appointment_id: UUID) -> Appointment | None:
    """The same, where a colleague has taken the patient; None for everything else."""
    try:
        found = get_shared(session, actor, appointment_id)
    except NotFound:
        return None
    return found if found.practitioner_id not in (None, actor.practitioner_id) else None


def take(session: Session, actor: Actor, appointment_id: UUID, *, takes_over: bool = False) -> Appointment:
    """Raises TakenByColleague unless the actor `takes_over`, Conflict once the patient was seen, NotFound."""
    get_shared(session, actor, appointment_id)
    appointment = take_patient(session, actor, appointment_id, takes_over=takes_over)
    _require_unseen(appointment)
    return appointment


def leave_to_clinic(session: Session, actor: Actor, appointment_id: UUID) -> Appointment:
    """Give the patient back to the shared clinic. Raises Conflict once they were admitted, NotFound."""
    get_shared(session, actor, appointment_id)
    appointment = give_back(session, actor, appointment_id)
    _require_unseen(appointment)
    encounter = find_encounter(session, appointment_id)
    if encounter is not None and encounter.status is EncounterStatus.IN_PROGRESS:
        raise Conflict(
            "call-under-way", N_("The patient is admitted already. Ask a colleague to take over instead.")
        )
    return appointment


def _require_unseen(appointment: Appointment) -> None:
    if appointment.status not in STILL_TO_SEE:
        raise Conflict("appointment-over", N_("This appointment is over. Reload the page."))
