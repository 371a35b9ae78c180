"""Read the trail of one organisation, the newest events first."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from telehealth.audit.models import AuditEvent, EventOutcome

PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is looked for; None leaves a question open."""

    # As `Actor.key` says them.
    actors: frozenset[str] | None = None
    patient_id: UUID | None = None
    service_id: UUID | None = None
    actions: frozenset[str] | None = None
    outcome: EventOutcome | None = None
    recorded_from: datetime | None = None
    recorded_before: datetime | None = None
    # Restricted services of which the searcher is no part: for them nothing happened there.
    hidden_services: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of results ended: the next one has what is older."""

    recorded_at: datetime
    event_id: UUID


def list_events(
    session: Session,
    organisation_id: UUID,
    wanted: Wanted,
    *,
    before: Place | None = None,
    limit: int = PAGE,
) -> tuple[list[AuditEvent], Place | None]:
    """At most `limit` events, and the place to go on from where there are more."""
    statement = select(AuditEvent).where(*_conditions(organisation_id, wanted))
    if before is not None:
        statement = statement.where(
            or_(
                AuditEvent.recorded_at < before.recorded_at,
                and_(AuditEvent.recorded_at == before.recorded_at, AuditEvent.id < before.event_id),
            )
        )
    newest_first = statement.order_by(AuditEvent.recorded_at.desc(), AuditEvent.id.desc())
    found = list(session.scalars(newest_first.limit(limit + 1)))
    shown = found[:limit]
    has_more = len(found) > limit
    return shown, Place(shown[-1].recorded_at, shown[-1].id) if has_more else None


def count_events(session: Session, organisation_id: UUID, wanted: Wanted, *, at_most: int) -> int:
    """How many events match, counted no further than `at_most`."""
    matching = select(AuditEvent.id).where(*_conditions(organisation_id, wanted)).limit(at_most)
    return session.scalar(select(func.count()).select_from(matching.subquery())) or 0


def _conditions(organisation_id: UUID, wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [AuditEvent.organisation_id == organisation_id]
    if wanted.actors is not None:
        found.append(AuditEvent.actor.in_(sorted(wanted.actors)))
    if wanted.patient_id is not None:
        found.append(AuditEvent.patient_id == wanted.patient_id)
    if wanted.service_id is not None:
        found.append(AuditEvent.service_id == wanted.service_id)
    if wanted.actions is not None:
        found.append(AuditEvent.action.in_(sorted(wanted.actions)))
    if wanted.outcome is not None:
        found.append(AuditEvent.outcome == wanted.outcome)
    if wanted.recorded_from is not None:
        found.append(AuditEvent.recorded_at >= wanted.recorded_from)
    if wanted.recorded_before is not None:
        found.append(AuditEvent.recorded_at < wanted.recorded_before)
    if wanted.hidden_services:
        is_shown = AuditEvent.service_id.not_in(wanted.hidden_services)
        found.append(or_(AuditEvent.service_id.is_(None), is_shown))
    return found
