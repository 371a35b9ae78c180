"""Indexes for the lists that reception works off: they are short, whatever the tables have become."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

IS_PENDING = sa.text("status = 'pending'")
IS_OPEN = sa.text("status IN ('pending', 'booked', 'arrived', 'checked-in')")


def upgrade() -> None:
    op.create_index(
        "ix_appointment_pending",
        "appointment",
        ["service_id", "starts_at"],
        sqlite_where=IS_PENDING,
        postgresql_where=IS_PENDING,
    )
    op.create_index(
        "ix_appointment_open",
        "appointment",
        ["service_id", "starts_at"],
        sqlite_where=IS_OPEN,
        postgresql_where=IS_OPEN,
    )
    op.create_index(
        "ix_patient_unverified",
        "patient",
        ["organisation_id"],
        sqlite_where=sa.text("is_verified IS 0"),
        postgresql_where=sa.text("is_verified IS false"),
    )
