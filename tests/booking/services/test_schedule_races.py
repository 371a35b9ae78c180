"""Sessions are changed at the moment at which somebody else acts, with real commits."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete, func, select

from telehealth.accounts.services.sign_in import actor_of
from telehealth.booking.domain.appointment import Mode
from telehealth.booking.domain.recurrence import Recurrence
from telehealth.booking.models import Appointment, Claim, Hold, Schedule
from telehealth.booking.services.availability import SlotQuery, find_slots
from telehealth.booking.services.booking import BookingRequest, book_appointment
from telehealth.booking.services.claims import SlotTaken
from telehealth.booking.services.holds import hold_slot
from telehealth.booking.services.schedule_impact import WouldStrand, list_outside
from telehealth.booking.services.schedule_wishes import ScheduleWish, local_today
from telehealth.booking.services.schedules import change_schedule, create_schedule, end_schedule
from telehealth.clock import now
from telehealth.db import Database
from telehealth.errors import Conflict
from tests.booking.services.test_races import at_once
from tests.factories import Cast, make_cast, make_schedule

pytestmark = pytest.mark.service

DAY = timedelta(days=1)
ROUNDS = 4


@pytest.fixture
def cast(own_database: Database) -> Cast:
    with own_database.transaction() as session:
        return make_cast(session)


@pytest.fixture
def wish(cast: Cast) -> ScheduleWish:
    return ScheduleWish(
        practitioner_id=cast.practitioner_id,
        recurrence=Recurrence.weekly(range(7)),
        first_date=local_today(cast.service) + DAY,
        starts=time(9),
        ends=time(17),
        slot_minutes=15,
        modes=frozenset({Mode.VIDEO}),
    )


def test_a_form_that_is_sent_twice_at_the_same_moment_makes_one_session(
    own_database: Database, cast: Cast, wish: ScheduleWish
) -> None:
    def create() -> UUID:
        with own_database.transaction() as session:
            administrator = actor_of(cast.administrator)
            return create_schedule(session, administrator, cast.service.id, wish, idempotency_key="one").id

    answers = at_once(create, create, create)
    assert len(set(answers)) == 1
    with own_database.reading() as session:
        assert session.get(Schedule, answers[0]) is not None
        assert session.scalar(select(func.count()).select_from(Schedule)) == 2  # and the cast's


def test_of_two_changes_of_one_session_one_is_told_that_it_was_changed(
    own_database: Database, cast: Cast, wish: ScheduleWish
) -> None:
    with own_database.transaction() as session:
        schedule = make_schedule(session, cast.service, cast.colleague.practitioner_id)

    def change(slot_minutes: int) -> Callable[[], UUID]:
        theirs = replace(wish, practitioner_id=cast.colleague.practitioner_id, slot_minutes=slot_minutes)

        def act() -> UUID:
            with own_database.transaction() as session:
                return change_schedule(
                    session,
                    actor_of(cast.administrator),
                    cast.service.id,
                    schedule.id,
                    theirs,
                    version=schedule.version,
                ).id

        return act

    answers = at_once(change(10), change(20))
    refused = [answer for answer in answers if isinstance(answer, Conflict)]
    assert [error.code for error in refused] == ["schedule-changed"]
    with own_database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Schedule)) == 3


def test_whoever_books_while_a_session_ends_is_refused_or_asked_about_or_on_the_list(
    own_database: Database, cast: Cast
) -> None:
    for number in range(ROUNDS):
        _book_while_it_ends(own_database, cast, days=3 + number)


def _book_while_it_ends(database: Database, cast: Cast, *, days: int) -> None:
    on = local_today(cast.service) + days * DAY
    starts_at = datetime.combine(on, time(10), ZoneInfo("Europe/London")).astimezone(UTC)
    with database.transaction() as session:
        schedule = make_schedule(
            session,
            cast.service,
            cast.colleague.practitioner_id,
            rrule="FREQ=DAILY;COUNT=1",
            first_date=on,
            last_date=on,
            starts=time(9),
            ends=time(17),
        )

    def book() -> None:
        wanted = BookingRequest(
            patient_id=cast.patient.id,
            service_id=cast.service.id,
            schedule_id=schedule.id,
            starts_at=starts_at,
            appointment_type_id=cast.appointment_type.id,
            mode=Mode.VIDEO,
            idempotency_key=f"book {days}",
        )
        with database.transaction() as session:
            book_appointment(session, actor_of(cast.receptionist), wanted)

    def end() -> None:
        with database.transaction() as session:
            administrator = actor_of(cast.administrator)
            end_schedule(session, administrator, cast.service.id, schedule.id, last_date=None, version=1)

    booked, ended = at_once(book, end)
    assert isinstance(booked, SlotTaken | None), booked
    assert isinstance(ended, WouldStrand | None), ended
    with database.reading() as session:
        appointment = session.scalar(select(Appointment).where(Appointment.starts_at == starts_at))
        is_outside = appointment in list_outside(session, cast.service, now=now())
    assert (appointment is None) == (booked is not None)
    if appointment is not None:
        assert is_outside == (ended is None)


def test_whoever_chooses_a_time_while_its_session_is_taken_away_is_told_that_it_is_gone(
    own_database: Database, cast: Cast
) -> None:
    for number in range(ROUNDS):
        # The first time one after the other: that order does not hang on chance.
        _choose_while_it_is_taken_away(own_database, cast, days=2 + number, is_over=number == 0)


def _choose_while_it_is_taken_away(database: Database, cast: Cast, *, days: int, is_over: bool) -> None:
    on = local_today(cast.service) + days * DAY
    colleague = cast.colleague.practitioner_id
    with database.transaction() as session:
        # One day alone: what an earlier round left has no times then.
        schedule = make_schedule(
            session, cast.service, colleague, rrule="FREQ=DAILY;COUNT=1", first_date=on, last_date=on
        )
        query = SlotQuery(
            type=cast.appointment_type,
            mode=Mode.VIDEO,
            from_date=on,
            days=1,
            practitioner_id=colleague,
            limit=1,
        )
        (slot,) = find_slots(session, cast.service, query, now=now())
        assert slot.schedule_id == schedule.id

    def choose() -> None:
        receptionist = actor_of(cast.receptionist)
        with database.transaction() as session:
            hold_slot(
                session,
                receptionist,
                session.merge(cast.service),
                slot,
                type_=session.merge(cast.appointment_type),
                mode=Mode.VIDEO,
                owner=receptionist.key,
            )

    def take_away() -> None:
        with database.transaction() as session:
            administrator = actor_of(cast.administrator)
            end_schedule(session, administrator, cast.service.id, schedule.id, last_date=None, version=1)

    if is_over:
        take_away()
        with pytest.raises(SlotTaken):
            choose()
        return
    chosen, taken = at_once(choose, take_away)
    if chosen is None:
        assert isinstance(taken, Conflict), taken
        assert taken.code == "schedule-held"
    else:
        assert isinstance(chosen, SlotTaken), chosen
        assert taken is None
    with database.transaction() as session:
        session.execute(delete(Claim))
        session.execute(delete(Hold))
