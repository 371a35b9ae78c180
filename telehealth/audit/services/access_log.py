"""Who opened a patient's record, for the patient."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.audit.domain.actions import Group, actions_in
from telehealth.audit.models import AuditEvent, EventOutcome

OPENINGS_SHOWN = 500
ROWS_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """Somebody saw the record, once or several times within an hour."""

    # The newest of them.
    opened_at: datetime
    # As `Actor.key` says it: "account:…", "related:…", "guest:…" (a link and the date of birth) or "system".
    actor: str
    actor_name: str
    # Of the group "opened", for example "consultation.opened".
    action: str
    # None where no service is told of.
    service_id: UUID | None
    # True for a relative or carer, who saw it on the patient's behalf.
    is_on_behalf: bool


def list_openings(
    session: Session,
    patient_id: UUID,
    *,
    recorded_from: datetime | None = None,
    hidden_services: Collection[UUID] = (),
    merged_ids: Collection[UUID] = (),
) -> list[Opening]:
    """Who saw this record and what of it, the newest first: one line for a person, an hour and a kind of page.

    `hidden_services`: where somebody else than the patient looks, the restricted services; what happened in those
    is left out altogether. The caller must have checked that the actor may see this patient's record.
    `merged_ids`: other records of the same person, which are looked at too.
    """
    statement = (
        select(AuditEvent)
        .where(
            AuditEvent.patient_id.in_({patient_id, *merged_ids}),
            AuditEvent.action.in_(sorted(actions_in(Group.OPENED))),
            AuditEvent.outcome == EventOutcome.DONE,
        )
        .order_by(AuditEvent.recorded_at.desc(), AuditEvent.id.desc())
        .execution_options(yield_per=ROWS_AT_ONCE)
    )
    if recorded_from is not None:
        statement = statement.where(AuditEvent.recorded_at >= recorded_from)
    found: list[Opening] = []
    known: set[tuple[str, str, UUID | None, datetime]] = set()
    with session.scalars(statement) as events:
        for event in events:
            hour = event.recorded_at.replace(minute=0, second=0, microsecond=0)
            kind = (event.actor, event.action, event.service_id, hour)
            if kind in known or event.service_id in hidden_services:
                continue
            known.add(kind)
            found.append(
                Opening(
                    opened_at=event.recorded_at,
                    actor=event.actor,
                    actor_name=event.actor_name,
                    action=event.action,
                    service_id=event.service_id,
                    is_on_behalf=event.on_behalf_of is not None,
                )
            )
            if len(found) == OPENINGS_SHOWN:
                break
    return found
