"""The patient moves or cancels an appointment, within the rules of its type; signed in, or from their link."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from telehealth.accounts.policies import VISITOR
from telehealth.accounts.services.authorities import find_carer
from telehealth.audit.services import record_event
from telehealth.booking.code_texts import emergency_text
from telehealth.booking.domain.appointment import AppointmentStatus, CancelReason, Mode
from telehealth.booking.domain.appointment_type import Refusal
from telehealth.booking.form_fields import read_key
from telehealth.booking.models import Appointment, AppointmentType, Hold
from telehealth.booking.policies import may_visit
from telehealth.booking.self_service.forms import OwnCancelForm, OwnMoveForm
from telehealth.booking.self_service.hold_owner import hold_owner
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
from telehealth.booking.self_service.presenters import own_appointment, patients_mode_text
from telehealth.booking.services.appointments import get_appointment
from telehealth.booking.services.cancelling import cancel_own_appointment
from telehealth.booking.services.claims import PatientBusy, SlotTaken
from telehealth.booking.services.history import find_cancel_reason
from telehealth.booking.services.moving import MoveRequest, move_own_appointment
from telehealth.booking.services.own_rules import NotBookable, refuse_change, refuse_move
from telehealth.error_pages import message_of
from telehealth.errors import Conflict, DomainError, NotFound, TooManyTries
from telehealth.extensions import actor, reading, transaction
from telehealth.guards import guarded
from telehealth.page_service import speak_for

bp = Blueprint("own_appointment", __name__, url_prefix="/appointments/<uuid:appointment_id>")


@bp.get("")
@guarded(VISITOR)
def show(appointment_id: UUID) -> ResponseReturnValue:
    """When, with whom, how; what can be done about it."""
    with transaction() as session:
        appointment = _own(session, appointment_id)
        carer = find_carer(session, actor(), appointment.id)
        record_event(
            session,
            replace(actor(), related_person_id=carer),
            "own-appointments.opened",
            subject_kind="appointment",
            subject_id=appointment.id,
            organisation_id=appointment.organisation_id,
            patient_id=appointment.patient_id,
            service_id=appointment.service_id,
        )
        return _show_page(session, appointment)


@bp.route("/move", methods=["GET", "POST"])
@guarded(VISITOR)
def move(appointment_id: UUID) -> ResponseReturnValue:
    """The free times. Posted: one was chosen, and is kept; the old time stays until the new one is secured."""
    if request.method != "POST":
        return _times_page(appointment_id)
    try:
        with transaction() as session:
            appointment = _own(session, appointment_id)
            if refuse_move(appointment):
                return _show_page(session, appointment)
            hold = hold_choice(
                session,
                appointment.service,
                _type_of(appointment),
                _mode(appointment),
                patient_id=appointment.patient_id,
                moves=appointment,
            )
    except (SlotTaken, PatientBusy, NotBookable, TooManyTries) as error:
        pressed = _pressed_meanwhile(appointment_id)
        if pressed is None:
            return _times_page(appointment_id, error)
        hold = pressed
    remember_hold(hold)
    return redirect(url_for("own_appointment.check_move", appointment_id=appointment_id), 303)


@bp.route("/move/check", methods=["GET", "POST"])
@guarded(VISITOR)
def check_move(appointment_id: UUID) -> ResponseReturnValue:
    """From this time to that one?"""
    form = OwnMoveForm()
    # As the page says: of a button that is pressed twice the second press finds no hold, and what the first moved.
    hold_id = read_key(request.form.get("hold"))
    with reading() as session:
        appointment = _own(session, appointment_id)
        hold = _hold_of(session, appointment)
        if request.method != "POST":
            if hold is None:
                return redirect(url_for("own_appointment.move", appointment_id=appointment_id), 303)
            form.version.data = appointment.version
            return _move_page(session, appointment, hold, form)
        is_complete = form.validate_on_submit()
        if hold is not None and not is_complete:
            return _move_page(session, appointment, hold, form), 422
    try:
        if hold_id is None or not is_complete:
            raise NotFound
        with transaction() as session:
            move_own_appointment(
                session,
                actor(),
                appointment_id,
                MoveRequest(
                    version=form.version.data or 0,
                    idempotency_key=form.idempotency_key.data or "",
                    hold_id=hold_id,
                    hold_owner=hold_owner(),
                    mode=hold.mode if hold else None,
                ),
            )
    except (NotFound, Conflict) as error:
        if hold is None:
            flash(gettext("We do not keep a time for you any more. Choose a time again."))
            return redirect(url_for("own_appointment.move", appointment_id=appointment_id), 303)
        if isinstance(error, NotFound):
            raise
        with reading() as session:
            appointment = _own(session, appointment_id)
            form.version.data = appointment.version
            form.version.raw_data = None
            return _move_page(session, appointment, hold, form, error), error.status
    forget_hold()
    flash(gettext("Your appointment is moved. Your link and your reference stay the same."))
    return redirect(url_for("own_appointment.show", appointment_id=appointment_id), 303)


@bp.post("/move/back")
@guarded(VISITOR)
def back(appointment_id: UUID) -> ResponseReturnValue:
    """Another time is wanted: the one that was kept is free again."""
    with transaction() as session:
        day = drop_hold(session, _own(session, appointment_id).service)
    start: dict[str, Any] = {"from": day.isoformat() if day else None}
    return redirect(url_for("own_appointment.move", appointment_id=appointment_id, **start), 303)


@bp.route("/cancel", methods=["GET", "POST"])
@guarded(VISITOR)
def cancel(appointment_id: UUID) -> ResponseReturnValue:
    form = OwnCancelForm()
    form.fill_choices()
    with reading() as session:
        appointment = _own(session, appointment_id)
        if refuse_change(appointment):
            return _show_page(session, appointment)
        if request.method != "POST":
            form.version.data = appointment.version
            return _cancel_page(appointment, form)
        if not form.validate_on_submit():
            return _cancel_page(appointment, form), 422
    try:
        with transaction() as session:
            cancel_own_appointment(
                session,
                actor(),
                appointment_id,
                version=form.version.data or 0,
                reason=form.chosen(),
                note=form.note.data or "",
            )
    except NotFound:
        raise
    except Conflict as error:
        with reading() as session:
            appointment = _own(session, appointment_id)
            form.version.data = appointment.version
            return _cancel_page(appointment, form, message_of(error)), error.status
    # What becomes of them stands on the page that follows, as long as it is there.
    flash(gettext("Your appointment is cancelled."))
    return redirect(url_for("own_appointment.show", appointment_id=appointment_id), 303)


def _own(session: Session, appointment_id: UUID) -> Appointment:
    """Raises NotFound for anybody but the patient and who acts for them."""
    appointment = get_appointment(session, actor(), appointment_id)
    if not may_visit(actor(), appointment) or appointment.status is AppointmentStatus.ENTERED_IN_ERROR:
        raise NotFound
    speak_for(appointment.service)
    return appointment


def _type_of(appointment: Appointment) -> AppointmentType:
    if appointment.appointment_type is None:
        # Booked before there were types: reception moves it.
        raise NotFound
    return appointment.appointment_type


def _mode(appointment: Appointment) -> Mode:
    modes = _type_of(appointment).modes
    wanted = request.values.get("mode", appointment.mode.value)
    return next((mode for mode in modes if mode.value == wanted), modes[0])


def _hold_of(session: Session, appointment: Appointment) -> Hold | None:
    hold = kept_hold(session)
    is_meant = hold is not None and hold.moves_appointment_id == appointment.id and is_shown(hold)
    return hold if is_meant else None


def _show_page(session: Session, appointment: Appointment) -> str:
    refusal = refuse_change(appointment)
    is_cancelled = appointment.status is AppointmentStatus.CANCELLED
    reason = find_cancel_reason(session, appointment) if is_cancelled else None
    return render_template(
        "self_service/appointment.html",
        appointment=own_appointment(appointment),
        status=appointment.status.value,
        can_change=refusal is None,
        can_move=refuse_move(appointment) is None,
        is_too_late=refusal is Refusal.TOO_LATE,
        refusal=message_of(NotBookable(refusal)) if refusal else "",
        is_not_needed=reason is CancelReason.NOT_NEEDED,
        is_signed_in=actor().is_signed_in,
    )


def _pressed_meanwhile(appointment_id: UUID) -> Hold | None:
    """Of a double click both presses may look at once: the one that came too late finds what the other one got."""
    with reading() as session:
        appointment = _own(session, appointment_id)
        return find_pressed(session, _type_of(appointment), _mode(appointment), appointment)


def _times_page(appointment_id: UUID, error: DomainError | None = None) -> ResponseReturnValue:
    with reading() as session:
        appointment = _own(session, appointment_id)
        if refuse_move(appointment):
            return _show_page(session, appointment)
        type_, mode = _type_of(appointment), _mode(appointment)
        context = times_context(
            session,
            appointment.service,
            type_,
            mode,
            patient_id=appointment.patient_id,
            moves=appointment,
        )
        return render_template(
            "self_service/move.html",
            appointment=own_appointment(appointment),
            modes=[(each.value, patients_mode_text(each), each is mode) for each in type_.modes],
            mode=mode.value,
            problem=own_words(error, is_carer=_is_carer(session, appointment)),
            **context,
        ), error.status if error else 422 if context["day_error"] else 200


def _move_page(
    session: Session,
    appointment: Appointment,
    hold: Hold,
    form: OwnMoveForm,
    error: DomainError | None = None,
) -> str:
    others = (
        next_times(
            session,
            appointment.service,
            _type_of(appointment),
            hold.mode,
            appointment.patient_id,
            moves=appointment,
        )
        if error
        else []
    )
    return render_template(
        "self_service/move_check.html",
        appointment=own_appointment(appointment),
        held=held_context(session, appointment.service, hold),
        form=form,
        problem=own_words(error, is_carer=_is_carer(session, appointment)),
        others=others,
        mode=hold.mode.value,
    )


def _is_carer(session: Session, appointment: Appointment) -> bool:
    """With an account, or by a link of their own."""
    return find_carer(session, actor(), appointment.id) is not None


def _cancel_page(appointment: Appointment, form: OwnCancelForm, problem: str = "") -> str:
    return render_template(
        "self_service/cancel.html",
        appointment=own_appointment(appointment),
        form=form,
        problem=problem,
        can_move=refuse_move(appointment) is None,
        emergency_text=emergency_text(appointment.service),
    )
