"""What every test may ask for: settings, a database that is rolled back, the application, a browser-like client."""

from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import cast as cast_type

import pytest
import structlog
from flask import Flask
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session

from telehealth.accounts.services import password as passwords
from telehealth.app import create_app
from telehealth.config import Config
from telehealth.db import Database, make_engine
from telehealth.sealing import install
from tests import factories
from tests.keys import KEY_RING
from tests.page_checks import CheckedClient

pytest_plugins = ["tests.clock", "tests.databases"]

CopyDatabase = Callable[[str], str]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A missing tool must fail the run: a skipped test would prove nothing and look green."""
    report = yield
    if report.skipped:
        report.outcome = "failed"
        report.longrepr = f"skipped, which no test may be: {report.longrepr}"
    return report


@pytest.fixture(scope="session", autouse=True)
def _plain_logs() -> None:
    """As the service itself logs: without local variables, whose values may need a database that is not there."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["event"]),
        ]
    )


@pytest.fixture(scope="session", autouse=True)
def _key_ring() -> None:
    install(KEY_RING)


@pytest.fixture(scope="session", autouse=True)
def _cheap_hashes() -> Iterator[None]:
    """The same algorithm with the least memory and time; what the service itself uses has a test of its own."""
    cheap = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", cheap)
        patch.setattr(passwords, "_NOBODY", cheap.hash("nobody has this password"))
        yield


@pytest.fixture(scope="session")
def database_url(copy_database: CopyDatabase) -> str:
    """The database that tests share: what they write is rolled back."""
    return copy_database("shared")


@pytest.fixture
def own_database_url(copy_database: CopyDatabase) -> str:
    """A migrated, empty database for this test alone: for tests that commit or use several connections."""
    return copy_database("own")


@pytest.fixture(scope="session")
def engine(database_url: str) -> Iterator[Engine]:
    made = make_engine(database_url)
    yield made
    made.dispose()


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    """One connection whose outer transaction is never committed."""
    with engine.connect().execution_options(is_writer=True) as made:
        outer = made.begin()
        # Sessions that join a connection inside a savepoint make savepoints of their own: a commit in the
        # code under test then ends a savepoint, and the roll back here undoes it all the same.
        made.begin_nested()
        yield made
        outer.rollback()


@pytest.fixture
def session(connection: Connection) -> Iterator[Session]:
    """What is added here is seen by `client` too: both use one connection."""
    with Session(connection, expire_on_commit=False) as made:
        yield made


@pytest.fixture
def cast(session: Session) -> factories.Cast:
    """The standing cast: two organisations with a service, staff, patients and strangers to all of them."""
    made = factories.make_cast(session)
    session.commit()
    return made


@pytest.fixture
def own_database(own_database_url: str) -> Iterator[Database]:
    """A database of this test's own, for tests that commit."""
    made = Database(make_engine(own_database_url))
    yield made
    made.engine.dispose()


@pytest.fixture
def own_app(own_database_url: str, tmp_path: Path) -> Iterator[Flask]:
    """An application that commits, on `own_database`: for sockets, and for people who act at the same moment."""
    application = create_app(make_config(tmp_path, own_database_url))
    application.testing = True
    application.test_client_class = CheckedClient
    yield application
    application.extensions["telehealth.database"].engine.dispose()


@pytest.fixture(scope="session")
def config(tmp_path_factory: pytest.TempPathFactory, database_url: str) -> Config:
    return make_config(tmp_path_factory.mktemp("instance"), database_url)


def make_config(instance_path: Path, database_url: str) -> Config:
    return Config(
        instance_path=instance_path,
        database_url=database_url,
        secret_key="only for tests: 0123456789 abcdefghijklmnop",
        base_url="http://localhost:5000",
        key_ring=KEY_RING,
        service_name="Online consultations",
    )


@pytest.fixture(scope="session")
def application(config: Config) -> Flask:
    """The application on the real database: for what writes nothing."""
    made = create_app(config)
    made.testing = True
    return made


@pytest.fixture
def app(application: Flask, connection: Connection) -> Iterator[Flask]:
    """The application, whose transactions end in this test's connection."""
    real: Database = application.extensions["telehealth.database"]
    # A session maker takes a connection as well as an engine; what only looks at the store gets the engine.
    rolled_back = Database(cast_type("Engine", connection))
    rolled_back.engine = connection.engine
    rolled_back.after_commit = real.after_commit
    application.extensions["telehealth.database"] = rolled_back
    config = dict(application.config)
    yield application
    # What a test set is not the next one's.
    application.config.clear()
    application.config.update(config)
    application.extensions["telehealth.database"] = real


@pytest.fixture
def client(app: Flask) -> CheckedClient:
    """A client that checks the HTML of every page it gets, and fills in the CSRF token of the forms it posts."""
    app.test_client_class = CheckedClient
    made = app.test_client()
    assert isinstance(made, CheckedClient)
    # Not as a context: it would keep the last request's `g`, and hand it to the requests of other clients.
    return made
