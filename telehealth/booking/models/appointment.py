"""Appointments, each change of one, and the forms that made them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from telehealth.accounts.models import (
    HealthcareService,
    OrganisationOwned,
    Patient,
    Practitioner,
    ServiceOwned,
)
from telehealth.booking.domain.appointment import AppointmentStatus, Change, Mode
from telehealth.booking.domain.interpreter import InterpreterJoins
from telehealth.booking.models.schedule import AppointmentType, Lane, Room
from telehealth.clock import now
from telehealth.db import Base, Keyed, stored_by_value
from telehealth.sealing import EncryptedText, SealedRow


class Appointment(SealedRow, ServiceOwned, Base):
    """A planned meeting of a patient and a clinician. FHIR Appointment."""

    __tablename__ = "appointment"

    # Without an index each: most rows are of one organisation, and who looks by service or clinician looks by day too.
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), sort_order=-9)
    service_id: Mapped[UUID] = mapped_column(ForeignKey("healthcare_service.id"), sort_order=-8)
    reference: Mapped[str] = mapped_column(String(12), unique=True)
    # Who sees the patient; None in a shared clinic until somebody takes them.
    practitioner_id: Mapped[UUID | None] = mapped_column(ForeignKey("practitioner.id"))
    # The lane of a shared clinic that is booked; None: the clinician is.
    lane_id: Mapped[UUID | None] = mapped_column(ForeignKey("lane.id"))
    room_id: Mapped[UUID | None] = mapped_column(ForeignKey("room.id"))
    appointment_type_id: Mapped[UUID | None] = mapped_column(ForeignKey("appointment_type.id"))
    patient_id: Mapped[UUID] = mapped_column(ForeignKey("patient.id"), index=True)
    status: Mapped[AppointmentStatus] = mapped_column(stored_by_value(AppointmentStatus))
    mode: Mapped[Mode] = mapped_column(stored_by_value(Mode))
    starts_at: Mapped[datetime] = mapped_column()
    ends_at: Mapped[datetime] = mapped_column()
    reason_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    # A young person's own: nothing about it reaches a parent or carer.
    is_confidential: Mapped[bool] = mapped_column(default=False, server_default=false())
    # On top of another booking, by a named member of staff; why is in the history.
    is_overbooked: Mapped[bool] = mapped_column(default=False, server_default=false())
    # Appointments that were booked together.
    series_id: Mapped[UUID | None] = mapped_column(index=True)
    # "" where none is needed.
    interpreter_language: Mapped[str] = mapped_column(String(80), default="", server_default=text("''"))
    interpreter_joins: Mapped[InterpreterJoins | None] = mapped_column(stored_by_value(InterpreterJoins))
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=now)

    service: Mapped[HealthcareService] = relationship()
    practitioner: Mapped[Practitioner | None] = relationship()
    patient: Mapped[Patient] = relationship()
    lane: Mapped[Lane | None] = relationship()
    room: Mapped[Room | None] = relationship()
    appointment_type: Mapped[AppointmentType | None] = relationship()

    # What it is about, in the words of the patient or reception.
    reason = EncryptedText()

    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        CheckConstraint("practitioner_id IS NOT NULL OR lane_id IS NOT NULL", name="with_somebody"),
        Index("ix_appointment_day", "practitioner_id", "starts_at"),
        Index("ix_appointment_lane", "lane_id", "starts_at"),
        Index("ix_appointment_service_day", "service_id", "starts_at"),
        # Of years of appointments a list that is worked off reads only what is on it.
        Index(
            "ix_appointment_pending",
            "service_id",
            "starts_at",
            sqlite_where=text("status = 'pending'"),
            postgresql_where=text("status = 'pending'"),
        ),
        Index(
            "ix_appointment_open",
            "service_id",
            "starts_at",
            sqlite_where=text("status IN ('pending', 'booked', 'arrived', 'checked-in')"),
            postgresql_where=text("status IN ('pending', 'booked', 'arrived', 'checked-in')"),
        ),
    )

    @property
    def clinician_name(self) -> str:
        """The clinician, or while nobody has taken the patient the shared clinic, for example "Diabetes clinic"."""
        if self.practitioner is not None:
            return self.practitioner.display_name
        return self.lane.shared_clinic.name if self.lane is not None else ""

    @property
    def clinician_ids(self) -> frozenset[UUID]:
        """On whose lists it stands: its clinician's, or those of everybody who sits in the shared clinic."""
        if self.lane is not None:
            return self.lane.shared_clinic.practitioner_ids
        return frozenset((self.practitioner_id,) if self.practitioner_id else ())


class AppointmentHistory(SealedRow, OrganisationOwned, Base):
    """One row for each change of an appointment: who, when, why, and what it was from then on."""

    __tablename__ = "appointment_history"

    appointment_id: Mapped[UUID] = mapped_column(ForeignKey("appointment.id"))
    version: Mapped[int] = mapped_column()
    change: Mapped[Change | None] = mapped_column(stored_by_value(Change))
    status: Mapped[AppointmentStatus] = mapped_column(stored_by_value(AppointmentStatus))
    starts_at: Mapped[datetime] = mapped_column()
    ends_at: Mapped[datetime] = mapped_column()
    practitioner_id: Mapped[UUID | None] = mapped_column(ForeignKey("practitioner.id"))
    lane_id: Mapped[UUID | None] = mapped_column(ForeignKey("lane.id"))
    changed_at: Mapped[datetime] = mapped_column()
    changed_by: Mapped[str] = mapped_column(String(80))
    # A word of the machine, for example the code of a cancellation's reason. What a person typed is the note.
    reason: Mapped[str] = mapped_column(String(500), default="")
    note_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)

    note = EncryptedText()

    __table_args__ = (UniqueConstraint("appointment_id", "version"),)


class IdempotencyKey(Keyed, Base):
    """A form that was accepted once: sending it again returns the first answer."""

    __tablename__ = "idempotency_key"

    actor: Mapped[str] = mapped_column(String(80))
    key: Mapped[str] = mapped_column(String(64))
    # What the form made, for example an appointment.
    subject_id: Mapped[UUID] = mapped_column()
    created_at: Mapped[datetime] = mapped_column()

    __table_args__ = (UniqueConstraint("actor", "key"),)
