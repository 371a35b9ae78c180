"""Register and find patients."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from telehealth.accounts.domain.nhs_number import plain_nhs_number
from telehealth.accounts.models import Patient
from telehealth.actor import Actor
from telehealth.audit.services import record_event
from telehealth.errors import N_, Conflict, NotFound

SEARCH_LIMIT = 20


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

    def __init__(self, patient_id: UUID) -> None:
        super().__init__(
            "nhs-number-taken",
            N_("A patient with this NHS number is already registered. Open that record instead."),
        )
        self.patient_id = patient_id


def register_patient(session: Session, actor: Actor, details: PatientDetails) -> Patient:
    """Make a patient's record. Raises NhsNumberTaken."""
    organisation_id = _organisation(actor)
    if details.nhs_number:
        known = session.scalar(
            select(Patient.id).where(
                Patient.organisation_id == organisation_id, Patient.nhs_number == details.nhs_number
            )
        )
        if known:
            raise NhsNumberTaken(known)
    patient = Patient(
        organisation_id=organisation_id,
        given_name=details.given_name,
        family_name=details.family_name,
        birth_date=details.birth_date,
        nhs_number=details.nhs_number,
        phone=details.phone,
        email=details.email,
    )
    session.add(patient)
    session.flush()
    record_event(session, actor, "patient.registered", subject_kind="patient", subject_id=patient.id)
    return patient


def get_patient(session: Session, actor: Actor, patient_id: UUID) -> Patient:
    """A patient of the actor's organisation. Raises NotFound."""
    patient = session.get(Patient, patient_id)
    if patient is None or patient.organisation_id != actor.organisation_id:
        raise NotFound
    return patient


def find_patients(session: Session, actor: Actor, query: str) -> list[Patient]:
    """Up to 20 patients that match every word of `query`: names, a date of birth, or an NHS number."""
    conditions = [_matches(word) for word in _words(query)]
    if not conditions:
        return []
    return list(
        session.scalars(
            select(Patient)
            .where(Patient.organisation_id == _organisation(actor), and_(*conditions))
            .order_by(Patient.family_name, Patient.given_name, Patient.birth_date)
            .limit(SEARCH_LIMIT)
        )
    )


def _organisation(actor: Actor) -> UUID:
    if actor.organisation_id is None:
        raise NotFound
    return actor.organisation_id


def _words(query: str) -> list[str]:
    digits = plain_nhs_number(query)
    if len(digits) == 10 and digits.isascii() and digits.isdigit():
        return [digits]
    return query.replace(",", " ").split()[:8]


def _matches(word: str) -> ColumnElement[bool]:
    born = _date_in(word)
    if born:
        return Patient.birth_date == born
    if word.isascii() and word.isdigit():
        return Patient.nhs_number.startswith(word, autoescape=True)
    start = word.lower()
    return or_(
        func.lower(Patient.family_name).startswith(start, autoescape=True),
        func.lower(Patient.given_name).startswith(start, autoescape=True),
    )


def _date_in(word: str) -> date | None:
    for form in ("%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%Y-%m-%d"):
        try:
            return datetime.strptime(word, form).date()  # noqa: DTZ007 - a date has no time zone
        except ValueError:
            continue
    return None
