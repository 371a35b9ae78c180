"""Services, clinicians and accounts of staff: looked up, and made."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.accounts.models import (
    Account,
    AccountRole,
    HealthcareService,
    Practitioner,
    PractitionerRole,
)
from telehealth.accounts.services.sign_in import hash_password, normal_email
from telehealth.actor import Actor, Role
from telehealth.audit.services import record_event
from telehealth.config import MINIMUM_PASSWORD_LENGTH
from telehealth.errors import N_, Conflict, InvalidInput


def create_account(
    session: Session,
    actor: Actor,
    *,
    organisation_id: UUID,
    email: str,
    display_name: str,
    password: str,
    roles: Iterable[tuple[UUID, Role]],
    practitioner_id: UUID | None = None,
) -> Account:
    """Make an account. Raises Conflict where the e-mail is taken, InvalidInput for a short password."""
    if len(password) < MINIMUM_PASSWORD_LENGTH:
        raise InvalidInput(
            "password-short", N_("Use a password of at least 12 characters."), field="password"
        )
    if session.scalar(select(Account.id).where(Account.email == normal_email(email))):
        raise Conflict("email-taken", N_("There is already an account with this email address."))
    account = Account(
        organisation_id=organisation_id,
        email=normal_email(email),
        display_name=display_name,
        password_hash=hash_password(password),
        practitioner_id=practitioner_id,
        roles=[
            AccountRole(organisation_id=organisation_id, service_id=service_id, role=role)
            for service_id, role in roles
        ],
    )
    session.add(account)
    session.flush()
    record_event(
        session,
        actor,
        "account.created",
        subject_kind="account",
        subject_id=account.id,
        organisation_id=organisation_id,
    )
    return account


def list_services(session: Session, service_ids: Iterable[UUID]) -> list[HealthcareService]:
    """The services with these keys, by name."""
    return list(
        session.scalars(
            select(HealthcareService)
            .where(HealthcareService.id.in_(list(service_ids)))
            .order_by(HealthcareService.name)
        )
    )


def only_service(session: Session) -> HealthcareService | None:
    """The one service of this installation: a page that belongs to none can give its phone number. None of several."""
    services = session.scalars(select(HealthcareService).limit(2)).all()
    return services[0] if len(services) == 1 else None


def list_practitioners(session: Session, service_id: UUID) -> list[Practitioner]:
    """The clinicians who work in a service, by family name."""
    return list(
        session.scalars(
            select(Practitioner)
            .join(PractitionerRole, PractitionerRole.practitioner_id == Practitioner.id)
            .where(PractitionerRole.service_id == service_id)
            .order_by(Practitioner.family_name, Practitioner.given_name)
        )
    )
