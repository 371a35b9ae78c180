"""In the end everything that was committed is sealed, once and without gaps."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError

from telehealth.audit.models import AuditEvent, AuditSeal
from telehealth.audit.services import seal as seal_module
from telehealth.audit.services.heads import FILE_NAME, last_head, read_heads
from telehealth.audit.services.seal import find_head, seal_events, seal_new_events
from telehealth.audit.services.sealer import WINDOW, Sealer
from telehealth.clock import now
from telehealth.db import Database
from tests.audit.trail import make_sealed, problem_in, record, record_many

pytestmark = pytest.mark.service


def counts(database: Database) -> tuple[int, int]:
    """How many events there are, and how many seals."""
    with database.reading() as session:
        return (
            session.scalar(select(func.count()).select_from(AuditEvent)) or 0,
            session.scalar(select(func.count()).select_from(AuditSeal)) or 0,
        )


def sequences(database: Database) -> list[int]:
    with database.reading() as session:
        return list(session.scalars(select(AuditSeal.sequence).order_by(AuditSeal.sequence)))


def test_events_are_sealed_in_the_order_in_which_they_were_recorded(own_database: Database) -> None:
    events = make_sealed(own_database, 4)
    with own_database.reading() as session:
        sealed = list(session.scalars(select(AuditSeal.event_id).order_by(AuditSeal.sequence)))
    assert sealed == events
    assert sequences(own_database) == [1, 2, 3, 4]


def test_sealing_again_adds_nothing(own_database: Database) -> None:
    make_sealed(own_database, 3)
    assert seal_new_events(own_database) == 0
    assert counts(own_database) == (3, 3)


def test_more_than_a_batch_is_sealed_at_once(own_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seal_module, "BATCH", 4)
    with own_database.transaction() as session:
        for _ in range(10):
            record(session)
    assert seal_new_events(own_database) == 10
    assert sequences(own_database) == list(range(1, 11))
    assert problem_in(own_database) is None


def test_what_is_rolled_back_is_never_sealed(own_database: Database) -> None:
    def refuse() -> None:
        with own_database.transaction() as session:
            record(session)
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        refuse()
    assert seal_new_events(own_database) == 0


def test_an_event_that_commits_after_later_ones_were_sealed_is_sealed_next(own_database: Database) -> None:
    with own_database.transaction() as session:
        record(session)
        (slow,) = session.new
        assert isinstance(slow, AuditEvent)
        slow.recorded_at = now() - timedelta(seconds=20)
    before = make_sealed(own_database, 1)
    assert before[0] == slow.id
    with own_database.transaction() as session:
        record(session)
        (slower,) = session.new
        assert isinstance(slower, AuditEvent)
        slower.recorded_at = now() - WINDOW / 2
    with own_database.reading() as session:
        head = find_head(session)
    assert head is not None
    assert seal_new_events(own_database, head.sealed_instant - WINDOW) == 1
    assert problem_in(own_database) is None


def test_a_second_sealer_leaves_the_first_one_alone(own_database: Database) -> None:
    """SQLite has one writer at a time: there the second one waits, and finds everything sealed."""
    record_many(own_database, 1)
    with own_database.reading() as session:
        key = session.scalars(select(AuditEvent.id)).one()
    with own_database.transaction() as first:
        head = seal_events(first, [key])
        if own_database.engine.dialect.name == "postgresql":
            with own_database.transaction() as second:
                assert seal_events(second, [key]) is None
    with own_database.transaction() as second:
        assert seal_events(second, [key]) == head
    assert counts(own_database) == (1, 1)


def test_two_sealers_and_many_writers_seal_everything_once(own_database: Database) -> None:
    rounds, writers = 15, 4
    done = threading.Event()

    def seal_until_done() -> None:
        while not done.is_set():
            seal_new_events(own_database)

    with ThreadPoolExecutor(writers + 2) as pool:
        sealing = [pool.submit(seal_until_done) for _ in range(2)]
        writing = [pool.submit(record_many, own_database, rounds) for _ in range(writers)]
        for work in writing:
            work.result()
        done.set()
        for work in sealing:
            work.result()
    seal_new_events(own_database)
    total = rounds * writers
    assert counts(own_database) == (total, total)
    assert sequences(own_database) == list(range(1, total + 1))
    assert problem_in(own_database) is None


def test_each_round_publishes_the_head_that_moved(own_database: Database, tmp_path: Path) -> None:
    sealer = Sealer(own_database, tmp_path)
    for expected in (2, 5):
        record_many(own_database, expected - sum(1 for _ in sequences(own_database)))
        sealer.seal()
        sealer.seal()
        with own_database.reading() as session:
            assert last_head(tmp_path / FILE_NAME) == find_head(session)
    assert [head.sequence for head in read_heads(tmp_path / FILE_NAME)] == [2, 5]


def test_a_head_that_was_committed_and_not_published_is_published_at_the_next_start(
    own_database: Database, tmp_path: Path
) -> None:
    """The process was killed between the commit and the file."""
    make_sealed(own_database, 3)
    Sealer(own_database, tmp_path).seal()
    assert [head.sequence for head in read_heads(tmp_path / FILE_NAME)] == [3]


def test_sealing_goes_on_after_the_database_was_away(own_database: Database, tmp_path: Path) -> None:
    with own_database.transaction() as session:
        session.execute(text("ALTER TABLE audit_seal RENAME TO elsewhere"))
    record_many(own_database, 2)
    sealer = Sealer(own_database, tmp_path)
    with pytest.raises(Exception, match="audit_seal"):
        sealer.seal()
    with own_database.transaction() as session:
        session.execute(text("ALTER TABLE elsewhere RENAME TO audit_seal"))
    assert sealer.seal() == 2


def test_the_thread_seals_by_itself_and_stops(
    own_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telehealth.audit.services.sealer.EVERY_S", 0.01)
    failures = iter([OperationalError("SELECT", {}, ValueError("away"))])
    sealed = threading.Event()
    seal_once = Sealer.seal

    def seal(self: Sealer) -> int:
        for failure in failures:
            raise failure
        count = seal_once(self)
        if count:
            sealed.set()
        return count

    monkeypatch.setattr(Sealer, "seal", seal)
    record_many(own_database, 2)
    sealer = Sealer(own_database, tmp_path)
    sealer.start()
    assert sealed.wait(10)
    sealer.stop()
    assert counts(own_database) == (2, 2)
    assert not [thread for thread in threading.enumerate() if thread.name == "audit-sealer"]
