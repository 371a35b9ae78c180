"""What keeps appointments from clashing: claims, and the holds that they may be."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from telehealth.accounts.models import OrganisationOwned, ServiceOwned
from telehealth.booking.domain.appointment import Mode
from telehealth.booking.domain.claim import ClaimState
from telehealth.clock import now
from telehealth.db import Base, stored_by_value

RESOURCES = ("practitioner", "lane", "patient", "room")


def _busy_index(resource: str) -> Index:
    """All that tells when it is busy: a search of three months need not look up a row for each claim."""
    is_its_own = text(f"{resource}_id IS NOT NULL")
    return Index(
        f"ix_claim_{resource}",
        f"{resource}_id",
        "starts_at",
        "ends_at",
        "state",
        "hold_expires_at",
        sqlite_where=is_its_own,
        postgresql_where=is_its_own,
    )


class Claim(OrganisationOwned, Base):
    """A reservation of exactly one resource over [starts_at, ends_at).

    No two live claims of a resource overlap: an exclusion constraint (PostgreSQL) or triggers (SQLite)
    refuse it, also for SQL that bypasses this code. See migrations 0004 and 0013, and ADR 2.
    """

    __tablename__ = "claim"

    # Without an index: nobody looks for the claims of an organisation.
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), sort_order=-9)
    practitioner_id: Mapped[UUID | None] = mapped_column(ForeignKey("practitioner.id"))
    lane_id: Mapped[UUID | None] = mapped_column(ForeignKey("lane.id"))
    patient_id: Mapped[UUID | None] = mapped_column(ForeignKey("patient.id"))
    room_id: Mapped[UUID | None] = mapped_column(ForeignKey("room.id"))
    appointment_id: Mapped[UUID | None] = mapped_column(ForeignKey("appointment.id"), index=True)
    starts_at: Mapped[datetime] = mapped_column()
    ends_at: Mapped[datetime] = mapped_column()
    state: Mapped[ClaimState] = mapped_column(stored_by_value(ClaimState))
    # The key of the `Hold` that it belongs to, as 32 hexadecimal digits.
    hold_token: Mapped[str | None] = mapped_column(String(64), index=True)
    hold_expires_at: Mapped[datetime | None] = mapped_column()
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        CheckConstraint(
            " + ".join(f"(CASE WHEN {name}_id IS NULL THEN 0 ELSE 1 END)" for name in RESOURCES) + " = 1",
            name="exactly_one_resource",
        ),
        CheckConstraint("(state = 'held') = (hold_expires_at IS NOT NULL)", name="hold_expires"),
        CheckConstraint(
            "state NOT IN ('booked', 'overbooked') OR appointment_id IS NOT NULL",
            name="booked_for_appointment",
        ),
        *(_busy_index(resource) for resource in RESOURCES),
    )


class Hold(ServiceOwned, Base):
    """A time that is kept for somebody while they type. Its claims are in the state `held`; it lapses by itself."""

    __tablename__ = "hold"

    # Who holds it: an actor's key, or `browser:` and a random text from the cookie. Nobody else may book it.
    owner: Mapped[str] = mapped_column(String(100), index=True)
    # Where it was asked from, so that one place cannot hold everything; "" for staff.
    address: Mapped[str] = mapped_column(String(64), default="", index=True)
    schedule_id: Mapped[UUID] = mapped_column(ForeignKey("schedule.id"))
    appointment_type_id: Mapped[UUID] = mapped_column(ForeignKey("appointment_type.id"))
    practitioner_id: Mapped[UUID | None] = mapped_column(ForeignKey("practitioner.id"))
    lane_id: Mapped[UUID | None] = mapped_column(ForeignKey("lane.id"))
    mode: Mapped[Mode] = mapped_column(stored_by_value(Mode))
    starts_at: Mapped[datetime] = mapped_column()
    ends_at: Mapped[datetime] = mapped_column()
    expires_at: Mapped[datetime] = mapped_column(index=True)
    # The appointment that is to be moved to this time.
    moves_appointment_id: Mapped[UUID | None] = mapped_column(ForeignKey("appointment.id"))
    created_at: Mapped[datetime] = mapped_column(default=now)
