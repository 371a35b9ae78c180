"""What the list of staff says about each account beside its name and roles."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from telehealth.accounts.domain.session import Stage
from telehealth.accounts.models import Account, AuthenticatorApp, BrowserSession, Passkey


@dataclass(frozen=True, slots=True)
class Use:
    """`last_seen_at`: None before the first sign-in. Recovery codes are no second factor."""

    last_seen_at: datetime | None
    has_second_factor: bool


def find_use(session: Session, account_ids: Iterable[UUID]) -> dict[UUID, Use]:
    """In one query, however many accounts there are. The caller has checked that they may be seen."""
    last_seen_at = (
        select(func.max(BrowserSession.last_seen_at))
        .where(BrowserSession.account_id == Account.id, BrowserSession.stage == Stage.SIGNED_IN)
        .correlate(Account)
        .scalar_subquery()
    )
    has_second_factor = or_(
        select(AuthenticatorApp.id)
        .where(AuthenticatorApp.account_id == Account.id, AuthenticatorApp.confirmed_at.is_not(None))
        .exists(),
        select(Passkey.id).where(Passkey.account_id == Account.id).exists(),
    )
    rows = session.execute(
        select(Account.id, last_seen_at, has_second_factor).where(Account.id.in_(list(account_ids)))
    )
    return {account_id: Use(seen_at, bool(has_factor)) for account_id, seen_at, has_factor in rows}
