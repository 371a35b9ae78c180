"""Passwords: hashed, checked, and refused where others would guess them. Everything works offline."""

import os
import threading
from functools import cache
from uuid import UUID

from pwdlib import PasswordHash
from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.accounts.domain.password import (
    PasswordProblem,
    find_length_problem,
    find_problem,
    normal_password,
    own_words,
)
from telehealth.accounts.models import Account, AccountRole, HealthcareService, Organisation
from telehealth.accounts.services.sessions import end_sessions_of
from telehealth.actor import Actor
from telehealth.audit.services import record_event
from telehealth.errors import N_, InvalidInput

_hasher = PasswordHash.recommended()
# A hash takes 64 MiB and a core for a tenth of a second: at most as many at once as there are cores.
_hashing = threading.BoundedSemaphore(os.cpu_count() or 1)
# Checked when the e-mail is unknown, so that the time taken does not tell who has an account.
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$OSKgM97BNk7BzHNYEA1uAQ$rvZrIKuJkbFQZV2OzZtnOW8zdh99FVS2dlrL/eHe+mQ"
# zxcvbn reads no more; what stands behind can only make a password harder to guess.
_SCORED_LENGTH = 72

PROBLEMS = {
    PasswordProblem.TOO_SHORT: N_(
        "Use at least 12 characters. Three or four words that have nothing to do with each other are easy to remember."
    ),
    PasswordProblem.TOO_LONG: N_("Use at most 1,024 characters."),
    PasswordProblem.LEAKED: N_("This password is on lists of leaked passwords. Choose another one."),
    PasswordProblem.GUESSABLE: N_(
        "This password is easy to guess. Leave out names, dates and rows of keys, or add another word or two."
    ),
}


def hash_password(password: str) -> str:
    with _hashing:
        return _hasher.hash(_bytes_of(password))


def verify_password(password: str, account: Account | None) -> bool:
    """True where the password is the account's. Takes as long for an unknown account (None)."""
    with _hashing:
        stored = (account.password_hash if account else None) or _NOBODY
        is_right = _hasher.verify(_bytes_of(password), stored)
    return is_right and account is not None and account.is_active and account.password_hash is not None


def _bytes_of(password: str) -> bytes:
    # JSON can carry halves of characters, which have no bytes.
    return normal_password(password).encode("utf-8", "replace")


def words_near(session: Session, account: Account) -> list[str]:
    """The words that somebody who knows this account would try first."""
    names = session.scalars(
        select(HealthcareService.name)
        .join(AccountRole, AccountRole.service_id == HealthcareService.id)
        .where(AccountRole.account_id == account.id)
    ).all()
    organisation = session.scalar(select(Organisation.name).where(Organisation.id == account.organisation_id))
    return own_words([account.display_name, account.email or "", organisation or "", *names])


def check_password(password: str, words: list[str]) -> None:
    """Raises InvalidInput (field `new_password`) for one that is too short, leaked, or easily guessed.

    Takes some hundredths of a second: call it outside a transaction. `words`: see `words_near`.
    """
    problem = find_length_problem(password)
    if problem is None:
        password = normal_password(password)
        score = _score(password[:_SCORED_LENGTH], words)
        is_leaked = password.lower() in _leaked()
        problem = find_problem(password, score=score, is_leaked=is_leaked, words=words)
    if problem is not None:
        raise InvalidInput(f"password-{problem.value}", PROBLEMS[problem], field="new_password")


def _score(password: str, words: list[str]) -> int:
    # Here, because its lists take a tenth of a second and 20 MB to load.
    from zxcvbn import zxcvbn

    return int(zxcvbn(password, user_inputs=words)["score"])


@cache
def _leaked() -> frozenset[str]:
    from zxcvbn.matching import RANKED_DICTIONARIES

    return frozenset(RANKED_DICTIONARIES["passwords"])


def set_password(
    session: Session, actor: Actor, account_id: UUID, password_hash: str, *, ends_others: bool
) -> None:
    """Somebody changed their own password; `ends_others`: their sign-ins in other browsers end."""
    account = session.get_one(Account, account_id)
    account.password_hash = password_hash
    if ends_others:
        end_sessions_of(session, actor, account_id, reason="password-changed", but=actor.session_id)
    record_event(session, actor, "account.password-changed", subject_kind="account", subject_id=account_id)
