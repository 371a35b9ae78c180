"""Book, look up, cancel and advance appointments."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, joinedload
from sqlalchemy.orm.exc import StaleDataError

from telehealth.accounts.models import HealthcareService, Patient
from telehealth.accounts.services.patients import get_patient
from telehealth.actor import Actor, Role
from telehealth.audit.services import record_event
from telehealth.booking.domain.appointment import AppointmentStatus, Mode, can_become
from telehealth.booking.domain.reference import make_reference
from telehealth.booking.domain.slots import Slot
from telehealth.booking.models import Appointment, AppointmentHistory, IdempotencyKey, Schedule
from telehealth.booking.policies import may_manage, may_see
from telehealth.booking.services.availability import find_free_slots
from telehealth.booking.services.claims import claim_for_appointment, release_claims
from telehealth.clock import now
from telehealth.errors import N_, Conflict, InvalidInput, NotFound
from telehealth.topics import clinic_topic, mark_topic

# No schedule is published for longer; also keeps dates within what can be computed.
FARTHEST = timedelta(days=400)

# Features above booking that must act when an appointment is cancelled; wired by `app.py`.
on_cancelled: list[Callable[[Session, Appointment], None]] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingRequest:
    """What reception asks for. `idempotency_key` makes a double click one booking."""

    patient_id: UUID
    service_id: UUID
    schedule_id: UUID
    starts_at: datetime
    reason: str
    idempotency_key: str
    is_confidential: bool = False


class SlotTaken(Conflict):
    """The time went to somebody else, or is not offered any more."""

    def __init__(self) -> None:
        super().__init__(
            "slot-taken",
            N_("Somebody else has just taken this time. Choose one of the next free times below."),
        )


def book_appointment(session: Session, actor: Actor, wish: BookingRequest) -> Appointment:
    """Book a patient into a free slot. Raises SlotTaken, PatientBusy, NotFound."""
    service = get_service(session, actor, wish.service_id, Role.RECEPTIONIST)
    patient = get_patient(session, actor, wish.patient_id)
    appointment_id, is_repeat = _remember_key(session, actor, _key_of(wish))
    if is_repeat:
        return get_appointment(session, actor, appointment_id)
    schedule = session.get(Schedule, wish.schedule_id)
    is_near = abs(wish.starts_at - now()) < FARTHEST
    if schedule is None or schedule.service_id != service.id or not is_near:
        raise SlotTaken
    slot = next(
        (
            free
            for free in find_free_slots(
                session,
                service,
                now=now(),
                from_date=wish.starts_at.date() - timedelta(days=1),
                days=3,
                practitioner_id=schedule.practitioner_id,
            )
            if free.schedule_id == schedule.id and free.starts_at == wish.starts_at
        ),
        None,
    )
    if slot is None:
        raise SlotTaken
    return place_appointment(
        session,
        actor,
        service,
        patient,
        slot,
        mode=schedule.mode,
        reason=wish.reason,
        is_confidential=wish.is_confidential,
        key=appointment_id,
    )


def place_appointment(
    session: Session,
    actor: Actor,
    service: HealthcareService,
    patient: Patient,
    slot: Slot,
    *,
    mode: Mode = Mode.VIDEO,
    reason: str = "",
    is_confidential: bool = False,
    key: UUID | None = None,
) -> Appointment:
    """Put a patient into a slot that was found free. Raises SlotTaken and PatientBusy: the claims decide."""
    appointment = Appointment(
        id=key or uuid4(),
        organisation_id=service.organisation_id,
        service=service,
        practitioner_id=slot.practitioner_id,
        patient=patient,
        reference=make_reference(),
        status=AppointmentStatus.BOOKED,
        mode=mode,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        reason=reason,
        is_confidential=is_confidential,
    )
    session.add(appointment)
    session.flush()
    if not claim_for_appointment(session, appointment):
        raise SlotTaken
    _remember_change(session, actor, appointment, "booked")
    return appointment


def get_service(session: Session, actor: Actor, service_id: UUID, *roles: Role) -> HealthcareService:
    """A service in which the actor holds one of `roles`. Raises NotFound."""
    service = session.get(HealthcareService, service_id)
    if (
        service is None
        or service.organisation_id != actor.organisation_id
        or service.id not in actor.services_as(*roles)
    ):
        raise NotFound
    return service


def get_appointment(session: Session, actor: Actor, appointment_id: UUID) -> Appointment:
    """An appointment that the actor may see. A stranger's raises NotFound, as does one that does not exist.

    Receptionists and administrators see their services', clinicians their own, guests the one of their link.
    """
    appointment = session.scalar(
        select(Appointment)
        .where(Appointment.id == appointment_id)
        .options(
            joinedload(Appointment.service),
            joinedload(Appointment.practitioner),
            joinedload(Appointment.patient),
        )
    )
    if appointment is None or not may_see(actor, appointment):
        raise NotFound
    return appointment


def cancel_appointment(
    session: Session, actor: Actor, appointment_id: UUID, *, version: int, reason: str
) -> Appointment:
    """Cancel and free the time. Raises Conflict where the appointment changed meanwhile."""
    appointment = get_appointment(session, actor, appointment_id)
    if not may_manage(actor, appointment):
        raise NotFound
    if not reason.strip():
        raise InvalidInput("reason-missing", N_("Enter why the appointment is cancelled."), field="reason")
    if appointment.version != version:
        raise Conflict(
            "appointment-changed",
            N_("This appointment was changed meanwhile. Check what it is now, then try again."),
        )
    change_status(session, actor, appointment, AppointmentStatus.CANCELLED, reason.strip()[:500])
    release_claims(session, appointment.id)
    for hook in on_cancelled:
        hook(session, appointment)
    return appointment


def change_status(
    session: Session, actor: Actor, appointment: Appointment, status: AppointmentStatus, reason: str = ""
) -> None:
    """Move an appointment to another status, with its history row. Raises Conflict where that makes no sense."""
    if not can_become(appointment.status, status):
        raise Conflict(
            "status-changed", N_("The appointment is not in a state that allows this. Reload the page.")
        )
    appointment.status = status
    try:
        session.flush()
    except StaleDataError:
        raise Conflict(
            "appointment-changed",
            N_("This appointment was changed meanwhile. Check what it is now, then try again."),
        ) from None
    _remember_change(session, actor, appointment, reason)


def _key_of(wish: BookingRequest) -> str:
    """The back button shows a used form again: sent with another choice, it is another wish."""
    parts = (
        wish.idempotency_key or uuid4().hex,
        wish.patient_id.hex,
        wish.schedule_id.hex,
        wish.starts_at.isoformat(),
        str(wish.is_confidential),
    )
    return hashlib.sha256("/".join(parts).encode("utf-8", "replace")).hexdigest()


def _remember_key(session: Session, actor: Actor, key: str) -> tuple[UUID, bool]:
    """The key of the appointment that this form makes, and whether it was made before."""
    appointment_id = uuid4()
    try:
        with session.begin_nested():
            session.add(IdempotencyKey(actor=actor.key, key=key, subject_id=appointment_id, created_at=now()))
    except IntegrityError:
        first = session.scalars(
            select(IdempotencyKey.subject_id).where(
                IdempotencyKey.actor == actor.key, IdempotencyKey.key == key
            )
        ).one()
        return first, True
    return appointment_id, False


def _remember_change(session: Session, actor: Actor, appointment: Appointment, reason: str) -> None:
    session.add(
        AppointmentHistory(
            organisation_id=appointment.organisation_id,
            appointment_id=appointment.id,
            version=appointment.version,
            status=appointment.status,
            starts_at=appointment.starts_at,
            ends_at=appointment.ends_at,
            changed_at=now(),
            changed_by=actor.key,
            reason=reason,
        )
    )
    record_event(
        session,
        actor,
        f"appointment.{appointment.status.value}",
        subject_kind="appointment",
        subject_id=appointment.id,
        organisation_id=appointment.organisation_id,
        patient_id=appointment.patient_id,
        service_id=appointment.service_id,
    )
    mark_topic(session, clinic_topic(appointment.practitioner_id))
