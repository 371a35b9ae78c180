"""Consultation notes: a draft per author and consultation, and signed versions that nothing changes."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from telehealth.accounts.models import Practitioner, ServiceOwned
from telehealth.db import Base
from telehealth.sealing import EncryptedText, SealedRow
from telehealth.video.models import Encounter


class ConsultationNote(ServiceOwned, Base):
    """One clinician's note of one consultation. FHIR Composition."""

    __tablename__ = "consultation_note"

    encounter_id: Mapped[UUID] = mapped_column(ForeignKey("encounter.id"))
    patient_id: Mapped[UUID] = mapped_column(ForeignKey("patient.id"), index=True)
    author_id: Mapped[UUID] = mapped_column(ForeignKey("practitioner.id"), index=True)
    created_at: Mapped[datetime] = mapped_column()
    # Rises with each saved draft; a save that is based on an older one is refused.
    draft_version: Mapped[int] = mapped_column(default=0)
    draft_saved_at: Mapped[datetime | None] = mapped_column()

    encounter: Mapped[Encounter] = relationship()
    author: Mapped[Practitioner] = relationship()
    draft_sections: Mapped[list["NoteDraftSection"]] = relationship(
        cascade="all, delete-orphan", lazy="selectin"
    )
    versions: Mapped[list["NoteVersion"]] = relationship(order_by="NoteVersion.number", lazy="selectin")

    __table_args__ = (UniqueConstraint("encounter_id", "author_id"),)


class NoteDraftSection(SealedRow, Base):
    """What is typed under one heading and not signed yet."""

    __tablename__ = "note_draft_section"

    note_id: Mapped[UUID] = mapped_column(ForeignKey("consultation_note.id"))
    code: Mapped[str] = mapped_column(String(20))
    text_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)

    text = EncryptedText()

    __table_args__ = (UniqueConstraint("note_id", "code"),)


class NoteVersion(SealedRow, Base):
    """A signed version. Append-only: triggers refuse a second insert of its key, UPDATE, DELETE and TRUNCATE."""

    __tablename__ = "note_version"

    note_id: Mapped[UUID] = mapped_column(ForeignKey("consultation_note.id"))
    number: Mapped[int] = mapped_column()
    signed_at: Mapped[datetime] = mapped_column()
    signed_by: Mapped[str] = mapped_column(String(80))
    signer_name: Mapped[str] = mapped_column(String(200))
    reason_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    # Over the sealed texts: whether they are the signed ones can be told without a key.
    content_hash: Mapped[str] = mapped_column(String(64))
    previous_hash: Mapped[str] = mapped_column(String(64), default="")

    sections: Mapped[list["NoteVersionSection"]] = relationship(lazy="selectin")

    # Why the version before was amended; empty for the first.
    reason = EncryptedText()

    __table_args__ = (
        UniqueConstraint("note_id", "number"),
        CheckConstraint("number >= 1", name="number_from_one"),
        CheckConstraint("number = 1 OR reason_sealed IS NOT NULL", name="amended_with_reason"),
    )


class NoteVersionSection(SealedRow, Base):
    """The signed text under one heading. Append-only, like its version."""

    __tablename__ = "note_version_section"

    version_id: Mapped[UUID] = mapped_column(ForeignKey("note_version.id"))
    code: Mapped[str] = mapped_column(String(20))
    text_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)

    text = EncryptedText()

    __table_args__ = (UniqueConstraint("version_id", "code"),)
