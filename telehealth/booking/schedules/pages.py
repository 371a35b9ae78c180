"""What the pages of schedules share: the page that asks once more, with all that a change would mean."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from flask import render_template, request
from sqlalchemy.orm import Session

from telehealth.accounts.models import HealthcareService
from telehealth.accounts.services.protection import find_hidden
from telehealth.audit.services import record_event
from telehealth.booking.models import Appointment
from telehealth.booking.schedules.preview_presenters import stranded_rows
from telehealth.booking.services.schedule_access import list_clinicians
from telehealth.booking.services.schedule_impact import WouldStrand, token_of
from telehealth.booking.services.shared_clinics import list_shared_clinics
from telehealth.error_pages import message_of
from telehealth.extensions import actor

# Not carried from page to page: each has its own.
OWN_FIELDS = frozenset({"csrf_token", "step", "agreed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What the page says before something is saved. `facts`: sentences."""

    title: str
    save: str
    facts: Sequence[str]
    # Sentences too: what to look at before it is saved.
    warnings: Sequence[str] = ()
    weeks: Sequence[dict[str, Any]] = ()
    lines: Sequence[dict[str, Any]] = field(default=())
    # What stands over `lines`, or where there are none.
    lines_title: str = ""
    is_cut: bool = False


def step() -> str:
    """What the person wants of a posted form: to "check" it first, to "save" it, or to "change" what they typed."""
    wanted = request.form.get("step", "")
    return wanted if wanted in ("save", "change") else "check"


def agreed() -> str:
    """The list of appointments that the person said stay as they are."""
    return request.form.get("agreed", "")[:64]


def confirm_page(
    session: Session,
    service: HealthcareService,
    preview: Preview,
    stranded: Sequence[Appointment],
    *,
    problem: WouldStrand | None = None,
) -> str:
    """The page before saving. Whoever sees it sees patients' names: the trail says so."""
    return render_template(
        "schedules/confirm.html",
        preview=preview,
        rows=list_rows(session, service, stranded),
        token=token_of(stranded),
        carried=list(carried_fields()),
        service_id=service.id,
        problem=message_of(problem) if problem is not None else "",
    )


def list_rows(
    session: Session, service: HealthcareService, appointments: Sequence[Appointment]
) -> list[dict[str, Any]]:
    """Appointments outside every session, as this person may see them; recorded where there are some."""
    hidden = find_hidden(session, actor(), {appointment.patient_id for appointment in appointments})
    if appointments:
        record_event(
            session,
            actor(),
            "stranded.opened",
            subject_kind="service",
            subject_id=service.id,
            organisation_id=service.organisation_id,
            service_id=service.id,
            reason=str(len(appointments)),
        )
    return stranded_rows(actor(), appointments, hidden)


def list_owner_names(session: Session, service: HealthcareService) -> dict[UUID, str]:
    """Of clinicians and shared clinics."""
    people = {person.id: person.display_name for person in list_clinicians(session, service)}
    return people | {clinic.id: clinic.name for clinic in list_shared_clinics(session, actor(), service.id)}


def carried_fields() -> Iterable[tuple[str, str]]:
    """What was typed, for the next page to send again."""
    for name, value in request.form.items(multi=True):
        if name not in OWN_FIELDS:
            yield name, value
