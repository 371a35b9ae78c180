"""The audit trail says for whom and from where, and is sealed into a chain."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

# Plain SQL, not alembic's batch mode: that makes a new table on SQLite, without the triggers.
OUTCOME = "VARCHAR(40) DEFAULT 'done' NOT NULL CONSTRAINT ck_audit_event_event_outcome"
OUTCOMES = "CHECK (outcome IN ('done', 'refused'))"
COLUMNS = (
    ("patient_id", "{uuid}"),
    ("on_behalf_of", "{uuid}"),
    ("service_id", "{uuid}"),
    ("outcome", f"{OUTCOME} {OUTCOMES}"),
    ("address", "VARCHAR(45) DEFAULT '' NOT NULL"),
    ("request_id", "VARCHAR(32) DEFAULT '' NOT NULL"),
    ("session_id", "{uuid}"),
)


def upgrade() -> None:
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    uuid = "UUID" if is_postgresql else "CHAR(32)"
    for name, kind in COLUMNS:
        op.execute(f"ALTER TABLE audit_event ADD COLUMN {name} {kind.format(uuid=uuid)}")
    op.drop_index("ix_audit_event_organisation_id", table_name="audit_event")
    op.create_index("ix_audit_event_organisation", "audit_event", ["organisation_id", "recorded_at", "id"])
    op.create_index("ix_audit_event_patient", "audit_event", ["patient_id", "recorded_at"])
    op.create_index("ix_audit_event_actor", "audit_event", ["actor", "recorded_at"])
    op.create_index("ix_audit_event_recorded_at", "audit_event", ["recorded_at", "id"])
    op.create_table(
        "audit_seal",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("event_hash", sa.String(length=64), nullable=False),
        sa.Column("chain_hash", sa.String(length=64), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_audit_seal")),
        sa.UniqueConstraint("event_id", name=op.f("uq_audit_seal_event_id")),
    )
    if is_postgresql:
        _protect_on_postgresql("audit_seal")
    else:
        _protect_on_sqlite("audit_seal", ("sequence", "event_id", "rowid"))


def _protect_on_postgresql(table: str) -> None:
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def _protect_on_sqlite(table: str, keys: tuple[str, ...]) -> None:
    for moment in ("update", "delete"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{moment} BEFORE {moment.upper()} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, 'append_only: {moment} of {table} is refused'); END"
        )
    for number, key in enumerate(keys):
        op.execute(
            f"CREATE TRIGGER {table}_no_replace_{number} BEFORE INSERT ON {table} "
            f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key}) "
            f"BEGIN SELECT RAISE(ABORT, 'append_only: replacing in {table} is refused'); END"
        )
