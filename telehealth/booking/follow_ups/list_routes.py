"""Who is still to be seen: the live list for reception and clinicians."""

from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import jsonify, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from telehealth.accounts.models import HealthcareService
from telehealth.accounts.services.merges import find_survivors
from telehealth.accounts.services.protection import find_hidden
from telehealth.accounts.services.staff import list_services
from telehealth.actor import Role
from telehealth.audit.services import record_event, was_recorded_since
from telehealth.booking.domain.follow_up import FollowUpReason
from telehealth.booking.follow_ups.presenters import (
    LEFT,
    filter_context,
    follow_up_cards,
    unresolved_rows,
    unresolved_text,
)
from telehealth.booking.follow_ups.routes import bp
from telehealth.booking.form_fields import read_key
from telehealth.booking.policies import FOLLOW_UPS
from telehealth.booking.services.fallen_out import count_who_fell_out
from telehealth.booking.services.follow_up_work import (
    FollowUpFilter,
    count_follow_ups,
    find_left_behind,
    list_follow_ups,
    list_owners,
)
from telehealth.booking.services.unresolved import list_unresolved
from telehealth.clock import now
from telehealth.errors import NotFound
from telehealth.extensions import actor, transaction
from telehealth.guards import guarded
from telehealth.live import live_token
from telehealth.page_service import speak_for
from telehealth.topics import desk_topic

# How far back the page looks for somebody who fell out.
CHECKED = timedelta(days=90)
# A page that stays open and fetches itself again is recorded anew after this time.
ONE_OPENING = timedelta(hours=4)
CHOICES = ("owner", "reason", "overdue")


@bp.get("", endpoint="list")
@guarded(FOLLOW_UPS)
def list_page() -> ResponseReturnValue:
    with transaction() as session:
        context = _list(session, is_page=True)
        # A check of the tables, for the page alone: it costs as much as the whole list.
        fallen_out_count = count_who_fell_out(session, _services(), now() - CHECKED)
    topics = _topics()
    live = {
        "url": url_for("follow_ups.list_fragment", **_kept_arguments()),
        "token": live_token(actor(), topics),
        "token_url": url_for("follow_ups.list_token"),
        "topics": topics,
    }
    return render_template("follow_ups/list.html", **context, fallen_out_count=fallen_out_count, live=live)


@bp.get("/list", endpoint="list_fragment")
@guarded(FOLLOW_UPS)
def list_fragment() -> ResponseReturnValue:
    """The fragment that the first load used too; a live page fetches it again."""
    with transaction() as session:
        context = _list(session, is_page=False)
    return render_template("follow_ups/_list.html", **context)


@bp.get("/token", endpoint="list_token")
@guarded(FOLLOW_UPS)
def list_token() -> ResponseReturnValue:
    return jsonify(token=live_token(actor(), _topics()))


def _list(session: Session, *, is_page: bool) -> dict[str, Any]:
    """Loading the page is recorded; the live fragment only where the page was not opened within hours."""
    wanted = _wanted_filter()
    service = _own_service(session)
    today = now().astimezone(ZoneInfo(service.time_zone)).date()
    found = list_follow_ups(session, actor(), wanted, today=today)
    unresolved = list_unresolved(session, actor(), today=today, time_zone=service.time_zone)
    shown = {request.patient_id for request in found.requests} | {
        each.patient_id for each in unresolved.appointments
    }
    hidden = find_hidden(session, actor(), shown)
    if is_page or not was_recorded_since(
        session, actor(), "follow-ups.opened", service.id, now() - ONE_OPENING
    ):
        record_event(
            session,
            actor(),
            "follow-ups.opened",
            subject_kind="service",
            subject_id=service.id,
            reason=str(len(shown)),
            service_id=service.id,
        )
    return {
        "cards": follow_up_cards(
            found.requests,
            actor(),
            now(),
            hidden,
            find_survivors(session, shown),
            find_left_behind(session, found.requests),
        ),
        "unresolved": unresolved_rows(unresolved.appointments, actor(), hidden),
        "unresolved_text": unresolved_text(unresolved),
        "total": found.total,
        "filter": filter_context(
            wanted,
            list_owners(session, actor()),
            actor(),
            count_follow_ups(session, actor(), today=today),
        ),
        "has_several_services": len({each.service_id for each in found.requests}) > 1,
        "is_at_desk": bool(actor().services_as(Role.RECEPTIONIST)),
    }


def _own_service(session: Session) -> HealthcareService:
    """In whose name the page speaks. Raises NotFound for somebody who works nowhere any more."""
    services = list_services(session, _services())
    if not services:
        raise NotFound
    speak_for(services[0])
    return services[0]


def _services() -> frozenset[UUID]:
    return actor().services_as(Role.RECEPTIONIST, Role.CLINICIAN)


def _topics() -> list[str]:
    return [desk_topic(service_id) for service_id in sorted(_services())]


def _wanted_filter() -> FollowUpFilter:
    """From the address; what cannot be read is not asked for."""
    owner = request.args.get("owner", "")
    chosen = request.args.get("reason", "")
    return FollowUpFilter(
        owner_id=actor().practitioner_id if owner == "me" else read_key(owner),
        is_left_behind=owner == LEFT,
        reason=next((reason for reason in FollowUpReason if reason.value == chosen), None),
        is_overdue="overdue" in request.args,
    )


def _kept_arguments() -> dict[str, Any]:
    """What the list is narrowed to: keys and choices, nothing personal."""
    return {name: request.args[name][:60] for name in CHOICES if request.args.get(name)}
