"""Which times are free: sessions minus what closes them, minus claims."""

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, String, and_, or_, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.functions import FunctionElement

from telehealth.accounts.models import HealthcareService
from telehealth.accounts.services.merges import survivor_of
from telehealth.booking.domain.appointment import Mode
from telehealth.booking.domain.claim import LONGEST_CLAIM, ClaimState
from telehealth.booking.domain.intervals import Interval
from telehealth.booking.domain.slots import (
    STARTED_SLOT_STAYS_OPEN,
    PartOfDay,
    Slot,
    Span,
    as_span,
    free_starts,
    merged,
    part_of_day,
)
from telehealth.booking.models import (
    AppointmentType,
    Claim,
    Lane,
    PractitionerSkill,
    Schedule,
    SharedClinicMember,
)
from telehealth.booking.services.sessions import (
    day_span,
    exceptions_of,
    load_exceptions,
    load_schedules,
    session_dates,
)

SEARCH_DAYS = 28
# With a limit the days are looked at in steps: the first free times are mostly in the first week.
STEP_DAYS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotQuery:
    """Which free times are wanted."""

    type: AppointmentType
    # None: any way of meeting that the type has.
    mode: Mode | None = None
    # A date in the service's zone; None: today.
    from_date: date | None = None
    days: int = SEARCH_DAYS
    practitioner_id: UUID | None = None
    shared_clinic_id: UUID | None = None
    part_of_day: PartOfDay | None = None
    # Only times that the type's notice and reach allow to patients.
    for_patient: bool = False
    # Leave out times at which this patient is busy.
    patient_id: UUID | None = None
    # An appointment, and a hold, whose own claims count as free.
    ignoring: UUID | None = None
    own_hold: UUID | None = None
    limit: int | None = None


Taken = dict[UUID, list[Span]]


def find_slots(
    session: Session, service: HealthcareService, query: SlotQuery, *, now: datetime
) -> list[Slot]:
    """Free times in order of time, then of clinician. With a limit no more is looked at than needed."""
    zone = ZoneInfo(service.time_zone)
    first = query.from_date or now.astimezone(zone).date()
    schedules = eligible_schedules(session, service, query)
    if not schedules or query.days < 1:
        return []
    lanes = open_lanes(session, schedules)
    found: list[Slot] = []
    for day, days in _steps(first, query):
        found += _find_in(session, service, query, schedules, lanes, day_span(day, zone, days), now)
        if query.limit is not None and len(found) >= query.limit:
            return found[: query.limit]
    return found


def find_slot(
    session: Session,
    service: HealthcareService,
    query: SlotQuery,
    *,
    schedule_id: UUID,
    starts_at: datetime,
    now: datetime,
) -> Slot | None:
    """One time of one schedule, if it is free."""
    schedule = session.get(Schedule, schedule_id)
    if schedule is None or schedule.service_id != service.id or not is_eligible(session, schedule, query):
        return None
    span = Interval(starts_at, starts_at + timedelta(minutes=query.type.minutes))
    lanes = open_lanes(session, [schedule])
    found = _find_in(session, service, query, [schedule], lanes, span, now)
    return next((slot for slot in found if slot.starts_at == starts_at), None)


def eligible_schedules(session: Session, service: HealthcareService, query: SlotQuery) -> list[Schedule]:
    """Schedules into which the type may be booked in the wanted way."""
    practitioners = [query.practitioner_id] if query.practitioner_id else None
    clinics = [query.shared_clinic_id] if query.shared_clinic_id else None
    schedules = load_schedules(session, service, practitioners, clinics)
    skilled = _skilled(session, query.type) if query.type.required_skill else None
    return [schedule for schedule in schedules if _suits(schedule, query, skilled)]


def is_eligible(session: Session, schedule: Schedule, query: SlotQuery) -> bool:
    skilled = _skilled(session, query.type) if query.type.required_skill else None
    return _suits(schedule, query, skilled)


def open_lanes(session: Session, schedules: Iterable[Schedule]) -> dict[UUID, list[UUID]]:
    """The lanes of shared clinics that may be booked, by clinic and in order of their numbers."""
    clinics = {schedule.shared_clinic_id for schedule in schedules if schedule.shared_clinic_id}
    lanes: dict[UUID, list[UUID]] = defaultdict(list)
    if clinics:
        for clinic_id, lane_id in session.execute(
            select(Lane.shared_clinic_id, Lane.id)
            .where(Lane.shared_clinic_id.in_(clinics), Lane.is_open)
            .order_by(Lane.number)
        ):
            lanes[clinic_id].append(lane_id)
    return lanes


def _suits(schedule: Schedule, query: SlotQuery, skilled: frozenset[UUID] | None) -> bool:
    type_ = query.type
    if not type_.is_active or type_.service_id != schedule.service_id:
        return False
    if schedule.types and type_.id not in {each.id for each in schedule.types}:
        return False
    if skilled is not None and (schedule.practitioner_id or schedule.shared_clinic_id) not in skilled:
        return False
    return bool(_modes(schedule, query))


def _modes(schedule: Schedule, query: SlotQuery) -> set[Mode]:
    modes = set(query.type.modes) & set(schedule.modes)
    return modes & {query.mode} if query.mode else modes


def _skilled(session: Session, type_: AppointmentType) -> frozenset[UUID]:
    """The clinicians who have the skill that a type needs, and the shared clinics in which one of them sits."""
    has_it = select(PractitionerSkill.practitioner_id).where(
        PractitionerSkill.service_id == type_.service_id, PractitionerSkill.skill == type_.required_skill
    )
    clinics = select(SharedClinicMember.shared_clinic_id).where(
        SharedClinicMember.practitioner_id.in_(has_it)
    )
    return frozenset(session.scalars(has_it)) | frozenset(session.scalars(clinics))


def _steps(first: date, query: SlotQuery) -> Iterator[tuple[date, int]]:
    if query.limit is None:
        yield first, query.days
        return
    for offset in range(0, query.days, STEP_DAYS):
        yield first + timedelta(days=offset), min(STEP_DAYS, query.days - offset)


def _find_in(
    session: Session,
    service: HealthcareService,
    query: SlotQuery,
    schedules: Sequence[Schedule],
    lanes: dict[UUID, list[UUID]],
    span: Interval,
    now: datetime,
) -> list[Slot]:
    """The free times that start within `span`. With a limit: at least so many, if there are."""
    sessions = sorted(
        (
            (schedule, interval)
            for schedule in schedules
            for interval, holiday in session_dates(schedule, service, span)
            if holiday is None and interval.end > now
        ),
        key=lambda each: each[1].start,
    )
    if not sessions:
        return []
    # A session may run on after the span, and the last time of the span too.
    whole = Interval(
        min(span.start, *(i.start for _, i in sessions)), max(span.end, *(i.end for _, i in sessions))
    )
    exceptions = load_exceptions(session, service, whole)
    taken = _load_taken(session, query, sessions, lanes, now)
    wanted = _wanted_starts(query, span, now)
    found: dict[tuple[int, UUID], Slot] = {}
    for schedule, interval in sessions:
        if query.limit is not None and _has_enough(found, query.limit, as_span(interval)[0]):
            break
        closed = [
            as_span(Interval(each.starts_at, each.ends_at)) for each in exceptions_of(schedule, exceptions)
        ]
        # Two sessions of one clinician that overlap offer a time once.
        owner = schedule.practitioner_id or schedule.shared_clinic_id or schedule.id
        for start, slot in _free_in(schedule, as_span(interval), closed, query, lanes, taken, wanted):
            if _is_in_part(slot, service, query):
                found.setdefault((start, owner), slot)
    return [found[key] for key in sorted(found, key=lambda key: (key[0], key[1].bytes))]


def _has_enough(found: Iterable[tuple[int, UUID]], limit: int, next_start: int) -> bool:
    """Whether the first `limit` times are known: no session that is still to come starts before the last of them."""
    return sum(start < next_start for start, _ in found) >= limit


def _wanted_starts(query: SlotQuery, span: Interval, now: datetime) -> Span:
    """Which starts are of interest, [first, last], in seconds: in the span, not over, and for patients by the rules."""
    first = max(span.start, now - STARTED_SLOT_STAYS_OPEN + timedelta(seconds=1))
    last = span.end - timedelta(seconds=1)
    if query.for_patient:
        first = max(first, now + timedelta(minutes=query.type.notice_minutes))
        last = min(last, now + timedelta(days=query.type.days_ahead))
    return math.ceil(first.timestamp()), math.floor(last.timestamp())


def _is_in_part(slot: Slot, service: HealthcareService, query: SlotQuery) -> bool:
    if query.part_of_day is None:
        return True
    return part_of_day(slot.starts_at.astimezone(ZoneInfo(service.time_zone)).time()) is query.part_of_day


def _free_in(
    schedule: Schedule,
    session: Span,
    closed: Sequence[Span],
    query: SlotQuery,
    lanes: dict[UUID, list[UUID]],
    taken: Taken,
    wanted: Span,
) -> Iterator[tuple[int, Slot]]:
    length, step = query.type.minutes * 60, schedule.slot_minutes * 60
    before, after = query.type.buffer_before_minutes * 60, query.type.buffer_after_minutes * 60
    is_in_person = _modes(schedule, query) == {Mode.IN_PERSON}
    # Without buffers: the patient and the room, and what is closed.
    others = [*closed]
    if query.patient_id is not None:
        others += taken.get(query.patient_id, [])
    if schedule.room_id is not None and is_in_person:
        others += taken.get(schedule.room_id, [])
    blocked = merged(others)
    if schedule.practitioner_id is not None:
        resources = [schedule.practitioner_id]
    else:
        resources = lanes.get(schedule.shared_clinic_id, []) if schedule.shared_clinic_id else []
    seen: set[int] = set()
    for resource_id in resources:
        claims = taken.get(resource_id, [])
        # Only the claims of this session: a clinician has years of them.
        near = claims[
            max(0, bisect_left(claims, (session[0] - before,)) - 1) : bisect_left(
                claims, (session[1] + after,)
            )
        ]
        starts = free_starts(session, length=length, step=step, taken=near, before=before, after=after)
        for start in _outside(starts, length, blocked):
            if start in seen or not wanted[0] <= start <= wanted[1]:
                continue
            seen.add(start)
            yield (
                start,
                Slot(
                    starts_at=datetime.fromtimestamp(start, UTC),
                    ends_at=datetime.fromtimestamp(start + length, UTC),
                    schedule_id=schedule.id,
                    practitioner_id=schedule.practitioner_id,
                    lane_id=None if schedule.practitioner_id else resource_id,
                    room_id=schedule.room_id,
                ),
            )


def _outside(starts: Sequence[int], length: int, blocked: Sequence[Span]) -> Iterator[int]:
    """The starts whose appointment overlaps nothing of `blocked`, which is in order and disjoint."""
    if not blocked:
        yield from starts
        return
    number = 0
    for start in starts:
        while number < len(blocked) and blocked[number][1] <= start:
            number += 1
        if number == len(blocked) or blocked[number][0] >= start + length:
            yield start


class _BusyText(FunctionElement[str]):
    """All claims of a group as text: start and end of each, in seconds. One row instead of thousands."""

    type = String()
    inherit_cache = True


@compiles(_BusyText, "sqlite")
def _busy_on_sqlite(_element: _BusyText, _compiler: object, **_options: object) -> str:
    return "group_concat(strftime('%s', claim.starts_at) || ' ' || strftime('%s', claim.ends_at), ' ')"


@compiles(_BusyText, "postgresql")
def _busy_on_postgresql(_element: _BusyText, _compiler: object, **_options: object) -> str:
    seconds = "CAST(extract(epoch FROM claim.{}) AS bigint)"
    return f"string_agg({seconds.format('starts_at')} || ' ' || {seconds.format('ends_at')}, ' ')"


def _load_taken(
    session: Session,
    query: SlotQuery,
    sessions: Sequence[tuple[Schedule, Interval]],
    lanes: dict[UUID, list[UUID]],
    now: datetime,
) -> Taken:
    """Busy times by clinician, lane, room and patient, each merged and in order."""
    span = Interval(min(i.start for _, i in sessions), max(i.end for _, i in sessions))
    practitioners = {schedule.practitioner_id for schedule, _ in sessions if schedule.practitioner_id}
    rooms = {schedule.room_id for schedule, _ in sessions if schedule.room_id}
    clinics = {schedule.shared_clinic_id for schedule, _ in sessions if schedule.shared_clinic_id}
    lane_ids = {lane_id for clinic_id in clinics for lane_id in lanes.get(clinic_id, [])}
    wanted: list[tuple[InstrumentedAttribute[UUID | None], ColumnElement[bool]]] = [
        (column, column.in_(keys))
        for column, keys in (
            (Claim.practitioner_id, practitioners),
            (Claim.lane_id, lane_ids),
            (Claim.room_id, rooms if query.mode in (None, Mode.IN_PERSON) else ()),
        )
        if keys
    ]
    patient_id = survivor_of(session, query.patient_id) if query.patient_id else None
    if patient_id:
        wanted.append((Claim.patient_id, Claim.patient_id == patient_id))
    if not wanted:
        return {}
    margin = timedelta(minutes=query.type.buffer_before_minutes + query.type.buffer_after_minutes)
    conditions: list[ColumnElement[bool]] = [
        or_(
            Claim.state.in_((ClaimState.BOOKED, ClaimState.OVERBOOKED)),
            # A lapsed hold is free at once: no background job is needed for that.
            and_(Claim.state == ClaimState.HELD, Claim.hold_expires_at > now),
        ),
        Claim.starts_at < span.end + margin,
        Claim.ends_at > span.start - margin,
        # No claim is longer: the index is not read from the beginning of time.
        Claim.starts_at > span.start - margin - LONGEST_CLAIM,
    ]
    if query.ignoring is not None:
        conditions.append(or_(Claim.appointment_id.is_(None), Claim.appointment_id != query.ignoring))
    if query.own_hold is not None:
        conditions.append(or_(Claim.hold_token.is_(None), Claim.hold_token != query.own_hold.hex))
    taken: Taken = {}
    for column, condition in wanted:
        # One for each kind, so that each is read from its own index.
        rows = session.execute(select(column, _BusyText()).where(condition, *conditions).group_by(column))
        for resource_id, text in rows:
            if resource_id is None:
                continue
            seconds = [int(part) for part in text.split(" ")]
            taken[resource_id] = merged(zip(seconds[::2], seconds[1::2], strict=True))
    if query.patient_id and patient_id in taken:
        taken[query.patient_id] = taken[patient_id]
    return taken
