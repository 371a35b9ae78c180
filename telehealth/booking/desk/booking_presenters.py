"""The choice of a time and the details of a booking, in words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext

from telehealth.accounts.models import HealthcareService
from telehealth.booking.code_texts import follow_up_reason_text, part_of_day_text
from telehealth.booking.desk.time_search import TimeSearch
from telehealth.booking.domain.slots import PartOfDay, Slot
from telehealth.booking.models import AppointmentType, FollowUpRequest, Hold
from telehealth.booking.presenters import day_after_last, mode_text, time_item, whole_days
from telehealth.booking.services.owners import Owners
from telehealth.booking.slot_values import instant_value
from telehealth.dates import date_text, instant_text, short_date_text, time_text

TIMES_SHOWN = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeGroup:
    """The free times of one day."""

    key: str
    title: str
    times: list[dict[str, Any]]


def type_text(type_: AppointmentType) -> str:
    return gettext("%(name)s, %(minutes)s minutes", name=type_.name, minutes=type_.minutes)


def search_context(search: TimeSearch) -> dict[str, Any]:
    """The fields above the times, each with what is chosen."""
    refused = search.refused_mode
    return {
        "type_id": str(search.type.id) if search.type else "",
        "mode": search.mode.value,
        "follow_up": str(search.follow_up_id or ""),
        # What the times are for: it may have been chosen for the patient before.
        "chosen_text": gettext(
            "%(type)s, %(mode)s", type=type_text(search.type), mode=mode_text(search.mode).lower()
        )
        if search.type
        else "",
        "types": [
            {"value": str(type_.id), "text": type_text(type_), "selected": type_ is search.type}
            for type_ in search.types
        ],
        "modes": [
            {"value": mode.value, "text": mode_text(mode), "selected": mode is search.mode}
            for mode in (*search.type.modes, *_others(search))
        ]
        if search.type
        else [],
        "people": [
            {"value": "", "text": gettext("Anyone"), "selected": search.owner_id is None},
            *(
                {"value": str(key), "text": name, "selected": key == search.owner_id}
                for key, name in search.owners.names.items()
            ),
        ],
        "parts": [
            {"value": "", "text": gettext("Any time"), "selected": search.part is None},
            *(
                {"value": part.value, "text": part_of_day_text(part), "selected": part is search.part}
                for part in PartOfDay
            ),
        ],
        "from": search.from_date.isoformat() if search.from_date else "",
        "refused_text": gettext(
            "“%(type)s” is not offered this way: %(refused)s. These are times for: %(mode)s.",
            type=search.type.name,
            refused=mode_text(refused),
            mode=mode_text(search.mode),
        )
        if refused and search.type
        else "",
        "arguments": search.arguments,
    }


def times_context(
    slots: Sequence[Slot], owners: Owners, service: HealthcareService, *, is_first: bool
) -> dict[str, Any]:
    """The free times by day. `is_first`: nothing is left out before them, so that the first is the next there is."""
    shown = whole_days(list(slots), service, at_least=TIMES_SHOWN)
    groups = time_groups(shown, owners, service)
    return {
        "next": groups[0].times[0] if groups and is_first else None,
        "groups": groups,
        "next_day": day_after_last(shown, service),
    }


def time_groups(slots: Iterable[Slot], owners: Owners, service: HealthcareService) -> list[TimeGroup]:
    zone = ZoneInfo(service.time_zone)
    in_order = sorted(slots, key=lambda slot: (slot.starts_at, owners.name_of(slot)))
    return [
        TimeGroup(
            key=day.isoformat(),
            title=date_text(day),
            times=[time_item(slot, owners, service.time_zone) for slot in group],
        )
        for day, group in groupby(in_order, key=lambda slot: slot.starts_at.astimezone(zone).date())
    ]


def hold_context(
    hold: Hold, type_: AppointmentType, owner: str, room: str, now: datetime, time_zone: str
) -> dict[str, Any]:
    """What is held, and until when. `left_ms`: for the script that counts down, whatever its clock says."""
    return {
        "id": hold.id,
        "when": instant_text(hold.starts_at, time_zone),
        "owner": owner,
        "room": room,
        "type": type_text(type_),
        "mode": mode_text(hold.mode),
        "until": time_text(hold.expires_at, time_zone),
        "left_ms": (hold.expires_at - now) // timedelta(milliseconds=1),
        "is_lapsed": hold.expires_at <= now,
        # What the choice was, for the case that the hold itself is forgotten.
        "fields": {
            "schedule_id": str(hold.schedule_id),
            "starts_at": instant_value(hold.starts_at),
            "appointment_type_id": str(hold.appointment_type_id),
            "mode": hold.mode.value,
        },
    }


def request_text(request: FollowUpRequest) -> str:
    """For example "They did not attend (Review): to be seen by 3 February 2027"."""
    why = follow_up_reason_text(request.reason)
    by = short_date_text(request.see_by)
    if request.appointment_type is not None:
        return gettext(
            "%(why)s (%(type)s): to be seen by %(day)s", why=why, type=request.appointment_type.name, day=by
        )
    return gettext("%(why)s: to be seen by %(day)s", why=why, day=by)


def _others(search: TimeSearch) -> tuple[Any, ...]:
    """Ways that other types of the service have: whoever changes the type may choose the way with it."""
    offered = {mode for type_ in search.types for mode in type_.modes}
    own = set(search.type.modes) if search.type else set()
    return tuple(sorted(offered - own))
