"""The day sheet of reception: the clinicians of a service side by side, live; a free time leads to a booking."""

import re
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from flask import jsonify, redirect, render_template, request, url_for
from flask import session as cookie
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from markupsafe import Markup
from sqlalchemy.orm import Session

from telehealth.accounts.models import HealthcareService
from telehealth.accounts.services.patients import get_patient
from telehealth.accounts.services.staff import list_practitioners
from telehealth.audit.services import record_event, was_recorded_since
from telehealth.booking.desk.booking_service import booking_service
from telehealth.booking.desk.chosen_time import find_chosen_time, forget_chosen_time, remember_chosen_time
from telehealth.booking.desk.day_presenters import (
    booking_kinds,
    kind_value,
    read_kind,
    sheet_context,
)
from telehealth.booking.desk.desks import desk_arguments, desk_choice, desk_service
from telehealth.booking.desk.routes import bp, known_patient_card
from telehealth.booking.domain.appointment import Mode
from telehealth.booking.form_fields import read_key
from telehealth.booking.models import AppointmentType
from telehealth.booking.policies import DESK
from telehealth.booking.presenters import PatientCard
from telehealth.booking.services.day_sheet import Wanted, day_sheet, find_schedule, list_types
from telehealth.booking.slot_values import read_instant
from telehealth.clock import now
from telehealth.dates import date_text
from telehealth.errors import NotFound
from telehealth.extensions import actor, reading, transaction
from telehealth.guards import guarded
from telehealth.live import live_token
from telehealth.topics import clinic_topic, desk_topic

# A page that stays open and fetches itself again is recorded anew after this time.
ONE_OPENING = timedelta(hours=4)
# Nobody plans further, and dates stay within what can be computed.
FARTHEST = timedelta(days=3 * 366)
MOST_CHOSEN = 12
_WHO, _KIND = "day_who", "day_kind"


@bp.app_context_processor
def chosen_time() -> dict[str, Any]:
    """For the pages on which the patient of a chosen time is looked for; asked only where it is shown."""
    return {"chosen_time": find_chosen_time}


@bp.get("/day", endpoint="day_today")
@guarded(DESK)
def choose_day() -> ResponseReturnValue:
    """Leads to the sheet of a day. The form above the sheet comes here, so that each sheet has one address."""
    with reading() as session:
        today = now().astimezone(ZoneInfo(desk_service(session).time_zone)).date()
    if "chosen" in request.args:
        cookie[_WHO] = [key.hex for key in _keys(request.args.getlist("who"))]
        cookie[_KIND] = request.args.get("kind", "")[:60]
    typed = request.args.get("day", "").strip()
    day = _read_day(typed, today)
    if typed and day is None:
        error = gettext("Enter a date from the last or the next 3 years")
        context = _sheet(today.isoformat(), is_page=True)
        sheet_html = _sheet_html(context)
        return render_template("booking/day.html", **context, sheet_html=sheet_html, date_error=error), 422
    return redirect(url_for("booking.day_sheet", day=(day or today).isoformat(), **_kept_arguments()), 303)


@bp.get("/day/<day>", endpoint="day_sheet")
@guarded(DESK)
def day_page(day: str) -> ResponseReturnValue:
    context = _sheet(day, is_page=True)
    return render_template("booking/day.html", **context, sheet_html=_sheet_html(context))


@bp.get("/day/<day>/sheet", endpoint="day_fragment")
@guarded(DESK)
def day_fragment(day: str) -> ResponseReturnValue:
    """The fragment that the first load used too; a live page fetches it again."""
    return _sheet_html(_sheet(day, is_page=False))


@bp.get("/day/token", endpoint="day_token")
@guarded(DESK)
def day_token() -> ResponseReturnValue:
    with reading() as session:
        topics = _topics(session, desk_service(session))
    return jsonify(token=live_token(actor(), topics))


@bp.post("/day/choose", endpoint="choose_gap")
@guarded(DESK)
def choose_gap() -> ResponseReturnValue:
    """A free time was pressed before anybody was found: it is remembered, and the patient is looked for."""
    schedule_id = read_key(request.form.get("schedule_id", ""))
    starts_at = read_instant(request.form.get("starts_at", ""))
    type_id, mode = request.form.get("appointment_type_id", ""), request.form.get("mode", "")
    with reading() as session:
        service = booking_service(session)
        wanted = next(
            (
                each
                for each in list_types(session, service)
                if str(each.id) == type_id and mode in set(each.modes)
            ),
            None,
        )
        if schedule_id is None or starts_at is None or wanted is None:
            raise NotFound
        find_schedule(session, service, schedule_id)
    remember_chosen_time(schedule_id, starts_at, wanted, Mode(mode))
    return redirect(url_for("booking.desk"), 303)


@bp.post("/day/forget", endpoint="forget_gap")
@guarded(DESK)
def forget_gap() -> ResponseReturnValue:
    forget_chosen_time()
    return redirect(url_for("booking.day_today"), 303)


def _sheet_html(context: dict[str, Any]) -> Markup:
    """Without indentation, which is a third of hundreds of rows."""
    return Markup(re.sub(r"\s*\n\s*", "\n", render_template("booking/_day_sheet.html", **context)))  # noqa: S704


def _sheet(day_text: str, *, is_page: bool) -> dict[str, Any]:
    """Loading the page is recorded; the live fragment only where the page was not opened within hours."""
    with reading() as session:
        service = desk_service(session)
        # The trail tells one day's sheet from another's.
        subject_id = uuid5(service.id, day_text)
        is_opening = is_page or not was_recorded_since(
            session, actor(), "day-sheet.opened", subject_id, now() - ONE_OPENING
        )
    with transaction() if is_opening else reading() as session:
        service = desk_service(session)
        today = now().astimezone(ZoneInfo(service.time_zone)).date()
        day = _read_day(day_text, today)
        if day is None or day.isoformat() != day_text:
            raise NotFound
        types = list_types(session, service)
        kind = read_kind(request.args.get("kind") or cookie.get(_KIND, ""), types)
        patient = _patient_card(session, service)
        wanted = (
            Wanted(type=kind[0], mode=kind[1], patient_id=patient.id if patient else None) if kind else None
        )
        sheet = day_sheet(
            session,
            actor(),
            service,
            day,
            owner_ids=_keys(request.args.getlist("who") or cookie.get(_WHO, [])),
            wanted=wanted,
            now=now(),
        )
        if is_opening:
            record_event(
                session,
                actor(),
                "day-sheet.opened",
                subject_kind="day-sheet",
                subject_id=subject_id,
                reason=str(sheet.appointment_count),
                service_id=service.id,
            )
            if patient is not None:
                record_event(
                    session,
                    actor(),
                    "booking.opened",
                    subject_kind="patient",
                    subject_id=patient.id,
                    patient_id=patient.id,
                    service_id=service.id,
                )
        # The sheet stays with its desk, whatever is chosen on another page while this one is open.
        stays = desk_arguments(service)
        context = {
            "sheet": sheet_context(sheet, service.time_zone, now(), wanted),
            "gap_form": _gap_form(wanted, patient),
            "sheet_arguments": {**_kept_arguments(), **stays},
            "patient": patient,
        }
        if not is_page:
            return context
        topics = _topics(session, service)
        return {
            **context,
            "desk": desk_choice(session, service, _address_at_any_desk(day_text)),
            "stays": stays,
            "controls": _controls(sheet.day, today, types, wanted, stays),
            "owners": [
                {"id": str(owner.id), "name": owner.name, "is_shown": owner.id in sheet.shown}
                for owner in sheet.owners
            ],
            "is_list": request.args.get("view") == "list",
            "live": {
                "url": url_for("booking.day_fragment", day=day_text, **{**_kept_arguments(), **stays}),
                "token": live_token(actor(), topics),
                "token_url": url_for("booking.day_token", **stays),
                "topics": topics,
            },
        }


def _address_at_any_desk(day_text: str) -> str:
    """Without what only one service has: its clinicians and its types."""
    kept = {name: value for name, value in _kept_arguments().items() if name in ("patient", "view")}
    return url_for("booking.day_sheet", day=day_text, **kept)


def _controls(
    day: date, today: date, types: Sequence[AppointmentType], wanted: Wanted | None, stays: dict[str, Any]
) -> dict[str, Any]:
    kept = {**_kept_arguments(), **stays}

    def address(of: date, **changed: str | None) -> str:
        return url_for("booking.day_sheet", day=of.isoformat(), **{**kept, **changed})

    other_view = None if request.args.get("view") == "list" else "list"
    before, after = day - timedelta(days=1), day + timedelta(days=1)
    return {
        "day": day.isoformat(),
        "is_today": day == today,
        "today_url": address(today),
        "previous": {"url": address(before), "text": date_text(before)},
        "next": {"url": address(after), "text": date_text(after)},
        "view_url": address(day, view=other_view),
        "kinds": booking_kinds(types),
        "kind": kind_value(wanted.type, wanted.mode) if wanted else "",
    }


def _gap_form(wanted: Wanted | None, patient: PatientCard | None) -> dict[str, str]:
    """Where pressing a free time leads, and the fields that are the same for all of them."""
    if wanted is None:
        return {}
    fields = {"appointment_type_id": str(wanted.type.id), "mode": wanted.mode.value}
    if patient is None:
        return {"url": url_for("booking.choose_gap"), **fields}
    return {
        "url": url_for("booking.hold", patient_id=patient.id),
        **fields,
        "patient_id": str(patient.id),
    }


def _patient_card(session: Session, service: HealthcareService) -> PatientCard | None:
    """For whom a time is looked for, where the sheet was opened from a record. Raises NotFound for a stranger's."""
    if not request.args.get("patient"):
        return None
    patient_id = read_key(request.args["patient"])
    if patient_id is None:
        raise NotFound
    return known_patient_card(session, get_patient(session, actor(), patient_id), service)


def _topics(session: Session, service: HealthcareService) -> list[str]:
    """Of the desk; and of the clinicians, because what they do for other services takes their time too."""
    people = list_practitioners(session, service.id)
    return [desk_topic(service.id), *(clinic_topic(person.id) for person in people)]


def _kept_arguments() -> dict[str, Any]:
    """What the address of a sheet carries from page to page: keys and choices, nothing personal."""
    kept: dict[str, Any] = {
        name: request.args[name][:60]
        for name in ("kind", "patient", "view", "desk")
        if request.args.get(name)
    }
    who = _keys(request.args.getlist("who"))
    return {**kept, "who": [str(key) for key in who]} if who else kept


def _keys(values: Sequence[str]) -> list[UUID]:
    return [key for value in values[:MOST_CHOSEN] if (key := read_key(value)) is not None]


def _read_day(text: str, today: date) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if abs(day - today) <= FARTHEST else None
