"""What stays with a clinician who does not work in a service any more, until somebody else takes it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from telehealth.accounts.models import HealthcareService, PractitionerRole
from telehealth.booking.domain.follow_up import FollowUpStatus
from telehealth.booking.models import Appointment, FollowUpRequest
from telehealth.booking.services.upcoming import UPCOMING


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftBehind:
    """In one service: upcoming appointments, which lie in no session now, and open requests to see a patient."""

    service: HealthcareService
    appointments: int
    requests: int


def list_left_behind(session: Session, practitioner_id: UUID, *, now: datetime) -> Sequence[LeftBehind]:
    """By the name of the service; only those where there is something."""
    appointments = _counts(
        session,
        Appointment,
        Appointment.practitioner_id == practitioner_id,
        # In a shared clinic the clinic is booked: the others who sit in it go on.
        Appointment.lane_id.is_(None),
        Appointment.starts_at > now,
        Appointment.status.in_(UPCOMING),
    )
    requests = _counts(
        session,
        FollowUpRequest,
        FollowUpRequest.owner_id == practitioner_id,
        FollowUpRequest.status == FollowUpStatus.ACTIVE,
    )
    works_in = select(PractitionerRole.service_id).where(PractitionerRole.practitioner_id == practitioner_id)
    services = session.scalars(
        select(HealthcareService)
        .where(
            HealthcareService.id.in_(appointments.keys() | requests.keys()),
            HealthcareService.id.not_in(works_in),
        )
        .order_by(HealthcareService.name, HealthcareService.id)
    )
    return [
        LeftBehind(
            service=service,
            appointments=appointments.get(service.id, 0),
            requests=requests.get(service.id, 0),
        )
        for service in services
    ]


def _counts(
    session: Session, kind: type[Appointment] | type[FollowUpRequest], *conditions: ColumnElement[bool]
) -> dict[UUID, int]:
    rows = session.execute(
        select(kind.service_id, func.count(kind.id)).where(*conditions).group_by(kind.service_id)
    )
    return {row[0]: row[1] for row in rows}
