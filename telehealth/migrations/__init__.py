"""Schema migrations: numbered, forward only, expand then contract; each runs on SQLite and PostgreSQL."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine


class SchemaBroken(Exception):
    """A migration would leave rows that point at nothing; it was rolled back."""


def _alembic_config() -> Config:
    alembic_config = Config()
    alembic_config.set_main_option("script_location", str(Path(__file__).parent))
    return alembic_config


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the schema to the newest version, in one transaction."""
    alembic_config = _alembic_config()
    with engine.execution_options(is_writer=True).connect() as connection:
        _switch_foreign_keys(connection, is_on=False)
        try:
            with connection.begin():
                alembic_config.attributes["connection"] = connection
                command.upgrade(alembic_config, revision)
                _check_foreign_keys(connection)
        finally:
            _switch_foreign_keys(connection, is_on=True)


def _switch_foreign_keys(connection: Connection, *, is_on: bool) -> None:
    """SQLite rebuilds a table by dropping the old one, which foreign keys would take for deleting its rows.

    Past SQLAlchemy: inside a transaction the setting does nothing, and any statement of its begins one.
    """
    driver_connection = connection.connection.driver_connection
    if connection.dialect.name == "sqlite" and driver_connection is not None:
        driver_connection.execute(f"PRAGMA foreign_keys={'ON' if is_on else 'OFF'}")


def _check_foreign_keys(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if broken:
        raise SchemaBroken(f"Rows of {sorted({row[0] for row in broken})} would point at nothing.")


def is_current(engine: Engine) -> bool:
    """True where the schema is the one that this code was written for."""
    newest = ScriptDirectory.from_config(_alembic_config()).get_current_head()
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() == newest
