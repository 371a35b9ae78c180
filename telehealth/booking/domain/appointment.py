"""An appointment's statuses and what may follow what. FHIR R4 AppointmentStatus."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo


class AppointmentStatus(StrEnum):
    PROPOSED = "proposed"
    PENDING = "pending"
    BOOKED = "booked"
    ARRIVED = "arrived"
    CHECKED_IN = "checked-in"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"
    NOSHOW = "noshow"
    WAITLIST = "waitlist"
    ENTERED_IN_ERROR = "entered-in-error"


class Mode(StrEnum):
    """How patient and clinician meet."""

    VIDEO = "video"
    PHONE = "phone"
    IN_PERSON = "in-person"


NEXT_STATUSES: Mapping[AppointmentStatus, frozenset[AppointmentStatus]] = {
    # Asked for by somebody whom the service does not know yet.
    AppointmentStatus.PENDING: frozenset(
        {AppointmentStatus.BOOKED, AppointmentStatus.CANCELLED, AppointmentStatus.ENTERED_IN_ERROR}
    ),
    AppointmentStatus.BOOKED: frozenset(
        {
            AppointmentStatus.ARRIVED,
            AppointmentStatus.CHECKED_IN,
            AppointmentStatus.FULFILLED,
            AppointmentStatus.CANCELLED,
            AppointmentStatus.NOSHOW,
            AppointmentStatus.ENTERED_IN_ERROR,
        }
    ),
    AppointmentStatus.ARRIVED: frozenset(
        {
            AppointmentStatus.CHECKED_IN,
            AppointmentStatus.FULFILLED,
            AppointmentStatus.CANCELLED,
            AppointmentStatus.NOSHOW,
            AppointmentStatus.ENTERED_IN_ERROR,
        }
    ),
    AppointmentStatus.CHECKED_IN: frozenset(
        {AppointmentStatus.FULFILLED, AppointmentStatus.CANCELLED, AppointmentStatus.ENTERED_IN_ERROR}
    ),
    AppointmentStatus.FULFILLED: frozenset({AppointmentStatus.ENTERED_IN_ERROR}),
    AppointmentStatus.NOSHOW: frozenset({AppointmentStatus.BOOKED, AppointmentStatus.ENTERED_IN_ERROR}),
}

# It will not take place, and stands in nobody's way.
GONE = (AppointmentStatus.CANCELLED, AppointmentStatus.ENTERED_IN_ERROR)
JOIN_OPENS_BEFORE = timedelta(minutes=15)
JOIN_CLOSES_AFTER = timedelta(minutes=60)


def can_become(current: AppointmentStatus, wanted: AppointmentStatus) -> bool:
    """True where a change of status is meaningful."""
    return wanted in NEXT_STATUSES.get(current, frozenset())


class JoinWindow(StrEnum):
    """Where a moment lies with regard to the time in which a link opens the waiting room."""

    EARLY = "early"
    OPEN = "open"
    LATE = "late"


def join_window(starts_at: datetime, ends_at: datetime, now: datetime) -> JoinWindow:
    """The waiting room opens 15 minutes before the start and closes an hour after the end: clinics run late."""
    if now < starts_at - JOIN_OPENS_BEFORE:
        return JoinWindow.EARLY
    if now >= ends_at + JOIN_CLOSES_AFTER:
        return JoinWindow.LATE
    return JoinWindow.OPEN


def may_have_seen(starts_at: datetime, now: datetime, zone: ZoneInfo) -> bool:
    """Whether the patient may have been seen by now: early, but on its day; or while its waiting room is open."""
    is_its_day = starts_at.astimezone(zone).date() <= now.astimezone(zone).date()
    return is_its_day or now >= starts_at - JOIN_OPENS_BEFORE


class Change(StrEnum):
    """What was done to an appointment, for its history."""

    BOOKED = "booked"
    ASKED = "asked"  # by a person whom the service does not know yet
    CONFIRMED = "confirmed"
    OVERBOOKED = "overbooked"
    MOVED = "moved"
    TAKEN = "taken"  # a clinician of a shared clinic took the patient, or gave them back
    CANCELLED = "cancelled"
    NOSHOW = "noshow"
    NOSHOW_UNDONE = "noshow-undone"
    ARRIVED = "arrived"
    ENDED = "ended"
    DETAILS = "details"  # the interpreter, or that it is confidential


class CancelReason(StrEnum):
    """Who or what the cancellation is due to. FHIR R4 appointment-cancellation-reason: the codes that we need."""

    PATIENT = "pat"
    PATIENT_UNWELL = "pat-unwell"
    NOT_NEEDED = "pat-not-needed"  # says the patient; a clinician still decides
    PROVIDER = "prov"
    SCHEDULE = "prov-schedule"  # the session does not take place
    DUPLICATE = "oth-err"  # booked by mistake, or twice
    OTHER = "other"
