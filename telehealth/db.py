"""The relational store: base class, column types, engine and the one transaction at the edge.

SQLite is the embedded default (one web process), PostgreSQL the store from two processes on.
"""

import enum
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import structlog
from sqlalchemy import (
    Date,
    DateTime,
    Dialect,
    Engine,
    Enum,
    MetaData,
    String,
    TypeDecorator,
    Uuid,
    create_engine,
    event,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

from telehealth.fair_queue import FairQueue
from telehealth.topics import take_topics

log = structlog.get_logger()

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
WRITER_WAIT_S = 10.0


class UtcDateTime(TypeDecorator[datetime]):
    """An instant. Aware in Python, UTC in the store; a naive value raises ValueError."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime cannot be stored: give it a time zone")
        instant = value.astimezone(UTC)
        return instant.replace(tzinfo=None) if dialect.name == "sqlite" else instant

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def stored_by_value(kind: type[enum.Enum], *, name: str | None = None) -> Enum:
    """A column type for an enumeration: stored as its FHIR code, checked by the database.

    `name` is the check's; two columns of one kind in a table need two (PostgreSQL).
    """
    return Enum(
        kind,
        native_enum=False,
        create_constraint=True,
        length=40,
        name=name or "".join("_" + c.lower() if c.isupper() else c for c in kind.__name__).lstrip("_"),
        values_callable=lambda members: [member.value for member in members],
    )


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map = {datetime: UtcDateTime, date: Date, UUID: Uuid, str: String}


class Keyed:
    """A row with a random UUID as its key."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4, sort_order=-10)


def make_engine(url: str) -> Engine:
    """An engine with the pool and, on SQLite, the transaction handling that the services rely on.

    Its errors hide the parameters: they hold clinical text, and errors are logged.
    """
    if url.startswith("sqlite"):
        engine = create_engine(url, pool_size=16, max_overflow=48, pool_timeout=10, hide_parameters=True)
        event.listen(engine, "connect", _prepare_sqlite_connection)
        event.listen(engine, "begin", _begin_sqlite_transaction)
        return engine
    return create_engine(
        url, pool_size=8, max_overflow=8, pool_timeout=10, pool_pre_ping=True, hide_parameters=True
    )


def _prepare_sqlite_connection(connection: Any, _record: object) -> None:
    # The driver's own BEGIN comes too late (after the first read) and breaks savepoints: we say it ourselves.
    connection.isolation_level = None
    # FULL: what was acknowledged survives a power cut, not only a killed process; it costs a tenth of a millisecond.
    for pragma in ("journal_mode=WAL", "busy_timeout=5000", "foreign_keys=ON", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite_transaction(connection: Any) -> None:
    # A writer that starts with a read and upgrades later fails at once with "locked", ignoring the timeout.
    is_writer = connection.get_execution_options().get("is_writer", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writer else "BEGIN")


class Database:
    """Hands out sessions. `after_commit` listeners get the topics that a committed change touched."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.after_commit: list[Callable[[frozenset[str]], None]] = []
        writer = engine.execution_options(is_writer=True)
        self._write = sessionmaker(writer, expire_on_commit=False)
        self._read = sessionmaker(engine, expire_on_commit=False)
        # SQLite's busy handler is unfair and starves single writers for seconds: we queue them ourselves.
        self._queue = FairQueue(wait_s=WRITER_WAIT_S) if engine.dialect.name == "sqlite" else None

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """One unit of work: commits once when the block ends, rolls back when it raises."""
        turn = self._queue.turn() if self._queue else nullcontext()
        with turn, self._write() as session, session.begin():
            yield session
            topics = take_topics(session)
        # Only now, outside the outer commit: a page that is told earlier would read the old state.
        for listener in self.after_commit if topics else ():
            try:
                listener(topics)
            except Exception:
                # The change is saved, so its author must not hear otherwise; pages ask again when they reconnect.
                log.exception("pages-not-told")

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session for reads only; what it wrote would be gone. What it loaded stays readable afterwards."""
        with self._read() as session:
            yield session

    def update_statistics(self) -> None:
        """Let SQLite look at how its tables are filled: without it, some queries read a whole organisation.

        Some milliseconds, however large the tables are. PostgreSQL does this by itself.
        """
        if self.engine.dialect.name != "sqlite":
            return
        with self.transaction() as session:
            for statement in ("PRAGMA analysis_limit=400", "ANALYZE"):
                session.execute(text(statement))
