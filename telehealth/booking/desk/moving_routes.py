"""Reception moves an appointment: the old time stays until the new one is booked."""

from dataclasses import replace
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from telehealth.booking.desk.appointment_pages import open_appointment
from telehealth.booking.desk.booking_forms import MoveForm
from telehealth.booking.desk.just_done import find_done, remember_done
from telehealth.booking.desk.kept_times import held_context, kept_contexts
from telehealth.booking.desk.refusal_presenters import Problem
from telehealth.booking.desk.routes import bp
from telehealth.booking.desk.time_pages import explain_choice, read_wish, times_page_context
from telehealth.booking.desk.time_search import TimeSearch, read_search
from telehealth.booking.desk.told import told_text
from telehealth.booking.domain.appointment import Change
from telehealth.booking.models import Appointment, Hold
from telehealth.booking.policies import DESK
from telehealth.booking.services.appointments import AppointmentChanged
from telehealth.booking.services.claims import PatientBusy, SlotTaken
from telehealth.booking.services.desk_holds import (
    HoldRequest,
    find_hold,
    hold_for_move,
    list_kept_for_move,
    release_for_move,
)
from telehealth.booking.services.holds import release_hold
from telehealth.booking.services.managed import get_managed
from telehealth.booking.services.moving import MOVABLE, MoveRequest, move_appointment
from telehealth.error_pages import message_of
from telehealth.errors import Conflict, DomainError, NotFound, TooManyTries
from telehealth.extensions import actor, reading, transaction
from telehealth.guards import guarded
from telehealth.page_messages import NOTICE


@bp.get("/appointments/<uuid:appointment_id>/move")
@guarded(DESK)
def move(appointment_id: UUID) -> ResponseReturnValue:
    return _times_page(appointment_id)


@bp.post("/appointments/<uuid:appointment_id>/hold", endpoint="hold_for_move")
@guarded(DESK)
def hold_time(appointment_id: UUID) -> ResponseReturnValue:
    wish = read_wish()
    if wish is None:
        return _times_page(appointment_id, Problem(title=gettext("Choose a time"))), 422
    try:
        with transaction() as session:
            get_managed(session, actor(), appointment_id)
            held = release_for_move(session, actor(), appointment_id, wish)
        if held is None:
            with transaction() as session:
                held = hold_for_move(session, actor(), appointment_id, wish)
    except (SlotTaken, PatientBusy, TooManyTries, AppointmentChanged) as error:
        return _times_page(appointment_id, _explain(appointment_id, wish, error)), error.status
    return redirect(
        url_for(
            "booking.move_details",
            appointment_id=appointment_id,
            hold_id=held.id,
            **_arguments(appointment_id),
        ),
        303,
    )


@bp.post("/appointments/<uuid:appointment_id>/holds/<uuid:hold_id>/release", endpoint="release_move")
@guarded(DESK)
def release_time(appointment_id: UUID, hold_id: UUID) -> ResponseReturnValue:
    with transaction() as session:
        get_managed(session, actor(), appointment_id)
        release_hold(session, hold_id, actor().key)
    arguments = _arguments(appointment_id)
    return redirect(url_for("booking.move", appointment_id=appointment_id, **arguments), 303)


@bp.get("/appointments/<uuid:appointment_id>/holds/<uuid:hold_id>", endpoint="move_details")
@guarded(DESK)
def details(appointment_id: UUID, hold_id: UUID) -> ResponseReturnValue:
    with reading() as session:
        found = get_managed(session, actor(), appointment_id)
        is_gone = find_hold(session, actor(), found.service_id, hold_id) is None
    if is_gone and find_done(hold_id) == appointment_id:
        flash(gettext("You have just moved this appointment. It is at its new time."), NOTICE)
        return redirect(url_for("booking.appointment", appointment_id=appointment_id), 303)
    if is_gone:
        flash(gettext("That time is not kept any more. Choose a time."), NOTICE)
        return redirect(url_for("booking.move", appointment_id=appointment_id), 303)
    return _details_page(MoveForm(), appointment_id, hold_id)


@bp.post("/appointments/<uuid:appointment_id>/holds/<uuid:hold_id>", endpoint="move_held")
@guarded(DESK)
def move_held(appointment_id: UUID, hold_id: UUID) -> ResponseReturnValue:
    form = MoveForm()
    if not form.validate_on_submit():
        return _details_page(form, appointment_id, hold_id), 422
    try:
        told = _move(form, appointment_id, hold_id)
    except NotFound:
        raise
    except Conflict as error:
        hold = _find_hold(appointment_id, hold_id)
        wish = HoldRequest.of(hold) if hold else read_wish()
        problem = _explain(appointment_id, wish, error, hold_id) if wish else Problem(title=message_of(error))
        return _details_page(form, appointment_id, hold_id, problem), error.status
    remember_done(hold_id, appointment_id)
    flash(
        gettext("The appointment is moved. The link and the reference stay the same. %(told)s", told=told)
        if told
        else gettext(
            "The appointment is moved. The link and the reference stay the same: tell the patient the new time."
        )
    )
    return redirect(url_for("booking.appointment", appointment_id=appointment_id), 303)


def _move(form: MoveForm, appointment_id: UUID, hold_id: UUID) -> str:
    """How the patient hears of it."""
    wish = MoveRequest(
        version=form.version.data or 0,
        idempotency_key=form.idempotency_key.data or "",
        hold_id=hold_id,
        hold_owner=actor().key,
        note=form.note.data or "",
    )
    try:
        return _move_as(appointment_id, wish)
    except NotFound:
        is_gone = _find_hold(appointment_id, hold_id) is None
        chosen = read_wish()
        if not is_gone or chosen is None:
            raise
    # The page was open for so long that the hold is forgotten: the time itself may still be free.
    return _move_as(
        appointment_id,
        replace(
            wish,
            hold_id=None,
            schedule_id=chosen.schedule_id,
            starts_at=chosen.starts_at,
            mode=chosen.mode,
        ),
    )


def _move_as(appointment_id: UUID, wish: MoveRequest) -> str:
    with transaction() as session:
        moved = move_appointment(session, actor(), appointment_id, wish)
        return told_text(session, moved, Change.MOVED)


def _find_hold(appointment_id: UUID, hold_id: UUID) -> Hold | None:
    """What is kept for this move; None where it is over and forgotten."""
    with reading() as session:
        service_id = get_managed(session, actor(), appointment_id).service_id
        return find_hold(session, actor(), service_id, hold_id)


def _search(session: Session, appointment: Appointment) -> TimeSearch:
    zone = ZoneInfo(appointment.service.time_zone)
    return read_search(
        session,
        appointment.service,
        only_type=appointment.appointment_type,
        mode=appointment.mode,
        near=appointment.starts_at.astimezone(zone).date(),
    )


def _arguments(appointment_id: UUID) -> dict[str, Any]:
    with reading() as session:
        return _search(session, get_managed(session, actor(), appointment_id)).arguments


def _times_page(appointment_id: UUID, problem: Problem | None = None) -> str:
    with transaction() as session:
        found = get_managed(session, actor(), appointment_id)
        kept = list_kept_for_move(session, actor(), found.id)
        context = {
            **open_appointment(session, found),
            **times_page_context(
                session, found.service, _search(session, found), found.patient_id, kept=kept, moves=found
            ),
            "kept": kept_contexts(session, kept),
            "can_move": found.status in MOVABLE and found.appointment_type is not None,
        }
    return render_template("booking/move.html", problem=problem, typed={}, **context)


def _details_page(form: MoveForm, appointment_id: UUID, hold_id: UUID, problem: Problem | None = None) -> str:
    with transaction() as session:
        found = get_managed(session, actor(), appointment_id)
        hold = find_hold(session, actor(), found.service_id, hold_id)
        context = {
            **open_appointment(session, found),
            "held": held_context(session, hold) if hold else None,
            "arguments": _search(session, found).arguments,
            "can_move": found.status in MOVABLE,
        }
    return render_template(
        "booking/move_details.html", form=form, hold_id=hold_id, problem=problem, **context
    )


def _explain(
    appointment_id: UUID, wish: HoldRequest, error: DomainError, own_hold: UUID | None = None
) -> Problem:
    with transaction() as session:
        found = get_managed(session, actor(), appointment_id)
        return explain_choice(
            session,
            found.service,
            _search(session, found),
            wish,
            error,
            patient_id=found.patient_id,
            moves=found,
            own_hold=own_hold,
        )
