from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.orm import Session

from telehealth.accounts.models import Organisation
from telehealth.db import Database, make_engine
from telehealth.migrations import is_current
from telehealth.topics import mark_topic
from tests.factories import Cast, make_appointment, make_cast, soon

pytestmark = pytest.mark.service


@pytest.fixture
def told(own_database: Database) -> list[tuple[frozenset[str], int]]:
    """Each word that was sent, with the number of organisations that another connection saw at that moment."""
    heard: list[tuple[frozenset[str], int]] = []

    def listen(topics: frozenset[str]) -> None:
        with own_database.engine.connect() as other:
            heard.append((topics, other.scalar(text("SELECT count(*) FROM organisation")) or 0))

    own_database.after_commit.append(listen)
    return heard


def test_pages_are_told_once_and_only_after_the_outer_commit(
    own_database: Database, told: list[tuple[frozenset[str], int]]
) -> None:
    with own_database.transaction() as session:
        for name in ("One", "Two"):
            with session.begin_nested():
                session.add(Organisation(name=name))
                mark_topic(session, f"clinic:{name}")
        assert told == []
    assert told == [(frozenset({"clinic:One", "clinic:Two"}), 2)]


def test_nobody_is_told_of_what_was_rolled_back(
    own_database: Database, told: list[tuple[frozenset[str], int]]
) -> None:
    def break_down() -> None:
        with own_database.transaction() as session:
            session.add(Organisation(name="One"))
            mark_topic(session, "clinic:one")
            session.flush()
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        break_down()
    with own_database.transaction() as session:
        session.add(Organisation(name="Two"))
    assert told == []


def test_nobody_is_told_when_nothing_was_marked(
    own_database: Database, told: list[tuple[frozenset[str], int]]
) -> None:
    with own_database.transaction() as session:
        session.add(Organisation(name="One"))
    assert told == []


def test_a_listener_may_use_the_database_itself(own_database: Database) -> None:
    """The turn to write is given back before pages are told."""

    def write(_topics: frozenset[str]) -> None:
        with own_database.transaction() as session:
            session.add(Organisation(name="Written by the listener"))

    own_database.after_commit.append(write)
    with own_database.transaction() as session:
        mark_topic(session, "clinic:one")
    with own_database.reading() as session:
        assert session.query(Organisation).count() == 1


def test_what_is_saved_stays_saved_when_the_pages_cannot_be_told(
    own_database: Database, told: list[tuple[frozenset[str], int]]
) -> None:
    def fail(_topics: frozenset[str]) -> None:
        raise RuntimeError("no pages today")

    own_database.after_commit.insert(0, fail)
    with own_database.transaction() as session:
        session.add(Organisation(name="One"))
        mark_topic(session, "clinic:one")
    assert told == [(frozenset({"clinic:one"}), 1)]


def test_what_a_reader_writes_is_rolled_back(own_database: Database) -> None:
    with own_database.reading() as session:
        session.add(Organisation(name="Lost"))
        session.flush()
    with own_database.reading() as session:
        assert session.query(Organisation).count() == 0


def test_a_naive_time_is_not_stored(session: Session, cast: Cast) -> None:
    appointment = make_appointment(session, cast)
    appointment.starts_at = datetime(2027, 1, 12, 14, 30)  # noqa: DTZ001 - what is tested
    with pytest.raises(StatementError, match="naive"):
        session.flush()


def test_a_time_of_another_zone_comes_back_as_the_same_instant_in_utc(session: Session, cast: Cast) -> None:
    appointment = make_appointment(session, cast)
    appointment.starts_at = soon().astimezone(timezone(timedelta(hours=-9, minutes=-30)))
    session.flush()
    session.expire(appointment)
    assert appointment.starts_at == soon()
    assert appointment.starts_at.tzinfo is UTC


def test_sqlite_and_postgresql_keep_foreign_keys(own_database: Database) -> None:
    with own_database.transaction() as session:
        cast = make_cast(session)
        organisation_id = cast.service.organisation_id
    with pytest.raises(Exception, match=r"(?i)foreign key"), own_database.transaction() as session:
        session.delete(session.get_one(Organisation, organisation_id))


def test_an_empty_database_is_not_current(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'empty.sqlite3'}")
    assert not is_current(engine)
    engine.dispose()


def test_errors_of_the_database_hold_no_values_of_a_row(own_database: Database) -> None:
    """They are logged, and a row can hold clinical text."""
    with pytest.raises(IntegrityError) as error, own_database.transaction() as session:
        session.execute(
            text("INSERT INTO organisation (id, name) VALUES (NULL, :name)"), {"name": "clinical text"}
        )
    assert "clinical text" not in str(error.value).split("DETAIL")[0]
