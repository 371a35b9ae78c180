"""Links with which new staff choose their password, or those who forgot it choose a new one."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from telehealth.accounts.models import Account, SetUpLink, SetUpPurpose
from telehealth.accounts.services.sessions import end_sessions_of, hash_token, make_token
from telehealth.accounts.services.sign_in import actor_from
from telehealth.actor import Actor
from telehealth.audit.services import record_event
from telehealth.clock import now
from telehealth.errors import N_, DomainError, NotFound

LIVES = {
    SetUpPurpose.FIRST_SIGN_IN: timedelta(days=7),
    SetUpPurpose.PASSWORD_RESET: timedelta(hours=1),
}


class LinkClosed(DomainError):
    """The link was used, replaced, or is too old (410)."""

    status = 410


def make_set_up_link(session: Session, actor: Actor, account: Account, purpose: SetUpPurpose) -> str:
    """A new link's token, for /welcome/<token>. It closes the older ones; the password stays as it is."""
    made_at = now()
    close_set_up_links(session, account.id)
    token = make_token()
    session.add(
        SetUpLink(
            account_id=account.id,
            purpose=purpose,
            token_hash=hash_token(token),
            created_at=made_at,
            expires_at=made_at + LIVES[purpose],
        )
    )
    session.flush()
    record_event(
        session,
        actor,
        "account.set-up-link-made",
        subject_kind="account",
        subject_id=account.id,
        organisation_id=account.organisation_id,
        reason=purpose.value,
    )
    return token


def close_set_up_links(session: Session, account_id: UUID) -> None:
    """No link of this account works any more, for example because its e-mail changed."""
    session.execute(
        update(SetUpLink)
        .where(SetUpLink.account_id == account_id, SetUpLink.closed_at.is_(None))
        .values(closed_at=now())
    )


def find_set_up(session: Session, token: str) -> tuple[Account, SetUpPurpose]:
    """Whom a link is for, and for what; changes nothing. Raises NotFound and LinkClosed."""
    link = session.scalar(select(SetUpLink).where(SetUpLink.token_hash == hash_token(token)))
    account = session.get(Account, link.account_id) if link else None
    if link is None or account is None or not account.is_active:
        raise NotFound
    if link.closed_at is not None:
        raise LinkClosed(
            "link-closed",
            N_(
                "This link was used already, or a newer one was made. If you have a newer link, open that one. "
                "If you have chosen a password, sign in. Otherwise ask the administrator of your service for a new link."
            ),
        )
    if link.expires_at <= now():
        raise LinkClosed(
            "link-expired",
            N_("This link is too old. Ask the administrator of your service for a new one."),
        )
    return account, link.purpose


def use_set_up_link(session: Session, where: Actor, token: str, password_hash: str) -> Account:
    """Set the password behind a link, which then is closed; every sign-in of the account ends.

    `where`: who asks, as far as that is known. Raises NotFound and LinkClosed. Second factors stay as they are.
    """
    account, purpose = find_set_up(session, token)
    _close_once(session, token, now())
    account.password_hash = password_hash
    actor = actor_from(account, where)
    end_sessions_of(session, actor, account.id, reason="password-changed")
    record_event(
        session,
        actor,
        "account.password-set",
        subject_kind="account",
        subject_id=account.id,
        organisation_id=account.organisation_id,
        reason=purpose.value,
    )
    return account


def _close_once(session: Session, token: str, closed_at: datetime) -> None:
    """Of two people who use a link at the same moment one is refused."""
    closed = session.execute(
        update(SetUpLink)
        .where(SetUpLink.token_hash == hash_token(token), SetUpLink.closed_at.is_(None))
        .values(closed_at=closed_at)
        .returning(SetUpLink.id)
    ).first()
    if closed is None:
        find_set_up(session, token)
        raise NotFound


def end_other_set_ups(session: Session, actor: Actor) -> None:
    """The first second factor is there: whoever else came this far with the password alone starts again."""
    if actor.account_id is not None:
        end_sessions_of(session, actor, actor.account_id, reason="second-factor-added", but=actor.session_id)
