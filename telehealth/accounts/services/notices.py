"""What accounts have to tell somebody. `messages` stands above this feature: `app.py` wires its outbox in here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from sqlalchemy.orm import Session

from telehealth.accounts.models import ContactKind


class NoticeKind(StrEnum):
    SIGN_IN_LINK = "sign-in-link"
    SET_UP_LINK = "set-up-link"
    CONTACT_CODE = "contact-code"
    CONTACT_CHANGED = "contact-changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One message to one address. `values` fill in its text: no clinical words, no name of a speciality."""

    kind: NoticeKind
    organisation_id: UUID
    channel: ContactKind
    to: str
    values: Mapping[str, str] = field(default_factory=dict)
    # Whom it is about: protection is checked when it is written and again when it is sent. None for staff.
    patient_id: UUID | None = None


senders: list[Callable[[Session, Notice], None]] = []


def send_notice(session: Session, notice: Notice) -> None:
    """Write it into the outbox, in this transaction."""
    for sender in senders:
        sender(session, notice)
