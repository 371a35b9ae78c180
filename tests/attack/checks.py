"""What must be true of the tables after an attack: read with SQL of its own, by nothing of the product's code.

Each check takes the `Tables` (and what was acknowledged) and returns the violations that it found, in words.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

RESOURCES = ("practitioner", "lane", "patient", "room")
LIVE = ("held", "booked")
OVER = ("cancelled", "entered-in-error")
UNSEEN = ("cancelled", "noshow")
# What a change may make of an appointment that was in one of these states before; None: it is the first row.
EXPLAINS: Mapping[str, tuple[tuple[str | None, ...], str | None]] = {
    "booked": ((None,), "booked"),
    "asked": ((None,), "pending"),
    "overbooked": ((None,), "booked"),
    "confirmed": (("pending",), "booked"),
    "moved": (("booked", "pending"), None),
    "taken": (("booked", "arrived"), None),
    "cancelled": (("booked", "pending", "arrived", "checked-in"), "cancelled"),
    "noshow": (("booked", "arrived"), "noshow"),
    "noshow-undone": (("noshow",), "booked"),
    "details": (("booked", "pending", "arrived"), None),
}

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Tables:
    """The rows that the checks compare; keys as 32 hexadecimal digits, instants aware, read at `read_at`."""

    read_at: datetime
    appointments: Mapping[str, Row]
    claims: Sequence[Row]
    holds: Mapping[str, Row]
    history: Sequence[Row]
    follow_ups: Sequence[Row]
    types: Mapping[str, Row]
    overlaps: Sequence[str]


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What clients were told and wrote down before they went on; see `journal`."""

    # The mark of a form that was sent -> the appointments that its answers named.
    booked: Mapping[str, frozenset[str]] = field(default_factory=dict)
    # The marks of forms that were answered with a booking, without its key.
    booked_own: frozenset[str] = frozenset()
    # The marks of series that were sent -> how many dates each asked for; and of those that were answered as booked.
    series: Mapping[str, int] = field(default_factory=dict)
    booked_series: frozenset[str] = frozenset()
    # (appointment, start, version that the form showed)
    moved: Sequence[tuple[str, datetime, int]] = ()
    cancelled: frozenset[str] = frozenset()
    # Holds that somebody was given, and then neither used nor gave back, and that nobody made lapse.
    held: frozenset[str] = frozenset()
    # The marks of all forms that were sent, answered or not.
    sent: frozenset[str] = frozenset()


def read_tables(connection: Connection, read_at: datetime) -> Tables:
    return Tables(
        read_at=read_at,
        appointments={row["id"]: row for row in _read(connection, "appointment")},
        claims=_read(connection, "claim"),
        holds={row["id"]: row for row in _read(connection, "hold")},
        history=_read(connection, "appointment_history"),
        follow_ups=_read(connection, "follow_up_request"),
        types={row["id"]: row for row in _read(connection, "appointment_type")},
        overlaps=[found for resource in RESOURCES for found in _overlaps(connection, resource)],
    )


def _read(connection: Connection, table: str) -> list[Row]:
    rows = connection.execute(text(f"SELECT * FROM {table}")).mappings()
    return [{name: _plain(name, value) for name, value in row.items()} for row in rows]


def _plain(name: str, value: Any) -> Any:
    """SQLite and PostgreSQL hand out the same."""
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if name.endswith("_at") and isinstance(value, str):
        return datetime.strptime(value, "%Y-%m-%d %H:%M:%S.%f").replace(tzinfo=UTC)
    return value


def _overlaps(connection: Connection, resource: str) -> list[str]:
    rows = connection.execute(
        text(
            f"SELECT one.id AS first, two.id AS second FROM claim one JOIN claim two "
            f"ON one.{resource}_id = two.{resource}_id AND one.id < two.id "
            "AND one.starts_at < two.ends_at AND two.starts_at < one.ends_at "
            "WHERE one.state IN ('held', 'booked') AND two.state IN ('held', 'booked')"
        )
    )
    return [f"two live claims of a {resource} overlap: {first}, {second}" for first, second in rows]


def check_overlaps(tables: Tables, _told: Acknowledged) -> list[str]:
    return list(tables.overlaps)


def check_claims(tables: Tables, _told: Acknowledged) -> list[str]:
    """An appointment has exactly the claims that it needs; a cancelled one has none."""
    own = defaultdict[str, Counter[tuple[Any, ...]]](Counter)
    for claim in tables.claims:
        if claim["state"] in ("booked", "overbooked"):
            own[claim["appointment_id"]][_as_need(claim)] += 1
    found = []
    for key, appointment in tables.appointments.items():
        wanted = Counter() if appointment["status"] in OVER else Counter(_needs(tables, appointment))
        found += [
            f"appointment {key} ({appointment['status']}) {what}: {need}"
            for what, needs in (
                ("has a claim too many", own[key] - wanted),
                ("lacks a claim", wanted - own[key]),
            )
            for need in needs.elements()
        ]
    return found


def check_holds(tables: Tables, told: Acknowledged) -> list[str]:
    """A hold that has not lapsed keeps its time, and no time is kept by nobody."""
    by_hold = defaultdict[str, list[Row]](list)
    for claim in tables.claims:
        if claim["state"] == "held" and claim["hold_expires_at"] > tables.read_at:
            by_hold[claim["hold_token"]].append(claim)
    found = [f"claims are held for no hold: {token}" for token in by_hold if token not in tables.holds]
    for key, hold in tables.holds.items():
        if hold["expires_at"] > tables.read_at and hold["moves_appointment_id"] is None:
            kept = Counter(
                _as_need(claim) for claim in by_hold[key] if claim["practitioner_id"] or claim["lane_id"]
            )
            wanted = Counter(
                _needs(tables, {**hold, "patient_id": None, "room_id": None, "is_overbooked": False})
            )
            if kept != Counter({(*need[:-1], "held"): number for need, number in wanted.items()}):
                found.append(f"hold {key} keeps {dict(kept)} instead of {dict(wanted)}")
    return found + [f"an acknowledged hold is lost: {key}" for key in told.held if key not in tables.holds]


def check_acknowledged(tables: Tables, told: Acknowledged) -> list[str]:
    """Whatever somebody was told has happened: once, and as they were told."""
    found = []
    history = _history(tables)
    for mark, named in told.booked.items():
        if len(named) > 1:
            found.append(f"form {mark} was answered with several appointments: {sorted(named)}")
        found += [f"booking {key} of form {mark} is lost" for key in named if key not in tables.appointments]
    marks = {row["interpreter_language"] for row in tables.appointments.values()}
    found += [f"the booking of form {mark} is lost" for mark in told.booked_own if mark not in marks]
    for key, starts_at, version in told.moved:
        moves = [row for row in history[key] if row["change"] == "moved" and row["version"] == version + 1]
        # Moved to where it is, it stays as it was.
        shown = [row for row in history[key] if row["version"] == version]
        if [row["starts_at"] for row in moves or shown] != [starts_at]:
            found.append(f"the move of {key} to {starts_at} is lost")
    for key in told.cancelled:
        if key not in tables.appointments or tables.appointments[key]["status"] != "cancelled":
            found.append(f"the cancellation of {key} is lost")
    return found


def check_once(tables: Tables, told: Acknowledged) -> list[str]:
    """No form made two appointments, also where its answers were lost; and no appointment came from nowhere.

    Forms carry their mark in the language of the interpreter, which is stored as it was typed.
    """
    made = Counter(
        row["interpreter_language"] for row in tables.appointments.values() if row["interpreter_language"]
    )
    found = [
        f"form {mark} made {number} appointments"
        for mark, number in made.items()
        if number > 1 and mark not in told.series
    ]
    if told.sent:
        found += [f"nobody sent the form {mark}" for mark in made if mark not in told.sent]
    return found


def check_series(tables: Tables, told: Acknowledged) -> list[str]:
    """Of a series each date is booked, once and as one series, or none is."""
    rows = defaultdict[str, list[Row]](list)
    for row in tables.appointments.values():
        if row["interpreter_language"] in told.series:
            rows[row["interpreter_language"]].append(row)
    found = [f"the series of form {mark} is lost" for mark in told.booked_series if mark not in rows]
    for mark, made in rows.items():
        if len(made) != told.series[mark]:
            found.append(f"series {mark}: {len(made)} of {told.series[mark]} dates are booked")
        if len({row["starts_at"] for row in made}) != len(made):
            found.append(f"series {mark}: a date is booked twice")
        if None in (keys := {row["series_id"] for row in made}) or len(keys) > 1:
            found.append(f"series {mark} is no one series: {keys}")
    return found


def check_history(tables: Tables, _told: Acknowledged) -> list[str]:
    """One row for each version, each of which may follow the one before; the last says what the appointment is."""
    found = []
    history = _history(tables)
    for key, appointment in tables.appointments.items():
        rows = history[key]
        if [row["version"] for row in rows] != list(range(1, appointment["version"] + 1)):
            found.append(
                f"appointment {key}: versions {[row['version'] for row in rows]} of {appointment['version']}"
            )
            continue
        before: str | None = None
        for row in rows:
            was_allowed, becomes = EXPLAINS.get(row["change"], ((), None))
            if before not in was_allowed or row["status"] != (becomes or before):
                found.append(f"appointment {key}: {row['change']} made {row['status']} of {before}")
            before = row["status"]
        found += [
            f"appointment {key}: its history ends with another {column}"
            for column in ("status", "starts_at", "ends_at", "practitioner_id", "lane_id")
            if rows[-1][column] != appointment[column]
        ]
    return found


def check_follow_ups(tables: Tables, _told: Acknowledged) -> list[str]:
    """Who was not seen is not forgotten."""
    remembered = {row["appointment_id"] for row in tables.follow_ups}
    return [
        f"appointment {key} is {row['status']}, and nobody follows it up"
        for key, row in tables.appointments.items()
        if row["status"] in UNSEEN and key not in remembered
    ]


CHECKS: tuple[Callable[[Tables, Acknowledged], list[str]], ...] = (
    check_overlaps,
    check_claims,
    check_holds,
    check_acknowledged,
    check_once,
    check_series,
    check_history,
    check_follow_ups,
)


def find_violations(tables: Tables, told: Acknowledged) -> list[str]:
    return [f"{check.__name__}: {found}" for check in CHECKS for found in check(tables, told)]


def _needs(tables: Tables, row: Row) -> Iterable[tuple[Any, ...]]:
    """What is to be claimed: (resource, its key, from, to, state). Buffers are the clinician's or the lane's alone."""
    type_ = tables.types.get(row["appointment_type_id"] or "")
    before = timedelta(minutes=type_["buffer_before_minutes"] if type_ else 0)
    after = timedelta(minutes=type_["buffer_after_minutes"] if type_ else 0)
    state = "overbooked" if row["is_overbooked"] else "booked"
    who = "lane" if row["lane_id"] else "practitioner"
    yield who, row[f"{who}_id"], row["starts_at"] - before, row["ends_at"] + after, state
    if row["patient_id"]:
        yield "patient", row["patient_id"], row["starts_at"], row["ends_at"], "booked"
    if row["room_id"] and row["mode"] == "in-person":
        yield "room", row["room_id"], row["starts_at"], row["ends_at"], state


def _as_need(claim: Row) -> tuple[Any, ...]:
    who = next(resource for resource in RESOURCES if claim[f"{resource}_id"])
    return who, claim[f"{who}_id"], claim["starts_at"], claim["ends_at"], claim["state"]


def _history(tables: Tables) -> defaultdict[str, list[Row]]:
    history = defaultdict[str, list[Row]](list)
    for row in sorted(tables.history, key=lambda row: row["version"]):
        history[row["appointment_id"]].append(row)
    return history
