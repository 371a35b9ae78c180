"""Who makes a request: the sign-in behind the browser's token, which Flask-Login keeps in the signed cookie.

Everything else about a sign-in is on the server (`services/sessions.py`): it can be listed, limited and ended there.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import structlog
from flask import Flask, g, request, session
from flask_login import UserMixin, current_user, login_user, logout_user
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from telehealth.accounts.domain.session import SEEN_EVERY, Stage
from telehealth.accounts.models import Account
from telehealth.accounts.services.sessions import (
    SignIn,
    add_visit,
    begin_session,
    change_token,
    end_browser,
    find_sign_in,
    prove_again,
    see,
)
from telehealth.actor import ANONYMOUS, Actor
from telehealth.clock import now
from telehealth.errors import NotSignedIn, ProofNeeded
from telehealth.extensions import login_manager, reading, transaction

log = structlog.get_logger()

# Features above that keep something for a browser which nobody is signed in to: asked to let go of it before the
# cookie is forgotten; wired by `app.py`.
on_cookie_cleared: list[Callable[[Session], None]] = []

# What a page's script asks by itself, without anybody having done something, says so with this header.
BACKGROUND_HEADER = "X-Background"


class Browser(UserMixin):  # type: ignore[misc]
    """Flask-Login's view of a sign-in; its id is the token in the cookie."""

    def __init__(self, token: str, sign_in: SignIn) -> None:
        self.id = token
        self.sign_in = sign_in


@login_manager.user_loader  # type: ignore[untyped-decorator]
def load_browser(token: str) -> Browser | None:
    with reading() as database_session:
        found = find_sign_in(database_session, token)
    return Browser(token, found) if found else None


def current_sign_in() -> SignIn | None:
    """The sign-in of this browser, also one that is unfinished or expired; None for an unknown browser."""
    return current_user.sign_in if current_user.is_authenticated else None


def open_session(database_session: Session, account: Account | None, stage: Stage) -> None:
    """Begin a sign-in in this browser (None: of a guest); the one before ends, its visits come along."""
    before = current_sign_in()
    token = begin_session(
        database_session,
        account,
        stage,
        address=request.remote_addr or "",
        browser=request.user_agent.string,
        replaces=before.session_id if before else None,
    )
    found = find_sign_in(database_session, token)
    if found is None:
        raise LookupError("a sign-in that was just begun is not there")
    for let_go in on_cookie_cleared:
        let_go(database_session)
    # What an earlier person left in the cookie is gone.
    session.clear()
    session.permanent = True
    login_user(Browser(token, found))
    _know(found)


def renew_session(database_session: Session) -> None:
    """The same person gave their proof again: the same sign-in goes on under a new token. Raises NotSignedIn."""
    before = current_sign_in()
    if before is None:
        raise NotSignedIn
    _go_on_with(database_session, prove_again(database_session, before.session_id))


def renew_token(database_session: Session) -> None:
    """The same sign-in under a new token, without a proof. Raises NotSignedIn where it has ended meanwhile."""
    before = current_sign_in()
    if before is None:
        raise NotSignedIn
    _go_on_with(database_session, change_token(database_session, before.session_id))


def _go_on_with(database_session: Session, token: str) -> None:
    found = find_sign_in(database_session, token)
    if found is None:
        raise NotSignedIn
    login_user(Browser(token, found))
    _know(found)


def close_session(database_session: Session) -> None:
    """Sign out, whoever it is and however far they came: it ends on the server, and its open pages are closed."""
    found = current_sign_in()
    if found is not None:
        end_browser(database_session, g.actor, found)
    logout_user()
    session.clear()


def remember_visit(
    database_session: Session,
    appointment_id: UUID,
    *,
    related_person_id: UUID | None = None,
    patient_id: UUID | None = None,
) -> None:
    """This browser proved the date of birth for an appointment."""
    found = current_sign_in()
    is_usable = (
        found is not None
        and found.stage in (Stage.GUEST, Stage.SIGNED_IN)
        and not found.times.is_expired(now())
    )
    if is_usable:
        # Whoever had this browser before may have kept a copy of its cookie.
        renew_token(database_session)
    else:
        open_session(database_session, None, Stage.GUEST)
    found = current_sign_in()
    if found is None:
        raise NotSignedIn
    add_visit(
        database_session,
        found.session_id,
        appointment_id,
        related_person_id=related_person_id,
        patient_id=patient_id,
    )


def extend_visit(database_session: Session, appointment_id: UUID) -> None:
    """What this browser has just booked it may open too. It proved nothing anew: its cookie stays the same."""
    found = current_sign_in()
    if found is None:
        raise NotSignedIn
    add_visit(database_session, found.session_id, appointment_id)


def require_recent_sign_in() -> None:
    """For exports and emergency access. Raises ProofNeeded where the last proof is more than minutes old."""
    found = current_sign_in()
    if found is None or not found.times.is_recently_proved(now()):
        raise ProofNeeded


def require_proof_to_sign() -> None:
    """For signing a note. Raises ProofNeeded after a pause in which somebody else may have sat down here."""
    found = current_sign_in()
    if found is None or found.times.must_prove_to_sign(now()):
        raise ProofNeeded


def register(app: Flask) -> None:
    # No `current_user` in templates: the page that says that the database is down would ask it who somebody is.
    login_manager.init_app(app, add_context_processor=False)

    @app.before_request
    def find_actor() -> None:
        found = current_sign_in()
        if found is not None:
            _know(found)
            _see(found)
        else:
            g.actor = _from_here(ANONYMOUS)


def _know(found: SignIn) -> None:
    """Take over who somebody is. An unfinished or expired sign-in is nobody, who may sign in (again)."""
    is_in = found.stage in (Stage.SIGNED_IN, Stage.GUEST) and not found.times.is_expired(now())
    g.actor = _from_here(found.actor if is_in else ANONYMOUS)
    g.session_ends = _ends(found) if is_in and found.account_id else None


def _from_here(actor: Actor) -> Actor:
    return replace(actor, address=request.remote_addr or "", request_id=g.get("request_id", ""))


def _ends(found: SignIn) -> tuple[datetime, datetime]:
    """When this sign-in ends if nothing more is done, and when it ends whatever is done."""
    return found.times.expires_at, found.times.ends_at


def _see(found: SignIn) -> None:
    """Note that something was done: not for what scripts ask by themselves, and at most once a minute."""
    if request.headers.get(BACKGROUND_HEADER) or g.actor.session_id is None:
        return
    if now() - found.times.last_seen_at < SEEN_EVERY:
        return
    try:
        with transaction() as database_session:
            see(database_session, found.session_id, found.times.last_seen_at)
    except OperationalError:
        # The next request notes it; this one is not refused for it.
        log.warning("session-not-seen")
