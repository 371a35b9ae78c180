"""Appointments that repeat: previewed whole, each conflict explained, and booked together or not at all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.accounts.models import HealthcareService
from telehealth.accounts.services.merges import survivor_of
from telehealth.accounts.services.patients import get_patient
from telehealth.actor import Actor, Role
from telehealth.booking.domain.appointment import GONE, Mode
from telehealth.booking.domain.interpreter import InterpreterJoins
from telehealth.booking.domain.intervals import Interval
from telehealth.booking.domain.series import is_skipped, series_starts
from telehealth.booking.domain.slots import Slot
from telehealth.booking.models import Appointment, AppointmentType, Schedule
from telehealth.booking.services.appointments import (
    get_service,
    on_series_booked,
    place_appointment,
    still_booked,
)
from telehealth.booking.services.availability import SlotQuery, find_slots
from telehealth.booking.services.booking import FARTHEST
from telehealth.booking.services.claims import Need, SlotTaken, lock_resources
from telehealth.booking.services.eligibility import find_lanes
from telehealth.booking.services.explanations import Reason, ReasonCode, explain
from telehealth.booking.services.follow_ups import end_by_booking
from telehealth.booking.services.idempotency import key_of, remember_key
from telehealth.booking.services.sessions import find_sessions
from telehealth.clock import now
from telehealth.errors import N_, InvalidInput, NotFound

MOST_DATES = 26
WEEKS_BETWEEN = (1, 2, 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesRequest:
    """The first time, and how it repeats: always at the same time of the clock, with the same clinician or clinic."""

    patient_id: UUID
    service_id: UUID
    appointment_type_id: UUID
    mode: Mode
    schedule_id: UUID
    starts_at: datetime
    weeks_between: int
    count: int
    idempotency_key: str = ""
    reason: str = ""
    is_confidential: bool = False
    interpreter_language: str = ""
    interpreter_joins: InterpreterJoins | None = None
    # What the first appointment is booked for.
    follow_up_id: UUID | None = None
    # Said to be for none of the patient's requests.
    is_for_no_request: bool = False
    # What whoever looks at the series keeps for the patient: it is in nobody's way.
    own_hold: UUID | None = None


@dataclass(frozen=True, slots=True)
class SeriesDate:
    """One date of a series: the slot that can be booked, or why not and what else is free that day."""

    starts_at: datetime
    slot: Slot | None
    reasons: Sequence[Reason]
    others: Sequence[Slot]


class SeriesChanged(SlotTaken):
    """Some of the times were taken since the preview."""

    def __init__(self) -> None:
        super().__init__(
            "series-changed",
            N_("Some of these times have been taken meanwhile, so nothing is booked. Check the dates again."),
        )


def preview_series(session: Session, actor: Actor, wish: SeriesRequest) -> list[SeriesDate]:
    """Every date of the series with what stands in its way; books nothing. Raises InvalidInput, NotFound."""
    service = get_service(session, actor, wish.service_id, Role.RECEPTIONIST)
    get_patient(session, actor, wish.patient_id)
    type_, schedule = _checked(session, service, wish)
    zone = ZoneInfo(service.time_zone)
    found = []
    for starts_at in series_starts(wish.starts_at, zone, weeks_between=wish.weeks_between, count=wish.count):
        if starts_at >= now() + FARTHEST:
            found.append(SeriesDate(starts_at, None, [Reason(code=ReasonCode.TOO_FAR)], []))
            continue
        free = _free_on(session, service, wish, type_, schedule, starts_at)
        reasons: Sequence[Reason] = ()
        if is_skipped(starts_at, wish.starts_at, zone):
            slot, reasons = None, [Reason(code=ReasonCode.SKIPPED_HOUR)]
        elif (slot := next((each for each in free if each.starts_at == starts_at), None)) is None:
            reasons = _explain(session, service, wish, type_, schedule, starts_at)
        found.append(SeriesDate(starts_at, slot, reasons, [] if slot else _nearest(free, starts_at)))
    return found


def book_series(
    session: Session, actor: Actor, wish: SeriesRequest, chosen: Sequence[datetime]
) -> list[Appointment]:
    """Book the chosen starts, all or none. Each ends a request that waits for such an appointment, the first the named.

    Raises SeriesChanged, PatientBusy, InvalidInput, NotFound, and Conflict where the named request is over already.
    """
    service = get_service(session, actor, wish.service_id, Role.RECEPTIONIST)
    patient = get_patient(session, actor, survivor_of(session, wish.patient_id))
    type_, schedule = _checked(session, service, wish)
    starts = sorted(set(chosen))
    if not 1 <= len(starts) <= MOST_DATES:
        raise InvalidInput("no-dates", N_("Choose at least one date to book."), field="dates")
    key = key_of(wish.idempotency_key, patient.id, *(start.isoformat() for start in starts))
    series_id, is_repeat = remember_key(session, actor.key, key, uuid4())
    if is_repeat:
        return _still_booked(session, series_id)
    _lock_all(session, patient.id, schedule)
    for starts_at in starts:
        if starts_at >= now() + FARTHEST:
            raise SeriesChanged
        slot = next(
            (
                each
                for each in _free_on(session, service, wish, type_, schedule, starts_at)
                if each.starts_at == starts_at
            ),
            None,
        )
        if slot is None:
            raise SeriesChanged
        place_appointment(
            session,
            actor,
            service,
            patient,
            slot,
            type_=type_,
            mode=wish.mode,
            reason=wish.reason,
            is_confidential=wish.is_confidential,
            interpreter_language=wish.interpreter_language,
            interpreter_joins=wish.interpreter_joins,
            series_id=series_id,
        )
    booked = _booked(session, series_id)
    for number, appointment in enumerate(booked):
        named = wish.follow_up_id if number == 0 else None
        end_by_booking(session, actor, appointment, named, is_for_none=wish.is_for_no_request)
    for tell in on_series_booked:
        tell(session, booked)
    return booked


def _lock_all(session: Session, patient_id: UUID, schedule: Schedule) -> None:
    """Everything that any of the dates may need, at once: two series in one clinic would wait for each other."""
    lanes = find_lanes(session, [schedule.shared_clinic_id])
    keys = {patient_id, *(key for each in lanes.values() for key in each)}
    keys |= {key for key in (schedule.practitioner_id, schedule.room_id) if key is not None}
    # Of a resource only the key counts here.
    lock_resources(session, [Need("", key, now(), now()) for key in keys])


def _checked(
    session: Session, service: HealthcareService, wish: SeriesRequest
) -> tuple[AppointmentType, Schedule]:
    type_ = session.get(AppointmentType, wish.appointment_type_id)
    schedule = session.get(Schedule, wish.schedule_id)
    if (
        type_ is None
        or schedule is None
        or type_.service_id != service.id
        or schedule.service_id != service.id
        or wish.mode not in type_.modes
    ):
        raise NotFound
    if not 2 <= wish.count <= MOST_DATES:
        raise InvalidInput("series-count", N_("Enter a number of appointments from 2 to 26."), field="count")
    if wish.weeks_between not in WEEKS_BETWEEN:
        raise InvalidInput(
            "series-weeks", N_("Choose how many weeks are between two."), field="weeks_between"
        )
    if not now() - timedelta(hours=1) <= wish.starts_at < now() + FARTHEST:
        raise InvalidInput(
            "series-start", N_("Choose a first time that is still to come."), field="starts_at"
        )
    return type_, schedule


def _query(
    wish: SeriesRequest, type_: AppointmentType, schedule: Schedule, starts_at: datetime, zone: ZoneInfo
) -> SlotQuery:
    return SlotQuery(
        type=type_,
        mode=wish.mode,
        from_date=starts_at.astimezone(zone).date(),
        days=1,
        practitioner_id=schedule.practitioner_id,
        shared_clinic_id=schedule.shared_clinic_id,
        patient_id=wish.patient_id,
        own_hold=wish.own_hold,
    )


def _free_on(
    session: Session,
    service: HealthcareService,
    wish: SeriesRequest,
    type_: AppointmentType,
    schedule: Schedule,
    starts_at: datetime,
) -> list[Slot]:
    query = _query(wish, type_, schedule, starts_at, ZoneInfo(service.time_zone))
    return find_slots(session, service, query, now=now())


def _explain(
    session: Session,
    service: HealthcareService,
    wish: SeriesRequest,
    type_: AppointmentType,
    schedule: Schedule,
    starts_at: datetime,
) -> Sequence[Reason]:
    query = _query(wish, type_, schedule, starts_at, ZoneInfo(service.time_zone))
    # On that date another session of the same clinician or clinic may run: it is the one that says why not.
    running = find_sessions(
        session,
        service,
        Interval(starts_at, starts_at + timedelta(minutes=type_.minutes)),
        practitioner_ids=[schedule.practitioner_id] if schedule.practitioner_id else None,
        shared_clinic_ids=[schedule.shared_clinic_id] if schedule.shared_clinic_id else None,
    )
    ids = [each.schedule.id for each in running]
    schedule_id = schedule.id if schedule.id in ids or not ids else ids[0]
    return explain(session, service, query, schedule_id=schedule_id, starts_at=starts_at, now=now())


def _nearest(free: Sequence[Slot], starts_at: datetime, most: int = 3) -> list[Slot]:
    near = sorted(free, key=lambda slot: abs(slot.starts_at - starts_at))[:most]
    return sorted(near, key=lambda slot: slot.starts_at)


def _still_booked(session: Session, series_id: UUID) -> list[Appointment]:
    """What the form made the first time, without the dates that were cancelled since. Raises Conflict where all were."""
    made = _booked(session, series_id)
    live = [each for each in made if each.status not in GONE]
    return live or [still_booked(each) for each in made]


def _booked(session: Session, series_id: UUID) -> list[Appointment]:
    return list(
        session.scalars(
            select(Appointment).where(Appointment.series_id == series_id).order_by(Appointment.starts_at)
        )
    )
