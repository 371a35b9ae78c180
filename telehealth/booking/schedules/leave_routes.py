"""Leave and closures, and what holds for all bookings of a service."""

from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from telehealth.accounts.policies import ADMINISTRATOR
from telehealth.booking.domain.session_plan import ONE_DAY
from telehealth.booking.form_fields import show_refusal
from telehealth.booking.policies import SCHEDULES
from telehealth.booking.schedules.forms import SERVICE, LeaveForm, owner_value
from telehealth.booking.schedules.pages import Preview, agreed, confirm_page, list_owner_names, step
from telehealth.booking.schedules.presenters import holidays_text, nation_choices
from telehealth.booking.schedules.preview_presenters import (
    changed_holiday_texts,
    closed_lines,
    holiday_lines,
    leave_title,
)
from telehealth.booking.schedules.type_forms import RulesForm
from telehealth.booking.services.booking_rules import change_booking_rules, plan_holidays
from telehealth.booking.services.exceptions import (
    ExceptionWish,
    check_exception,
    create_exception,
    end_exception,
    plan_exception,
)
from telehealth.booking.services.schedule_access import (
    find_service,
    find_service_to_set_up,
    list_clinicians,
    only_own,
)
from telehealth.booking.services.schedule_impact import WouldStrand, find_stranded, load_plan
from telehealth.booking.services.schedule_wishes import local_today
from telehealth.booking.services.shared_clinics import list_shared_clinics
from telehealth.clock import now
from telehealth.error_pages import message_of
from telehealth.errors import InvalidInput
from telehealth.extensions import actor, reading, transaction
from telehealth.guards import guarded
from telehealth.page_service import speak_for

bp = Blueprint("leave", __name__, url_prefix="/schedules")

# How far ahead the bank holidays of a service are shown.
HOLIDAYS_SHOWN = timedelta(days=365)


@bp.route("/<uuid:service_id>/leave/new", methods=["GET", "POST"])
@guarded(SCHEDULES)
def add_leave(service_id: UUID) -> ResponseReturnValue:
    form = LeaveForm()
    with reading() as session:
        service = find_service(session, actor(), service_id)
    speak_for(service)
    if not form.is_submitted():
        return _leave_page(form, service_id)
    wish = form.wish(service.time_zone)
    if step() == "change":
        return _leave_page(form, service_id)
    if wish is None:
        return _leave_page(form, service_id), 422
    try:
        with transaction() as session:
            if step() != "save":
                return _leave_preview(session, service_id, wish)
            create_exception(
                session,
                actor(),
                service_id,
                wish,
                idempotency_key=form.idempotency_key.data or "",
                agreed=agreed(),
            )
    except WouldStrand as error:
        with transaction() as session:
            shown = _leave_preview(session, service_id, wish, problem=error)
        return shown, 409 if error.is_changed else 422
    except InvalidInput as error:
        show_refusal(form, error, message_of(error))
        return _leave_page(form, service_id), 422
    flash(gettext("It is saved. No time in it can be booked."))
    return redirect(url_for("schedules.overview", service_id=service_id), 303)


@bp.post("/<uuid:service_id>/leave/<uuid:exception_id>/end")
@guarded(SCHEDULES)
def end_leave(service_id: UUID, exception_id: UUID) -> ResponseReturnValue:
    with transaction() as session:
        end_exception(session, actor(), service_id, exception_id)
    flash(gettext("It is removed. The times in it can be booked again."))
    return redirect(url_for("schedules.overview", service_id=service_id), 303)


@bp.route("/<uuid:service_id>/rules", methods=["GET", "POST"])
@guarded(ADMINISTRATOR)
def rules(service_id: UUID) -> ResponseReturnValue:
    form = RulesForm()
    with reading() as session:
        service = find_service_to_set_up(session, actor(), service_id)
    speak_for(service)
    form.nation.choices = nation_choices()
    form.holidays.choices = [
        ("closed", gettext("No: nobody can book on a bank holiday")),
        ("open", gettext("Yes: sessions take place as on other days")),
    ]

    def page() -> str:
        return render_template("schedules/rules.html", form=form, service_id=service_id)

    if not form.is_submitted():
        form.nation.data = service.nation
        form.holidays.data = "closed" if service.closes_on_bank_holidays else "open"
        form.emergency_advice.data = service.emergency_advice
        return page()
    is_right = form.validate()
    nation, closes = form.kept_nation(service.nation), form.closes()
    if step() == "change":
        return page()
    if nation is None or closes is None or not is_right:
        return page(), 422
    try:
        with transaction() as session:
            # Nothing to look at first where the bank holidays stay as they are.
            is_other = (nation, closes) != (service.nation, service.closes_on_bank_holidays)
            if step() != "save" and is_other:
                return _rules_preview(session, service_id, nation, closes=closes)
            change_booking_rules(
                session,
                actor(),
                service_id,
                nation=nation,
                closes_on_bank_holidays=closes,
                emergency_advice=form.emergency_advice.data or "",
                agreed=agreed(),
            )
    except WouldStrand as error:
        with transaction() as session:
            shown = _rules_preview(session, service_id, nation, closes=closes, problem=error)
        return shown, 409 if error.is_changed else 422
    flash(gettext("The rules are saved."))
    return redirect(url_for("schedules.overview", service_id=service_id), 303)


def _leave_preview(
    session: Session, service_id: UUID, wish: ExceptionWish, *, problem: WouldStrand | None = None
) -> str:
    service = check_exception(session, actor(), service_id, wish)
    zone = ZoneInfo(service.time_zone)
    change = plan_exception(session, service, wish)
    plan = change.apply(load_plan(session, service, since=now()))
    names = list_owner_names(session, service)
    own = only_own(actor(), service)
    owner_id = wish.practitioner_id or wish.shared_clinic_id or own
    if owner_id is not None:
        plan = plan.only(owner_id, *plan.clinics_of(owner_id))
    lines, is_cut = closed_lines(
        plan,
        max(local_today(service), wish.starts_at.astimezone(zone).date() - ONE_DAY),
        wish.ends_at.astimezone(zone).date(),
        names,
    )
    who = names.get(owner_id, "") if owner_id else gettext("The whole service")
    preview = Preview(
        title=gettext("Check the leave or closure"),
        save=gettext("Save"),
        facts=[leave_title(service, who, wish.starts_at, wish.ends_at), wish.reason],
        lines=lines,
        lines_title=(
            gettext("These sessions do not take place as usual")
            if lines
            else gettext("There is no session at that time.")
        ),
        is_cut=is_cut,
    )
    found = find_stranded(session, change, now=now())
    return confirm_page(session, service, preview, found, problem=problem)


def _rules_preview(
    session: Session, service_id: UUID, nation: str, *, closes: bool, problem: WouldStrand | None = None
) -> str:
    service = find_service_to_set_up(session, actor(), service_id)
    change = plan_holidays(service, closes_on_bank_holidays=closes, nation=nation)
    before = load_plan(session, service, since=now())
    plan = change.apply(before)
    today = local_today(service)
    last = today + HOLIDAYS_SHOWN
    names = list_owner_names(session, service)
    lines, is_cut = holiday_lines(plan, today, last, names)
    preview = Preview(
        title=gettext("Check the bank holidays"),
        save=gettext("Save the rules"),
        facts=[
            holidays_text(service, closes=closes, nation=nation),
            *changed_holiday_texts(before, plan, today, last),
        ],
        lines=lines,
        lines_title=(
            gettext("Sessions on a bank holiday in the next 12 months")
            if lines
            else gettext("No session falls on a bank holiday in the next 12 months.")
        ),
        is_cut=is_cut,
    )
    found = find_stranded(session, change, now=now())
    return confirm_page(session, service, preview, found, problem=problem)


def _leave_page(form: LeaveForm, service_id: UUID) -> str:
    with reading() as session:
        service = find_service(session, actor(), service_id)
        own = only_own(actor(), service)
        people = [person for person in list_clinicians(session, service) if own in (None, person.id)]
        clinics = list_shared_clinics(session, actor(), service_id) if own is None else []
    form.owner.choices = [
        *([("", gettext("Choose"))] if own is None else []),
        *((owner_value(person.id, None), person.display_name) for person in people),
        *((owner_value(None, clinic.id), clinic.name) for clinic in clinics),
        *([(SERVICE, gettext("The whole service"))] if own is None else []),
    ]
    return render_template("schedules/leave.html", form=form, service_id=service_id)
