"""Whoever registered themselves twice is found by the NHS number that they typed."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    is_claimed = sa.text("claimed_nhs_number IS NOT NULL")
    op.create_index(
        "ix_patient_claimed_nhs_number",
        "patient",
        ["organisation_id", "claimed_nhs_number"],
        sqlite_where=is_claimed,
        postgresql_where=is_claimed,
    )
