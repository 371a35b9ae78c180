"""The outbox's table."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from telehealth.accounts.models import ContactKind, OrganisationOwned
from telehealth.db import Base, stored_by_value
from telehealth.messages.domain.delivery import MessageState
from telehealth.sealing import EncryptedText, SealedRow


class Message(SealedRow, OrganisationOwned, Base):
    """An e-mail or a text to be sent. Written in the transaction that causes it."""

    __tablename__ = "message"

    # What sort of message, for example "sign-in-link".
    kind: Mapped[str] = mapped_column(String(40))
    channel: Mapped[ContactKind] = mapped_column(stored_by_value(ContactKind))
    # None where it is about no patient.
    patient_id: Mapped[UUID | None] = mapped_column(ForeignKey("patient.id"), index=True)
    to_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    subject_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    # Dropped when the message is over: it may hold a link or a code.
    body_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    state: Mapped[MessageState] = mapped_column(stored_by_value(MessageState))
    created_at: Mapped[datetime] = mapped_column()
    due_at: Mapped[datetime] = mapped_column()
    # After this it is not worth sending.
    expires_at: Mapped[datetime | None] = mapped_column()
    attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None] = mapped_column()
    sent_at: Mapped[datetime | None] = mapped_column()
    # Why the last try failed, or why it was withheld; never words of a mail server, which may hold the address.
    error_code: Mapped[str] = mapped_column(String(60), default="")
    # The Message-ID of an e-mail: the same in each try, so that a receiver can drop the second copy.
    reference: Mapped[str] = mapped_column(String(200), default="")

    to = EncryptedText()
    subject = EncryptedText()
    body = EncryptedText()

    __table_args__ = (Index("ix_message_state_due_at", "state", "due_at"),)
