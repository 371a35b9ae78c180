"""Which sessions take a type of appointment: by type, way of meeting, skill, room and open lanes."""

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import and_, bindparam, select
from sqlalchemy.orm import Session

from telehealth.accounts.models import HealthcareService
from telehealth.booking.domain.appointment import Mode
from telehealth.booking.models import AppointmentType, Lane, PractitionerSkill, SharedClinicMember
from telehealth.booking.services.timetables import Timetable

# Made once: they are sent with every search and every booking.
_SKILLED = select(PractitionerSkill.practitioner_id).where(
    PractitionerSkill.service_id == bindparam("service_id"), PractitionerSkill.skill == bindparam("skill")
)
_SKILLED_CLINICS = select(SharedClinicMember.shared_clinic_id).where(
    SharedClinicMember.practitioner_id.in_(_SKILLED)
)
_LANES = (
    select(Lane.shared_clinic_id, Lane.id)
    .where(
        Lane.shared_clinic_id.in_(bindparam("clinics", expanding=True)), Lane.is_open == bindparam("are_open")
    )
    .order_by(Lane.number)
)


def suits(
    schedule: Timetable,
    type_: AppointmentType,
    mode: Mode | None,
    skilled: frozenset[UUID],
    *,
    is_move: bool = False,
) -> bool:
    """Whether the type may be booked into sessions of the schedule; `skilled`: of `find_skilled`."""
    return (
        takes_type(schedule, type_, is_move=is_move)
        and bool(offered_modes(schedule, type_, mode))
        and has_skill(schedule, type_, skilled)
    )


def takes_type(schedule: Timetable, type_: AppointmentType, *, is_move: bool = False) -> bool:
    """`schedule`: as read for this type. What was booked as a type that is offered no more can still be moved."""
    return (type_.is_active or is_move) and type_.service_id == schedule.service_id and schedule.lists_type


def offered_modes(schedule: Timetable, type_: AppointmentType, mode: Mode | None) -> set[Mode]:
    """The ways of meeting of both; `mode`: the only one that is wanted."""
    modes = set(type_.modes).intersection(schedule.modes)
    return modes & {mode} if mode else modes


def needs_room(schedule: Timetable, type_: AppointmentType, mode: Mode | None) -> bool:
    """Whether there is no other way than to meet in the session's room."""
    return schedule.room_id is not None and offered_modes(schedule, type_, mode) == {Mode.IN_PERSON}


def has_skill(schedule: Timetable, type_: AppointmentType, skilled: frozenset[UUID]) -> bool:
    return not type_.required_skill or schedule.owner_id in skilled


def find_skilled(session: Session, type_: AppointmentType) -> frozenset[UUID]:
    """The clinicians who have the skill that a type needs, and the shared clinics in which one of them sits."""
    if not type_.required_skill:
        return frozenset()
    wanted = {"service_id": type_.service_id, "skill": type_.required_skill}
    return frozenset(session.scalars(_SKILLED, wanted)) | frozenset(session.scalars(_SKILLED_CLINICS, wanted))


def find_lanes(
    session: Session, clinic_ids: Iterable[UUID | None], *, are_open: bool = True
) -> dict[UUID, list[UUID]]:
    """The lanes of shared clinics that may be booked, by clinic and in order of their numbers; or those that may not."""
    clinics = [*filter(None, dict.fromkeys(clinic_ids))]
    lanes: dict[UUID, list[UUID]] = defaultdict(list)
    if clinics:
        for clinic_id, lane_id in session.execute(_LANES, {"clinics": clinics, "are_open": are_open}):
            lanes[clinic_id].append(lane_id)
    return lanes


def load_skilled(session: Session, service: HealthcareService) -> dict[UUID, frozenset[UUID]]:
    """By type that needs a skill: the clinicians who have it."""
    found: dict[UUID, set[UUID]] = {}
    rows = session.execute(
        select(AppointmentType.id, PractitionerSkill.practitioner_id)
        .outerjoin(
            PractitionerSkill,
            and_(
                PractitionerSkill.service_id == AppointmentType.service_id,
                PractitionerSkill.skill == AppointmentType.required_skill,
            ),
        )
        .where(AppointmentType.service_id == service.id, AppointmentType.required_skill != "")
    )
    for type_id, practitioner_id in rows:
        of_type = found.setdefault(type_id, set())
        if practitioner_id is not None:
            of_type.add(practitioner_id)
    return {type_id: frozenset(people) for type_id, people in found.items()}
