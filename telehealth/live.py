"""The Flask side of topics: connects pages by their token, and tells them after a commit what is out of date.

The token's kind decides what a socket may do. Features register their kind with `accept_kind`.
"""

import time
from collections.abc import Callable
from typing import Any, cast

from flask import Flask, current_app, request
from flask_socketio import ConnectionRefusedError as Refused
from flask_socketio import join_room
from socketio import Server

from telehealth.actor import Actor
from telehealth.extensions import socketio
from telehealth.guards import Policy, declare_event
from telehealth.tokens import SocketToken, TokenExpired, TokenRefused, TokenSigner

Opener = Callable[[str, dict[str, Any]], None]
Closer = Callable[[str], None]

_openers: dict[str, Opener] = {}
_closers: list[Closer] = []

TOKEN_HOLDER = Policy("the page that holds a fresh token", lambda _actor: True)


def accept_kind(kind: str, opener: Opener, closer: Closer | None = None) -> None:
    """Let pages with tokens of `kind` connect: `opener(sid, claims)` may raise ConnectionRefusedError."""
    _openers[kind] = opener
    if closer and closer not in _closers:
        _closers.append(closer)


def token_signer() -> TokenSigner:
    return cast("TokenSigner", current_app.extensions["telehealth.token_signer"])


def live_token(actor: Actor, topics: list[str]) -> str:
    """A token for a page that shows `topics`; its view has checked that the actor may see them."""
    return token_signer().sign(SocketToken("live", {"who": actor.key, "topics": topics}))


def register(app: Flask) -> None:
    """Wire the sockets of an application."""
    app.extensions["telehealth.token_signer"] = TokenSigner(app.config["SECRET_KEY"])
    database_of_app = app.extensions["telehealth.database"]
    database_of_app.after_commit.append(tell_pages)
    socketio.on_event("connect", connect)
    socketio.on_event("disconnect", disconnect)
    accept_kind("live", _open_live_page)


# `auth` has no default: Flask-SocketIO retries a handler without arguments on any TypeError, and a default
# would let a crafted payload in without a token.
def connect(auth: object) -> None:
    """Admit a socket by its token."""
    # The library would also run this for an *event* that a page named "connect". A real one brings the environment.
    given = request.event["args"]  # type: ignore[attr-defined]
    if not given or given[0] is not request.environ:
        cast("Server", socketio.server).disconnect(request.sid)  # type: ignore[attr-defined]
        return
    try:
        token = token_signer().read(auth.get("token") if isinstance(auth, dict) else None)
    except TokenExpired:
        raise Refused("token-expired") from None
    except TokenRefused:
        raise Refused("not-allowed") from None
    opener = _openers.get(token.kind)
    if opener is None:
        raise Refused("not-allowed")
    opener(request.sid, token.claims)  # type: ignore[attr-defined]


def disconnect(_reason: str | None = None) -> None:
    for closer in _closers:
        closer(request.sid)  # type: ignore[attr-defined]


def _open_live_page(_sid: str, claims: dict[str, Any]) -> None:
    for topic in claims.get("topics", []):
        join_room(f"topic:{topic}")


def tell_pages(topics: frozenset[str]) -> None:
    """After a commit: pages that show one of `topics` fetch their fragment again."""
    for topic in sorted(topics):
        socketio.emit("changed", {"topic": topic, "version": time.time_ns()}, to=f"topic:{topic}")


declare_event("connect", TOKEN_HOLDER)
declare_event("disconnect", TOKEN_HOLDER)
