"""Book on top of another booking: an explicit act of a named member of staff, with a reason."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.accounts.models import HealthcareService, PractitionerRole
from telehealth.accounts.services.merges import survivor_of
from telehealth.accounts.services.patients import get_patient
from telehealth.actor import Actor, Role
from telehealth.booking.domain.appointment import Change, Mode
from telehealth.booking.domain.interpreter import InterpreterJoins
from telehealth.booking.domain.intervals import Interval
from telehealth.booking.domain.session_plan import Visit
from telehealth.booking.domain.slots import Slot
from telehealth.booking.models import Appointment, AppointmentType, Lane, SharedClinic
from telehealth.booking.services.appointments import (
    get_appointment,
    get_service,
    place_appointment,
    still_booked,
)
from telehealth.booking.services.availability import SlotQuery, find_slots
from telehealth.booking.services.booking import FARTHEST
from telehealth.booking.services.follow_ups import end_by_booking
from telehealth.booking.services.idempotency import key_of, remember_key
from telehealth.booking.services.required_skill import refuse_without_skill
from telehealth.booking.services.schedule_impact import load_plan
from telehealth.clock import now
from telehealth.errors import N_, InvalidInput, NotFound

# Somebody who stands at the desk is put into the clinic that runs.
EARLIEST = timedelta(hours=1)
NO_SCHEDULE = UUID(int=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class OverbookRequest:
    """With exactly one of `practitioner_id` and `shared_clinic_id`; `note`: why, which is shown with the name."""

    patient_id: UUID
    service_id: UUID
    appointment_type_id: UUID
    mode: Mode
    starts_at: datetime
    note: str
    idempotency_key: str
    practitioner_id: UUID | None = None
    shared_clinic_id: UUID | None = None
    reason: str = ""
    is_confidential: bool = False
    interpreter_language: str = ""
    interpreter_joins: InterpreterJoins | None = None
    follow_up_id: UUID | None = None
    # Said to be for none of the patient's requests.
    is_for_no_request: bool = False


def is_free(
    session: Session, service: HealthcareService, wish: OverbookRequest, *, own_hold: UUID | None = None
) -> bool:
    """Whether the time can be booked as any other: then there is nothing to book on top of.

    `own_hold`: what the person at the desk keeps for the patient, which is nobody else's.
    """
    type_ = session.get(AppointmentType, wish.appointment_type_id)
    if type_ is None or type_.service_id != service.id:
        return False
    query = SlotQuery(
        type=type_,
        mode=wish.mode,
        from_date=wish.starts_at.astimezone(ZoneInfo(service.time_zone)).date(),
        days=1,
        practitioner_id=wish.practitioner_id,
        shared_clinic_id=wish.shared_clinic_id,
        own_hold=own_hold,
    )
    found = find_slots(session, service, query, now=now())
    return any(slot.starts_at == wish.starts_at for slot in found)


def is_in_session(session: Session, service: HealthcareService, wish: OverbookRequest) -> bool:
    """Whether the clinician, or the shared clinic, sees such patients then at all."""
    type_ = session.get(AppointmentType, wish.appointment_type_id)
    if type_ is None or type_.service_id != service.id:
        return False
    return load_plan(session, service, since=wish.starts_at).covers(_visit(wish, type_))


def refuse_lacking_skill(session: Session, service: HealthcareService, wish: OverbookRequest) -> None:
    """Raises InvalidInput where whoever is wished lacks the skill that the type needs."""
    type_ = session.get(AppointmentType, wish.appointment_type_id)
    if type_ is not None and type_.service_id == service.id:
        visit = _visit(wish, type_)
        refuse_without_skill(session, service, type_, visit.owner_id, visit.span)


def overbook_appointment(session: Session, actor: Actor, wish: OverbookRequest) -> Appointment:
    """Book whatever else is booked then. The patient cannot be in two places all the same.

    Raises InvalidInput (no reason, a type that is not offered, a skill that is lacking, or no time that can be),
    PatientBusy, NotFound.
    """
    service = get_service(session, actor, wish.service_id, Role.RECEPTIONIST)
    patient = get_patient(session, actor, survivor_of(session, wish.patient_id))
    if not wish.note.strip():
        raise InvalidInput(
            "reason-missing", N_("Enter why you book on top of another appointment."), field="note"
        )
    current = now()
    if not current - EARLIEST <= wish.starts_at < current + FARTHEST:
        raise InvalidInput("time-impossible", N_("Choose a time that is still to come."), field="starts_at")
    type_ = session.get(AppointmentType, wish.appointment_type_id)
    if type_ is None or type_.service_id != service.id or wish.mode not in type_.modes:
        raise NotFound
    if not type_.is_active:
        raise InvalidInput(
            "type-not-offered",
            N_("Choose another type: this one is not offered any more."),
            field="appointment_type_id",
        )
    key = key_of(
        wish.idempotency_key,
        patient.id,
        wish.starts_at,
        wish.practitioner_id,
        wish.shared_clinic_id,
        type_.id,
        wish.mode,
    )
    appointment_id, is_repeat = remember_key(session, actor.key, key)
    if is_repeat:
        return still_booked(get_appointment(session, actor, appointment_id))
    refuse_lacking_skill(session, service, wish)
    appointment = place_appointment(
        session,
        actor,
        service,
        patient,
        _slot(session, service, wish, type_),
        type_=type_,
        mode=wish.mode,
        reason=wish.reason,
        is_confidential=wish.is_confidential,
        interpreter_language=wish.interpreter_language,
        interpreter_joins=wish.interpreter_joins,
        change=Change.OVERBOOKED,
        note=wish.note.strip()[:500],
        is_overbooked=True,
        key=appointment_id,
    )
    end_by_booking(session, actor, appointment, wish.follow_up_id, is_for_none=wish.is_for_no_request)
    return appointment


def _visit(wish: OverbookRequest, type_: AppointmentType) -> Visit:
    return Visit(
        owner_id=wish.shared_clinic_id or wish.practitioner_id,
        span=Interval(wish.starts_at, wish.starts_at + timedelta(minutes=type_.minutes)),
        mode=wish.mode,
        type_id=type_.id,
    )


def _slot(
    session: Session, service: HealthcareService, wish: OverbookRequest, type_: AppointmentType
) -> Slot:
    visit = _visit(wish, type_)
    ends_at = visit.span.end
    # Two patients are then in one room, as they are with one clinician; nobody else is booked into it.
    is_in_person = wish.mode is Mode.IN_PERSON
    room_id = load_plan(session, service, since=wish.starts_at).room_of(visit) if is_in_person else None
    if wish.shared_clinic_id is not None:
        lane_id = session.scalar(
            select(Lane.id)
            .join(SharedClinic, SharedClinic.id == Lane.shared_clinic_id)
            .where(SharedClinic.id == wish.shared_clinic_id, SharedClinic.service_id == service.id)
            # One out of use only where there is no other.
            .order_by(Lane.is_open.desc(), Lane.number)
            .limit(1)
        )
        if lane_id is None:
            raise NotFound
        return Slot(
            starts_at=wish.starts_at,
            ends_at=ends_at,
            schedule_id=NO_SCHEDULE,
            practitioner_id=None,
            lane_id=lane_id,
            room_id=room_id,
        )
    works_here = session.scalar(
        select(PractitionerRole.id).where(
            PractitionerRole.service_id == service.id,
            PractitionerRole.practitioner_id == wish.practitioner_id,
        )
    )
    if works_here is None:
        raise NotFound
    return Slot(
        starts_at=wish.starts_at,
        ends_at=ends_at,
        schedule_id=NO_SCHEDULE,
        practitioner_id=wish.practitioner_id,
        room_id=room_id,
    )
