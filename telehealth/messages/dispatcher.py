"""Sends what is in the outbox, beside the pages: claim, commit, send outside any transaction, note how it went."""

import threading
from collections.abc import Mapping
from uuid import UUID

import structlog

from telehealth.accounts.models import ContactKind
from telehealth.db import Database
from telehealth.messages.senders import Sender, SendFailed
from telehealth.messages.services.outbox import (
    Letter,
    claim_message,
    has_due,
    note_failed,
    note_sent,
    open_letter,
)
from telehealth.sealing import KeyMissing, SealBroken
from telehealth.topics import OUTBOX_TOPIC

log = structlog.get_logger()

# A commit wakes it; this finds what became due by itself, and what another process wrote.
EVERY_S = 5.0


class Dispatcher:
    """Sends for one process. Several at once are safe. Channels without a sender wait in the outbox."""

    def __init__(
        self, database: Database, senders: Mapping[ContactKind, Sender], *, domain: str = "localhost"
    ) -> None:
        self._database = database
        self._senders = senders
        # Of the Message-IDs.
        self._domain = domain
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin in a thread of its own, which ends with the process or with `stop`."""
        self._database.after_commit.append(self.wake_for)
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after the message that is being sent."""
        self._stop.set()
        self._wake.set()
        if self.wake_for in self._database.after_commit:
            self._database.after_commit.remove(self.wake_for)
        if self._thread is not None:
            self._thread.join()

    def wake_for(self, topics: frozenset[str]) -> None:
        """After a commit: a message was written, so do not wait for the next round."""
        if OUTBOX_TOPIC in topics:
            self._wake.set()

    def send_due(self) -> int:
        """Send everything that is due; returns how many messages were taken. One that fails stops none behind it."""
        count = 0
        while not self._stop.is_set():
            with self._database.reading() as session:
                if not has_due(session, self._senders.keys()):
                    return count
            with self._database.transaction() as session:
                message_id = claim_message(session, self._senders.keys(), self._domain)
            if message_id is None:
                return count
            count += 1
            self._send(message_id)
        return count

    def _send(self, message_id: UUID) -> None:
        try:
            with self._database.transaction() as session:
                letter = open_letter(session, message_id)
        except (SealBroken, KeyMissing):
            self._note_failed(message_id, None, "cannot-be-opened", is_final=True)
            return
        except Exception as error:
            self._note_failed(message_id, None, type(error).__name__[:60], is_final=False)
            return
        if letter is None:
            return
        try:
            self._senders[letter.channel](letter)
        except SendFailed as error:
            self._note_failed(message_id, letter.attempt, error.code, is_final=error.is_final)
        except Exception as error:
            # Without its words: they may hold the address.
            self._note_failed(message_id, letter.attempt, type(error).__name__[:60], is_final=False)
        else:
            self._note_sent(letter)

    def _note_sent(self, letter: Letter) -> None:
        with self._database.transaction() as session:
            note_sent(session, letter.message_id, letter.attempt)
        log.info("message-sent", message_id=str(letter.message_id), kind=letter.kind)

    def _note_failed(self, message_id: UUID, attempt: int | None, code: str, *, is_final: bool) -> None:
        with self._database.transaction() as session:
            note_failed(session, message_id, attempt, code, is_final=is_final)
        log.warning("message-not-sent", message_id=str(message_id), code=code, is_final=is_final)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.send_due()
            except Exception as error:
                # The database restarts, or is busy: a later round goes on, also with what was claimed.
                log.warning("outbox-waits", error=type(error).__name__)
            self._wake.wait(EVERY_S)
            self._wake.clear()
