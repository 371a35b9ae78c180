"""Whom a change of sessions would strand: appointments that lie in a session now and in none afterwards."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, joinedload

from telehealth.accounts.models import HealthcareService, PractitionerRole
from telehealth.booking.domain.appointment import AppointmentStatus
from telehealth.booking.domain.intervals import Interval
from telehealth.booking.domain.session_plan import Closure, SessionPlan, SessionRule, Visit
from telehealth.booking.models import Appointment, Lane, Schedule, ScheduleException, SharedClinic
from telehealth.booking.services.bank_holidays import bank_holidays
from telehealth.errors import N_, Conflict
from telehealth.topics import desk_topic, mark_topic

# What still has to happen; a visit that has begun goes on without a session.
UPCOMING = (AppointmentStatus.PENDING, AppointmentStatus.BOOKED, AppointmentStatus.ARRIVED)

KEYS_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedChange:
    """What would be different in `services`: rules that go (by their key) and come, closures, the holiday switch."""

    services: tuple[HealthcareService, ...]
    removes: frozenset[UUID] = frozenset()
    adds: tuple[SessionRule, ...] = ()
    closes: tuple[Closure, ...] = ()
    closes_on_bank_holidays: bool | None = None

    def apply(self, plan: SessionPlan) -> SessionPlan:
        return plan.after(
            removes=self.removes,
            adds=self.adds,
            closes=self.closes,
            closes_on_bank_holidays=self.closes_on_bank_holidays,
        )


class WouldStrand(Conflict):
    """The change leaves appointments outside every session, and that is not what the person agreed to.

    `appointments` are those affected now, in order of time; `token` agrees to exactly these. `is_changed`: they
    agreed to another list, which was right when they saw it.
    """

    def __init__(self, appointments: Sequence[Appointment], *, is_changed: bool) -> None:
        super().__init__(
            "would-strand",
            N_("Other appointments are affected than the ones you saw. Look at the list again.")
            if is_changed
            else N_("Say that these appointments stay as they are, or go back and change what you entered."),
        )
        self.appointments = appointments
        self.token = token_of(appointments)
        self.is_changed = is_changed


def rule_of(schedule: Schedule) -> SessionRule:
    return SessionRule(
        key=schedule.id,
        owner_id=schedule.practitioner_id or schedule.shared_clinic_id,
        rrule=schedule.rrule,
        first_date=schedule.first_date,
        last_date=schedule.last_date,
        starts=schedule.starts,
        ends=schedule.ends,
        modes=frozenset(schedule.modes),
        type_ids=frozenset(type_.id for type_ in schedule.types),
        is_extra=schedule.is_extra,
    )


def closure_of(exception: ScheduleException) -> Closure:
    return Closure(
        Interval(exception.starts_at, exception.ends_at),
        exception.practitioner_id or exception.shared_clinic_id,
        exception.reason,
    )


def load_plan(session: Session, service: HealthcareService, *, since: datetime) -> SessionPlan:
    """The sessions of a service as they are, with leave and closures that end after `since`."""
    schedules = session.scalars(
        select(Schedule).where(Schedule.service_id == service.id).options(joinedload(Schedule.types))
    ).unique()
    exceptions = session.scalars(
        select(ScheduleException).where(
            ScheduleException.organisation_id == service.organisation_id,
            ScheduleException.ended_at.is_(None),
            ScheduleException.ends_at > since,
            or_(ScheduleException.service_id.is_(None), ScheduleException.service_id == service.id),
        )
    )
    return SessionPlan(
        zone=ZoneInfo(service.time_zone),
        rules=tuple(rule_of(schedule) for schedule in schedules),
        closures=tuple(closure_of(exception) for exception in exceptions),
        closes_on_bank_holidays=service.closes_on_bank_holidays,
        holidays_of=partial(bank_holidays, service.nation),
    )


def find_stranded(session: Session, change: PlannedChange, *, now: datetime) -> list[Appointment]:
    """Upcoming appointments that lie in a session as it is, and would lie in none after the change."""
    found: list[Appointment] = []
    for service in change.services:
        plan = load_plan(session, service, since=now)
        is_in, would_be_in = plan.make_check(), change.apply(plan).make_check()
        found += _load(
            session,
            [
                key
                for key, visit in _list_upcoming(session, service, now=now)
                if is_in(visit) and not would_be_in(visit)
            ],
        )
    return sorted(found, key=lambda appointment: (appointment.starts_at, appointment.id))


def list_outside(
    session: Session, service: HealthcareService, *, now: datetime, practitioner_id: UUID | None = None
) -> list[Appointment]:
    """Upcoming appointments that lie in no session, in order of time.

    Computed anew each time, so whoever books in the moment in which a session is taken away is on the list too.
    `practitioner_id`: only of this clinician, their shared clinics included.
    """
    found = _load(session, _keys_outside(session, service, now=now))
    return [
        appointment
        for appointment in found
        if practitioner_id is None or practitioner_id in appointment.clinician_ids
    ]


def count_outside(session: Session, service: HealthcareService, *, now: datetime, days: int) -> int:
    """How many of the next days lie in no session: for a page that is opened all day (10 µs an appointment)."""
    return len(_keys_outside(session, service, now=now, until=now + timedelta(days=days)))


def refuse_stranding(session: Session, change: PlannedChange, agreed: str, *, now: datetime) -> None:
    """Raises WouldStrand unless nobody is affected, or `agreed` is the token of just those who are.

    Somebody who books between this look and the commit stays booked and is on `list_outside`.
    """
    stranded = find_stranded(session, change, now=now)
    if stranded and token_of(stranded) != agreed:
        raise WouldStrand(stranded, is_changed=bool(agreed))


def token_of(appointments: Iterable[Appointment]) -> str:
    """A short text for one list of appointments at their times; "" for none."""
    parts = sorted(f"{appointment.id}/{appointment.starts_at.isoformat()}" for appointment in appointments)
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:32] if parts else ""


def services_of(session: Session, practitioner_id: UUID) -> tuple[HealthcareService, ...]:
    """Where a clinician works: their leave holds in all of them."""
    return tuple(
        session.scalars(
            select(HealthcareService)
            .join(PractitionerRole, PractitionerRole.service_id == HealthcareService.id)
            .where(PractitionerRole.practitioner_id == practitioner_id)
            .order_by(HealthcareService.name, HealthcareService.id)
        )
    )


def mark_changed(session: Session, services: Iterable[HealthcareService]) -> None:
    """Pages that show what is free are out of date."""
    for service in services:
        mark_topic(session, desk_topic(service.id))


def _keys_outside(
    session: Session, service: HealthcareService, *, now: datetime, until: datetime | None = None
) -> list[UUID]:
    is_in = load_plan(session, service, since=now).make_check()
    upcoming = _list_upcoming(session, service, now=now, until=until)
    return [key for key, visit in upcoming if not is_in(visit)]


def _list_upcoming(
    session: Session, service: HealthcareService, *, now: datetime, until: datetime | None = None
) -> Iterator[tuple[UUID, Visit]]:
    """All that is booked, without the appointments themselves: there may be a hundred thousand."""
    statement = (
        select(
            Appointment.id,
            Appointment.practitioner_id,
            Lane.shared_clinic_id,
            Appointment.starts_at,
            Appointment.ends_at,
            Appointment.mode,
            Appointment.appointment_type_id,
        )
        .outerjoin(Lane, Lane.id == Appointment.lane_id)
        .where(
            Appointment.service_id == service.id,
            Appointment.starts_at > now,
            Appointment.status.in_(UPCOMING),
        )
    )
    if until is not None:
        statement = statement.where(Appointment.starts_at < until)
    for key, practitioner_id, shared_clinic_id, starts_at, ends_at, mode, type_id in session.execute(
        statement
    ):
        yield (
            key,
            Visit(
                # In a shared clinic the clinic is booked, also after somebody took the patient.
                owner_id=shared_clinic_id or practitioner_id,
                span=Interval(starts_at, ends_at),
                mode=mode,
                type_id=type_id,
            ),
        )


def _load(session: Session, keys: Sequence[UUID]) -> list[Appointment]:
    found: list[Appointment] = []
    for first in range(0, len(keys), KEYS_AT_ONCE):
        found += session.scalars(
            select(Appointment)
            .where(Appointment.id.in_(keys[first : first + KEYS_AT_ONCE]))
            .options(
                joinedload(Appointment.practitioner),
                joinedload(Appointment.patient),
                joinedload(Appointment.appointment_type),
                joinedload(Appointment.service),
                joinedload(Appointment.lane)
                .joinedload(Lane.shared_clinic)
                .selectinload(SharedClinic.members),
            )
        )
    return sorted(found, key=lambda appointment: (appointment.starts_at, appointment.id))
