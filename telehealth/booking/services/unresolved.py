"""Appointments of past days of which nobody has said how they ended: a person has to, no job decides it."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from telehealth.actor import Actor, Role
from telehealth.booking.domain.appointment import AppointmentStatus
from telehealth.booking.models import Appointment, Lane
from telehealth.booking.policies import is_clinician_of, may_manage

STILL_OPEN = (
    AppointmentStatus.PENDING,
    AppointmentStatus.BOOKED,
    AppointmentStatus.ARRIVED,
    AppointmentStatus.CHECKED_IN,
)
# How far back a page looks; and how many it shows.
LOOKED_BACK = timedelta(days=90)
SHOWN = 50


def list_unresolved(session: Session, actor: Actor, *, today: date, time_zone: str) -> list[Appointment]:
    """Those of the actor's reception, and a clinician's own, the latest first."""
    midnight = datetime.combine(today, time(0), ZoneInfo(time_zone)).astimezone(UTC)
    found = session.scalars(
        select(Appointment)
        .where(
            Appointment.service_id.in_(actor.services_as(Role.RECEPTIONIST, Role.CLINICIAN)),
            Appointment.starts_at >= midnight - LOOKED_BACK,
            Appointment.starts_at < midnight,
            Appointment.ends_at <= midnight,
            Appointment.status.in_(STILL_OPEN),
        )
        .options(
            joinedload(Appointment.patient),
            joinedload(Appointment.practitioner),
            joinedload(Appointment.service),
            joinedload(Appointment.lane).joinedload(Lane.shared_clinic),
        )
        .order_by(Appointment.starts_at.desc(), Appointment.id)
    )
    own = [each for each in found if may_manage(actor, each) or is_clinician_of(actor, each)]
    return own[:SHOWN]
