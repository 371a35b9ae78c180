"""Move an appointment. The old time is kept until the new one is secured: one transaction, the same rows."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from telehealth.actor import Actor
from telehealth.booking.domain.appointment import AppointmentStatus, Change, Mode
from telehealth.booking.domain.interpreter import joins_after_move
from telehealth.booking.models import Appointment
from telehealth.booking.policies import may_manage
from telehealth.booking.services.appointments import (
    AppointmentChanged,
    flush_changed,
    get_appointment,
    lock_appointment,
    mark_lists,
    remember_change,
)
from telehealth.booking.services.booking import BookingRequest, Choice, find_choice
from telehealth.booking.services.claims import drop_hold_claims, move_claims
from telehealth.booking.services.holds import chosen_at, get_hold, use_hold
from telehealth.booking.services.idempotency import key_of, remember_key
from telehealth.booking.services.own_rules import check_own_change, check_time, check_type
from telehealth.errors import N_, Conflict, NotFound

MOVABLE = (AppointmentStatus.BOOKED, AppointmentStatus.PENDING)


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveRequest:
    """Where to: the time of the hold, or a schedule and a start. The type stays; `mode` None: as it was."""

    version: int
    idempotency_key: str
    hold_id: UUID | None = None
    hold_owner: str = ""
    schedule_id: UUID | None = None
    starts_at: datetime | None = None
    mode: Mode | None = None
    note: str = ""


def move_appointment(session: Session, actor: Actor, appointment_id: UUID, wish: MoveRequest) -> Appointment:
    """By reception. Raises SlotTaken, PatientBusy, AppointmentChanged, NotFound: the old time stays then."""
    appointment = get_appointment(session, actor, appointment_id)
    if not may_manage(actor, appointment):
        raise NotFound
    if _is_repeat(session, actor, appointment, wish):
        return appointment
    appointment = lock_appointment(session, actor, appointment_id)
    _check(appointment, wish)
    return _move(
        session,
        actor,
        appointment,
        wish,
        find_choice(session, appointment.service, _as_booking(appointment, wish), moves=appointment),
    )


def move_own_appointment(
    session: Session, actor: Actor, appointment_id: UUID, wish: MoveRequest
) -> Appointment:
    """By the patient, within the type's rules. Raises NotBookable too."""
    appointment = get_appointment(session, actor, appointment_id)
    if _is_repeat(session, actor, appointment, wish):
        return appointment
    appointment = lock_appointment(session, actor, appointment_id)
    _check(appointment, wish)
    hold = get_hold(session, wish.hold_id, wish.hold_owner) if wish.hold_id else None
    check_own_change(actor, appointment, chosen_at(hold))
    choice = find_choice(session, appointment.service, _as_booking(appointment, wish), moves=appointment)
    check_type(choice.type, is_known=True)
    check_time(choice.type, choice.slot.starts_at, chosen_at(choice.hold))
    return _move(session, actor, appointment, wish, choice)


def _is_repeat(session: Session, actor: Actor, appointment: Appointment, wish: MoveRequest) -> bool:
    key = key_of(wish.idempotency_key, appointment.id, wish.version, wish.hold_id, wish.starts_at)
    is_repeat = remember_key(session, actor.key, key, appointment.id)[1]
    if is_repeat and appointment.version > wish.version + 1:
        # It was moved by this form, and then changed again: it is not where the form put it.
        raise AppointmentChanged
    return is_repeat


def _check(appointment: Appointment, wish: MoveRequest) -> None:
    if appointment.version != wish.version:
        raise AppointmentChanged
    if appointment.status not in MOVABLE:
        raise Conflict(
            "not-movable", N_("This appointment cannot be moved any more. Book another one instead.")
        )


def _as_booking(appointment: Appointment, wish: MoveRequest) -> BookingRequest:
    return BookingRequest(
        service_id=appointment.service_id,
        idempotency_key=wish.idempotency_key,
        patient_id=appointment.patient_id,
        hold_id=wish.hold_id,
        hold_owner=wish.hold_owner,
        schedule_id=wish.schedule_id,
        starts_at=wish.starts_at,
        appointment_type_id=appointment.appointment_type_id,
        mode=wish.mode or appointment.mode,
    )


def _move(
    session: Session, actor: Actor, appointment: Appointment, wish: MoveRequest, choice: Choice
) -> Appointment:
    mark_lists(session, appointment)
    slot = choice.slot
    appointment.practitioner_id, appointment.lane_id = slot.practitioner_id, slot.lane_id
    appointment.room_id = slot.room_id if choice.mode is Mode.IN_PERSON else None
    appointment.starts_at, appointment.ends_at, appointment.mode = slot.starts_at, slot.ends_at, choice.mode
    appointment.is_overbooked = False
    appointment.interpreter_joins = joins_after_move(appointment.interpreter_joins, choice.mode)
    if not session.is_modified(appointment):
        # Moved to where it is.
        if choice.hold is not None:
            drop_hold_claims(session, choice.hold)
            use_hold(session, choice.hold)
        return appointment
    flush_changed(session)
    session.refresh(appointment, ["practitioner", "lane", "room"])
    move_claims(session, appointment, hold=choice.hold)
    if choice.hold is not None:
        use_hold(session, choice.hold)
    remember_change(session, actor, appointment, Change.MOVED, note=wish.note)
    return appointment
