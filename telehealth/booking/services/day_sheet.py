"""One day of a service's clinicians side by side: sessions, appointments, holds, leave, and the times that are free."""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import chain
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.accounts.models import HealthcareService
from telehealth.accounts.services.staff import list_practitioners
from telehealth.actor import Actor, Role
from telehealth.booking.domain.appointment import Mode
from telehealth.booking.domain.intervals import Interval
from telehealth.booking.models import AppointmentType, Lane, Schedule, SharedClinic
from telehealth.booking.services.availability import SlotQuery, find_slots
from telehealth.booking.services.booking import FARTHEST
from telehealth.booking.services.day_columns import (
    Column,
    Meeting,
    add_exceptions,
    add_holds,
    add_meetings,
    add_sessions,
    bank_holiday_of,
    find_booked,
)
from telehealth.booking.services.sessions import day_span, find_sessions
from telehealth.errors import NotFound

# How far ahead the next day with a session is looked for.
LOOK_AHEAD_DAYS = 56
# More columns than these do not fit beside each other; the others can be chosen.
MOST_COLUMNS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the free times are for."""

    type: AppointmentType
    mode: Mode
    patient_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Owner:
    """Whom the sheet can show: a clinician, or a shared clinic with a column for each lane."""

    id: UUID
    name: str
    lanes: tuple[tuple[UUID, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySheet:
    day: date
    # What is shown of the day: from the first to the last thing in any column; None where there is nothing.
    span: Interval | None
    columns: list[Column]
    owners: list[Owner]
    shown: frozenset[UUID]
    # How many others have something that day and did not fit.
    left_out: int
    appointment_count: int
    # Whether any session of the service takes place; if not, the next day with one and the bank holiday, if it is one.
    has_sessions: bool
    next_day: date | None
    bank_holiday: str


def day_sheet(
    session: Session,
    actor: Actor,
    service: HealthcareService,
    day: date,
    *,
    owner_ids: Sequence[UUID] = (),
    wanted: Wanted | None = None,
    now: datetime,
) -> DaySheet:
    """The sheet of `day` (local), for `owner_ids` (clinicians, shared clinics) or for all who have something then.

    As many queries for one row as for hundreds. Raises NotFound for a service at whose desk the actor is not.
    """
    if service.id not in actor.services_as(Role.RECEPTIONIST):
        raise NotFound
    span = day_span(day, ZoneInfo(service.time_zone))
    owners = _owners(session, service)
    sessions = find_sessions(session, service, span)
    columns = _columns(owners)
    add_sessions(columns, sessions)
    with_appointments = find_booked(session, service, span)
    for key in with_appointments.keys() - {column.key for column in columns}:
        # No clinician of the service any more, but not forgotten by those whom they were to see.
        name = with_appointments[key]
        owners.append(Owner(key, name))
        columns.append(Column(key=key, owner_id=key, name=name))
    asked_for = [column for column in columns if column.owner_id in frozenset(owner_ids)]
    columns, left_out = (asked_for, 0) if asked_for else _fit(columns, with_appointments)
    add_meetings(session, actor, service, columns, span)
    add_exceptions(session, service, columns, span)
    add_holds(session, columns, span, now)
    if wanted is not None:
        _add_slots(session, service, columns, day, wanted, now)
    has_sessions = any(each.closed_by is None for each in sessions)
    return DaySheet(
        day=day,
        span=_in_sight(columns, span),
        columns=columns,
        owners=owners,
        shown=frozenset(column.owner_id for column in columns),
        left_out=left_out,
        appointment_count=sum(isinstance(each, Meeting) for column in columns for each in column.taken),
        has_sessions=has_sessions,
        next_day=None if has_sessions else _next_day(session, service, span),
        bank_holiday=next((name for each in sessions if (name := bank_holiday_of(each))), ""),
    )


def list_types(session: Session, service: HealthcareService) -> list[AppointmentType]:
    """What reception may book in a service, by name."""
    return list(
        session.scalars(
            select(AppointmentType)
            .where(AppointmentType.service_id == service.id, AppointmentType.is_active)
            .order_by(AppointmentType.name)
        )
    )


def find_schedule(session: Session, service: HealthcareService, schedule_id: UUID) -> Schedule:
    """A schedule of the service. Raises NotFound."""
    schedule = session.get(Schedule, schedule_id)
    if schedule is None or schedule.service_id != service.id:
        raise NotFound
    return schedule


def _owners(session: Session, service: HealthcareService) -> list[Owner]:
    clinics: dict[UUID, tuple[str, list[tuple[UUID, int]]]] = {}
    for clinic_id, name, lane_id, number in session.execute(
        select(SharedClinic.id, SharedClinic.name, Lane.id, Lane.number)
        .join(Lane, Lane.shared_clinic_id == SharedClinic.id)
        .where(SharedClinic.service_id == service.id)
        .order_by(SharedClinic.name, Lane.number)
    ):
        clinics.setdefault(clinic_id, (name, []))[1].append((lane_id, number))
    return [
        *(Owner(person.id, person.display_name) for person in list_practitioners(session, service.id)),
        *(Owner(clinic_id, name, tuple(lanes)) for clinic_id, (name, lanes) in clinics.items()),
    ]


def _columns(owners: Iterable[Owner]) -> list[Column]:
    return [
        Column(key=key, owner_id=owner.id, name=owner.name, lane_number=number, lane_count=len(owner.lanes))
        for owner in owners
        for key, number in owner.lanes or ((owner.id, None),)
    ]


def _fit(columns: list[Column], with_appointments: Container[UUID]) -> tuple[list[Column], int]:
    """The columns of all who have a session or an appointment, as many as fit; and how many do not."""
    at_work = dict.fromkeys(
        column.owner_id for column in columns if column.sessions or column.key in with_appointments
    )
    shown = list(at_work)[:MOST_COLUMNS]
    return [column for column in columns if column.owner_id in shown], len(at_work) - len(shown)


def _add_slots(
    session: Session,
    service: HealthcareService,
    columns: Sequence[Column],
    day: date,
    wanted: Wanted,
    now: datetime,
) -> None:
    """One search for the whole service: what is offered here is what can be booked."""
    place = {column.key: column for column in columns}
    query = SlotQuery(
        type=wanted.type,
        mode=wanted.mode,
        from_date=day,
        days=1,
        patient_id=wanted.patient_id,
        each_place=True,
    )
    for slot in find_slots(session, service, query, now=now):
        key = slot.lane_id or slot.practitioner_id
        if key in place and slot.starts_at < now + FARTHEST:
            place[key].slots.append(slot)


def _in_sight(columns: Iterable[Column], span: Interval) -> Interval | None:
    shown = [
        interval
        for column in columns
        for interval in chain(column.sessions, (each.span for each in column.taken))
        if interval.overlaps(span)
    ]
    if not shown:
        return None
    return Interval(
        max(span.start, min(each.start for each in shown)), min(span.end, max(each.end for each in shown))
    )


def _next_day(session: Session, service: HealthcareService, span: Interval) -> date | None:
    ahead = Interval(span.end, span.end + timedelta(days=LOOK_AHEAD_DAYS))
    starts = [
        each.interval.start for each in find_sessions(session, service, ahead) if each.closed_by is None
    ]
    return min(starts).astimezone(ZoneInfo(service.time_zone)).date() if starts else None
