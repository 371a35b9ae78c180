"""Free times and held times as patients read them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import blake2s
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext

from telehealth.accounts.models import HealthcareService
from telehealth.booking.code_texts import part_of_day_text
from telehealth.booking.domain.appointment import Mode
from telehealth.booking.domain.slots import PartOfDay, Slot, part_of_day
from telehealth.booking.models import Appointment, AppointmentType, Hold
from telehealth.booking.presenters import day_after_last, mode_text, time_item, whole_days
from telehealth.booking.services.owners import Owners
from telehealth.dates import date_text, instant_text, time_text

TIMES_SHOWN = 30


def patients_mode_text(mode: Mode) -> str:
    return {
        Mode.VIDEO: gettext("By video"),
        Mode.PHONE: gettext("By phone"),
        Mode.IN_PERSON: gettext("At the clinic"),
    }[mode]


def mode_items(type_: AppointmentType) -> list[dict[str, Any]]:
    hints = {
        Mode.VIDEO: gettext("You need a phone, tablet or computer with a camera. No app."),
        Mode.PHONE: gettext("We call you."),
        Mode.IN_PERSON: gettext("You come to us."),
    }
    return [
        {"value": mode.value, "text": patients_mode_text(mode), "hint": {"text": hints[mode]}}
        for mode in type_.modes
    ]


def type_items(types: Sequence[AppointmentType]) -> list[dict[str, Any]]:
    return [
        {
            "value": str(type_.id),
            "text": type_.name,
            "hint": {"text": gettext("%(minutes)s minutes", minutes=type_.minutes)},
        }
        for type_ in types
    ]


def days_of_times(slots: Sequence[Slot], owners: Owners, service: HealthcareService) -> dict[str, Any]:
    """Free times by day, and in a day by morning, afternoon and evening; the next one on its own."""
    zone = ZoneInfo(service.time_zone)
    shown = whole_days(one_of_each_start(slots), service, at_least=TIMES_SHOWN)
    in_order = sorted(shown, key=lambda slot: (slot.starts_at, owners.name_of(slot)))
    days = []
    for day, of_day in groupby(in_order, key=lambda slot: slot.starts_at.astimezone(zone).date()):
        parts = [
            {
                "title": part_of_day_text(part),
                "key": f"{day.isoformat()}-{part.value}",
                "times": [time_item(slot, owners, service.time_zone) for slot in of_part],
            }
            for part, of_part in groupby(of_day, key=lambda slot: _part(slot, zone))
        ]
        days.append({"title": date_text(day), "parts": parts})
    return {
        "next": time_item(in_order[0], owners, service.time_zone) if in_order else None,
        "days": days,
        "next_day": day_after_last(shown, service),
    }


def one_of_each_start(slots: Sequence[Slot]) -> list[Slot]:
    """Who asks for anyone chooses a time, not a person: of those who are free then one is offered.

    Always the same one, so that a page that is loaded again shows the same; another one at another time, so that
    nobody is booked first all day.
    """
    offered: dict[datetime, Slot] = {}
    for slot in slots:
        known = offered.get(slot.starts_at)
        if known is None or _turn(slot) < _turn(known):
            offered[slot.starts_at] = slot
    return [offered[start] for start in sorted(offered)]


def _turn(slot: Slot) -> bytes:
    owner = slot.practitioner_id or slot.schedule_id
    return blake2s(owner.bytes + slot.starts_at.isoformat().encode("ascii")).digest()


def _part(slot: Slot, zone: ZoneInfo) -> PartOfDay:
    return part_of_day(slot.starts_at.astimezone(zone).time())


def held_time(
    hold: Hold, type_: AppointmentType, owner: str, now: datetime, service: HealthcareService
) -> dict[str, Any]:
    return {
        # The page says which time it shows: another window may have chosen another one meanwhile.
        "key": hold.id.hex,
        "when": instant_text(hold.starts_at, service.time_zone),
        "owner": owner,
        "type": type_.name,
        "mode": patients_mode_text(hold.mode),
        "until": time_text(hold.expires_at, service.time_zone),
        "left_ms": (hold.expires_at - now) // timedelta(milliseconds=1),
        "is_lapsed": hold.expires_at <= now,
    }


def hear_by_text(starts_at: datetime, now: datetime, zone_name: str) -> str:
    """By when somebody who asked should have heard from us; "" where that is now.

    The last weekday before it, else an hour before it: afterwards they can still call, and be answered.
    """
    zone = ZoneInfo(zone_name)
    day = starts_at.astimezone(zone).date() - timedelta(days=1)
    while day.weekday() >= 5:
        day -= timedelta(days=1)
    if day > now.astimezone(zone).date():
        return date_text(day)
    last = starts_at - timedelta(hours=1)
    return instant_text(last, zone_name) if last - now >= timedelta(minutes=15) else ""


def own_appointment(appointment: Appointment) -> dict[str, Any]:
    """An appointment on the pages on which its patient changes it."""
    zone = appointment.service.time_zone
    type_ = appointment.appointment_type
    last = appointment.starts_at - timedelta(minutes=type_.change_minutes if type_ else 0)
    return {
        "id": appointment.id,
        "when": instant_text(appointment.starts_at, zone),
        "with_name": appointment.clinician_name,
        "service": appointment.service.name,
        "mode": mode_text(appointment.mode),
        "reference": appointment.reference,
        "version": appointment.version,
        "change_until": instant_text(last, zone),
        "is_by_video": appointment.mode is Mode.VIDEO,
    }
