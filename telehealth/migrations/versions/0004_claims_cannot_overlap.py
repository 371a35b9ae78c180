"""The database itself refuses two overlapping live claims of a clinician or a patient.

PostgreSQL: exclusion constraints. SQLite: triggers that do the same test, and checks that fix the stored
format of the times, because the triggers compare text. Alembic's batch mode drops triggers: a test lists
them after every migration.
"""

from alembic import op

revision = "0004"
down_revision = "0003"

RESOURCES = ("practitioner", "patient")
LIVE = "('held', 'booked')"
# What the driver writes, for example 2027-01-12 14:30:00.000000
STORED_TIME = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9] [0-9][0-9]:[0-9][0-9]:[0-9][0-9]." + "[0-9]" * 6


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _exclude_on_postgresql()
    else:
        _refuse_on_sqlite()


def _exclude_on_postgresql() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    for resource in RESOURCES:
        op.execute(
            f"ALTER TABLE claim ADD CONSTRAINT ex_claim_overlap_{resource} EXCLUDE USING gist "
            f"({resource}_id WITH =, tstzrange(starts_at, ends_at) WITH &&) "
            f"WHERE (state IN {LIVE} AND {resource}_id IS NOT NULL)"
        )


def _is_stored_time(column: str) -> str:
    """SQL that is 1 for a real instant in the stored format: 30 February or 24:00 would compare, and not be read."""
    second = f"substr({column}, 1, 19)"
    return (
        f"typeof({column}) = 'text' AND {column} GLOB '{STORED_TIME}' "
        f"AND {column} >= '0001' AND strftime('%Y-%m-%d %H:%M:%S', {second}, '+0 days') IS {second}"
    )


def _is_stored_key(column: str) -> str:
    """SQL that is 1 for a key as the driver writes it: another spelling of a clinician would not clash."""
    return f"typeof({column}) = 'text' AND length({column}) = 32 AND {column} NOT GLOB '*[^0-9a-f]*'"


def _refuse_on_sqlite() -> None:
    times, keys = ("starts_at", "ends_at"), ("practitioner_id", "patient_id")
    is_sound = " AND ".join(
        (
            _is_stored_key("NEW.id"),
            *(_is_stored_time(f"NEW.{time}") for time in times),
            *(f"(NEW.{key} IS NULL OR {_is_stored_key(f'NEW.{key}')})" for key in keys),
            f"(NEW.hold_expires_at IS NULL OR {_is_stored_time('NEW.hold_expires_at')})",
        )
    )
    for moment, old_row in (("insert", ""), ("update", "AND other.id <> OLD.id")):
        op.execute(
            f"CREATE TRIGGER claim_format_{moment} BEFORE {moment.upper()} ON claim "
            f"WHEN ({is_sound}) IS NOT 1 BEGIN SELECT RAISE(ABORT, 'claim_format'); END"
        )
        for resource in RESOURCES:
            op.execute(
                f"""
                CREATE TRIGGER claim_overlap_{resource}_{moment} BEFORE {moment.upper()} ON claim
                WHEN NEW.state IN {LIVE} AND NEW.{resource}_id IS NOT NULL AND EXISTS (
                    SELECT 1 FROM claim AS other
                    WHERE other.{resource}_id = NEW.{resource}_id AND other.state IN {LIVE} {old_row}
                      AND other.starts_at < NEW.ends_at AND other.ends_at > NEW.starts_at)
                BEGIN SELECT RAISE(ABORT, 'claim_overlap_{resource}'); END
                """
            )
