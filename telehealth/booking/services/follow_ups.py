"""Requests to see a patient: made whenever somebody was not seen, ended by a booking or by a clinician."""

from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Uuid, bindparam, or_, select
from sqlalchemy.orm import Session, aliased

from telehealth.accounts.services.merges import find_records, survivor_of
from telehealth.actor import Actor
from telehealth.audit.services import record_event
from telehealth.booking.domain.appointment_type import Priority
from telehealth.booking.domain.follow_up import FollowUpReason, FollowUpStatus, SeeAgain, see_by_after
from telehealth.booking.models import Appointment, FollowUpRequest
from telehealth.clock import now
from telehealth.errors import N_, Conflict, NotFound
from telehealth.topics import clinic_topic, desk_topic, mark_topic

# A booking of the same type is what these wait for; what a clinician asked for is chosen by hand.
_FALLEN_OUT = (FollowUpReason.CANCELLED, FollowUpReason.NOSHOW, FollowUpReason.NOT_REACHED)
# Made once: every booking asks it.
_MATCHING = (
    select(FollowUpRequest)
    .where(
        FollowUpRequest.patient_id.in_(bindparam("patients", expanding=True)),
        FollowUpRequest.service_id == bindparam("service"),
        FollowUpRequest.status == FollowUpStatus.ACTIVE,
        FollowUpRequest.reason.in_(_FALLEN_OUT),
        FollowUpRequest.appointment_type_id.is_not_distinct_from(bindparam("type", type_=Uuid())),
    )
    .order_by(FollowUpRequest.see_by, FollowUpRequest.id)
    # One appointment is for one of them: the most pressing.
    .limit(1)
    .with_for_update(of=FollowUpRequest)
)


def make_follow_up(
    session: Session,
    actor: Actor,
    appointment: Appointment,
    reason: FollowUpReason,
    *,
    note: str = "",
    see_by: date | None = None,
    owner_id: UUID | None = None,
) -> FollowUpRequest:
    """Somebody is still to be seen. Owner: `owner_id`, else who sees the patient, else who leads the shared clinic."""
    zone = ZoneInfo(appointment.service.time_zone)
    type_ = appointment.appointment_type
    earlier = _answered_by(session, appointment)
    if see_by is None:
        missed_on = max(appointment.starts_at, now()).astimezone(zone).date()
        see_by = see_by_after(
            missed_on, type_.priority if type_ else Priority.ROUTINE, earlier.see_by if earlier else None
        )
    made = FollowUpRequest(
        organisation_id=appointment.organisation_id,
        service_id=appointment.service_id,
        patient_id=appointment.patient_id,
        appointment_id=appointment.id,
        appointment_type_id=appointment.appointment_type_id,
        reason=reason,
        owner_id=owner_id or _owner_of(appointment),
        see_by=see_by,
        interpreter_language=appointment.interpreter_language,
        interpreter_joins=appointment.interpreter_joins,
        # What the clinician wanted to see them for is not lost with the appointment.
        note=note or (earlier.note if earlier else ""),
        created_by=actor.key,
    )
    session.add(made)
    session.flush()
    remember_follow_up(session, actor, made, "follow-up.made")
    return made


def refine_follow_up(
    session: Session, appointment: Appointment, reason: FollowUpReason, wanted: SeeAgain
) -> None:
    """What the machine has just asked for, as the clinician wants it: a note, and another date."""
    found = session.scalars(
        select(FollowUpRequest)
        .where(
            FollowUpRequest.appointment_id == appointment.id,
            FollowUpRequest.reason == reason,
            FollowUpRequest.status == FollowUpStatus.ACTIVE,
        )
        .order_by(FollowUpRequest.created_at.desc())
        .limit(1)
    ).one()
    found.note = wanted.note or found.note
    found.see_by = wanted.see_by or found.see_by
    session.flush()


def end_by_booking(
    session: Session,
    actor: Actor,
    appointment: Appointment,
    follow_up_id: UUID | None,
    *,
    is_for_none: bool = False,
) -> None:
    """What a booking at the desk ends: the named request, else one that waits for such an appointment.

    `is_for_none`: the person who books said that it is for something else, so nothing is ended.
    Raises NotFound, and Conflict where the named request is over already.
    """
    if follow_up_id is not None:
        complete_follow_up(session, actor, follow_up_id, appointment)
    elif not is_for_none:
        complete_matching(session, actor, appointment)


def complete_follow_up(
    session: Session, actor: Actor, follow_up_id: UUID, appointment: Appointment
) -> FollowUpRequest:
    """An appointment was booked for it. Raises NotFound, and Conflict where it is over already."""
    found = session.scalar(
        select(FollowUpRequest)
        .where(
            FollowUpRequest.id == follow_up_id,
            FollowUpRequest.service_id == appointment.service_id,
        )
        .with_for_update(of=FollowUpRequest)
    )
    # The request may stand in a record that was merged into the one that is booked for.
    if found is None or appointment.patient_id not in (
        found.patient_id,
        survivor_of(session, found.patient_id),
    ):
        raise NotFound
    if found.status is not FollowUpStatus.ACTIVE:
        raise Conflict("follow-up-over", N_("This request was booked or closed already. Reload the page."))
    _complete(session, actor, found, appointment)
    return found


def find_matching(requests: Sequence[FollowUpRequest], type_id: UUID | None) -> FollowUpRequest | None:
    """Which of a patient's open requests, in the order of their dates, a booking of this type would end by itself."""
    return next(
        (each for each in requests if each.reason in _FALLEN_OUT and each.appointment_type_id == type_id),
        None,
    )


def complete_matching(
    session: Session, actor: Actor, appointment: Appointment, *, record_id: UUID | None = None
) -> None:
    """A booking of the same type ends what waits for it because an appointment fell out.

    `record_id`: the record that stands for the patient, where the appointment is of another one.
    """
    wanted = {
        "patients": list(find_records(session, record_id or appointment.patient_id)),
        "service": appointment.service_id,
        "type": appointment.appointment_type_id,
    }
    for found in session.scalars(_MATCHING, wanted):
        _complete(session, actor, found, appointment)


def complete_as_undone(session: Session, actor: Actor, appointment: Appointment) -> None:
    """The patient did come after all: what waits for this appointment because they did not is done by it."""
    for found in session.scalars(
        select(FollowUpRequest)
        .where(
            FollowUpRequest.appointment_id == appointment.id,
            FollowUpRequest.status == FollowUpStatus.ACTIVE,
            FollowUpRequest.reason.in_((FollowUpReason.NOSHOW, FollowUpReason.NOT_REACHED)),
        )
        .with_for_update(of=FollowUpRequest)
    ):
        _complete(session, actor, found, appointment)


def reopen_follow_ups(
    session: Session, actor: Actor, ours: Collection[UUID], theirs: Collection[UUID]
) -> list[FollowUpRequest]:
    """Two groups of records are two people after all: what an appointment of the other one ended waits again."""
    booked = aliased(Appointment)
    found = session.scalars(
        select(FollowUpRequest)
        .join(booked, booked.id == FollowUpRequest.booked_appointment_id)
        .where(
            FollowUpRequest.status == FollowUpStatus.COMPLETED,
            or_(
                FollowUpRequest.patient_id.in_(ours) & booked.patient_id.in_(theirs),
                FollowUpRequest.patient_id.in_(theirs) & booked.patient_id.in_(ours),
            ),
        )
        .order_by(FollowUpRequest.id)
        .with_for_update(of=FollowUpRequest)
    ).all()
    for request in found:
        request.status = FollowUpStatus.ACTIVE
        request.booked_appointment_id = None
        request.closed_at, request.closed_by = None, ""
        session.flush()
        remember_follow_up(session, actor, request, "follow-up.reopened")
    return list(found)


def _complete(session: Session, actor: Actor, found: FollowUpRequest, appointment: Appointment) -> None:
    found.status = FollowUpStatus.COMPLETED
    found.booked_appointment_id = appointment.id
    found.closed_at = now()
    found.closed_by = actor.key
    session.flush()
    remember_follow_up(session, actor, found, "follow-up.completed")


def _answered_by(session: Session, appointment: Appointment) -> FollowUpRequest | None:
    """The most pressing request for which this appointment was booked."""
    return session.scalar(
        select(FollowUpRequest)
        .where(FollowUpRequest.booked_appointment_id == appointment.id)
        .order_by(FollowUpRequest.see_by, FollowUpRequest.id)
        .limit(1)
    )


def _owner_of(appointment: Appointment) -> UUID:
    if appointment.practitioner_id is not None:
        return appointment.practitioner_id
    if appointment.lane is None or not appointment.lane.shared_clinic.members:
        raise ValueError("an appointment is with somebody")
    return appointment.lane.shared_clinic.members[0].practitioner_id


def remember_follow_up(session: Session, actor: Actor, request: FollowUpRequest, action: str) -> None:
    """The audit event of a change; the pages that show the request are told."""
    record_event(
        session,
        actor,
        action,
        subject_kind="follow-up",
        subject_id=request.id,
        organisation_id=request.organisation_id,
        patient_id=request.patient_id,
        service_id=request.service_id,
    )
    mark_topic(session, desk_topic(request.service_id))
    mark_topic(session, clinic_topic(request.owner_id))
