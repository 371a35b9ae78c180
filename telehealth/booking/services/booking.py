"""Book an appointment: by staff, by the patient, or asked for by somebody whom the service does not know yet."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from telehealth.accounts.models import HealthcareService, Patient
from telehealth.accounts.services.merges import survivor_of
from telehealth.accounts.services.patients import PatientDetails, get_patient, register_unverified
from telehealth.actor import Actor, Role
from telehealth.booking.domain.appointment import AppointmentStatus, Change, Mode
from telehealth.booking.domain.interpreter import InterpreterJoins
from telehealth.booking.domain.slots import Slot
from telehealth.booking.models import Appointment, AppointmentType, Hold
from telehealth.booking.policies import may_manage
from telehealth.booking.services.appointments import (
    change_status,
    get_appointment,
    get_service,
    is_pressed_again,
    lock_appointment,
    place_appointment,
    refuse_changed,
    still_booked,
)
from telehealth.booking.services.availability import SlotQuery, find_slot
from telehealth.booking.services.claims import SlotTaken
from telehealth.booking.services.follow_ups import complete_matching, end_by_booking
from telehealth.booking.services.holds import chosen_at, get_hold, is_lapsed, use_hold
from telehealth.booking.services.idempotency import key_of, remember_key
from telehealth.booking.services.own_rules import check_time, check_type, get_own_patient
from telehealth.booking.services.self_service import refuse_many_requests
from telehealth.clock import now
from telehealth.errors import N_, Conflict, NotFound

# No schedule is published for longer; also keeps dates within what can be computed.
FARTHEST = timedelta(days=732)


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingRequest:
    """What is asked for. `idempotency_key` makes a double click one booking.

    The time is that of the hold; without one `schedule_id`, `starts_at`, `appointment_type_id` and `mode` say it.
    """

    service_id: UUID
    idempotency_key: str
    patient_id: UUID | None = None
    hold_id: UUID | None = None
    hold_owner: str = ""
    schedule_id: UUID | None = None
    starts_at: datetime | None = None
    appointment_type_id: UUID | None = None
    mode: Mode | None = None
    reason: str = ""
    is_confidential: bool = False
    interpreter_language: str = ""
    interpreter_joins: InterpreterJoins | None = None
    follow_up_id: UUID | None = None
    # Said to be for none of the patient's requests.
    is_for_no_request: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """A time that is free, with what it is booked as."""

    slot: Slot
    type: AppointmentType
    mode: Mode
    hold: Hold | None


def book_appointment(session: Session, actor: Actor, wish: BookingRequest) -> Appointment:
    """Book for a patient, at reception. Raises SlotTaken, PatientBusy, NotFound."""
    service = get_service(session, actor, wish.service_id, Role.RECEPTIONIST)
    patient = get_patient(session, actor, survivor_of(session, _patient_id(wish)))
    appointment_id, is_repeat = remember_key(session, actor.key, _key_of(wish))
    if is_repeat:
        return still_booked(get_appointment(session, actor, appointment_id))
    choice = find_choice(session, service, wish)
    appointment = _place(session, actor, service, patient, wish, choice, key=appointment_id)
    end_by_booking(session, actor, appointment, wish.follow_up_id, is_for_none=wish.is_for_no_request)
    return appointment


def book_own_appointment(session: Session, actor: Actor, wish: BookingRequest) -> Appointment:
    """Book for oneself, or for whom one acts, within the type's rules.

    Raises NotBookable, SlotTaken, PatientBusy, NotFound.
    """
    patient = get_own_patient(session, actor, _patient_id(wish))
    service = _service_of(session, patient.organisation_id, wish.service_id)
    if service.is_restricted and patient.id in actor.represents:
        # A carer never learns of it.
        raise NotFound
    # Who came by a link has another key once this appointment is theirs to open; the browser stays the same.
    appointment_id, is_repeat = remember_key(session, wish.hold_owner or actor.key, _key_of(wish))
    if is_repeat:
        return still_booked(session.get_one(Appointment, appointment_id))
    choice = find_choice(session, service, wish)
    check_type(choice.type, is_known=True)
    check_time(choice.type, choice.slot.starts_at, chosen_at(choice.hold))
    record = session.get_one(Patient, survivor_of(session, patient.id))
    appointment = _place(session, actor, service, record, wish, choice, key=appointment_id)
    complete_matching(session, actor, appointment)
    return appointment


def ask_for_appointment(
    session: Session, actor: Actor, wish: BookingRequest, details: PatientDetails
) -> Appointment:
    """Somebody whom the service does not know asks for a time. It is theirs; reception confirms who they are.

    Makes a patient to be verified, never linked to a record by the machine.
    Raises NotBookable, SlotTaken, NotFound, and TooManyTries where they asked for several already.
    """
    service = _service_of(session, None, wish.service_id)
    appointment_id, is_repeat = remember_key(session, wish.hold_owner, _key_of(wish))
    if is_repeat:
        return session.get_one(Appointment, appointment_id)
    refuse_many_requests(session, wish.hold_owner, actor.address)
    choice = find_choice(session, service, wish)
    check_type(choice.type, is_known=False)
    check_time(choice.type, choice.slot.starts_at, chosen_at(choice.hold))
    patient = register_unverified(session, actor, service.organisation_id, details)
    return _place(
        session,
        actor,
        service,
        patient,
        wish,
        choice,
        key=appointment_id,
        status=AppointmentStatus.PENDING,
        change=Change.ASKED,
    )


def confirm_appointment(session: Session, actor: Actor, appointment_id: UUID, *, version: int) -> Appointment:
    """Reception knows who it is: what was asked for is booked. Raises NotFound, Conflict."""
    appointment = lock_appointment(session, actor, appointment_id)
    if not may_manage(actor, appointment):
        raise NotFound
    if is_pressed_again(session, actor, appointment, Change.CONFIRMED, version=version):
        return appointment
    refuse_changed(appointment, version)
    record_id = survivor_of(session, appointment.patient_id)
    if not session.get_one(Patient, record_id).is_verified:
        raise Conflict("not-verified", N_("Nobody has said who this is. Confirm the person first."))
    if appointment.status is AppointmentStatus.PENDING and appointment.starts_at <= now():
        raise Conflict(
            "time-passed",
            N_(
                "The time that was asked for has passed. Move the appointment to another time and then confirm it,"
                " or cancel it: the patient then stays on the list to be seen."
            ),
        )
    change_status(session, actor, appointment, AppointmentStatus.BOOKED, change=Change.CONFIRMED)
    # Their record may be on the list to be seen for just this.
    complete_matching(session, actor, appointment, record_id=record_id)
    return appointment


def find_choice(
    session: Session,
    service: HealthcareService,
    wish: BookingRequest,
    *,
    moves: Appointment | None = None,
    is_for_patient: bool = False,
) -> Choice:
    """The wished time as a slot that is free now. Raises SlotTaken, and NotFound for somebody else's hold."""
    hold = get_hold(session, wish.hold_id, wish.hold_owner) if wish.hold_id else None
    if hold is not None and (
        hold.service_id != service.id or hold.moves_appointment_id != (moves.id if moves else None)
    ):
        raise NotFound
    schedule_id, starts_at, type_id, mode = (
        (hold.schedule_id, hold.starts_at, hold.appointment_type_id, hold.mode)
        if hold
        else (wish.schedule_id, wish.starts_at, wish.appointment_type_id, wish.mode)
    )
    type_ = session.get(AppointmentType, type_id) if type_id else None
    if type_ is None or type_.service_id != service.id or schedule_id is None or starts_at is None:
        raise SlotTaken
    if abs(starts_at - now()) >= FARTHEST:
        raise SlotTaken
    is_kept = hold is not None and not is_lapsed(hold, now())
    slot = find_slot(
        session,
        service,
        SlotQuery(
            type=type_,
            mode=mode,
            from_date=starts_at.astimezone(ZoneInfo(service.time_zone)).date(),
            days=1,
            for_patient=is_for_patient,
            moves=moves,
            own_hold=hold.id if hold else None,
            # The database keeps it; who was booked on top of it meanwhile takes nothing away.
            is_kept=is_kept,
        ),
        schedule_id=schedule_id,
        starts_at=starts_at,
        # What is kept does not begin too early while its details are typed.
        now=chosen_at(hold),
    )
    if slot is None and is_kept:
        # Nobody else got it: the session was changed, or somebody is away.
        raise SlotTaken(
            message=N_("This time is not offered any more. Choose one of the next free times below.")
        )
    if slot is None:
        raise SlotTaken
    if hold is not None and hold.lane_id is not None and is_kept:
        # Another lane may be the first free one by now: what is held is this one.
        slot = slot._replace(lane_id=hold.lane_id)
    return Choice(slot, type_, mode or type_.modes[0], hold)


def _place(
    session: Session,
    actor: Actor,
    service: HealthcareService,
    patient: Patient,
    wish: BookingRequest,
    choice: Choice,
    *,
    key: UUID,
    status: AppointmentStatus = AppointmentStatus.BOOKED,
    change: Change = Change.BOOKED,
) -> Appointment:
    appointment = place_appointment(
        session,
        actor,
        service,
        patient,
        choice.slot,
        type_=choice.type,
        mode=choice.mode,
        reason=wish.reason,
        is_confidential=wish.is_confidential,
        interpreter_language=wish.interpreter_language,
        interpreter_joins=wish.interpreter_joins,
        status=status,
        change=change,
        hold=choice.hold,
        key=key,
    )
    if choice.hold is not None:
        use_hold(session, choice.hold)
    if wish.interpreter_language and patient.interpreter_language != wish.interpreter_language:
        # Offered again at the next booking.
        patient.interpreter_language = wish.interpreter_language
    return appointment


def _key_of(wish: BookingRequest) -> str:
    # By the time and not by the hold: the same form sent again has none any more.
    return key_of(
        wish.idempotency_key,
        wish.patient_id,
        wish.hold_id or wish.schedule_id,
        *(("", "", "") if wish.hold_id else (wish.starts_at, wish.appointment_type_id, wish.mode)),
        wish.is_confidential,
    )


def is_as_typed(appointment: Appointment, wish: BookingRequest) -> bool:
    """Whether a form that was sent again says of the appointment what it said the first time."""
    joins = wish.interpreter_joins if wish.interpreter_language else None
    return (appointment.reason, appointment.interpreter_language, appointment.interpreter_joins) == (
        wish.reason,
        wish.interpreter_language,
        joins,
    )


def _patient_id(wish: BookingRequest) -> UUID:
    if wish.patient_id is None:
        raise NotFound
    return wish.patient_id


def _service_of(session: Session, organisation_id: UUID | None, service_id: UUID) -> HealthcareService:
    service = session.get(HealthcareService, service_id)
    if service is None or (organisation_id is not None and service.organisation_id != organisation_id):
        raise NotFound
    return service
