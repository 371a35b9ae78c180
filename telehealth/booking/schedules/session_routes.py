"""Sessions of a schedule: made, changed from a date on, ended; each change is shown before it is saved."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from telehealth.accounts.models import HealthcareService
from telehealth.booking.domain.appointment import Mode
from telehealth.booking.domain.recurrence import NTHS, parse_rrule
from telehealth.booking.form_fields import show_refusal
from telehealth.booking.models import AppointmentType, Schedule
from telehealth.booking.policies import SCHEDULES
from telehealth.booking.presenters import mode_text
from telehealth.booking.schedules.check_presenters import length_text, warning_texts
from telehealth.booking.schedules.forms import (
    ANEW,
    FORTNIGHTLY,
    MONTHLY,
    ONCE,
    WEEKLY,
    EndForm,
    ScheduleForm,
    owner_value,
)
from telehealth.booking.schedules.pages import Preview, agreed, confirm_page, list_owner_names, step
from telehealth.booking.schedules.presenters import (
    details_text,
    nth_text,
    rule_text,
    schedule_line,
    weekday_name,
)
from telehealth.booking.schedules.preview_presenters import PREVIEW_WEEKS, preview_weeks
from telehealth.booking.services.appointment_types import list_types
from telehealth.booking.services.clashes import find_clashes
from telehealth.booking.services.rooms import list_rooms
from telehealth.booking.services.schedule_access import (
    find_service,
    list_clinicians,
    only_own,
)
from telehealth.booking.services.schedule_impact import (
    PlannedChange,
    WouldStrand,
    find_stranded,
    load_plan,
    rule_of,
)
from telehealth.booking.services.schedule_wishes import (
    ScheduleWish,
    check_end,
    check_start,
    check_wish,
    has_begun,
    in_step,
    local_today,
    plan_change,
    plan_creation,
    plan_end,
)
from telehealth.booking.services.schedules import (
    change_schedule,
    create_schedule,
    end_schedule,
    find_schedule,
)
from telehealth.booking.services.shared_clinics import list_shared_clinics
from telehealth.clock import now
from telehealth.dates import short_date_text
from telehealth.error_pages import message_of
from telehealth.errors import Conflict, InvalidInput
from telehealth.extensions import actor, reading, transaction
from telehealth.guards import guarded
from telehealth.page_service import speak_for

bp = Blueprint("sessions", __name__, url_prefix="/schedules")


@bp.route("/<uuid:service_id>/sessions/new", methods=["GET", "POST"])
@guarded(SCHEDULES)
def add_session(service_id: UUID) -> ResponseReturnValue:
    form = ScheduleForm()
    if not form.is_submitted():
        form.repeat.data, form.nth.data = WEEKLY, "1"
        form.slot_minutes.data, form.modes.data = "15", [Mode.VIDEO.value]
        return _session_page(form, service_id, None)
    return _read_session(form, service_id, None)


@bp.route("/<uuid:service_id>/sessions/<uuid:schedule_id>", methods=["GET", "POST"])
@guarded(SCHEDULES)
def change_session(service_id: UUID, schedule_id: UUID) -> ResponseReturnValue:
    form = ScheduleForm()
    if not form.is_submitted():
        with reading() as session:
            service = find_service(session, actor(), service_id)
            schedule = find_schedule(session, actor(), service_id, schedule_id)
            form.fill(schedule, from_date=_next_date(service, schedule))
        return _session_page(form, service_id, schedule_id)
    return _read_session(form, service_id, schedule_id)


@bp.route("/<uuid:service_id>/sessions/<uuid:schedule_id>/end", methods=["GET", "POST"])
@guarded(SCHEDULES)
def end_session(service_id: UUID, schedule_id: UUID) -> ResponseReturnValue:
    form = EndForm()
    with reading() as session:
        service = find_service(session, actor(), service_id)
        schedule = find_schedule(session, actor(), service_id, schedule_id)
        begun = has_begun(service, schedule)
        line, version = schedule_line(schedule), schedule.version
    speak_for(service)
    form.how.choices = [
        *([("date", gettext("It takes place until a date"))] if not line["is_once"] else []),
        ("never", gettext("It never takes place: take it away")),
    ]

    def page() -> str:
        return render_template(
            "schedules/end_session.html", form=form, line=line, service_id=service_id, has_begun=begun
        )

    if not form.is_submitted():
        form.version.data = version
        return page()
    is_right, last_date = form.end(has_begun=begun)
    if step() == "change":
        return page()
    if not is_right:
        return page(), 422
    try:
        with transaction() as session:
            if step() != "save":
                return _end_preview(session, service_id, schedule_id, last_date)
            end_schedule(
                session,
                actor(),
                service_id,
                schedule_id,
                last_date=last_date,
                version=form.version.data or 0,
                agreed=agreed(),
            )
    except WouldStrand as error:
        with transaction() as session:
            shown = _end_preview(session, service_id, schedule_id, last_date, problem=error)
        return shown, 409 if error.is_changed else 422
    except InvalidInput as error:
        show_refusal(form, error, message_of(error))
        return page(), 422
    except Conflict as error:
        form.form_errors, form.version.data = [message_of(error)], version
        return page(), 409
    flash(gettext("The end of the session is saved."))
    return redirect(url_for("schedules.overview", service_id=service_id), 303)


def _read_session(form: ScheduleForm, service_id: UUID, schedule_id: UUID | None) -> ResponseReturnValue:
    wish = form.wish()
    if step() == "change":
        return _session_page(form, service_id, schedule_id)
    if wish is None:
        return _session_page(form, service_id, schedule_id), 422
    try:
        with transaction() as session:
            if step() != "save":
                return _session_preview(session, service_id, schedule_id, wish)
            if schedule_id is None:
                key = form.idempotency_key.data or ""
                create_schedule(session, actor(), service_id, wish, idempotency_key=key)
            else:
                change_schedule(
                    session,
                    actor(),
                    service_id,
                    schedule_id,
                    wish,
                    version=form.version.data or 0,
                    agreed=agreed(),
                )
    except WouldStrand as error:
        with transaction() as session:
            shown = _session_preview(session, service_id, schedule_id, wish, problem=error)
        return shown, 409 if error.is_changed else 422
    except InvalidInput as error:
        show_refusal(form, error, message_of(error))
        return _session_page(form, service_id, schedule_id), 422
    except Conflict as error:
        form.form_errors = [message_of(error)]
        return _session_page(form, service_id, schedule_id, is_stale=True), 409
    flash(gettext("The session is saved."))
    return redirect(url_for("schedules.overview", service_id=service_id), 303)


def _session_preview(
    session: Session,
    service_id: UUID,
    schedule_id: UUID | None,
    wish: ScheduleWish,
    *,
    problem: WouldStrand | None = None,
) -> str:
    service = check_wish(session, actor(), service_id, wish)
    speak_for(service)
    is_kept_in_step = False
    if schedule_id is None:
        change = plan_creation(service, wish)
    else:
        schedule = find_schedule(session, actor(), service_id, schedule_id)
        check_start(service, schedule, wish.first_date)
        asked_from, wish = wish.first_date, in_step(schedule, wish)
        is_kept_in_step = wish.first_date != asked_from
        change = plan_change(service, schedule, wish)
    facts = _facts(session, service, wish)
    if len(change.adds) > 1:
        facts.append(gettext("Until then the session goes on as it was."))
    if is_kept_in_step:
        facts.append(
            gettext(
                "The weeks stay the same as before. The week from %(date)s is the first with this session.",
                date=short_date_text(wish.first_date),
            )
        )
    preview = Preview(
        title=gettext("Check the session"),
        save=gettext("Save the session"),
        facts=facts,
        warnings=_warnings(session, service, change, wish),
        weeks=_weeks(session, service, change, wish.first_date),
    )
    found = find_stranded(session, change, now=now())
    return confirm_page(session, service, preview, found, problem=problem)


def _facts(session: Session, service: HealthcareService, wish: ScheduleWish) -> list[str]:
    """Whose session, when, for how long, for what and where."""
    owner_id = wish.practitioner_id or wish.shared_clinic_id
    names = list_owner_names(session, service)
    rooms = [room.name for room in list_rooms(session, actor(), service.id) if room.id == wish.room_id]
    types = [type_.name for type_ in _chosen_types(session, service, wish)]
    facts = [
        gettext(
            "%(who)s in %(service)s", who=names.get(owner_id, "") if owner_id else "", service=service.name
        ),
        rule_text(wish.as_rule(), wish.slot_minutes),
        gettext("It lasts %(length)s.", length=length_text(wish.starts, wish.ends)),
        details_text(types, *rooms or [""]),
    ]
    return [fact for fact in facts if fact]


def _warnings(
    session: Session, service: HealthcareService, change: PlannedChange, wish: ScheduleWish
) -> list[str]:
    clashes = find_clashes(
        session,
        service,
        change,
        room_id=wish.room_id if Mode.IN_PERSON in wish.modes else None,
        first=wish.first_date,
        days=PREVIEW_WEEKS * 7,
        now=now(),
    )
    return warning_texts(service, wish, _chosen_types(session, service, wish), clashes)


def _chosen_types(session: Session, service: HealthcareService, wish: ScheduleWish) -> list[AppointmentType]:
    return [type_ for type_ in list_types(session, actor(), service.id) if type_.id in wish.type_ids]


def _end_preview(
    session: Session,
    service_id: UUID,
    schedule_id: UUID,
    last_date: date | None,
    *,
    problem: WouldStrand | None = None,
) -> str:
    service = find_service(session, actor(), service_id)
    speak_for(service)
    schedule = find_schedule(session, actor(), service_id, schedule_id)
    check_end(service, schedule, last_date)
    change = plan_end(service, schedule, last_date)
    line = schedule_line(schedule)
    facts = [line["owner"], line["text"], gettext("This session never takes place.")]
    if change.adds:
        facts[1:] = [rule_text(change.adds[0], schedule.slot_minutes)]
    preview = Preview(
        title=gettext("Check the end of the session"),
        save=gettext("End the session"),
        facts=facts,
        weeks=_weeks(session, service, change, schedule.first_date) if change.adds else (),
    )
    found = find_stranded(session, change, now=now())
    return confirm_page(session, service, preview, found, problem=problem)


def _weeks(
    session: Session, service: HealthcareService, change: PlannedChange, first: date
) -> list[dict[str, Any]]:
    plan = change.apply(load_plan(session, service, since=now()))
    today = local_today(service)
    starts = [rule.first_date for rule in change.adds] or [first]
    return preview_weeks(plan, change.adds, max(today, min(starts)))


def _session_page(
    form: ScheduleForm, service_id: UUID, schedule_id: UUID | None, *, is_stale: bool = False
) -> str:
    with reading() as session:
        service = find_service(session, actor(), service_id)
        speak_for(service)
        own = only_own(actor(), service)
        line, is_fortnightly = None, False
        if schedule_id is not None:
            schedule = find_schedule(session, actor(), service_id, schedule_id)
            is_fortnightly = parse_rrule(schedule.rrule).interval == 2
            line = schedule_line(schedule)
            if is_stale:
                form.version.data = schedule.version
        people = [person for person in list_clinicians(session, service) if own in (None, person.id)]
        clinics = list_shared_clinics(session, actor(), service_id) if own is None else []
        rooms = list_rooms(session, actor(), service_id)
        types = list_types(session, actor(), service_id)
        form.owner.choices = [
            *([("", gettext("Choose"))] if own is None else []),
            *((owner_value(person.id, None), person.display_name) for person in people),
            *((owner_value(None, clinic.id), clinic.name) for clinic in clinics),
        ]
        form.repeat.choices = [
            (WEEKLY, gettext("Every week")),
            (FORTNIGHTLY, gettext("Every other week, in the same weeks as before"))
            if is_fortnightly
            else (FORTNIGHTLY, gettext("Every other week")),
            *(
                [(ANEW, gettext("Every other week, from the week of the first date"))]
                if is_fortnightly
                else []
            ),
            (MONTHLY, gettext("Once a month")),
            (ONCE, gettext("On one date only: an extra session")),
        ]
        form.weekdays.choices = [(str(day), weekday_name(day)) for day in range(7)]
        form.nth.choices = [(str(nth), nth_text(nth)) for nth in NTHS]
        form.modes.choices = [(mode.value, mode_text(mode)) for mode in Mode]
        form.types.choices = [
            (str(type_.id), type_.name)
            for type_ in types
            if type_.is_active or str(type_.id) in (form.types.data or [])
        ]
        form.room.choices = [
            ("", gettext("No room")),
            *(
                (str(room.id), room.name)
                for room in rooms
                if room.is_active or str(room.id) == form.room.data
            ),
        ]
    return render_template(
        "schedules/session.html",
        form=form,
        service_id=service_id,
        line=line,
        is_fortnightly=is_fortnightly,
        has_rooms=len(form.room.choices) > 1,
    )


def _next_date(service: HealthcareService, schedule: Schedule) -> date:
    """From when a change holds unless something else is typed: the next date on which it takes place."""
    today = local_today(service)
    first = max(today + timedelta(days=1), schedule.first_date)
    dates = rule_of(schedule).dates(first, first + timedelta(days=400))
    return dates[0] if dates else first
