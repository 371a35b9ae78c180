"""Relatives and carers, what lets them act for a patient, and patients who must be protected."""

from datetime import date, datetime, time
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Time
from sqlalchemy.orm import Mapped, mapped_column, relationship

from telehealth.accounts.models.organisation import OrganisationOwned, ServiceOwned
from telehealth.accounts.models.people import Patient
from telehealth.clock import now
from telehealth.db import Base, stored_by_value
from telehealth.sealing import EncryptedText, SealedRow


class RelatedPerson(SealedRow, OrganisationOwned, Base):
    """A relative or carer. FHIR RelatedPerson; what lets them act is an `Authority`."""

    __tablename__ = "related_person"

    given_name: Mapped[str] = mapped_column(String(100))
    family_name: Mapped[str] = mapped_column(String(100))
    birth_date: Mapped[date] = mapped_column()
    phone_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    phone_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    email_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    email_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    created_at: Mapped[datetime] = mapped_column(default=now)

    phone = EncryptedText()
    email = EncryptedText()

    __table_args__ = (Index("ix_related_person_email_hash", "organisation_id", "email_hash"),)

    @property
    def display_name(self) -> str:
        return f"{self.given_name} {self.family_name}"


class Basis(StrEnum):
    """What an authority rests on."""

    PARENTAL_RESPONSIBILITY = "parental-responsibility"
    POWER_OF_ATTORNEY = "power-of-attorney"
    COURT_APPOINTED = "court-appointed"
    PATIENT_CONSENT = "patient-consent"


class Authority(OrganisationOwned, Base):
    """Lets a related person act for a patient from a day, until a day or its revocation. Never deleted."""

    __tablename__ = "authority"

    patient_id: Mapped[UUID] = mapped_column(ForeignKey("patient.id"), index=True)
    related_person_id: Mapped[UUID] = mapped_column(ForeignKey("related_person.id"), index=True)
    # In the patient's words, for example "mother".
    relationship_text: Mapped[str] = mapped_column(String(60))
    basis: Mapped[Basis] = mapped_column(stored_by_value(Basis))
    valid_from: Mapped[date] = mapped_column()
    valid_until: Mapped[date | None] = mapped_column()
    recorded_at: Mapped[datetime] = mapped_column()
    recorded_by: Mapped[str] = mapped_column(String(80))
    revoked_at: Mapped[datetime | None] = mapped_column()
    revoked_by: Mapped[str] = mapped_column(String(80), default="")
    revoke_reason: Mapped[str] = mapped_column(String(500), default="")

    patient: Mapped[Patient] = relationship()
    related_person: Mapped[RelatedPerson] = relationship()

    __table_args__ = (
        CheckConstraint("valid_until IS NULL OR valid_until >= valid_from", name="dates_in_order"),
    )


class Protection(ServiceOwned, Base):
    """A patient who must be protected, for example from a violent partner. The one without `ended_at` holds.

    The service is the one that knows the patient: others see no name.
    """

    __tablename__ = "protection"

    patient_id: Mapped[UUID] = mapped_column(ForeignKey("patient.id"), index=True)
    is_phone_safe: Mapped[bool] = mapped_column()
    is_email_safe: Mapped[bool] = mapped_column()
    # Local hours of the service in which the safe channels may be used; both None: at any hour.
    safe_from: Mapped[time | None] = mapped_column(Time)
    safe_until: Mapped[time | None] = mapped_column(Time)
    set_at: Mapped[datetime] = mapped_column()
    set_by: Mapped[str] = mapped_column(String(80))
    ended_at: Mapped[datetime | None] = mapped_column()
    ended_by: Mapped[str] = mapped_column(String(80), default="")

    __table_args__ = (
        CheckConstraint("(safe_from IS NULL) = (safe_until IS NULL)", name="hours_from_and_until"),
    )


class ContactKind(StrEnum):
    PHONE = "phone"
    EMAIL = "email"


class Verification(StrEnum):
    """How it was made sure that a new contact is the patient's."""

    CODE = "code"  # a code sent to the new contact was read back
    CALLED_OLD_NUMBER = "called-old-number"
    SEEN_IN_PERSON = "seen-in-person"


class ContactChange(SealedRow, OrganisationOwned, Base):
    """A new phone number or e-mail of a patient: asked for, verified, then in use. Never deleted."""

    __tablename__ = "contact_change"

    patient_id: Mapped[UUID] = mapped_column(ForeignKey("patient.id"), index=True)
    kind: Mapped[ContactKind] = mapped_column(stored_by_value(ContactKind))
    # "" stands for "has none any more".
    value_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    # What was in use before; kept when the change is verified.
    old_value_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    requested_at: Mapped[datetime] = mapped_column()
    requested_by: Mapped[str] = mapped_column(String(80))
    code_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    code_expires_at: Mapped[datetime | None] = mapped_column()
    failures: Mapped[int] = mapped_column(default=0)
    verified_at: Mapped[datetime | None] = mapped_column()
    verified_by: Mapped[str] = mapped_column(String(80), default="")
    verification: Mapped[Verification | None] = mapped_column(stored_by_value(Verification))
    # When the contact of before was told; None for a protected patient, or where there was none.
    old_told_at: Mapped[datetime | None] = mapped_column()
    withdrawn_at: Mapped[datetime | None] = mapped_column()

    value = EncryptedText()
    old_value = EncryptedText()

    __table_args__ = (
        CheckConstraint("(verified_at IS NULL) = (verification IS NULL)", name="verified_somehow"),
    )
