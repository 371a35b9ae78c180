"""Whose schedules somebody may set up: of a whole service, or their own."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.accounts.models import HealthcareService, Practitioner, PractitionerRole
from telehealth.actor import Actor, Role
from telehealth.booking.models import Schedule, ScheduleException, SharedClinic
from telehealth.booking.policies import may_keep_own_schedule, may_set_up
from telehealth.errors import NotFound


def list_schedule_services(session: Session, actor: Actor) -> list[HealthcareService]:
    """The services whose schedules the actor may open, by name."""
    found = session.scalars(
        select(HealthcareService)
        .where(HealthcareService.organisation_id == actor.organisation_id)
        .order_by(HealthcareService.name)
    )
    return [
        service for service in found if may_set_up(actor, service) or may_keep_own_schedule(actor, service)
    ]


def find_service(session: Session, actor: Actor, service_id: UUID) -> HealthcareService:
    """A service whose schedules the actor may open, all of them or their own. Raises NotFound."""
    service = session.get(HealthcareService, service_id)
    if service is None or not (may_set_up(actor, service) or may_keep_own_schedule(actor, service)):
        raise NotFound
    return service


def find_service_to_set_up(session: Session, actor: Actor, service_id: UUID) -> HealthcareService:
    """A service that the actor administers. Raises NotFound."""
    service = session.get(HealthcareService, service_id)
    if service is None or not may_set_up(actor, service):
        raise NotFound
    return service


def find_service_of_stranded(session: Session, actor: Actor, service_id: UUID) -> HealthcareService:
    """A service whose appointments the actor books or whose schedules they may open. Raises NotFound."""
    service = session.get(HealthcareService, service_id)
    if service is None or service.organisation_id != actor.organisation_id:
        raise NotFound
    if service.id in actor.services_as(Role.RECEPTIONIST):
        return service
    return find_service(session, actor, service_id)


def only_own(actor: Actor, service: HealthcareService) -> UUID | None:
    """The practitioner whose schedules alone the actor may see and change; None: everybody's."""
    return None if may_set_up(actor, service) else actor.practitioner_id


def only_own_stranded(actor: Actor, service: HealthcareService) -> UUID | None:
    """As `only_own`, for appointments outside every session: reception is told of all."""
    return None if service.id in actor.services_as(Role.RECEPTIONIST) else only_own(actor, service)


def check_owner(
    session: Session,
    actor: Actor,
    service: HealthcareService,
    *,
    practitioner_id: UUID | None,
    shared_clinic_id: UUID | None,
) -> None:
    """Raises NotFound unless it is a clinician or a shared clinic of the service whose sessions the actor may set up."""
    own = only_own(actor, service)
    if own is not None and practitioner_id != own:
        raise NotFound
    if (practitioner_id is None) == (shared_clinic_id is None):
        raise NotFound
    if practitioner_id is not None:
        works_there = select(PractitionerRole.id).where(
            PractitionerRole.service_id == service.id, PractitionerRole.practitioner_id == practitioner_id
        )
        if session.scalar(works_there) is None:
            raise NotFound
    if shared_clinic_id is not None:
        clinic = session.get(SharedClinic, shared_clinic_id)
        if clinic is None or clinic.service_id != service.id:
            raise NotFound


def may_change_schedule(actor: Actor, service: HealthcareService, schedule: Schedule) -> bool:
    own = only_own(actor, service)
    return schedule.service_id == service.id and (own is None or schedule.practitioner_id == own)


def may_change_exception(actor: Actor, service: HealthcareService, exception: ScheduleException) -> bool:
    """Leave of its own clinicians, and closures of the service and of its shared clinics."""
    own = only_own(actor, service)
    return exception.organisation_id == service.organisation_id and (
        own is None or exception.practitioner_id == own
    )


def list_clinicians(session: Session, service: HealthcareService) -> list[Practitioner]:
    """Who works in a service, by family name."""
    return list(
        session.scalars(
            select(Practitioner)
            .join(PractitionerRole, PractitionerRole.practitioner_id == Practitioner.id)
            .where(PractitionerRole.service_id == service.id)
            .order_by(Practitioner.family_name, Practitioner.given_name, Practitioner.id)
        )
    )
