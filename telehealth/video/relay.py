"""Which socket is whose, in this process: the table that each relayed message is checked against.

No Flask and no database here. What changes rights in the database changes this table (`sockets.py`),
and the rights are read again every few seconds, so a lost word fails closed.
"""

import threading
from dataclasses import dataclass, field
from uuid import UUID

from telehealth.video.domain.bucket import Bucket
from telehealth.video.domain.presence import ParticipantRole

# A call set-up sends fewer than 10 messages; a recovery some more.
BURST = 60.0
MESSAGES_PER_S = 20.0


@dataclass(slots=True)
class Entry:
    """One open socket of a participant. `page` is None until it begins to join; `is_joined`: it gets snapshots."""

    sid: str
    encounter_id: UUID
    appointment_id: UUID
    role: ParticipantRole
    session_id: UUID
    bucket: Bucket
    page: UUID | None = None
    is_joined: bool = False
    is_admitted: bool = False
    # Of a protected patient's consultation: nothing that shows an address is passed on.
    is_relay_only: bool = False


@dataclass(slots=True)
class Relay:
    _entries: dict[str, Entry] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def expect(
        self,
        sid: str,
        encounter_id: UUID,
        appointment_id: UUID,
        role: ParticipantRole,
        session_id: UUID,
        now_s: float,
    ) -> None:
        """A socket connected with a good token; it has not joined yet."""
        entry = Entry(
            sid,
            encounter_id,
            appointment_id,
            role,
            session_id,
            Bucket.full(BURST, MESSAGES_PER_S, now_s),
        )
        with self._lock:
            self._entries[sid] = entry

    def entry(self, sid: str) -> Entry | None:
        return self._entries.get(sid)

    def set_relay_only(self, sid: str, *, is_relay_only: bool) -> None:
        """The rule under which a socket joins; set before anything can reach the other side."""
        with self._lock:
            entry = self._entries.get(sid)
            if entry is not None:
                entry.is_relay_only = is_relay_only

    def name_page(self, sid: str, page: UUID) -> None:
        """A socket begins to join. From here on signals reach it: the other side hears of the page at the commit."""
        with self._lock:
            entry = self._entries.get(sid)
            if entry is not None:
                entry.page = page

    def join(self, sid: str) -> list[Entry]:
        """A socket has joined; returns the older sockets of the same person, now dropped."""
        with self._lock:
            entry = self._entries.get(sid)
            if entry is None:
                return []
            older = [
                other
                for other in self._entries.values()
                if other.sid != sid
                and other.is_joined  # one that is about to join is the newer page
                and other.encounter_id == entry.encounter_id
                and other.role is entry.role
            ]
            for other in older:
                del self._entries[other.sid]
            entry.is_joined = True
            return older

    def has_page(self, encounter_id: UUID, role: ParticipantRole, page: UUID) -> bool:
        """Whether another socket of that page is there, or is about to join."""
        with self._lock:
            return any(
                entry.encounter_id == encounter_id and entry.role is role and entry.page == page
                for entry in self._entries.values()
            )

    def drop(self, sid: str) -> Entry | None:
        with self._lock:
            return self._entries.pop(sid, None)

    def set_admitted(self, encounter_id: UUID, *, is_admitted: bool) -> list[Entry]:
        """Open or close the relay of an encounter; returns its joined sockets."""
        with self._lock:
            entries = [entry for entry in self._entries.values() if entry.encounter_id == encounter_id]
            for entry in entries:
                entry.is_admitted = is_admitted
            return [entry for entry in entries if entry.is_joined]

    def receiver(self, sender: Entry, page: str) -> Entry | None:
        """The other side's socket with that page, where both are admitted to the same encounter."""
        with self._lock:
            for entry in self._entries.values():
                if (
                    entry.encounter_id == sender.encounter_id
                    and entry.role is not sender.role
                    and sender.is_admitted
                    and entry.is_admitted
                    and entry.page is not None
                    and str(entry.page) == page
                ):
                    return entry
        return None

    def joined(self) -> list[Entry]:
        with self._lock:
            return [entry for entry in self._entries.values() if entry.is_joined]
