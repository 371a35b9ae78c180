"""Who sits in the shared clinics of a service, and who of them still works there."""

import math
from collections.abc import Collection, Iterable
from uuid import UUID

from sqlalchemy import and_, bindparam, func, select
from sqlalchemy.orm import Session

from telehealth.accounts.models import HealthcareService, PractitionerRole
from telehealth.booking.domain.crew import Crew, Members, make_crew
from telehealth.booking.models import (
    AppointmentType,
    Lane,
    ScheduleException,
    SharedClinic,
    SharedClinicMember,
)

_LANES = select(func.count()).where(Lane.shared_clinic_id == SharedClinic.id)
# Made once: it is sent with every search of a service with shared clinics.
_MEMBERS = (
    select(
        SharedClinicMember.shared_clinic_id,
        SharedClinicMember.practitioner_id,
        PractitionerRole.practitioner_id,
        _LANES.where(Lane.is_open).scalar_subquery(),
        _LANES.where(~Lane.is_open).scalar_subquery(),
    )
    .join(SharedClinic, SharedClinic.id == SharedClinicMember.shared_clinic_id)
    .outerjoin(
        PractitionerRole,
        and_(
            PractitionerRole.practitioner_id == SharedClinicMember.practitioner_id,
            PractitionerRole.service_id == SharedClinic.service_id,
        ),
    )
    .where(SharedClinic.service_id == bindparam("service"))
)


def load_members(session: Session, service: HealthcareService) -> dict[UUID, Members]:
    """By shared clinic; a clinic in which nobody sits is not among them."""
    named: dict[UUID, set[UUID]] = {}
    working: dict[UUID, set[UUID]] = {}
    seats: dict[UUID, int | None] = {}
    for clinic_id, person_id, works_as, are_open, are_closed in session.execute(
        _MEMBERS, {"service": service.id}
    ):
        seats[clinic_id] = are_open if are_closed else None
        named.setdefault(clinic_id, set()).add(person_id)
        if works_as is not None:
            working.setdefault(clinic_id, set()).add(person_id)
    return {
        clinic_id: Members(
            size=len(people), working=frozenset(working.get(clinic_id, ())), seats=seats[clinic_id]
        )
        for clinic_id, people in named.items()
    }


def find_experts(
    session: Session, service: HealthcareService, type_: AppointmentType, skilled: Collection[UUID]
) -> dict[UUID, Members]:
    """By shared clinic, who sits there with the skill that a type needs; none where it needs none."""
    if not type_.required_skill:
        return {}
    return {
        clinic_id: Members(size=len(members.working), working=members.working.intersection(skilled))
        for clinic_id, members in load_members(session, service).items()
    }


def find_crews(
    session: Session, service: HealthcareService, exceptions: Iterable[ScheduleException]
) -> dict[UUID, Crew[int]]:
    """By shared clinic, those of which somebody is away or gone, or a lane is out of use; in seconds."""
    leave = [
        (each.practitioner_id, int(each.starts_at.timestamp()), math.ceil(each.ends_at.timestamp()))
        for each in exceptions
        if each.practitioner_id is not None
    ]
    crews = {
        clinic_id: make_crew(members, leave) for clinic_id, members in load_members(session, service).items()
    }
    return {clinic_id: crew for clinic_id, crew in crews.items() if not crew.is_whole}
