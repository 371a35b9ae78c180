"""Look appointments up, place them, and remember each change."""

from collections.abc import Callable, Sequence
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload
from sqlalchemy.orm.exc import StaleDataError

from telehealth.accounts.models import HealthcareService, Patient
from telehealth.actor import Actor, Role
from telehealth.audit.services import record_event
from telehealth.booking.domain.appointment import GONE, AppointmentStatus, Change, Mode, can_become
from telehealth.booking.domain.follow_up import FollowUpReason
from telehealth.booking.domain.interpreter import InterpreterJoins
from telehealth.booking.domain.reference import make_reference
from telehealth.booking.domain.slots import Slot
from telehealth.booking.models import Appointment, AppointmentHistory, AppointmentType, Hold, Lane
from telehealth.booking.policies import may_see
from telehealth.booking.services.claims import claim_for_appointment
from telehealth.booking.services.follow_ups import make_follow_up
from telehealth.clock import now
from telehealth.errors import N_, Conflict, NotFound
from telehealth.topics import clinic_topic, desk_topic, mark_topic

# Features above booking that must act when an appointment is cancelled; wired by `app.py`.
on_cancelled: list[Callable[[Session, Appointment], None]] = []
# Who wants to know of each change, for example to tell the patient; wired by `app.py`.
on_changed: list[Callable[[Session, Appointment, Change], None]] = []
# Of a series each appointment is a change of its own; this tells of all of them together, in order of time.
on_series_booked: list[Callable[[Session, Sequence[Appointment]], None]] = []

_CHANGE_TO = {
    AppointmentStatus.BOOKED: Change.BOOKED,
    AppointmentStatus.ARRIVED: Change.ARRIVED,
    AppointmentStatus.CHECKED_IN: Change.ARRIVED,
    AppointmentStatus.FULFILLED: Change.ENDED,
    AppointmentStatus.CANCELLED: Change.CANCELLED,
    AppointmentStatus.ENTERED_IN_ERROR: Change.CANCELLED,
    AppointmentStatus.NOSHOW: Change.NOSHOW,
}
# Who ends in one of these was not seen: nobody may be forgotten.
_UNSEEN = {
    AppointmentStatus.CANCELLED: FollowUpReason.CANCELLED,
    AppointmentStatus.ENTERED_IN_ERROR: FollowUpReason.CANCELLED,
    AppointmentStatus.NOSHOW: FollowUpReason.NOSHOW,
}


class AppointmentChanged(Conflict):
    """Somebody else changed it since the page was made."""

    def __init__(self) -> None:
        super().__init__(
            "appointment-changed",
            N_("This appointment was changed meanwhile. Check what it is now, then try again."),
        )


def place_appointment(
    session: Session,
    actor: Actor,
    service: HealthcareService,
    patient: Patient,
    slot: Slot,
    *,
    type_: AppointmentType | None = None,
    mode: Mode = Mode.VIDEO,
    reason: str = "",
    is_confidential: bool = False,
    interpreter_language: str = "",
    interpreter_joins: InterpreterJoins | None = None,
    status: AppointmentStatus = AppointmentStatus.BOOKED,
    change: Change = Change.BOOKED,
    note: str = "",
    is_overbooked: bool = False,
    series_id: UUID | None = None,
    hold: Hold | None = None,
    key: UUID | None = None,
) -> Appointment:
    """Put a patient into a slot that was found free. Raises SlotTaken and PatientBusy: the claims decide."""
    appointment = Appointment(
        id=key or uuid4(),
        organisation_id=service.organisation_id,
        service=service,
        practitioner_id=slot.practitioner_id,
        lane_id=slot.lane_id,
        room_id=slot.room_id if mode is Mode.IN_PERSON else None,
        appointment_type=type_,
        patient=patient,
        reference=make_reference(),
        status=status,
        mode=mode,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        reason=reason,
        is_confidential=is_confidential,
        is_overbooked=is_overbooked,
        series_id=series_id,
        interpreter_language=interpreter_language,
        interpreter_joins=interpreter_joins if interpreter_language else None,
    )
    session.add(appointment)
    session.flush()
    claim_for_appointment(session, appointment, hold=hold)
    remember_change(session, actor, appointment, change, note=note)
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
            # For `clinician_name`, which pages show after the transaction.
            joinedload(Appointment.lane).joinedload(Lane.shared_clinic),
        )
    )
    if appointment is None or not may_see(actor, appointment):
        raise NotFound
    return appointment


def still_booked(appointment: Appointment) -> Appointment:
    """What a form made the first time. Raises Conflict where that was cancelled since."""
    if appointment.status in GONE:
        raise Conflict(
            "booked-and-cancelled",
            N_(
                "This appointment was booked with this form and has been cancelled since. Choose a time again."
            ),
        )
    return appointment


def lock_appointment(
    session: Session, actor: Actor, appointment_id: UUID, *, version: int | None = None
) -> Appointment:
    """An appointment that nobody else changes until this transaction ends.

    Raises NotFound for a stranger's, and AppointmentChanged where it is not in the `version` that the page showed.
    """
    session.scalar(
        select(Appointment)
        .where(Appointment.id == appointment_id)
        .with_for_update(of=Appointment)
        .execution_options(populate_existing=True)
    )
    appointment = get_appointment(session, actor, appointment_id)
    if version is not None:
        refuse_changed(appointment, version)
    return appointment


def is_pressed_again(
    session: Session,
    actor: Actor,
    appointment: Appointment,
    change: Change,
    *,
    version: int,
    reason: str = "",
    note: str = "",
) -> bool:
    """Whether this person made this very change of what the page showed already, and nothing came after it."""
    if appointment.version != version + 1:
        return False
    made = session.scalar(
        select(AppointmentHistory).where(
            AppointmentHistory.appointment_id == appointment.id,
            AppointmentHistory.version == appointment.version,
        )
    )
    return made is not None and (made.change, made.changed_by, made.reason, made.note) == (
        change,
        actor.key,
        reason,
        note,
    )


def refuse_changed(appointment: Appointment, version: int) -> None:
    """Raises AppointmentChanged where it is not in the `version` that the page showed."""
    if appointment.version != version:
        raise AppointmentChanged


def change_status(
    session: Session,
    actor: Actor,
    appointment: Appointment,
    status: AppointmentStatus,
    reason: str = "",
    *,
    note: str = "",
    change: Change | None = None,
    follow_up: FollowUpReason | None = None,
) -> None:
    """Move an appointment to another status, with its history row. Raises Conflict where that makes no sense.

    Who was not seen gets a request to be followed up; `follow_up` says it more exactly than the status.
    """
    if not can_become(appointment.status, status):
        raise Conflict(
            "status-changed", N_("The appointment is not in a state that allows this. Reload the page.")
        )
    appointment.status = status
    flush_changed(session)
    remember_change(session, actor, appointment, change or _CHANGE_TO[status], reason=reason, note=note)
    unseen = follow_up or _UNSEEN.get(status)
    if unseen is not None:
        make_follow_up(session, actor, appointment, unseen)


def flush_changed(session: Session) -> None:
    """Write what was changed. Raises AppointmentChanged where somebody else was faster."""
    try:
        session.flush()
    except StaleDataError:
        raise AppointmentChanged from None


def add_history(
    session: Session,
    actor: Actor,
    appointment: Appointment,
    change: Change,
    *,
    reason: str = "",
    note: str = "",
) -> None:
    """Add the row that says what an appointment is from now on, and who changed it. `note`: what a person typed."""
    session.add(
        AppointmentHistory(
            organisation_id=appointment.organisation_id,
            appointment_id=appointment.id,
            version=appointment.version,
            change=change,
            status=appointment.status,
            starts_at=appointment.starts_at,
            ends_at=appointment.ends_at,
            practitioner_id=appointment.practitioner_id,
            lane_id=appointment.lane_id,
            changed_at=now(),
            changed_by=actor.key,
            reason=reason[:500],
            note=note,
        )
    )


def remember_change(
    session: Session,
    actor: Actor,
    appointment: Appointment,
    change: Change,
    *,
    reason: str = "",
    note: str = "",
) -> None:
    """Add the history row and the audit event of a change, and tell lists and listeners."""
    add_history(session, actor, appointment, change, reason=reason, note=note)
    record_event(
        session,
        actor,
        # Of an end the trail says which: seen, or entered in error.
        f"appointment.{(appointment.status if change is Change.ENDED else change).value}",
        subject_kind="appointment",
        subject_id=appointment.id,
        organisation_id=appointment.organisation_id,
        patient_id=appointment.patient_id,
        service_id=appointment.service_id,
    )
    mark_lists(session, appointment)
    for tell in on_changed:
        tell(session, appointment, change)


def mark_lists(session: Session, appointment: Appointment) -> None:
    """The clinic lists on which it stands and its service's desk are out of date."""
    for practitioner_id in appointment.clinician_ids:
        mark_topic(session, clinic_topic(practitioner_id))
    if appointment.practitioner_id is not None:
        mark_topic(session, clinic_topic(appointment.practitioner_id))
    mark_topic(session, desk_topic(appointment.service_id))
