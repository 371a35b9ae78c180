"""All that tells when somebody is busy stands in the index: a search need not look up each claim's row."""

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
