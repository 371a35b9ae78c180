"""The chain as the database has it, also where somebody wrote past us."""

from collections.abc import Generator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, Uuid, select, type_coerce
from sqlalchemy.orm import Session
from sqlalchemy.types import NULLTYPE

from telehealth.audit.domain.chain import plain_fields, plain_text
from telehealth.audit.domain.check import Link
from telehealth.audit.models import AuditEvent, AuditSeal
from telehealth.audit.services.seal import EVENT_COLUMNS
from telehealth.db import UtcDateTime

ROWS_AT_ONCE = 1000

SEAL_COLUMNS = AuditSeal.__table__.columns


def read_links(session: Session) -> Generator[Link]:
    """Every seal in its order with its event, as the database has them, and a thousand rows at a time."""
    # As the driver gives them: what somebody wrote past us may be no UUID, no instant, and no known outcome.
    seal = [type_coerce(column, NULLTYPE).label(f"seal_{column.key}") for column in SEAL_COLUMNS]
    event = [type_coerce(column, NULLTYPE).label(f"event_{column.key}") for column in EVENT_COLUMNS]
    statement = (
        select(*seal, *event)
        .select_from(AuditSeal)
        .outerjoin(AuditEvent, AuditEvent.id == AuditSeal.event_id)
        .order_by(AuditSeal.sequence)
        .execution_options(yield_per=ROWS_AT_ONCE)
    )
    with session.execute(statement) as rows:
        for row in rows.mappings():
            yield _link(row)


def _link(found: RowMapping) -> Link:
    has_event = found["event_id"] is not None
    columns = {column.key: read_raw(column, found[f"event_{column.key}"]) for column in EVENT_COLUMNS}
    return Link(
        sequence=found["seal_sequence"],
        event_id=plain_text(read_raw(SEAL_COLUMNS["event_id"], found["seal_event_id"])),
        event_hash=plain_text(found["seal_event_hash"]),
        chain_hash=plain_text(found["seal_chain_hash"]),
        sealed_at=plain_text(read_raw(SEAL_COLUMNS["sealed_at"], found["seal_sealed_at"])),
        event=plain_fields(columns) if has_event else None,
    )


def read_raw(column: ColumnElement[Any], value: Any) -> Any:
    """SQLite has texts for UUIDs and instants; a text that is none stays as it is, and fits no hash."""
    if not isinstance(value, str):
        return value
    try:
        if isinstance(column.type, Uuid):
            return UUID(value)
        if isinstance(column.type, UtcDateTime):
            return datetime.fromisoformat(value).replace(tzinfo=UTC)
    except ValueError:
        pass
    return value
