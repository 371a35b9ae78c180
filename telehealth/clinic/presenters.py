"""The clinic list and the consultation page, in words."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import url_for
from flask_babel import gettext, ngettext

from telehealth.booking.domain.appointment import AppointmentStatus, Mode
from telehealth.booking.history_presenters import overbooked_by_text
from telehealth.booking.interpreter_presenters import interpreter_text
from telehealth.booking.models import Appointment
from telehealth.booking.presenters import mode_text
from telehealth.booking.safety_presenters import companion_text, protection_text
from telehealth.clinic.services.shared import STILL_TO_SEE
from telehealth.clinic.services.today import ClinicRow, Safety
from telehealth.dates import age_in_years, ago_text, date_text, duration_text, time_text
from telehealth.video.domain.encounter import EncounterStatus, Outcome
from telehealth.video.domain.presence import HERE, MediaState, ParticipantRole, Presence
from telehealth.video.models import Encounter, Participant
from telehealth.video.presenters import outcome_text


@dataclass(frozen=True, slots=True)
class RowState:
    """What a row of the list says: a name for its look, the words, and the one main action."""

    name: str
    text: str
    action: dict[str, str] | None


def clinic_list(rows: list[ClinicRow], now: datetime, time_zone: str) -> dict[str, Any]:
    # Whom a colleague of a shared clinic has taken does not wait for this clinician.
    waiting = [row for row in rows if _is_waiting(row) and row.is_open_to_actor]
    waits = [_seconds_since(_patient(row.encounter).present_since, now) for row in waiting if row.encounter]
    first = waiting[0].appointment.id if waiting else None
    zone = ZoneInfo(time_zone)
    return {
        "date_text": date_text(now.astimezone(zone).date()),
        "waiting_count": len(waiting),
        "longest_wait_text": duration_text(max(waits)) if waits and max(waits) >= 60 else "",
        "running_late_text": _running_late_text(waiting, now),
        "admit_next_url": url_for("clinic.admit", appointment_id=first) if first else None,
        "rows": [_row(row, now, time_zone) for row in rows],
    }


def _row(row: ClinicRow, now: datetime, time_zone: str) -> dict[str, Any]:
    appointment = row.appointment
    state = _state(row, now)
    today = now.astimezone(ZoneInfo(time_zone)).date()
    years = age_in_years(appointment.patient.birth_date, today)
    is_hidden = row.safety.is_hidden
    return {
        "appointment_id": str(appointment.id),
        "time_text": time_text(appointment.starts_at, time_zone),
        "patient_name": gettext("Protected patient") if is_hidden else appointment.patient.display_name,
        "age_text": "" if is_hidden else ngettext("%(num)d year", "%(num)d years", years),
        "safety_text": safety_text(row, today, time_zone),
        "reason": appointment.reason,
        "mode_text": mode_text(appointment.mode),
        "type_text": appointment.appointment_type.name if appointment.appointment_type else "",
        "with_text": with_text(row),
        "overbooked_text": overbooked_text(row),
        "interpreter_text": interpreter_text(appointment.interpreter_language, appointment.interpreter_joins),
        "state": state.name,
        "state_text": state.text,
        "action": state.action if row.is_open_to_actor else None,
        "more": _more_actions(row, now),
        "version": appointment.version,
        "is_done": appointment.status in (AppointmentStatus.FULFILLED, AppointmentStatus.NOSHOW),
    }


def with_text(row: ClinicRow) -> str:
    """Of a shared clinic: whether somebody has taken the patient. "" for a clinician's own appointment."""
    appointment = row.appointment
    if appointment.lane is None:
        return ""
    clinic = appointment.lane.shared_clinic.name
    if appointment.practitioner is None:
        return gettext("%(clinic)s: not taken", clinic=clinic)
    if row.is_open_to_actor:
        return gettext("%(clinic)s: with you", clinic=clinic)
    return gettext("%(clinic)s: with %(name)s", clinic=clinic, name=appointment.practitioner.display_name)


def overbooked_text(row: ClinicRow) -> str:
    if not row.appointment.is_overbooked:
        return ""
    if row.overbooking is None or row.safety.is_hidden:
        return gettext("Overbooked")
    return overbooked_by_text(row.overbooking)


def _more_actions(row: ClinicRow, now: datetime) -> list[dict[str, str]]:
    """What else can be done with a row, beside its one main action. Forms are posted with the row's version."""
    appointment, more = row.appointment, []

    def add(name: str, label: str, endpoint: str, method: str = "post") -> None:
        url = url_for(endpoint, appointment_id=appointment.id)
        more.append({"name": name, "label": label, "url": url, "method": method})

    is_shared, is_taken = appointment.lane is not None, appointment.practitioner_id is not None
    is_here = row.encounter is not None and _patient(row.encounter).presence in HERE
    if appointment.status in STILL_TO_SEE:
        if is_shared and not is_taken:
            add("take", gettext("Take"), "clinic.take")
        elif is_shared and not row.is_open_to_actor:
            add("take-over", gettext("Take over"), "clinic.take_over", "get")
        elif is_shared and not _is_in_call(row):
            add("give-back", gettext("Give back"), "clinic.give_back")
        if row.is_open_to_actor and now >= appointment.starts_at and not is_here:
            add("noshow", gettext("Did not attend"), "clinic.mark_noshow")
    if appointment.status is AppointmentStatus.NOSHOW and row.is_open_to_actor:
        add("undo-noshow", gettext("They did attend"), "clinic.undo_noshow")
    return more


def _is_in_call(row: ClinicRow) -> bool:
    return row.encounter is not None and row.encounter.status is EncounterStatus.IN_PROGRESS


def safety_text(row: ClinicRow, today: date, time_zone: str) -> str:
    """What to know before admitting: protection, and who comes with the patient."""
    if row.safety.is_hidden:
        return gettext("Another service protects this patient. Their name is not shown here.")
    carer = _patient(row.encounter).related_person_id if row.encounter else None
    if row.safety.protections and carer is None:
        # Nobody may act for a protected patient: who was recorded before is no news here.
        return protection_text(row.safety.protections)
    parts = (
        protection_text(row.safety.protections),
        companion_text(
            row.appointment.patient,
            row.safety.authorities,
            carer,
            today,
            time_zone,
            is_confidential=row.appointment.is_confidential,
        ),
    )
    return ". ".join(part for part in parts if part)


def _state(row: ClinicRow, now: datetime) -> RowState:
    open_page = {
        "label": gettext("Open"),
        "url": url_for("clinic.consultation", appointment_id=row.appointment.id),
        "method": "get",
    }
    encounter = row.encounter
    if row.appointment.status is AppointmentStatus.NOSHOW and (
        encounter is None or encounter.status is not EncounterStatus.FINISHED
    ):
        return RowState("done", gettext("Did not attend"), open_page)
    if encounter is None or encounter.status is EncounterStatus.PLANNED:
        is_phoned = row.appointment.mode is Mode.PHONE
        words = gettext("To be phoned") if is_phoned else gettext("Not here yet")
        return RowState("expected", words, open_page)
    if encounter.status is EncounterStatus.FINISHED:
        done = outcome_text(encounter.outcome or Outcome.COMPLETED, row.appointment.mode)
        if row.has_signed_note or encounter.outcome is Outcome.NOT_REACHED:
            return RowState("done", done, open_page)
        return RowState("unsigned", gettext("%(outcome)s. Note unsigned", outcome=done), open_page)
    patient = _patient(encounter)
    seconds = _seconds_since(patient.present_since, now)
    since = duration_text(seconds)
    ago = ago_text(patient.present_since, now)
    if patient.presence is Presence.LOST:
        return RowState("dropped", gettext("Connection dropped %(ago)s", ago=ago), open_page)
    if patient.presence is Presence.LEFT:
        return RowState("left", gettext("Left %(ago)s", ago=ago), open_page)
    if encounter.status is EncounterStatus.IN_PROGRESS:
        in_call_s = _seconds_since(encounter.started_at or now, now)
        return RowState(
            "in-call",
            gettext("In call %(since)s", since=duration_text(in_call_s))
            if in_call_s >= 60
            else gettext("In call, just started"),
            {**open_page, "label": gettext("Return to call")},
        )
    return RowState(
        "waiting",
        gettext("Waiting %(since)s. %(equipment)s", since=since, equipment=equipment_text(patient))
        if seconds >= 60
        else gettext("Waiting, just arrived. %(equipment)s", equipment=equipment_text(patient)),
        {
            "label": gettext("Admit"),
            "url": url_for("clinic.admit", appointment_id=row.appointment.id),
            "method": "post",
        },
    )


def equipment_text(patient: Participant) -> str:
    """What the patient's camera and microphone do, for the clinician before admitting."""
    states = (patient.audio, patient.video)
    if states == (MediaState.ON, MediaState.ON):
        return gettext("Sound and picture fine")
    if MediaState.ASKING in states:
        return gettext("Checking sound and picture")
    if states == (MediaState.REFUSED, MediaState.REFUSED):
        return gettext("Camera and microphone not allowed")
    return f"{_device_text(patient.audio, is_camera=False)}, {_device_text(patient.video, is_camera=True)}"


def _device_text(state: MediaState, *, is_camera: bool) -> str:
    camera = {
        MediaState.ON: gettext("camera on"),
        MediaState.OFF: gettext("camera off"),
        MediaState.REFUSED: gettext("camera not allowed"),
        MediaState.MISSING: gettext("no camera found"),
        MediaState.BUSY: gettext("camera used by another program"),
        MediaState.ASKING: gettext("camera being checked"),
    }
    microphone = {
        MediaState.ON: gettext("Microphone on"),
        MediaState.OFF: gettext("Microphone off"),
        MediaState.REFUSED: gettext("Microphone not allowed"),
        MediaState.MISSING: gettext("No microphone found"),
        MediaState.BUSY: gettext("Microphone used by another program"),
        MediaState.ASKING: gettext("Microphone being checked"),
    }
    return (camera if is_camera else microphone)[state]


def encounter_context(
    appointment: Appointment,
    encounter: Encounter,
    now: datetime,
    safety: Safety,
    *,
    must_phone: bool = False,
    is_phone_safe: bool = False,
) -> dict[str, Any]:
    """`must_phone`: a protected patient's call cannot be relayed, so that there is no video."""
    row = ClinicRow(appointment=appointment, encounter=encounter, has_signed_note=True, safety=safety)
    state = _state(row, now)
    zone = appointment.service.time_zone
    return {
        "safety_text": safety_text(row, now.astimezone(ZoneInfo(zone)).date(), zone),
        # For the page's title, which the browser keeps in its history: never a name.
        "starts_text": time_text(appointment.starts_at, zone),
        "must_phone": must_phone,
        "is_phone_safe": is_phone_safe,
        "status": encounter.status.value,
        "state": state.name,
        "status_text": state.text,
        "page_url": url_for("clinic.consultation", appointment_id=appointment.id),
        "admit_url": url_for("clinic.admit", appointment_id=appointment.id),
        "end_url": url_for("clinic.end", appointment_id=appointment.id),
        "interpreter_text": interpreter_text(appointment.interpreter_language, appointment.interpreter_joins),
        "with_text": with_text(row),
        "by_phone": appointment.mode is Mode.PHONE,
        "in_person": appointment.mode is Mode.IN_PERSON,
        "can_admit": encounter.status is EncounterStatus.ARRIVED,
        "can_end": encounter.status
        in (EncounterStatus.PLANNED, EncounterStatus.ARRIVED, EncounterStatus.IN_PROGRESS),
        "is_missed": appointment.status is AppointmentStatus.NOSHOW,
        "outcome_text": outcome_text(encounter.outcome, appointment.mode) if encounter.outcome else "",
        "next_steps": encounter.next_steps,
    }


def _is_waiting(row: ClinicRow) -> bool:
    return (
        row.encounter is not None
        and row.encounter.status is EncounterStatus.ARRIVED
        and _patient(row.encounter).presence is Presence.WAITING
    )


def _patient(encounter: Encounter | None) -> Participant:
    if encounter is None:
        raise ValueError("nobody has come to this appointment yet")
    return encounter.participant(ParticipantRole.PATIENT)


def _seconds_since(instant: datetime, now: datetime) -> float:
    return (now - instant).total_seconds()


def _running_late_text(waiting: list[ClinicRow], now: datetime) -> str | None:
    if not waiting:
        return None
    late_s = _seconds_since(waiting[0].appointment.starts_at, now)
    return gettext("running %(minutes)s late", minutes=duration_text(late_s)) if late_s >= 60 else None
