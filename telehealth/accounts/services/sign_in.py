"""Passwords and sign-in of staff."""

import os
import threading
from uuid import UUID

from pwdlib import PasswordHash
from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from telehealth.accounts.domain.throttle import PASSWORD_THROTTLE
from telehealth.accounts.models import Account, SignInAttempt
from telehealth.actor import Actor, ActorKind
from telehealth.audit.services import record_event
from telehealth.clock import now
from telehealth.errors import N_, TooManyTries

_hasher = PasswordHash.recommended()
# A hash takes 64 MiB and a core for a tenth of a second: at most as many at once as there are cores.
_hashing = threading.BoundedSemaphore(os.cpu_count() or 1)
# Checked when the e-mail is unknown, so that the time taken does not tell who has an account.
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$OSKgM97BNk7BzHNYEA1uAQ$rvZrIKuJkbFQZV2OzZtnOW8zdh99FVS2dlrL/eHe+mQ"


def hash_password(password: str) -> str:
    with _hashing:
        return _hasher.hash(password)


def verify_password(password: str, account: Account | None) -> bool:
    """True where the password is the account's. Takes as long for an unknown account (None)."""
    with _hashing:
        is_right = _hasher.verify(password, account.password_hash if account else _NOBODY)
    return is_right and account is not None and account.is_active


def normal_email(email: str) -> str:
    return email.strip().lower()


def find_account(session: Session, email: str) -> Account | None:
    """The account behind an e-mail address. Raises TooManyTries after too many wrong passwords."""
    since = now() - PASSWORD_THROTTLE.window
    failures = session.scalar(
        select(func.count())
        .select_from(SignInAttempt)
        .where(
            SignInAttempt.email == normal_email(email)[:254],
            SignInAttempt.attempted_at > since,
            SignInAttempt.succeeded.is_(False),
        )
    )
    if PASSWORD_THROTTLE.tries_left(failures or 0) == 0:
        raise TooManyTries(
            "sign-in-throttled",
            N_("There were too many wrong passwords. Wait 5 minutes, then try again."),
        )
    return session.scalar(select(Account).where(Account.email == normal_email(email)))


def record_sign_in(session: Session, email: str, account: Account | None, *, succeeded: bool) -> None:
    """Remember how a password check ended: failures throttle the next tries."""
    session.add(SignInAttempt(email=normal_email(email)[:254], attempted_at=now(), succeeded=succeeded))
    record_event(
        session,
        actor_of(account) if account and succeeded else Actor(kind=ActorKind.ANONYMOUS),
        "account.signed-in" if succeeded else "account.sign-in-refused",
        subject_kind="account",
        subject_id=account.id if account else None,
        organisation_id=account.organisation_id if account else None,
    )


def load_account(session: Session, account_id: UUID) -> Account | None:
    """An active account with its roles, or None."""
    return session.scalar(
        select(Account)
        .where(Account.id == account_id, Account.is_active.is_(True))
        .options(selectinload(Account.roles))
    )


def actor_of(account: Account) -> Actor:
    """The frozen actor behind a loaded account."""
    return Actor(
        kind=ActorKind.STAFF,
        account_id=account.id,
        organisation_id=account.organisation_id,
        practitioner_id=account.practitioner_id,
        display_name=account.display_name,
        roles=frozenset((role.service_id, role.role) for role in account.roles),
    )
