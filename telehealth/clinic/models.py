"""Access to a record in an emergency."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from telehealth.accounts.models import Account, OrganisationOwned, Patient
from telehealth.db import Base
from telehealth.sealing import EncryptedText, SealedRow


class EmergencyAccess(SealedRow, OrganisationOwned, Base):
    """A clinician opened a record that is not theirs, for an hour and with a reason. An administrator reviews it."""

    __tablename__ = "emergency_access"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    patient_id: Mapped[UUID] = mapped_column(ForeignKey("patient.id"), index=True)
    # Sealed: people write what the emergency is.
    reason_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    granted_at: Mapped[datetime] = mapped_column()
    expires_at: Mapped[datetime] = mapped_column()
    reviewed_at: Mapped[datetime | None] = mapped_column()
    reviewed_by: Mapped[str] = mapped_column(String(80), default="")

    reason = EncryptedText()
    account: Mapped[Account] = relationship()
    patient: Mapped[Patient] = relationship()
