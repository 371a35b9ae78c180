"""Seals only grow: the database refuses every other statement, also from past our code."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from telehealth.db import Database
from tests.audit.trail import make_sealed, problem_in

pytestmark = pytest.mark.service

COLUMNS = "sequence, event_id, event_hash, chain_hash, sealed_at"
OVER = f"SELECT {COLUMNS} FROM audit_seal WHERE sequence = 1"
STATEMENTS = (
    "UPDATE audit_seal SET chain_hash = event_hash",
    "UPDATE audit_seal SET sequence = sequence",
    "UPDATE audit_event SET outcome = 'refused'",
    "UPDATE audit_event SET patient_id = NULL",
    "DELETE FROM audit_seal",
    "DELETE FROM audit_event",
    f"INSERT INTO audit_seal ({COLUMNS}) {OVER}",
    f"INSERT INTO audit_seal ({COLUMNS}) SELECT 9, event_id, event_hash, chain_hash, sealed_at FROM audit_seal",
)
OF_ONE_STORE = {
    "sqlite": (
        f"INSERT OR REPLACE INTO audit_seal ({COLUMNS}) {OVER}",
        f"REPLACE INTO audit_seal ({COLUMNS}) SELECT 9, event_id, '', '', sealed_at FROM audit_seal LIMIT 1",
        f"REPLACE INTO audit_seal (rowid, {COLUMNS}) SELECT 1, 9, 'x', '', '', sealed_at FROM audit_seal LIMIT 1",
    ),
    "postgresql": (
        "TRUNCATE audit_seal",
        "TRUNCATE audit_event",
        f"INSERT INTO audit_seal ({COLUMNS}) {OVER} ON CONFLICT (sequence) DO UPDATE SET chain_hash = ''",
    ),
}


def rows(database: Database) -> list[Any]:
    with database.reading() as session:
        return [
            *session.execute(text("SELECT * FROM audit_seal ORDER BY sequence")),
            *session.execute(text("SELECT * FROM audit_event ORDER BY id")),
        ]


def test_no_statement_changes_a_seal_or_its_event(own_database: Database) -> None:
    make_sealed(own_database, 3)
    before = rows(own_database)
    for statement in (*STATEMENTS, *OF_ONE_STORE[own_database.engine.dialect.name]):
        refused = pytest.raises(DBAPIError, match=r"append_only|uq_audit_seal|pk_audit_seal")
        with refused, own_database.transaction() as session:
            session.execute(text(statement))
        assert rows(own_database) == before, statement
    assert problem_in(own_database) is None
