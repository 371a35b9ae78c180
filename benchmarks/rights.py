"""What it costs to know who asks, whether they may, and to remember that they did: CPU and queries of one page."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import structlog
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from benchmarks.figures import Figure
from telehealth import migrations
from telehealth.accounts.policies import CLINICIAN
from telehealth.app import create_app
from telehealth.audit.services import record_event
from telehealth.db import Database, make_engine
from telehealth.extensions import actor, transaction
from telehealth.guards import ANYONE, guarded
from tests.conftest import make_config
from tests.factories import make_cast, sign_in

PAGES = 300
ROUNDS = 7


@guarded(ANYONE)
def plain() -> str:
    return "ok"


@guarded(CLINICIAN)
def watched() -> str:
    """The least that a clinical page does before it shows anything."""
    with transaction() as session:
        record_event(session, actor(), "bench.read", subject_kind="patient", subject_id=None)
    return "ok"


def measure() -> list[Figure]:
    # Lines are made as ever, and written nowhere: thousands of them would hide the figures.
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    with tempfile.TemporaryDirectory() as folder:
        app = _make_app(Path(folder))
        database: Database = app.extensions["telehealth.database"]
        with database.transaction() as session:
            clinician = make_cast(session).clinician
        client = app.test_client()
        sign_in(client, clinician)
        stranger = app.test_client()
        client.get("/bench/watched")
        with _counted(database) as queries:
            client.get("/bench/watched")
        # Both kinds in turn, so that a busy machine is as busy for the one as for the other.
        costs = [_cpu_ms(client, "/bench/watched") - _cpu_ms(stranger, "/bench/plain") for _ in range(ROUNDS)]
        database.engine.dispose()
    return [
        Figure("a page's sign-in, rights and audit: CPU, median of 7 x 300 pages", median(costs), 2, "ms"),
        Figure("a page's sign-in, rights and audit: queries", len(queries), 3, ""),
    ]


def _make_app(folder: Path) -> Flask:
    url = f"sqlite:///{folder / 'bench.sqlite3'}"
    engine = make_engine(url)
    migrations.upgrade(engine)
    engine.dispose()
    app = create_app(make_config(folder, url))
    app.add_url_rule("/bench/plain", view_func=plain)
    app.add_url_rule("/bench/watched", view_func=watched)
    return app


def _cpu_ms(client: FlaskClient, address: str) -> float:
    """Of one page, all threads of this process together."""
    began_s = time.process_time()
    for _ in range(PAGES):
        answer = client.get(address)
        assert answer.status_code == 200, answer.status
    return (time.process_time() - began_s) * 1000 / PAGES


@contextmanager
def _counted(database: Database) -> Iterator[list[str]]:
    """The statements that run inside the block, without BEGIN and COMMIT."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA")):
            statements.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
