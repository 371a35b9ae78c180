"""From which day somebody wants to see free times: the day that they chose, or that of what they move."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from flask import request
from flask_babel import gettext

from telehealth.accounts.models import HealthcareService
from telehealth.booking.models import AppointmentType
from telehealth.dates import date_text

# A browser without a calendar sends what was typed.
_TYPED_DAY = re.compile(r"(\d{1,2})[ ./-]+(\d{1,2})[ ./-]+(\d{4})")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenDay:
    """`day` None: from today. `error` says why what was chosen is no such day; `shown` is what the field shows."""

    day: date | None
    error: str
    shown: str
    today: date
    # The last day that can be booked online.
    last: date


def read_chosen_day(
    service: HealthcareService, type_: AppointmentType, now: datetime, near: date | None = None
) -> ChosenDay:
    """The day in the field `from`; where the page was asked for without one, `near`."""
    zone = ZoneInfo(service.time_zone)
    today, last = (
        now.astimezone(zone).date(),
        (now + timedelta(days=type_.days_ahead)).astimezone(zone).date(),
    )
    typed = request.values.get("from")
    day, error, shown = near, "", ""
    if typed is not None:
        wanted = _read(typed)
        error = _error_of(wanted, today, last) if typed.strip() else ""
        day = near if error else wanted
        shown = wanted.isoformat() if error and wanted else ""
    day = day if day is not None and today < day <= last else None
    if day is not None and not error:
        shown = day.isoformat()
    return ChosenDay(day=day, error=error, shown=shown, today=today, last=last)


def _error_of(day: date | None, today: date, last: date) -> str:
    if day is None:
        return gettext("Enter a real date, for example 5 3 2027")
    if day < today:
        return gettext("This day is over. Choose a day from today on")
    if day > last:
        return gettext("You can book online until %(day)s. Choose an earlier day", day=date_text(last))
    return ""


def _read(typed: str) -> date | None:
    typed = typed.strip()[:40]
    try:
        parts = _TYPED_DAY.fullmatch(typed) if typed.isascii() else None
        if parts is None:
            return date.fromisoformat(typed)
        day, month, year = (int(part) for part in parts.groups())
        return date(year, month, day)
    except ValueError:
        return None
