"""Appointments of past days of which nobody has said how they ended: a person has to, no job decides it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, bindparam, func, select
from sqlalchemy.orm import Session, joinedload

from telehealth.actor import Actor, Role
from telehealth.booking.domain.appointment import AppointmentStatus
from telehealth.booking.models import Appointment, Lane, SharedClinicMember

STILL_OPEN = (
    AppointmentStatus.PENDING,
    AppointmentStatus.BOOKED,
    AppointmentStatus.ARRIVED,
    AppointmentStatus.CHECKED_IN,
)
# How many a page shows; and up to how many it counts, so that years of them cost no more than a few.
SHOWN = 50
COUNTED = 1000
# Written out and not bound: so the database knows that the index of what is open has all of it.
_IS_OPEN = Appointment.status.in_(bindparam("open", STILL_OPEN, expanding=True, literal_execute=True))


@dataclass(frozen=True, slots=True)
class Unresolved:
    """The oldest ones, and how many there are: at most `COUNTED`."""

    appointments: list[Appointment]
    total: int

    @property
    def has_more(self) -> bool:
        """True where there may be more: nobody counted further."""
        return self.total == COUNTED


def list_unresolved(session: Session, actor: Actor, *, today: date, time_zone: str) -> Unresolved:
    """Those of the actor's reception, and a clinician's own, the oldest first, however old they are."""
    midnight = datetime.combine(today, time(0), ZoneInfo(time_zone)).astimezone(UTC)
    # One part after the other: so each comes out of an index in order, and no further than it is needed.
    wanted = [[*which, *_past(midnight)] for which in _own(actor)]
    found: list[Appointment] = []
    for which in wanted:
        found += session.scalars(
            select(Appointment)
            .where(*which)
            .options(
                joinedload(Appointment.patient),
                joinedload(Appointment.practitioner),
                joinedload(Appointment.service),
                joinedload(Appointment.lane).joinedload(Lane.shared_clinic),
            )
            .order_by(Appointment.starts_at, Appointment.id)
            .limit(SHOWN + 1)
        )
    total = len(found) if len(found) <= SHOWN else _count(session, wanted)
    return Unresolved(sorted(found, key=lambda each: (each.starts_at, each.id))[:SHOWN], total)


def _past(midnight: datetime) -> list[ColumnElement[bool]]:
    return [Appointment.starts_at < midnight, Appointment.ends_at <= midnight, _IS_OPEN]


def _own(actor: Actor) -> list[list[ColumnElement[bool]]]:
    """Which appointments the actor may end, in parts that do not overlap: `may_manage`, `is_clinician_of` in SQL."""
    if not actor.is_staff:
        return []
    managed = actor.services_as(Role.RECEPTIONIST, Role.ADMINISTRATOR)
    found: list[list[ColumnElement[bool]]] = []
    for service_id in sorted(actor.services_as(Role.RECEPTIONIST, Role.CLINICIAN)):
        here = [
            Appointment.service_id == service_id,
            Appointment.organisation_id == actor.organisation_id,
        ]
        if service_id in managed:
            found.append(here)
        elif actor.practitioner_id is not None:
            found.append([*here, Appointment.practitioner_id == actor.practitioner_id])
            found.append([*here, _waits_for(actor.practitioner_id)])
    return found


def _waits_for(practitioner_id: UUID) -> ColumnElement[bool]:
    """In a shared clinic in which the clinician sits, and nobody has taken the patient."""
    lanes = (
        select(Lane.id)
        .join(SharedClinicMember, SharedClinicMember.shared_clinic_id == Lane.shared_clinic_id)
        .where(SharedClinicMember.practitioner_id == practitioner_id)
    )
    return Appointment.practitioner_id.is_(None) & Appointment.lane_id.in_(lanes)


def _count(session: Session, wanted: Sequence[Sequence[ColumnElement[bool]]]) -> int:
    """Up to `COUNTED`."""
    total = 0
    for which in wanted:
        few = select(Appointment.id).where(*which).limit(COUNTED - total).subquery()
        total += session.scalar(select(func.count()).select_from(few)) or 0
        if total == COUNTED:
            break
    return total
