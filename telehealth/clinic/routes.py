"""The clinic list that stays open all day, and the consultation page."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from flask import Blueprint, Flask, g, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from telehealth.accounts.session import BACKGROUND_HEADER
from telehealth.audit.services import record_event, was_recorded_since
from telehealth.booking.domain.appointment import Mode
from telehealth.booking.models import Appointment
from telehealth.booking.presenters import patient_card
from telehealth.booking.services.attendance import TakenByColleague
from telehealth.clinic.end_forms import EndTyped, end_form_context, faults_of, read_end_form, wish_of
from telehealth.clinic.policies import CLINIC
from telehealth.clinic.presenters import clinic_list, encounter_context
from telehealth.clinic.services.shared import find_taken_by_colleague
from telehealth.clinic.services.today import find_safety, own_service, todays_clinic
from telehealth.clinic.take_pages import taken_page
from telehealth.clock import now, uk_today
from telehealth.error_pages import message_of
from telehealth.errors import Conflict, InvalidInput, NotFound
from telehealth.extensions import actor, reading, transaction
from telehealth.guards import guarded
from telehealth.live import live_token
from telehealth.notes.presenters import note_context
from telehealth.notes.services import open_note
from telehealth.notes.texts import note_texts
from telehealth.page_service import speak_for
from telehealth.topics import clinic_topic
from telehealth.video.domain.encounter import OVER, Outcome
from telehealth.video.domain.presence import ParticipantRole
from telehealth.video.presenters import room_context
from telehealth.video.services.encounters import admit_patient, end_encounter, open_encounter
from telehealth.video.services.transport import is_phone_safe, must_be_phoned
from telehealth.video.sockets import has_relay, room_token

bp = Blueprint("clinic", __name__, url_prefix="/clinic")

# A page that stays open and fetches itself again is recorded anew after this time.
ONE_OPENING = timedelta(hours=4)


def register(app: Flask) -> None:
    # The note's form, when refused, shows the page that it stands on; `notes` may not import us.
    app.extensions["telehealth.consultation_page"] = consultation_page


@bp.get("")
@guarded(CLINIC)
def today() -> ResponseReturnValue:
    topics = [_own_topic()]
    return render_template(
        "clinic/today.html",
        clinic_list=_clinic_list(is_page=True),
        live={
            "token": live_token(actor(), topics),
            "token_url": url_for("clinic.live_token"),
            "topics": topics,
        },
    )


@bp.get("/list")
@guarded(CLINIC)
def today_list() -> ResponseReturnValue:
    """The fragment that the first load used too; a live page fetches it again."""
    return render_template("clinic/_list.html", clinic_list=_clinic_list(is_page=False))


@bp.get("/token", endpoint="live_token")
@guarded(CLINIC)
def live_token_json() -> ResponseReturnValue:
    return jsonify(token=live_token(actor(), [_own_topic()]))


@bp.post("/appointments/<uuid:appointment_id>/admit")
@guarded(CLINIC)
def admit(appointment_id: UUID) -> ResponseReturnValue:
    try:
        with transaction() as session:
            admit_patient(session, actor(), appointment_id)
    except TakenByColleague as error:
        return taken_page(appointment_id, error)
    return redirect(url_for("clinic.consultation", appointment_id=appointment_id), 303)


@bp.get("/consultations/<uuid:appointment_id>")
@guarded(CLINIC)
def consultation(appointment_id: UUID) -> ResponseReturnValue:
    with reading() as session:
        is_taken = find_taken_by_colleague(session, actor(), appointment_id) is not None
    if is_taken and BACKGROUND_HEADER not in request.headers:
        return redirect(url_for("clinic.take_over", appointment_id=appointment_id), 303)
    return consultation_page(appointment_id)


@bp.post("/consultations/<uuid:appointment_id>/end")
@guarded(CLINIC)
def end(appointment_id: UUID) -> ResponseReturnValue:
    typed = read_end_form(request.form)
    faults = faults_of(typed)
    if faults:
        return consultation_page(appointment_id, end_typed=replace(typed, errors=faults), status=422)
    try:
        with transaction() as session:
            end_encounter(
                session,
                actor(),
                appointment_id,
                outcome=Outcome(typed.outcome),
                next_steps=typed.next_steps,
                see_again=wish_of(typed, uk_today(), actor().display_name),
            )
    except TakenByColleague as error:
        return taken_page(appointment_id, error)
    except (InvalidInput, Conflict) as error:
        errors = {getattr(error, "field", None) or "outcome": message_of(error)}
        return consultation_page(appointment_id, end_typed=replace(typed, errors=errors), status=error.status)
    return redirect(url_for("clinic.consultation", appointment_id=appointment_id), 303)


def consultation_page(
    appointment_id: UUID,
    *,
    typed: Mapping[str, str] | None = None,
    note_errors: Mapping[str, str] | None = None,
    reason: str = "",
    end_typed: EndTyped | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    """Picture left, note right. What a refused form held is shown again."""
    with transaction() as session:
        encounter = open_encounter(session, actor(), appointment_id)
        note = open_note(session, actor(), encounter)
        appointment = encounter.appointment
        speak_for(appointment.service)
        _record_opening(session, appointment)
        is_over = encounter.status in OVER
        token = "" if is_over else room_token(encounter, ParticipantRole.CLINICIAN, actor())
        safety = find_safety(session, actor(), [appointment.patient_id])[appointment.patient_id]
        must_phone = not is_over and must_be_phoned(session, appointment.id, has_relay=has_relay())
        context = {
            # The guard against the wrong patient.
            "banner": patient_card(
                appointment.patient,
                now(),
                appointment.service.time_zone,
                protections=safety.protections,
                is_hidden=safety.is_hidden,
            ),
            "encounter": encounter_context(
                appointment,
                encounter,
                now(),
                safety,
                must_phone=must_phone,
                is_phone_safe=must_phone and is_phone_safe(session, appointment.patient),
            ),
            "room": None
            if is_over or must_phone or appointment.mode is not Mode.VIDEO
            else room_context(appointment, ParticipantRole.CLINICIAN, token, is_hidden=safety.is_hidden),
            "note": note_context(
                note, appointment.service.time_zone, typed=typed, errors=note_errors, reason=reason
            ),
            "note_texts": note_texts(),
            "end_form": end_form_context(end_typed or EndTyped(), appointment.mode),
            "clinic_url": url_for("clinic.today"),
        }
    g.uses_camera = context["room"] is not None
    return render_template("clinic/consultation.html", **context), status


def _own_topic() -> str:
    practitioner_id = actor().practitioner_id
    if practitioner_id is None:
        raise NotFound
    return clinic_topic(practitioner_id)


def _record_opening(session: Session, appointment: Appointment) -> None:
    """Once for each page that is loaded. The page fetches itself again whenever the consultation moves: that is no
    new opening. Whether there was one is asked of the trail, because a header alone could be made up.
    """
    is_fetch = BACKGROUND_HEADER in request.headers
    if is_fetch and was_recorded_since(
        session, actor(), "consultation.opened", appointment.id, now() - ONE_OPENING
    ):
        return
    record_event(
        session,
        actor(),
        "consultation.opened",
        subject_kind="appointment",
        subject_id=appointment.id,
        organisation_id=appointment.organisation_id,
        patient_id=appointment.patient_id,
        service_id=appointment.service_id,
    )


def _clinic_list(*, is_page: bool) -> dict[str, object]:
    """The list. Loading its page is recorded; the live fragment only where the page was not opened within hours."""
    is_opening = is_page or not _was_list_opened()
    with transaction() if is_opening else reading() as session:
        service = own_service(session, actor())
        speak_for(service)
        rows = todays_clinic(session, actor(), now(), service.time_zone)
        if is_opening:
            record_event(
                session,
                actor(),
                "clinic.opened",
                subject_kind="practitioner",
                subject_id=actor().practitioner_id,
                reason=str(len(rows)),
                service_id=service.id,
            )
        return clinic_list(rows, now(), service.time_zone)


def _was_list_opened() -> bool:
    with reading() as session:
        return was_recorded_since(
            session, actor(), "clinic.opened", actor().practitioner_id, now() - ONE_OPENING
        )
