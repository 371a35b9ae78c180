"""Two who want what the other gives back, at the same moment, with real commits: nobody waits for the other for ever."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from telehealth.accounts.services.sign_in import actor_of
from telehealth.actor import ANONYMOUS
from telehealth.booking.domain.appointment import Mode
from telehealth.booking.models import Hold
from telehealth.booking.services.availability import SlotQuery, find_slot
from telehealth.booking.services.claims import SlotTaken
from telehealth.booking.services.holds import hold_slot, release_hold
from telehealth.booking.services.series import SeriesRequest, book_series
from telehealth.clock import now
from telehealth.db import Database
from tests.booking.services.test_races import at_once
from tests.factories import Cast, make_cast, make_schedule, make_shared_clinic, soon

pytestmark = pytest.mark.service

ROUNDS = 6
WEEK = timedelta(weeks=1)


@pytest.fixture
def cast(own_database: Database) -> Cast:
    with own_database.transaction() as session:
        return make_cast(session)


def holding(database: Database, cast: Cast, schedule_id: UUID, owner: str) -> Callable[[], UUID]:
    """A patient chooses a time; what they held before is given back."""

    def act() -> UUID:
        with database.transaction() as session:
            service, type_ = session.merge(cast.service), session.merge(cast.appointment_type)
            slot = find_slot(
                session,
                service,
                SlotQuery(type=type_, mode=Mode.VIDEO),
                schedule_id=schedule_id,
                starts_at=soon(),
                now=now(),
            )
            if slot is None:
                raise SlotTaken
            return hold_slot(session, ANONYMOUS, service, slot, type_=type_, mode=Mode.VIDEO, owner=owner).id

    return act


def test_two_who_change_over_are_refused_or_served_but_never_stuck(
    own_database: Database, cast: Cast
) -> None:
    assert cast.colleague.practitioner_id
    with own_database.transaction() as session:
        other = make_schedule(session, cast.service, cast.colleague.practitioner_id).id
    for number in range(ROUNDS):
        first, second = f"browser:{number}a", f"browser:{number}b"
        holding(own_database, cast, cast.schedule.id, first)()
        holding(own_database, cast, other, second)()
        answers = at_once(
            holding(own_database, cast, other, first),
            holding(own_database, cast, cast.schedule.id, second),
        )
        assert all(isinstance(answer, UUID | SlotTaken) for answer in answers), answers
        with own_database.transaction() as session:
            for hold in session.scalars(select(Hold)):
                hold.expires_at = now()
            for hold in session.scalars(select(Hold)):
                release_hold(session, hold.id, hold.owner)


def test_two_series_in_one_clinic_take_turns(own_database: Database, cast: Cast) -> None:
    with own_database.transaction() as session:
        _, schedule = make_shared_clinic(session, cast, lanes=2)
        schedule_id = schedule.id
    starts_at = soon() + timedelta(days=1)

    def booking(patient_id: UUID, number: int) -> Callable[[], int]:
        def act() -> int:
            first = starts_at + timedelta(minutes=15 * number)
            form = SeriesRequest(
                patient_id=patient_id,
                service_id=cast.service.id,
                appointment_type_id=cast.appointment_type.id,
                mode=Mode.VIDEO,
                schedule_id=schedule_id,
                starts_at=first,
                weeks_between=1,
                count=4,
            )
            with own_database.transaction() as session:
                chosen = [first + WEEK * each for each in range(4)]
                return len(book_series(session, actor_of(cast.receptionist), form, chosen))

        return act

    for number in range(ROUNDS):
        answers = at_once(booking(cast.patient.id, number), booking(cast.other_patient.id, number))
        assert answers == [4, 4], answers
