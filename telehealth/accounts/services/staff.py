"""Services, clinicians and accounts of staff: looked up, and made."""

from collections.abc import Iterable
from uuid import UUID, uuid4
from zoneinfo import available_timezones

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from telehealth.accounts.domain.names import same_name_key
from telehealth.accounts.domain.nations import NATIONS
from telehealth.accounts.models import (
    Account,
    AccountRole,
    HealthcareService,
    Organisation,
    Practitioner,
    PractitionerRole,
)
from telehealth.accounts.services.sign_in import hash_password, normal_email
from telehealth.actor import Actor, Role
from telehealth.audit.services import record_event
from telehealth.config import MINIMUM_PASSWORD_LENGTH
from telehealth.errors import N_, Conflict, InvalidInput

# Made once: every page of a desk and of a clinic begins with it.
_SERVICES = (
    select(HealthcareService)
    .where(HealthcareService.id.in_(bindparam("service_ids", expanding=True)))
    .order_by(HealthcareService.name)
)


def create_account(
    session: Session,
    actor: Actor,
    *,
    organisation_id: UUID,
    email: str,
    display_name: str,
    password: str | None,
    roles: Iterable[tuple[UUID, Role]],
    practitioner_id: UUID | None = None,
) -> Account:
    """Make an account; without a password its owner chooses one with a set-up link.

    Raises Conflict where the e-mail is taken, InvalidInput for a short password.
    """
    if password is not None and len(password) < MINIMUM_PASSWORD_LENGTH:
        raise InvalidInput(
            "password-short", N_("Use a password of at least 12 characters."), field="password"
        )
    if session.scalar(select(Account.id).where(Account.email == normal_email(email))):
        raise Conflict("email-taken", N_("There is already an account with this email address."))
    account = Account(
        organisation_id=organisation_id,
        email=normal_email(email),
        display_name=display_name,
        password_hash=hash_password(password) if password is not None else None,
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


def find_or_make_organisation(session: Session, name: str) -> Organisation:
    """Raises InvalidInput for no name."""
    if not name:
        raise _details_missing()
    organisation = session.scalar(select(Organisation).where(Organisation.name == name))
    if organisation is None:
        organisation = Organisation(name=name)
        session.add(organisation)
        session.flush()
    return organisation


def create_service(
    session: Session,
    actor: Actor,
    *,
    organisation_id: UUID,
    name: str,
    phone: str,
    nation: str,
    time_zone: str,
    is_restricted: bool = False,
    service_id: UUID | None = None,
) -> HealthcareService:
    """Make a service; `service_id`: the key that it gets. Raises InvalidInput, Conflict."""
    if not (name and phone):
        raise _details_missing()
    check_nation(nation)
    if time_zone not in available_timezones():
        raise InvalidInput(
            "time-zone-unknown", N_("There is no such time zone. Use a name such as Europe/London.")
        )
    refuse_taken_service_name(session, organisation_id, name)
    service = HealthcareService(
        id=service_id or uuid4(),
        organisation_id=organisation_id,
        name=name,
        time_zone=time_zone,
        nation=nation,
        phone=phone,
        is_restricted=is_restricted,
    )
    session.add(service)
    session.flush()
    record_event(
        session,
        actor,
        "service.created",
        subject_kind="service",
        subject_id=service.id,
        organisation_id=organisation_id,
        service_id=service.id,
    )
    return service


def check_nation(nation: str) -> None:
    """Raises InvalidInput for one whose bank holidays nobody knows."""
    if nation not in NATIONS:
        raise InvalidInput(
            "nation-unknown", N_("Choose England, Wales, Scotland or Northern Ireland."), field="nation"
        )


def refuse_taken_service_name(
    session: Session, organisation_id: UUID, name: str, *, but: UUID | None = None
) -> None:
    """Raises Conflict where another service of the organisation has this name. `but`: the one that is being named.

    Compared here and not by the database: SQLite knows the capitals of A to Z alone. Of two that are named at once
    the second waits here.
    """
    session.scalar(
        select(Organisation.id).where(Organisation.id == organisation_id).with_for_update(key_share=True)
    )
    wanted = same_name_key(name)
    taken = session.execute(
        select(HealthcareService.id, HealthcareService.name).where(
            HealthcareService.organisation_id == organisation_id
        )
    )
    if any(key != but and same_name_key(other) == wanted for key, other in taken):
        raise Conflict(
            "service-taken",
            N_("The organisation has a service with this name already. Choose another name."),
        )


def list_services(session: Session, service_ids: Iterable[UUID]) -> list[HealthcareService]:
    """The services with these keys, by name."""
    return list(session.scalars(_SERVICES, {"service_ids": list(service_ids)}))


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


def _details_missing() -> InvalidInput:
    return InvalidInput("details-missing", N_("Give the organisation, the service and its phone number."))
