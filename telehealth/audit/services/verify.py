"""Check the trail: from a database, also while the service runs, or from an export without one."""

from collections.abc import Generator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select, type_coerce
from sqlalchemy.orm import Session
from sqlalchemy.types import NULLTYPE

from telehealth.audit.domain.chain import plain_text
from telehealth.audit.domain.check import Link, Report, check_chain
from telehealth.audit.models import AuditEvent
from telehealth.audit.services.export import ExportUnreadable, read_export
from telehealth.audit.services.heads import HeadsUnreadable, read_heads
from telehealth.audit.services.links import read_links, read_raw
from telehealth.audit.services.seal import EVENT_COLUMNS, is_unsealed
from telehealth.clock import now

# The sealer comes by every second; what is older was left out.
SEALED_WITHIN = timedelta(minutes=1)


def verify_database(session: Session, heads: Path | None = None) -> Report:
    """Check every seal and event, and the published heads where there is their file."""
    # Measured first: heads that are published meanwhile belong to seals that this reading does not see.
    size = heads.stat().st_size if heads is not None else None
    looked_at = now()
    report = _checked(read_links(session), heads, size)
    if report.problem is None:
        report.problem = _find_never_sealed(session, looked_at)
    return report


def verify_export(export: Path, heads: Path | None = None) -> Report:
    """Check an export; no database and no settings are needed."""
    return _checked(read_export(export), heads, None)


def _checked(links: Generator[Link], heads: Path | None, size: int | None) -> Report:
    try:
        # Left at the first problem: then nothing else ends the reading.
        with closing(links):
            return check_chain(links, read_heads(heads, size) if heads is not None else ())
    except (HeadsUnreadable, ExportUnreadable) as error:
        return Report(problem=str(error))


def _find_never_sealed(session: Session, looked_at: datetime) -> str | None:
    first = session.execute(
        select(
            type_coerce(AuditEvent.id, NULLTYPE).label("event_id"),
            type_coerce(AuditEvent.recorded_at, NULLTYPE).label("recorded_at"),
        )
        .where(is_unsealed(), AuditEvent.recorded_at < looked_at - SEALED_WITHIN)
        .order_by(AuditEvent.recorded_at, AuditEvent.id)
        .limit(1)
    ).first()
    if first is None:
        return None
    event_id = plain_text(read_raw(EVENT_COLUMNS["id"], first.event_id))
    recorded_at = plain_text(read_raw(EVENT_COLUMNS["recorded_at"], first.recorded_at))
    return f"Event {event_id} recorded {recorded_at} was never sealed."
