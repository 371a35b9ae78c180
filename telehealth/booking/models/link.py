"""The links in patients' texts and e-mails."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from telehealth.accounts.models import ServiceOwned
from telehealth.booking.models.appointment import Appointment
from telehealth.db import Base, Keyed


class JoinLink(ServiceOwned, Base):
    """The link in a patient's text or e-mail. Its address is this key, signed; see `services/links.py`."""

    __tablename__ = "join_link"

    appointment_id: Mapped[UUID] = mapped_column(ForeignKey("appointment.id"), index=True)
    # Whose link it is, where a relative or carer has one of their own; None: the patient's.
    related_person_id: Mapped[UUID | None] = mapped_column(ForeignKey("related_person.id"))
    created_at: Mapped[datetime] = mapped_column()
    revoked_at: Mapped[datetime | None] = mapped_column()

    appointment: Mapped[Appointment] = relationship()


class JoinAttempt(Keyed, Base):
    """A date of birth given at a link; wrong ones are counted."""

    __tablename__ = "join_attempt"

    join_link_id: Mapped[UUID] = mapped_column(ForeignKey("join_link.id"))
    attempted_at: Mapped[datetime] = mapped_column()
    succeeded: Mapped[bool] = mapped_column()

    __table_args__ = (Index("ix_join_attempt_link", "join_link_id", "attempted_at"),)
