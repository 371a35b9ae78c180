"""People who asked for an appointment and whom nobody knows yet: confirmed as new here, or linked to their record."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, exists, func, select
from sqlalchemy.orm import Session, joinedload

from telehealth.accounts.models import LinkReason, Patient, PatientLink
from telehealth.accounts.services.merges import find_survivors, lock_merges, survivor_of
from telehealth.accounts.services.patients import get_patient
from telehealth.accounts.services.protection import find_hidden
from telehealth.accounts.services.verification import confirm_patient
from telehealth.actor import Actor, Role
from telehealth.booking.domain.appointment import AppointmentStatus
from telehealth.booking.models import Appointment
from telehealth.booking.services.booking import confirm_appointment
from telehealth.booking.services.record_merges import merge_records
from telehealth.clock import now
from telehealth.errors import N_, Conflict

MOST_SHOWN = 100
# Written out and not bound: so the database knows that the index of what is pending has all of it.
_IS_PENDING = Appointment.status == bindparam("pending", AppointmentStatus.PENDING, literal_execute=True)


@dataclass(frozen=True, slots=True)
class ToVerify:
    """Somebody whom reception must identify, with what they asked for in the actor's services."""

    patient: Patient
    pending: tuple[Appointment, ...]
    # Verified, or merged into a record since: only what they asked for waits.
    is_known: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many people's appointments are not confirmed, and when the first that is still to come is."""

    people: int
    first_at: datetime | None


class AlreadyKnown(Conflict):
    """A colleague confirmed them as new here while the page was open."""

    def __init__(self) -> None:
        super().__init__(
            "already-known",
            N_(
                "A colleague has confirmed this person as a new patient meanwhile. If they have another record, "
                "compare the two from the patient's record."
            ),
        )


def count_waiting(session: Session, service_id: UUID) -> Waiting:
    """For the desk, which must not overlook a request for today."""
    people, first_at = session.execute(
        select(
            func.count(Appointment.patient_id.distinct()),
            func.min(Appointment.starts_at).filter(Appointment.starts_at > now()),
        ).where(Appointment.service_id == service_id, _IS_PENDING)
    ).one()
    return Waiting(people, first_at)


def list_to_verify(session: Session, actor: Actor) -> list[ToVerify]:
    """Of the actor's desks, the next appointment first: who is not verified, and whose appointment is not confirmed."""
    wanted = _find_waiting(session, actor)
    if len(wanted) < MOST_SHOWN:
        # Many who do not wait for an appointment are no reason to overlook those who do.
        wanted += [key for key in _find_unverified(session, actor) if key not in wanted]
    patients = {
        patient.id: patient
        for patient in session.scalars(select(Patient).where(Patient.id.in_(wanted[:MOST_SHOWN])))
    }
    hidden = find_hidden(session, actor, list(patients))
    shown = [patients[key] for key in wanted[:MOST_SHOWN] if key not in hidden]
    pending: dict[UUID, list[Appointment]] = {}
    for appointment in _pending(session, actor, [patient.id for patient in shown]):
        pending.setdefault(appointment.patient_id, []).append(appointment)
    survivors = find_survivors(session, [patient.id for patient in shown])
    found = [
        ToVerify(
            patient,
            tuple(pending.get(patient.id, ())),
            patient.is_verified or survivors[patient.id] != patient.id,
        )
        for patient in shown
    ]
    return sorted(found, key=lambda each: each.pending[0].starts_at if each.pending else now())


def get_to_verify(session: Session, actor: Actor, patient_id: UUID) -> ToVerify:
    """Somebody with what they asked for here. Raises NotFound for a stranger."""
    patient = get_patient(session, actor, patient_id)
    is_known = patient.is_verified or survivor_of(session, patient.id) != patient.id
    return ToVerify(patient, tuple(_pending(session, actor, [patient.id])), is_known)


def confirm_person(
    session: Session, actor: Actor, patient_id: UUID, *, without_number: bool = False
) -> list[Appointment]:
    """Reception knows who it is, and they are new here; what they asked for at this desk is booked.

    For somebody who is verified already only the appointments are confirmed. Raises NotFound, and NhsNumberTaken where
    the number that they typed is another record's; `without_number` drops it.
    """
    found = get_to_verify(session, actor, patient_id)
    _lock(session, found.pending)
    if not found.is_known:
        confirm_patient(session, actor, found.patient.id, without_number=without_number)
    return _confirm(session, actor, found.pending)


def link_person(session: Session, actor: Actor, patient_id: UUID, record_id: UUID) -> list[Appointment]:
    """They are known already: the record stands for them, unchanged, and what they asked for here is booked.

    Raises NotFound, AlreadyKnown, AlreadyMerged, MergeClash, BeingBooked.
    """
    found = get_to_verify(session, actor, patient_id)
    _lock(session, found.pending)
    lock_merges(session, found.patient.organisation_id)
    session.refresh(found.patient)
    if found.patient.is_verified:
        raise AlreadyKnown
    merge_records(session, actor, found.patient.id, record_id, LinkReason.REGISTERED_ONLINE)
    known = session.get_one(Patient, survivor_of(session, found.patient.id))
    if not known.interpreter_language:
        # Offered at their next booking too.
        known.interpreter_language = found.patient.interpreter_language
    return _confirm(session, actor, found.pending)


def _find_waiting(session: Session, actor: Actor) -> list[UUID]:
    """Whose appointments at the actor's desks are not confirmed, the next one first."""
    return list(
        session.scalars(
            select(Appointment.patient_id)
            .where(Appointment.service_id.in_(actor.services_as(Role.RECEPTIONIST)), _IS_PENDING)
            .group_by(Appointment.patient_id)
            .order_by(func.min(Appointment.starts_at), Appointment.patient_id)
            .limit(MOST_SHOWN)
        )
    )


def _find_unverified(session: Session, actor: Actor) -> list[UUID]:
    """Who registered online and ever asked for something at the actor's desks; in the order in which they came."""
    rows = session.execute(
        select(Patient.id, Appointment.service_id)
        .join(Appointment, Appointment.patient_id == Patient.id)
        .where(
            Patient.organisation_id == actor.organisation_id,
            Patient.is_verified.is_(False),
            ~exists().where(PatientLink.patient_id == Patient.id, PatientLink.ended_at.is_(None)),
        )
        .order_by(Patient.created_at, Patient.id)
    )
    # Asked of the program: the database would look at all appointments of the service for each of the patients.
    desks = actor.services_as(Role.RECEPTIONIST)
    return list(dict.fromkeys(patient_id for patient_id, service_id in rows if service_id in desks))


def _pending(session: Session, actor: Actor, patient_ids: Sequence[UUID]) -> list[Appointment]:
    return list(
        session.scalars(
            select(Appointment)
            .where(
                Appointment.patient_id.in_(patient_ids),
                Appointment.service_id.in_(actor.services_as(Role.RECEPTIONIST)),
                _IS_PENDING,
            )
            .options(joinedload(Appointment.service), joinedload(Appointment.practitioner))
            .order_by(Appointment.starts_at, Appointment.id)
        )
    )


def _lock(session: Session, pending: Sequence[Appointment]) -> None:
    """Appointments first, as everybody does: a cancellation has its own and then wants the patient's."""
    for key in sorted(each.id for each in pending):
        session.scalar(select(Appointment.id).where(Appointment.id == key).with_for_update())


def _confirm(session: Session, actor: Actor, pending: Sequence[Appointment]) -> list[Appointment]:
    """What is still to come; a time that has passed meanwhile waits on the record to be moved or cancelled."""
    return [
        confirm_appointment(session, actor, each.id, version=each.version)
        for each in pending
        if each.starts_at > now()
    ]
