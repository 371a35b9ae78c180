"""Tries to sign in: each is noted as failed before it is checked, so that many at once cannot overshoot the limit."""

import hashlib
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from telehealth.accounts.domain.throttle import CODE_THROTTLE, PASSWORD_THROTTLE
from telehealth.accounts.models import Factor, SignInAttempt
from telehealth.clock import now
from telehealth.errors import N_, TooManyTries

_THROTTLES = {Factor.PASSWORD: PASSWORD_THROTTLE, Factor.CODE: CODE_THROTTLE}
_MESSAGES = {
    Factor.PASSWORD: N_("There were too many wrong passwords. Wait 5 minutes, then try again."),
    Factor.CODE: N_("There were too many wrong codes. Wait 5 minutes, then try again."),
}


def normal_email(email: str) -> str:
    return email.strip().lower()


def begin_attempt(session: Session, email: str, factor: Factor) -> UUID:
    """Note a try, in a transaction that is committed before the password or code is checked.

    Raises TooManyTries, also for an address that nobody has.
    """
    email, throttle = normal_email(email)[:254], _THROTTLES[factor]
    _one_at_a_time(session, f"{factor.value}:{email}")
    failures = session.scalar(
        select(func.count())
        .select_from(SignInAttempt)
        .where(
            SignInAttempt.email == email,
            SignInAttempt.factor == factor,
            SignInAttempt.attempted_at > now() - throttle.window,
            SignInAttempt.succeeded.is_(False),
        )
    )
    if throttle.tries_left(failures or 0) == 0:
        raise TooManyTries("sign-in-throttled", _MESSAGES[factor])
    attempt = SignInAttempt(id=uuid4(), email=email, factor=factor, attempted_at=now(), succeeded=False)
    session.add(attempt)
    session.flush()
    return attempt.id


def succeed(session: Session, attempt_id: UUID) -> None:
    """The password or code of this try was right."""
    session.execute(update(SignInAttempt).where(SignInAttempt.id == attempt_id).values(succeeded=True))


def count_failures(session: Session, email: str, since: datetime) -> dict[Factor, int]:
    """How many wrong passwords and codes were given for an address after `since`."""
    rows = session.execute(
        select(SignInAttempt.factor, func.count())
        .where(
            SignInAttempt.email == normal_email(email),
            SignInAttempt.attempted_at > since,
            SignInAttempt.succeeded.is_(False),
        )
        .group_by(SignInAttempt.factor)
    )
    return dict(rows.all())


def sign_in_before_last(session: Session, email: str) -> datetime | None:
    """When the password was right the last time but one: the last is the present sign-in."""
    return session.scalar(
        select(SignInAttempt.attempted_at)
        .where(
            SignInAttempt.email == normal_email(email),
            SignInAttempt.factor == Factor.PASSWORD,
            SignInAttempt.succeeded.is_(True),
        )
        .order_by(SignInAttempt.attempted_at.desc())
        .offset(1)
        .limit(1)
    )


def _one_at_a_time(session: Session, name: str) -> None:
    """Tries for one address are counted one after the other. SQLite has one writer anyway."""
    if session.get_bind().dialect.name == "postgresql":
        key = int.from_bytes(hashlib.sha256(name.encode("utf-8", "replace")).digest()[:8], signed=True)
        session.execute(select(func.pg_advisory_xact_lock(key)))
