"""Sessions, leave and appointment types in sentences."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import get_day_names
from babel.lists import format_list
from flask_babel import get_locale, gettext, ngettext

from telehealth.accounts.domain.nations import NATIONS
from telehealth.accounts.models import HealthcareService
from telehealth.booking.domain.appointment import Mode
from telehealth.booking.domain.appointment_type import Booker, Priority
from telehealth.booking.domain.recurrence import Recurrence, Repeat, parse_rrule
from telehealth.booking.domain.session_plan import ONE_DAY, SessionRule
from telehealth.booking.models import AppointmentType, Schedule, ScheduleException, SharedClinic
from telehealth.booking.presenters import mode_text
from telehealth.booking.services.schedule_impact import rule_of
from telehealth.booking.services.shared_clinics import count_open_lanes
from telehealth.dates import date_text, short_date_text, time_text


def wall_time_text(value: time) -> str:
    """For example "9am" or "12:30pm"."""
    return time_text(datetime.combine(date(2000, 1, 1), value, UTC), "UTC")


def list_text(items: Iterable[str]) -> str:
    """For example "Monday, Tuesday and Friday"."""
    return format_list([str(item) for item in items], locale=get_locale() or "en_GB")


def weekday_name(weekday: int) -> str:
    return str(get_day_names("wide", locale=get_locale() or "en_GB")[weekday])


def nth_text(nth: int) -> str:
    return {
        1: gettext("first"),
        2: gettext("second"),
        3: gettext("third"),
        4: gettext("fourth"),
        -1: gettext("last"),
    }[nth]


def recurrence_text(recurrence: Recurrence, first_date: date) -> str:
    """For example "Every Tuesday", "Every other week on Tuesday", "The last Friday of each month"."""
    if recurrence.repeat is Repeat.ONCE:
        return gettext("Once, on %(date)s", date=date_text(first_date))
    days = list_text(weekday_name(day) for day in sorted(recurrence.weekdays))
    if recurrence.repeat is Repeat.MONTHLY:
        return gettext("The %(nth)s %(day)s of each month", nth=nth_text(recurrence.nth), day=days)
    if recurrence.interval == 2:
        return gettext("Every other week on %(days)s", days=days)
    if len(recurrence.weekdays) == 7:
        return gettext("Every day")
    return gettext("Every %(days)s", days=days)


def span_text(starts: time, ends: time) -> str:
    """For example "9am to 12:30pm"."""
    words = {"start": wall_time_text(starts), "end": wall_time_text(ends)}
    if ends > starts:
        return gettext("%(start)s to %(end)s", **words)
    return gettext("%(start)s to %(end)s the next day", **words)


def rule_text(rule: SessionRule, slot_minutes: int) -> str:
    """For example "Every Tuesday, 9am to 12:30pm, from 12 January 2027, by video and phone, every 15 minutes"."""
    recurrence = parse_rrule(rule.rrule)
    parts = [recurrence_text(recurrence, rule.first_date), span_text(rule.starts, rule.ends)]
    if recurrence.repeat is not Repeat.ONCE:
        parts.append(gettext("from %(date)s", date=short_date_text(rule.first_date)))
        if rule.last_date is not None:
            parts.append(gettext("until %(date)s", date=short_date_text(rule.last_date)))
    parts.append(modes_text(rule.modes))
    parts.append(ngettext("every minute", "every %(num)d minutes", slot_minutes))
    return gettext("%(sentence)s.", sentence=", ".join(parts))


def modes_text(modes: Iterable[Mode]) -> str:
    """For example "video and phone"."""
    wanted = set(modes)
    return list_text(mode_text(mode).lower() for mode in Mode if mode in wanted)


def is_once(schedule: Schedule) -> bool:
    return parse_rrule(schedule.rrule).repeat is Repeat.ONCE


def schedule_line(schedule: Schedule, *, has_begun: bool = False, has_left: bool = False) -> dict[str, Any]:
    """A session of the overview. `has_left`: whose session it is does not work in the service any more."""
    return {
        "id": schedule.id,
        "owner": owner_name(schedule),
        "text": rule_text(rule_of(schedule), schedule.slot_minutes),
        "details": details_text(
            [type_.name for type_ in schedule.types], schedule.room.name if schedule.room else ""
        ),
        "problem": gettext(
            "%(name)s no longer works here: it does not take place.", name=owner_name(schedule)
        )
        if has_left
        else "",
        "is_once": is_once(schedule),
        # Of one date nothing is left to change or to end once it has begun.
        "can_end": not (has_begun and is_once(schedule)),
    }


def details_text(types: Iterable[str], room: str) -> str:
    """What alone can be booked in a session, and where it is; "" where neither is said."""
    details = []
    if names := sorted(types):
        details.append(gettext("Only: %(types)s.", types=list_text(names)))
    if room:
        details.append(gettext("Room: %(room)s.", room=room))
    return " ".join(details)


def owner_name(schedule: Schedule) -> str:
    if schedule.practitioner is not None:
        return schedule.practitioner.display_name
    return schedule.shared_clinic.name if schedule.shared_clinic is not None else ""


def group_lines(lines: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The sessions of the overview by whose they are."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for line in lines:
        groups.setdefault(line["owner"], []).append(line)
    return [{"owner": owner, "lines": groups[owner]} for owner in sorted(groups)]


def leave_span_text(starts_at: datetime, ends_at: datetime, time_zone: str) -> str:
    """Whole days as dates, else with times: "12 January 2027 to 16 January 2027", "12 January 2027, 1pm to 5pm"."""
    zone = ZoneInfo(time_zone)
    start, end = starts_at.astimezone(zone), ends_at.astimezone(zone)
    if start.time() == end.time() == time(0):
        first, last = start.date(), end.date() - ONE_DAY
        if first == last:
            return date_text(first)
        return gettext("%(start)s to %(end)s", start=date_text(first), end=date_text(last))
    times = {"start": time_text(starts_at, time_zone), "end": time_text(ends_at, time_zone)}
    if start.date() == end.date():
        return gettext("%(date)s, %(start)s to %(end)s", date=date_text(start.date()), **times)
    return gettext(
        "%(first)s, %(start)s, to %(last)s, %(end)s",
        first=date_text(start.date()),
        last=date_text(end.date()),
        **times,
    )


def exception_line(
    exception: ScheduleException, service: HealthcareService, clinics: dict[Any, str]
) -> dict[str, Any]:
    if exception.practitioner is not None:
        who = exception.practitioner.display_name
    else:
        who = clinics.get(exception.shared_clinic_id, "") or gettext("The whole service")
    return {
        "id": exception.id,
        "who": who,
        "is_leave": exception.practitioner is not None,
        "when": leave_span_text(exception.starts_at, exception.ends_at, service.time_zone),
        "reason": exception.reason,
    }


def priority_text(priority: Priority) -> str:
    return {
        Priority.ROUTINE: gettext("Routine"),
        Priority.URGENT: gettext("Urgent: within days"),
        Priority.ASAP: gettext("Very urgent: within two days"),
        Priority.STAT: gettext("At once"),
    }[priority]


def booker_text(booker: Booker) -> str:
    return {
        Booker.STAFF: gettext("Staff only"),
        Booker.KNOWN: gettext("Staff, and patients whom the service knows"),
        Booker.ANYONE: gettext("Anyone: people whom the service does not know ask, and reception confirms"),
    }[booker]


def type_line(type_: AppointmentType) -> dict[str, Any]:
    parts = [
        ngettext("%(num)d minute", "%(num)d minutes", type_.minutes),
        modes_text(type_.modes),
        priority_text(type_.priority).lower(),
        {
            Booker.STAFF: gettext("booked by staff only"),
            Booker.KNOWN: gettext("booked by staff and known patients"),
            Booker.ANYONE: gettext("booked by anyone"),
        }[type_.booker],
    ]
    if type_.required_skill:
        parts.append(gettext("needs the skill %(skill)s", skill=type_.required_skill))
    return {
        "id": type_.id,
        "name": type_.name,
        "text": gettext("%(sentence)s.", sentence=", ".join(parts)),
        "is_active": type_.is_active,
    }


def missing_skill_text(skill: str, asking: Iterable[AppointmentType]) -> str:
    """Of a skill that types ask for in vain; `asking`: those types."""
    return gettext(
        "Nobody has the skill “%(skill)s” yet. Until somebody has it there are no free times for %(types)s.",
        skill=skill,
        types=list_text(type_.name for type_ in asking),
    )


def clinic_line(clinic: SharedClinic) -> dict[str, Any]:
    return {
        "id": clinic.id,
        "name": clinic.name,
        "text": seats_text(
            [member.practitioner.display_name for member in clinic.members], count_open_lanes(clinic)
        ),
    }


def seats_text(people: Iterable[str], lanes: int) -> str:
    """Who sits in a shared clinic, and how many patients they see at a time."""
    return gettext(
        "%(people)s. %(lanes)s",
        people=list_text(people),
        lanes=ngettext("One patient at a time.", "%(num)d patients at a time.", lanes),
    )


def holidays_text(
    service: HealthcareService, *, closes: bool | None = None, nation: str | None = None
) -> str:
    """`closes`, `nation`: as they would be; None: as they are."""
    nation = nation_text(service.nation if nation is None else nation)
    if service.closes_on_bank_holidays if closes is None else closes:
        return gettext("No sessions on the bank holidays of %(nation)s.", nation=nation)
    return gettext("Sessions take place on the bank holidays of %(nation)s too.", nation=nation)


def nation_text(nation: str) -> str:
    return {
        "england": gettext("England"),
        "wales": gettext("Wales"),
        "scotland": gettext("Scotland"),
        "northern-ireland": gettext("Northern Ireland"),
    }[nation]


def nation_choices() -> list[tuple[str, str]]:
    return [(nation, nation_text(nation)) for nation in NATIONS]
