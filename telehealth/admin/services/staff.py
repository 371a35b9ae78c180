"""Accounts of staff, as an administrator of their organisation looks after them. Passwords are reset, never seen."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, selectinload

from telehealth.accounts.domain.account import AccountKind
from telehealth.accounts.models import (
    Account,
    AccountRole,
    BrowserSession,
    HealthcareService,
    Organisation,
    Practitioner,
    PractitionerRole,
    SetUpPurpose,
)
from telehealth.accounts.services.second_factor import Factors, factors_of, remove_all_factors
from telehealth.accounts.services.sessions import end_session, end_sessions_of, list_sessions, rights_changed
from telehealth.accounts.services.set_up import make_set_up_link
from telehealth.accounts.services.staff import create_account, list_services
from telehealth.actor import Actor, ActorKind, Role
from telehealth.admin.policies import may_administer
from telehealth.audit.services import record_event
from telehealth.booking.services.left_behind import LeftBehind, list_left_behind
from telehealth.booking.services.schedule_impact import mark_changed
from telehealth.clock import now
from telehealth.errors import N_, Conflict, InvalidInput, NotFound

Held = tuple[UUID, Role]
MOST_SHOWN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class NewStaff:
    """A clinician is also a practitioner: prefix, given and family name are theirs; others have a name to show."""

    email: str
    prefix: str = ""
    given_name: str
    family_name: str
    roles: frozenset[Held]

    @property
    def display_name(self) -> str:
        return " ".join(part for part in (self.prefix, self.given_name, self.family_name) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffMember:
    """One account with what an administrator may know of it."""

    account: Account
    factors: Factors
    sessions: Sequence[BrowserSession]
    # Of a clinician: what is with them in services in which they do not work any more.
    left_behind: Sequence[LeftBehind]
    last_seen_at: datetime | None


def list_staff(session: Session, actor: Actor, query: str = "") -> list[Account]:
    """Staff of the actor's organisation by name; `query` narrows it to names and e-mails that hold it."""
    conditions = [Account.organisation_id == actor.organisation_id, Account.kind == AccountKind.STAFF]
    if query.strip():
        wanted = query.strip().lower()
        conditions.append(
            or_(
                func.lower(Account.display_name).contains(wanted, autoescape=True),
                Account.email.contains(wanted, autoescape=True),
            )
        )
    return list(
        session.scalars(
            select(Account)
            .where(*conditions)
            .options(selectinload(Account.roles))
            .order_by(Account.is_active.desc(), Account.display_name)
            .limit(MOST_SHOWN)
        )
    )


def list_own_services(session: Session, actor: Actor) -> list[HealthcareService]:
    """Every service of the actor's organisation, by name."""
    return list(
        session.scalars(
            select(HealthcareService)
            .where(HealthcareService.organisation_id == actor.organisation_id)
            .order_by(HealthcareService.name)
        )
    )


def find_member(session: Session, actor: Actor, account_id: UUID) -> StaffMember:
    """Raises NotFound for anybody who is not staff of the actor's organisation."""
    account = _own_account(session, actor, account_id)
    sessions = list_sessions(session, account.id)
    return StaffMember(
        account=account,
        factors=factors_of(session, account.id),
        sessions=sessions,
        left_behind=(
            list_left_behind(session, account.practitioner_id, now=now()) if account.practitioner_id else ()
        ),
        last_seen_at=max((row.last_seen_at for row in sessions), default=None),
    )


def add_staff(session: Session, actor: Actor, wanted: NewStaff) -> tuple[Account, str]:
    """A new account without a password, and the token of its set-up link. Raises Conflict, InvalidInput, NotFound."""
    organisation_id = _organisation(actor)
    _check_services(session, actor, wanted.roles)
    if not wanted.roles:
        raise InvalidInput("roles-missing", N_("Choose at least one role."), field="roles")
    practitioner_id = None
    if any(role is Role.CLINICIAN for _, role in wanted.roles):
        person = Practitioner(
            organisation_id=organisation_id,
            prefix=wanted.prefix,
            given_name=wanted.given_name,
            family_name=wanted.family_name,
        )
        session.add(person)
        session.flush()
        practitioner_id = person.id
    account = create_account(
        session,
        actor,
        organisation_id=organisation_id,
        email=wanted.email,
        display_name=wanted.display_name,
        password=None,
        roles=wanted.roles,
        practitioner_id=practitioner_id,
    )
    _match_practitioner_roles(session, account, wanted.roles)
    return account, make_set_up_link(session, actor, account, SetUpPurpose.FIRST_SIGN_IN)


def change_roles(
    session: Session, actor: Actor, account_id: UUID, roles: Iterable[Held], *, version: int
) -> Account:
    """Exactly these roles from now on. Raises Conflict (changed meanwhile; the last administrator), InvalidInput."""
    account = _lock_account(session, actor, account_id)
    wanted = frozenset(roles)
    _check_services(session, actor, wanted)
    if account.rights_version != version:
        raise Conflict(
            "account-changed", N_("Somebody else changed this account meanwhile. Look at it, then try again.")
        )
    held = frozenset((role.service_id, role.role) for role in account.roles)
    if wanted == held:
        return account
    if not wanted:
        raise InvalidInput(
            "roles-missing",
            N_("Choose at least one role. To end all access, disable the account."),
            field="roles",
        )
    if not _has_administrator(wanted) and _has_administrator(held):
        _keep_an_administrator(session, account)
    if any(role is Role.CLINICIAN for _, role in wanted) and account.practitioner_id is None:
        raise InvalidInput(
            "not-a-clinician",
            N_("This person is not recorded as a clinician. Add them as a new member of staff."),
            field="roles",
        )
    kept = [role for role in account.roles if (role.service_id, role.role) in wanted]
    account.roles[:] = kept + [
        AccountRole(organisation_id=account.organisation_id, service_id=service_id, role=role)
        for service_id, role in sorted(wanted - held)
    ]
    _match_practitioner_roles(session, account, wanted if account.is_active else ())
    _changed(session, actor, account, "account.roles-changed", _words(wanted - held, held - wanted))
    return account


def make_administrator(session: Session, actor: Actor, account_id: UUID, service_id: UUID) -> Account:
    """Administrator of one more service. Raises NotFound."""
    account = _lock_account(session, actor, account_id)
    held = (service_id, Role.ADMINISTRATOR)
    _check_services(session, actor, frozenset({held}))
    if held not in {(role.service_id, role.role) for role in account.roles}:
        account.roles.append(
            AccountRole(
                organisation_id=account.organisation_id, service_id=service_id, role=Role.ADMINISTRATOR
            )
        )
        _changed(session, actor, account, "account.roles-changed", _words([held], ()))
    return account


def set_active(session: Session, actor: Actor, account_id: UUID, *, is_active: bool) -> Account:
    """Disable an account, or let it in again. Raises Conflict for one's own and for the last administrator."""
    account = _lock_account(session, actor, account_id)
    if account.is_active == is_active:
        return account
    if not is_active:
        if account.id == actor.account_id:
            raise Conflict(
                "own-account", N_("You cannot disable your own account. Ask another administrator.")
            )
        if any(role.role is Role.ADMINISTRATOR for role in account.roles):
            _keep_an_administrator(session, account)
        end_sessions_of(session, actor, account.id, reason="disabled")
    account.is_active = is_active
    held = [(role.service_id, role.role) for role in account.roles]
    _match_practitioner_roles(session, account, held if is_active else ())
    _changed(session, actor, account, "account.enabled" if is_active else "account.disabled")
    return account


def reset_password(session: Session, actor: Actor, account_id: UUID) -> tuple[Account, str]:
    """The password stops working, every sign-in ends; returns the token of the link for a new one."""
    account = _lock_account(session, actor, account_id)
    purpose = SetUpPurpose.PASSWORD_RESET if account.password_hash else SetUpPurpose.FIRST_SIGN_IN
    account.password_hash = None
    end_sessions_of(session, actor, account.id, reason="revoked")
    return account, make_set_up_link(session, actor, account, purpose)


def remove_second_factor(session: Session, actor: Actor, account_id: UUID, *, reason: str) -> Account:
    """For somebody who lost phone and key: they set up a new one at the next sign-in. Raises InvalidInput."""
    account = _lock_account(session, actor, account_id)
    if not reason.strip():
        raise InvalidInput("reason-missing", N_("Enter how you made sure who is asking."), field="reason")
    remove_all_factors(session, actor, account, reason=reason.strip()[:200])
    end_sessions_of(session, actor, account.id, reason="revoked")
    return account


def end_member_session(session: Session, actor: Actor, account_id: UUID, session_id: UUID) -> None:
    """Sign somebody out of one browser."""
    account = _own_account(session, actor, account_id)
    end_session(session, actor, session_id, account_id=account.id, reason="revoked")


def end_member_sessions(session: Session, actor: Actor, account_id: UUID) -> int:
    """Sign somebody out everywhere; returns from how many browsers."""
    account = _own_account(session, actor, account_id)
    return end_sessions_of(session, actor, account.id, reason="revoked")


def _own_account(session: Session, actor: Actor, account_id: UUID) -> Account:
    account = session.get(Account, account_id, options=[selectinload(Account.roles)])
    if account is None or not may_administer(actor, account):
        raise NotFound
    return account


def _lock_account(session: Session, actor: Actor, account_id: UUID) -> Account:
    # One change at a time in an organisation: two administrators who demote each other would wait for each other.
    session.scalar(select(Organisation.id).where(Organisation.id == actor.organisation_id).with_for_update())
    session.scalar(select(Account.id).where(Account.id == account_id).with_for_update())
    return _own_account(session, actor, account_id)


def _organisation(actor: Actor) -> UUID:
    # At the terminal there is no administrator yet.
    may_add = actor.kind is ActorKind.SYSTEM or actor.has_role(Role.ADMINISTRATOR)
    if actor.organisation_id is None or not may_add:
        raise NotFound
    return actor.organisation_id


def _check_services(session: Session, actor: Actor, roles: frozenset[Held]) -> None:
    own = {service.id for service in list_own_services(session, actor)}
    if not {service_id for service_id, _ in roles} <= own:
        raise NotFound


def _has_administrator(roles: Iterable[Held]) -> bool:
    return any(role is Role.ADMINISTRATOR for _, role in roles)


def _keep_an_administrator(session: Session, leaving: Account) -> None:
    others = session.scalars(
        select(Account.id)
        .join(AccountRole, AccountRole.account_id == Account.id)
        .where(
            Account.organisation_id == leaving.organisation_id,
            Account.is_active.is_(True),
            AccountRole.role == Role.ADMINISTRATOR,
        )
    ).all()
    if not set(others) - {leaving.id}:
        raise Conflict(
            "last-administrator",
            N_("This is the last administrator of the organisation. Make somebody else one first."),
        )


def _match_practitioner_roles(session: Session, account: Account, roles: Iterable[Held]) -> None:
    """A clinician works where the account says, and nowhere while it is disabled: whether their sessions take place
    hangs on it. Where they stop, appointments stay with them until they are moved.
    """
    if account.practitioner_id is None:
        return
    wanted = {service_id for service_id, role in roles if role is Role.CLINICIAN}
    existing = {
        row.service_id: row
        for row in session.scalars(
            select(PractitionerRole).where(PractitionerRole.practitioner_id == account.practitioner_id)
        )
    }
    others = _services_by_other_accounts(session, account)
    for service_id in sorted(wanted - set(existing)):
        session.add(
            PractitionerRole(
                organisation_id=account.organisation_id,
                service_id=service_id,
                practitioner_id=account.practitioner_id,
            )
        )
    for service_id in sorted(set(existing) - wanted - others):
        session.delete(existing[service_id])
    session.flush()
    mark_changed(session, list_services(session, wanted ^ set(existing)))


def _services_by_other_accounts(session: Session, account: Account) -> set[UUID]:
    """Where the same clinician works by another account of theirs."""
    return set(
        session.scalars(
            select(AccountRole.service_id)
            .join(Account, Account.id == AccountRole.account_id)
            .where(
                Account.practitioner_id == account.practitioner_id,
                Account.id != account.id,
                Account.is_active.is_(True),
                AccountRole.role == Role.CLINICIAN,
            )
        )
    )


def _changed(session: Session, actor: Actor, account: Account, action: str, reason: str = "") -> None:
    rights_changed(session, account)
    session.flush()
    record_event(
        session,
        actor,
        action,
        subject_kind="account",
        subject_id=account.id,
        organisation_id=account.organisation_id,
        reason=reason,
    )


def _words(added: Iterable[Held], removed: Iterable[Held]) -> str:
    return "; ".join(
        [
            *(f"+{role.value} {service_id}" for service_id, role in sorted(added)),
            *(f"-{role.value} {service_id}" for service_id, role in sorted(removed)),
        ]
    )[:500]
