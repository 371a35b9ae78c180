"""Record what happened, in the transaction in which it happens."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.actor import Actor
from telehealth.audit.domain.actions import ACTIONS, Group
from telehealth.audit.models import AuditEvent, EventOutcome
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
    patient_id: UUID | None = None,
    service_id: UUID | None = None,
    outcome: EventOutcome | None = None,
) -> None:
    """Add one line to the trail. `action` reads like "note.signed"; no clinical text in `reason`.

    `patient_id` is whose record it is about, `service_id` the service in which it happened. Without `outcome`, an
    action of the group "refused" was refused, any other done.
    """
    if outcome is None:
        is_refusal = ACTIONS.get(action) is Group.REFUSED
        outcome = EventOutcome.REFUSED if is_refusal else EventOutcome.DONE
    is_for_another = actor.related_person_id is not None and patient_id != actor.patient_id
    session.add(
        AuditEvent(
            organisation_id=organisation_id or actor.organisation_id,
            recorded_at=now(),
            actor=actor.key,
            actor_name=actor.display_name[:200],
            action=action,
            subject_kind=subject_kind,
            subject_id=subject_id,
            reason=reason[:500],
            patient_id=patient_id,
            on_behalf_of=patient_id if is_for_another else None,
            service_id=service_id,
            outcome=outcome,
            address=actor.address[:45],
            request_id=actor.request_id[:32],
            session_id=actor.session_id,
        )
    )


def was_recorded_since(
    session: Session, actor: Actor, action: str, subject_id: UUID | None, since: datetime
) -> bool:
    """Whether this person did this to this subject at or after `since`."""
    found = session.scalar(
        select(AuditEvent.id)
        .where(
            AuditEvent.actor == actor.key,
            AuditEvent.recorded_at >= since,
            AuditEvent.action == action,
            AuditEvent.subject_id == subject_id,
        )
        .limit(1)
    )
    return found is not None


def record_refusal(
    session: Session, actor: Actor, endpoint: str, subject_kind: str = "", subject_id: UUID | None = None
) -> None:
    """Somebody asked for what they may not have. `endpoint` is the page's or the socket event's name."""
    # An event's name comes from the caller: only what can be stored and read.
    name = "".join(character for character in endpoint if character.isascii() and character.isprintable())
    record_event(
        session,
        actor,
        "access.refused",
        subject_kind=subject_kind,
        subject_id=subject_id,
        reason=name[:100],
    )
