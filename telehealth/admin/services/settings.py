"""The services of an organisation, as an administrator sets them up."""

from uuid import UUID

from sqlalchemy.orm import Session

from telehealth.accounts.models import HealthcareService
from telehealth.accounts.services.staff import create_service, refuse_taken_service_name
from telehealth.actor import Actor, Role
from telehealth.admin.policies import may_set_up
from telehealth.admin.services.staff import make_administrator
from telehealth.audit.services import record_event
from telehealth.booking.services.idempotency import key_of, remember_key
from telehealth.clock import UK
from telehealth.errors import NotFound


def find_service(session: Session, actor: Actor, service_id: UUID) -> HealthcareService:
    """A service of the actor's organisation. Raises NotFound."""
    service = session.get(HealthcareService, service_id)
    if service is None or not may_set_up(actor, service):
        raise NotFound
    return service


def add_service(
    session: Session,
    actor: Actor,
    *,
    name: str,
    phone: str,
    nation: str,
    is_restricted: bool,
    idempotency_key: str,
) -> HealthcareService:
    """A service of the actor's organisation, of which they become an administrator.

    Of a restricted one nobody else would be told even the name. Its clocks are those of the United Kingdom.

    Raises InvalidInput, Conflict where the name is taken, NotFound for anybody but an administrator.
    """
    if (
        actor.account_id is None
        or actor.organisation_id is None
        or not (actor.is_staff and actor.has_role(Role.ADMINISTRATOR))
    ):
        raise NotFound
    service_id, is_repeat = remember_key(
        session, actor.key, key_of(idempotency_key, "service", name, phone, nation, is_restricted)
    )
    if is_repeat:
        return session.get_one(HealthcareService, service_id)
    service = create_service(
        session,
        actor,
        organisation_id=actor.organisation_id,
        name=name,
        phone=phone,
        nation=nation,
        time_zone=str(UK),
        is_restricted=is_restricted,
        service_id=service_id,
    )
    make_administrator(session, actor, actor.account_id, service.id)
    return service


def change_service(
    session: Session, actor: Actor, service_id: UUID, *, name: str, phone: str, is_restricted: bool
) -> HealthcareService:
    """Name, phone number, and whether others are told no more than "busy". Raises Conflict for a taken name, NotFound."""
    service = find_service(session, actor, service_id)
    if name != service.name:
        refuse_taken_service_name(session, service.organisation_id, name, but=service.id)
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
