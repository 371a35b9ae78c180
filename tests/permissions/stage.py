"""One person sends one errand; what came of it, what it changed, and what the audit trail says. Then all is undone."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import Table, select
from werkzeug.test import TestResponse

from telehealth.audit.models import AuditEvent
from telehealth.db import Base
from tests.permissions.outcomes import Outcome
from tests.permissions.people import Person
from tests.permissions.scene import COOKIE, Scene, cookie_with

STAFF_SIGN_IN, PATIENT_SIGN_IN = "/sign-in", "/my/sign-in"
# Written by requests that are refused, and meant to be.
NOT_COMPARED_TABLES = frozenset({"audit_event", "audit_seal", "sign_in_attempt"})
NOT_COMPARED_COLUMNS = frozenset({("browser_session", "last_seen_at")})

Form = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Errand:
    """A request with everything that makes it valid."""

    address: str
    # What is typed; a function where each person types something of their own.
    form: Form | Callable[[Person], Form] = field(default_factory=dict)
    json: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    # What this person's browser keeps from the pages before, besides the sign-in.
    kept: Callable[[Person], Mapping[str, Any]] | None = None
    # Where the answer leads; anything else is no success.
    leads_to: str = ""
    # A POST that only asks.
    only_reads: bool = False
    # What the refused form says to somebody for whom there is nothing: the same as of what does not exist.
    nothing: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    outcome: str
    changed: frozenset[str]
    # Of the audit trail, what was added: action and who.
    events: list[tuple[str, UUID | None]]
    response: TestResponse


@contextmanager
def undone(scene: Scene) -> Iterator[None]:
    """Whatever happens inside has never happened."""
    point = scene.connection.begin_nested()
    try:
        yield
    finally:
        point.rollback()


def send(scene: Scene, person: Person, method: str, errand: Errand) -> TestResponse:
    """The request as this person's browser sends it."""
    client = scene.app.test_client()
    kept = errand.kept(person) if errand.kept else {}
    client.set_cookie(COOKIE, cookie_with(scene, person.key, kept), domain="localhost")
    form = errand.form(person) if callable(errand.form) else errand.form
    content: dict[str, Any] = {}
    headers = dict(errand.headers)
    if errand.json is not None:
        content["json"] = errand.json
        headers["X-CSRFToken"] = scene.csrf_token
    elif method != "GET":
        content["data"] = {"csrf_token": scene.csrf_token, **form}
    return client.open(errand.address, method=method, headers=headers, **content)


def try_errand(scene: Scene, person: Person, method: str, errand: Errand, before: "Snapshot") -> Result:
    with undone(scene):
        told = _known_events(scene)
        response = send(scene, person, method, errand)
        changed = before.differs(Snapshot.take(scene))
        return Result(
            outcome=_outcome(method, errand, response, is_changed=bool(changed)),
            changed=changed,
            events=_events_since(scene, told),
            response=response,
        )


def _outcome(method: str, errand: Errand, response: TestResponse, *, is_changed: bool) -> str:
    """One of `Outcome`, or in words what else happened."""
    status, location = response.status_code, urlsplit(response.headers.get("Location", ""))
    if status == 404:
        return Outcome.NOT_FOUND
    if status == 401:
        return Outcome.SIGNED_OUT if response.is_json else "401 that is no JSON"
    if status == 303 and not _leads_on(errand, location.path):
        if location.path == STAFF_SIGN_IN:
            return Outcome.STAFF_SIGN_IN
        if location.path == PATIENT_SIGN_IN:
            return Outcome.PATIENT_SIGN_IN
        return f"303 to {location.path}"
    if status in (409, 422) and errand.nothing and errand.nothing in response.text:
        return Outcome.NOTHING_THERE
    if status not in (200, 201, 302, 303) or (status == 200 and errand.leads_to):
        return f"{status}"
    if method != "GET" and not errand.only_reads and not is_changed:
        return f"{status} that changed nothing"
    return Outcome.DONE


def _leads_on(errand: Errand, path: str) -> bool:
    return bool(errand.leads_to and re.fullmatch(errand.leads_to, path))


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The rows of all tables that a refused request must not change."""

    rows: Mapping[str, list[tuple[Any, ...]]]

    @classmethod
    def take(cls, scene: Scene) -> "Snapshot":
        return cls(
            {
                table.name: [tuple(row) for row in scene.connection.exec_driver_sql(text)]
                for table, text in _queries(scene)
            }
        )

    def differs(self, other: "Snapshot") -> frozenset[str]:
        return frozenset(name for name, rows in self.rows.items() if rows != other.rows[name])


_texts: dict[str, list[tuple[Table, str]]] = {}


def _queries(scene: Scene) -> list[tuple[Table, str]]:
    dialect = scene.connection.dialect
    if dialect.name not in _texts:
        _texts[dialect.name] = [
            (table, str(_query(table).compile(dialect=dialect)))
            for table in Base.metadata.sorted_tables
            if table.name not in NOT_COMPARED_TABLES
        ]
    return _texts[dialect.name]


def _query(table: Table) -> Any:
    columns = [column for column in table.columns if (table.name, column.name) not in NOT_COMPARED_COLUMNS]
    return select(*columns).order_by(*table.primary_key.columns)


def _known_events(scene: Scene) -> frozenset[UUID]:
    return frozenset(scene.connection.execute(select(AuditEvent.id)).scalars())


def _events_since(scene: Scene, known: frozenset[UUID]) -> list[tuple[str, UUID | None]]:
    rows = scene.connection.execute(select(AuditEvent.id, AuditEvent.action, AuditEvent.session_id))
    return [(row.action, row.session_id) for row in rows if row.id not in known]
