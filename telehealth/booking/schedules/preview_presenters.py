"""What a change of sessions would mean: the next weeks, and the appointments that it would leave outside."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from flask_babel import gettext

from telehealth.accounts.models import HealthcareService
from telehealth.actor import Actor
from telehealth.booking.domain.appointment import AppointmentStatus
from telehealth.booking.domain.session_plan import Occurrence, SessionPlan, SessionRule, find_clock_changes
from telehealth.booking.models import Appointment
from telehealth.booking.policies import DESK, may_manage, may_see
from telehealth.booking.presenters import mode_text
from telehealth.booking.schedules.presenters import leave_span_text, list_text, span_text
from telehealth.dates import date_text, instant_text, short_date_text, time_text

PREVIEW_WEEKS = 8
WEEK = timedelta(days=7)
# Whole leave of a year with several sessions a day.
MOST_LINES = 120


def preview_weeks(
    plan: SessionPlan, rules: Iterable[SessionRule], first: date, *, names: Mapping[UUID, str] | None = None
) -> list[dict[str, Any]]:
    """The sessions of `rules` in the eight weeks from `first`, by week, with what keeps one from taking place.

    `names`: of the owners, where more than one person's sessions are shown.
    """
    monday = first - timedelta(days=first.weekday())
    last = monday + PREVIEW_WEEKS * WEEK - timedelta(days=1)
    found = {
        start: list(days)
        for start, days in groupby(
            plan.occurrences(first, last, rules),
            key=lambda one: one.on - timedelta(days=one.on.weekday()),
        )
    }
    weeks = []
    for number in range(PREVIEW_WEEKS):
        start = monday + number * WEEK
        weeks.append(
            {
                "title": gettext("Week from %(date)s", date=short_date_text(start)),
                "notes": clock_texts(plan, start, start + WEEK - timedelta(days=1)),
                "lines": [occurrence_line(plan, one, names) for one in found.get(start, [])],
            }
        )
    return weeks


def clock_texts(plan: SessionPlan, first: date, last: date) -> list[str]:
    """For example "The clocks go back on Sunday 25 October 2026"."""
    return [
        gettext("The clocks go forward on %(date)s.", date=date_text(day))
        if is_forward
        else gettext("The clocks go back on %(date)s.", date=date_text(day))
        for day, is_forward in find_clock_changes(plan.zone, first, last)
    ]


def occurrence_line(
    plan: SessionPlan, occurrence: Occurrence, names: Mapping[UUID, str] | None = None
) -> dict[str, Any]:
    """One session: its date and times, and whether it takes place."""
    rule, zone = occurrence.rule, str(plan.zone)
    notes = []
    if occurrence.holiday:
        notes.append(
            gettext("%(holiday)s, takes place all the same", holiday=occurrence.holiday)
            if occurrence.is_open
            else gettext("%(holiday)s, no session", holiday=occurrence.holiday)
        )
    pieces = occurrence.pieces
    if occurrence.is_open and occurrence.closures:
        reasons = list_text(sorted({closure.reason for closure in occurrence.closures}))
        if not pieces:
            notes.append(gettext("%(reason)s, no session", reason=reasons))
        else:
            left = list_text(
                gettext(
                    "%(start)s to %(end)s", start=time_text(piece.start, zone), end=time_text(piece.end, zone)
                )
                for piece in pieces
            )
            notes.append(gettext("%(reason)s, only %(times)s", reason=reasons, times=left))
    owner = (names or {}).get(rule.owner_id, "") if rule.owner_id else ""
    return {
        "date": date_text(occurrence.on),
        "times": span_text(rule.starts, rule.ends),
        "owner": owner,
        "notes": notes,
        "takes_place": bool(pieces),
    }


def closed_lines(
    plan: SessionPlan, first: date, last: date, names: Mapping[UUID, str]
) -> tuple[list[dict[str, Any]], bool]:
    """The sessions from `first` to `last` that do not take place as usual; and whether there are more than shown."""
    return _lines(plan, [one for one in plan.occurrences(first, last) if one.pieces != [one.span]], names)


def holiday_lines(
    plan: SessionPlan, first: date, last: date, names: Mapping[UUID, str]
) -> tuple[list[dict[str, Any]], bool]:
    """The sessions from `first` to `last` that fall on a bank holiday; and whether there are more than shown."""
    return _lines(plan, [one for one in plan.occurrences(first, last) if one.holiday], names)


def changed_holiday_texts(before: SessionPlan, after: SessionPlan, first: date, last: date) -> list[str]:
    """Which days from `first` to `last` become bank holidays, and which are none any more."""
    were, will_be = before.holidays(first, last), after.holidays(first, last)
    texts = []
    if come := [_holiday_text(day, name) for day, name in will_be.items() if day not in were]:
        texts.append(gettext("New bank holidays: %(days)s.", days=list_text(come)))
    if go := [_holiday_text(day, name) for day, name in were.items() if day not in will_be]:
        texts.append(gettext("No bank holidays any more: %(days)s.", days=list_text(go)))
    return texts


def _holiday_text(day: date, name: str) -> str:
    return gettext("%(date)s (%(holiday)s)", date=date_text(day), holiday=name)


def _lines(
    plan: SessionPlan, found: Sequence[Occurrence], names: Mapping[UUID, str]
) -> tuple[list[dict[str, Any]], bool]:
    return [occurrence_line(plan, one, names) for one in found[:MOST_LINES]], len(found) > MOST_LINES


def stranded_rows(
    actor: Actor, appointments: Iterable[Appointment], hidden: Collection[UUID]
) -> list[dict[str, Any]]:
    """Appointments outside every session. `hidden`: patients whose names other services protect."""
    return [
        _stranded_row(actor, appointment, appointment.patient_id in hidden) for appointment in appointments
    ]


def _stranded_row(actor: Actor, appointment: Appointment, is_hidden: bool) -> dict[str, Any]:
    is_ours = may_see(actor, appointment)
    notes = []
    if appointment.status is AppointmentStatus.PENDING:
        notes.append(gettext("Reception has not confirmed it yet."))
    if appointment.is_overbooked:
        notes.append(gettext("Booked on top of others."))
    room = appointment.room.name if appointment.room and is_ours else ""
    if room:
        notes.append(gettext("Its room is %(room)s.", room=room))
    type_ = appointment.appointment_type
    if not is_ours:
        patient = gettext("A patient of another service")
    elif is_hidden:
        patient = gettext("Protected patient")
    else:
        patient = appointment.patient.display_name
    return {
        "id": appointment.id,
        "when": instant_text(appointment.starts_at, appointment.service.time_zone),
        "patient": patient,
        "type": type_.name if type_ and is_ours else "",
        "mode": mode_text(appointment.mode) if is_ours else "",
        "room": room,
        "clinician": appointment.clinician_name,
        # What to tell reception; of a patient whose name is hidden the time is enough.
        "reference": appointment.reference if is_ours and not is_hidden else "",
        "notes": " ".join(notes),
        # Reception's pages; others ask reception.
        "can_change": DESK.allows(actor) and may_manage(actor, appointment),
    }


def leave_title(service: HealthcareService, who: str, starts_at: Any, ends_at: Any) -> str:
    """For example "Dr Nia Pritchard: Tuesday 12 January 2027"."""
    return gettext("%(who)s: %(when)s", who=who, when=leave_span_text(starts_at, ends_at, service.time_zone))
