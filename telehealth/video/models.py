"""Consultations as they take place, and who is in them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from telehealth.accounts.models import OrganisationOwned, ServiceOwned
from telehealth.booking.models import Appointment
from telehealth.db import Base, stored_by_value
from telehealth.sealing import EncryptedText, SealedRow
from telehealth.video.domain.encounter import EncounterStatus, Outcome
from telehealth.video.domain.presence import MediaState, ParticipantRole, Presence


class Encounter(SealedRow, ServiceOwned, Base):
    """The consultation that takes place. FHIR Encounter. `version` rises with everything that a page shows."""

    __tablename__ = "encounter"

    appointment_id: Mapped[UUID] = mapped_column(ForeignKey("appointment.id"), unique=True)
    status: Mapped[EncounterStatus] = mapped_column(stored_by_value(EncounterStatus))
    outcome: Mapped[Outcome | None] = mapped_column(stored_by_value(Outcome))
    next_steps_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    version: Mapped[int] = mapped_column(default=1)
    arrived_at: Mapped[datetime | None] = mapped_column()
    started_at: Mapped[datetime | None] = mapped_column()
    ended_at: Mapped[datetime | None] = mapped_column()

    appointment: Mapped[Appointment] = relationship()
    participants: Mapped[list["Participant"]] = relationship(
        back_populates="encounter", order_by="Participant.role", lazy="selectin"
    )

    # What the patient is told to expect; shown on their page after the call.
    next_steps = EncryptedText()

    __table_args__ = (
        CheckConstraint("status <> 'finished' OR outcome IS NOT NULL", name="finished_with_outcome"),
    )

    def participant(self, role: ParticipantRole) -> "Participant":
        return next(participant for participant in self.participants if participant.role is role)


class Participant(OrganisationOwned, Base):
    """Somebody's part in one consultation."""

    __tablename__ = "encounter_participant"

    encounter_id: Mapped[UUID] = mapped_column(ForeignKey("encounter.id"))
    role: Mapped[ParticipantRole] = mapped_column(stored_by_value(ParticipantRole))
    presence: Mapped[Presence] = mapped_column(stored_by_value(Presence), default=Presence.EXPECTED)
    present_since: Mapped[datetime] = mapped_column()
    # The newest page (browser tab) of this person; None while no socket of theirs is open.
    page: Mapped[UUID | None] = mapped_column()
    audio: Mapped[MediaState] = mapped_column(
        stored_by_value(MediaState, name="audio_state"), default=MediaState.ASKING
    )
    video: Mapped[MediaState] = mapped_column(
        stored_by_value(MediaState, name="video_state"), default=MediaState.ASKING
    )

    # The relative or carer who came for, or with, the patient: staff see who it is before they admit.
    related_person_id: Mapped[UUID | None] = mapped_column(ForeignKey("related_person.id"))

    encounter: Mapped[Encounter] = relationship(back_populates="participants")

    __table_args__ = (UniqueConstraint("encounter_id", "role"),)
