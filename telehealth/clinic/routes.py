"""The clinic list that stays open all day, and the consultation page."""

from collections.abc import Mapping
from uuid import UUID

from flask import Blueprint, Flask, g, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from telehealth.audit.services import record_event
from telehealth.booking.presenters import patient_card
from telehealth.clinic.policies import CLINIC
from telehealth.clinic.presenters import (
    clinic_list,
    encounter_context,
    end_form_context,
)
from telehealth.clinic.services import own_service, todays_clinic
from telehealth.clock import now
from telehealth.error_pages import message_of
from telehealth.errors import InvalidInput, NotFound
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
from telehealth.video.sockets import room_token

bp = Blueprint("clinic", __name__, url_prefix="/clinic")


def register(app: Flask) -> None:
    # The note's form, when refused, shows the page that it stands on; `notes` may not import us.
    app.extensions["telehealth.consultation_page"] = consultation_page


@bp.get("")
@guarded(CLINIC)
def today() -> ResponseReturnValue:
    topics = [_own_topic()]
    return render_template(
        "clinic/today.html",
        clinic_list=_clinic_list(),
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
    return render_template("clinic/_list.html", clinic_list=_clinic_list())


@bp.get("/token", endpoint="live_token")
@guarded(CLINIC)
def live_token_json() -> ResponseReturnValue:
    return jsonify(token=live_token(actor(), [_own_topic()]))


@bp.post("/appointments/<uuid:appointment_id>/admit")
@guarded(CLINIC)
def admit(appointment_id: UUID) -> ResponseReturnValue:
    with transaction() as session:
        admit_patient(session, actor(), appointment_id)
    return redirect(url_for("clinic.consultation", appointment_id=appointment_id), 303)


@bp.get("/consultations/<uuid:appointment_id>")
@guarded(CLINIC)
def consultation(appointment_id: UUID) -> ResponseReturnValue:
    return consultation_page(appointment_id)


@bp.post("/consultations/<uuid:appointment_id>/end")
@guarded(CLINIC)
def end(appointment_id: UUID) -> ResponseReturnValue:
    chosen, next_steps = request.form.get("outcome", ""), request.form.get("next_steps", "")
    next_steps = next_steps.replace("\r\n", "\n").replace("\x00", "")
    if chosen not in {outcome.value for outcome in Outcome}:
        return consultation_page(
            appointment_id,
            end_typed=(chosen, next_steps),
            end_errors={"outcome": gettext("Choose how the consultation ended")},
            status=422,
        )
    try:
        with transaction() as session:
            end_encounter(session, actor(), appointment_id, outcome=Outcome(chosen), next_steps=next_steps)
    except InvalidInput as error:
        return consultation_page(
            appointment_id,
            end_typed=(chosen, next_steps),
            end_errors={error.field or "outcome": message_of(error)},
            status=422,
        )
    return redirect(url_for("clinic.consultation", appointment_id=appointment_id), 303)


def consultation_page(
    appointment_id: UUID,
    *,
    typed: Mapping[str, str] | None = None,
    note_errors: Mapping[str, str] | None = None,
    reason: str = "",
    end_typed: tuple[str, str] = ("", ""),
    end_errors: dict[str, str] | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    """Picture left, note right. What a refused form held is shown again."""
    with transaction() as session:
        encounter = open_encounter(session, actor(), appointment_id)
        note = open_note(session, actor(), encounter)
        appointment = encounter.appointment
        speak_for(appointment.service)
        record_event(
            session,
            actor(),
            "consultation.opened",
            subject_kind="patient",
            subject_id=appointment.patient_id,
        )
        is_over = encounter.status in OVER
        token = "" if is_over else room_token(encounter, ParticipantRole.CLINICIAN, actor().account_id)
        context = {
            # The guard against the wrong patient.
            "banner": patient_card(appointment.patient, now(), appointment.service.time_zone),
            "encounter": encounter_context(appointment, encounter, now()),
            "room": None if is_over else room_context(appointment, ParticipantRole.CLINICIAN, token),
            "note": note_context(
                note, appointment.service.time_zone, typed=typed, errors=note_errors, reason=reason
            ),
            "note_texts": note_texts(),
            "end_form": end_form_context(*end_typed, errors=end_errors),
            "clinic_url": url_for("clinic.today"),
        }
    g.uses_camera = not is_over
    return render_template("clinic/consultation.html", **context), status


def _own_topic() -> str:
    practitioner_id = actor().practitioner_id
    if practitioner_id is None:
        raise NotFound
    return clinic_topic(practitioner_id)


def _clinic_list() -> dict[str, object]:
    with reading() as session:
        service = own_service(session, actor())
        speak_for(service)
        rows = todays_clinic(session, actor(), now(), service.time_zone)
        return clinic_list(rows, now(), service.time_zone)
