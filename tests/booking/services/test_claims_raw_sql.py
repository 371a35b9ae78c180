"""SQL that bypasses our code: the database still refuses overlapping and unreadable claims."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from telehealth.booking.models import Appointment, Room
from tests.factories import Cast, make_appointment, make_shared_clinic, soon

pytestmark = pytest.mark.service

MINUTE = timedelta(minutes=1)
FAR = datetime(2999, 1, 1, tzinfo=UTC)
COLUMNS = (
    "id, organisation_id, practitioner_id, lane_id, patient_id, room_id, appointment_id, starts_at, ends_at, "
    "state, hold_expires_at, version"
)
RESOURCES = ("lane", "patient", "practitioner", "room")
DAY = timedelta(hours=24)
VALUES = ", ".join(f":{name}" for name in COLUMNS.split(", "))
INSERT = f"INSERT INTO claim ({COLUMNS}) VALUES ({VALUES})"

Row = dict[str, Any]
MakeRow = Callable[..., Row]


@pytest.fixture
def booked(session: Session, cast: Cast) -> Appointment:
    return make_appointment(session, cast)


@pytest.fixture
def row(connection: Connection, cast: Cast, booked: Appointment) -> MakeRow:
    """A function that makes the parameters of a claim that overlaps the booked one by a minute, changed as wanted."""
    is_sqlite = connection.dialect.name == "sqlite"

    def stored(value: object) -> object:
        if is_sqlite and isinstance(value, UUID):
            return value.hex
        if is_sqlite and isinstance(value, datetime):
            return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
        return value

    def make(**changes: object) -> Row:
        starts_at = soon() + 14 * MINUTE
        values: dict[str, object] = {
            "id": uuid4(),
            "organisation_id": cast.service.organisation_id,
            "practitioner_id": cast.practitioner_id,
            "lane_id": None,
            "patient_id": None,
            "room_id": None,
            "appointment_id": booked.id,
            "starts_at": starts_at,
            "ends_at": starts_at + 15 * MINUTE,
            "state": "booked",
            "hold_expires_at": None,
            "version": 1,
        }
        return {name: stored(value) for name, value in {**values, **changes}.items()}

    return make


@pytest.fixture
def resources(session: Session, cast: Cast) -> dict[str, dict[str, UUID | None]]:
    """The columns of a claim of each kind: exactly one is filled."""
    clinic, _ = make_shared_clinic(session, cast)
    room = Room(organisation_id=cast.service.organisation_id, service_id=cast.service.id, name="Room 1")
    session.add(room)
    session.commit()
    keys = {
        "lane": clinic.lanes[0].id,
        "patient": cast.other_patient.id,
        "practitioner": cast.colleague.practitioner_id,
        "room": room.id,
    }
    return {
        kind: {f"{other}_id": keys[kind] if other == kind else None for other in RESOURCES}
        for kind in RESOURCES
    }


def later(minutes: int) -> dict[str, datetime]:
    starts_at = soon() + minutes * MINUTE
    return {"starts_at": starts_at, "ends_at": starts_at + 15 * MINUTE}


def refuse(
    connection: Connection, statement: str, parameters: Row, error: type[DBAPIError] = IntegrityError
) -> None:
    with pytest.raises(error), connection.begin_nested():
        connection.execute(text(statement), parameters)


def live_claims(connection: Connection) -> int:
    found = connection.scalar(text("SELECT count(*) FROM claim WHERE state IN ('held', 'booked')"))
    assert isinstance(found, int)
    return found


def test_inserting_over_a_claim_is_refused(connection: Connection, row: MakeRow, cast: Cast) -> None:
    refuse(connection, INSERT, row())
    refuse(connection, INSERT, row(practitioner_id=None, patient_id=cast.patient.id))
    refuse(connection, INSERT, row(starts_at=soon() - MINUTE, ends_at=soon() + 60 * MINUTE))
    refuse(connection, INSERT, row(starts_at=soon() + MINUTE, ends_at=soon() + 2 * MINUTE))
    assert live_claims(connection) == 2


def test_moving_onto_a_claim_is_refused(connection: Connection, row: MakeRow) -> None:
    beside = row(**later(15))
    connection.execute(text(INSERT), beside)
    refuse(
        connection, "UPDATE claim SET starts_at = :starts_at WHERE id = :id", {**row(), "id": beside["id"]}
    )
    connection.execute(
        text("UPDATE claim SET starts_at = :starts_at, ends_at = :ends_at WHERE id = :id"),
        {**row(**later(16)), "id": beside["id"]},
    )


def test_giving_a_claim_to_a_busy_clinician_is_refused(
    connection: Connection, row: MakeRow, cast: Cast
) -> None:
    other = row(practitioner_id=cast.colleague.practitioner_id)
    connection.execute(text(INSERT), other)
    refuse(
        connection,
        "UPDATE claim SET practitioner_id = :practitioner_id WHERE id = :id",
        {**row(), "id": other["id"]},
    )


def test_reviving_a_released_claim_over_a_live_one_is_refused(connection: Connection, row: MakeRow) -> None:
    released = row(state="released")
    connection.execute(text(INSERT), released)
    refuse(connection, "UPDATE claim SET state = 'booked' WHERE id = :id", released)


def test_inserting_several_rows_of_which_two_overlap_is_refused(connection: Connection, row: MakeRow) -> None:
    first, second = row(**later(30)), row(**later(31))
    renamed = {f"other_{name}": value for name, value in second.items()}
    values = ", ".join(f":other_{name}" for name in COLUMNS.split(", "))
    refuse(connection, f"{INSERT}, ({values})", {**first, **renamed})


@pytest.mark.parametrize("state", ["BOOKED", "Booked", "booked ", "pending", "", None, "0"])
def test_an_unknown_state_is_refused(connection: Connection, row: MakeRow, state: str | None) -> None:
    refuse(connection, INSERT, row(**later(30), state=state))


def test_a_claim_that_ends_before_it_starts_is_refused(connection: Connection, row: MakeRow) -> None:
    refuse(connection, INSERT, row(starts_at=soon() + 40 * MINUTE, ends_at=soon() + 39 * MINUTE))
    refuse(connection, INSERT, row(starts_at=soon() + 40 * MINUTE, ends_at=soon() + 40 * MINUTE))


def test_a_claim_of_both_or_of_nobody_is_refused(connection: Connection, row: MakeRow, cast: Cast) -> None:
    refuse(connection, INSERT, row(**later(30), patient_id=cast.patient.id))
    refuse(connection, INSERT, row(**later(30), practitioner_id=None))


REPLACING = {
    "sqlite": ("INSERT OR REPLACE", "INSERT OR IGNORE", "INSERT OR ROLLBACK", "REPLACE"),
    "postgresql": ("INSERT",),
}
CONFLICT_CLAUSES = ("", " ON CONFLICT DO NOTHING")


def test_no_form_of_insert_replaces_or_doubles_a_claim(connection: Connection, row: MakeRow) -> None:
    before = connection.execute(text("SELECT * FROM claim ORDER BY id")).all()
    for verb in REPLACING[connection.dialect.name]:
        for clause in CONFLICT_CLAUSES if verb == "INSERT" else ("",):
            attempt(connection, INSERT.replace("INSERT", verb, 1) + clause, row())
            assert connection.execute(text("SELECT * FROM claim ORDER BY id")).all() == before, verb + clause


UPDATING = {"sqlite": ("UPDATE OR REPLACE", "UPDATE OR IGNORE", "UPDATE OR FAIL"), "postgresql": ("UPDATE",)}


def test_no_form_of_update_moves_a_claim_onto_another(connection: Connection, row: MakeRow) -> None:
    beside = row(**later(15))
    connection.execute(text(INSERT), beside)
    before = connection.execute(text("SELECT * FROM claim ORDER BY id")).all()
    for verb in UPDATING[connection.dialect.name]:
        attempt(
            connection,
            f"{verb} claim SET starts_at = :starts_at WHERE id = :id",
            {**row(), "id": beside["id"]},
        )
        assert connection.execute(text("SELECT * FROM claim ORDER BY id")).all() == before, verb


def attempt(connection: Connection, statement: str, parameters: Row) -> None:
    """Ignoring clauses may swallow the error: what counts is what the table holds afterwards."""
    try:
        with connection.begin_nested():
            connection.execute(text(statement), parameters)
    except IntegrityError:
        return


# What the driver writes is the one form in which comparing texts is comparing instants. With each a real end that
# is later as a text and within a day: nothing but the form is wrong.
AFTERNOON = "2027-01-12 23:00:00.000000"
ODD_STARTS: tuple[tuple[object, str], ...] = (
    ("2027-01-12T14:30:00.000000", "2027-01-13 02:00:00.000000"),
    ("2027-01-12 14:30:00", AFTERNOON),
    ("2027-01-12 14:30:00.000", AFTERNOON),
    ("2027-01-12 14:30:00.000000+00:00", AFTERNOON),
    ("2027-01-12 14:30:00.000000Z", AFTERNOON),
    (" 2027-01-12 14:30:00.000000", AFTERNOON),
    ("2027-1-12 14:30:00.000000", "2027-12-12 14:30:00.000000"),
    ("2027-02-30 14:30:00.000000", "2027-03-02 20:00:00.000000"),
    ("2027-02-29 14:30:00.000000", "2027-03-01 20:00:00.000000"),
    ("2027-13-12 14:30:00.000000", "2028-01-12 20:00:00.000000"),
    ("2027-01-12 24:00:00.000000", "2027-01-13 10:00:00.000000"),
    ("2027-01-12 14:60:00.000000", AFTERNOON),
    ("2027-01-12 14:30:60.000000", AFTERNOON),
    ("0000-00-00 00:00:00.000000", "0000-00-00 01:00:00.000000"),
    ("now", "tomorrow"),
    ("", "2027-01-12 14:30:00.000000"),
    (b"2027-01-12 14:30:00.000000", AFTERNOON),
    (1799764200, AFTERNOON),
    (2461418.1, AFTERNOON),
    (None, AFTERNOON),
)
NOON = "2027-01-12 12:00:00.000000"
ODD_VALUES: dict[str, list[dict[str, object]]] = {
    "sqlite": [
        *({"starts_at": odd, "ends_at": end} for odd, end in ODD_STARTS),
        {"starts_at": NOON, "ends_at": "2027-01-12 99:99:99.999999"},
        {"starts_at": "2099-03-02 20:00:00.000000", "ends_at": "2099-03-02 24:00:00.000000"},
        {"id": "00000000-0000-4000-8000-000000000000"},
        {"id": "ABCDEF00000040008000000000000000"},
        {"id": None},
    ],
    "postgresql": [
        {"starts_at": "0000-00-00"},
        {"starts_at": None},
        {"ends_at": "2027-02-30 10:00Z"},
        {"id": None},
    ],
}


def test_times_and_keys_in_another_form_are_refused(connection: Connection, row: MakeRow) -> None:
    for odd in ODD_VALUES[connection.dialect.name]:
        refuse(connection, INSERT, {**row(**later(30)), **odd}, DBAPIError)
    connection.execute(text(INSERT), row(**later(30)))


def test_a_hold_that_lapses_at_no_real_instant_is_refused(connection: Connection, row: MakeRow) -> None:
    for odd in ("never", "2099-02-31 14:30:00.000000"):
        refuse(connection, INSERT, {**row(**later(30), state="held"), "hold_expires_at": odd}, DBAPIError)
    connection.execute(text(INSERT), row(**later(30), state="held", hold_expires_at=FAR))


def test_a_claim_cannot_be_rewritten_into_another_form(connection: Connection, row: MakeRow) -> None:
    claim = row(**later(30))
    connection.execute(text(INSERT), claim)
    for odd in ODD_VALUES[connection.dialect.name]:
        refuse(
            connection,
            f"UPDATE claim SET {', '.join(f'{name} = :odd_{name}' for name in odd)} WHERE id = :known",
            {**{f"odd_{name}": value for name, value in odd.items()}, "known": claim["id"]},
            DBAPIError,
        )


@pytest.mark.parametrize("kind", RESOURCES)
def test_every_kind_of_resource_is_kept_for_one_at_a_time(
    connection: Connection, row: MakeRow, resources: dict[str, dict[str, UUID | None]], kind: str
) -> None:
    """By inserting, by moving, by handing it over, and by reviving what was released or overbooked."""
    first = row(**later(60), **resources[kind])
    connection.execute(text(INSERT), first)
    refuse(connection, INSERT, row(**later(46), **resources[kind]))
    refuse(connection, INSERT, row(**later(74), **resources[kind], state="held", hold_expires_at=FAR))
    before, beside = row(**later(45), **resources[kind]), row(**later(75), **resources[kind])
    for neighbour in (before, beside):
        connection.execute(text(INSERT), neighbour)
    moved = {**row(starts_at=soon() + 74 * MINUTE), "id": beside["id"]}
    refuse(connection, "UPDATE claim SET starts_at = :starts_at WHERE id = :id", moved)
    others = {other: columns for other, columns in resources.items() if other != kind}
    for columns in others.values():
        # Another resource then is no clash; handing it over is.
        other = row(**later(60), **columns)
        connection.execute(text(INSERT), other)
        refuse(
            connection,
            "UPDATE claim SET lane_id = :lane_id, patient_id = :patient_id, "
            "practitioner_id = :practitioner_id, room_id = :room_id WHERE id = :id",
            {**first, "id": other["id"]},
        )
    for state in ("released", "overbooked"):
        outside = row(**later(60), **resources[kind], state=state)
        connection.execute(text(INSERT), outside)
        refuse(connection, "UPDATE claim SET state = 'booked' WHERE id = :id", outside)


@pytest.mark.parametrize("kind", RESOURCES)
def test_no_form_of_insert_replaces_a_claim_of_any_kind(
    connection: Connection, row: MakeRow, resources: dict[str, dict[str, UUID | None]], kind: str
) -> None:
    connection.execute(text(INSERT), row(**later(60), **resources[kind]))
    before = connection.execute(text("SELECT * FROM claim ORDER BY id")).all()
    for verb in REPLACING[connection.dialect.name]:
        for clause in CONFLICT_CLAUSES if verb == "INSERT" else ("",):
            attempt(
                connection, INSERT.replace("INSERT", verb, 1) + clause, row(**later(61), **resources[kind])
            )
            assert connection.execute(text("SELECT * FROM claim ORDER BY id")).all() == before, verb + clause


def test_what_is_overbooked_stands_beside_whatever_is_booked(connection: Connection, row: MakeRow) -> None:
    """And is no obstacle itself: who books on top of others answers for it."""
    connection.execute(text(INSERT), row(state="overbooked"))
    connection.execute(text(INSERT), row(state="overbooked"))
    assert live_claims(connection) == 2
    refuse(connection, INSERT, row(state="overbooked", appointment_id=None))


def test_a_claim_is_no_longer_than_a_day(connection: Connection, row: MakeRow) -> None:
    """How far back an overlap is looked for depends on it."""
    starts_at = soon() + 60 * MINUTE
    refuse(connection, INSERT, row(starts_at=starts_at, ends_at=starts_at + DAY + MINUTE))
    refuse(connection, INSERT, row(starts_at=starts_at, ends_at=starts_at + DAY + 2 * timedelta(seconds=1)))
    longest = row(starts_at=starts_at, ends_at=starts_at + DAY)
    connection.execute(text(INSERT), longest)
    refuse(
        connection,
        "UPDATE claim SET ends_at = :later WHERE id = :id",
        {"later": row(ends_at=starts_at + DAY + MINUTE)["ends_at"], "id": longest["id"]},
    )
    # The last minute of the longest one there can be still counts.
    end = starts_at + DAY
    refuse(connection, INSERT, row(starts_at=end - MINUTE, ends_at=end + MINUTE))
    connection.execute(text(INSERT), row(starts_at=end, ends_at=end + MINUTE))


@pytest.mark.parametrize("kind", RESOURCES)
def test_a_resource_in_another_spelling_is_refused(
    connection: Connection, row: MakeRow, resources: dict[str, dict[str, UUID | None]], kind: str
) -> None:
    """A key that reads as the same one but compares as another would let a second booking in."""
    key = resources[kind][f"{kind}_id"]
    assert key is not None
    connection.execute(text(INSERT), row(**later(60), **resources[kind]))
    spellings: tuple[object, ...] = (str(key), key.hex.upper(), key.hex.encode(), f"{{{key.hex}}}")
    for spelling in spellings if connection.dialect.name == "sqlite" else spellings[:2]:
        refuse(
            connection, INSERT, {**row(**later(60), **resources[kind]), f"{kind}_id": spelling}, DBAPIError
        )
    assert live_claims(connection) == 3


def test_nothing_hides_behind_a_key_or_a_time(
    connection: Connection, row: MakeRow, resources: dict[str, dict[str, UUID | None]]
) -> None:
    """SQLite's own functions stop at a NUL: what stands behind it makes another key of it."""
    for kind in RESOURCES:
        taken = row(**later(60), **resources[kind])
        connection.execute(text(INSERT), taken)
        again = row(**later(60), **resources[kind])
        for column in ("id", f"{kind}_id", "starts_at", "ends_at"):
            changed = {**again, column: f"{again[column]}\0x"}
            with pytest.raises(DBAPIError, match=r"claim_format|NUL|0x00"), connection.begin_nested():
                connection.execute(text(INSERT), changed)
            with pytest.raises(DBAPIError, match=r"claim_format|NUL|0x00"), connection.begin_nested():
                connection.execute(
                    text(f"UPDATE claim SET {column} = :changed WHERE id = :known"),
                    {"changed": changed[column], "known": taken["id"]},
                )


def test_a_claim_of_two_resources_or_of_none_is_refused(
    connection: Connection, row: MakeRow, resources: dict[str, dict[str, UUID | None]]
) -> None:
    filled = {kind: resources[kind][f"{kind}_id"] for kind in RESOURCES}
    nobody = dict.fromkeys((f"{kind}_id" for kind in RESOURCES), None)
    refuse(connection, INSERT, row(**later(60), **nobody))
    for first in RESOURCES:
        for second in RESOURCES:
            if first < second:
                pair = {f"{kind}_id": filled[kind] for kind in (first, second)}
                refuse(connection, INSERT, row(**later(60), **{**nobody, **pair}))
