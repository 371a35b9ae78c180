"""The audit trail for administrators: search and export. What is looked for is posted: it may be a name."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from telehealth.accounts.forms import set_error
from telehealth.accounts.models import HealthcareService
from telehealth.accounts.services.staff import list_services
from telehealth.accounts.session import require_recent_sign_in
from telehealth.actor import Role
from telehealth.admin.audit_forms import AuditForm, place_text
from telehealth.admin.audit_presenters import AuditRow, audit_csv, audit_rows
from telehealth.admin.policies import ADMIN
from telehealth.admin.services.audit import (
    export_audit,
    find_patients_to_audit,
    find_staff,
    list_audited_services,
    name_accounts,
    name_patients,
    search_audit,
)
from telehealth.audit.domain.actions import Group, actions_in
from telehealth.audit.models import AuditEvent, EventOutcome
from telehealth.audit.services.search import Wanted
from telehealth.booking.presenters import PatientCard, patient_card
from telehealth.clock import now
from telehealth.error_pages import message_of
from telehealth.errors import InvalidInput, NotFound
from telehealth.extensions import actor, transaction
from telehealth.guards import guarded
from telehealth.page_service import speak_for

bp = Blueprint("admin_audit", __name__, url_prefix="/admin/audit")


@dataclass(slots=True)
class Page:
    """What the page shows beside its form."""

    rows: list[AuditRow]
    # "" on the last page.
    next_place: str = ""
    is_first: bool = True
    # Several patients match what was typed.
    choices: list[PatientCard] | None = None


@bp.get("")
@guarded(ADMIN)
def audit() -> ResponseReturnValue:
    form = AuditForm()
    with transaction() as session:
        service = _own_service(session)
        _offer_services(session, form)
        page = _found(session, form, Wanted(), service)
    return _show(form, page)


@bp.post("", endpoint="search")
@guarded(ADMIN)
def search() -> ResponseReturnValue:
    form = AuditForm()
    with transaction() as session:
        service = _own_service(session)
        _offer_services(session, form)
        wanted = _read(session, form, service)
        if isinstance(wanted, Page):
            return _show(form, wanted, 422 if form.errors else 200)
        page = _found(session, form, wanted, service)
    return _show(form, page)


@bp.post("/export")
@guarded(ADMIN)
def export() -> ResponseReturnValue:
    """The same events as a file for a spreadsheet."""
    require_recent_sign_in()
    form = AuditForm()
    try:
        with transaction() as session:
            service = _own_service(session)
            services = _offer_services(session, form)
            wanted = _read(session, form, service)
            if isinstance(wanted, Page):
                return _show(form, wanted, 422)
            events = export_audit(session, actor(), wanted)
            content = audit_csv(
                events,
                _names(session, events),
                {found.id: found.name for found in services},
            )
    except InvalidInput as error:
        set_error(form.first_day, message_of(error))
        return _show(form, Page(rows=[]), error.status)
    name = f"audit-{now():%Y-%m-%d}.csv"
    return Response(
        content,
        mimetype="text/csv",
        headers={"Content-Disposition": f"attachment; filename={name}", "Cache-Control": "no-store"},
    )


def _show(form: AuditForm, page: Page, status: int = 200) -> ResponseReturnValue:
    return render_template(
        "admin/audit.html", form=form, page=page, is_search=request.method == "POST" and not form.errors
    ), status


def _own_service(session: Session) -> HealthcareService:
    """In whose name and zone the page is. Raises NotFound."""
    services = list_services(session, actor().services_as(Role.ADMINISTRATOR))
    if not services:
        raise NotFound
    speak_for(services[0])
    return services[0]


def _offer_services(session: Session, form: AuditForm) -> list[HealthcareService]:
    services = list_audited_services(session, actor())
    form.offer([(str(service.id), service.name) for service in services])
    return services


def _read(session: Session, form: AuditForm, service: HealthcareService) -> Wanted | Page:
    """What is looked for; a page instead where something is wrong, or a patient is to be chosen."""
    is_valid = form.validate_on_submit()
    days = form.days()
    if not is_valid or days is None:
        return Page(rows=[])
    actors = None
    if form.who.data:
        actors = frozenset(f"account:{account.id}" for account in find_staff(session, actor(), form.who.data))
        if not actors:
            set_error(
                form.who, gettext("No member of staff has this name or email address. Check the spelling")
            )
            return Page(rows=[])
    patient_id = form.chosen_patient()
    if form.patient.data:
        found = find_patients_to_audit(session, actor(), form.patient.data)
        if len(found) > 1 and patient_id not in {patient.id for patient in found}:
            cards = [patient_card(patient, now(), service.time_zone) for patient in found]
            return Page(rows=[], choices=cards)
        if not found:
            set_error(
                form.patient, gettext("No patient matches. Check the spelling, or enter the NHS number")
            )
            return Page(rows=[])
        patient_id = patient_id if len(found) > 1 else found[0].id
    first_day, last_day = days
    zone = ZoneInfo(service.time_zone)
    return Wanted(
        actors=actors,
        patient_id=patient_id if form.patient.data else None,
        service_id=form.chosen_service(),
        actions=actions_in(Group(form.group.data)) if form.group.data else None,
        outcome=EventOutcome(form.outcome.data) if form.outcome.data else None,
        recorded_from=datetime.combine(first_day, time(0), zone) if first_day else None,
        recorded_before=datetime.combine(last_day + timedelta(days=1), time(0), zone) if last_day else None,
    )


def _found(session: Session, form: AuditForm, wanted: Wanted, service: HealthcareService) -> Page:
    before = form.place()
    events, next_place = search_audit(session, actor(), wanted, before)
    services = {found.id: found.name for found in list_audited_services(session, actor())}
    return Page(
        rows=audit_rows(events, _names(session, events), services, service.time_zone),
        next_place=place_text(next_place),
        is_first=before is None,
    )


def _names(session: Session, events: list[AuditEvent]) -> dict[UUID, str]:
    """Of the patients and accounts that these events are about."""
    accounts = {event.subject_id for event in events if event.subject_kind == "account" and event.subject_id}
    patients = {event.patient_id for event in events if event.patient_id}
    return {**name_accounts(session, actor(), accounts), **name_patients(session, actor(), patients)}
