"""A patient's appointments as staff of one service may see them: their own whole, others' hours, restricted ones busy."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from telehealth.accounts.models import Patient
from telehealth.accounts.services.merges import find_records
from telehealth.actor import Actor
from telehealth.booking.domain.appointment import GONE
from telehealth.booking.models import Appointment
from telehealth.booking.policies import may_manage, may_name_service

SHOWN = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy:
    """Another service's appointment: when it is, and in which service, unless that is restricted."""

    starts_at: datetime
    ends_at: datetime
    time_zone: str
    service_name: str | None


def list_record_appointments(session: Session, actor: Actor, patient: Patient) -> list[Appointment | Busy]:
    """A patient's appointments for a member of staff, the latest first; with those of records merged into this one.

    Of other services only those that take place: what was cancelled elsewhere kept nobody busy.
    """
    found = session.scalars(
        select(Appointment)
        .where(
            Appointment.patient_id.in_(find_records(session, patient.id)),
            Appointment.organisation_id == actor.organisation_id,
        )
        .options(
            joinedload(Appointment.practitioner),
            joinedload(Appointment.service),
            joinedload(Appointment.patient),
        )
        # Not by their keys or services: the order of two at the same time would tell them apart.
        .order_by(Appointment.starts_at.desc(), Appointment.ends_at.desc())
    )
    return _seen_by(actor, found)[:SHOWN]


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
