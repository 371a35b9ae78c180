"""Migration 0007 on a trail that was recorded before there were seals."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import DBAPIError

from telehealth import migrations
from telehealth.audit.models import AuditEvent, EventOutcome
from telehealth.audit.services.seal import seal_new_events
from telehealth.audit.services.verify import verify_database
from telehealth.db import Database
from tests.databases import older_database

pytestmark = pytest.mark.service


@pytest.fixture
def before(own_database_url: str) -> Iterator[Engine]:
    """A database at the revision before, with two events."""
    engine = older_database(own_database_url, "0006")
    with engine.execution_options(is_writer=True).begin() as connection:
        for second in (1, 2):
            connection.execute(
                text(
                    "INSERT INTO audit_event (id, recorded_at, actor, actor_name, action, subject_kind, reason)"
                    " VALUES (:id, :at, 'system', 'system', 'note.signed', 'note', '')"
                ),
                {"id": uuid4().hex, "at": f"2026-11-20 10:00:0{second}.000000"},
            )
    yield engine
    engine.dispose()


def test_older_events_are_kept_protected_and_sealed(before: Engine) -> None:
    migrations.upgrade(before)
    database = Database(before)
    with database.reading() as session:
        events = session.scalars(select(AuditEvent).order_by(AuditEvent.recorded_at)).all()
    assert [(event.outcome, event.address, event.patient_id) for event in events] == [
        (EventOutcome.DONE, "", None)
    ] * 2
    for statement in ("UPDATE audit_event SET address = 'x'", "DELETE FROM audit_event"):
        with pytest.raises(DBAPIError, match="append_only"), database.transaction() as session:
            session.execute(text(statement))
    assert seal_new_events(database) == 2
    with database.reading() as session:
        report = verify_database(session)
    assert (report.problem, report.seals, report.late) == (None, 2, 2)


def test_an_outcome_that_is_none_is_refused(before: Engine) -> None:
    migrations.upgrade(before)
    with pytest.raises(DBAPIError, match="event_outcome"), Database(before).transaction() as session:
        session.execute(
            text(
                "INSERT INTO audit_event"
                " (id, recorded_at, actor, actor_name, action, subject_kind, reason, outcome)"
                " VALUES (:id, '2026-11-20 10:00:00', '', '', '', '', '', 'perhaps')"
            ),
            {"id": uuid4().hex},
        )
