"""Signed notes, the audit trail and appointment history only grow: the database refuses every change of a row.

INSERT over an existing key is refused too, because SQLite's INSERT OR REPLACE deletes without a DELETE trigger.
"""

from alembic import op

revision = "0005"
down_revision = "0004"

# Table, and the columns that may not occur twice.
APPEND_ONLY = (
    ("audit_event", ("id",)),
    ("appointment_history", ("id", "appointment_id, version")),
    ("note_version", ("id", "note_id, number")),
    ("note_version_section", ("id", "version_id, code")),
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            """
            CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION 'append_only: % of % is refused', TG_OP, TG_TABLE_NAME
                USING ERRCODE = 'integrity_constraint_violation'; END $$
            """
        )
    for table, keys in APPEND_ONLY:
        if op.get_bind().dialect.name == "postgresql":
            _protect_on_postgresql(table)
        else:
            _protect_on_sqlite(table, keys)


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
        same = " AND ".join(f"{column} = NEW.{column}" for column in key.split(", "))
        if key == "id":
            same += " OR rowid = NEW.rowid"  # replacing by SQLite's own row number
        op.execute(
            f"CREATE TRIGGER {table}_no_replace_{number} BEFORE INSERT ON {table} "
            f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) "
            f"BEGIN SELECT RAISE(ABORT, 'append_only: replacing in {table} is refused'); END"
        )
