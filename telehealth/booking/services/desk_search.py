"""What reception's search finds: patients, and the appointment of a reference that is read out on the phone."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from telehealth.accounts.models import Patient
from telehealth.accounts.services.merges import survivor_of
from telehealth.accounts.services.patient_search import Fit, Found, SearchResult, search_patients
from telehealth.accounts.services.protection import is_hidden
from telehealth.actor import Actor
from telehealth.booking.domain.reference import parse_reference
from telehealth.booking.models import Appointment
from telehealth.booking.policies import may_manage, may_name_service


@dataclass(frozen=True, slots=True)
class DeskResult:
    """The people; and with a reference the appointment, where it is one of the actor's desk."""

    people: SearchResult
    appointment: Appointment | None = None


def search_desk(session: Session, actor: Actor, query: str) -> DeskResult:
    """Patients as in `accounts`; a whole reference leads to its patient and its appointment."""
    found = _by_reference(session, actor, query)
    if found is None:
        return DeskResult(search_patients(session, actor, query))
    own = found if may_manage(actor, found) else None
    patient = session.get_one(Patient, survivor_of(session, found.patient_id))
    if is_hidden(session, actor, patient.id):
        # An appointment of this desk can be opened all the same: its page does not name the patient.
        return DeskResult(SearchResult(), own)
    return DeskResult(SearchResult((Found(patient, Fit.EXACT),)), own)


def _by_reference(session: Session, actor: Actor, query: str) -> Appointment | None:
    reference = parse_reference(query)
    if reference is None:
        return None
    found = session.scalar(
        select(Appointment)
        .where(Appointment.reference == reference, Appointment.organisation_id == actor.organisation_id)
        .options(
            joinedload(Appointment.service),
            joinedload(Appointment.practitioner),
            joinedload(Appointment.patient),
        )
    )
    # Whose appointment it is in a restricted service would tell that they have one there.
    if found is None or not may_name_service(actor, found.service):
        return None
    return found
