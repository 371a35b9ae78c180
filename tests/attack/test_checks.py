"""The checks of the attack find what they look for: each violation, planted by hand where nothing refuses it."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from telehealth.accounts.services.sign_in import actor_of
from telehealth.booking.domain.appointment import CancelReason, Mode
from telehealth.booking.models import Appointment, Room
from telehealth.booking.services.appointments import place_appointment
from telehealth.booking.services.cancelling import cancel_appointment
from telehealth.booking.services.claims import release_claims
from telehealth.booking.services.holds import hold_slot
from telehealth.clock import now
from tests.attack.checks import Acknowledged, Tables, find_violations, read_tables
from tests.factories import Cast, make_appointment, make_type, slot_at, soon

pytestmark = pytest.mark.service

HOUR = timedelta(hours=1)


@pytest.fixture
def world(session: Session, cast: Cast) -> dict[str, UUID]:
    """Appointments of each kind that the checks tell apart, and a hold."""
    actor = actor_of(cast.receptionist)
    service, type_ = (
        cast.service,
        make_type(
            session,
            cast.service,
            name="Buffered",
            minutes=20,
            buffer_before_minutes=5,
            buffer_after_minutes=10,
        ),
    )
    room = Room(organisation_id=service.organisation_id, service_id=service.id, name="Room 1")
    session.add(room)
    session.flush()
    booked = make_appointment(session, cast)
    cancelled = make_appointment(session, cast, starts_at=soon() + HOUR)
    cancel_appointment(session, actor, cancelled.id, version=1, reason=CancelReason.PATIENT)
    slot = slot_at(cast, soon() + 2 * HOUR)._replace(ends_at=soon() + 2 * HOUR + 20 * timedelta(minutes=1))
    met = place_appointment(
        session,
        actor,
        service,
        cast.patient,
        slot._replace(room_id=room.id),
        type_=type_,
        mode=Mode.IN_PERSON,
        interpreter_language="form 1",
    )
    held = hold_slot(
        session,
        actor,
        service,
        slot_at(cast, soon() + 4 * HOUR),
        type_=cast.appointment_type,
        mode=Mode.VIDEO,
        owner=actor.key,
    )
    session.commit()
    return {"booked": booked.id, "cancelled": cancelled.id, "met": met.id, "held": held.id}


def read(session: Session) -> Tables:
    session.flush()
    return read_tables(session.connection(), now())


def run(session: Session, statement: str, **values: object) -> None:
    """With keys as the database stores them."""
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    stored = {
        name: value.hex if is_sqlite and isinstance(value, UUID) else value for name, value in values.items()
    }
    session.execute(text(statement), stored)


def test_what_the_services_make_is_sound(session: Session, world: dict[str, UUID]) -> None:
    booked, cancelled = world["booked"].hex, world["cancelled"].hex
    told = Acknowledged(
        booked={"form 1": frozenset({world["met"].hex}), "form 2": frozenset({booked})},
        cancelled=frozenset({cancelled}),
        held=frozenset({world["held"].hex}),
        sent=frozenset({"form 1", "form 2"}),
        # To where it is already: that changes nothing.
        moved=[(booked, soon(), 1)],
    )
    assert find_violations(read(session), told) == []


Plant = Callable[[Session, dict[str, UUID]], None]


def two_claims(session: Session, world: dict[str, UUID]) -> None:
    """The same time and clinician again, with the rule taken away."""
    if session.get_bind().dialect.name == "sqlite":
        for moment in ("insert", "update"):
            for resource in ("practitioner", "patient"):
                session.execute(text(f"DROP TRIGGER claim_overlap_{resource}_{moment}"))
    else:
        for resource in ("practitioner", "patient"):
            session.execute(text(f"ALTER TABLE claim DROP CONSTRAINT ex_claim_overlap_{resource}"))
    run(
        session,
        "INSERT INTO claim (id, organisation_id, practitioner_id, patient_id, lane_id, room_id, appointment_id,"
        " starts_at, ends_at, state, version) SELECT :id, organisation_id, practitioner_id, patient_id, lane_id,"
        " room_id, appointment_id, starts_at, ends_at, state, version FROM claim"
        " WHERE appointment_id = :booked AND practitioner_id IS NOT NULL",
        id=uuid4(),
        booked=world["booked"],
    )


def sql(statement: str, name: str) -> Plant:
    return lambda session, world: run(session, statement, key=world[name])


def forget_history(session: Session, world: dict[str, UUID]) -> None:
    session.execute(text(DROP_APPEND_ONLY[session.get_bind().dialect.name]))
    run(
        session,
        "DELETE FROM appointment_history WHERE appointment_id = :key AND version = 2",
        key=world["cancelled"],
    )


DROP_APPEND_ONLY = {
    "sqlite": "DROP TRIGGER appointment_history_no_delete",
    "postgresql": "DROP TRIGGER appointment_history_append_only ON appointment_history",
}
PLANTED: dict[str, tuple[str, Plant]] = {
    "two claims overlap": ("check_overlaps", two_claims),
    "a claim too many": ("check_claims", two_claims),
    "a claim is lost": (
        "check_claims",
        sql("DELETE FROM claim WHERE appointment_id = :key AND room_id IS NOT NULL", "met"),
    ),
    "a claim without its buffer": (
        "check_claims",
        sql(
            "UPDATE claim SET starts_at = (SELECT starts_at FROM appointment WHERE id = :key)"
            " WHERE appointment_id = :key AND practitioner_id IS NOT NULL",
            "met",
        ),
    ),
    "a cancelled one keeps its time": (
        "check_claims",
        sql("UPDATE claim SET state = 'booked' WHERE appointment_id = :key", "cancelled"),
    ),
    "a hold without claims": (
        "check_holds",
        sql("DELETE FROM claim WHERE hold_token = REPLACE(CAST(:key AS text), '-', '')", "held"),
    ),
    "claims without a hold": ("check_holds", sql("DELETE FROM hold WHERE id = :key", "held")),
    "a form booked twice": (
        "check_once",
        sql("UPDATE appointment SET interpreter_language = 'form 1' WHERE id = :key", "booked"),
    ),
    "a form that nobody sent": (
        "check_once",
        sql("UPDATE appointment SET interpreter_language = 'form 9' WHERE id = :key", "booked"),
    ),
    "a change without history": (
        "check_history",
        sql("UPDATE appointment SET version = version + 1 WHERE id = :key", "booked"),
    ),
    "another status than the history says": (
        "check_history",
        sql("UPDATE appointment SET status = 'noshow' WHERE id = :key", "booked"),
    ),
    "another time than the history says": (
        "check_history",
        sql(
            "UPDATE appointment SET starts_at = (SELECT min(starts_at) FROM claim WHERE appointment_id = :key)"
            " WHERE id = :key",
            "met",
        ),
    ),
    "a history with a gap": ("check_history", forget_history),
    "nobody follows up": (
        "check_follow_ups",
        sql("DELETE FROM follow_up_request WHERE appointment_id = :key", "cancelled"),
    ),
}


@pytest.mark.parametrize("name", sorted(PLANTED))
def test_a_planted_violation_is_found(session: Session, world: dict[str, UUID], name: str) -> None:
    check, plant = PLANTED[name]
    plant(session, world)
    told = Acknowledged(sent=frozenset({"form 1"}))
    found = find_violations(read(session), told)
    assert check in {violation.split(":")[0] for violation in found}, found


TOLD: dict[str, Callable[[dict[str, UUID]], Acknowledged]] = {
    "a booking that is not there": lambda _: Acknowledged(booked={"form 2": frozenset({uuid4().hex})}),
    "a form with two answers": lambda world: Acknowledged(
        booked={"form 2": frozenset({world["booked"].hex, world["met"].hex})}
    ),
    "a patient's own booking that is not there": lambda _: Acknowledged(booked_own=frozenset({"own 2"})),
    "a move that is not there": lambda world: Acknowledged(moved=[(world["booked"].hex, soon() + HOUR, 1)]),
    "a cancellation that is not there": lambda world: Acknowledged(
        cancelled=frozenset({world["booked"].hex})
    ),
    "a hold that is not there": lambda _: Acknowledged(held=frozenset({uuid4().hex})),
}


@pytest.mark.parametrize("name", sorted(TOLD))
def test_what_was_acknowledged_and_did_not_happen_is_found(
    session: Session, world: dict[str, UUID], name: str
) -> None:
    found = find_violations(read(session), TOLD[name](world))
    assert len(found) == 1, found
    assert {violation.split(":")[0] for violation in found} <= {"check_acknowledged", "check_holds"}


def test_released_claims_count_for_nothing(session: Session, world: dict[str, UUID]) -> None:
    """What is cancelled twice in the tables is found where its claims are not."""
    release_claims(session, world["booked"])
    found = find_violations(read(session), Acknowledged())
    assert [violation.split(":")[0] for violation in found] == ["check_claims", "check_claims"]
    assert session.get(Appointment, world["booked"]) is not None


SERIES: dict[str, tuple[int, str | None, list[str]]] = {
    # How many dates were asked for, which key the two booked ones share, what is found.
    "whole": (2, "one", []),
    "a date is missing": (3, "one", ["2 of 3 dates are booked"]),
    "a date too many": (1, "one", ["2 of 1 dates are booked"]),
    "no one series": (2, None, ["is no one series"]),
}


@pytest.mark.parametrize("name", sorted(SERIES))
def test_a_series_is_whole_or_not_there(session: Session, world: dict[str, UUID], name: str) -> None:
    dates, shared, wanted = SERIES[name]
    series = uuid4()
    for one in ("met", "booked"):
        run(
            session,
            "UPDATE appointment SET interpreter_language = 'series 1', series_id = :series WHERE id = :key",
            series=series if shared else uuid4(),
            key=world[one],
        )
    told = Acknowledged(series={"series 1": dates}, booked_series=frozenset({"series 1"}))
    found = find_violations(read(session), told)
    assert len(found) == len(wanted)
    assert all(part in violation for part, violation in zip(wanted, found, strict=True)), found


def test_a_series_that_was_acknowledged_and_is_not_there(session: Session, world: dict[str, UUID]) -> None:
    told = Acknowledged(series={"series 2": 3}, booked_series=frozenset({"series 2"}))
    assert find_violations(read(session), told) == ["check_series: the series of form series 2 is lost"]
