"""Whatever is done to the trail past our code is found, and named at its first place."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy.exc import DBAPIError

from telehealth.audit.models import AuditEvent
from telehealth.audit.services.heads import FILE_NAME
from telehealth.audit.services.seal import seal_new_events
from telehealth.audit.services.verify import verify_database
from telehealth.clock import now
from telehealth.db import Database
from tests.audit.trail import (
    make_sealed,
    problem_in,
    record,
    record_many,
    seal,
    stored,
    tamper,
)

pytestmark = pytest.mark.service

OTHER_UUID = UUID(int=77)
CHANGES: dict[str, object] = {
    "organisation_id": OTHER_UUID,
    "recorded_at": "2020-01-01 00:00:00.000000",
    "actor": "changed",
    "actor_name": "changed",
    "action": "changed",
    "subject_kind": "changed",
    "subject_id": OTHER_UUID,
    "reason": "changed",
    "patient_id": OTHER_UUID,
    "on_behalf_of": OTHER_UUID,
    "service_id": OTHER_UUID,
    "outcome": "refused",
    "address": "changed",
    "request_id": "changed",
    "session_id": OTHER_UUID,
}


def test_a_trail_that_nobody_touched_is_whole(own_database: Database) -> None:
    make_sealed(own_database, 5)
    with own_database.reading() as session:
        report = verify_database(session)
    assert (report.problem, report.seals, report.late) == (None, 5, 0)


def test_an_empty_trail_is_whole(own_database: Database) -> None:
    assert problem_in(own_database) is None


@pytest.mark.parametrize("column", sorted({column.key for column in AuditEvent.__table__.columns} - {"id"}))
def test_each_column_of_an_event_is_sealed(own_database: Database, column: str) -> None:
    events = make_sealed(own_database, 3)
    value = CHANGES[column]
    new = stored(own_database, value) if isinstance(value, UUID) else value
    statement = f"UPDATE audit_event SET {column} = :new WHERE id = :id"
    tamper(own_database, statement, new=new, id=stored(own_database, events[1]))
    assert problem_in(own_database) == f"Event {events[1]} (seal 2) was altered."


@pytest.mark.parametrize(
    "column", ["organisation_id", "subject_id", "patient_id", "service_id", "session_id"]
)
def test_emptying_a_column_is_found(own_database: Database, column: str) -> None:
    events = make_sealed(own_database, 2)
    tamper(
        own_database,
        f"UPDATE audit_event SET {column} = NULL WHERE id = :id",
        id=stored(own_database, events[0]),
    )
    assert problem_in(own_database) == f"Event {events[0]} (seal 1) was altered."


def test_a_key_that_was_changed_leaves_its_seal_without_an_event(own_database: Database) -> None:
    events = make_sealed(own_database, 2)
    tamper(
        own_database,
        "UPDATE audit_event SET id = :new WHERE id = :id",
        new=stored(own_database, uuid4()),
        id=stored(own_database, events[0]),
    )
    assert problem_in(own_database) == f"Event {events[0]} of seal 1 is gone."


@pytest.mark.parametrize("place", [0, 2, 4])
def test_an_event_that_was_deleted_is_named(own_database: Database, place: int) -> None:
    events = make_sealed(own_database, 5)
    tamper(own_database, "DELETE FROM audit_event WHERE id = :id", id=stored(own_database, events[place]))
    assert problem_in(own_database) == f"Event {events[place]} of seal {place + 1} is gone."


@pytest.mark.parametrize("place", [1, 3])
def test_a_seal_that_was_deleted_is_named(own_database: Database, place: int) -> None:
    make_sealed(own_database, 4)
    tamper(own_database, f"DELETE FROM audit_seal WHERE sequence = {place}")
    assert problem_in(own_database) == f"Seal {place} is missing."


def test_an_event_and_its_seal_deleted_together_are_named(own_database: Database) -> None:
    events = make_sealed(own_database, 4)
    tamper(own_database, "DELETE FROM audit_event WHERE id = :id", id=stored(own_database, events[1]))
    tamper(own_database, "DELETE FROM audit_seal WHERE sequence = 2")
    assert problem_in(own_database) == "Seal 2 is missing."


@pytest.mark.parametrize("column", ["event_hash", "chain_hash", "sealed_at"])
def test_each_column_of_a_seal_is_bound(own_database: Database, column: str) -> None:
    make_sealed(own_database, 3)
    new = "2020-01-01 00:00:00.000000" if column == "sealed_at" else "0" * 64
    tamper(own_database, f"UPDATE audit_seal SET {column} = :new WHERE sequence = 2", new=new)
    assert problem_in(own_database) == "The chain is broken at seal 2."


def test_a_seal_of_another_event_is_found(own_database: Database) -> None:
    make_sealed(own_database, 3)
    other = uuid4()
    tamper(
        own_database,
        "UPDATE audit_seal SET event_id = :other WHERE sequence = 3",
        other=stored(own_database, other),
    )
    assert problem_in(own_database) == f"Event {other} of seal 3 is gone."


def test_two_events_that_changed_places_are_found(own_database: Database) -> None:
    first, second = make_sealed(own_database, 2)
    spare = uuid4()
    for old, new in ((first, spare), (second, first), (spare, second)):
        tamper(
            own_database,
            "UPDATE audit_event SET id = :new WHERE id = :old",
            new=stored(own_database, new),
            old=stored(own_database, old),
        )
    assert problem_in(own_database) == f"Event {first} (seal 1) was altered."


def test_two_seals_that_changed_places_are_found(own_database: Database) -> None:
    make_sealed(own_database, 3)
    for old, new in ((2, 99), (3, 2), (99, 3)):
        tamper(own_database, f"UPDATE audit_seal SET sequence = {new} WHERE sequence = {old}")
    assert problem_in(own_database) == "The chain is broken at seal 2."


def cut_off(database: Database, events: list[UUID], *, kept: int) -> None:
    tamper(database, f"DELETE FROM audit_seal WHERE sequence > {kept}")
    for event_id in events[kept:]:
        tamper(database, "DELETE FROM audit_event WHERE id = :id", id=stored(database, event_id))


def test_a_cut_off_end_is_found_by_the_published_heads_alone(own_database: Database, tmp_path: Path) -> None:
    events = make_sealed(own_database, 5)
    seal(own_database, tmp_path)
    heads = tmp_path / FILE_NAME
    assert problem_in(own_database, heads) is None
    cut_off(own_database, events, kept=3)
    # In itself, what is left is a whole chain.
    assert problem_in(own_database) is None
    problem = problem_in(own_database, heads)
    assert problem is not None
    assert problem.startswith("The trail is cut off: the head published at ")
    assert problem.endswith(" was 5, the last seal is 3.")


def test_an_end_that_grew_again_after_the_cut_is_not_the_published_one(
    own_database: Database, tmp_path: Path
) -> None:
    events = make_sealed(own_database, 4)
    seal(own_database, tmp_path)
    cut_off(own_database, events, kept=2)
    record_many(own_database, 5)
    seal(own_database, tmp_path)
    assert problem_in(own_database) is None
    problem = problem_in(own_database, tmp_path / FILE_NAME)
    assert problem is not None
    assert problem.startswith("Seal 4 is not the one that was published at ")


def test_a_forged_event_of_old_is_told_of(own_database: Database) -> None:
    make_sealed(own_database, 2)
    with own_database.transaction() as session:
        record(session)
        (event,) = [item for item in session.new if isinstance(item, AuditEvent)]
        event.recorded_at = now() - timedelta(days=3)
    problem = problem_in(own_database)
    assert problem is not None
    assert problem.startswith(f"Event {event.id} recorded ")
    assert problem.endswith(" was never sealed.")
    # The running service would seal it like any other: then its late seal is what tells.
    seal_new_events(own_database)
    with own_database.reading() as session:
        report = verify_database(session)
    assert (report.problem, report.late) == (None, 1)
    assert report.first_late is not None
    assert report.first_late.event_id == str(event.id)


def test_what_was_recorded_just_now_may_still_be_unsealed(own_database: Database) -> None:
    make_sealed(own_database, 2)
    record_many(own_database, 1)
    assert problem_in(own_database) is None


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("audit_event", "patient_id"),
        ("audit_event", "recorded_at"),
        ("audit_seal", "sealed_at"),
        ("audit_seal", "event_id"),
    ],
)
def test_values_that_no_column_of_ours_holds_are_found(
    own_database: Database, table: str, column: str
) -> None:
    """SQLite takes any value in any column; PostgreSQL refuses these itself."""
    make_sealed(own_database, 1)
    statement = f"UPDATE {table} SET {column} = 'nonsense'"
    if own_database.engine.dialect.name == "postgresql":
        with pytest.raises(DBAPIError, match="invalid input syntax"):
            tamper(own_database, statement)
        return
    tamper(own_database, statement)
    assert problem_in(own_database) is not None
