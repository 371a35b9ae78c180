"""Reception's page of an appointment: what it is, its link, its history; and to cancel, confirm, or mark it as missed."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from telehealth.accounts.services.authorities import find_authorities
from telehealth.booking.code_texts import emergency_text
from telehealth.booking.desk.appointment_pages import open_appointment
from telehealth.booking.desk.booking_forms import CancelForm, ChangeForm, VersionForm
from telehealth.booking.desk.desks import desk_service
from telehealth.booking.desk.kept_times import kept_contexts
from telehealth.booking.desk.routes import bp
from telehealth.booking.desk.told import told_text
from telehealth.booking.domain.appointment import AppointmentStatus, Change, can_become
from telehealth.booking.history_presenters import history_lines, overbooking_text
from telehealth.booking.join_addresses import join_address
from telehealth.booking.models import Appointment
from telehealth.booking.policies import DESK
from telehealth.booking.safety_presenters import carer_text, send_lines
from telehealth.booking.services.attendance import mark_noshow, undo_noshow
from telehealth.booking.services.booking import confirm_appointment
from telehealth.booking.services.cancelling import cancel_appointment
from telehealth.booking.services.desk_holds import list_kept_for_move
from telehealth.booking.services.details import change_details
from telehealth.booking.services.history import list_steps
from telehealth.booking.services.links import count_tries, find_carer_links, make_link
from telehealth.booking.services.managed import get_managed
from telehealth.booking.services.protection import find_addressee, where_to_send
from telehealth.clock import now
from telehealth.error_pages import message_of
from telehealth.errors import DomainError, NotFound
from telehealth.extensions import actor, transaction
from telehealth.guards import guarded


@bp.get("/appointments/<uuid:appointment_id>")
@guarded(DESK)
def appointment(appointment_id: UUID) -> ResponseReturnValue:
    return _page(appointment_id)


@bp.route("/appointments/<uuid:appointment_id>/cancel", methods=["GET", "POST"])
@guarded(DESK)
def cancel(appointment_id: UUID) -> ResponseReturnValue:
    form = CancelForm()
    if request.method != "POST":
        return _cancel_page(appointment_id, form)
    reason = form.chosen()
    if reason is None:
        return _cancel_page(appointment_id, form), 422
    try:
        with transaction() as session:
            cancelled = cancel_appointment(
                session,
                actor(),
                appointment_id,
                version=form.version.data or 0,
                reason=reason,
                note=form.note.data or "",
            )
            told = told_text(session, cancelled, Change.CANCELLED)
    except NotFound:
        raise
    except DomainError as error:
        form.form_errors = [message_of(error)]
        return _cancel_page(appointment_id, form), error.status
    flash(
        gettext(
            "The appointment is cancelled and its time is free again. The patient is on the list to be seen. %(told)s",
            told=told or gettext("Nothing is sent to the patient now."),
        )
    )
    return redirect(url_for("booking.appointment", appointment_id=appointment_id), 303)


@bp.route("/appointments/<uuid:appointment_id>/details", methods=["GET", "POST"])
@guarded(DESK)
def change(appointment_id: UUID) -> ResponseReturnValue:
    """What it is about, and the interpreter."""
    form = ChangeForm()
    if request.method != "POST":
        return _change_page(appointment_id, form)
    if not form.is_complete():
        return _change_page(appointment_id, form), 422
    try:
        with transaction() as session:
            get_managed(session, actor(), appointment_id)
            change_details(
                session,
                actor(),
                appointment_id,
                version=form.version.data or 0,
                reason=form.reason.data or "",
                interpreter_language=form.interpreter_language.data or "",
                interpreter_joins=form.joins(),
            )
    except NotFound:
        raise
    except DomainError as error:
        form.form_errors = [message_of(error)]
        return _change_page(appointment_id, form), error.status
    flash(gettext("The details are changed."))
    return redirect(url_for("booking.appointment", appointment_id=appointment_id), 303)


@bp.post("/appointments/<uuid:appointment_id>/noshow")
@guarded(DESK)
def noshow(appointment_id: UUID) -> ResponseReturnValue:
    def mark(session: Session, version: int) -> None:
        mark_noshow(session, actor(), appointment_id, version=version)

    return _change(
        appointment_id,
        mark,
        gettext("It is noted that the patient did not attend. They are on the list to be seen."),
    )


@bp.post("/appointments/<uuid:appointment_id>/noshow/undo")
@guarded(DESK)
def undo(appointment_id: UUID) -> ResponseReturnValue:
    def take_back(session: Session, version: int) -> None:
        undo_noshow(session, actor(), appointment_id, version=version)

    return _change(
        appointment_id, take_back, gettext("It is taken back. The appointment is booked as before.")
    )


@bp.post("/appointments/<uuid:appointment_id>/confirm")
@guarded(DESK)
def confirm(appointment_id: UUID) -> ResponseReturnValue:
    def agree(session: Session, version: int) -> None:
        confirm_appointment(session, actor(), appointment_id, version=version)

    return _change(appointment_id, agree, gettext("The appointment is confirmed. Send the patient the link."))


def _change(appointment_id: UUID, act: Callable[[Session, int], None], success: str) -> ResponseReturnValue:
    """One button, pressed on the appointment as its page showed it."""
    form = VersionForm()
    if not form.validate_on_submit():
        return _page(appointment_id, gettext("Reload the page, then try again")), 422
    try:
        with transaction() as session:
            get_managed(session, actor(), appointment_id)
            act(session, form.version.data or 0)
    except NotFound:
        raise
    except DomainError as error:
        return _page(appointment_id, message_of(error)), error.status
    flash(success)
    return redirect(url_for("booking.appointment", appointment_id=appointment_id), 303)


def _page(appointment_id: UUID, problem: str = "") -> str:
    with transaction() as session:
        desk_service(session)
        found = get_managed(session, actor(), appointment_id)
        context = open_appointment(session, found)
        link = make_link(session, found)
        steps = list_steps(session, found)
        context |= {
            "join_link": join_address(link),
            "is_locked": count_tries(session, link).is_locked_for_good,
            "sending": []
            if context["is_hidden"]
            else send_lines(
                where_to_send(session, found), find_addressee(session, found), found.service.time_zone
            ),
            "kept": kept_contexts(session, list_kept_for_move(session, actor(), found.id)),
            "carers": _carer_links(session, found),
            "history": history_lines(steps, found),
            "overbooked_text": overbooking_text(steps),
            "can_noshow": found.starts_at <= now() and can_become(found.status, AppointmentStatus.NOSHOW),
            "is_unverified": not found.patient.is_verified,
            "verify_url": url_for("booking.verify_person", patient_id=found.patient_id),
        }
    return render_template("booking/appointment.html", problem=problem, **context)


def _change_page(appointment_id: UUID, form: ChangeForm) -> str:
    form.fill_joins()
    with transaction() as session:
        desk_service(session)
        found = get_managed(session, actor(), appointment_id)
        if request.method != "POST":
            form.show(found)
        context = open_appointment(session, found)
        advice = emergency_text(found.service)
    return render_template("booking/change_details.html", form=form, emergency_text=advice, **context)


def _cancel_page(appointment_id: UUID, form: CancelForm) -> str:
    form.fill_choices()
    with transaction() as session:
        desk_service(session)
        context = open_appointment(session, get_managed(session, actor(), appointment_id))
    return render_template("booking/cancel.html", form=form, **context)


def _carer_links(session: Session, appointment: Appointment) -> list[dict[str, Any]]:
    """Who may act for the patient today, each with the link that they have; nobody for a confidential appointment."""
    if appointment.is_confidential:
        return []
    links = find_carer_links(session, appointment)
    authorities = find_authorities(session, [appointment.patient_id]).get(appointment.patient_id, [])
    return [
        {
            "related_person_id": authority.related_person_id,
            "text": carer_text(authority, appointment.service.time_zone),
            "link": join_address(links[authority.related_person_id])
            if authority.related_person_id in links
            else "",
        }
        for authority in authorities
    ]
