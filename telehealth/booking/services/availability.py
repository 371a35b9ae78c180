"""Which times are free: schedules minus claims."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr
from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from telehealth.accounts.models import HealthcareService
from telehealth.booking.domain.claim import ClaimState
from telehealth.booking.domain.intervals import Interval
from telehealth.booking.domain.slots import Slot, free_slots, is_still_bookable, session_interval
from telehealth.booking.models import Claim, Schedule

SEARCH_DAYS = 28


def find_free_slots(
    session: Session,
    service: HealthcareService,
    *,
    now: datetime,
    from_date: date | None = None,
    days: int = SEARCH_DAYS,
    practitioner_id: UUID | None = None,
    limit: int | None = None,
) -> list[Slot]:
    """Free slots of a service in order of time, from `from_date` (default: today in the service's zone)."""
    zone = ZoneInfo(service.time_zone)
    first = from_date or now.astimezone(zone).date()
    midnight = datetime.combine(first, time(0), zone)
    last = first + timedelta(days=days - 1)
    query = select(Schedule).where(
        Schedule.service_id == service.id,
        # A session that began yesterday evening may still run.
        Schedule.first_date <= last,
        or_(Schedule.last_date.is_(None), Schedule.last_date >= first - timedelta(days=1)),
    )
    if practitioner_id:
        query = query.where(Schedule.practitioner_id == practitioner_id)
    schedules = list(session.scalars(query))
    sessions = [
        (schedule, interval)
        for schedule in schedules
        for interval in _sessions(schedule, first - timedelta(days=1), last, zone)
        if interval.end > now
    ]
    if not sessions:
        return []
    taken = _claims_by_practitioner(
        session,
        {schedule.practitioner_id for schedule, _ in sessions},
        Interval(min(i.start for _, i in sessions), max(i.end for _, i in sessions)),
        now,
    )
    slots = sorted(
        {
            slot
            for schedule, interval in sessions
            for slot in free_slots(
                interval,
                length=timedelta(minutes=schedule.slot_minutes),
                taken=taken[schedule.practitioner_id],
                practitioner_id=schedule.practitioner_id,
                schedule_id=schedule.id,
            )
            if slot.starts_at >= midnight and is_still_bookable(slot, now)
        }
    )
    return slots[:limit] if limit else slots


def find_sessions(
    session: Session, service: HealthcareService, span: Interval, practitioner_id: UUID
) -> list[Interval]:
    """When a clinician has clinic within `span`, in order."""
    zone = ZoneInfo(service.time_zone)
    schedules = session.scalars(
        select(Schedule).where(Schedule.service_id == service.id, Schedule.practitioner_id == practitioner_id)
    )
    first = span.start.astimezone(zone).date() - timedelta(days=1)
    last = span.end.astimezone(zone).date()
    return sorted(
        interval
        for schedule in schedules
        for interval in _sessions(schedule, first, last, zone)
        if interval.overlaps(span)
    )


def _sessions(schedule: Schedule, first: date, last: date, zone: ZoneInfo) -> Iterator[Interval]:
    midnight = time(0)
    # The rule is expanded on naive local dates: a weekly clinic keeps its wall time over a clock change.
    rule = rrulestr(schedule.rrule, dtstart=datetime.combine(schedule.first_date, midnight))
    until = min(last, schedule.last_date) if schedule.last_date else last
    for day in rule.between(datetime.combine(first, midnight), datetime.combine(until, midnight), inc=True):
        interval = session_interval(day.date(), schedule.starts, schedule.ends, zone)
        if interval:
            yield interval


def _claims_by_practitioner(
    session: Session, practitioner_ids: Iterable[UUID], span: Interval, now: datetime
) -> defaultdict[UUID, list[Interval]]:
    rows = session.execute(
        select(Claim.practitioner_id, Claim.starts_at, Claim.ends_at).where(
            Claim.practitioner_id.in_(list(practitioner_ids)),
            Claim.starts_at < span.end,
            Claim.ends_at > span.start,
            or_(
                Claim.state == ClaimState.BOOKED,
                # A lapsed hold is free at once: no background job is needed for that.
                and_(Claim.state == ClaimState.HELD, Claim.hold_expires_at > now),
            ),
        )
    )
    taken: defaultdict[UUID, list[Interval]] = defaultdict(list)
    for practitioner_id, starts_at, ends_at in rows:
        if practitioner_id:
            taken[practitioner_id].append(Interval(starts_at, ends_at))
    return taken
