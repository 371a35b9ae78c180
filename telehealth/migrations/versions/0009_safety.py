"""Restricted services, confidential appointments, and carers in links and consultations."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column(
        "healthcare_service",
        sa.Column("is_restricted", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.add_column(
        "appointment", sa.Column("is_confidential", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    _add_carer("join_link")
    _add_carer("encounter_participant")


def _add_carer(table: str) -> None:
    """By hand: both databases add a column with its foreign key in one statement, without a rebuilt table."""
    kind = sa.Uuid().compile(op.get_bind().dialect)
    op.execute(
        f"ALTER TABLE {table} ADD COLUMN related_person_id {kind} "
        f"CONSTRAINT fk_{table}_related_person_id_related_person REFERENCES related_person (id)"
    )
