"""A session on one date alone is moved to another date: it does not take place on both."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session

from telehealth.accounts.services.sign_in import actor_of
from telehealth.booking.domain.appointment import Mode
from telehealth.booking.domain.recurrence import Recurrence
from telehealth.booking.models import Schedule
from telehealth.booking.services.availability import SlotQuery, find_slots
from telehealth.booking.services.booking import book_appointment
from telehealth.booking.services.schedule_impact import WouldStrand, list_outside, load_plan
from telehealth.booking.services.schedule_wishes import ScheduleWish, local_today
from telehealth.booking.services.schedules import change_schedule, create_schedule
from telehealth.clock import now
from tests.booking.services.wishes import wish
from tests.factories import Cast, make_schedule

pytestmark = pytest.mark.service

DAY = timedelta(days=1)
LONDON = ZoneInfo("Europe/London")


@pytest.fixture
def extra(session: Session, cast: Cast) -> Schedule:
    """The colleague's, in ten days, 9am to noon."""
    return create_schedule(
        session, actor_of(cast.administrator), cast.service.id, wish_on(cast, 10), idempotency_key="extra"
    )


def wish_on(cast: Cast, days: int) -> ScheduleWish:
    return ScheduleWish(
        practitioner_id=cast.colleague.practitioner_id,
        recurrence=Recurrence.once(),
        first_date=local_today(cast.service) + days * DAY,
        starts=time(9),
        ends=time(12),
        slot_minutes=15,
        modes=frozenset({Mode.VIDEO}),
    )


def change(
    session: Session, cast: Cast, schedule: Schedule, wanted: ScheduleWish, agreed: str = ""
) -> Schedule:
    return change_schedule(
        session,
        actor_of(cast.administrator),
        cast.service.id,
        schedule.id,
        wanted,
        version=schedule.version,
        agreed=agreed,
    )


def planned(session: Session, cast: Cast) -> list[date]:
    """On which dates the colleague has a session."""
    today = local_today(cast.service)
    plan = load_plan(session, cast.service, since=now() - DAY)
    owner = cast.colleague.practitioner_id
    return [each.on for each in plan.occurrences(today, today + 60 * DAY) if each.rule.owner_id == owner]


def offered(session: Session, cast: Cast) -> set[date]:
    """On which dates a time with the colleague can be booked."""
    query = SlotQuery(type=cast.appointment_type, days=60, practitioner_id=cast.colleague.practitioner_id)
    return {
        slot.starts_at.astimezone(LONDON).date()
        for slot in find_slots(session, cast.service, query, now=now())
    }


@pytest.mark.parametrize("days", [17, 11, 5])
def test_an_extra_session_that_is_moved_takes_place_on_its_new_date_alone(
    session: Session, cast: Cast, extra: Schedule, days: int
) -> None:
    moved = change(session, cast, extra, wish_on(cast, days))
    new = local_today(cast.service) + days * DAY
    assert moved.id == extra.id
    assert (moved.first_date, moved.last_date) == (new, new)
    assert planned(session, cast) == [new]
    assert offered(session, cast) == {new}


def test_whoever_is_booked_on_the_old_date_is_listed_before_it_is_moved(
    session: Session, cast: Cast, extra: Schedule
) -> None:
    old = extra.first_date
    booked = book_appointment(
        session,
        actor_of(cast.receptionist),
        wish(
            cast,
            schedule_id=extra.id,
            starts_at=datetime.combine(old, time(10), LONDON).astimezone(UTC),
        ),
    )
    later = wish_on(cast, 17)
    with pytest.raises(WouldStrand) as caught:
        change(session, cast, extra, later)
    assert caught.value.appointments == [booked]
    assert planned(session, cast) == [old]
    change(session, cast, extra, later, caught.value.token)
    assert list_outside(session, cast.service, now=now()) == [booked]


def test_an_extra_session_that_has_begun_stays_and_the_change_is_another_one(
    session: Session, cast: Cast
) -> None:
    today = local_today(cast.service)
    begun = make_schedule(
        session,
        cast.service,
        cast.colleague.practitioner_id,
        rrule=Recurrence.once().to_rrule(),
        first_date=today,
        last_date=today,
    )
    assert planned(session, cast) == [today]
    made = change(session, cast, begun, wish_on(cast, 7))
    assert made.id != begun.id
    assert planned(session, cast) == [today, today + 7 * DAY]
