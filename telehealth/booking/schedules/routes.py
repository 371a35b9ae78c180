"""Schedules of a service: the overview, and appointments outside every session."""

from uuid import UUID

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from sqlalchemy.orm import Session

from telehealth.accounts.models import HealthcareService
from telehealth.booking.policies import SCHEDULES, STRANDED, may_set_up
from telehealth.booking.schedules.pages import list_rows
from telehealth.booking.schedules.presenters import (
    clinic_line,
    exception_line,
    group_lines,
    holidays_text,
    list_text,
    missing_skill_text,
    schedule_line,
    type_line,
)
from telehealth.booking.services.appointment_types import list_types
from telehealth.booking.services.exceptions import list_exceptions
from telehealth.booking.services.own_clinics import list_own_clinics
from telehealth.booking.services.rooms import list_rooms
from telehealth.booking.services.schedule_access import (
    find_service,
    find_service_of_stranded,
    list_clinicians,
    list_schedule_services,
    only_own,
    only_own_stranded,
)
from telehealth.booking.services.schedule_impact import (
    list_outside,
)
from telehealth.booking.services.schedule_wishes import has_begun
from telehealth.booking.services.schedules import (
    list_schedules,
)
from telehealth.booking.services.shared_clinics import list_shared_clinics
from telehealth.booking.services.skills import list_missing_skills, list_skills
from telehealth.clock import now
from telehealth.extensions import actor, reading, transaction
from telehealth.guards import guarded
from telehealth.page_service import speak_for, speak_for_the_only_service

bp = Blueprint("schedules", __name__, url_prefix="/schedules")


@bp.get("")
@guarded(SCHEDULES)
def services() -> ResponseReturnValue:
    """The services to choose from; where there is one only, its schedules."""
    speak_for_the_only_service()
    with reading() as session:
        found = list_schedule_services(session, actor())
        if len(found) == 1:
            return _overview_page(session, found[0])
    return render_template("schedules/services.html", services=found)


@bp.get("/<uuid:service_id>")
@guarded(SCHEDULES)
def overview(service_id: UUID) -> ResponseReturnValue:
    with reading() as session:
        return _overview_page(session, find_service(session, actor(), service_id))


@bp.get("/<uuid:service_id>/stranded")
@guarded(STRANDED)
def stranded(service_id: UUID) -> ResponseReturnValue:
    """Computed anew at each look: what lies outside every session now, however that came about."""
    with transaction() as session:
        service = find_service_of_stranded(session, actor(), service_id)
        speak_for(service)
        found = list_outside(session, service, now=now(), practitioner_id=only_own_stranded(actor(), service))
        rows = list_rows(session, service, found)
    return render_template(
        "schedules/stranded.html", rows=rows, service_id=service_id, may_open=SCHEDULES.allows(actor())
    )


def _overview_page(session: Session, service: HealthcareService) -> str:
    service_id = service.id
    speak_for(service)
    clinics = list_shared_clinics(session, actor(), service_id)
    names = {clinic.id: clinic.name for clinic in clinics}
    skills = list_skills(session, actor(), service_id)
    own = only_own(actor(), service)
    is_set_up = may_set_up(actor(), service)
    missing = list_missing_skills(session, actor(), service_id) if is_set_up else {}
    clinicians = list_clinicians(session, service)
    working = {person.id for person in clinicians}
    types = list_types(session, actor(), service_id)
    schedules = list_schedules(session, actor(), service_id)
    outside = list_outside(session, service, now=now(), practitioner_id=own)
    return render_template(
        "schedules/overview.html",
        service_id=service.id,
        name=service.name,
        is_set_up=is_set_up,
        groups=group_lines(
            schedule_line(
                one,
                has_begun=has_begun(service, one),
                has_left=one.practitioner_id is not None and one.practitioner_id not in working,
            )
            for one in schedules
        ),
        leave=[exception_line(one, service, names) for one in list_exceptions(session, actor(), service_id)],
        types=[type_line(one) for one in types],
        clinics=[clinic_line(clinic) for clinic in clinics],
        rooms=[room.name for room in list_rooms(session, actor(), service_id) if room.is_active],
        people=[
            {
                "id": person.id,
                "name": person.display_name,
                "skills": list_text(skills.get(person.id, [])),
            }
            for person in clinicians
            if own in (None, person.id)
        ],
        holidays=holidays_text(service),
        has_advice=bool(service.emergency_advice),
        missing=[missing_skill_text(skill, asking) for skill, asking in missing.items()],
        own_clinics=[]
        if is_set_up
        else [
            {**clinic_line(clinic), "sessions": [schedule_line(one) for one in sessions]}
            for clinic, sessions in list_own_clinics(session, actor(), service)
        ],
        outside=_outside_text(len(outside)),
        to_do=_to_do(
            service_id,
            has_clinician=bool(clinicians),
            has_type=any(one.is_active for one in types),
            has_session=bool(schedules),
        )
        if is_set_up
        else [],
    )


def _to_do(
    service_id: UUID, *, has_clinician: bool, has_type: bool, has_session: bool
) -> list[tuple[str, str]]:
    """What a new service still lacks, in the order in which it is set up: words and where to go.

    A service that has people and types says itself where it has no session.
    """
    if has_clinician and has_type:
        return []
    steps = (
        (
            has_clinician,
            gettext("Say who works here: add a clinician, or give one a role in this service"),
            url_for("admin.staff"),
        ),
        (has_type, gettext("Add an appointment type"), url_for("offer.add_type", service_id=service_id)),
        (
            has_session,
            gettext("Add the sessions in which they see patients"),
            url_for("sessions.add_session", service_id=service_id),
        ),
    )
    return [(words, url) for is_there, words, url in steps if not is_there]


def _outside_text(count: int) -> str:
    if not count:
        return ""
    return ngettext(
        "%(num)d appointment has no session",
        "%(num)d appointments have no session",
        count,
    )
