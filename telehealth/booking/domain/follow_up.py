"""Nobody falls out: what must happen next for a patient, until when, and how it ends."""

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from telehealth.booking.domain.appointment_type import Priority


class FollowUpReason(StrEnum):
    """Why somebody is still to be seen."""

    CANCELLED = "cancelled"
    NOSHOW = "noshow"
    NOT_REACHED = "not-reached"
    SEE_AGAIN = "see-again"  # the clinician wants to see the patient again


class FollowUpStatus(StrEnum):
    """FHIR R4 RequestStatus."""

    ACTIVE = "active"
    COMPLETED = "completed"  # an appointment was booked for it
    REVOKED = "revoked"  # a clinician closed it, with a reason


# By when somebody is to be seen whose appointment did not take place.
SEE_WITHIN = {
    Priority.ROUTINE: timedelta(days=28),
    Priority.URGENT: timedelta(days=7),
    Priority.ASAP: timedelta(days=2),
    Priority.STAT: timedelta(days=0),
}


def see_by_after(missed_on: date, priority: Priority, earlier: date | None = None) -> date:
    """By when a patient is to be seen whose appointment on `missed_on` fell out.

    `earlier`: the date of the request that the appointment was booked for; a cancellation never moves it back.
    """
    wanted = missed_on + SEE_WITHIN[priority]
    return min(wanted, earlier) if earlier else wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class SeeAgain:
    """What a clinician wants at the end of a consultation. `see_by` None: as for an appointment that fell out."""

    see_by: date | None = None
    note: str = ""


class TimeUnit(StrEnum):
    """In what "see again in 6 months" is counted."""

    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"


# Nobody is asked back for longer; also keeps dates within what can be computed.
MOST_AHEAD = {TimeUnit.DAYS: 365, TimeUnit.WEEKS: 104, TimeUnit.MONTHS: 60}


def date_in(number: int, unit: TimeUnit, today: date) -> date:
    """The date so many days, weeks or months after `today`; the last day of a month that is too short."""
    if unit is not TimeUnit.MONTHS:
        return today + timedelta(days=number * (7 if unit is TimeUnit.WEEKS else 1))
    year, month = divmod(today.year * 12 + today.month - 1 + number, 12)
    return date(year, month + 1, min(today.day, calendar.monthrange(year, month + 1)[1]))
