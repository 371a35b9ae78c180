"""The migrations make exactly the tables that the models describe, on the store under test."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

import telehealth.tables  # noqa: F401 - registers every model
from telehealth import migrations
from telehealth.db import Base, make_engine

pytestmark = pytest.mark.service

NAMES_OF_RULES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": (
        "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
        " UNION SELECT conname FROM pg_constraint WHERE contype = 'x'"
    ),
}
RESOURCES = ("practitioner", "lane", "patient", "room")
APPEND_ONLY = ("appointment_history", "audit_event", "audit_seal", "note_version", "note_version_section")
RULES = {
    "sqlite": {
        *(f"claim_overlap_{resource}_{moment}" for resource in RESOURCES for moment in ("insert", "update")),
        *(f"claim_{what}_{moment}" for what in ("format", "bytes") for moment in ("insert", "update")),
        *(f"{table}_no_{moment}" for table in APPEND_ONLY for moment in ("update", "delete", "replace_0")),
    },
    "postgresql": {
        *(f"ex_claim_overlap_{resource}" for resource in RESOURCES),
        *(f"{table}_{what}" for table in APPEND_ONLY for what in ("append_only", "no_truncate")),
    },
}


def rules(engine: Engine) -> set[str]:
    """The triggers and exclusion constraints that are in the database."""
    with engine.connect() as connection:
        return set(connection.scalars(text(NAMES_OF_RULES[engine.dialect.name])))


def scripts() -> ScriptDirectory:
    return ScriptDirectory(Path(migrations.__file__).parent)


def test_there_is_one_line_of_migrations() -> None:
    assert len(scripts().get_heads()) == 1


def test_the_migrated_database_is_what_the_models_say(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, Base.metadata) == []


def test_migrating_twice_changes_nothing(own_database_url: str) -> None:
    engine = make_engine(own_database_url)
    before = rules(engine)
    migrations.upgrade(engine)
    assert rules(engine) == before
    assert migrations.is_current(engine)
    engine.dispose()


def test_the_rules_that_live_in_the_database_are_there_after_migrating(engine: Engine) -> None:
    """Alembic's batch mode drops triggers without a word."""
    assert RULES[engine.dialect.name] - rules(engine) == set()
