"""SQL that bypasses our code: the database still refuses overlapping and unreadable claims."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from telehealth.booking.models import Appointment
from tests.factories import Cast, make_appointment, soon

pytestmark = pytest.mark.service

MINUTE = timedelta(minutes=1)
FAR = datetime(2999, 1, 1, tzinfo=UTC)
COLUMNS = "id, organisation_id, practitioner_id, patient_id, appointment_id, starts_at, ends_at, state, hold_expires_at, version"
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
            "patient_id": None,
            "appointment_id": booked.id,
            "starts_at": starts_at,
            "ends_at": starts_at + 15 * MINUTE,
            "state": "booked",
            "hold_expires_at": None,
            "version": 1,
        }
        return {name: stored(value) for name, value in {**values, **changes}.items()}

    return make


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


# What the driver writes is the one form in which comparing texts is comparing instants.
ODD_TIMES: tuple[object, ...] = (
    "2027-01-12T14:30:00.000000",
    "2027-01-12 14:30:00",
    "2027-01-12 14:30:00.000",
    "2027-01-12 14:30:00.000000+00:00",
    "2027-01-12 14:30:00.000000Z",
    " 2027-01-12 14:30:00.000000",
    "2027-1-12 14:30:00.000000",
    "2027-02-30 14:30:00.000000",
    "2027-02-29 14:30:00.000000",
    "2027-13-12 14:30:00.000000",
    "2027-01-12 24:00:00.000000",
    "2027-01-12 14:60:00.000000",
    "2027-01-12 14:30:60.000000",
    "0000-00-00 00:00:00.000000",
    "now",
    "",
    b"2027-01-12 14:30:00.000000",
    1799764200,
    2461418.1,
    None,
)
ODD_VALUES: dict[str, list[dict[str, object]]] = {
    "sqlite": [
        *({"starts_at": odd} for odd in ODD_TIMES),
        {"ends_at": "9999-99-99 99:99:99.999999"},
        {"ends_at": "2099-02-31 14:30:00.000000"},
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
        refuse(connection, INSERT, {**row(starts_at=soon() + 30 * MINUTE, ends_at=FAR), **odd}, DBAPIError)


def test_a_hold_that_lapses_at_no_real_instant_is_refused(connection: Connection, row: MakeRow) -> None:
    for odd in ("never", "2099-02-31 14:30:00.000000"):
        refuse(connection, INSERT, {**row(**later(30), state="held"), "hold_expires_at": odd}, DBAPIError)
    connection.execute(text(INSERT), row(**later(30), state="held", hold_expires_at=FAR))


def test_a_claim_cannot_be_rewritten_into_another_form(connection: Connection, row: MakeRow) -> None:
    claim = row(starts_at=soon() + 30 * MINUTE, ends_at=FAR)
    connection.execute(text(INSERT), claim)
    for odd in ODD_VALUES[connection.dialect.name]:
        (name,) = odd
        refuse(
            connection,
            f"UPDATE claim SET {name} = :odd WHERE id = :known",
            {"odd": odd[name], "known": claim["id"]},
            DBAPIError,
        )


def test_a_clinician_in_another_spelling_is_refused(connection: Connection, row: MakeRow, cast: Cast) -> None:
    """A key that reads as the same person but compares as another would let a second booking in."""
    person = cast.practitioner_id
    spellings: tuple[object, ...] = (
        str(person),
        person.hex.upper(),
        person.hex.encode(),
        f"{{{person.hex}}}",
    )
    for spelling in spellings if connection.dialect.name == "sqlite" else spellings[:2]:
        refuse(connection, INSERT, {**row(), "practitioner_id": spelling}, DBAPIError)
    assert live_claims(connection) == 2
