"""What protecting a patient means for their appointments; and where something about one may be sent."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.accounts.domain.protection import Never, When
from telehealth.accounts.models import Authority, ContactKind, Patient, Protection, RelatedPerson
from telehealth.accounts.services import protection
from telehealth.accounts.services.merges import survivor_of
from telehealth.accounts.services.protection import SafeWays, when_to_contact
from telehealth.actor import Actor
from telehealth.booking.models import Appointment
from telehealth.booking.services.links import revoke_carer_links


def protect_patient(
    session: Session, actor: Actor, patient: Patient, service_id: UUID, ways: SafeWays
) -> Protection:
    """As in `accounts`; carers' links to the patient's appointments are withdrawn too."""
    made = protection.protect_patient(session, actor, patient, service_id, ways)
    revoke_carer_links(session, patient_id=patient.id)
    return made


def where_to_send(session: Session, appointment: Appointment) -> Mapping[ContactKind, When]:
    """When something about an appointment may go to the patient's phone and e-mail; a missing one is not there.

    The contacts are those of the record that stands for the person: see `find_addressee`.
    """
    patient = find_addressee(session, appointment)
    contacts = ((ContactKind.PHONE, patient.phone), (ContactKind.EMAIL, patient.email))
    return {
        kind: when_to_send(session, appointment, patient, kind, value) for kind, value in contacts if value
    }


def when_to_send(
    session: Session, appointment: Appointment, patient: Patient, kind: ContactKind, value: str
) -> When:
    """When something about an appointment may go to this contact of the patient, its addressee.

    That of a confidential appointment, or of a restricted service, never goes to one that a parent or carer has too.
    """
    if appointment.is_confidential or appointment.service.is_restricted:
        shared = _carers_contacts(session, appointment.patient_id, patient.id)
        if value.casefold() in shared:
            return Never()
    return when_to_contact(session, patient.id, kind, value)


def find_addressee(session: Session, appointment: Appointment) -> Patient:
    """The patient; of a record that was merged the one that stands for the person: a stranger may have typed the other."""
    return session.get_one(Patient, survivor_of(session, appointment.patient_id))


def is_contact_shared(session: Session, patient: Patient) -> bool:
    """Whether a parent or carer reads what is sent to the patient."""
    shared = _carers_contacts(session, patient.id)
    return any(value.casefold() in shared for value in (patient.phone, patient.email) if value)


def _carers_contacts(session: Session, *patient_ids: UUID) -> frozenset[str]:
    """Of everybody who was ever recorded for the patient: a parent reads their phone, whatever they may do now."""
    people = session.scalars(
        select(RelatedPerson)
        .join(Authority, Authority.related_person_id == RelatedPerson.id)
        .where(Authority.patient_id.in_(patient_ids))
    ).unique()
    return frozenset(value.casefold() for person in people for value in (person.phone, person.email) if value)
