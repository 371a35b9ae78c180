"""The Flask side of topics: connects pages by their token, and tells them after a commit what is out of date.

The token's kind decides what a socket may do. Features register their kind with `accept_kind`.
"""

import time
from collections.abc import Callable
from typing import Any, cast
from uuid import UUID

from flask import Flask, current_app, request
from flask_socketio import ConnectionRefusedError as Refused
from flask_socketio import join_room
from socketio import Server

from telehealth.accounts.domain.session import Stage
from telehealth.accounts.services.sessions import SignIn, find_sign_in_by_id
from telehealth.actor import Actor
from telehealth.clock import now
from telehealth.extensions import reading, socketio
from telehealth.guards import Policy, declare_event
from telehealth.open_sockets import OpenSocket, OpenSockets
from telehealth.tokens import SocketToken, TokenExpired, TokenRefused, TokenSigner

Opener = Callable[[str, dict[str, Any], SignIn], None]
Closer = Callable[[str], None]

_openers: dict[str, Opener] = {}
_closers: list[Closer] = []

TOKEN_HOLDER = Policy("the page that holds a fresh token", lambda _actor: True)
# Topics that no page shows: they close sockets.
SESSION_TOPIC, ACCOUNT_TOPIC = "session:", "account:"


def accept_kind(kind: str, opener: Opener, closer: Closer | None = None) -> None:
    """Let pages with tokens of `kind` connect: `opener(sid, claims, sign_in)` may raise ConnectionRefusedError."""
    _openers[kind] = opener
    if closer and closer not in _closers:
        _closers.append(closer)


def token_signer() -> TokenSigner:
    return cast("TokenSigner", current_app.extensions["telehealth.token_signer"])


def open_sockets() -> OpenSockets:
    return cast("OpenSockets", current_app.extensions["telehealth.open_sockets"])


def page_token(kind: str, actor: Actor, claims: dict[str, Any]) -> str:
    """A token for a page of the actor's sign-in; its view has checked that they may have it."""
    session_id = actor.session_id.hex if actor.session_id else ""
    whose = {"session": session_id, "rights": actor.rights_version}
    return token_signer().sign(SocketToken(kind, {**claims, **whose}))


def live_token(actor: Actor, topics: list[str]) -> str:
    """A token for a page that shows `topics`; its view has checked that the actor may see them."""
    return page_token("live", actor, {"topics": topics})


def register(app: Flask) -> None:
    """Wire the sockets of an application."""
    app.extensions["telehealth.token_signer"] = TokenSigner(app.config["SECRET_KEY"])
    app.extensions["telehealth.open_sockets"] = OpenSockets()
    database_of_app = app.extensions["telehealth.database"]
    database_of_app.after_commit.append(tell_pages)
    socketio.on_event("connect", connect)
    socketio.on_event("disconnect", disconnect)
    accept_kind("live", _open_live_page)


# `auth` has no default: Flask-SocketIO retries a handler without arguments on any TypeError, and a default
# would let a crafted payload in without a token.
def connect(auth: object) -> None:
    """Admit a socket by its token, while the sign-in that the token was made for goes on."""
    # The library would also run this for an *event* that a page named "connect". A real one brings the environment.
    given = request.event["args"]  # type: ignore[attr-defined]
    sid = request.sid  # type: ignore[attr-defined]
    if not given or given[0] is not request.environ:
        close_socket(sid)
        return
    try:
        token = token_signer().read(auth.get("token") if isinstance(auth, dict) else None)
    except TokenExpired:
        raise Refused("token-expired") from None
    except TokenRefused:
        raise Refused("not-allowed") from None
    opener = _openers.get(token.kind)
    sign_in = _sign_in_of(token)
    if opener is None or sign_in is None:
        raise Refused("not-allowed")
    opener(sid, token.claims, sign_in)
    open_sockets().add(
        OpenSocket(sid, token.kind, sign_in.session_id, sign_in.account_id, sign_in.rights_version)
    )


def _sign_in_of(token: SocketToken) -> SignIn | None:
    try:
        session_id = UUID(hex=token.claims.pop("session"))
        rights_version = token.claims.pop("rights")
    except (KeyError, ValueError, AttributeError, TypeError):
        return None
    with reading() as session:
        found = find_sign_in_by_id(session, session_id)
    if found is None or found.stage not in (Stage.SIGNED_IN, Stage.GUEST) or found.times.is_expired(now()):
        return None
    return found if found.rights_version == rights_version else None


def disconnect(_reason: str | None = None) -> None:
    sid = request.sid  # type: ignore[attr-defined]
    open_sockets().remove(sid)
    for closer in _closers:
        closer(sid)


def close_socket(sid: str) -> None:
    cast("Server", socketio.server).disconnect(sid)


def _open_live_page(_sid: str, claims: dict[str, Any], _sign_in: SignIn) -> None:
    for topic in claims.get("topics", []):
        join_room(f"topic:{topic}")


def tell_pages(topics: frozenset[str]) -> None:
    """After a commit: pages that show one of `topics` fetch their fragment again; whose rights changed is closed."""
    ended = _keys(topics, SESSION_TOPIC)
    changed = _keys(topics, ACCOUNT_TOPIC)
    if ended or changed:
        for socket in open_sockets().of(sessions=ended, accounts=changed):
            close_socket(socket.sid)
    for topic in sorted(topics):
        if not topic.startswith((SESSION_TOPIC, ACCOUNT_TOPIC)):
            socketio.emit("changed", {"topic": topic, "version": time.time_ns()}, to=f"topic:{topic}")


def _keys(topics: frozenset[str], prefix: str) -> set[UUID]:
    return {UUID(topic.removeprefix(prefix)) for topic in topics if topic.startswith(prefix)}


declare_event("connect", TOKEN_HOLDER)
declare_event("disconnect", TOKEN_HOLDER)
