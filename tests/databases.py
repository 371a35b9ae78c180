"""Pytest plugin: `--database sqlite|postgresql` chooses the store; each worker gets a copy of one migrated template."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from telehealth import migrations
from telehealth.db import make_engine
from tests.postgres import PostgresServer

TEMPLATE = "telehealth_template"
_server = pytest.StashKey[PostgresServer]()

CopyDatabase = Callable[[str], str]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database",
        choices=("sqlite", "postgresql"),
        default=os.environ.get("TELEHEALTH_TEST_DATABASE", "sqlite"),
        help="the store that the tests use (default: TELEHEALTH_TEST_DATABASE, else sqlite)",
    )


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


def pytest_sessionstart(session: pytest.Session) -> None:
    """One server for all workers: the controller starts it and migrates the template."""
    config = session.config
    if config.getoption("database") != "postgresql" or _is_worker(config) or config.option.collectonly:
        return
    server = PostgresServer.start()
    config.stash[_server] = server
    migrate(server.create(TEMPLATE))


def pytest_unconfigure(config: pytest.Config) -> None:
    server = config.stash.get(_server, None)
    if server is not None:
        server.stop()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    server = node.config.stash.get(_server, None)
    if server is not None:
        node.workerinput["postgres_folder"] = str(server.folder)


def migrate(url: str) -> None:
    engine = make_engine(url)
    try:
        migrations.upgrade(engine)
    finally:
        engine.dispose()


def older_database(url: str, revision: str) -> Engine:
    """The database of an earlier version, empty, in the place of the one that is there."""
    engine = make_engine(url)
    if engine.dialect.name == "sqlite":
        engine.dispose()
        file = Path(str(engine.url.database))
        for part in file.parent.glob(f"{file.name}*"):
            part.unlink()
    else:
        with engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
    migrations.upgrade(engine, revision)
    return engine


@pytest.fixture(scope="session")
def copy_database(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Iterator[CopyDatabase]:
    """A function: name -> URL of a fresh, migrated, empty database of this worker's own."""
    if pytestconfig.getoption("database") == "postgresql":
        yield from _copies_on_postgresql(pytestconfig, worker_id)
    else:
        yield _copier_of_files(tmp_path_factory.mktemp("databases"))


def _copier_of_files(folder: Path) -> CopyDatabase:
    template = folder / f"{TEMPLATE}.sqlite3"
    migrate(f"sqlite:///{template}")

    def copy(name: str) -> str:
        # The engine that migrated is disposed, so the write-ahead log is back in the file.
        path = Path(shutil.copyfile(template, folder / f"{name}.sqlite3"))
        return f"sqlite:///{path}"

    return copy


def _copies_on_postgresql(config: pytest.Config, worker_id: str) -> Iterator[CopyDatabase]:
    worker_input: dict[str, str] = getattr(config, "workerinput", {})
    folder = worker_input.get("postgres_folder")
    server = PostgresServer(Path(folder)) if folder else config.stash[_server]
    made: list[str] = []

    def copy(name: str) -> str:
        made.append(f"{worker_id}_{name}")
        return server.create(made[-1], template=TEMPLATE)

    yield copy
    for name in made:
        server.drop(name)
