"""Two records of one person: one replaced by the other, until somebody undoes it."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from telehealth.accounts.models.organisation import OrganisationOwned
from telehealth.accounts.models.people import Patient
from telehealth.db import Base, stored_by_value


class LinkReason(StrEnum):
    """Why there were two records."""

    REGISTERED_TWICE = "registered-twice"
    CHANGED_NAME = "changed-name"
    REGISTERED_ONLINE = "registered-online"  # they asked for an appointment themselves and were known already


class PatientLink(OrganisationOwned, Base):
    """A record that was replaced by another. FHIR Patient.link, `replaced-by`. The one without `ended_at` holds.

    No row of either record is changed by it: what belongs together is found by following the links.
    """

    __tablename__ = "patient_link"

    patient_id: Mapped[UUID] = mapped_column(ForeignKey("patient.id"))
    into_id: Mapped[UUID] = mapped_column(ForeignKey("patient.id"), index=True)
    reason: Mapped[LinkReason] = mapped_column(stored_by_value(LinkReason))
    linked_at: Mapped[datetime] = mapped_column()
    linked_by: Mapped[str] = mapped_column(String(80))
    ended_at: Mapped[datetime | None] = mapped_column()
    ended_by: Mapped[str] = mapped_column(String(80), default="")

    patient: Mapped[Patient] = relationship(foreign_keys=patient_id)
    into: Mapped[Patient] = relationship(foreign_keys=into_id)

    __table_args__ = (
        CheckConstraint("patient_id <> into_id", name="not_into_itself"),
        # A record is replaced by one other at a time.
        Index(
            "uq_patient_link_live",
            "patient_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )
