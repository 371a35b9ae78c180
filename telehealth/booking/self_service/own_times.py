"""The free times that a patient chooses from, and the one that is kept for them."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import request
from flask import session as cookie
from flask_babel import gettext
from sqlalchemy.orm import Session

from telehealth.accounts.models import HealthcareService
from telehealth.booking.domain.appointment import Mode
from telehealth.booking.domain.claim import HOLD_FOR
from telehealth.booking.domain.slots import PartOfDay, Slot
from telehealth.booking.form_fields import read_key
from telehealth.booking.models import Appointment, AppointmentType, Hold
from telehealth.booking.self_service.chosen_day import read_chosen_day
from telehealth.booking.self_service.hold_owner import hold_owner
from telehealth.booking.self_service.presenters import (
    TIMES_SHOWN,
    days_of_times,
    held_time,
    one_of_each_start,
)
from telehealth.booking.services.availability import SlotQuery, find_slot, find_slots
from telehealth.booking.services.claims import PatientBusy, SlotTaken
from telehealth.booking.services.holds import find_live_hold, get_hold, hold_slot, is_lapsed, release_hold
from telehealth.booking.services.own_rules import check_time
from telehealth.booking.services.owners import find_owners
from telehealth.booking.services.refusals import owner_of
from telehealth.booking.slot_values import read_slot
from telehealth.clock import now
from telehealth.dates import date_text
from telehealth.error_pages import message_of
from telehealth.errors import DomainError, NotFound
from telehealth.extensions import actor

# Enough for several whole days of a small service; of a large one a day is looked at whole.
LOOKED_AT = 240
# Between two presses of one button, and the answers to them.
DOUBLE_CLICK = timedelta(seconds=30)
_HOLD = "hold"


def times_context(
    session: Session,
    service: HealthcareService,
    type_: AppointmentType,
    mode: Mode,
    *,
    patient_id: UUID | None,
    moves: Appointment | None = None,
    near: date | None = None,
) -> dict[str, Any]:
    """What the page with the free times shows, with what is chosen above them.

    `near`: the day that was looked at; a move begins at the appointment's own.
    """
    owners = find_owners(session, service)
    who = read_key(request.values.get("who", ""))
    who = who if who in owners.names else None
    part = next((each for each in PartOfDay if each.value == request.values.get("part")), None)
    hold = _own_hold(session)
    zone = ZoneInfo(service.time_zone)
    if moves is not None:
        near = near or moves.starts_at.astimezone(zone).date()
    chosen = read_chosen_day(service, type_, now(), near)
    day = chosen.day
    slots = _find_whole_days(
        session,
        service,
        SlotQuery(
            type=type_,
            mode=mode,
            from_date=day,
            days=type_.days_ahead + 1,
            practitioner_id=None if who in owners.clinics else who,
            shared_clinic_id=who if who in owners.clinics else None,
            part_of_day=part,
            for_patient=True,
            patient_id=patient_id,
            moves=moves,
            own_hold=hold.id if hold else None,
            limit=LOOKED_AT,
        ),
    )
    free = _elsewhere(slots, moves, mode)
    times = days_of_times(free, owners, service)
    if times["next_day"] and times["next_day"]["value"] > chosen.last.isoformat():
        times["next_day"] = None
    return {
        "times": times,
        "people": [(str(key), name, key == who) for key, name in owners.names.items()],
        "who": str(who or ""),
        "part": part.value if part else "",
        "parts": [each.value for each in PartOfDay],
        "from": day.isoformat() if day else "",
        "is_first": day is None,
        "day_error": chosen.error,
        "shown_day": chosen.shown,
        "today": chosen.today.isoformat(),
        "last_day": chosen.last.isoformat(),
        "last_day_text": date_text(chosen.last),
        # Where the day that was asked for has no free time the list begins later.
        "full_day": date_text(day) if day and free and not _is_on(free[0], day, zone) else "",
    }


def _find_whole_days(session: Session, service: HealthcareService, query: SlotQuery) -> list[Slot]:
    """Free times of whole days: what the limit cuts off a day is on no page, since the next page begins a day later."""
    found = find_slots(session, service, query, now=now())
    if query.limit is None or len(found) < query.limit:
        return found
    zone = ZoneInfo(service.time_zone)
    last_day = found[-1].starts_at.astimezone(zone).date()
    whole = [slot for slot in found if slot.starts_at.astimezone(zone).date() < last_day]
    if len(one_of_each_start(whole)) >= TIMES_SHOWN:
        return whole
    rest = find_slots(session, service, replace(query, from_date=last_day, days=1, limit=None), now=now())
    return whole + rest


def _is_on(slot: Slot, day: date, zone: ZoneInfo) -> bool:
    return slot.starts_at.astimezone(zone).date() == day


def _elsewhere(slots: list[Slot], moves: Appointment | None, mode: Mode) -> list[Slot]:
    """Without the very time that an appointment has: nobody moves it to where it is."""
    if moves is None or mode is not moves.mode:
        return slots
    here = (moves.starts_at, moves.practitioner_id)
    return [slot for slot in slots if (slot.starts_at, slot.practitioner_id) != here]


def next_times(
    session: Session,
    service: HealthcareService,
    type_: AppointmentType,
    mode: Mode,
    patient_id: UUID | None,
    moves: Appointment | None = None,
) -> list[dict[str, Any]]:
    """The next three free times, for whoever did not get theirs."""
    query = SlotQuery(
        type=type_,
        mode=mode,
        days=type_.days_ahead + 1,
        for_patient=True,
        patient_id=patient_id,
        moves=moves,
        limit=TIMES_SHOWN + 1,
    )
    found = _elsewhere(find_slots(session, service, query, now=now()), moves, mode)
    shown = days_of_times(found, find_owners(session, service), service)
    return [time for day in shown["days"] for part in day["parts"] for time in part["times"]][:3]


def hold_choice(
    session: Session,
    service: HealthcareService,
    type_: AppointmentType,
    mode: Mode,
    *,
    patient_id: UUID | None,
    moves: Appointment | None = None,
) -> Hold:
    """Keep the time whose button was pressed. Raises SlotTaken, PatientBusy, NotBookable, TooManyTries."""
    pressed = find_pressed(session, type_, mode, moves)
    if pressed is not None:
        return pressed
    choice = read_slot(request.form.get("slot", "")[:100])
    if choice is None:
        raise SlotTaken
    schedule_id, starts_at = choice
    if not timedelta(days=-1) < starts_at - now() < timedelta(days=732):
        raise SlotTaken
    earlier = _own_hold(session)
    slot = find_slot(
        session,
        service,
        SlotQuery(
            type=type_,
            mode=mode,
            # Not whether the patient is busy then: the claims say so, in words of their own.
            moves=moves,
            own_hold=earlier.id if earlier else None,
        ),
        schedule_id=schedule_id,
        starts_at=starts_at,
        now=now(),
    )
    if slot is None:
        raise SlotTaken
    check_time(type_, slot.starts_at, now())
    return hold_slot(
        session,
        actor(),
        service,
        slot,
        type_=type_,
        mode=mode,
        owner=hold_owner(),
        address=actor().address or request.remote_addr or "",
        patient_id=patient_id,
        moves=moves,
        replaces=earlier.id if earlier else None,
    )


def find_pressed(
    session: Session, type_: AppointmentType, mode: Mode, moves: Appointment | None = None
) -> Hold | None:
    """The hold of the very time whose button was pressed, where it was pressed a moment ago: a double click is one."""
    choice, hold = read_slot(request.form.get("slot", "")[:100]), _own_hold(session)
    if choice is None or hold is None or hold.expires_at < now() + HOLD_FOR - DOUBLE_CLICK:
        return None
    wanted = (*choice, type_.id, mode, moves.id if moves else None)
    kept = (hold.schedule_id, hold.starts_at, hold.appointment_type_id, hold.mode, hold.moves_appointment_id)
    return hold if kept == wanted else None


def _own_hold(session: Session) -> Hold | None:
    """What is kept for this browser, or where its cookie says nothing of one: for this person, perhaps elsewhere."""
    hold = kept_hold(session)
    return hold if hold is not None and not is_lapsed(hold, now()) else find_live_hold(session, hold_owner())


def remember_hold(hold: Hold) -> None:
    """After the commit: the cookie says which time is this browser's."""
    cookie[_HOLD] = hold.id.hex


def forget_hold() -> None:
    cookie.pop(_HOLD, None)


def kept_hold(session: Session) -> Hold | None:
    """The time that is kept for this browser, also one that has lapsed."""
    key = read_key(cookie.get(_HOLD, ""))
    if key is None:
        return None
    try:
        return get_hold(session, key, hold_owner())
    except NotFound:
        return None


def is_shown(hold: Hold) -> bool:
    """False for a page that shows another time than the one that is kept: somebody chose in two windows."""
    return request.method != "POST" or request.form.get("hold", "") == hold.id.hex


def drop_hold(session: Session, service: HealthcareService) -> date | None:
    """Going back gives the time back; returns its day, for which other times are looked for."""
    hold = kept_hold(session)
    forget_hold()
    if hold is None:
        return None
    day = hold.starts_at.astimezone(ZoneInfo(service.time_zone)).date()
    release_hold(session, hold.id, hold_owner())
    return day


def own_words(error: DomainError | None, *, is_carer: bool) -> str:
    """Why it did not work, said to the patient, without anybody else's data; `is_carer`: to whom acts for them."""
    if error is None:
        return ""
    if isinstance(error, PatientBusy) and not is_carer:
        return gettext("You already have an appointment at that time. Choose another time.")
    if isinstance(error, PatientBusy) or (isinstance(error, SlotTaken) and error.code == "slot-taken"):
        # To somebody who acts for a patient it says no more: what is confidential is not even there.
        return gettext("This time is not free any more. Choose another one.")
    return message_of(error)


def held_context(session: Session, service: HealthcareService, hold: Hold) -> dict[str, Any]:
    type_ = session.get_one(AppointmentType, hold.appointment_type_id)
    return held_time(hold, type_, owner_of(session, service, hold.schedule_id), now(), service)
