"""A trail to be tampered with: events, their seals, and a way past the triggers."""

from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from telehealth.actor import Actor, ActorKind
from telehealth.audit.models import AuditEvent, EventOutcome
from telehealth.audit.services import record_event
from telehealth.audit.services.seal import seal_new_events
from telehealth.audit.services.sealer import Sealer
from telehealth.audit.services.verify import verify_database
from telehealth.db import Database

ORGANISATION, OTHER_ORGANISATION = UUID(int=0xA), UUID(int=0xB)


def someone(organisation_id: UUID = ORGANISATION) -> Actor:
    return Actor(
        kind=ActorKind.STAFF,
        account_id=uuid4(),
        organisation_id=organisation_id,
        display_name="Nia Pritchard",
        session_id=uuid4(),
        address="192.0.2.7",
        request_id="0123456789abcdef",
    )


def record(session: Session, actor: Actor | None = None, reason: str = "because") -> None:
    """An event in which every column says something."""
    record_event(
        session,
        actor or someone(),
        "patient.opened",
        subject_kind="patient",
        subject_id=uuid4(),
        reason=reason,
        patient_id=uuid4(),
        service_id=uuid4(),
        outcome=EventOutcome.DONE,
    )


def record_many(database: Database, count: int, actor: Actor | None = None) -> None:
    for number in range(count):
        with database.transaction() as session:
            record(session, actor, f"number {number + 1}")


def make_sealed(database: Database, count: int) -> list[UUID]:
    """Events in a whole chain; their keys in the chain's order."""
    record_many(database, count)
    seal_new_events(database)
    with database.reading() as session:
        return list(session.scalars(select(AuditEvent.id).order_by(AuditEvent.recorded_at)))


def seal(database: Database, folder: Path) -> None:
    """As the service does: with the head published in `folder`."""
    Sealer(database, folder).seal()


def drop_triggers(database: Database) -> None:
    """What somebody with the database's own password can do."""
    with database.transaction() as session:
        for table in ("audit_event", "audit_seal"):
            if database.engine.dialect.name == "postgresql":
                session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
                continue
            names = session.scalars(
                text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table"),
                {"table": table},
            ).all()
            for name in names:
                session.execute(text(f"DROP TRIGGER {name}"))


def tamper(database: Database, statement: str, **parameters: object) -> None:
    drop_triggers(database)
    with database.transaction() as session:
        changed = session.execute(text(statement), parameters)
        assert changed.rowcount, "nothing was tampered with"  # type: ignore[attr-defined]


def problem_in(database: Database, heads: Path | None = None) -> str | None:
    with database.reading() as session:
        return verify_database(session, heads).problem


def stored(database: Database, key: UUID) -> object:
    """A key as the driver wants it in plain SQL."""
    return key if database.engine.dialect.name == "postgresql" else key.hex
