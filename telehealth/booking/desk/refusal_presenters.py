"""Why a time cannot be booked, in words for staff; and what to press instead."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from flask import url_for
from flask_babel import gettext

from telehealth.booking.models import Appointment
from telehealth.booking.services.explanations import Reason, ReasonCode
from telehealth.booking.services.owners import Owners
from telehealth.booking.services.refusals import Obstacle, RefusedTime
from telehealth.booking.services.restricted import Busy
from telehealth.booking.slot_values import slot_value
from telehealth.dates import instant_text, time_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """`lines`: what is in the way, each with a link where there is a page about it; `others`: free times, as buttons."""

    title: str
    lines: list[dict[str, str]] = field(default_factory=list)
    others: list[dict[str, Any]] = field(default_factory=list)


def problem_of(refused: RefusedTime, owners: Owners, time_zone: str, message: str) -> Problem:
    """`message`: what the refusal itself says; it stands alone where nothing is in the way any more."""
    lines = obstacle_lines(refused.obstacles, time_zone)
    when = instant_text(refused.starts_at, time_zone)
    title = message
    if lines:
        title = (
            gettext("%(when)s with %(name)s cannot be booked", when=when, name=refused.owner)
            if refused.owner
            else gettext("%(when)s cannot be booked", when=when)
        )
    return Problem(
        title=title,
        lines=lines,
        others=[
            {
                "value": slot_value(slot),
                "text": instant_text(slot.starts_at, time_zone),
                "name": owners.name_of(slot),
            }
            for slot in refused.others
        ],
    )


def obstacle_lines(obstacles: Iterable[Obstacle], time_zone: str) -> list[dict[str, str]]:
    """Each once, in words: `text`, and `url` of the appointment that is in the way, "" where it is not theirs to see."""
    lines: list[dict[str, str]] = []
    for obstacle in obstacles:
        line = {"text": _text(obstacle, time_zone), "url": _url(obstacle)}
        if line not in lines:
            lines.append(line)
    return lines


def shown_appointments(obstacles: Iterable[Obstacle]) -> list[Appointment]:
    """Those of which the words tell something: the trail says that they were seen."""
    found: dict[UUID, Appointment] = {}
    for obstacle in obstacles:
        if isinstance(obstacle.appointment, Appointment):
            found[obstacle.appointment.id] = obstacle.appointment
    return list(found.values())


def _url(obstacle: Obstacle) -> str:
    if isinstance(obstacle.appointment, Appointment):
        return url_for("booking.appointment", appointment_id=obstacle.appointment.id)
    return ""


def _text(obstacle: Obstacle, time_zone: str) -> str:
    reason = obstacle.reason
    if reason.code in (ReasonCode.BOOKED, ReasonCode.PATIENT_BUSY, ReasonCode.ROOM_TAKEN):
        return _appointment_text(reason.code, obstacle, time_zone)
    if reason.code in (ReasonCode.LEAVE, ReasonCode.CLOSED):
        return _closed_text(reason, obstacle.owner, time_zone)
    if reason.code is ReasonCode.HELD:
        if reason.until is None:
            return gettext("Somebody else is booking this time.")
        return gettext(
            "Somebody else is booking this time. It is kept for them until %(time)s.",
            time=time_text(reason.until, time_zone),
        )
    return {
        ReasonCode.PAST: gettext("This time has passed."),
        ReasonCode.TOO_SOON: gettext("It is too soon: this type needs more notice."),
        ReasonCode.TOO_FAR: gettext("It is further ahead than can be booked."),
        ReasonCode.OUTSIDE_SESSION: gettext("There is no session then that has room for it."),
        ReasonCode.SKIPPED_HOUR: gettext("This time does not exist: the clocks go forward that night."),
        ReasonCode.BANK_HOLIDAY: gettext(
            "%(name)s: the service is closed on this bank holiday.", name=reason.text
        ),
        ReasonCode.TYPE_NOT_OFFERED: gettext("“%(type)s” is not offered in this session.", type=reason.text),
        ReasonCode.MODE: gettext("This session does not offer this way of meeting."),
        ReasonCode.SKILL: gettext("It needs somebody with the skill “%(skill)s”.", skill=reason.text),
    }[reason.code]


def _appointment_text(code: ReasonCode, obstacle: Obstacle, time_zone: str) -> str:
    seen = obstacle.appointment
    if code is ReasonCode.PATIENT_BUSY:
        if isinstance(seen, Appointment):
            return gettext(
                "The patient already has an appointment then: %(when)s with %(name)s.",
                when=instant_text(seen.starts_at, time_zone),
                name=seen.clinician_name,
            )
        if isinstance(seen, Busy) and seen.service_name:
            return gettext(
                "The patient already has an appointment then, with %(service)s.", service=seen.service_name
            )
        return gettext("The patient is busy then.")
    if isinstance(seen, Appointment):
        words = (
            gettext("The room is taken: appointment %(reference)s, %(start)s to %(end)s.")
            if code is ReasonCode.ROOM_TAKEN
            else gettext("It is booked: appointment %(reference)s, %(start)s to %(end)s.")
        )
        return words % {
            "reference": seen.reference,
            "start": time_text(seen.starts_at, time_zone),
            "end": time_text(seen.ends_at, time_zone),
        }
    if code is ReasonCode.ROOM_TAKEN:
        return gettext("The room is taken then.")
    if obstacle.owner:
        return gettext("%(name)s is busy then.", name=obstacle.owner)
    return gettext("The clinician is busy then.")


def _closed_text(reason: Reason, owner: str, time_zone: str) -> str:
    until = instant_text(reason.until, time_zone) if reason.until else ""
    if reason.code is ReasonCode.LEAVE:
        return gettext(
            "%(name)s is on leave: %(reason)s, until %(until)s.", name=owner, reason=reason.text, until=until
        )
    return gettext("Closed: %(reason)s, until %(until)s.", reason=reason.text, until=until)
