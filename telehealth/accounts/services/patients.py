"""Register and find patients."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from telehealth.accounts.domain.nhs_number import plain_nhs_number
from telehealth.accounts.models import Patient, Protection
from telehealth.accounts.services.contacts import (
    e164,
    hash_of_email,
    hash_of_last_four,
    hash_of_phone,
    set_contact,
)
from telehealth.accounts.services.protection import is_hidden
from telehealth.actor import Actor
from telehealth.audit.services import record_event
from telehealth.errors import N_, Conflict, NotFound

SEARCH_LIMIT = 20
# As long as an NHS number or a phone number, which people write with spaces, brackets and dashes.
_NUMBER = re.compile(r"(\+|\()?[0-9()-]{10,24}")
NHS_NUMBER_DIGITS = 10


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


def register_patient(session: Session, actor: Actor, details: PatientDetails) -> Patient:
    """Make a patient's record. Raises NhsNumberTaken."""
    organisation_id = _organisation(actor)
    _refuse_taken(session, actor, organisation_id, details.nhs_number)
    patient = Patient(
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
        _refuse_taken(session, actor, organisation_id, details.nhs_number)
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


def _refuse_taken(session: Session, actor: Actor, organisation_id: UUID, nhs_number: str | None) -> None:
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


def find_patients(session: Session, actor: Actor, query: str) -> list[Patient]:
    """Up to 20 patients that match every word of `query`.

    A word is the start of a name or of an NHS number, a date of birth, a phone number, its last four digits or an
    e-mail address. Phone and e-mail are stored sealed: they are found whole, by their hashes.
    Those whom another service protects are not among them: that they match would tell their name.
    """
    conditions = [_matches(session, word) for word in _words(query)]
    if not conditions:
        return []
    return list(
        session.scalars(
            select(Patient)
            .where(Patient.organisation_id == _organisation(actor), _may_be_named(actor), and_(*conditions))
            .order_by(Patient.family_name, Patient.given_name, Patient.birth_date)
            .limit(SEARCH_LIMIT)
        )
    )


def _organisation(actor: Actor) -> UUID:
    if actor.organisation_id is None:
        raise NotFound
    return actor.organisation_id


def has_hidden_match(session: Session, actor: Actor, query: str) -> bool:
    """Whether `query` is the whole NHS number of a patient whom another service protects.

    Who knows that number may know that there is a record, so that they do not register the patient again.
    """
    number = plain_nhs_number(query)
    if len(number) != NHS_NUMBER_DIGITS:
        return False
    found = session.scalar(
        select(Patient.id).where(
            Patient.organisation_id == _organisation(actor), Patient.nhs_number == number
        )
    )
    return found is not None and is_hidden(session, actor, found)


def _may_be_named(actor: Actor) -> ColumnElement[bool]:
    """SQL: `policies.may_name`."""
    holds = exists().where(Protection.patient_id == Patient.id, Protection.ended_at.is_(None))
    return ~holds | holds.where(Protection.service_id.in_(actor.services))


def _words(query: str) -> list[str]:
    words = query.replace(",", " ").split()
    whole = plain_nhs_number(query)
    if _NUMBER.fullmatch(whole) and not any(_date_in(word) for word in words):
        return [whole]
    return words[:8]


def _matches(session: Session, word: str) -> ColumnElement[bool]:
    born = _date_in(word)
    if born:
        return Patient.birth_date == born
    if "@" in word:
        return Patient.email_hash == hash_of_email(session, word)
    found: list[ColumnElement[bool]] = []
    if _NUMBER.fullmatch(word) and (phone := e164(word)):
        found.append(Patient.phone_hash == hash_of_phone(session, phone))
    if word.isascii() and word.isdigit():
        found.append(Patient.nhs_number.startswith(word, autoescape=True))
        if len(word) == 4:
            found.append(Patient.phone_last_four_hash == hash_of_last_four(session, word))
        return or_(*found)
    start = word.lower()
    return or_(
        *found,
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
