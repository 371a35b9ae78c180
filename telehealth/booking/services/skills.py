"""What each clinician can do in a service: some appointment types ask for it."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from telehealth.accounts.models import PractitionerRole
from telehealth.actor import Actor
from telehealth.audit.services import record_event
from telehealth.booking.models import AppointmentType, PractitionerSkill
from telehealth.booking.services.schedule_access import (
    find_service,
    find_service_to_set_up,
    list_clinicians,
)
from telehealth.booking.services.schedule_impact import mark_changed
from telehealth.errors import N_, InvalidInput, NotFound

MOST_SKILLS = 40
LONGEST_SKILL = 60


def list_skills(session: Session, actor: Actor, service_id: UUID) -> Mapping[UUID, list[str]]:
    """The skills of each clinician who has some, in order of the alphabet. Raises NotFound."""
    service = find_service(session, actor, service_id)
    found: dict[UUID, list[str]] = {}
    for practitioner_id, skill in session.execute(
        select(PractitionerSkill.practitioner_id, PractitionerSkill.skill)
        .where(PractitionerSkill.service_id == service.id)
        .order_by(PractitionerSkill.skill)
    ):
        found.setdefault(practitioner_id, []).append(skill)
    return found


def list_asked_skills(session: Session, actor: Actor, service_id: UUID) -> list[str]:
    """The skills that the types of the service ask for. Raises NotFound."""
    service = find_service(session, actor, service_id)
    return list(
        session.scalars(
            select(AppointmentType.required_skill)
            .where(AppointmentType.service_id == service.id, AppointmentType.required_skill != "")
            .distinct()
            .order_by(AppointmentType.required_skill)
        )
    )


def list_missing_skills(session: Session, actor: Actor, service_id: UUID) -> dict[str, list[AppointmentType]]:
    """The skills that nobody who works in the service has, each with the types in use that ask for it. Raises NotFound.

    Nothing is ever free for such a type.
    """
    service = find_service(session, actor, service_id)
    held = (
        select(PractitionerSkill.skill)
        .join(
            PractitionerRole,
            and_(
                PractitionerRole.practitioner_id == PractitionerSkill.practitioner_id,
                PractitionerRole.service_id == PractitionerSkill.service_id,
            ),
        )
        .where(PractitionerSkill.service_id == service.id)
    )
    found: dict[str, list[AppointmentType]] = {}
    for type_ in session.scalars(
        select(AppointmentType)
        .where(
            AppointmentType.service_id == service.id,
            AppointmentType.is_active,
            AppointmentType.required_skill != "",
            AppointmentType.required_skill.not_in(held),
        )
        .order_by(AppointmentType.required_skill, AppointmentType.name)
    ):
        found.setdefault(type_.required_skill, []).append(type_)
    return found


def set_skills(
    session: Session, actor: Actor, service_id: UUID, practitioner_id: UUID, skills: Iterable[str]
) -> None:
    """These and no others; what is booked stays. Raises InvalidInput, NotFound."""
    service = find_service_to_set_up(session, actor, service_id)
    if practitioner_id not in {person.id for person in list_clinicians(session, service)}:
        raise NotFound
    wanted = sorted({skill.strip() for skill in skills} - {""})
    if len(wanted) > MOST_SKILLS or any(len(skill) > LONGEST_SKILL for skill in wanted):
        raise InvalidInput(
            "skills-long", N_("Enter at most 40 skills of at most 60 characters each."), field="skills"
        )
    rows = session.scalars(
        select(PractitionerSkill).where(
            PractitionerSkill.service_id == service.id, PractitionerSkill.practitioner_id == practitioner_id
        )
    ).all()
    known = {row.skill for row in rows}
    if known == set(wanted):
        return
    for row in rows:
        if row.skill not in wanted:
            session.delete(row)
    session.add_all(
        PractitionerSkill(
            organisation_id=service.organisation_id,
            service_id=service.id,
            practitioner_id=practitioner_id,
            skill=skill,
        )
        for skill in wanted
        if skill not in known
    )
    session.flush()
    record_event(
        session,
        actor,
        "skills.changed",
        subject_kind="practitioner",
        subject_id=practitioner_id,
        organisation_id=service.organisation_id,
        service_id=service.id,
    )
    mark_changed(session, [service])
