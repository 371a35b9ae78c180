"""Schedules, appointments and the claims that keep them from clashing."""

from datetime import date, datetime, time
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Time, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from telehealth.accounts.models import (
    HealthcareService,
    OrganisationOwned,
    Patient,
    Practitioner,
    ServiceOwned,
)
from telehealth.booking.domain.appointment import AppointmentStatus, Mode
from telehealth.booking.domain.claim import ClaimState
from telehealth.clock import now
from telehealth.db import Base, Keyed, stored_by_value
from telehealth.sealing import EncryptedText, SealedRow


class Schedule(ServiceOwned, Base):
    """A clinician's recurring session in the local wall time of the service. FHIR Schedule."""

    __tablename__ = "schedule"

    practitioner_id: Mapped[UUID] = mapped_column(ForeignKey("practitioner.id"), index=True)
    # RFC 5545 recurrence rule of the dates, for example FREQ=WEEKLY;BYDAY=TU; its first date is `first_date`.
    rrule: Mapped[str] = mapped_column(String(200))
    first_date: Mapped[date] = mapped_column()
    # The last date on which a session may take place; None: until further notice.
    last_date: Mapped[date | None] = mapped_column()
    starts: Mapped[time] = mapped_column(Time)
    ends: Mapped[time] = mapped_column(Time)
    slot_minutes: Mapped[int] = mapped_column()
    mode: Mapped[Mode] = mapped_column(stored_by_value(Mode), default=Mode.VIDEO)

    __table_args__ = (
        CheckConstraint("slot_minutes BETWEEN 1 AND 480", name="slot_minutes_sensible"),
        CheckConstraint("last_date IS NULL OR last_date >= first_date", name="dates_in_order"),
    )


class Appointment(SealedRow, ServiceOwned, Base):
    """A planned meeting of a patient and a clinician. FHIR Appointment."""

    __tablename__ = "appointment"

    reference: Mapped[str] = mapped_column(String(12), unique=True)
    practitioner_id: Mapped[UUID] = mapped_column(ForeignKey("practitioner.id"), index=True)
    patient_id: Mapped[UUID] = mapped_column(ForeignKey("patient.id"), index=True)
    status: Mapped[AppointmentStatus] = mapped_column(stored_by_value(AppointmentStatus))
    mode: Mapped[Mode] = mapped_column(stored_by_value(Mode))
    starts_at: Mapped[datetime] = mapped_column()
    ends_at: Mapped[datetime] = mapped_column()
    reason_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    # A young person's own: nothing about it reaches a parent or carer.
    is_confidential: Mapped[bool] = mapped_column(default=False, server_default=false())
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=now)

    service: Mapped[HealthcareService] = relationship()
    practitioner: Mapped[Practitioner] = relationship()
    patient: Mapped[Patient] = relationship()

    # What it is about, in the words of the patient or reception.
    reason = EncryptedText()

    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        Index("ix_appointment_day", "practitioner_id", "starts_at"),
    )


class AppointmentHistory(OrganisationOwned, Base):
    """One row for each change of an appointment: who, when, why, and what it was from then on."""

    __tablename__ = "appointment_history"

    appointment_id: Mapped[UUID] = mapped_column(ForeignKey("appointment.id"))
    version: Mapped[int] = mapped_column()
    status: Mapped[AppointmentStatus] = mapped_column(stored_by_value(AppointmentStatus))
    starts_at: Mapped[datetime] = mapped_column()
    ends_at: Mapped[datetime] = mapped_column()
    changed_at: Mapped[datetime] = mapped_column()
    changed_by: Mapped[str] = mapped_column(String(80))
    reason: Mapped[str] = mapped_column(String(500), default="")

    __table_args__ = (UniqueConstraint("appointment_id", "version"),)


class Claim(OrganisationOwned, Base):
    """A reservation of exactly one resource over [starts_at, ends_at).

    No two live claims of a resource overlap: an exclusion constraint (PostgreSQL) or triggers (SQLite)
    refuse it, also for SQL that bypasses this code. See migration 0004 and ADR 2.
    """

    __tablename__ = "claim"

    practitioner_id: Mapped[UUID | None] = mapped_column(ForeignKey("practitioner.id"))
    patient_id: Mapped[UUID | None] = mapped_column(ForeignKey("patient.id"))
    appointment_id: Mapped[UUID | None] = mapped_column(ForeignKey("appointment.id"), index=True)
    starts_at: Mapped[datetime] = mapped_column()
    ends_at: Mapped[datetime] = mapped_column()
    state: Mapped[ClaimState] = mapped_column(stored_by_value(ClaimState))
    hold_token: Mapped[str | None] = mapped_column(String(64))
    hold_expires_at: Mapped[datetime | None] = mapped_column()
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        CheckConstraint("(practitioner_id IS NULL) <> (patient_id IS NULL)", name="exactly_one_resource"),
        CheckConstraint("(state = 'held') = (hold_expires_at IS NOT NULL)", name="hold_expires"),
        CheckConstraint("state <> 'booked' OR appointment_id IS NOT NULL", name="booked_for_appointment"),
        Index("ix_claim_practitioner", "practitioner_id", "starts_at"),
        Index("ix_claim_patient", "patient_id", "starts_at"),
    )


class IdempotencyKey(Keyed, Base):
    """A form that was accepted once: sending it again returns the first answer."""

    __tablename__ = "idempotency_key"

    actor: Mapped[str] = mapped_column(String(80))
    key: Mapped[str] = mapped_column(String(64))
    # What the form made, for example an appointment.
    subject_id: Mapped[UUID] = mapped_column()
    created_at: Mapped[datetime] = mapped_column()

    __table_args__ = (UniqueConstraint("actor", "key"),)


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
