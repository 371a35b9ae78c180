"""A room is where a patient is told to come: it is never changed or taken away behind their back."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.accounts.services.sign_in import actor_of
from telehealth.booking.domain.appointment import Mode
from telehealth.booking.domain.claim import ClaimState
from telehealth.booking.domain.recurrence import Recurrence
from telehealth.booking.models import Appointment, Claim, Room, Schedule
from telehealth.booking.services.booking import book_appointment
from telehealth.booking.services.moving import move_appointment
from telehealth.booking.services.rooms import set_room_active
from telehealth.booking.services.schedule_impact import WouldStrand, list_outside
from telehealth.booking.services.schedule_wishes import ScheduleWish, local_today
from telehealth.booking.services.schedules import change_schedule, create_schedule, end_schedule
from telehealth.clock import now
from telehealth.errors import Conflict, InvalidInput
from tests.booking.services.wishes import move, wish
from tests.factories import Cast, make_schedule

pytestmark = pytest.mark.service

DAY = timedelta(days=1)
LONDON = ZoneInfo("Europe/London")
Book = Callable[..., Appointment]


@pytest.fixture
def rooms(session: Session, cast: Cast) -> tuple[Room, Room]:
    owned: dict[str, Any] = {"organisation_id": cast.service.organisation_id, "service_id": cast.service.id}
    one, two = Room(**owned, name="Room 1"), Room(**owned, name="Room 2")
    session.add_all([one, two])
    session.flush()
    return one, two


@pytest.fixture
def clinic(session: Session, cast: Cast, rooms: tuple[Room, Room]) -> Schedule:
    """The colleague's, in Room 1: every day from tomorrow, 9am to 5pm, in every way of meeting."""
    cast.service.closes_on_bank_holidays = False
    return make_schedule(
        session,
        cast.service,
        cast.colleague.practitioner_id,
        first_date=local_today(cast.service) + DAY,
        starts=time(9),
        ends=time(17),
        room_id=rooms[0].id,
    )


@pytest.fixture
def book(session: Session, cast: Cast, clinic: Schedule) -> Book:
    def make(at: time = time(10), mode: Mode = Mode.IN_PERSON) -> Appointment:
        start = datetime.combine(local_today(cast.service) + 3 * DAY, at, LONDON).astimezone(UTC)
        form = wish(cast, schedule_id=clinic.id, starts_at=start, mode=mode)
        return book_appointment(session, actor_of(cast.receptionist), form)

    return make


def wish_from(clinic: Schedule, **parts: Any) -> ScheduleWish:
    return ScheduleWish(
        **{
            "practitioner_id": clinic.practitioner_id,
            "recurrence": Recurrence.weekly(range(7)),
            "first_date": clinic.first_date,
            "starts": clinic.starts,
            "ends": clinic.ends,
            "slot_minutes": clinic.slot_minutes,
            "modes": frozenset(clinic.modes),
            "room_id": clinic.room_id,
            **parts,
        }
    )


def change(session: Session, cast: Cast, clinic: Schedule, agreed: str = "", **parts: Any) -> Schedule:
    return change_schedule(
        session,
        actor_of(cast.administrator),
        cast.service.id,
        clinic.id,
        wish_from(clinic, **parts),
        version=clinic.version,
        agreed=agreed,
    )


def change_all_the_same(session: Session, cast: Cast, clinic: Schedule, **parts: Any) -> Schedule:
    with pytest.raises(WouldStrand) as caught:
        change(session, cast, clinic, **parts)
    return change(session, cast, clinic, agreed=caught.value.token, **parts)


def put_out_of_use(session: Session, cast: Cast, room: Room) -> Room:
    return set_room_active(session, actor_of(cast.administrator), cast.service.id, room.id, is_active=False)


@pytest.mark.parametrize("to", ["another room", "no room"])
def test_a_session_that_changes_its_room_lists_whom_it_would_leave_in_the_old_one(
    session: Session, cast: Cast, clinic: Schedule, rooms: tuple[Room, Room], book: Book, to: str
) -> None:
    in_person = book()
    book(time(11), Mode.VIDEO)
    room_id = rooms[1].id if to == "another room" else None
    with pytest.raises(WouldStrand) as caught:
        change(session, cast, clinic, room_id=room_id)
    assert caught.value.appointments == [in_person]
    change(session, cast, clinic, agreed=caught.value.token, room_id=room_id)
    assert list_outside(session, cast.service, now=now()) == [in_person]


def test_a_session_that_gets_its_first_room_leaves_nobody_elsewhere(
    session: Session, cast: Cast, clinic: Schedule, rooms: tuple[Room, Room], book: Book
) -> None:
    """Whoever was told no room is sent to the one in which the clinician sits."""
    clinic.room_id = None
    session.flush()
    assert book().room_id is None
    change(session, cast, clinic, room_id=rooms[0].id)
    assert list_outside(session, cast.service, now=now()) == []


def test_whoever_was_left_in_the_old_room_is_moved_to_the_new_one_at_the_same_time(
    session: Session, cast: Cast, clinic: Schedule, rooms: tuple[Room, Room], book: Book
) -> None:
    appointment = book()
    at = appointment.starts_at
    changed = change_all_the_same(session, cast, clinic, room_id=rooms[1].id)
    reception = actor_of(cast.receptionist)
    move_appointment(
        session,
        reception,
        appointment.id,
        move(cast, appointment, at, schedule_id=changed.id, mode=Mode.IN_PERSON),
    )
    assert (appointment.starts_at, appointment.room_id) == (at, rooms[1].id)
    assert list_outside(session, cast.service, now=now()) == []
    claimed = session.scalars(
        select(Claim.room_id).where(Claim.room_id.is_not(None), Claim.state == ClaimState.BOOKED)
    )
    assert list(claimed) == [rooms[1].id]


def test_a_room_in_which_sessions_are_to_come_stays_in_use(
    session: Session, cast: Cast, clinic: Schedule, rooms: tuple[Room, Room], book: Book
) -> None:
    """Else patients would be booked into it still, and nobody would say who is booked in it."""
    appointment = book()
    with pytest.raises(Conflict) as refused:
        put_out_of_use(session, cast, rooms[0])
    assert (refused.value.code, refused.value.params) == ("room-used", {"room": "Room 1"})
    assert rooms[0].is_active
    change_all_the_same(session, cast, clinic, room_id=rooms[1].id)
    assert not put_out_of_use(session, cast, rooms[0]).is_active
    assert list_outside(session, cast.service, now=now()) == [appointment]


def test_a_room_of_sessions_that_are_over_or_meet_nobody_in_person_goes_out_of_use(
    session: Session, cast: Cast, clinic: Schedule, rooms: tuple[Room, Room]
) -> None:
    change(session, cast, clinic, modes=frozenset({Mode.VIDEO}))
    today = local_today(cast.service)
    make_schedule(
        session,
        cast.service,
        cast.practitioner_id,
        first_date=today - 9 * DAY,
        last_date=today - 2 * DAY,
        room_id=rooms[0].id,
    )
    assert not put_out_of_use(session, cast, rooms[0]).is_active


def test_a_room_of_a_session_that_begins_next_year_stays_in_use(
    session: Session, cast: Cast, clinic: Schedule, rooms: tuple[Room, Room]
) -> None:
    later = wish_from(
        clinic,
        recurrence=Recurrence.monthly(3, 5),
        first_date=local_today(cast.service) + 400 * DAY,
        room_id=rooms[1].id,
    )
    administrator = actor_of(cast.administrator)
    made = create_schedule(session, administrator, cast.service.id, later, idempotency_key="later")
    with pytest.raises(Conflict):
        put_out_of_use(session, cast, rooms[1])
    end_schedule(session, administrator, cast.service.id, made.id, last_date=None, version=made.version)
    put_out_of_use(session, cast, rooms[1])


def test_no_session_gets_a_room_that_is_out_of_use(
    session: Session, cast: Cast, clinic: Schedule, rooms: tuple[Room, Room]
) -> None:
    """From a page that was open since before."""
    put_out_of_use(session, cast, rooms[1])
    with pytest.raises(InvalidInput) as refused:
        change(session, cast, clinic, room_id=rooms[1].id)
    assert (refused.value.code, refused.value.field) == ("room-out-of-use", "room")
    # Nobody comes to it.
    wanted = replace(wish_from(clinic, room_id=rooms[1].id), modes=frozenset({Mode.PHONE}))
    create_schedule(
        session, actor_of(cast.administrator), cast.service.id, wanted, idempotency_key="by-phone"
    )
