"""Register patients, and open their records."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from telehealth.accounts.models import Patient
from telehealth.accounts.services.contacts import set_contact
from telehealth.accounts.services.protection import is_hidden
from telehealth.actor import Actor
from telehealth.audit.services import record_event
from telehealth.errors import N_, Conflict, NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientDetails:
    """What reception takes down. Checked by the form: NHS number by modulus 11, phone as E.164."""

    given_name: str
    family_name: str
    birth_date: date
    nhs_number: str | None
    phone: str | None
    email: str | None


class NhsNumberTaken(Conflict):
    """Another record has this NHS number."""

    def __init__(self, patient_id: UUID | None) -> None:
        super().__init__(
            "nhs-number-taken",
            N_("A patient with this NHS number is already registered. Open that record instead.")
            if patient_id
            else N_(
                "A protected patient has this NHS number. Only the service that protects them can open the record."
            ),
        )
        # None where the record is not for this member of staff.
        self.patient_id = patient_id


def register_patient(
    session: Session, actor: Actor, details: PatientDetails, *, key: UUID | None = None
) -> Patient:
    """Make a patient's record, under `key` where the caller chose one. Raises NhsNumberTaken."""
    organisation_id = _organisation(actor)
    refuse_taken(session, actor, organisation_id, details.nhs_number)
    patient = Patient(
        id=key or uuid4(),
        organisation_id=organisation_id,
        given_name=details.given_name,
        family_name=details.family_name,
        birth_date=details.birth_date,
        nhs_number=details.nhs_number,
    )
    set_contact(session, patient, phone=details.phone, email=details.email)
    try:
        with session.begin_nested():
            session.add(patient)
    except IntegrityError:
        # Two desks register the same person at the same moment: the second is led to the record of the first.
        refuse_taken(session, actor, organisation_id, details.nhs_number)
        raise
    record_event(
        session,
        actor,
        "patient.registered",
        subject_kind="patient",
        subject_id=patient.id,
        patient_id=patient.id,
    )
    return patient


def register_unverified(
    session: Session, actor: Actor, organisation_id: UUID, details: PatientDetails
) -> Patient:
    """Make a record for somebody who registers themselves: never linked to another by the machine.

    The NHS number that they typed is kept as claimed; it becomes theirs when reception confirms who they are.
    """
    patient = Patient(
        organisation_id=organisation_id,
        given_name=details.given_name,
        family_name=details.family_name,
        birth_date=details.birth_date,
        claimed_nhs_number=details.nhs_number,
        is_verified=False,
    )
    set_contact(session, patient, phone=details.phone, email=details.email)
    session.add(patient)
    session.flush()
    record_event(
        session,
        actor,
        "patient.registered-online",
        subject_kind="patient",
        subject_id=patient.id,
        organisation_id=organisation_id,
        patient_id=patient.id,
    )
    return patient


def refuse_taken(session: Session, actor: Actor, organisation_id: UUID, nhs_number: str | None) -> None:
    """Raises NhsNumberTaken where another record has this number."""
    if nhs_number is None:
        return
    known = session.scalar(
        select(Patient.id).where(Patient.organisation_id == organisation_id, Patient.nhs_number == nhs_number)
    )
    if known:
        raise NhsNumberTaken(None if is_hidden(session, actor, known) else known)


def get_patient(session: Session, actor: Actor, patient_id: UUID) -> Patient:
    """A patient of the actor's organisation. Raises NotFound, also for a patient whom another service protects."""
    patient = session.get(Patient, patient_id)
    if patient is None or patient.organisation_id != actor.organisation_id:
        raise NotFound
    if is_hidden(session, actor, patient.id):
        raise NotFound
    return patient


def _organisation(actor: Actor) -> UUID:
    if actor.organisation_id is None:
        raise NotFound
    return actor.organisation_id
