"""What is said of a session before it is saved: whose it is, how long, and what may be wrong with it."""

from collections.abc import Iterable
from datetime import time

from flask_babel import gettext, ngettext

from telehealth.accounts.models import HealthcareService
from telehealth.booking.models import AppointmentType
from telehealth.booking.schedules.presenters import (
    list_text,
    modes_text,
    owner_name,
    rule_text,
    wall_time_text,
)
from telehealth.booking.services.clashes import Clash
from telehealth.booking.services.schedule_impact import rule_of
from telehealth.booking.services.schedule_wishes import ScheduleWish
from telehealth.dates import date_text

DAY_MINUTES = 24 * 60
# Nobody works longer at a stretch: it is mostly "am" typed for "pm".
LONGEST_WORK = 13 * 60


def length_text(starts: time, ends: time) -> str:
    """By the clock on the wall: "3 hours", "45 minutes", "3 hours and 30 minutes"."""
    hours, minutes = divmod(_length(starts, ends), 60)
    parts = []
    if hours:
        parts.append(ngettext("%(num)d hour", "%(num)d hours", hours))
    if minutes:
        parts.append(ngettext("%(num)d minute", "%(num)d minutes", minutes))
    return list_text(parts)


def warning_texts(
    service: HealthcareService, wish: ScheduleWish, types: Iterable[AppointmentType], clashes: Iterable[Clash]
) -> list[str]:
    """What to look at before the session is saved. `types`: those that were chosen for it."""
    return [
        *_long_texts(wish.starts, wish.ends),
        *misfit_texts(types, wish),
        *(_clash_text(clash, service) for clash in clashes),
    ]


def misfit_texts(types: Iterable[AppointmentType], wish: ScheduleWish) -> list[str]:
    """Of types that were chosen for a session: why nobody could ever book them in it."""
    texts = []
    length = _length(wish.starts, wish.ends)
    for type_ in types:
        if not wish.modes.intersection(type_.modes):
            texts.append(
                gettext(
                    "Nobody can book “%(type)s” in it. Tick one of its ways of meeting: %(modes)s.",
                    type=type_.name,
                    modes=modes_text(type_.modes),
                )
            )
        elif type_.minutes > length:
            texts.append(
                ngettext(
                    "Nobody can book “%(type)s” in it. It lasts %(num)d minute, longer than the session.",
                    "Nobody can book “%(type)s” in it. It lasts %(num)d minutes, longer than the session.",
                    type_.minutes,
                    type=type_.name,
                )
            )
    return texts


def _long_texts(starts: time, ends: time) -> list[str]:
    if _length(starts, ends) <= LONGEST_WORK:
        return []
    words = {
        "start": wall_time_text(starts),
        "end": wall_time_text(ends),
        "length": length_text(starts, ends),
    }
    if ends > starts:
        return [gettext("It goes on from %(start)s until %(end)s: %(length)s.", **words)]
    return [gettext("It goes on from %(start)s until %(end)s the next day: %(length)s.", **words)]


def _clash_text(clash: Clash, service: HealthcareService) -> str:
    """Which session is at the same time, from when on, and what comes of it."""
    schedule = clash.schedule
    who = owner_name(schedule)
    if clash.service.id != service.id:
        who = gettext("%(who)s in %(service)s", who=who, service=clash.service.name)
    words = {
        "who": who,
        "date": date_text(clash.on),
        "session": rule_text(rule_of(schedule), schedule.slot_minutes),
    }
    if clash.shares_room:
        return gettext(
            "%(room)s is used by %(who)s at the same time, first on %(date)s. %(session)s"
            " Only one of the two can be there in person.",
            room=schedule.room.name if schedule.room is not None else "",
            **words,
        )
    if clash.is_same_owner:
        return gettext(
            "%(who)s has another session at the same time, first on %(date)s. %(session)s"
            " No time is offered twice.",
            **words,
        )
    return gettext(
        "The same person is in two sessions at the same time, first on %(date)s. The other one: %(who)s. %(session)s",
        **words,
    )


def _length(starts: time, ends: time) -> int:
    """In minutes; a session of which the end is not after the start goes on until the next day."""
    return (_minutes(ends) - _minutes(starts)) % DAY_MINUTES or DAY_MINUTES


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute
