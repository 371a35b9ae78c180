"""Which sockets are open in this process, and whose sign-in each belongs to. No Flask, no database.

An open socket keeps the login that it was opened with; `socket_watch` reads the rights again every few seconds.
"""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID


@dataclass(frozen=True, slots=True)
class OpenSocket:
    """`kind` names the sort of page ("live", "room"); `rights_version` is the account's when it connected."""

    sid: str
    kind: str
    session_id: UUID
    account_id: UUID | None
    rights_version: int


@dataclass(slots=True)
class OpenSockets:
    _sockets: dict[str, OpenSocket] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, socket: OpenSocket) -> None:
        with self._lock:
            self._sockets[socket.sid] = socket

    def remove(self, sid: str) -> None:
        with self._lock:
            self._sockets.pop(sid, None)

    def all(self) -> list[OpenSocket]:
        with self._lock:
            return list(self._sockets.values())

    def of(self, *, sessions: Iterable[UUID] = (), accounts: Iterable[UUID] = ()) -> list[OpenSocket]:
        """The sockets of these sign-ins, or of these accounts."""
        session_ids, account_ids = frozenset(sessions), frozenset(accounts)
        return [
            socket
            for socket in self.all()
            if socket.session_id in session_ids or socket.account_id in account_ids
        ]


class Newcomers:
    """Connections that have not said yet who they are: how long each has been silent."""

    def __init__(self) -> None:
        self._since_s: dict[str, float] = {}

    def silent_for(self, nameless: Iterable[str], now_s: float, limit_s: float) -> list[str]:
        """Which of the connections that are `nameless` now have been so for `limit_s`."""
        present = set(nameless)
        self._since_s = {name: self._since_s.get(name, now_s) for name in present}
        return sorted(name for name, since_s in self._since_s.items() if now_s - since_s >= limit_s)
