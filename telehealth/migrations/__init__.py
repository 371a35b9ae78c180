"""Schema migrations: numbered, forward only, expand then contract; each runs on SQLite and PostgreSQL."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine


def _alembic_config() -> Config:
    alembic_config = Config()
    alembic_config.set_main_option("script_location", str(Path(__file__).parent))
    return alembic_config


def upgrade(engine: Engine) -> None:
    """Bring the schema to the newest version, in one transaction."""
    alembic_config = _alembic_config()
    writer = engine.execution_options(is_writer=True)
    with writer.begin() as connection:
        alembic_config.attributes["connection"] = connection
        command.upgrade(alembic_config, "head")


def is_current(engine: Engine) -> bool:
    """True where the schema is the one that this code was written for."""
    newest = ScriptDirectory.from_config(_alembic_config()).get_current_head()
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() == newest
