"""What comes past the product's code while it is attacked: holds that lapse early, and SQL that wants to overlap."""

import random
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.pool import NullPool

# Shorter than the second after which PostgreSQL looks for a deadlock: the intruder is no part of what is tested.
LOCK_WAIT = "50ms"
COPIED = (
    "organisation_id, practitioner_id, lane_id, patient_id, room_id, appointment_id, state, hold_token, "
    "hold_expires_at, version"
)


class Saboteur:
    """Does one thing again and again in a thread of its own, until it is told to stop."""

    def __init__(
        self, url: str, act: Callable[[Connection, random.Random], str], *, every_s: float, seed: int
    ) -> None:
        self._engine = _plain_engine(url)
        self._act, self._every_s, self._chance = act, every_s, random.Random(seed)
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        # What each act came to; the empty ones are left out.
        self.results: list[str] = []
        self.tries = 0
        self._thread.start()

    def stop(self) -> None:
        self._is_over.set()
        self._thread.join(30)
        self._engine.dispose()

    def _run(self) -> None:
        while not self._is_over.wait(self._every_s):
            try:
                with self._engine.connect() as connection:
                    result = self._act(connection, self._chance)
            except OperationalError:
                continue  # somebody else had the lock for too long: the next time
            self.tries += 1
            if result:
                self.results.append(result)


def let_lapse(connection: Connection, chance: random.Random) -> str:
    """Put the end of a hold into the past; returns its key. One row at a time, so that it waits with nothing in hand."""
    keys = connection.execute(text("SELECT id FROM hold")).scalars().all()
    connection.rollback()
    # Every other one is left alone: those must be there in the end.
    held = [key for key in keys if int(_hex(key), 16) % 2]
    if not held:
        return ""
    key = chance.choice(held)
    token = _hex(key)
    past = _stored(connection, datetime.now(UTC) - timedelta(seconds=1))
    _run_alone(connection, "UPDATE hold SET expires_at = :past WHERE id = :id", past=past, id=key)
    # Lapsed from here on, whatever becomes of its claims: nobody may count on it.
    with suppress(OperationalError):
        _let_claims_lapse(connection, token, past)
    return token


def _let_claims_lapse(connection: Connection, token: str, past: object) -> None:
    claims = connection.execute(
        text("SELECT id FROM claim WHERE hold_token = :token AND state = 'held'"), {"token": token}
    ).scalars()
    ids = list(claims)
    connection.rollback()
    for claim_id in ids:
        _run_alone(
            connection,
            "UPDATE claim SET hold_expires_at = :past WHERE id = :id AND state = 'held'",
            past=past,
            id=claim_id,
        )


def overlap(connection: Connection, chance: random.Random) -> str:
    """Insert a claim a few minutes beside a live one: the database must refuse. Returns what it did instead."""
    _begin(connection)
    live = connection.execute(text("SELECT id FROM claim WHERE state IN ('held', 'booked')")).scalars().all()
    is_sqlite = connection.dialect.name == "sqlite"
    if not live:
        connection.rollback()
        return ""
    key = chance.choice(live)
    # Locked, so that it stays what it is until the claim beside it was refused.
    lock = "" if is_sqlite else " FOR UPDATE"
    found = connection.execute(
        text(f"SELECT starts_at, ends_at FROM claim WHERE id = :id AND state IN ('held', 'booked'){lock}"),
        {"id": key},
    ).one_or_none()
    if found is None:
        connection.rollback()
        return ""
    starts_at, ends_at = _instant(found.starts_at), _instant(found.ends_at)
    # What is held for a move may be a piece of a few minutes: the overlap is at least one.
    most = (ends_at - starts_at) // timedelta(minutes=1) - 1
    shift = timedelta(minutes=chance.randint(-most, most))
    try:
        connection.execute(
            text(
                f"INSERT INTO claim (id, starts_at, ends_at, {COPIED}) "
                f"SELECT :new, :starts_at, :ends_at, {COPIED} FROM claim WHERE id = :id"
            ),
            {
                "new": uuid4().hex if is_sqlite else uuid4(),
                "id": key,
                "starts_at": _stored(connection, starts_at + shift),
                "ends_at": _stored(connection, ends_at + shift),
            },
        )
    except IntegrityError:
        return ""
    else:
        return f"a claim beside {key} by {shift} was let in"
    finally:
        connection.rollback()


def _begin(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_WAIT}'"))


def _run_alone(connection: Connection, statement: str, **values: object) -> None:
    _begin(connection)
    try:
        connection.execute(text(statement), values)
        connection.commit()
    except DBAPIError:
        connection.rollback()
        raise


def _plain_engine(url: str) -> Engine:
    """None of the product's settings, but that SQLite waits for its turn, and begins when it is told to."""
    options: dict[str, Any] = {"poolclass": NullPool}
    if url.startswith("sqlite"):
        options["connect_args"] = {"timeout": 2, "isolation_level": None}
    return create_engine(url, **options)


def _hex(key: object) -> str:
    return key.hex if isinstance(key, UUID) else str(key)


def _instant(value: object) -> datetime:
    if isinstance(value, datetime):
        return value
    return datetime.strptime(str(value), "%Y-%m-%d %H:%M:%S.%f").replace(tzinfo=UTC)


def _stored(connection: Connection, instant: datetime) -> object:
    if connection.dialect.name == "sqlite":
        return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    return instant
