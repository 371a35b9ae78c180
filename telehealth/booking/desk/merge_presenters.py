"""Records that are compared, merged and named beside each other, and people to verify, as the pages show them."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from flask import url_for
from flask_babel import gettext, ngettext
from sqlalchemy.orm import Session
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]

from telehealth.accounts.models import HealthcareService, LinkReason, Patient, PatientLink
from telehealth.accounts.services.merges import find_link, list_replaced
from telehealth.actor import Actor
from telehealth.booking.models import Appointment
from telehealth.booking.presenters import PatientCard, appointment_card
from telehealth.booking.safety_presenters import busy_text
from telehealth.booking.services.restricted import Busy, see_busy
from telehealth.booking.services.verification import ToVerify, Waiting
from telehealth.dates import instant_text


def side_by_side(
    patients: Sequence[Patient], cards: Mapping[UUID, PatientCard], service: HealthcareService
) -> list[dict[str, Any]]:
    """The rows of a comparison of two records, each with a word for what comes of it."""
    one, other = (cards[patient.id] for patient in patients)
    registered = [instant_text(patient.created_at, service.time_zone) for patient in patients]
    rows = (
        (gettext("Name"), one.name, other.name),
        (gettext("Born"), one.birth_date, other.birth_date),
        (gettext("NHS number"), one.nhs_number, other.nhs_number),
        (gettext("Phone"), one.phone, other.phone),
        (gettext("Email"), one.email, other.email),
        (gettext("Registered"), *registered),
    )
    return [
        {"label": label, "left": left, "right": right, "compared": _compared(left, right)}
        for label, left, right in rows
    ]


def _compared(left: str, right: str) -> str:
    unknown = gettext("not known")
    if left == right == unknown:
        return "–"
    # What is missing is no difference.
    if unknown in (left, right):
        return gettext("Only in one")
    return gettext("Same") if left.casefold() == right.casefold() else gettext("Different")


def kept_choices(one: PatientCard, other: PatientCard) -> list[SelectChoice]:
    """The two records as radio buttons."""
    words = (
        gettext("The first record: %(name)s, NHS number %(number)s", name=one.name, number=one.nhs_number),
        gettext(
            "The second record: %(name)s, NHS number %(number)s", name=other.name, number=other.nhs_number
        ),
    )
    return [SelectChoice(str(card.id), text) for card, text in zip((one, other), words, strict=True)]


def clash_texts(session: Session, actor: Actor, pairs: Sequence[tuple[UUID, UUID]]) -> list[dict[str, Any]]:
    """Which appointments of the two records overlap, each as the actor may see it."""
    return [
        {"one": _line(see_busy(session, actor, one)), "other": _line(see_busy(session, actor, other))}
        for one, other in pairs
    ]


def replaced_card(link: PatientLink, service: HealthcareService) -> dict[str, Any]:
    """Where a record went: into which, when and why."""
    return {
        "into_id": link.into_id,
        "into_name": link.into.display_name,
        "when": instant_text(link.linked_at, service.time_zone),
        "why": reason_text(link.reason),
    }


def merged_cards(links: Sequence[PatientLink], service: HealthcareService) -> list[dict[str, Any]]:
    """The records that were merged into one."""
    return [
        {
            "id": link.patient_id,
            "name": link.patient.display_name,
            "when": instant_text(link.linked_at, service.time_zone),
            "why": reason_text(link.reason),
        }
        for link in links
    ]


def record_links(session: Session, patient: Patient, service: HealthcareService) -> dict[str, Any]:
    """What a record's page says of other records of the person: where it went, and what was merged into it."""
    link = find_link(session, patient.id)
    return {
        "replaced": replaced_card(link, service) if link else None,
        "merged": merged_cards(list_replaced(session, patient.id), service),
        "is_to_verify": not patient.is_verified and link is None,
    }


def reason_text(reason: LinkReason) -> str:
    return {
        LinkReason.REGISTERED_TWICE: gettext("The patient was registered twice"),
        LinkReason.CHANGED_NAME: gettext("The patient changed their name"),
        LinkReason.REGISTERED_ONLINE: gettext("The patient asked for an appointment online"),
    }[reason]


def to_verify_card(found: ToVerify, card: PatientCard) -> dict[str, Any]:
    """Somebody to be identified, with what they asked for."""
    return {
        "patient": card,
        "is_known": found.is_known,
        "pending": [appointment_card(appointment) for appointment in found.pending],
    }


def verify_text(waiting: Waiting, time_zone: str) -> str:
    """How many people reception is to identify; "" for nobody."""
    if not waiting.people:
        return ""
    if waiting.first_at is None:
        return ngettext("%(num)d waits", "%(num)d wait", waiting.people)
    return ngettext(
        "%(num)d waits, for %(when)s",
        "%(num)d wait, the first for %(when)s",
        waiting.people,
        when=instant_text(waiting.first_at, time_zone),
    )


def _line(seen: Appointment | Busy | None) -> dict[str, str]:
    """When it is and with whom; of another service only what may be told."""
    if seen is None:
        return {"when": gettext("A time that is gone by now"), "with": ""}
    if isinstance(seen, Busy):
        return {"when": instant_text(seen.starts_at, seen.time_zone), "with": busy_text(seen)}
    return {
        "when": instant_text(seen.starts_at, seen.service.time_zone),
        "with": seen.clinician_name,
        "href": url_for("booking.appointment", appointment_id=seen.id),
    }
