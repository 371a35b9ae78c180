"""Change a table where SQLite cannot: make it anew from its own text, with the rows."""

from collections.abc import Mapping

import sqlalchemy as sa
from alembic import op


def add_reference(table: str, column: str, target: str) -> None:
    """By hand: both databases add a column with its foreign key in one statement, without a rebuilt table."""
    kind = sa.Uuid().compile(op.get_bind().dialect)
    op.execute(
        f"ALTER TABLE {table} ADD COLUMN {column} {kind} "
        f"CONSTRAINT fk_{table}_{column}_{target} REFERENCES {target} (id)"
    )


def rebuild_on_sqlite(table: str, replaced: Mapping[str, str]) -> None:
    """Make `table` anew with parts of its CREATE statement replaced; indexes stay, triggers do not.

    Raises ValueError where a part is not found: the table is not what the migration was written for.
    """
    connection = op.get_bind()
    made_by: str = connection.scalar(
        sa.text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :name"), {"name": table}
    )
    indexes = connection.scalars(
        sa.text(
            "SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = :name AND sql IS NOT NULL"
        ),
        {"name": table},
    ).all()
    old_columns = _columns(table)
    for part, instead in replaced.items():
        if part not in made_by:
            raise ValueError(f"{table} has no {part!r}")
        made_by = made_by.replace(part, instead)
    new = f"{table}_made_anew"
    for name in (f"CREATE TABLE {table} ", f'CREATE TABLE "{table}" '):
        made_by = made_by.replace(name, f"CREATE TABLE {new} ", 1)
    op.execute(made_by)
    kept = ", ".join(name for name in _columns(new) if name in old_columns)
    op.execute(f"INSERT INTO {new} ({kept}) SELECT {kept} FROM {table}")
    op.drop_table(table)
    op.rename_table(new, table)
    for index in indexes:
        op.execute(index)


def _columns(table: str) -> list[str]:
    rows = op.get_bind().execute(sa.text(f"SELECT name FROM pragma_table_info('{table}')"))
    return [name for (name,) in rows]
