"""What somebody sees of their own sign-in: their browsers, and the tries of others."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from telehealth.accounts.domain.account import AccountKind
from telehealth.accounts.domain.session import SessionTimes, Stage, limits_for
from telehealth.accounts.models import Account, BrowserSession, Factor
from telehealth.accounts.services.attempts import count_failures, sign_in_before_last
from telehealth.accounts.services.sessions import list_sessions
from telehealth.clock import now

# Tries before this are nobody's news.
LONGEST_LOOK_BACK = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class OwnSession:
    """A browser in which somebody is signed in, or stopped half way."""

    id: UUID
    browser: str
    address: str
    created_at: datetime
    last_seen_at: datetime
    is_this: bool
    is_finished: bool


@dataclass(frozen=True, slots=True)
class Tries:
    """What was given wrongly for this account since the sign-in before the present one."""

    passwords: int
    codes: int
    since: datetime | None


def list_own_sessions(session: Session, account: Account, this: UUID | None) -> list[OwnSession]:
    """The open sign-ins that have not expired, the present one first, then the latest."""
    rows = [row for row in list_sessions(session, account.id) if not _is_expired(row, account)]
    own = [
        OwnSession(
            id=row.id,
            browser=row.browser,
            address=row.address,
            created_at=row.created_at,
            last_seen_at=row.last_seen_at,
            is_this=row.id == this,
            is_finished=row.stage is Stage.SIGNED_IN,
        )
        for row in rows
    ]
    return sorted(own, key=lambda one: not one.is_this)


def find_tries(session: Session, account: Account) -> Tries:
    if account.kind is not AccountKind.STAFF or account.email is None:
        return Tries(0, 0, None)
    since = sign_in_before_last(session, account.email)
    failures = count_failures(
        session, account.email, max(since or account.created_at, now() - LONGEST_LOOK_BACK)
    )
    return Tries(failures.get(Factor.PASSWORD, 0), failures.get(Factor.CODE, 0), since)


def _is_expired(row: BrowserSession, account: Account) -> bool:
    times = SessionTimes(
        proved_at=row.proved_at,
        last_seen_at=row.last_seen_at,
        is_proof_needed=row.is_proof_needed,
        limits=limits_for(row.stage, account.kind, [role.role.value for role in account.roles]),
    )
    return times.is_expired(now())
