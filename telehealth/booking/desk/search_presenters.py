"""Patients who were found, likely duplicates, and records side by side, as the pages show them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import url_for
from flask_babel import gettext, ngettext
from sqlalchemy.orm import Session

from telehealth.accounts.domain.nhs_number import format_nhs_number
from telehealth.accounts.models import HealthcareService, Patient
from telehealth.accounts.presenters import phone_text
from telehealth.accounts.services.duplicates import Duplicate, Match
from telehealth.accounts.services.patient_search import Fit, Found
from telehealth.accounts.services.patients import PatientDetails
from telehealth.accounts.services.protection import find_protections
from telehealth.booking.models import Appointment
from telehealth.booking.presenters import PatientCard, patient_card
from telehealth.booking.services.desk_search import DeskResult
from telehealth.clock import now
from telehealth.dates import birth_date_text, instant_text


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundCard:
    """A person of the search: the banner's words, and what does not fit exactly."""

    patient: PatientCard
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultsCard:
    """What a search found, with the sentence that says so."""

    query: str = ""
    said: str = ""
    people: tuple[FoundCard, ...] = ()
    has_more: bool = False
    is_hidden: bool = False
    # Of a reference: the appointment's address and when it is.
    appointment: dict[str, str] | None = None


def results_card(session: Session, query: str, result: DeskResult, service: HealthcareService) -> ResultsCard:
    cards = patient_cards(session, [each.patient for each in result.people.found], service)
    people = tuple(
        FoundCard(patient=cards[each.patient.id], note=_note(each)) for each in result.people.found
    )
    return ResultsCard(
        query=query,
        said=_said(len(people), has_more=result.people.has_more, appointment=result.appointment),
        people=people,
        has_more=result.people.has_more,
        is_hidden=result.people.is_hidden,
        appointment=_appointment(result.appointment) if result.appointment else None,
    )


def patient_cards(
    session: Session, patients: Sequence[Patient], service: HealthcareService
) -> dict[UUID, PatientCard]:
    """The banners of patients whom the actor may know, by key. One query for their protections."""
    protections = find_protections(session, [patient.id for patient in patients])
    return {
        patient.id: patient_card(
            patient, now(), service.time_zone, protections=protections.get(patient.id, ())
        )
        for patient in patients
    }


def duplicate_cards(
    session: Session, duplicates: Sequence[Duplicate], service: HealthcareService
) -> list[dict[str, Any]]:
    """Likely duplicates with what they have in common."""
    cards = patient_cards(session, [each.patient for each in duplicates], service)
    return [{"patient": cards[each.patient.id], "matches": match_texts(each.matches)} for each in duplicates]


def match_texts(matches: Iterable[Match]) -> list[str]:
    """What two records have in common, the most telling first."""
    found = frozenset(matches)
    words = {
        Match.NHS_NUMBER: gettext("Same NHS number"),
        Match.BIRTH_DATE: gettext("Same date of birth"),
        Match.NAME: gettext("Same name"),
        Match.SWAPPED_NAMES: gettext("First and last name the other way round"),
        Match.SIMILAR_NAME: gettext("Similar name"),
        Match.GIVEN_NAME: gettext("Similar first name"),
        Match.FAMILY_NAME: gettext("Similar last name"),
        Match.SWAPPED_DATE: gettext("Day and month of birth the other way round"),
        Match.PHONE: gettext("Same phone number"),
        Match.EMAIL: gettext("Same email address"),
    }
    return [text for match, text in words.items() if match in found]


def typed_card(details: PatientDetails, service: HealthcareService) -> PatientCard:
    """What was typed, as a record would show it."""
    unknown = gettext("not known")
    return PatientCard(
        id=UUID(int=0),
        name=f"{details.given_name} {details.family_name}",
        birth_date=birth_date_text(details.birth_date, now().astimezone(ZoneInfo(service.time_zone)).date()),
        nhs_number=format_nhs_number(details.nhs_number) if details.nhs_number else unknown,
        phone=phone_text(details.phone or ""),
        email=details.email or unknown,
    )


def claimed_number(patient: Patient) -> str:
    """The NHS number that somebody typed who is not verified; "" for none."""
    return format_nhs_number(patient.claimed_nhs_number) if patient.claimed_nhs_number else ""


def _note(found: Found) -> str:
    notes = {
        Fit.TYPO: gettext("Similar name"),
        Fit.SOUND: gettext("A name that sounds the same"),
        Fit.PART: gettext("Not everything matches"),
    }
    parts = [notes.get(found.fit, "")]
    if found.is_swapped:
        parts.append(gettext("Day and month of birth the other way round"))
    if found.also_known_as:
        parts.append(gettext("Also recorded as %(name)s", name=found.also_known_as))
    return ". ".join(part for part in parts if part)


def _said(number: int, *, has_more: bool, appointment: Appointment | None) -> str:
    """For the eyes and for screen readers: how many. Not what was typed: it stands in the box."""
    if has_more:
        return gettext("The first %(number)s patients. There are more: add the date of birth.", number=number)
    if number:
        return ngettext("%(num)d patient found", "%(num)d patients found", number)
    return gettext("Appointment found") if appointment else gettext("No patient found")


def _appointment(appointment: Appointment) -> dict[str, str]:
    return {
        "href": url_for("booking.appointment", appointment_id=appointment.id),
        "reference": appointment.reference,
        "when": instant_text(appointment.starts_at, appointment.service.time_zone),
        "with": appointment.clinician_name,
    }
