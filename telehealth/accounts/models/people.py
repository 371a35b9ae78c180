"""The people, who exist without an account."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint, text, true
from sqlalchemy.orm import Mapped, mapped_column

from telehealth.accounts.models.organisation import OrganisationOwned, ServiceOwned
from telehealth.clock import now
from telehealth.db import Base
from telehealth.sealing import EncryptedText, SealedRow


class Practitioner(OrganisationOwned, Base):
    """A clinician as a person; exists without an account. FHIR Practitioner."""

    __tablename__ = "practitioner"

    prefix: Mapped[str] = mapped_column(String(20), default="")
    given_name: Mapped[str] = mapped_column(String(100))
    family_name: Mapped[str] = mapped_column(String(100))

    @property
    def display_name(self) -> str:
        """For example "Dr Amara Adeyemi"."""
        return " ".join(part for part in (self.prefix, self.given_name, self.family_name) if part)


class PractitionerRole(ServiceOwned, Base):
    """A clinician works in a service. FHIR PractitionerRole."""

    __tablename__ = "practitioner_role"

    practitioner_id: Mapped[UUID] = mapped_column(ForeignKey("practitioner.id"), index=True)

    __table_args__ = (UniqueConstraint("service_id", "practitioner_id"),)


class Patient(SealedRow, OrganisationOwned, Base):
    """A person who is or will be seen; exists without an account. FHIR Patient.

    Phone and e-mail are changed by `services.contacts.set_contact`, which keeps their hashes.
    """

    __tablename__ = "patient"

    # Ten digits without spaces, checked (modulus 11); None while it is not known.
    nhs_number: Mapped[str | None] = mapped_column(String(10))
    given_name: Mapped[str] = mapped_column(String(100))
    family_name: Mapped[str] = mapped_column(String(100))
    birth_date: Mapped[date] = mapped_column()
    phone_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    phone_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    phone_last_four_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    email_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    email_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    # False: registered themselves online; reception confirms who they are, or links them to a record.
    is_verified: Mapped[bool] = mapped_column(default=True, server_default=true())
    # The number that an unverified patient typed. Another record may have it: theirs only when reception confirms it.
    claimed_nhs_number: Mapped[str | None] = mapped_column(String(10))
    # The language of the interpreter whom the patient needs; "" for none. Offered again at each booking.
    interpreter_language: Mapped[str] = mapped_column(String(80), default="", server_default=text("''"))
    created_at: Mapped[datetime] = mapped_column(default=now)

    __table_args__ = (
        UniqueConstraint("organisation_id", "nhs_number"),
        CheckConstraint("nhs_number IS NULL OR length(nhs_number) = 10", name="nhs_number_length"),
        Index("ix_patient_name", "organisation_id", "family_name", "given_name"),
        Index("ix_patient_birth_date", "organisation_id", "birth_date"),
        Index("ix_patient_phone_hash", "organisation_id", "phone_hash"),
        Index("ix_patient_phone_last_four_hash", "organisation_id", "phone_last_four_hash"),
        Index("ix_patient_email_hash", "organisation_id", "email_hash"),
        Index(
            "ix_patient_claimed_nhs_number",
            "organisation_id",
            "claimed_nhs_number",
            sqlite_where=text("claimed_nhs_number IS NOT NULL"),
            postgresql_where=text("claimed_nhs_number IS NOT NULL"),
        ),
        Index(
            "ix_patient_unverified",
            "organisation_id",
            sqlite_where=text("is_verified IS 0"),
            postgresql_where=text("is_verified IS false"),
        ),
    )

    # E.164, for example +447700900123; "" where the patient has no phone.
    phone = EncryptedText()
    email = EncryptedText()

    @property
    def display_name(self) -> str:
        return f"{self.given_name} {self.family_name}"
