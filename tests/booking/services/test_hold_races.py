"""Somebody chooses a new time for an appointment while somebody else changes it: they take turns."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from telehealth.accounts.services.sign_in import actor_of
from telehealth.booking.models import Appointment
from telehealth.booking.services.appointments import lock_appointment
from telehealth.booking.services.claims import PRACTITIONER, Need, lock_resources
from telehealth.clock import now
from telehealth.db import Database
from tests.booking.services.wishes import hold
from tests.factories import SLOT, Cast, make_appointment, make_cast, soon

pytestmark = pytest.mark.service

WAIT_FOR_S = 20


@pytest.fixture
def cast(own_database: Database) -> Cast:
    with own_database.transaction() as session:
        return make_cast(session)


def test_a_new_time_is_held_while_the_appointment_is_moved(own_database: Database, cast: Cast) -> None:
    """The mover has the appointment and comes for the clinician's time; the holder must not sit on that meanwhile."""
    with own_database.transaction() as session:
        appointment_id = make_appointment(session, cast, starts_at=soon()).id

    def choose() -> UUID:
        with own_database.transaction() as session:
            moves = session.get_one(Appointment, appointment_id)
            return hold(session, cast, starts_at=soon() + 4 * SLOT, moves=moves).id

    with ThreadPoolExecutor(1) as pool:
        with own_database.transaction() as session:
            lock_appointment(session, actor_of(cast.receptionist), appointment_id)
            chosen = pool.submit(choose)
            _wait_until_somebody_waits(session)
            lock_resources(
                session, [Need(PRACTITIONER, cast.practitioner_id, now(), now() + timedelta(hours=1))]
            )
        assert chosen.result(WAIT_FOR_S)


def _wait_until_somebody_waits(session: Session) -> None:
    """For a lock of this transaction; SQLite has one writer, who waits for all of it."""
    if session.get_bind().dialect.name != "postgresql":
        return
    waiting = text(
        "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
    )
    deadline = time.monotonic() + WAIT_FOR_S
    while not session.scalar(waiting):
        assert time.monotonic() < deadline, "Nobody waits."
