"""Who is still to be seen."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from telehealth.accounts.models import HealthcareService, Patient, Practitioner, ServiceOwned
from telehealth.booking.domain.follow_up import FollowUpReason, FollowUpStatus
from telehealth.booking.domain.interpreter import InterpreterJoins
from telehealth.booking.models.appointment import Appointment
from telehealth.booking.models.schedule import AppointmentType
from telehealth.clock import now
from telehealth.db import Base, stored_by_value
from telehealth.sealing import EncryptedText, SealedRow


class FollowUpRequest(SealedRow, ServiceOwned, Base):
    """A patient is to be seen by a date: until it is booked, or a clinician closes it. FHIR ServiceRequest."""

    __tablename__ = "follow_up_request"

    patient_id: Mapped[UUID] = mapped_column(ForeignKey("patient.id"), index=True)
    # The appointment that fell out, or in which it was decided.
    appointment_id: Mapped[UUID] = mapped_column(ForeignKey("appointment.id"), index=True)
    appointment_type_id: Mapped[UUID | None] = mapped_column(ForeignKey("appointment_type.id"))
    reason: Mapped[FollowUpReason] = mapped_column(stored_by_value(FollowUpReason))
    status: Mapped[FollowUpStatus] = mapped_column(
        stored_by_value(FollowUpStatus), default=FollowUpStatus.ACTIVE
    )
    # The clinician who answers for it; reception books for them.
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("practitioner.id"), index=True)
    see_by: Mapped[date] = mapped_column()
    interpreter_language: Mapped[str] = mapped_column(String(80), default="")
    interpreter_joins: Mapped[InterpreterJoins | None] = mapped_column(stored_by_value(InterpreterJoins))
    note_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(default=now)
    created_by: Mapped[str] = mapped_column(String(80))
    # How it ended: the appointment that was booked for it, or who closed it and why.
    booked_appointment_id: Mapped[UUID | None] = mapped_column(ForeignKey("appointment.id"), index=True)
    closed_at: Mapped[datetime | None] = mapped_column()
    closed_by: Mapped[str] = mapped_column(String(80), default="")
    close_reason_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    version: Mapped[int] = mapped_column(default=1)

    patient: Mapped[Patient] = relationship()
    owner: Mapped[Practitioner] = relationship()
    service: Mapped[HealthcareService] = relationship()
    appointment: Mapped[Appointment] = relationship(foreign_keys=[appointment_id])
    booked_appointment: Mapped[Appointment | None] = relationship(foreign_keys=[booked_appointment_id])
    appointment_type: Mapped[AppointmentType | None] = relationship()

    # What the clinician wants, in words; and why it was closed.
    note = EncryptedText()
    close_reason = EncryptedText()

    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        CheckConstraint("(status = 'active') = (closed_at IS NULL)", name="closed_when_over"),
        CheckConstraint(
            "(status = 'completed') = (booked_appointment_id IS NOT NULL)", name="completed_by_booking"
        ),
        CheckConstraint("status <> 'revoked' OR close_reason_sealed IS NOT NULL", name="revoked_with_reason"),
        Index("ix_follow_up_request_open", "service_id", "status", "see_by"),
    )
