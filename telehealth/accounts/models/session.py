"""Sign-ins that live on the server: a browser holds a random token, everything else is here."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from telehealth.accounts.domain.session import Stage
from telehealth.db import Base, Keyed, stored_by_value


class BrowserSession(Keyed, Base):
    """One browser of one person: a member of staff, a patient, a carer, or a guest by link."""

    __tablename__ = "browser_session"

    # SHA-256 of the token in the cookie: who reads the database cannot sign in with it.
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"), index=True)
    stage: Mapped[Stage] = mapped_column(stored_by_value(Stage))
    created_at: Mapped[datetime] = mapped_column()
    last_seen_at: Mapped[datetime] = mapped_column()
    # When password and second factor, link or passkey were last given.
    proved_at: Mapped[datetime] = mapped_column()
    is_proof_needed: Mapped[bool] = mapped_column(default=False)
    ended_at: Mapped[datetime | None] = mapped_column()
    # "signed-out", "revoked", "disabled", "replaced"
    ended_reason: Mapped[str] = mapped_column(String(40), default="")
    # For the list that its owner sees.
    address: Mapped[str] = mapped_column(String(45), default="")
    browser: Mapped[str] = mapped_column(String(200), default="")

    __table_args__ = (
        CheckConstraint("(stage = 'guest') = (account_id IS NULL)", name="guests_have_no_account"),
    )


class SessionVisit(Keyed, Base):
    """A visit that was opened by link in this browser, with the right date of birth."""

    __tablename__ = "session_visit"

    session_id: Mapped[UUID] = mapped_column(ForeignKey("browser_session.id"))
    appointment_id: Mapped[UUID] = mapped_column(ForeignKey("appointment.id"), index=True)
    # Both set where a carer's own link was opened: the visit ends with their authority for the patient.
    related_person_id: Mapped[UUID | None] = mapped_column(ForeignKey("related_person.id"))
    patient_id: Mapped[UUID | None] = mapped_column(ForeignKey("patient.id"))
    proved_at: Mapped[datetime] = mapped_column()

    __table_args__ = (UniqueConstraint("session_id", "appointment_id"),)
