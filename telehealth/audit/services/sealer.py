"""The sealer that runs beside the web pages: once a second it links what is new, and publishes the head."""

import threading
from datetime import timedelta
from pathlib import Path

import structlog

from telehealth.audit.services.heads import FILE_NAME, HeadsUnreadable, last_head, publish_head
from telehealth.audit.services.seal import find_head, seal_new_events
from telehealth.clock import now
from telehealth.db import Database

log = structlog.get_logger()

EVERY_S = 1.0
# An event gets its time when it is recorded, and is seen when its transaction commits: later, but not much.
WINDOW = timedelta(minutes=1)
EVERYTHING_EVERY = timedelta(hours=1)


class Sealer:
    """Seals for one process. Several at once are safe: the database lets one work at a time."""

    def __init__(self, database: Database, instance_path: Path) -> None:
        self._database = database
        self._heads = instance_path / FILE_NAME
        # None: at the next round, all events are looked at, not only the newest.
        self._looked_at_all_at = now() - EVERYTHING_EVERY
        self._published = 0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin in a thread of its own, which ends with the process or with `stop`."""
        self._thread = threading.Thread(target=self._run, name="audit-sealer", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after the round that is running."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def seal(self) -> int:
        """One round. Returns how many events it found; a head that was not published yet is published too."""
        with self._database.reading() as session:
            head = find_head(session)
        started_at = now()
        is_whole = head is None or started_at - self._looked_at_all_at >= EVERYTHING_EVERY
        since = None if is_whole or head is None else head.sealed_instant - WINDOW
        count = seal_new_events(self._database, since)
        if is_whole:
            self._looked_at_all_at = started_at
        if count or head is None or head.sequence != self._published:
            self._publish()
        return count

    def _publish(self) -> None:
        with self._database.reading() as session:
            head = find_head(session)
        if head is None:
            return
        if publish_head(self._heads, head):
            log.info("audit-sealed", sequence=head.sequence, chain_hash=head.chain_hash)
        self._published = head.sequence
        self._compare_with_published()

    def _compare_with_published(self) -> None:
        """Where more was published than there is now, the trail was cut off: say it at once."""
        last = last_head(self._heads)
        with self._database.reading() as session:
            head = find_head(session)
        if last is not None and (head is None or head.sequence < last.sequence):
            log.error("audit-cut-off", published=last.sequence, sealed=head.sequence if head else 0)

    def _run(self) -> None:
        while not self._stop.wait(EVERY_S):
            try:
                self.seal()
            except (HeadsUnreadable, OSError) as error:
                log.error("audit-head-not-published", error=str(error))
            except Exception:
                # The database restarts, or is busy: what is unsealed now is sealed at a later round.
                log.warning("audit-not-sealed", exc_info=True)
