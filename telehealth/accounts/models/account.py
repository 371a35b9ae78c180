"""Ways to sign in, and what they may do."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from telehealth.accounts.domain.account import AccountKind
from telehealth.accounts.models.organisation import OrganisationOwned, ServiceOwned
from telehealth.actor import Role
from telehealth.clock import now
from telehealth.db import Base, Keyed, stored_by_value


class Account(OrganisationOwned, Base):
    """A way to sign in; carries roles per service and may be linked to a person.

    Staff have an e-mail and a password. Patients and carers sign in with a link to their contact, or a passkey.
    """

    __tablename__ = "account"

    kind: Mapped[AccountKind] = mapped_column(
        stored_by_value(AccountKind), default=AccountKind.STAFF, server_default="staff"
    )
    email: Mapped[str | None] = mapped_column(String(254), unique=True)
    display_name: Mapped[str] = mapped_column(String(200))
    # None until a first sign-in, or after a reset: nothing matches then.
    password_hash: Mapped[str | None] = mapped_column(String(200))
    is_active: Mapped[bool] = mapped_column(default=True)
    # Rises with every change of roles, services or activity: open sockets of the account are closed then.
    rights_version: Mapped[int] = mapped_column(default=1, server_default="1")
    practitioner_id: Mapped[UUID | None] = mapped_column(ForeignKey("practitioner.id"), index=True)
    patient_id: Mapped[UUID | None] = mapped_column(ForeignKey("patient.id"), unique=True)
    related_person_id: Mapped[UUID | None] = mapped_column(ForeignKey("related_person.id"), unique=True)
    created_at: Mapped[datetime] = mapped_column(default=now)

    roles: Mapped[list["AccountRole"]] = relationship(back_populates="account", cascade="all, delete-orphan")

    __table_args__ = (
        CheckConstraint("email = lower(email)", name="email_lower"),
        CheckConstraint("kind <> 'staff' OR email IS NOT NULL", name="staff_have_email"),
        CheckConstraint("(kind = 'patient') = (patient_id IS NOT NULL)", name="patient_of_kind"),
        CheckConstraint("(kind = 'related') = (related_person_id IS NOT NULL)", name="related_of_kind"),
    )


class AccountRole(ServiceOwned, Base):
    """What an account may do in one service."""

    __tablename__ = "account_role"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    role: Mapped[Role] = mapped_column(stored_by_value(Role))

    account: Mapped[Account] = relationship(back_populates="roles")

    __table_args__ = (UniqueConstraint("account_id", "service_id", "role"),)


class Factor(StrEnum):
    """What was given to sign in."""

    PASSWORD = "password"  # noqa: S105 - a word, not a password
    CODE = "code"  # of an authenticator app, or a recovery code


class SignInAttempt(Keyed, Base):
    """A password or code that was given: noted as failed before it is checked, so that tries at once count too.

    Failures throttle the next ones, also after a restart. The e-mail may be one that no account has.
    """

    __tablename__ = "sign_in_attempt"

    email: Mapped[str] = mapped_column(String(254))
    factor: Mapped[Factor] = mapped_column(
        stored_by_value(Factor), default=Factor.PASSWORD, server_default="password"
    )
    attempted_at: Mapped[datetime] = mapped_column()
    succeeded: Mapped[bool] = mapped_column()

    __table_args__ = (Index("ix_sign_in_attempt_email_attempted_at", "email", "attempted_at"),)
