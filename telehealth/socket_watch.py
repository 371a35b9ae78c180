"""Every few seconds: close the sockets whose sign-in has ended, and the connections that never said who they are.

An ended sign-in closes its sockets at the commit already (`live.tell_pages`). What is read here again makes a lost word,
and a change in another process, fail closed.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from threading import Event
from typing import Any, cast
from uuid import UUID

import structlog
from flask import Flask
from socketio import Server

from telehealth.accounts.domain.session import SEEN_EVERY
from telehealth.accounts.services.sessions import find_open_sessions, see_all
from telehealth.clock import now
from telehealth.extensions import reading, socketio, transaction
from telehealth.live import close_socket, open_sockets
from telehealth.open_sockets import Newcomers, OpenSocket

log = structlog.get_logger()

READ_EVERY_S = 3
# Between connecting and the token: what stays silent for longer only takes room.
SILENCE_S = 10
# Threads that stay free for pages when every socket that is allowed is open.
SPARE_THREADS = 64

SOCKET_PATH = "/socket.io"

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
# Features that look after their own sockets in the same round.
each_round: list[Callable[[], None]] = []
# Sign-ins that are in use without a request, for example in a call: they are not idle, and outlive their age.
in_use: list[Callable[[], Iterable[UUID]]] = []


def register(app: Flask, *, threads: int) -> None:
    """Watch the sockets of an application, and let no more in than leave threads for pages."""
    served: Wsgi = app.wsgi_app
    most = max(threads - SPARE_THREADS, threads // 2)

    def gate(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if not environ.get("PATH_INFO", "").startswith(SOCKET_PATH):
            return served(environ, start_response)
        if len(_server().eio.sockets) >= most:
            log.warning("sockets-full", most=most)
            start_response("503 Service Unavailable", [("Content-Length", "0"), ("Retry-After", "5")])
            return []
        start(app)
        return served(environ, start_response)

    app.wsgi_app = gate  # type: ignore[method-assign]


def _server() -> Server:
    return cast("Server", socketio.server)


@dataclass(slots=True)
class Watch:
    """What one round remembers for the next; `stop` ends it after the present round."""

    newcomers: Newcomers = field(default_factory=Newcomers)
    seen_at_s: float = 0.0
    is_over: Event = field(default_factory=Event)
    is_stopped: bool = False

    def stop(self) -> None:
        self.is_stopped = True


def start(app: Flask) -> Watch:
    """Begin watching, with the first connection; once for each application."""
    watch: Watch | None = app.extensions.get("telehealth.socket_watch")
    if watch is None:
        watch = app.extensions["telehealth.socket_watch"] = Watch()
        socketio.start_background_task(_watch, app, watch)
    return watch


def _watch(app: Flask, this: Watch) -> None:
    with app.app_context():
        while not this.is_stopped:
            try:
                watch_once(this)
            except Exception:
                # Fail closed would drop every call while the database restarts: media needs no relay then.
                log.warning("rights-not-read", exc_info=True)
            socketio.sleep(READ_EVERY_S)
    this.is_over.set()


def watch_once(this: Watch) -> None:
    """One round."""
    used = {session_id for find in in_use for session_id in find()}
    for socket in _without_rights(open_sockets().all(), used):
        close_socket(socket.sid)
    for act in each_round:
        act()
    if used and time.monotonic() - this.seen_at_s >= SEEN_EVERY.total_seconds():
        this.seen_at_s = time.monotonic()
        with transaction() as session:
            see_all(session, used)
    _close_silent_connections(this.newcomers)


def _without_rights(sockets: list[OpenSocket], used: set[UUID]) -> list[OpenSocket]:
    with reading() as session:
        found = find_open_sessions(session, {socket.session_id for socket in sockets})
    present = now()

    def has_rights(socket: OpenSocket) -> bool:
        sign_in = found.get(socket.session_id)
        if sign_in is None or sign_in.rights_version != socket.rights_version:
            return False
        return socket.session_id in used or not sign_in.times.is_expired(present)

    return [socket for socket in sockets if not has_rights(socket)]


def _close_silent_connections(newcomers: Newcomers) -> None:
    server = _server()
    nameless = [
        connection
        for connection in list(server.eio.sockets)
        if server.manager.sid_from_eio_sid(connection, "/") is None
    ]
    for connection in newcomers.silent_for(nameless, time.monotonic(), SILENCE_S):
        server.eio.disconnect(connection)
