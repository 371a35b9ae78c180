from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telehealth.booking.domain.intervals import Interval, subtract
from telehealth.booking.domain.slots import free_slots, is_still_bookable, session_interval
from tests.factories import at

pytestmark = pytest.mark.domain

LONDON = ZoneInfo("Europe/London")
PERSON, SCHEDULE = uuid4(), uuid4()
QUARTER = timedelta(minutes=15)


def slots_of(session: Interval | None, *taken: Interval, length: timedelta = QUARTER) -> list[str]:
    assert session is not None
    slots = free_slots(session, length=length, taken=taken, practitioner_id=PERSON, schedule_id=SCHEDULE)
    return [f"{slot.starts_at.astimezone(LONDON):%H:%M}" for slot in slots]


def test_a_session_is_cut_into_slots() -> None:
    session = session_interval(date(2027, 1, 12), time(9), time(10), LONDON)
    assert slots_of(session) == ["09:00", "09:15", "09:30", "09:45"]


def test_a_claim_takes_every_slot_that_it_touches() -> None:
    session = session_interval(date(2027, 1, 12), time(9), time(10), LONDON)
    claim = Interval(at("2027-01-12 09:10"), at("2027-01-12 09:20"))
    assert slots_of(session, claim) == ["09:30", "09:45"]


def test_a_claim_that_ends_when_a_slot_starts_leaves_it_free() -> None:
    session = session_interval(date(2027, 1, 12), time(9), time(10), LONDON)
    claim = Interval(at("2027-01-12 09:00"), at("2027-01-12 09:15"))
    assert slots_of(session, claim) == ["09:15", "09:30", "09:45"]


def test_time_left_over_at_the_end_is_no_slot() -> None:
    session = session_interval(date(2027, 1, 12), time(9), time(9, 50), LONDON)
    assert slots_of(session, length=timedelta(minutes=20)) == ["09:00", "09:20"]


def test_a_summer_session_keeps_its_wall_time() -> None:
    session = session_interval(date(2027, 7, 6), time(9), time(10), LONDON)
    assert session == Interval(at("2027-07-06 08:00"), at("2027-07-06 09:00"))


def test_the_hour_that_spring_skips_has_no_slots() -> None:
    session = session_interval(date(2027, 3, 28), time(0, 30), time(3, 30), LONDON)
    assert session is not None
    assert session.length == timedelta(hours=2)
    assert slots_of(session) == ["00:30", "00:45", "02:00", "02:15", "02:30", "02:45", "03:00", "03:15"]


def test_a_session_inside_the_skipped_hour_does_not_exist_twice() -> None:
    session = session_interval(date(2027, 3, 28), time(1), time(2), LONDON)
    assert session is None or session.length <= timedelta(hours=1)


def test_the_hour_that_autumn_repeats_has_slots_twice() -> None:
    session = session_interval(date(2027, 10, 31), time(0, 30), time(3, 30), LONDON)
    assert session is not None
    assert session.length == timedelta(hours=4)
    assert slots_of(session).count("01:30") == 2


def test_a_session_over_midnight_ends_the_next_day() -> None:
    session = session_interval(date(2027, 1, 12), time(22), time(2), LONDON)
    assert session == Interval(at("2027-01-12 22:00"), at("2027-01-13 02:00"))


def test_a_slot_stays_open_for_some_minutes_after_it_began() -> None:
    session = Interval(at("2027-01-12 09:00"), at("2027-01-12 09:15"))
    (slot,) = free_slots(session, length=QUARTER, taken=(), practitioner_id=PERSON, schedule_id=SCHEDULE)
    assert is_still_bookable(slot, at("2027-01-12 09:04"))
    assert not is_still_bookable(slot, at("2027-01-12 09:05"))


def test_naive_and_empty_intervals_are_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        Interval(datetime(2027, 1, 12, 9), datetime(2027, 1, 12, 10))  # noqa: DTZ001 - what is tested
    with pytest.raises(ValueError, match="ends after"):
        Interval(at("2027-01-12 09:00"), at("2027-01-12 09:00"))


MINUTES = st.integers(min_value=0, max_value=600)


@st.composite
def intervals(draw: st.DrawFn) -> Interval:
    start, length = draw(MINUTES), draw(st.integers(min_value=1, max_value=120))
    first = datetime(2027, 1, 12, 8, tzinfo=UTC) + timedelta(minutes=start)
    return Interval(first, first + timedelta(minutes=length))


@given(session=intervals(), taken=st.lists(intervals(), max_size=8), minutes=st.integers(5, 60))
def test_slots_lie_in_the_session_and_touch_no_claim(
    session: Interval, taken: list[Interval], minutes: int
) -> None:
    slots = free_slots(
        session, length=timedelta(minutes=minutes), taken=taken, practitioner_id=PERSON, schedule_id=SCHEDULE
    )
    spans = [Interval(slot.starts_at, slot.ends_at) for slot in slots]
    assert all(session.start <= span.start and span.end <= session.end for span in spans)
    assert not any(span.overlaps(claim) for span in spans for claim in taken)
    assert not any(one.overlaps(other) for one, other in pairwise(spans))


@given(whole=intervals(), taken=st.lists(intervals(), max_size=8))
def test_subtracting_leaves_exactly_the_minutes_that_nobody_took(
    whole: Interval, taken: list[Interval]
) -> None:
    left = subtract(whole, taken)
    minute = timedelta(minutes=1)
    moment = whole.start
    while moment < whole.end:
        is_taken = any(cut.start <= moment < cut.end for cut in taken)
        assert any(piece.start <= moment < piece.end for piece in left) is not is_taken
        moment += minute
