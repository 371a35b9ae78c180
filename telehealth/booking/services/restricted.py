"""A patient's appointments as staff of one service may see them: their own whole, others' hours, restricted ones busy."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, joinedload

from telehealth.accounts.models import Patient
from telehealth.accounts.services.merges import find_records
from telehealth.actor import Actor, Role
from telehealth.booking.domain.appointment import GONE, JOIN_CLOSES_AFTER
from telehealth.booking.models import Appointment
from telehealth.booking.policies import may_manage, may_name_service
from telehealth.clock import now

# Of what is over, so that a page has an end; what is still to come is never left out.
PAST_SHOWN = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy:
    """Another service's appointment: when it is, and in which service, unless that is restricted."""

    starts_at: datetime
    ends_at: datetime
    time_zone: str
    service_name: str | None


@dataclass(frozen=True, slots=True)
class RecordAppointments:
    """The latest first. `has_older`: there are more of those that are over."""

    lines: list[Appointment | Busy]
    has_older: bool


def list_record_appointments(session: Session, actor: Actor, patient: Patient) -> RecordAppointments:
    """A patient's appointments for a member of staff, with those of records merged into this one.

    Of other services only those that take place: what was cancelled elsewhere kept nobody busy.
    """
    managed = actor.services_as(Role.RECEPTIONIST, Role.ADMINISTRATOR)
    wanted = (
        select(Appointment)
        .where(
            Appointment.patient_id.in_(find_records(session, patient.id)),
            Appointment.organisation_id == actor.organisation_id,
            # What `_seen_by` would leave out; it decides what is told of the others.
            or_(Appointment.service_id.in_(managed), Appointment.status.not_in(GONE)),
        )
        .options(
            joinedload(Appointment.practitioner),
            joinedload(Appointment.service),
            joinedload(Appointment.patient),
        )
        # Not by their keys or services: the order of two at the same time would tell them apart.
        .order_by(Appointment.starts_at.desc(), Appointment.ends_at.desc())
    )
    # Joined until then: it is not over.
    over_at = now() - JOIN_CLOSES_AFTER
    to_come = session.scalars(wanted.where(Appointment.ends_at > over_at))
    past = session.scalars(wanted.where(Appointment.ends_at <= over_at).limit(PAST_SHOWN + 1)).all()
    lines = _seen_by(actor, [*to_come, *past[:PAST_SHOWN]])
    return RecordAppointments(lines, has_older=len(past) > PAST_SHOWN)


def see_busy(session: Session, actor: Actor, appointment_id: UUID) -> Appointment | Busy | None:
    """The appointment that is in the way of another, as the actor may see it; None where it is gone."""
    found = session.scalars(
        select(Appointment)
        .where(Appointment.id == appointment_id, Appointment.organisation_id == actor.organisation_id)
        .options(joinedload(Appointment.practitioner), joinedload(Appointment.service))
    )
    return next(iter(_seen_by(actor, found)), None)


def _seen_by(actor: Actor, appointments: Iterable[Appointment]) -> list[Appointment | Busy]:
    seen: list[Appointment | Busy] = []
    for appointment in appointments:
        if may_manage(actor, appointment):
            seen.append(appointment)
        elif appointment.status not in GONE:
            service = appointment.service
            seen.append(
                Busy(
                    starts_at=appointment.starts_at,
                    ends_at=appointment.ends_at,
                    time_zone=service.time_zone,
                    service_name=service.name if may_name_service(actor, service) else None,
                )
            )
    return seen
