"""Reception keeps a chosen time for one patient, or for a move: one at a time, and the same one for a double click."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from telehealth.accounts.models import HealthcareService
from telehealth.accounts.services.merges import survivor_of
from telehealth.accounts.services.patients import get_patient
from telehealth.actor import Actor, Role
from telehealth.booking.domain.appointment import Mode
from telehealth.booking.models import Appointment, Claim, Hold
from telehealth.booking.services.appointments import AppointmentChanged, get_service
from telehealth.booking.services.booking import BookingRequest, find_choice
from telehealth.booking.services.holds import hold_slot, release_hold
from telehealth.booking.services.managed import get_managed
from telehealth.booking.services.moving import MOVABLE
from telehealth.clock import now
from telehealth.errors import NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRequest:
    """The chosen time: as what, how, and in which session."""

    schedule_id: UUID
    starts_at: datetime
    appointment_type_id: UUID
    mode: Mode

    @classmethod
    def of(cls, hold: Hold) -> "HoldRequest":
        """What is held."""
        return cls(
            schedule_id=hold.schedule_id,
            starts_at=hold.starts_at,
            appointment_type_id=hold.appointment_type_id,
            mode=hold.mode,
        )


def release_for_patient(session: Session, actor: Actor, patient_id: UUID, wish: HoldRequest) -> Hold | None:
    """Give back what the actor keeps for this patient, but for the wished time itself, which is returned.

    In a transaction of its own, before `hold_for_patient`: whoever locks twice in one can wait for each other for ever.
    """
    return _release_others(session, actor, list_kept_for_patient(session, actor, patient_id), wish)


def release_kept_for_patient(session: Session, actor: Actor, patient_id: UUID) -> None:
    """Give back all of it: what is booked for the patient in another way does not stumble over it."""
    for hold in list_kept_for_patient(session, actor, patient_id):
        release_hold(session, hold.id, actor.key)


def release_for_move(session: Session, actor: Actor, appointment_id: UUID, wish: HoldRequest) -> Hold | None:
    """The same, of what is kept to move this appointment."""
    return _release_others(session, actor, list_kept_for_move(session, actor, appointment_id), wish)


def list_kept_for_patient(session: Session, actor: Actor, patient_id: UUID) -> list[Hold]:
    """What the actor keeps right now to book it for this patient."""
    held = _held(session, actor, Hold.moves_appointment_id.is_(None))
    tokens = session.scalars(
        select(Claim.hold_token).where(
            Claim.patient_id == survivor_of(session, patient_id),
            Claim.hold_token.in_([hold.id.hex for hold in held]),
        )
    ).all()
    return [hold for hold in held if hold.id.hex in tokens]


def list_kept_for_move(session: Session, actor: Actor, appointment_id: UUID) -> list[Hold]:
    """What the actor keeps right now to move this appointment to."""
    return _held(session, actor, Hold.moves_appointment_id == appointment_id)


def hold_for_patient(
    session: Session, actor: Actor, service_id: UUID, patient_id: UUID, wish: HoldRequest
) -> Hold:
    """Keep a time while the details are typed. Raises SlotTaken, PatientBusy, TooManyTries, NotFound."""
    service = get_service(session, actor, service_id, Role.RECEPTIONIST)
    patient = get_patient(session, actor, patient_id)
    return _hold(session, actor, service, wish, patient_id=survivor_of(session, patient.id))


def hold_for_move(session: Session, actor: Actor, appointment_id: UUID, wish: HoldRequest) -> Hold:
    """Keep a time to which an appointment may be moved; its own time stays its own.

    Raises SlotTaken, PatientBusy, TooManyTries, NotFound, and AppointmentChanged where it cannot be moved any more.
    """
    appointment = get_managed(session, actor, appointment_id)
    if appointment.status not in MOVABLE:
        raise AppointmentChanged
    return _hold(session, actor, appointment.service, wish, moves=appointment)


def find_hold(session: Session, actor: Actor, service_id: UUID, hold_id: UUID) -> Hold | None:
    """What the actor keeps; None where it is over and forgotten. Raises NotFound for somebody else's."""
    found = session.get(Hold, hold_id)
    if found is None:
        return None
    if found.owner != actor.key or found.service_id != service_id:
        raise NotFound
    return found


def _hold(
    session: Session,
    actor: Actor,
    service: HealthcareService,
    wish: HoldRequest,
    *,
    patient_id: UUID | None = None,
    moves: Appointment | None = None,
) -> Hold:
    choice = find_choice(
        session,
        service,
        BookingRequest(
            service_id=service.id,
            idempotency_key="",
            schedule_id=wish.schedule_id,
            starts_at=wish.starts_at,
            appointment_type_id=wish.appointment_type_id,
            mode=wish.mode,
        ),
        moves=moves,
    )
    return hold_slot(
        session,
        actor,
        service,
        choice.slot,
        type_=choice.type,
        mode=choice.mode,
        owner=actor.key,
        patient_id=patient_id,
        moves=moves,
    )


def _held(session: Session, actor: Actor, *conditions: ColumnElement[bool]) -> list[Hold]:
    return list(
        session.scalars(
            select(Hold)
            .where(Hold.owner == actor.key, Hold.expires_at > now(), *conditions)
            .order_by(Hold.id)
        )
    )


def _release_others(session: Session, actor: Actor, mine: list[Hold], wish: HoldRequest) -> Hold | None:
    same = next((hold for hold in mine if HoldRequest.of(hold) == wish), None)
    for hold in mine:
        if hold is not same:
            release_hold(session, hold.id, actor.key)
    return same
