"""Write messages into the outbox, claim them one at a time, and note how each went."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from telehealth.accounts.domain.protection import At, Never
from telehealth.accounts.models import ContactKind
from telehealth.accounts.services.protection import when_to_contact
from telehealth.clock import now
from telehealth.messages.domain.delivery import LEASE, MOST_TRIES, MessageState, is_too_late, next_try
from telehealth.messages.models import Message
from telehealth.topics import OUTBOX_TOPIC, mark_topic


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What a sender needs; readable outside any transaction."""

    message_id: UUID
    # Which try this is: only its own result is noted.
    attempt: int
    kind: str
    channel: ContactKind
    to: str
    subject: str
    body: str
    reference: str


def queue_message(
    session: Session,
    *,
    organisation_id: UUID,
    kind: str,
    channel: ContactKind,
    to: str,
    subject: str,
    body: str,
    patient_id: UUID | None = None,
    expires_at: datetime | None = None,
) -> Message:
    """Write a message into the outbox; the dispatcher is woken when this transaction commits.

    What is not safe for a protected patient is withheld at once, or waits for the next safe hour.
    """
    message = Message(
        organisation_id=organisation_id,
        kind=kind,
        channel=channel,
        patient_id=patient_id,
        state=MessageState.QUEUED,
        created_at=now(),
        due_at=now(),
        expires_at=expires_at,
        attempts=0,
    )
    message.to, message.subject, message.body = to, subject, body
    session.add(message)
    _keep_safe(session, message)
    session.flush()
    mark_topic(session, OUTBOX_TOPIC)
    return message


def find_way(session: Session, *, patient_id: UUID, kind: str, since: datetime) -> ContactKind | None:
    """By which way the latest such message went to a patient, or goes now.

    None: there is none, it was withheld, it failed, or it waits for a safe hour.
    """
    is_under_way = or_(
        Message.state.in_((MessageState.SENT, MessageState.SENDING)),
        and_(Message.state == MessageState.QUEUED, Message.due_at <= now()),
    )
    return session.scalar(
        select(Message.channel)
        .where(
            Message.patient_id == patient_id,
            Message.kind == kind,
            Message.created_at >= since,
            is_under_way,
        )
        .order_by(Message.created_at.desc())
        .limit(1)
    )


def has_due(session: Session, channels: Collection[ContactKind]) -> bool:
    """Whether something waits to be sent now. A cheap read: a claim is a write."""
    return session.scalar(select(Message.id).where(_is_due(channels)).limit(1)) is not None


def claim_message(session: Session, channels: Collection[ContactKind], domain: str) -> UUID | None:
    """Take the message that has waited longest; commit before anything is sent. None: nothing is due.

    Two dispatchers never get the same one: locked rows are skipped on PostgreSQL, SQLite has one writer. One whose
    lease has lapsed is taken again: the dispatcher that had it has died.
    """
    # Only the row itself: a text that does not open must not stop the messages behind it.
    message_id = session.scalar(
        select(Message.id)
        .where(_is_due(channels))
        # Of those that waited for the same safe hour the earlier one first: "booked" before "cancelled".
        .order_by(Message.due_at, Message.created_at, Message.id)
        .limit(1)
        .with_for_update(skip_locked=True, of=Message)
    )
    if message_id is None:
        return None
    message = session.get_one(Message, message_id)
    message.attempts += 1
    message.state, message.lease_until = MessageState.SENDING, now() + LEASE
    message.reference = message.reference or f"<{message.id}@{domain}>"
    session.flush()
    return message_id


def open_letter(session: Session, message_id: UUID) -> Letter | None:
    """The text of a claimed message, if it may still be sent now. None: it was put off, withheld or given up.

    Raises SealBroken and KeyMissing.
    """
    message = session.get_one(Message, message_id)
    if message.attempts > MOST_TRIES:
        # Its senders died each time before they could tell.
        _close(message, MessageState.FAILED, "tries-used-up")
    elif is_too_late(message.expires_at, now()):
        _close(message, MessageState.FAILED, "too-late")
    else:
        _keep_safe(session, message)
    if message.state is not MessageState.SENDING:
        session.flush()
        return None
    return Letter(
        message_id=message.id,
        attempt=message.attempts,
        kind=message.kind,
        channel=message.channel,
        to=message.to,
        subject=message.subject,
        body=message.body,
        reference=message.reference,
    )


def note_sent(session: Session, message_id: UUID, attempt: int) -> None:
    message = _own(session, message_id, attempt)
    if message is not None:
        message.sent_at = now()
        _close(message, MessageState.SENT, "")


def note_failed(
    session: Session, message_id: UUID, attempt: int | None, code: str, *, is_final: bool
) -> None:
    """Try again later, or give up: at once where no other try can help, else after the last one."""
    message = _own(session, message_id, attempt)
    if message is None:
        return
    again_at = None if is_final else next_try(message.attempts, now())
    if again_at is None or is_too_late(message.expires_at, again_at):
        _close(message, MessageState.FAILED, code)
    else:
        message.state, message.due_at, message.lease_until = MessageState.QUEUED, again_at, None
        message.error_code = code


def _is_due(channels: Collection[ContactKind]) -> ColumnElement[bool]:
    current = now()
    return and_(
        Message.channel.in_(list(channels)),
        or_(
            and_(Message.state == MessageState.QUEUED, Message.due_at <= current),
            and_(Message.state == MessageState.SENDING, Message.lease_until <= current),
        ),
    )


def _keep_safe(session: Session, message: Message) -> None:
    """Ask when it may go to this address; what was safe when it was written may not be so any more."""
    if message.patient_id is None:
        return
    when = when_to_contact(session, message.patient_id, message.channel, message.to)
    if isinstance(when, Never):
        _close(message, MessageState.WITHHELD, "not-safe")
    elif isinstance(when, At):
        if is_too_late(message.expires_at, when.instant):
            _close(message, MessageState.WITHHELD, "not-safe-in-time")
        else:
            message.state, message.due_at, message.lease_until = MessageState.QUEUED, when.instant, None
            # Waiting for a safe hour is no failed try.
            message.attempts = max(0, message.attempts - 1)


def _close(message: Message, state: MessageState, code: str) -> None:
    message.state, message.error_code, message.lease_until = state, code, None
    message.body = None


def _own(session: Session, message_id: UUID, attempt: int | None) -> Message | None:
    """The message, if the try that reports is the one that holds it."""
    message = session.get(Message, message_id, with_for_update={"of": Message})
    if message is None or message.state is not MessageState.SENDING:
        return None
    return message if attempt in (None, message.attempts) else None
