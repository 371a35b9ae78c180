"""Indexes that say all that a search or a day sheet asks, and none that leads to every row there is.

When somebody is busy stands in the index of their claims. Most rows are of one organisation: an index of that is
the slowest way to find anything, and SQLite took it. Those of a service or a clinician alone are the start of others.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

RESOURCES = ("practitioner", "lane", "patient", "room")


def upgrade() -> None:
    for resource in RESOURCES:
        is_its_own = sa.text(f"{resource}_id IS NOT NULL")
        op.drop_index(f"ix_claim_{resource}", "claim")
        op.create_index(
            f"ix_claim_{resource}",
            "claim",
            [f"{resource}_id", "starts_at", "ends_at", "state", "hold_expires_at"],
            sqlite_where=is_its_own,
            postgresql_where=is_its_own,
        )
    op.drop_index("ix_claim_organisation_id", "claim")
    for column in ("organisation_id", "service_id", "practitioner_id"):
        op.drop_index(f"ix_appointment_{column}", "appointment")
