"""The patient's way in: the link, the date of birth, getting ready, the room, and what happens next."""

from dataclasses import replace
from uuid import UUID

from flask import Blueprint, g, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from telehealth.accounts.forms import BirthDateForm, set_error
from telehealth.accounts.services.authorities import find_carer
from telehealth.accounts.session import remember_visit
from telehealth.audit.services import record_event
from telehealth.booking.domain.appointment import Mode
from telehealth.booking.join_addresses import link_signer
from telehealth.booking.models import Appointment, JoinLink
from telehealth.booking.policies import is_clinician_of, may_visit
from telehealth.booking.services.appointments import get_appointment
from telehealth.booking.services.links import count_tries, find_link, try_birth_date
from telehealth.clock import now
from telehealth.dates import instant_text
from telehealth.errors import NotFound
from telehealth.extensions import actor, reading, transaction
from telehealth.guards import ANYONE, guarded
from telehealth.page_service import speak_for, speak_for_the_only_service
from telehealth.video.domain.presence import ParticipantRole
from telehealth.video.policies import ROOM_TOKEN, VISIT
from telehealth.video.presenters import (
    Refusal,
    after_context,
    altered_link,
    locked_link,
    phone_instead,
    refusal_for,
    room_context,
    visit_context,
)
from telehealth.video.services.encounters import find_encounter, open_encounter
from telehealth.video.services.transport import is_phone_safe, must_be_phoned
from telehealth.video.sockets import has_relay
from telehealth.video.sockets import room_token as sign_room_token

bp = Blueprint("video", __name__)


@bp.route("/join/<token>", methods=["GET", "POST"])
@guarded(ANYONE)
def join(token: str) -> ResponseReturnValue:
    """A GET changes nothing (mail scanners follow links); the person's POST of the date of birth opens it."""
    form = BirthDateForm()
    with reading() as session:
        link = find_link(session, link_signer(), token)
        if link is None:
            speak_for_the_only_service()
            return _refused(altered_link())
        # Nobody has proved yet who they are: a restricted service is not named to them.
        speak_for(link.appointment.service, is_named=not link.appointment.service.is_restricted)
        if link.related_person_id is not None:
            form.ask_carer()
        refusal = refusal_for(link.appointment, find_encounter(session, link.appointment_id))
        tries = count_tries(session, link)
    # After the end the link leads to what was agreed, before the start to the appointment, which can be moved or
    # cancelled there; both only with the date of birth.
    is_early = refusal is not None and refusal.code == "early"
    if refusal and refusal.code not in ("finished", "early"):
        return _refused(refusal)
    early = refusal if is_early else None
    if tries.left == 0:
        return _refused(locked_link(tries))
    if request.method != "POST":
        return _join_page(form, link, None, early)
    born = form.born(now().date()) if form.validate_on_submit() else None
    if born is None:
        return _join_page(form, link, None, early), 422
    with transaction() as session:
        current = find_link(session, link_signer(), token)
        if current is None:
            return _refused(altered_link())
        is_right = try_birth_date(session, actor(), current, born)
        tries = count_tries(session, current)
        if is_right:
            remember_visit(
                session,
                link.appointment_id,
                related_person_id=link.related_person_id,
                patient_id=link.appointment.patient_id,
            )
    if is_right:
        is_call = link.appointment.mode is Mode.VIDEO
        endpoint = "own_appointment.show" if is_early or not is_call else "video.visit"
        return redirect(url_for(endpoint, appointment_id=link.appointment_id), 303)
    if tries.left == 0:
        return _refused(locked_link(tries))
    set_error(
        form.birth_date,
        gettext("That is not the date of birth we have for this appointment. Check it and try again."),
    )
    return _join_page(form, link, tries.left, early), 422


@bp.get("/visits/<uuid:appointment_id>")
@guarded(VISIT)
def visit(appointment_id: UUID) -> ResponseReturnValue:
    """Get ready: why the browser will ask for camera and microphone, before it asks."""
    with transaction() as session:
        appointment, refusal = _own_visit(session, appointment_id)
        if not refusal:
            _record_opening(session, "visit.opened", appointment)
    if refusal:
        return _refused_visit(refusal, appointment_id)
    return render_template("video/visit.html", visit=visit_context(appointment))


@bp.get("/visits/<uuid:appointment_id>/room")
@guarded(VISIT)
def room(appointment_id: UUID) -> ResponseReturnValue:
    with transaction() as session:
        appointment, refusal = _own_visit(session, appointment_id)
        if refusal:
            return _refused_visit(refusal, appointment_id)
        encounter = open_encounter(session, actor(), appointment_id)
        _record_opening(session, "room.opened", appointment)
    g.uses_camera = True
    return render_template(
        "video/room.html",
        room=room_context(
            appointment,
            ParticipantRole.PATIENT,
            sign_room_token(encounter, ParticipantRole.PATIENT, actor()),
            camera_wanted=request.args.get("camera") != "off",
        ),
    )


@bp.get("/visits/<uuid:appointment_id>/token")
@guarded(ROOM_TOKEN)
def room_token(appointment_id: UUID) -> ResponseReturnValue:
    """A fresh socket token for a page that reconnects. Raises NotFound for anybody but its participants."""
    role = ParticipantRole.CLINICIAN if request.args.get("role") == "clinician" else ParticipantRole.PATIENT
    who = actor()
    with transaction() as session:
        encounter = open_encounter(session, who, appointment_id)
        if role is ParticipantRole.PATIENT and not may_visit(who, encounter.appointment):
            raise NotFound
        if role is ParticipantRole.CLINICIAN and not is_clinician_of(who, encounter.appointment):
            raise NotFound
    return jsonify(token=sign_room_token(encounter, role, who))


@bp.get("/visits/<uuid:appointment_id>/after")
@guarded(VISIT)
def after(appointment_id: UUID) -> ResponseReturnValue:
    with transaction() as session:
        appointment = get_appointment(session, actor(), appointment_id)
        speak_for(appointment.service)
        encounter = find_encounter(session, appointment_id)
        _record_opening(session, "outcome.opened", appointment)
    return render_template("video/after.html", after=after_context(appointment, encounter))


def _own_visit(session: Session, appointment_id: UUID) -> tuple[Appointment, Refusal | None]:
    """The appointment that this browser's person proved to be theirs, and why it may not open. Raises NotFound."""
    appointment = get_appointment(session, actor(), appointment_id)
    if not may_visit(actor(), appointment):
        raise NotFound
    speak_for(appointment.service)
    refusal = refusal_for(appointment, find_encounter(session, appointment_id))
    if refusal is None and must_be_phoned(session, appointment_id, has_relay=has_relay()):
        # Before the browser asks for the camera: there will be no picture.
        refusal = phone_instead(appointment, is_phone_safe=is_phone_safe(session, appointment.patient))
    return appointment, refusal


def _record_opening(session: Session, action: str, appointment: Appointment) -> None:
    """The patient, or who acts for them, saw a page about this appointment."""
    carer = find_carer(session, actor(), appointment.id)
    record_event(
        session,
        replace(actor(), related_person_id=carer),
        action,
        subject_kind="appointment",
        subject_id=appointment.id,
        organisation_id=appointment.organisation_id,
        patient_id=appointment.patient_id,
        service_id=appointment.service_id,
    )


def _join_page(form: BirthDateForm, link: JoinLink, left: int | None, early: Refusal | None = None) -> str:
    zone = link.appointment.service.time_zone
    if link.related_person_id is not None:
        form.birth_date.label.text = gettext("What is the patient’s date of birth?")
    return render_template(
        "video/join.html",
        form=form,
        starts_text=instant_text(link.appointment.starts_at, zone),
        tries_left=left,
        is_carer=link.related_person_id is not None,
        early=early,
    )


def _refused_visit(refusal: Refusal, appointment_id: UUID) -> ResponseReturnValue:
    """Whoever proved who they are reads what happens next, not only that it is over."""
    if refusal.code == "finished":
        return redirect(url_for("video.after", appointment_id=appointment_id), 303)
    return _refused(refusal, own_url=url_for("own_appointment.show", appointment_id=appointment_id))


def _refused(refusal: Refusal, own_url: str = "") -> ResponseReturnValue:
    status = {
        "altered": 404,
        "locked": 429,
        "locked-for-good": 429,
        "cancelled": 410,
        "late": 410,
        "missed": 410,
    }.get(refusal.code, 200)
    return render_template("video/join_refused.html", refusal=refusal, own_url=own_url), status
