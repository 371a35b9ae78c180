"""A key or a time with a NUL behind it is no key and no time.

SQLite's `length` and GLOB, by which `claim_format` looks (migration 0014), stop at it; as a value it is another one,
and would clash with nothing. PostgreSQL knows neither.
"""

from alembic import op

revision = "0018"
down_revision = "0017"

KEYS = ("id", "practitioner_id", "lane_id", "patient_id", "room_id")
TIMES = ("starts_at", "ends_at", "hold_expires_at")
KEY_BYTES, TIME_BYTES = 32, 26


def upgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        return
    is_too_long = " OR ".join(
        f"length(CAST(NEW.{column} AS BLOB)) > {most}"
        for columns, most in ((KEYS, KEY_BYTES), (TIMES, TIME_BYTES))
        for column in columns
    )
    for moment in ("insert", "update"):
        op.execute(
            f"CREATE TRIGGER claim_bytes_{moment} BEFORE {moment.upper()} ON claim "
            f"WHEN {is_too_long} BEGIN SELECT RAISE(ABORT, 'claim_format'); END"
        )
