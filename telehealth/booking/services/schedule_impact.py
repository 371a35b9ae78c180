"""Whom a change of sessions would strand: appointments that lie in a session now and in none afterwards."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, joinedload

from telehealth.accounts.models import HealthcareService, PractitionerRole
from telehealth.booking.domain.crew import Members
from telehealth.booking.domain.session_plan import Closure, SessionPlan, SessionRule
from telehealth.booking.models import Appointment, Lane, Schedule, ScheduleException, SharedClinic
from telehealth.booking.services.bank_holidays import bank_holidays
from telehealth.booking.services.crews import load_members
from telehealth.booking.services.eligibility import load_skilled
from telehealth.booking.services.sessions import closure_of
from telehealth.booking.services.timetables import works_there
from telehealth.booking.services.upcoming import Upcoming
from telehealth.errors import N_, Conflict
from telehealth.topics import desk_topic, mark_topic

KEYS_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedChange:
    """What would be different in `services`.

    Rules that go (by their key) and come, closures, the holiday switch, the nation whose bank holidays count, who
    sits in shared clinics (by their key).
    """

    services: tuple[HealthcareService, ...]
    removes: frozenset[UUID] = frozenset()
    adds: tuple[SessionRule, ...] = ()
    closes: tuple[Closure, ...] = ()
    closes_on_bank_holidays: bool | None = None
    nation: str | None = None
    staffs: Mapping[UUID, Members] = field(default_factory=dict)

    def apply(self, plan: SessionPlan) -> SessionPlan:
        return plan.after(
            removes=self.removes,
            adds=self.adds,
            closes=self.closes,
            closes_on_bank_holidays=self.closes_on_bank_holidays,
            staffs=self.staffs,
            holidays_of=partial(bank_holidays, self.nation) if self.nation else None,
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
        room_id=schedule.room_id,
        is_extra=schedule.is_extra,
    )


def load_plan(session: Session, service: HealthcareService, *, since: datetime) -> SessionPlan:
    """The sessions of a service as they are, with leave and closures that end after `since`."""
    schedules = session.scalars(
        select(Schedule)
        .where(Schedule.service_id == service.id, works_there())
        .options(joinedload(Schedule.types))
    ).unique()
    exceptions = session.scalars(
        select(ScheduleException).where(
            ScheduleException.organisation_id == service.organisation_id,
            ScheduleException.ended_at.is_(None),
            ScheduleException.ends_at > since,
            or_(ScheduleException.service_id.is_(None), ScheduleException.service_id == service.id),
        )
    )
    members = load_members(session, service)
    deserted = {clinic_id for clinic_id, crew in members.items() if not crew.working}
    return SessionPlan(
        zone=ZoneInfo(service.time_zone),
        rules=tuple(rule_of(each) for each in schedules if each.shared_clinic_id not in deserted),
        closures=tuple(closure_of(exception) for exception in exceptions),
        closes_on_bank_holidays=service.closes_on_bank_holidays,
        members=members,
        skilled=load_skilled(session, service) if members else {},
        holidays_of=partial(bank_holidays, service.nation),
    )


def find_stranded(session: Session, change: PlannedChange, *, now: datetime) -> list[Appointment]:
    """Upcoming appointments that lie in a session as it is, and would lie in none after the change."""
    found: list[Appointment] = []
    for service in change.services:
        plan = load_plan(session, service, since=now)
        upcoming = Upcoming(session, service, now=now)
        found += _load(session, upcoming.outside(change.apply(plan)) - upcoming.outside(plan))
    return sorted(found, key=lambda appointment: (appointment.starts_at, appointment.id))


def list_outside(
    session: Session, service: HealthcareService, *, now: datetime, practitioner_id: UUID | None = None
) -> list[Appointment]:
    """Upcoming appointments that lie in no session, in order of time.

    Computed anew each time, so whoever books in the moment in which a session is taken away is on the list too.
    `practitioner_id`: only of this clinician, their shared clinics included.
    """
    plan = load_plan(session, service, since=now)
    found = _load(session, Upcoming(session, service, now=now).outside(plan))
    return [
        appointment
        for appointment in found
        if practitioner_id is None or practitioner_id in appointment.clinician_ids
    ]


def count_outside(session: Session, service: HealthcareService, *, now: datetime, days: int) -> int:
    """How many of the next days lie in no session: for a page that is opened all day."""
    plan = load_plan(session, service, since=now)
    return len(Upcoming(session, service, now=now, until=now + timedelta(days=days)).outside(plan))


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


def _load(session: Session, keys: Collection[UUID]) -> list[Appointment]:
    found: list[Appointment] = []
    wanted = sorted(keys)
    for first in range(0, len(wanted), KEYS_AT_ONCE):
        found += session.scalars(
            select(Appointment)
            .where(Appointment.id.in_(wanted[first : first + KEYS_AT_ONCE]))
            .options(
                joinedload(Appointment.practitioner),
                joinedload(Appointment.patient),
                joinedload(Appointment.appointment_type),
                joinedload(Appointment.service),
                joinedload(Appointment.room),
                joinedload(Appointment.lane)
                .joinedload(Lane.shared_clinic)
                .selectinload(SharedClinic.members),
            )
        )
    return sorted(found, key=lambda appointment: (appointment.starts_at, appointment.id))
