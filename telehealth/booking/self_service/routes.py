"""Patients book themselves, one question a page: what for, how, when, details, check, done.

Between the pages keys travel in the address and what was typed in the form; nothing personal is in an address.
"""

from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from telehealth.accounts.models import HealthcareService, Patient
from telehealth.booking.code_texts import emergency_text
from telehealth.booking.domain.appointment import AppointmentStatus, Mode
from telehealth.booking.form_fields import read_key
from telehealth.booking.models import Appointment, AppointmentType, Hold
from telehealth.booking.self_service.answers import AnyForm, answers, typed_values
from telehealth.booking.self_service.booked_here import done_context, last_booked, remember_booked
from telehealth.booking.self_service.forms import (
    AskingForm,
    OwnBookingForm,
)
from telehealth.booking.self_service.own_times import (
    drop_hold,
    find_pressed,
    forget_hold,
    held_context,
    hold_choice,
    is_shown,
    kept_hold,
    next_times,
    own_words,
    remember_hold,
    times_context,
)
from telehealth.booking.self_service.presenters import (
    mode_items,
    patients_mode_text,
    type_items,
)
from telehealth.booking.self_service.sent_form import book_sent
from telehealth.booking.services.claims import PatientBusy, SlotTaken
from telehealth.booking.services.own_rules import NotBookable
from telehealth.booking.services.self_service import (
    find_bookable_people,
    get_bookable_service,
    list_bookable_services,
    list_bookable_types,
)
from telehealth.clock import uk_today
from telehealth.errors import N_, Conflict, DomainError, NotFound, TooManyTries
from telehealth.extensions import actor, reading, transaction
from telehealth.guards import ANYONE, guarded
from telehealth.page_service import speak_for, speak_for_the_only_service

bp = Blueprint("self_service", __name__, url_prefix="/book")

_STANDS = (AppointmentStatus.BOOKED, AppointmentStatus.PENDING)


class _HoldGone(SlotTaken):
    """The page was left open for so long that nobody knows any more which time it was."""

    def __init__(self) -> None:
        super().__init__("hold-gone", N_("We do not keep a time for you any more. Choose a time again."))


@bp.get("")
@guarded(ANYONE)
def services() -> ResponseReturnValue:
    speak_for_the_only_service()
    with reading() as session:
        people = find_bookable_people(session, actor())
        found = list_bookable_services(session, actor(), people)
    if len(found) == 1:
        return redirect(url_for("self_service.what", service_id=found[0].id), 303)
    return render_template("self_service/services.html", services=found, is_known=bool(people))


@bp.get("/<uuid:service_id>")
@guarded(ANYONE)
def what(service_id: UUID) -> ResponseReturnValue:
    """What for?"""
    with reading() as session:
        service, people = _service(session, service_id)
        types = list_bookable_types(session, service, is_known=bool(people))
    if request.args.get("type") is not None:
        type_ = _named_type(types)
        if type_ is not None:
            return redirect(url_for("self_service.how", service_id=service_id, type=type_.id), 303)
    return render_template(
        "self_service/what.html",
        service_id=service_id,
        items=type_items(types),
        error=gettext("Choose what you need") if request.args.get("type") is not None else "",
        is_known=bool(people),
    ), 422 if request.args.get("type") is not None else 200


@bp.get("/<uuid:service_id>/how")
@guarded(ANYONE)
def how(service_id: UUID) -> ResponseReturnValue:
    """By video, by phone, or in person? Asked only where there is a choice."""
    with reading() as session:
        _, type_ = _service_and_type(session, service_id)
    chosen = request.args.get("mode")
    mode = next((each for each in type_.modes if each.value == chosen), None)
    if len(type_.modes) == 1:
        mode = type_.modes[0]
    if mode is not None:
        return redirect(
            url_for("self_service.when", service_id=service_id, type=type_.id, mode=mode.value), 303
        )
    return render_template(
        "self_service/how.html",
        service_id=service_id,
        type_id=type_.id,
        items=mode_items(type_),
        error=gettext("Choose how you want to meet") if chosen is not None else "",
    ), 422 if chosen is not None else 200


@bp.route("/<uuid:service_id>/when", methods=["GET", "POST"])
@guarded(ANYONE)
def when(service_id: UUID) -> ResponseReturnValue:
    """The free times. Posted: a time was chosen, and is kept while the details are typed."""
    if request.method != "POST" or "slot" not in request.form:
        return _times_page(service_id)
    try:
        with transaction() as session:
            service, type_ = _service_and_type(session, service_id)
            people = find_bookable_people(session, actor())
            hold = hold_choice(
                session, service, type_, _mode(type_), patient_id=people[0].id if len(people) == 1 else None
            )
    except (SlotTaken, PatientBusy, NotBookable, TooManyTries) as error:
        pressed = _pressed_meanwhile(service_id)
        if pressed is None:
            return _times_page(service_id, error)
        hold = pressed
    remember_hold(hold)
    if typed_values():
        # Another time for what was typed already.
        with reading() as session:
            service, people = _service(session, service_id)
            return _details_page(session, service, people, hold, _form(people))
    return redirect(url_for("self_service.details", service_id=service_id), 303)


@bp.post("/<uuid:service_id>/back")
@guarded(ANYONE)
def back(service_id: UUID) -> ResponseReturnValue:
    """Choose another time: the one that was kept is free again at once, and what was typed goes along."""
    with transaction() as session:
        service, type_ = _service_and_type(session, service_id)
        day = drop_hold(session, service)
        chosen: dict[str, Any] = {"type": type_.id, "mode": _mode(type_).value}
    if typed_values():
        return _times_page(service_id, near=day)
    chosen["from"] = day.isoformat() if day else None
    return redirect(url_for("self_service.when", service_id=service_id, **chosen), 303)


@bp.route("/<uuid:service_id>/details", methods=["GET", "POST"])
@guarded(ANYONE)
def details(service_id: UUID) -> ResponseReturnValue:
    """What it is about, and for a stranger who they are. Posted from the check page to change something."""
    with reading() as session:
        service, people = _service(session, service_id)
        hold = _hold_of(session, service)
        if hold is None and request.method == "POST" and typed_values():
            return _times_page(service_id, _HoldGone())
        if hold is None:
            return redirect(url_for("self_service.what", service_id=service_id), 303)
        form = _form(people)
        if request.method != "POST" and isinstance(form, OwnBookingForm):
            known = people[0].interpreter_language if len(people) == 1 else ""
            form.needs_interpreter.data, form.interpreter_language.data = (
                ("yes", known) if known else ("no", "")
            )
        return _details_page(session, service, people, hold, form)


@bp.post("/<uuid:service_id>/check")
@guarded(ANYONE)
def check(service_id: UUID) -> ResponseReturnValue:
    """Everything once more, before it is booked."""
    with reading() as session:
        service, people = _service(session, service_id)
        hold = _hold_of(session, service)
        form = _form(people)
        if hold is None:
            return _times_page(service_id, _HoldGone())
        if not _is_complete(form, people, hold):
            return _details_page(session, service, people, hold, form), 422
        return render_template(
            "self_service/check.html",
            service_id=service_id,
            held=held_context(session, service, hold),
            rows=answers(form, people),
            typed=typed_values(),
            key=form.idempotency_key.data,
            type_id=hold.appointment_type_id,
            mode=hold.mode.value,
            is_known=bool(people),
        )


@bp.post("/<uuid:service_id>/confirm")
@guarded(ANYONE)
def confirm(service_id: UUID) -> ResponseReturnValue:
    # As the page says: of a button that is pressed twice the second press finds no hold, and what the first booked.
    hold_id = read_key(request.form.get("hold"))
    with reading() as session:
        service, people = _service(session, service_id)
        form = _form(people)
        hold = _hold_of(session, service)
        is_complete = _is_complete(form, people, hold)
        if hold_id is None or (hold is None and not is_complete):
            return _times_page(service_id, _HoldGone())
        if hold is not None and not is_complete:
            return _details_page(session, service, people, hold, form), 422
    try:
        with transaction() as session:
            booked_id = book_sent(session, form, service_id, hold_id).id
    except (NotFound, Conflict, TooManyTries) as error:
        if hold is None:
            return _times_page(service_id, _HoldGone())
        if isinstance(error, NotFound):
            raise
        with reading() as session:
            service, people = _service(session, service_id)
            return _details_page(session, service, people, hold, _form(people), error), error.status
    forget_hold()
    remember_booked(booked_id)
    return redirect(url_for("self_service.done"), 303)


@bp.get("/done")
@guarded(ANYONE)
def done() -> ResponseReturnValue:
    """What was booked in this browser last."""
    key = last_booked()
    with reading() as session:
        appointment = session.get(Appointment, key) if key else None
        if appointment is None or appointment.status not in _STANDS:
            return redirect(url_for("self_service.services"), 303)
        speak_for(appointment.service)
        return render_template("self_service/done.html", **done_context(session, appointment))


def _service(session: Session, service_id: UUID) -> tuple[HealthcareService, list[Patient]]:
    people = find_bookable_people(session, actor())
    service = get_bookable_service(session, actor(), people, service_id)
    speak_for(service)
    return service, people


def _pressed_meanwhile(service_id: UUID) -> Hold | None:
    """Of a double click both presses may look at once: the one that came too late finds what the other one got."""
    with reading() as session:
        _, type_ = _service_and_type(session, service_id)
        return find_pressed(session, type_, _mode(type_))


def _service_and_type(session: Session, service_id: UUID) -> tuple[HealthcareService, AppointmentType]:
    service, people = _service(session, service_id)
    type_ = _named_type(list_bookable_types(session, service, is_known=bool(people)))
    if type_ is None:
        raise NotFound
    return service, type_


def _named_type(types: Any) -> AppointmentType | None:
    key = read_key(request.values.get("type", ""))
    return next((type_ for type_ in types if type_.id == key), None)


def _mode(type_: AppointmentType) -> Mode:
    return next((each for each in type_.modes if each.value == request.values.get("mode")), type_.modes[0])


def _form(people: list[Patient]) -> AnyForm:
    if people:
        own = OwnBookingForm()
        own.fill_choices(people)
        return own
    asking = AskingForm()
    asking.fill_choices()
    return asking


def _is_complete(form: AnyForm, people: list[Patient], hold: Hold | None) -> bool:
    if isinstance(form, OwnBookingForm):
        return form.is_complete(people)
    # Both, so that every error is shown at once.
    has_details = form.details(uk_today()) is not None
    return form.is_complete(hold.mode if hold else None) and has_details


def _hold_of(session: Session, service: HealthcareService) -> Hold | None:
    """The time that is kept here, where it is the one that the page shows."""
    hold = kept_hold(session)
    is_meant = (
        hold is not None
        and hold.service_id == service.id
        and hold.moves_appointment_id is None
        and is_shown(hold)
    )
    return hold if is_meant else None


def _times_page(
    service_id: UUID, error: DomainError | None = None, near: date | None = None
) -> ResponseReturnValue:
    with reading() as session:
        service, type_ = _service_and_type(session, service_id)
        people = find_bookable_people(session, actor())
        mode = _mode(type_)
        context = times_context(
            session, service, type_, mode, patient_id=people[0].id if len(people) == 1 else None, near=near
        )
        return render_template(
            "self_service/when.html",
            service_id=service_id,
            type_id=type_.id,
            type_name=type_.name,
            mode=mode.value,
            mode_text=patients_mode_text(mode),
            problem=own_words(error, is_carer=bool(actor().represents)),
            typed=typed_values(),
            **context,
        ), error.status if error else 422 if context["day_error"] else 200


def _details_page(
    session: Session,
    service: HealthcareService,
    people: list[Patient],
    hold: Hold,
    form: AnyForm,
    error: DomainError | None = None,
) -> str:
    type_ = session.get_one(AppointmentType, hold.appointment_type_id)
    return render_template(
        "self_service/details.html",
        service_id=service.id,
        held=held_context(session, service, hold),
        form=form,
        people=people,
        emergency_text=emergency_text(service),
        problem=own_words(error, is_carer=bool(actor().represents)),
        others=next_times(session, service, type_, hold.mode, people[0].id if len(people) == 1 else None)
        if error
        else [],
        type_id=type_.id,
        mode=hold.mode.value,
    )
