"""The same rows by the driver alone: what no program on this database could be faster than."""

import re
import sqlite3
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import uuid4

import psycopg
from sqlalchemy import make_url

from benchmarks.prepared import Facts

Statement = tuple[str, dict[str, Any]]
_SAMPLE = "SELECT organisation_id, service_id, practitioner_id, appointment_type_id, patient_id FROM appointment LIMIT 1"
_CLAIMS = "SELECT practitioner_id, starts_at, ends_at FROM claim WHERE starts_at >= :begin AND "
_OF_ONE = _CLAIMS + "practitioner_id = :practitioner_id AND starts_at < :month"
_OF_ALL = _CLAIMS + "practitioner_id IS NOT NULL AND starts_at < :quarter"
_COLUMNS = {
    "appointment": "id organisation_id service_id reference practitioner_id appointment_type_id patient_id status mode "
    "starts_at ends_at is_confidential is_overbooked interpreter_language version created_at",
    "claim": "id organisation_id practitioner_id patient_id appointment_id starts_at ends_at state version",
    "appointment_history": "id organisation_id appointment_id version change status starts_at ends_at practitioner_id "
    "changed_at changed_by reason",
}


def measure(url: str, facts: Facts, times: int) -> dict[str, list[float]]:
    """Milliseconds of each: two searches and a booking."""
    run, close = _connect(url)
    begins = datetime.fromisoformat(facts.monday).replace(tzinfo=UTC)
    names = ("organisation_id", "service_id", "practitioner_id", "appointment_type_id", "patient_id")
    sample = dict(zip(names, run([(_SAMPLE, {})])[0], strict=True))
    span = {
        "begin": _stored(begins),
        "month": _stored(begins + timedelta(days=28)),
        "quarter": _stored(begins + timedelta(days=84)),
    }
    hours = count()
    try:
        return {
            "claims of 1 clinician x 4 weeks": _time(times, lambda: run([(_OF_ONE, {**sample, **span})])),
            "claims of 40 clinicians x 12 weeks": _time(times // 3, lambda: run([(_OF_ALL, span)])),
            "the rows of a booking": _time(
                times, lambda: run(_booking(sample, begins + timedelta(days=400, hours=next(hours))))
            ),
        }
    finally:
        close()


def _booking(sample: dict[str, Any], starts_at: datetime) -> list[Statement]:
    key, stored = (
        uuid4().hex,
        {"starts_at": _stored(starts_at), "ends_at": _stored(starts_at + timedelta(hours=1))},
    )
    common = {
        **sample,
        **stored,
        "appointment_id": key,
        "reference": key[:12],
        "status": "booked",
        "state": "booked",
        "mode": "video",
        "change": "booked",
        "is_confidential": "0",
        "is_overbooked": "0",
        "interpreter_language": "",
        "version": "1",
        "created_at": stored["starts_at"],
        "changed_at": stored["starts_at"],
        "changed_by": "bench",
        "reason": "",
    }
    return [
        _insert("appointment", {**common, "id": key}),
        _insert("claim", {**common, "id": uuid4().hex, "patient_id": None}),
        _insert("claim", {**common, "id": uuid4().hex, "practitioner_id": None}),
        _insert("appointment_history", {**common, "id": uuid4().hex}),
    ]


def _insert(table: str, values: dict[str, Any]) -> Statement:
    columns = _COLUMNS[table].split()
    marks = ", ".join(f":{column}" for column in columns)
    statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608
    return statement, {column: values[column] for column in columns}


def _connect(url: str) -> tuple[Callable[[Sequence[Statement]], list[Any]], Callable[[], None]]:
    """A function that runs statements in one transaction, and one that closes the connection."""
    if url.startswith("sqlite"):
        lite = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            lite.execute(f"PRAGMA {pragma}")

        def run_lite(statements: Sequence[Statement]) -> list[Any]:
            lite.execute("BEGIN IMMEDIATE" if len(statements) > 1 else "BEGIN")
            found = [lite.execute(statement, values).fetchall() for statement, values in statements]
            lite.execute("COMMIT")
            return found[0]

        return run_lite, lite.close
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    server = psycopg.connect(plain)
    server.execute("SET TIME ZONE 'UTC'")
    server.commit()

    def run_server(statements: Sequence[Statement]) -> list[Any]:
        found = []
        for statement, values in statements:
            told = server.execute(re.sub(r":(\w+)", r"%(\1)s", statement).encode(), values)
            found.append(told.fetchall() if told.description else [])
        server.commit()
        return found[0]

    return run_server, server.close


def _time(times: int, act: Callable[[], object]) -> list[float]:
    act()
    spent = []
    for _ in range(times):
        began_s = time.perf_counter()
        act()
        spent.append((time.perf_counter() - began_s) * 1000)
    return spent


def _stored(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%d %H:%M:%S.%f")
