"""Sign-in of staff: the password, then a second factor."""

from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from telehealth.accounts.domain.account import AccountKind
from telehealth.accounts.domain.session import Stage
from telehealth.accounts.models import Account, Factor
from telehealth.accounts.services.attempts import begin_attempt, normal_email, succeed
from telehealth.accounts.services.passkeys import RelyingParty, verify_assertion
from telehealth.accounts.services.password import hash_password, verify_password
from telehealth.accounts.services.second_factor import check_code, factors_of
from telehealth.actor import Actor, ActorKind
from telehealth.audit.models import EventOutcome
from telehealth.audit.services import record_event

__all__ = [
    "PasswordTry",
    "actor_from",
    "actor_of",
    "answer_second_factor",
    "begin_password",
    "finish_password",
    "hash_password",
    "load_account",
    "lock_account",
    "normal_email",
    "prove_password",
    "record_proof",
    "record_sign_in",
    "verify_password",
]


@dataclass(frozen=True, slots=True)
class PasswordTry:
    """A password that was given and is being checked. `account` is None for an unknown address."""

    attempt_id: UUID
    account: Account | None


def begin_password(session: Session, email: str) -> PasswordTry:
    """Note the try; commit it, then `verify_password` outside any transaction. Raises TooManyTries."""
    attempt_id = begin_attempt(session, email, Factor.PASSWORD)
    found = session.scalar(
        select(Account).where(Account.email == normal_email(email), Account.kind == AccountKind.STAFF)
    )
    return PasswordTry(attempt_id, found)


def finish_password(
    session: Session, where: Actor, tried: PasswordTry, *, is_right: bool, is_factor_forced: bool
) -> tuple[Account, Stage] | None:
    """Who the password let in, and how far; None where it was wrong. `where`: address and request of the browser."""
    account = _finish(session, tried, is_right=is_right)
    if account is None:
        _record(session, where, "account.sign-in-refused", tried.account, is_refused=True)
        return None
    if factors_of(session, account.id).is_any:
        return account, Stage.SECOND_FACTOR
    if is_factor_forced:
        return account, Stage.SET_UP
    record_sign_in(session, where, account)
    return account, Stage.SIGNED_IN


def prove_password(session: Session, where: Actor, tried: PasswordTry, *, is_right: bool) -> Account | None:
    """The same for somebody who is signed in already and proves who they are."""
    account = _finish(session, tried, is_right=is_right)
    if account is None:
        _record(session, where, "account.sign-in-refused", tried.account, is_refused=True)
    return account


def answer_second_factor(
    session: Session,
    where: Actor,
    account: Account,
    party: RelyingParty,
    *,
    code: str = "",
    passkey: str = "",
) -> bool:
    """Whether the code or the passkey's answer is right. Raises TooManyTries after too many wrong codes."""
    if passkey:
        is_right = verify_assertion(session, account, party, passkey) is not None
    else:
        attempt_id = begin_attempt(session, account.email or str(account.id), Factor.CODE)
        is_right = check_code(session, actor_from(account, where), account.id, code)
        if is_right:
            succeed(session, attempt_id)
    if not is_right:
        _record(session, where, "account.second-factor-refused", account, is_refused=True)
    return is_right


def record_sign_in(session: Session, where: Actor, account: Account) -> None:
    """Everything that was asked for was given."""
    _record(session, actor_from(account, where), "account.signed-in", account)


def record_proof(session: Session, where: Actor, account: Account) -> None:
    """Somebody who is signed in proved once more who they are."""
    _record(session, where, "account.proved-again", account)


def lock_account(session: Session, account_id: UUID) -> Account | None:
    """An active account; whoever changes its factors or lets somebody in meanwhile waits."""
    return session.scalar(
        select(Account).where(Account.id == account_id, Account.is_active.is_(True)).with_for_update()
    )


def load_account(session: Session, account_id: UUID) -> Account | None:
    """An active account with its roles, or None."""
    return session.scalar(
        select(Account)
        .where(Account.id == account_id, Account.is_active.is_(True))
        .options(selectinload(Account.roles))
    )


def actor_of(account: Account) -> Actor:
    """The frozen actor behind a loaded account of staff."""
    return Actor(
        kind=ActorKind.STAFF,
        account_id=account.id,
        organisation_id=account.organisation_id,
        practitioner_id=account.practitioner_id,
        display_name=account.display_name,
        roles=frozenset((role.service_id, role.role) for role in account.roles),
    )


def actor_from(account: Account, where: Actor) -> Actor:
    """The account's actor, in the browser and request of `where`."""
    return replace(
        actor_of(account),
        session_id=where.session_id,
        address=where.address,
        request_id=where.request_id,
    )


def _finish(session: Session, tried: PasswordTry, *, is_right: bool) -> Account | None:
    if not is_right or tried.account is None:
        return None
    account = lock_account(session, tried.account.id)
    # It may have been changed or disabled while the hash was made.
    if account is None or account.password_hash != tried.account.password_hash:
        return None
    succeed(session, tried.attempt_id)
    return account


def _record(
    session: Session, actor: Actor, action: str, account: Account | None, *, is_refused: bool = False
) -> None:
    record_event(
        session,
        actor,
        action,
        subject_kind="account",
        subject_id=account.id if account else None,
        organisation_id=account.organisation_id if account else None,
        outcome=EventOutcome.REFUSED if is_refused else EventOutcome.DONE,
    )
