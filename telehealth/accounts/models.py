"""Organisations, services, accounts and the people behind them."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from telehealth.actor import Role
from telehealth.clock import now
from telehealth.db import Base, Keyed, stored_by_value


class Organisation(Keyed, Base):
    """Who runs the service, for example a health board. FHIR Organization."""

    __tablename__ = "organisation"

    name: Mapped[str] = mapped_column(String(200))


class OrganisationOwned(Keyed):
    """A row that belongs to one organisation."""

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True, sort_order=-9)


class HealthcareService(OrganisationOwned, Base):
    """A department or practice that offers appointments. FHIR HealthcareService."""

    __tablename__ = "healthcare_service"

    name: Mapped[str] = mapped_column(String(200))
    time_zone: Mapped[str] = mapped_column(String(64))
    # UK nation whose bank holidays apply: england, wales, scotland or northern-ireland.
    nation: Mapped[str] = mapped_column(String(20))
    phone: Mapped[str] = mapped_column(String(30))

    __table_args__ = (
        CheckConstraint("nation IN ('england','wales','scotland','northern-ireland')", name="nation_known"),
    )


class ServiceOwned(OrganisationOwned):
    """A row that belongs to one service of an organisation."""

    service_id: Mapped[UUID] = mapped_column(ForeignKey("healthcare_service.id"), index=True, sort_order=-8)


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


class Account(OrganisationOwned, Base):
    """A way to sign in; carries roles per service and may be linked to a practitioner."""

    __tablename__ = "account"

    email: Mapped[str] = mapped_column(String(254), unique=True)
    display_name: Mapped[str] = mapped_column(String(200))
    password_hash: Mapped[str] = mapped_column(String(200))
    is_active: Mapped[bool] = mapped_column(default=True)
    practitioner_id: Mapped[UUID | None] = mapped_column(ForeignKey("practitioner.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=now)

    roles: Mapped[list["AccountRole"]] = relationship(back_populates="account", cascade="all, delete-orphan")

    __table_args__ = (CheckConstraint("email = lower(email)", name="email_lower"),)


class AccountRole(ServiceOwned, Base):
    """What an account may do in one service."""

    __tablename__ = "account_role"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    role: Mapped[Role] = mapped_column(stored_by_value(Role))

    account: Mapped[Account] = relationship(back_populates="roles")

    __table_args__ = (UniqueConstraint("account_id", "service_id", "role"),)


class SignInAttempt(Keyed, Base):
    """A failed or successful password check; failures throttle the next ones, also after a restart."""

    __tablename__ = "sign_in_attempt"

    email: Mapped[str] = mapped_column(String(254))
    attempted_at: Mapped[datetime] = mapped_column()
    succeeded: Mapped[bool] = mapped_column()

    __table_args__ = (Index("ix_sign_in_attempt_email_attempted_at", "email", "attempted_at"),)


class Patient(OrganisationOwned, Base):
    """A person who is or will be seen; exists without an account. FHIR Patient."""

    __tablename__ = "patient"

    # Ten digits without spaces, checked (modulus 11); None while it is not known.
    nhs_number: Mapped[str | None] = mapped_column(String(10))
    given_name: Mapped[str] = mapped_column(String(100))
    family_name: Mapped[str] = mapped_column(String(100))
    birth_date: Mapped[date] = mapped_column()
    # E.164, for example +447700900123; None where the patient has no phone.
    phone: Mapped[str | None] = mapped_column(String(20))
    email: Mapped[str | None] = mapped_column(String(254))
    created_at: Mapped[datetime] = mapped_column(default=now)

    __table_args__ = (
        UniqueConstraint("organisation_id", "nhs_number"),
        CheckConstraint("nhs_number IS NULL OR length(nhs_number) = 10", name="nhs_number_length"),
        Index("ix_patient_name", "organisation_id", "family_name", "given_name"),
        Index("ix_patient_birth_date", "organisation_id", "birth_date"),
    )

    @property
    def display_name(self) -> str:
        return f"{self.given_name} {self.family_name}"
