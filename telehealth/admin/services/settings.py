"""The services of an organisation, as an administrator sets them up."""

from uuid import UUID

from sqlalchemy.orm import Session

from telehealth.accounts.models import HealthcareService
from telehealth.actor import Actor
from telehealth.admin.policies import may_set_up
from telehealth.audit.services import record_event
from telehealth.errors import NotFound


def find_service(session: Session, actor: Actor, service_id: UUID) -> HealthcareService:
    """A service of the actor's organisation. Raises NotFound."""
    service = session.get(HealthcareService, service_id)
    if service is None or not may_set_up(actor, service):
        raise NotFound
    return service


def change_service(
    session: Session, actor: Actor, service_id: UUID, *, name: str, phone: str, is_restricted: bool
) -> HealthcareService:
    """Name, phone number, and whether others are told no more than "busy"."""
    service = find_service(session, actor, service_id)
    changes = [
        word
        for word, before, after in (
            ("name", service.name, name),
            ("phone", service.phone, phone),
            ("restricted" if is_restricted else "unrestricted", service.is_restricted, is_restricted),
        )
        if before != after
    ]
    if changes:
        service.name, service.phone, service.is_restricted = name, phone, is_restricted
        session.flush()
        record_event(
            session,
            actor,
            "service.changed",
            subject_kind="service",
            subject_id=service.id,
            organisation_id=service.organisation_id,
            service_id=service.id,
            reason=", ".join(changes),
        )
    return service
