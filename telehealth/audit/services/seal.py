"""Link what was recorded into the chain."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session

from telehealth.audit.domain.chain import START, Head, chain_hash, event_hash, plain_fields, plain_text
from telehealth.audit.models import AuditEvent, AuditSeal
from telehealth.clock import now
from telehealth.db import Database

BATCH = 500
# Of a PostgreSQL advisory lock: any number that nothing else uses.
LOCK = 0x7365616C

EVENT_COLUMNS = AuditEvent.__table__.columns


def find_head(session: Session) -> Head | None:
    """The newest seal, None before the first."""
    seal = session.scalar(select(AuditSeal).order_by(AuditSeal.sequence.desc()).limit(1))
    if seal is None:
        return None
    return Head(sequence=seal.sequence, chain_hash=seal.chain_hash, sealed_at=plain_text(seal.sealed_at))


def is_unsealed() -> ColumnElement[bool]:
    """The condition on an event that nothing has sealed."""
    return ~exists().where(AuditSeal.event_id == AuditEvent.id)


def find_unsealed(session: Session, since: datetime | None) -> list[tuple[UUID, datetime]]:
    """The next events to seal with their times, at most a batch; only those recorded since then, if given."""
    wanted = select(AuditEvent.id, AuditEvent.recorded_at).where(is_unsealed())
    if since is not None:
        wanted = wanted.where(AuditEvent.recorded_at >= since)
    rows = session.execute(wanted.order_by(AuditEvent.recorded_at, AuditEvent.id).limit(BATCH))
    return [(event_id, recorded_at) for event_id, recorded_at in rows]


def seal_events(session: Session, event_ids: Sequence[UUID]) -> Head | None:
    """Seal these events, those that are sealed already left out. Returns the head; None: another sealer is at work."""
    if not _take_turn(session):
        return None
    head = find_head(session) or Head(sequence=0, chain_hash=START, sealed_at="")
    rows = session.execute(
        select(*EVENT_COLUMNS)
        .where(AuditEvent.id.in_(event_ids), is_unsealed())
        .order_by(AuditEvent.recorded_at, AuditEvent.id)
    )
    sealed_at = now()
    sealed_text = plain_text(sealed_at)
    for row in rows.mappings().all():
        hashed = event_hash(plain_fields(dict(row)))
        sequence = head.sequence + 1
        head = Head(
            sequence=sequence,
            chain_hash=chain_hash(head.chain_hash, hashed, sequence, sealed_text),
            sealed_at=sealed_text,
        )
        session.add(
            AuditSeal(
                sequence=sequence,
                event_id=row["id"],
                event_hash=hashed,
                chain_hash=head.chain_hash,
                sealed_at=sealed_at,
            )
        )
    session.flush()
    return head


def seal_new_events(database: Database, since: datetime | None = None) -> int:
    """Seal everything that is committed and unsealed, in batches. Returns how many events were to be sealed.

    They are looked for outside the writing transaction: on SQLite that one holds up everybody else.
    """
    count = 0
    while True:
        with database.reading() as session:
            found = find_unsealed(session, since)
        if found:
            with database.transaction() as session:
                if seal_events(session, [event_id for event_id, _ in found]) is None:
                    return count
        count += len(found)
        if len(found) < BATCH:
            return count
        since = found[-1][1]


def _take_turn(session: Session) -> bool:
    """One sealer at a time, until the transaction ends. SQLite has one writer anyway."""
    if session.get_bind().dialect.name != "postgresql":
        return True
    return bool(session.scalar(select(func.pg_try_advisory_xact_lock(LOCK))))
