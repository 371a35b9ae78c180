"""The audit trail's table."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from telehealth.db import Base, Keyed


class AuditEvent(Keyed, Base):
    """Who did or saw what, when and why. Rows are added, never changed: triggers refuse it. FHIR AuditEvent."""

    __tablename__ = "audit_event"

    # No foreign keys: the trail outlives what it tells of.
    organisation_id: Mapped[UUID | None] = mapped_column(index=True)
    recorded_at: Mapped[datetime] = mapped_column()
    actor: Mapped[str] = mapped_column(String(80))
    actor_name: Mapped[str] = mapped_column(String(200))
    action: Mapped[str] = mapped_column(String(60))
    subject_kind: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[UUID | None] = mapped_column()
    reason: Mapped[str] = mapped_column(String(500), default="")

    __table_args__ = (Index("ix_audit_event_subject", "subject_kind", "subject_id", "recorded_at"),)
