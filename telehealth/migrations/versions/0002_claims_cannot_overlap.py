"""The database itself refuses two overlapping live claims of a clinician or a patient.

PostgreSQL: exclusion constraints. SQLite: triggers that do the same test, and checks that fix the stored
format of the times, because the triggers compare text. Alembic's batch mode drops triggers: a test lists
them after every migration.
"""

from alembic import op

revision = "0002"
down_revision = "0001"

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


def _refuse_on_sqlite() -> None:
    for moment, old_row in (("insert", ""), ("update", "AND other.id <> OLD.id")):
        op.execute(
            f"""
            CREATE TRIGGER claim_format_{moment} BEFORE {moment.upper()} ON claim
            WHEN NEW.starts_at NOT GLOB '{STORED_TIME}' OR NEW.ends_at NOT GLOB '{STORED_TIME}'
              OR typeof(NEW.starts_at) <> 'text' OR typeof(NEW.ends_at) <> 'text'
              OR julianday(NEW.starts_at) IS NULL OR julianday(NEW.ends_at) IS NULL
              OR length(NEW.id) <> 32 OR NEW.id <> lower(NEW.id)
            BEGIN SELECT RAISE(ABORT, 'claim_format'); END
            """
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
