"""The patient's pages in words: why a link does not open, the visit, the room, and what happens next."""

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from flask import url_for
from flask_babel import gettext

from telehealth.booking.domain.appointment import (
    JOIN_OPENS_BEFORE,
    AppointmentStatus,
    JoinWindow,
    Mode,
    join_window,
)
from telehealth.booking.models import Appointment
from telehealth.booking.services.links import LinkTries
from telehealth.clock import now
from telehealth.dates import date_text, instant_text, time_text
from telehealth.video.domain.encounter import EncounterStatus, Outcome
from telehealth.video.domain.presence import ParticipantRole
from telehealth.video.models import Encounter
from telehealth.video.texts import room_texts


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a link does not open the waiting room now, and what to do."""

    code: str
    title: str
    text: str
    opens_text: str | None = None


def altered_link() -> Refusal:
    return Refusal(
        "altered",
        gettext("This link does not work"),
        gettext(
            "It may be incomplete. Open it from your text message or email again, or copy all of it. "
            "If it still does not work, call us and we will send a new one."
        ),
    )


def locked_link(tries: LinkTries) -> Refusal:
    if tries.is_locked_for_good:
        return Refusal(
            "locked-for-good",
            gettext("This link is locked"),
            gettext(
                "The date of birth was wrong 10 times. Call us: we will make sure that it is you, "
                "and send a new link or phone you at the time of your appointment."
            ),
        )
    return Refusal(
        "locked",
        gettext("Too many tries"),
        gettext("The date of birth was wrong 5 times. Call us to join, or try again in an hour."),
    )


def phone_instead(appointment: Appointment, *, is_phone_safe: bool) -> Refusal:
    """Video is refused for a protected patient where no relay can hide the address.

    The words do not say why: somebody may be looking over the patient's shoulder.
    """
    if not is_phone_safe:
        return Refusal(
            "call-us",
            gettext("Call us about your appointment"),
            gettext(
                "Your appointment on %(when)s cannot be by video. Call us when it suits you, "
                "and we will find another way.",
                when=instant_text(appointment.starts_at, appointment.service.time_zone),
            ),
        )
    return Refusal(
        "phone",
        gettext("We will phone you"),
        gettext(
            "Your appointment on %(when)s is by phone. We will call you. You do not need your camera.",
            when=instant_text(appointment.starts_at, appointment.service.time_zone),
        ),
    )


def refusal_for(appointment: Appointment, encounter: Encounter | None) -> Refusal | None:
    """None where the waiting room is open for this appointment now."""
    zone = appointment.service.time_zone
    if appointment.status in (AppointmentStatus.CANCELLED, AppointmentStatus.ENTERED_IN_ERROR):
        return Refusal(
            "cancelled",
            gettext("Your appointment was cancelled"),
            gettext("Call us if you did not expect this, or to book another time."),
        )
    if encounter is not None and encounter.status is EncounterStatus.FINISHED:
        return Refusal(
            "finished",
            gettext("Your consultation has ended"),
            gettext("Call us if you still need help, or if you do not know what happens next."),
        )
    if appointment.status is AppointmentStatus.NOSHOW:
        return Refusal(
            "missed",
            gettext("You missed this appointment"),
            gettext(
                "It was on %(when)s. If you are late, call us: we may still be able to see you. "
                "Otherwise we will contact you about another time.",
                when=instant_text(appointment.starts_at, zone),
            ),
        )
    if appointment.status is AppointmentStatus.PENDING:
        return Refusal(
            "pending",
            gettext("We are checking your details"),
            gettext("When we have confirmed your appointment, this link opens it. Call us if it is soon."),
        )
    if encounter is not None and encounter.status in (EncounterStatus.ARRIVED, EncounterStatus.IN_PROGRESS):
        return None  # who waits may load the page again, however late the clinic runs
    window = join_window(appointment.starts_at, appointment.ends_at, now())
    if window is JoinWindow.EARLY:
        opens_at = appointment.starts_at - JOIN_OPENS_BEFORE
        day = opens_at.astimezone(ZoneInfo(zone)).date()
        opens = time_text(opens_at, zone)
        if day != now().astimezone(ZoneInfo(zone)).date():
            opens = f"{date_text(day)}, {opens}"
        return Refusal(
            "early",
            gettext("You are early"),
            gettext(
                "Your appointment is on %(when)s. You can join from 15 minutes before.",
                when=instant_text(appointment.starts_at, zone),
            ),
            gettext("Come back to this link from %(opens)s.", opens=opens),
        )
    if window is JoinWindow.LATE:
        return Refusal(
            "late",
            gettext("This appointment has passed"),
            gettext(
                "It was on %(when)s. Call us to book another time.",
                when=instant_text(appointment.starts_at, zone),
            ),
        )
    return None


def visit_context(appointment: Appointment) -> dict[str, Any]:
    room_url = url_for("video.room", appointment_id=appointment.id)
    return {
        "service_name": appointment.service.name,
        "starts_text": instant_text(appointment.starts_at, appointment.service.time_zone),
        "with_name": appointment.clinician_name,
        "room_url": room_url,
        "room_without_camera_url": f"{room_url}?camera=off",
        "own_url": url_for("own_appointment.show", appointment_id=appointment.id),
    }


def room_context(
    appointment: Appointment,
    role: ParticipantRole,
    token: str,
    *,
    camera_wanted: bool = True,
    is_hidden: bool = False,
) -> dict[str, Any]:
    """What the room's page and its script are given. `is_hidden`: the patient is not named to this clinician."""
    is_patient = role is ParticipantRole.PATIENT
    peer = appointment.clinician_name if is_patient else appointment.patient.display_name
    return {
        "role": role.value,
        "token": token,
        "token_url": url_for("video.room_token", appointment_id=appointment.id, role=role.value),
        "camera_wanted": camera_wanted,
        "service_name": appointment.service.name,
        "service_phone": appointment.service.phone,
        "with_name": gettext("Protected patient") if is_hidden else peer,
        "starts_text": instant_text(appointment.starts_at, appointment.service.time_zone),
        "appointment_id": str(appointment.id),
        "visit_url": url_for("video.visit", appointment_id=appointment.id),
        "after_url": url_for("video.after", appointment_id=appointment.id)
        if is_patient
        else url_for("clinic.consultation", appointment_id=appointment.id),
        "texts": room_texts(),
    }


def outcome_text(outcome: Outcome, mode: Mode = Mode.VIDEO) -> str:
    """For staff. `mode`: how it was planned; somebody who does not come to a clinic was not "not reached"."""
    is_in_person = mode is Mode.IN_PERSON
    return {
        Outcome.COMPLETED: gettext("Seen in person") if is_in_person else gettext("Completed by video"),
        Outcome.PHONE: gettext("Completed by phone"),
        Outcome.FACE_TO_FACE: gettext("Needs to be seen in person"),
        Outcome.NOT_REACHED: gettext("Did not attend") if is_in_person else gettext("Not reached"),
    }[outcome]


def outcomes_for(mode: Mode) -> list[Outcome]:
    """What a consultation can end with, the likeliest first."""
    if mode is Mode.PHONE:
        return [Outcome.PHONE, Outcome.COMPLETED, Outcome.FACE_TO_FACE, Outcome.NOT_REACHED]
    if mode is Mode.IN_PERSON:
        return [Outcome.COMPLETED, Outcome.PHONE, Outcome.NOT_REACHED]
    return list(Outcome)


def _after_title(outcome: Outcome | None, *, is_cancelled: bool, is_missed: bool) -> str:
    if outcome is Outcome.NOT_REACHED:
        return gettext("We could not reach you")
    if outcome is not None:
        return gettext("Your consultation has ended")
    if is_cancelled:
        return gettext("Your appointment was cancelled")
    if is_missed:
        return gettext("You missed this appointment")
    return gettext("You left the consultation")


def after_context(appointment: Appointment, encounter: Encounter | None) -> dict[str, Any]:
    """What the patient reads when it is over: what was agreed, or where things stand."""
    over = {
        # The heading says that it has ended; what follows is in the clinician's own words.
        Outcome.COMPLETED: "",
        Outcome.PHONE: "",
        Outcome.FACE_TO_FACE: gettext("You need to be seen in person. We will contact you to arrange it."),
        Outcome.NOT_REACHED: gettext("Call us to book another time."),
    }
    outcome = encounter.outcome if encounter else None
    is_cancelled = appointment.status in (AppointmentStatus.CANCELLED, AppointmentStatus.ENTERED_IN_ERROR)
    is_missed = appointment.status is AppointmentStatus.NOSHOW
    if outcome:
        outcome_text = over[outcome]
    elif is_cancelled:
        outcome_text = gettext("Call us if you did not expect this, or to book another time.")
    elif is_missed:
        outcome_text = gettext("Call us to book another time.")
    else:
        outcome_text = gettext("Your consultation has not ended yet. You can go back in.")
    return {
        "with_name": appointment.clinician_name,
        "title": _after_title(outcome, is_cancelled=is_cancelled, is_missed=is_missed),
        "was_spoken_to": outcome in (Outcome.COMPLETED, Outcome.PHONE, Outcome.FACE_TO_FACE),
        "outcome_text": outcome_text,
        "next_steps": encounter.next_steps if encounter else "",
        "service_phone": appointment.service.phone,
        "is_over": outcome is not None or is_cancelled or is_missed,
        "visit_url": url_for("video.visit", appointment_id=appointment.id),
    }
