"""What a wished session, a change or an end of one would mean; and what may not be wished. Nothing is saved here."""

from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.accounts.models import HealthcareService
from telehealth.actor import Actor
from telehealth.booking.domain.appointment import Mode
from telehealth.booking.domain.recurrence import Recurrence, Repeat, parse_rrule
from telehealth.booking.domain.session_plan import ONE_DAY, SessionPlan, SessionRule
from telehealth.booking.models import AppointmentType, Room, Schedule
from telehealth.booking.services.schedule_access import check_owner, find_service
from telehealth.booking.services.schedule_impact import PlannedChange, rule_of
from telehealth.clock import now
from telehealth.errors import N_, InvalidInput, NotFound

# No rule is made for dates farther away than this: they are typing errors.
FARTHEST = timedelta(days=5 * 366)


class NoDates(InvalidInput):
    """The session would never take place."""

    def __init__(self) -> None:
        super().__init__(
            "no-dates", N_("There is no such day between the first and the last date."), field="last_date"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleWish:
    """A session as somebody describes it. One date only (`Recurrence.once`): an extra session."""

    practitioner_id: UUID | None = None
    shared_clinic_id: UUID | None = None
    recurrence: Recurrence
    # Of a change: the first date on which it holds.
    first_date: date
    last_date: date | None = None
    starts: time
    ends: time
    slot_minutes: int
    modes: frozenset[Mode]
    # None: every type of the service.
    type_ids: frozenset[UUID] = frozenset()
    room_id: UUID | None = None
    # Of a change: a session every other week takes the weeks from the first date on, and not those it had before.
    counts_anew: bool = False

    @property
    def is_extra(self) -> bool:
        return self.recurrence.repeat is Repeat.ONCE

    def parts(self) -> tuple[object, ...]:
        """What tells two wishes of one form apart."""
        owner_id = self.practitioner_id or self.shared_clinic_id
        rule = self.recurrence.to_rrule()
        return (
            *("schedule", owner_id, rule, self.first_date, self.last_date, self.starts, self.ends),
            *(self.slot_minutes, sorted(self.modes), sorted(self.type_ids), self.room_id),
        )

    def as_rule(self, key: UUID | None = None) -> SessionRule:
        return SessionRule(
            key=key,
            owner_id=self.practitioner_id or self.shared_clinic_id,
            rrule=self.recurrence.to_rrule(),
            first_date=self.first_date,
            last_date=self.first_date if self.is_extra else self.last_date,
            starts=self.starts,
            ends=self.ends,
            modes=self.modes,
            type_ids=self.type_ids,
            room_id=self.room_id,
            is_extra=self.is_extra,
        )


def in_step(schedule: Schedule, wish: ScheduleWish) -> ScheduleWish:
    """A change of a session every other week keeps its weeks: one that holds from a week without a session on
    begins in the next week.

    Raises InvalidInput where no week is left.
    """
    rule = parse_rrule(schedule.rrule)
    if wish.counts_anew or rule.interval == 1 or wish.recurrence.interval != rule.interval:
        return wish
    weeks = (_monday(wish.first_date) - _monday(schedule.first_date)).days // 7
    # Before its first date there is nothing to keep step with: it is moved.
    if wish.first_date <= schedule.first_date or weeks % rule.interval == 0:
        return wish
    monday = _monday(wish.first_date) + timedelta(weeks=rule.interval - weeks % rule.interval)
    if wish.last_date is not None and not _has_dates(replace(wish, first_date=monday)):
        raise NoDates
    return replace(wish, first_date=monday)


def plan_creation(service: HealthcareService, wish: ScheduleWish) -> PlannedChange:
    """A new session strands nobody; this is for its preview."""
    return PlannedChange(services=(service,), adds=(wish.as_rule(),))


def plan_change(service: HealthcareService, schedule: Schedule, wish: ScheduleWish) -> PlannedChange:
    """The session goes on as it was until the day before `wish.first_date`, and from then on as wished."""
    wish = in_step(schedule, wish)
    kept = kept_of(service, schedule, wish.first_date)
    return PlannedChange(
        services=(service,),
        removes=frozenset({schedule.id}),
        adds=(wish.as_rule(),) if kept is None else (kept, wish.as_rule()),
    )


def plan_end(service: HealthcareService, schedule: Schedule, last_date: date | None) -> PlannedChange:
    """No session after `last_date`; None: none at all."""
    kept = rule_before(schedule, last_date + ONE_DAY) if last_date is not None else None
    return PlannedChange(
        services=(service,), removes=frozenset({schedule.id}), adds=() if kept is None else (kept,)
    )


def check_wish(session: Session, actor: Actor, service_id: UUID, wish: ScheduleWish) -> HealthcareService:
    """The service in which the session may be set up as wished. Raises InvalidInput, NotFound."""
    service = find_service(session, actor, service_id)
    check_owner(
        session,
        actor,
        service,
        practitioner_id=wish.practitioner_id,
        shared_clinic_id=wish.shared_clinic_id,
    )
    _check_times(service, wish)
    _find_types(session, service, wish.type_ids)
    if wish.room_id is not None:
        room = session.get(Room, wish.room_id)
        if room is None or room.service_id != service.id:
            raise NotFound
        if not room.is_active and Mode.IN_PERSON in wish.modes:
            raise InvalidInput(
                "room-out-of-use", N_("This room is out of use. Choose another one."), field="room"
            )
    return service


def check_start(service: HealthcareService, schedule: Schedule, first_date: date) -> None:
    """Raises InvalidInput where a change from `first_date` on would rewrite a session that has begun."""
    if first_date <= _last_begun(service, schedule):
        raise InvalidInput(
            "already-took-place",
            N_(
                "Sessions up to this date have begun already. Choose a later date: what took place stays as it was."
            ),
            field="first_date",
        )


def check_end(service: HealthcareService, schedule: Schedule, last_date: date | None) -> None:
    """Raises InvalidInput where a session that has begun would be taken away."""
    begun = _last_begun(service, schedule)
    if begun > date.min and (last_date is None or last_date < begun):
        raise InvalidInput(
            "already-took-place",
            N_(
                "A later session has begun already. Choose that date or a later one: what took place stays as it was."
            ),
            field="last_date",
        )


def has_begun(service: HealthcareService, schedule: Schedule) -> bool:
    """Whether one of its sessions has started."""
    return _last_begun(service, schedule) > date.min


def local_today(service: HealthcareService) -> date:
    return now().astimezone(ZoneInfo(service.time_zone)).date()


def _check_times(service: HealthcareService, wish: ScheduleWish) -> None:
    today = local_today(service)
    if wish.first_date < today:
        raise InvalidInput(
            "date-past",
            N_("Choose today or a later date: what took place stays as it was."),
            field="first_date",
        )
    if wish.first_date > today + FARTHEST:
        raise InvalidInput("date-far", N_("Choose a date within the next five years."), field="first_date")
    if wish.last_date is not None and wish.last_date < wish.first_date:
        raise InvalidInput(
            "dates-in-order", N_("Choose a last date that is not before the first one."), field="last_date"
        )
    if wish.last_date is not None and wish.last_date > today + 2 * FARTHEST:
        raise InvalidInput(
            "date-far", N_("Choose an earlier last date, or leave it empty."), field="last_date"
        )
    if wish.starts == wish.ends:
        raise InvalidInput("no-time", N_("Choose an end that is after the start."), field="ends")
    if not wish.modes:
        raise InvalidInput("no-mode", N_("Choose at least one way of meeting."), field="modes")
    if not 1 <= wish.slot_minutes <= 480:
        raise InvalidInput(
            "slot-minutes", N_("Enter a number of minutes from 1 to 480."), field="slot_minutes"
        )
    if not _has_dates(wish):
        raise NoDates


def _has_dates(wish: ScheduleWish) -> bool:
    rule = wish.as_rule()
    return bool(rule.dates(rule.first_date, rule.last_date or rule.first_date + timedelta(days=62)))


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _find_types(
    session: Session, service: HealthcareService, type_ids: frozenset[UUID]
) -> list[AppointmentType]:
    found = list(
        session.scalars(
            select(AppointmentType).where(
                AppointmentType.service_id == service.id, AppointmentType.id.in_(type_ids)
            )
        )
    )
    if len(found) != len(type_ids):
        raise NotFound
    return found


def kept_of(service: HealthcareService, schedule: Schedule, first_date: date) -> SessionRule | None:
    """What stays as it was when the session is changed from `first_date` on.

    Nothing of one on a single date that is still to come: it is moved.
    """
    if parse_rrule(schedule.rrule).repeat is Repeat.ONCE and _last_begun(service, schedule) == date.min:
        return None
    return rule_before(schedule, first_date)


def rule_before(schedule: Schedule, day: date) -> SessionRule | None:
    """The rule as far as it has dates before `day`; None where it has none."""
    rule = rule_of(schedule)
    if day <= rule.first_date or not rule.dates(rule.first_date, day - ONE_DAY):
        return None
    last = day - ONE_DAY
    return replace(rule, last_date=min(last, rule.last_date) if rule.last_date else last)


def _last_begun(service: HealthcareService, schedule: Schedule) -> date:
    """The date of the latest session that has started; the smallest date where none has."""
    current, today = now(), local_today(service)
    plan = SessionPlan(zone=ZoneInfo(service.time_zone), rules=(rule_of(schedule),))
    # The n-th weekday of a month comes at least every 35 days.
    begun = plan.occurrences(max(schedule.first_date, today - timedelta(days=62)), today)
    dates = [occurrence.on for occurrence in begun if occurrence.span.start <= current]
    if dates:
        return max(dates)
    is_old = bool(rule_of(schedule).dates(schedule.first_date, today - ONE_DAY))
    return (schedule.last_date or today - ONE_DAY) if is_old else date.min
