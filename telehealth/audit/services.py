"""Record what happened, in the transaction in which it happens."""

from uuid import UUID

from sqlalchemy.orm import Session

from telehealth.actor import Actor
from telehealth.audit.models import AuditEvent
from telehealth.clock import now


def record_event(
    session: Session,
    actor: Actor,
    action: str,
    *,
    subject_kind: str,
    subject_id: UUID | None,
    organisation_id: UUID | None = None,
    reason: str = "",
) -> None:
    """Add one line to the trail. `action` reads like "note.signed"; no clinical text in `reason`."""
    session.add(
        AuditEvent(
            organisation_id=organisation_id or actor.organisation_id,
            recorded_at=now(),
            actor=actor.key,
            actor_name=actor.display_name,
            action=action,
            subject_kind=subject_kind,
            subject_id=subject_id,
            reason=reason,
        )
    )
