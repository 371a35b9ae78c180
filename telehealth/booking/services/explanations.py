"""Why a time cannot be booked: every rule that says no, as facts. Their words are the edge's."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import chain
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from telehealth.accounts.models import HealthcareService
from telehealth.accounts.services.merges import survivor_of
from telehealth.booking.domain.appointment_type import Refusal, check_booking_time
from telehealth.booking.domain.claim import LONGEST_CLAIM, ClaimState
from telehealth.booking.domain.intervals import Interval
from telehealth.booking.domain.slots import as_span, is_still_bookable
from telehealth.booking.models import Claim, ScheduleException
from telehealth.booking.services.availability import SlotQuery
from telehealth.booking.services.crews import find_crews, load_members
from telehealth.booking.services.eligibility import (
    find_lanes,
    find_skilled,
    has_skill,
    needs_room,
    offered_modes,
    takes_type,
)
from telehealth.booking.services.required_skill import is_without_expert
from telehealth.booking.services.sessions import exceptions_of, load_exceptions, session_dates
from telehealth.booking.services.timetables import Timetable, load_timetable


class ReasonCode(StrEnum):
    """Which rule says no."""

    PAST = "past"
    TOO_SOON = "too-soon"
    TOO_FAR = "too-far"
    OUTSIDE_SESSION = "outside-session"
    SKIPPED_HOUR = "skipped-hour"  # the clocks go forward over it
    BANK_HOLIDAY = "bank-holiday"
    LEAVE = "leave"
    CLOSED = "closed"
    BOOKED = "booked"
    HELD = "held"
    PATIENT_BUSY = "patient-busy"
    ROOM_TAKEN = "room-taken"
    TYPE_NOT_OFFERED = "type-not-offered"
    MODE = "mode"
    SKILL = "skill"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One rule that stands in the way, with what it is about. `text`: the name of a bank holiday, or of leave."""

    code: ReasonCode
    appointment_id: UUID | None = None
    exception_id: UUID | None = None
    until: datetime | None = None
    text: str = ""


def explain(
    session: Session,
    service: HealthcareService,
    query: SlotQuery,
    *,
    schedule_id: UUID,
    starts_at: datetime,
    now: datetime,
) -> list[Reason]:
    """Everything that keeps a time from being booked; an empty list where it is free."""
    schedule = load_timetable(session, service.id, query.type.id, schedule_id)
    if schedule is None:
        return [Reason(code=ReasonCode.OUTSIDE_SESSION)]
    wanted = Interval(starts_at, starts_at + query.length)
    return [
        *_about_time(query, starts_at, now),
        *_about_type(session, service, schedule, query, wanted),
        *_about_session(session, service, schedule, wanted),
        *_about_claims(session, service, schedule, query, wanted, now),
    ]


def _about_time(query: SlotQuery, starts_at: datetime, now: datetime) -> list[Reason]:
    if not is_still_bookable(starts_at, now):
        return [Reason(code=ReasonCode.PAST)]
    if not query.for_patient:
        return []
    refusal = check_booking_time(
        starts_at, now, notice_minutes=query.type.notice_minutes, days_ahead=query.type.days_ahead
    )
    words = {Refusal.TOO_SOON: ReasonCode.TOO_SOON, Refusal.TOO_FAR: ReasonCode.TOO_FAR}
    return [Reason(code=words[refusal])] if refusal else []


def _about_type(
    session: Session, service: HealthcareService, schedule: Timetable, query: SlotQuery, wanted: Interval
) -> list[Reason]:
    type_ = query.type
    found = []
    if not takes_type(schedule, type_, is_move=query.moves is not None):
        found.append(Reason(code=ReasonCode.TYPE_NOT_OFFERED, text=type_.name))
    if not offered_modes(schedule, type_, query.mode):
        found.append(Reason(code=ReasonCode.MODE))
    skilled = find_skilled(session, type_)
    if not has_skill(schedule, type_, skilled) or is_without_expert(
        session, service, type_, schedule.shared_clinic_id, skilled, wanted
    ):
        found.append(Reason(code=ReasonCode.SKILL, text=type_.required_skill))
    return found


def _about_session(
    session: Session, service: HealthcareService, schedule: Timetable, wanted: Interval
) -> list[Reason]:
    around = [
        (interval, holiday)
        for interval, holiday in session_dates(schedule, service, wanted)
        if interval.start <= wanted.start and wanted.end <= interval.end
    ]
    if not around:
        return [Reason(code=ReasonCode.OUTSIDE_SESSION)]
    found = [
        Reason(code=ReasonCode.BANK_HOLIDAY, text=holiday.name)
        for _, holiday in around
        if holiday is not None
    ]
    if len(found) < len(around):
        found = []
    for each in exceptions_of(schedule, load_exceptions(session, service, wanted)):
        found.append(_about_exception(each))
    if not found and not any(_is_on_grid(schedule, interval, wanted) for interval, _ in around):
        found.append(Reason(code=ReasonCode.OUTSIDE_SESSION))
    return found


def _about_exception(exception: ScheduleException) -> Reason:
    return Reason(
        code=ReasonCode.LEAVE if exception.practitioner_id else ReasonCode.CLOSED,
        exception_id=exception.id,
        until=exception.ends_at,
        text=exception.reason,
    )


def _is_on_grid(schedule: Timetable, interval: Interval, wanted: Interval) -> bool:
    return (wanted.start - interval.start) % timedelta(minutes=schedule.slot_minutes) == timedelta(0)


def _about_lanes(
    session: Session,
    service: HealthcareService,
    clinic_id: UUID,
    query: SlotQuery,
    wanted: Interval,
    needed: Interval,
    now: datetime,
) -> list[Reason]:
    """One lane that is free is enough, as long as somebody is there."""

    def taken(are_open: bool) -> list[list[Reason]]:
        lanes = find_lanes(session, [clinic_id], are_open=are_open)[clinic_id]
        return [_claimed(session, query, Claim.lane_id == lane_id, needed, now) for lane_id in lanes]

    by_lane = taken(True)
    if not by_lane:
        return [Reason(code=ReasonCode.OUTSIDE_SESSION)]
    if all(by_lane):
        return [*chain(*by_lane)]
    exceptions = load_exceptions(session, service, wanted)
    crew = find_crews(session, service, exceptions).get(clinic_id)
    if crew is None:
        return []
    by_lane += taken(False)
    if sum(map(bool, by_lane)) < crew.most_at_once(*as_span(wanted)):
        return []
    members = load_members(session, service)[clinic_id].working
    away = [_about_exception(each) for each in exceptions if each.practitioner_id in members]
    return [*away, *chain(*by_lane)] or [Reason(code=ReasonCode.OUTSIDE_SESSION)]


def _about_claims(
    session: Session,
    service: HealthcareService,
    schedule: Timetable,
    query: SlotQuery,
    wanted: Interval,
    now: datetime,
) -> list[Reason]:
    found: list[Reason] = []
    before = timedelta(minutes=query.type.buffer_before_minutes)
    after = timedelta(minutes=query.type.buffer_after_minutes)
    needed = Interval(wanted.start - before, wanted.end + after)
    if schedule.practitioner_id is not None:
        found += _claimed(session, query, Claim.practitioner_id == schedule.practitioner_id, needed, now)
    elif schedule.shared_clinic_id is not None:
        found += _about_lanes(session, service, schedule.shared_clinic_id, query, wanted, needed, now)
    if query.patient_id is not None:
        patient_id = survivor_of(session, query.patient_id)
        found += [
            Reason(code=ReasonCode.PATIENT_BUSY, appointment_id=each.appointment_id)
            for each in _claimed(session, query, Claim.patient_id == patient_id, wanted, now)
        ]
    if schedule.room_id is not None and needs_room(schedule, query.type, query.mode):
        found += [
            Reason(code=ReasonCode.ROOM_TAKEN, appointment_id=each.appointment_id)
            for each in _claimed(session, query, Claim.room_id == schedule.room_id, wanted, now)
        ]
    return found


def _claimed(
    session: Session, query: SlotQuery, whose: ColumnElement[bool], span: Interval, now: datetime
) -> list[Reason]:
    conditions: list[ColumnElement[bool]] = [
        whose,
        or_(
            Claim.state.in_((ClaimState.BOOKED, ClaimState.OVERBOOKED)),
            and_(Claim.state == ClaimState.HELD, Claim.hold_expires_at > now),
        ),
        Claim.starts_at < span.end,
        Claim.ends_at > span.start,
        Claim.starts_at > span.start - LONGEST_CLAIM,
    ]
    if query.moves is not None:
        conditions.append(or_(Claim.appointment_id.is_(None), Claim.appointment_id != query.moves.id))
    if query.own_hold is not None:
        conditions.append(or_(Claim.hold_token.is_(None), Claim.hold_token != query.own_hold.hex))
    rows = session.execute(
        select(Claim.state, Claim.appointment_id, Claim.hold_expires_at)
        .where(*conditions)
        .order_by(Claim.starts_at)
    )
    return [
        Reason(code=ReasonCode.HELD, until=expires_at)
        if state is ClaimState.HELD
        else Reason(code=ReasonCode.BOOKED, appointment_id=appointment_id)
        for state, appointment_id, expires_at in rows
    ]
