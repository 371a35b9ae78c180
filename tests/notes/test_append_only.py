"""Promise 3, in the database: what is signed, audited or history only grows, also for SQL that bypasses our code."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from telehealth.accounts.services.sign_in import actor_of
from telehealth.notes.services import open_note, sign_note
from telehealth.video.services.encounters import open_encounter
from tests.factories import Cast, make_appointment

pytestmark = pytest.mark.service

TABLES = ("note_version", "note_version_section", "audit_event", "appointment_history")
CHANGED = {
    "note_version": "signer_name",
    "note_version_section": "text_sealed",
    "audit_event": "actor_name",
    "appointment_history": "reason",
}


@pytest.fixture(autouse=True)
def _signed(session: Session, cast: Cast) -> None:
    """One row at least in each of the tables."""
    who = actor_of(cast.clinician)
    note = open_note(session, who, open_encounter(session, who, make_appointment(session, cast).id))
    sign_note(session, who, note.id, version=0, sections={"717121000000105": "Feels well"})
    session.commit()


def rows_of(connection: Connection, table: str) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(text(f"SELECT * FROM {table} ORDER BY id")).mappings()]


def changed_value(table: str) -> str | bytes:
    return b"changed" if CHANGED[table].endswith("_sealed") else "changed"


def attempt(connection: Connection, statement: str, parameters: dict[str, Any] | None = None) -> None:
    """Clauses that ignore errors stay silent: what counts is what the table holds afterwards."""
    try:
        with connection.begin_nested():
            connection.execute(text(statement), parameters or {})
    except DBAPIError:
        return


def insert(table: str, row: dict[str, Any], *, verb: str = "INSERT", clause: str = "", more: str = "") -> str:
    names = list(row)
    columns = ", ".join([*([more] if more else []), *names])
    values = ", ".join([*([":rowid"] if more else []), *(f":{name}" for name in names)])
    return f"{verb} INTO {table} ({columns}) VALUES ({values}) {clause}"


@pytest.mark.parametrize("table", TABLES)
def test_no_statement_changes_or_removes_a_row(connection: Connection, table: str) -> None:
    before = rows_of(connection, table)
    assert before
    column = CHANGED[table]
    statements = {
        "sqlite": [
            f"UPDATE OR REPLACE {table} SET {column} = 'changed'",
            f"UPDATE OR IGNORE {table} SET {column} = 'changed'",
            f"DELETE FROM {table} WHERE 1",
        ],
        "postgresql": [
            f"TRUNCATE {table} CASCADE",
            f"WITH gone AS (DELETE FROM {table} RETURNING 1) SELECT * FROM gone",
        ],
    }
    for statement in (
        f"UPDATE {table} SET {column} = 'changed'",
        f"UPDATE {table} SET id = id",
        f"DELETE FROM {table}",
        *statements[connection.dialect.name],
    ):
        attempt(connection, statement)
        assert rows_of(connection, table) == before, statement


@pytest.mark.parametrize("table", TABLES)
def test_updating_and_deleting_are_refused_aloud(connection: Connection, table: str) -> None:
    for statement in (f"UPDATE {table} SET {CHANGED[table]} = 'changed'", f"DELETE FROM {table}"):
        with pytest.raises(DBAPIError, match="append_only"), connection.begin_nested():
            connection.execute(text(statement))


REPLACING = {
    "sqlite": [
        ("INSERT OR REPLACE", ""),
        ("REPLACE", ""),
        ("INSERT OR IGNORE", ""),
        ("INSERT", "ON CONFLICT (id) DO UPDATE SET id = excluded.id"),
    ],
    "postgresql": [("INSERT", ""), ("INSERT", "ON CONFLICT (id) DO UPDATE SET {column} = excluded.{column}")],
}


@pytest.mark.parametrize("table", TABLES)
def test_inserting_over_a_row_is_refused(connection: Connection, table: str) -> None:
    before = rows_of(connection, table)
    changed = {**before[0], CHANGED[table]: changed_value(table)}
    for verb, clause in REPLACING[connection.dialect.name]:
        statement = insert(table, changed, verb=verb, clause=clause.format(column=CHANGED[table]))
        attempt(connection, statement, changed)
        assert rows_of(connection, table) == before, statement


def other_key(connection: Connection, key: object) -> object:
    return (
        uuid4().hex
        if connection.dialect.name == "sqlite"
        else uuid4()
        if isinstance(key, UUID)
        else str(uuid4())
    )


@pytest.mark.parametrize("table", ["note_version", "note_version_section", "appointment_history"])
def test_replacing_a_row_under_another_key_is_refused(connection: Connection, table: str) -> None:
    """The number of a version, a heading of a version: there is one, and it stays."""
    before = rows_of(connection, table)
    changed = {
        **before[0],
        CHANGED[table]: changed_value(table),
        "id": other_key(connection, before[0]["id"]),
    }
    for verb, _ in REPLACING[connection.dialect.name]:
        attempt(connection, insert(table, changed, verb=verb), changed)
        assert rows_of(connection, table) == before, verb


@pytest.mark.parametrize("table", TABLES)
def test_replacing_a_row_by_its_row_number_is_refused(connection: Connection, table: str) -> None:
    """SQLite has a second key of its own; PostgreSQL does not know the column."""
    before = rows_of(connection, table)
    changed = {**before[0], "id": other_key(connection, before[0]["id"])}
    for unique, value in (("number", 99), ("code", "887161000000102"), ("version", 99)):
        if unique in changed:
            changed[unique] = value
    statement = insert(table, changed, verb=REPLACING[connection.dialect.name][0][0], more="rowid")
    attempt(connection, statement, {**changed, "rowid": 1})
    assert rows_of(connection, table) == before


@pytest.mark.parametrize("table", TABLES)
def test_new_rows_are_still_taken(connection: Connection, table: str) -> None:
    before = rows_of(connection, table)
    new = {**before[0], "id": other_key(connection, before[0]["id"])}
    for unique, value in (
        ("number", 99),
        ("code", "887161000000102"),
        ("version", 99),
        ("reason", "because"),
        ("reason_sealed", b"because"),
    ):
        if unique in new:
            new[unique] = value
    with connection.begin_nested():
        connection.execute(text(insert(table, new)), new)
    assert len(rows_of(connection, table)) == len(before) + 1
