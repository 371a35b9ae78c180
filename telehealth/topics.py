"""Marks on a session which topics a change touches. No Flask here: `live` tells the pages after the commit."""

from uuid import UUID

from sqlalchemy.orm import Session

_KEY = "telehealth.topics"
# A message was written: its sender is woken.
OUTBOX_TOPIC = "outbox"


def mark_topic(session: Session, topic: str) -> None:
    """Note that pages showing `topic` are out of date once this transaction commits."""
    session.info.setdefault(_KEY, set()).add(topic)


def take_topics(session: Session) -> frozenset[str]:
    """The topics marked so far; forgets them."""
    return frozenset(session.info.pop(_KEY, ()))


def clinic_topic(practitioner_id: UUID) -> str:
    """A clinician's daily list."""
    return f"clinic:{practitioner_id}"


def desk_topic(service_id: UUID) -> str:
    """What reception of a service sees: appointments, holds and sessions."""
    return f"desk:{service_id}"


def encounter_topic(encounter_id: UUID) -> str:
    """A consultation: its waiting room and its call."""
    return f"encounter:{encounter_id}"


def session_topic(session_id: UUID) -> str:
    """One sign-in of one browser: it ended, or may do less."""
    return f"session:{session_id}"


def account_topic(account_id: UUID) -> str:
    """What an account may do has changed."""
    return f"account:{account_id}"
