"""The audit trail's tables. No foreign keys: the trail outlives what it tells of."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from telehealth.db import Base, Keyed, stored_by_value


class EventOutcome(StrEnum):
    """Whether what somebody wanted was done."""

    DONE = "done"
    REFUSED = "refused"


class AuditEvent(Keyed, Base):
    """Who did or saw what, for whom, about whom, when, from where and why. FHIR AuditEvent.

    Rows are added, never changed: triggers refuse it, and a seal tells.
    """

    __tablename__ = "audit_event"

    organisation_id: Mapped[UUID | None] = mapped_column()
    recorded_at: Mapped[datetime] = mapped_column()
    actor: Mapped[str] = mapped_column(String(80))
    actor_name: Mapped[str] = mapped_column(String(200))
    action: Mapped[str] = mapped_column(String(60))
    subject_kind: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[UUID | None] = mapped_column()
    reason: Mapped[str] = mapped_column(String(500), default="")
    # Whose record it is about.
    patient_id: Mapped[UUID | None] = mapped_column()
    # The patient for whom a relative or carer acted.
    on_behalf_of: Mapped[UUID | None] = mapped_column()
    service_id: Mapped[UUID | None] = mapped_column()
    outcome: Mapped[EventOutcome] = mapped_column(
        stored_by_value(EventOutcome), default=EventOutcome.DONE, server_default=EventOutcome.DONE.value
    )
    # From where: the client's network address, and the sign-in and the request in which it happened.
    address: Mapped[str] = mapped_column(String(45), default="", server_default=text("''"))
    request_id: Mapped[str] = mapped_column(String(32), default="", server_default=text("''"))
    session_id: Mapped[UUID | None] = mapped_column()

    __table_args__ = (
        Index("ix_audit_event_subject", "subject_kind", "subject_id", "recorded_at"),
        Index("ix_audit_event_organisation", "organisation_id", "recorded_at", "id"),
        Index("ix_audit_event_patient", "patient_id", "recorded_at"),
        Index("ix_audit_event_actor", "actor", "recorded_at"),
        Index("ix_audit_event_recorded_at", "recorded_at", "id"),
    )


class AuditSeal(Base):
    """One link of the chain over the events. Sequences start at 1 and have no gaps."""

    __tablename__ = "audit_seal"

    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    event_id: Mapped[UUID] = mapped_column(unique=True)
    # SHA-256 in hexadecimal.
    event_hash: Mapped[str] = mapped_column(String(64))
    chain_hash: Mapped[str] = mapped_column(String(64))
    sealed_at: Mapped[datetime] = mapped_column()
