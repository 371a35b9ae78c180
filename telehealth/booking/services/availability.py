"""Which times are free: sessions minus what closes them, minus claims."""

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from telehealth.accounts.models import HealthcareService
from telehealth.accounts.services.merges import survivor_of
from telehealth.booking.domain.appointment import Mode
from telehealth.booking.domain.crew import Crew, Members
from telehealth.booking.domain.intervals import Interval
from telehealth.booking.domain.session_plan import find_unattended
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
from telehealth.booking.models import Appointment, AppointmentType, ScheduleException
from telehealth.booking.services.busy_times import BusyTimes, Resources, load_busy_times
from telehealth.booking.services.crews import find_crews, find_experts
from telehealth.booking.services.eligibility import find_lanes, find_skilled, needs_room, suits
from telehealth.booking.services.sessions import (
    closure_of,
    day_span,
    exceptions_of,
    load_exceptions,
    session_dates,
)
from telehealth.booking.services.timetables import Timetable, load_timetable, load_timetables

SEARCH_DAYS = 28
# Sessions are looked up week by week: with a limit the first free times are mostly in the first.
WEEK = timedelta(days=7)
# No session is longer, also on the day that has 25 hours.
LONGEST_SESSION = timedelta(hours=25)
# With a limit as many sessions are looked through at once as would have so many times as many starts, all of them
# free: of ten starts of a busy service one or two are.
STARTS_PER_FREE = 6
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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
    # An appointment that is to be moved, and a hold: their own claims count as free.
    moves: Appointment | None = None
    own_hold: UUID | None = None
    # All that the time needs is claimed for the asker already: only the sessions and the rules are asked.
    is_kept: bool = False
    # Of a shared clinic each place that is free, not only the first.
    each_place: bool = False
    limit: int | None = None

    @property
    def length(self) -> timedelta:
        """What was booked keeps its length, however long the type takes by now."""
        return (
            self.moves.ends_at - self.moves.starts_at if self.moves else timedelta(minutes=self.type.minutes)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Search:
    """What is the same for all sessions of a search."""

    service: HealthcareService
    query: SlotQuery
    now: datetime
    zone: ZoneInfo
    # The patient's record, which claims are of.
    patient_id: UUID | None
    # By shared clinic.
    lanes: dict[UUID, list[UUID]]
    # The shared clinics of which somebody is away or a lane is out of use, and their lanes that take nothing new.
    crews: dict[UUID, Crew[int]]
    closed_lanes: dict[UUID, list[UUID]]
    # Of a type that needs a skill: who has it, by shared clinic.
    experts: dict[UUID, Members]
    exceptions: Sequence[ScheduleException]
    # The first and the last start of interest, in seconds.
    wanted: Span


_Sessions = list[tuple[Timetable, Interval]]
# When, and whose: the order of what is found.
_Key = tuple[int, bytes]
_Found = dict[_Key, tuple[Timetable, UUID]]


def find_slots(
    session: Session, service: HealthcareService, query: SlotQuery, *, now: datetime
) -> list[Slot]:
    """Free times in order of time, then of clinician. With a limit no more is looked at than needed."""
    zone = ZoneInfo(service.time_zone)
    first = query.from_date or now.astimezone(zone).date()
    timetables = load_timetables(
        session,
        service.id,
        query.type.id,
        practitioner_id=query.practitioner_id,
        shared_clinic_id=query.shared_clinic_id,
    )
    if not timetables or query.days < 1:
        return []
    return _find_in(session, service, query, timetables, day_span(first, zone, query.days), now)


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
    timetable = load_timetable(session, service.id, query.type.id, schedule_id)
    if timetable is None:
        return None
    only = Interval(starts_at, starts_at + timedelta(seconds=1))
    found = _find_in(session, service, query, [timetable], only, now)
    return next((slot for slot in found if slot.starts_at == starts_at), None)


def _find_in(
    session: Session,
    service: HealthcareService,
    query: SlotQuery,
    timetables: Iterable[Timetable],
    span: Interval,
    now: datetime,
) -> list[Slot]:
    """The free times that start within `span`, as many as the limit allows."""
    wanted = _wanted_starts(query, span, now)
    skilled = find_skilled(session, query.type)
    is_move = query.moves is not None
    suitable = [each for each in timetables if suits(each, query.type, query.mode, skilled, is_move=is_move)]
    if not suitable or wanted[0] > wanted[1]:
        return []
    around = Interval(span.start - LONGEST_SESSION, span.end + LONGEST_SESSION)
    clinic_ids = {each.shared_clinic_id for each in suitable if each.shared_clinic_id is not None}
    exceptions = load_exceptions(session, service, around)
    crews = find_crews(session, service, exceptions) if clinic_ids else {}
    search = _Search(
        service=service,
        query=query,
        now=now,
        zone=ZoneInfo(service.time_zone),
        patient_id=survivor_of(session, query.patient_id) if query.patient_id else None,
        lanes=find_lanes(session, clinic_ids),
        crews=crews,
        closed_lanes=find_lanes(session, clinic_ids & crews.keys(), are_open=False),
        experts=find_experts(session, service, query.type, skilled) if clinic_ids else {},
        exceptions=exceptions,
        wanted=wanted,
    )
    found: _Found = {}
    for sessions, next_start in _chunks(_sessions_in_order(search, suitable, span), query):
        _add_free(session, search, sessions, found)
        if _has_enough(found, query.limit, next_start):
            break
    return [_slot(key[0], query.length, *found[key]) for key in sorted(found)[: query.limit]]


def _sessions_in_order(
    search: _Search, timetables: Sequence[Timetable], span: Interval
) -> Iterator[tuple[Timetable, Interval]]:
    """Sessions that take place and have starts of interest, by their beginning."""
    first, last = (datetime.fromtimestamp(seconds, UTC) for seconds in search.wanted)
    start = span.start
    while start < span.end:
        week = Interval(start, min(start + WEEK, span.end))
        sessions = [
            (timetable, interval)
            for timetable in timetables
            for interval, holiday in session_dates(timetable, search.service, week)
            if holiday is None
            and first < interval.end
            and interval.start <= last
            # One that began before the week is of the week before.
            and (interval.start >= start or start == span.start)
        ]
        yield from sorted(sessions, key=lambda each: (each[1].start, each[1].end, each[0].id.bytes))
        start = week.end


def _chunks(
    sessions: Iterable[tuple[Timetable, Interval]], query: SlotQuery
) -> Iterator[tuple[_Sessions, int | None]]:
    """Sessions as they are looked through at once, and when the next one begins; all at once without a limit."""
    enough = math.inf if query.limit is None else query.limit * STARTS_PER_FREE
    chunk: _Sessions = []
    starts: float = 0
    for timetable, interval in sessions:
        if starts >= enough and interval.start > chunk[-1][1].start:
            yield chunk, int(interval.start.timestamp())
            chunk, starts, enough = [], 0, enough * 2
        chunk.append((timetable, interval))
        starts += interval.length.total_seconds() / (60 * timetable.slot_minutes)
    if chunk:
        yield chunk, None


def _has_enough(found: Iterable[_Key], limit: int | None, next_start: int | None) -> bool:
    """Whether what is still to come starts later than the last of the times that are wanted."""
    if limit is None or next_start is None:
        return False
    return sum(start < next_start for start, _ in found) >= limit


def _wanted_starts(query: SlotQuery, span: Interval, now: datetime) -> Span:
    """Which starts are of interest, [first, last], in seconds: in the span, not over, and for patients by the rules."""
    # The first whole second after the one at which it closes, as `is_still_bookable` says.
    open_from = math.floor((now - STARTED_SLOT_STAYS_OPEN).timestamp()) + 1
    first = max(math.ceil(span.start.timestamp()), open_from)
    last = math.ceil(span.end.timestamp()) - 1
    if query.for_patient:
        first = max(first, math.ceil((now + timedelta(minutes=query.type.notice_minutes)).timestamp()))
        last = min(last, math.floor((now + timedelta(days=query.type.days_ahead)).timestamp()))
    return first, last


def _add_free(session: Session, search: _Search, sessions: _Sessions, found: _Found) -> None:
    """The free times of these sessions; of two sessions of one owner that offer the same time the first counts."""
    query, (first, last) = search.query, search.wanted
    busy = {} if query.is_kept else _load_busy(session, search, sessions)
    length = int(query.length.total_seconds())
    before, after = query.type.buffer_before_minutes * 60, query.type.buffer_after_minutes * 60
    blocked: dict[UUID, list[Span]] = {}
    for timetable, interval in sessions:
        if timetable.id not in blocked:
            blocked[timetable.id] = _blocked(search, timetable, busy)
        opens = as_span(interval)
        offered = [
            (
                resource_id,
                free_starts(
                    opens,
                    length=length,
                    step=timetable.slot_minutes * 60,
                    taken=_near(busy.get(resource_id, []), opens[0] - before, opens[1] + after),
                    before=before,
                    after=after,
                ),
            )
            for resource_id in _resources_of(search, timetable)
        ]
        if timetable.shared_clinic_id in search.crews:
            offered = _as_many_as_are_there(search, timetable.shared_clinic_id, offered)
        # In one room one patient at a time, however many are there to see them.
        by_place = query.each_place and not needs_room(timetable, query.type, query.mode)
        for resource_id, starts in offered:
            owner = (resource_id if by_place else timetable.owner_id).bytes
            for start in _outside(starts, length, blocked[timetable.id]):
                key = (start, owner)
                if first <= start <= last and key not in found and _is_in_part(start, search):
                    found[key] = (timetable, resource_id)


def _resources_of(search: _Search, timetable: Timetable) -> Sequence[UUID]:
    """Of whom one must be free; of a shared clinic with a crew also those who only count as taken."""
    clinic_id = timetable.shared_clinic_id
    if clinic_id is None:
        return [timetable.owner_id]
    return [*search.lanes.get(clinic_id, ()), *search.closed_lanes.get(clinic_id, ())]


def _as_many_as_are_there(
    search: _Search, clinic_id: UUID, offered: Sequence[tuple[UUID, Sequence[int]]]
) -> list[tuple[UUID, list[int]]]:
    """Of the free starts of lanes as many at once as there are clinicians whom nobody takes then, first lanes first."""
    crew, length = search.crews[clinic_id], int(search.query.length.total_seconds())
    free = Counter(start for _, starts in offered for start in starts)
    left = {
        start: crew.most_at_once(start, start + length) - (len(offered) - count)
        for start, count in free.items()
    }
    found = []
    for lane_id, starts in offered:
        if lane_id not in search.lanes.get(clinic_id, ()):
            continue
        found.append((lane_id, [start for start in starts if left[start] > 0]))
        for start in starts:
            left[start] -= 1
    return found


def _blocked(search: _Search, timetable: Timetable, busy: BusyTimes) -> list[Span]:
    """Without buffers: what is closed, the patient and the room."""
    spans = [
        as_span(Interval(each.starts_at, each.ends_at))
        for each in exceptions_of(timetable, search.exceptions)
    ]
    if timetable.shared_clinic_id in search.experts:
        first, last = (datetime.fromtimestamp(seconds, UTC) for seconds in search.wanted)
        closures = map(closure_of, search.exceptions)
        around = Interval(first - LONGEST_SESSION, last + LONGEST_SESSION)
        unattended = find_unattended(search.experts[timetable.shared_clinic_id], closures, around)
        spans += [as_span(each.span) for each in unattended]
    if search.patient_id is not None:
        spans += busy.get(search.patient_id, [])
    if timetable.room_id is not None and needs_room(timetable, search.query.type, search.query.mode):
        spans += busy.get(timetable.room_id, [])
    return merged(spans)


def _near(claims: list[Span], start: int, end: int) -> list[Span]:
    """Only the claims of this session: a clinician has years of them."""
    return claims[max(0, bisect_left(claims, (start,)) - 1) : bisect_left(claims, (end,))]


def _outside(starts: Sequence[int], length: int, blocked: Sequence[Span]) -> Iterable[int]:
    """The starts whose appointment overlaps nothing of `blocked`, which is in order and disjoint."""
    if not blocked or not starts:
        return starts
    free = []
    number = bisect_left(blocked, (starts[0],))
    number = max(0, number - 1)
    for start in starts:
        while number < len(blocked) and blocked[number][1] <= start:
            number += 1
        if number == len(blocked) or blocked[number][0] >= start + length:
            free.append(start)
    return free


def _is_in_part(start: int, search: _Search) -> bool:
    if search.query.part_of_day is None:
        return True
    return part_of_day(datetime.fromtimestamp(start, search.zone).time()) is search.query.part_of_day


def _slot(start: int, length: timedelta, timetable: Timetable, resource_id: UUID) -> Slot:
    # Of 15,000 times this takes a tenth of what `fromtimestamp` takes.
    starts_at = _EPOCH + timedelta(0, start)
    return Slot(
        starts_at=starts_at,
        ends_at=starts_at + length,
        schedule_id=timetable.id,
        practitioner_id=timetable.practitioner_id,
        lane_id=None if timetable.practitioner_id else resource_id,
        room_id=timetable.room_id,
    )


def _load_busy(session: Session, search: _Search, sessions: _Sessions) -> BusyTimes:
    query = search.query
    timetables = {timetable.id: timetable for timetable, _ in sessions}.values()
    rooms = {each.room_id for each in timetables if each.room_id and needs_room(each, query.type, query.mode)}
    lanes = {
        lane_id
        for each in timetables
        if each.shared_clinic_id is not None
        for lane_id in _resources_of(search, each)
    }
    margin = timedelta(minutes=query.type.buffer_before_minutes + query.type.buffer_after_minutes)
    # Only around the starts of interest: of a night's session one time may be asked for.
    first, last = (datetime.fromtimestamp(seconds, UTC) for seconds in search.wanted)
    start = max(first, min(interval.start for _, interval in sessions))
    end = min(last + query.length, max(interval.end for _, interval in sessions))
    return load_busy_times(
        session,
        Resources(
            practitioners=frozenset(each.practitioner_id for each in timetables if each.practitioner_id),
            lanes=frozenset(lanes),
            rooms=frozenset(rooms),
            patients=frozenset([search.patient_id] if search.patient_id else []),
        ),
        Interval(start - margin, end + margin),
        now=search.now,
        ignoring=query.moves.id if query.moves else None,
        own_hold=query.own_hold,
    )
