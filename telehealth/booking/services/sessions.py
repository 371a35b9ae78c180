"""When sessions take place: schedules on their dates, and what closes them."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session as DatabaseSession
from sqlalchemy.orm import selectinload

from telehealth.accounts.models import HealthcareService
from telehealth.booking.domain.crew import Members
from telehealth.booking.domain.intervals import Interval, subtract
from telehealth.booking.domain.recurrence import expand_dates
from telehealth.booking.domain.session_plan import Closure, find_unattended
from telehealth.booking.domain.slots import session_interval
from telehealth.booking.models import Schedule, ScheduleException
from telehealth.booking.services.bank_holidays import bank_holidays
from telehealth.booking.services.crews import load_members
from telehealth.booking.services.timetables import Timetable, works_there

ONE_DAY = timedelta(days=1)
# Made once: it is sent with every search and every booking.
_EXCEPTIONS = select(ScheduleException).where(
    ScheduleException.organisation_id == bindparam("organisation"),
    ScheduleException.ended_at.is_(None),
    ScheduleException.starts_at < bindparam("end"),
    ScheduleException.ends_at > bindparam("start"),
    or_(ScheduleException.service_id.is_(None), ScheduleException.service_id == bindparam("service")),
)


@dataclass(frozen=True, slots=True)
class BankHoliday:
    """A day on which the service is closed."""

    day: date
    name: str


@dataclass(frozen=True, slots=True)
class ClinicSession:
    """A schedule on one date. `closed_by`: why none of it takes place; a part of it may be closed all the same."""

    interval: Interval
    schedule: Schedule
    closed_by: ScheduleException | BankHoliday | None = None


def find_sessions(
    session: DatabaseSession,
    service: HealthcareService,
    span: Interval,
    *,
    practitioner_ids: Collection[UUID] | None = None,
    shared_clinic_ids: Collection[UUID] | None = None,
) -> list[ClinicSession]:
    """The sessions of a service that overlap `span`, in order of time, those that do not take place included.

    With neither kind of ids: everybody's; with one of them: theirs alone.
    """
    schedules = load_schedules(session, service, practitioner_ids, shared_clinic_ids)
    exceptions = load_exceptions(session, service, span)
    is_shared = any(schedule.shared_clinic_id for schedule in schedules)
    members = load_members(session, service) if is_shared else {}
    found = []
    for schedule in schedules:
        closing = exceptions_of(schedule, exceptions)
        crew = members.get(schedule.shared_clinic_id) if schedule.shared_clinic_id else None
        if crew is not None and not crew.working:
            continue
        for interval, holiday in session_dates(schedule, service, span):
            whole = next((each for each in closing if _covers(each, interval)), None)
            if crew is not None and whole is None:
                whole = _leave_of_all(crew, exceptions, interval)
            found.append(ClinicSession(interval, schedule, holiday or whole))
    found.sort(key=lambda each: (each.interval.start, each.interval.end, each.schedule.id))
    return found


def load_schedules(
    session: DatabaseSession,
    service: HealthcareService,
    practitioner_ids: Collection[UUID] | None = None,
    shared_clinic_ids: Collection[UUID] | None = None,
) -> Sequence[Schedule]:
    """Schedules of a service with their types, in two queries."""
    query = (
        select(Schedule)
        .where(Schedule.service_id == service.id, works_there())
        .options(selectinload(Schedule.types))
    )
    if practitioner_ids is not None or shared_clinic_ids is not None:
        query = query.where(
            or_(
                Schedule.practitioner_id.in_(practitioner_ids or ()),
                Schedule.shared_clinic_id.in_(shared_clinic_ids or ()),
            )
        )
    return session.scalars(query).all()


def load_exceptions(
    session: DatabaseSession, service: HealthcareService, span: Interval
) -> Sequence[ScheduleException]:
    """What closes something of the organisation within `span`: leave, shared clinics, the service."""
    wanted = {
        "organisation": service.organisation_id,
        "service": service.id,
        "start": span.start,
        "end": span.end,
    }
    return session.scalars(_EXCEPTIONS, wanted).all()


def exceptions_of(
    schedule: Schedule | Timetable, exceptions: Iterable[ScheduleException]
) -> list[ScheduleException]:
    """Those that close sessions of this schedule."""
    return [
        each
        for each in exceptions
        if each.service_id == schedule.service_id
        or (each.practitioner_id is not None and each.practitioner_id == schedule.practitioner_id)
        or (each.shared_clinic_id is not None and each.shared_clinic_id == schedule.shared_clinic_id)
    ]


def session_dates(
    schedule: Schedule | Timetable, service: HealthcareService, span: Interval
) -> Iterator[tuple[Interval, BankHoliday | None]]:
    """The sessions of one schedule that overlap `span`, each with the bank holiday that it falls on."""
    zone = ZoneInfo(service.time_zone)
    # A session that began yesterday evening may still run.
    first = span.start.astimezone(zone).date() - ONE_DAY
    last = span.end.astimezone(zone).date()
    if schedule.last_date is not None and schedule.last_date < last:
        last = schedule.last_date
    closes = service.closes_on_bank_holidays and not schedule.is_extra
    for day in expand_dates(schedule.rrule, schedule.first_date, first, last):
        interval = session_interval(day, schedule.starts, schedule.ends, zone)
        if interval is None or not interval.overlaps(span):
            continue
        name = _holidays(service, day.year).get(day) if closes else None
        yield interval, BankHoliday(day, name) if name else None


def day_span(day: date, zone: ZoneInfo, days: int = 1) -> Interval:
    """Local days as UTC instants, from midnight to midnight."""
    return Interval(
        datetime.combine(day, time(0), zone).astimezone(UTC),
        datetime.combine(day + timedelta(days=days), time(0), zone).astimezone(UTC),
    )


def _holidays(service: HealthcareService, year: int) -> Mapping[date, str]:
    return bank_holidays(service.nation, year)


def _leave_of_all(
    members: Members, exceptions: Iterable[ScheduleException], interval: Interval
) -> ScheduleException | None:
    """The first leave of somebody, where all who sit in a shared clinic are away all the time."""
    leave = [each for each in exceptions if each.practitioner_id in members.working]
    away = [each.span for each in find_unattended(members, map(closure_of, leave), interval)]
    return min(leave, key=lambda each: each.starts_at) if away and not subtract(interval, away) else None


def closure_of(exception: ScheduleException) -> Closure:
    """Leave, or a closure, as the domain knows it."""
    return Closure(
        Interval(exception.starts_at, exception.ends_at),
        exception.practitioner_id or exception.shared_clinic_id,
        exception.reason,
    )


def _covers(exception: ScheduleException, interval: Interval) -> bool:
    return exception.starts_at <= interval.start and interval.end <= exception.ends_at
