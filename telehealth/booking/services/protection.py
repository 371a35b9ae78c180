"""What protecting a patient means for their appointments; and where something about one may be sent."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.accounts.domain.protection import Never, When
from telehealth.accounts.models import Authority, ContactKind, Patient, Protection, RelatedPerson
from telehealth.accounts.services import protection
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

    A confidential appointment's never goes to a contact that a parent or carer has too.
    """
    patient = appointment.patient
    shared = _carers_contacts(session, patient.id) if appointment.is_confidential else frozenset()
    ways: dict[ContactKind, When] = {}
    for kind, value in ((ContactKind.PHONE, patient.phone), (ContactKind.EMAIL, patient.email)):
        if value:
            is_shared = value.casefold() in shared
            ways[kind] = Never() if is_shared else when_to_contact(session, patient.id, kind, value)
    return ways


def is_contact_shared(session: Session, patient: Patient) -> bool:
    """Whether a parent or carer reads what is sent to the patient."""
    shared = _carers_contacts(session, patient.id)
    return any(value.casefold() in shared for value in (patient.phone, patient.email) if value)


def _carers_contacts(session: Session, patient_id: UUID) -> frozenset[str]:
    """Of everybody who was ever recorded for the patient: a parent reads their phone, whatever they may do now."""
    people = session.scalars(
        select(RelatedPerson)
        .join(Authority, Authority.related_person_id == RelatedPerson.id)
        .where(Authority.patient_id == patient_id)
    ).unique()
    return frozenset(value.casefold() for person in people for value in (person.phone, person.email) if value)
