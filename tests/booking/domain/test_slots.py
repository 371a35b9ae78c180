"""Free times as arithmetic: against a slow oracle, over clock changes, and the failures of other systems."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telehealth.booking.domain.intervals import Interval, subtract
from telehealth.booking.domain.slots import (
    PartOfDay,
    Span,
    as_span,
    free_starts,
    is_still_bookable,
    merged,
    part_of_day,
    session_interval,
)
from tests.factories import at

pytestmark = pytest.mark.domain

LONDON = ZoneInfo("Europe/London")
MINUTE = 60
QUARTER = 15 * MINUTE
# The last Sundays of March and October, at 01:00 UTC both ways.
CLOCK_CHANGES = [
    day
    for year in range(2026, 2037)
    for month in (3, 10)
    for day in [
        max(date(year, month, number) for number in range(25, 32) if date(year, month, number).weekday() == 6)
    ]
]


def starts_of(
    session: Interval | None, *taken: Interval, length: int = QUARTER, step: int = QUARTER
) -> list[str]:
    """Free starts as the wall clock in London shows them."""
    assert session is not None
    found = free_starts(as_span(session), length=length, step=step, taken=merged(map(as_span, taken)))
    return [f"{datetime.fromtimestamp(start, LONDON):%H:%M}" for start in found]


def minutes(first: int, last: int) -> Span:
    return first * MINUTE, last * MINUTE


def slow_starts(
    session: Span, length: int, step: int, taken: list[Span], before: int, after: int
) -> list[int]:
    """The oracle: every minute is asked for itself, in no clever way."""
    found = []
    for minute in range(session[0] // MINUTE, session[1] // MINUTE):
        start = minute * MINUTE
        is_on_grid = (start - session[0]) % step == 0
        is_inside = all(session[0] <= each < session[1] for each in range(start, start + length, MINUTE))
        needed = range(start - before, start + length + after, MINUTE)
        is_free = not any(claim[0] <= each < claim[1] for each in needed for claim in taken)
        if is_on_grid and is_inside and is_free:
            found.append(start)
    return found


spans = st.tuples(st.integers(0, 300), st.integers(1, 90)).map(
    lambda pair: minutes(pair[0], pair[0] + pair[1])
)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(
    session=st.tuples(st.integers(30, 200), st.integers(1, 180)).map(
        lambda pair: minutes(pair[0], pair[0] + pair[1])
    ),
    taken=st.lists(spans, max_size=6),
    length=st.integers(1, 60),
    step=st.integers(1, 45),
    before=st.integers(0, 20),
    after=st.integers(0, 20),
)
def test_free_times_are_those_that_a_slow_search_finds(
    session: Span, taken: list[Span], length: int, step: int, before: int, after: int
) -> None:
    """Complete, never outside the session, never over a claim, buffers included."""
    fast = free_starts(
        session,
        length=length * MINUTE,
        step=step * MINUTE,
        taken=merged(taken),
        before=before * MINUTE,
        after=after * MINUTE,
    )
    slow = slow_starts(session, length * MINUTE, step * MINUTE, taken, before * MINUTE, after * MINUTE)
    assert fast == slow


@settings(max_examples=200, derandomize=True, deadline=None)
@given(ranges=st.lists(spans, max_size=12))
def test_merged_ranges_are_the_same_minutes_and_touch_nowhere(ranges: list[Span]) -> None:
    joined = merged(ranges)
    before = {minute for start, end in ranges for minute in range(start, end, MINUTE)}
    after = {minute for start, end in joined for minute in range(start, end, MINUTE)}
    assert after == before
    assert all(first[1] < second[0] for first, second in pairwise(joined))


def test_a_session_is_cut_on_its_grid() -> None:
    session = session_interval(date(2027, 1, 12), time(9), time(10), LONDON)
    assert starts_of(session) == ["09:00", "09:15", "09:30", "09:45"]


def test_a_claim_takes_every_start_that_it_touches() -> None:
    """Failure 16: a longer booking over shorter slots, inside one, and at exactly the same time."""
    session = session_interval(date(2027, 1, 12), time(9), time(10), LONDON)
    longer = Interval(at("2027-01-12 09:10"), at("2027-01-12 09:40"))
    inside = Interval(at("2027-01-12 09:35"), at("2027-01-12 09:40"))
    same = Interval(at("2027-01-12 09:15"), at("2027-01-12 09:30"))
    assert starts_of(session, longer) == ["09:45"]
    assert starts_of(session, inside) == ["09:00", "09:15", "09:45"]
    assert starts_of(session, same) == ["09:00", "09:30", "09:45"]


def test_a_claim_that_ends_when_a_start_begins_leaves_it_free() -> None:
    session = session_interval(date(2027, 1, 12), time(9), time(10), LONDON)
    claim = Interval(at("2027-01-12 09:00"), at("2027-01-12 09:15"))
    assert starts_of(session, claim) == ["09:15", "09:30", "09:45"]


def test_time_left_over_at_the_end_is_no_start() -> None:
    session = session_interval(date(2027, 1, 12), time(9), time(9, 50), LONDON)
    assert starts_of(session, length=20 * MINUTE, step=20 * MINUTE) == ["09:00", "09:20"]


def test_a_long_session_is_not_cut_off() -> None:
    """Failure 20: 29 slots in a session, and no more."""
    session = session_interval(date(2027, 1, 12), time(0), time(0), LONDON)
    assert len(starts_of(session, length=5 * MINUTE, step=5 * MINUTE)) == 288


@pytest.mark.parametrize(("length", "step"), [(0, 60), (60, 0), (-1, 60)])
def test_a_length_that_is_none_is_refused(length: int, step: int) -> None:
    with pytest.raises(ValueError, match="have a length"):
        free_starts((0, 3600), length=length, step=step, taken=[])


def test_a_summer_session_keeps_its_wall_time() -> None:
    session = session_interval(date(2027, 7, 6), time(9), time(10), LONDON)
    assert session == Interval(at("2027-07-06 08:00"), at("2027-07-06 09:00"))


def test_the_hour_that_spring_skips_has_no_starts() -> None:
    session = session_interval(date(2027, 3, 28), time(0, 30), time(3, 30), LONDON)
    assert session is not None
    assert session.length == timedelta(hours=2)
    assert starts_of(session) == ["00:30", "00:45", "02:00", "02:15", "02:30", "02:45", "03:00", "03:15"]


def test_the_hour_that_autumn_repeats_has_its_starts_twice() -> None:
    session = session_interval(date(2026, 10, 25), time(0, 30), time(2, 30), LONDON)
    assert session is not None
    assert session.length == timedelta(hours=3)
    shown = starts_of(session)
    assert shown == [
        "00:30", "00:45", "01:00", "01:15", "01:30", "01:45", "01:00", "01:15", "01:30", "01:45", "02:00", "02:15",
    ]  # fmt: skip


def test_a_session_inside_the_missing_hour_does_not_take_place() -> None:
    assert session_interval(date(2027, 3, 28), time(1, 15), time(1, 45), LONDON) is None


def test_a_wall_time_that_spring_skips_is_the_moment_of_the_change() -> None:
    change = at("2027-03-28 01:00")
    begins = session_interval(date(2027, 3, 28), time(1, 15), time(3), LONDON)
    ends = session_interval(date(2027, 3, 28), time(0), time(1, 15), LONDON)
    assert begins == Interval(change, at("2027-03-28 02:00"))
    assert ends == Interval(at("2027-03-28 00:00"), change)


def test_the_hour_that_autumn_repeats_is_lost_to_no_session() -> None:
    begins = session_interval(date(2026, 10, 25), time(1, 30), time(3), LONDON)
    ends = session_interval(date(2026, 10, 25), time(0), time(1, 30), LONDON)
    assert begins == Interval(at("2026-10-25 00:30"), at("2026-10-25 03:00"))
    assert ends == Interval(at("2026-10-24 23:00"), at("2026-10-25 01:30"))


def slow_session(on: date, starts: time, ends: time) -> Span | None:
    """The oracle: the clock on the wall is read at each minute from the evening before until the day after."""
    opens = datetime.combine(on, starts)
    closes = datetime.combine(on if ends > starts else on + timedelta(days=1), ends)
    first = int(datetime.combine(on, time(0), UTC).timestamp()) - 2 * 3600
    clock = {
        minute: datetime.fromtimestamp(minute, LONDON).replace(tzinfo=None, fold=0)
        for minute in range(first, first + 52 * 3600, MINUTE)
    }
    start = min(minute for minute, shown in clock.items() if shown >= opens)
    # Two minutes of the night in autumn show the same: the second ends it. One that spring skips shows nowhere.
    ending = [minute for minute, shown in clock.items() if shown == closes]
    end = max(ending or [minute + MINUTE for minute, shown in clock.items() if shown < closes])
    return (start, end) if start < end else None


wall_times = st.builds(time, st.integers(0, 23), st.integers(0, 59))
near_midnight_and_the_change = st.builds(time, st.integers(0, 3), st.sampled_from([0, 1, 15, 30, 59]))


@settings(max_examples=100, derandomize=True, deadline=None)
@given(
    day=st.sampled_from(CLOCK_CHANGES),
    offset=st.integers(-1, 1),
    starts=near_midnight_and_the_change | wall_times,
    ends=near_midnight_and_the_change | wall_times,
)
def test_a_session_is_what_the_clock_on_the_wall_says(
    day: date, offset: int, starts: time, ends: time
) -> None:
    """Failure 12, on and around every clock change, over midnight, in the hour that is missing or comes twice."""
    on = day + timedelta(days=offset)
    session = session_interval(on, starts, ends, LONDON)
    assert (as_span(session) if session else None) == slow_session(on, starts, ends)


def test_a_session_over_midnight_is_whole() -> None:
    session = session_interval(date(2027, 1, 12), time(22), time(2), LONDON)
    assert session == Interval(at("2027-01-12 22:00"), at("2027-01-13 02:00"))
    assert len(starts_of(session)) == 16


@pytest.mark.parametrize("day", CLOCK_CHANGES, ids=str)
def test_what_is_shown_is_what_is_stored_on_every_clock_change(day: date) -> None:
    """Failures 12 and 14: an hour off on the screen, in the store or in the message."""
    for around in (day - timedelta(days=1), day, day + timedelta(days=1)):
        session = session_interval(around, time(9), time(17), LONDON)
        assert session is not None
        assert session.length == timedelta(hours=8)
        for start in free_starts(as_span(session), length=QUARTER, step=QUARTER, taken=[]):
            stored = datetime.fromtimestamp(start, UTC)
            shown = stored.astimezone(LONDON)
            again = shown.replace(tzinfo=None).replace(tzinfo=LONDON).astimezone(UTC)
            assert again == stored
            assert shown.date() == around
        night = session_interval(around, time(0), time(0), LONDON)
        assert night is not None
        hours = {3: 23, 10: 25}[day.month] if around == day else 24
        assert len(free_starts(as_span(night), length=3600, step=3600, taken=[])) == hours


def test_there_are_twenty_two_clock_changes() -> None:
    assert len(CLOCK_CHANGES) == 22
    for day in CLOCK_CHANGES:
        midnight = datetime.combine(day, time(0), LONDON)
        assert midnight.utcoffset() != (midnight + timedelta(days=1)).utcoffset()


@pytest.mark.parametrize(
    ("clock", "part"),
    [
        (time(0), PartOfDay.MORNING),
        (time(11, 59), PartOfDay.MORNING),
        (time(12), PartOfDay.AFTERNOON),
        (time(16, 59), PartOfDay.AFTERNOON),
        (time(17), PartOfDay.EVENING),
        (time(23, 59), PartOfDay.EVENING),
    ],
)
def test_the_parts_of_a_day_meet(clock: time, part: PartOfDay) -> None:
    assert part_of_day(clock) is part


def test_a_start_stays_bookable_for_some_minutes() -> None:
    start = at("2027-01-12 09:00")
    assert is_still_bookable(start, start + timedelta(minutes=4))
    assert not is_still_bookable(start, start + timedelta(minutes=5))


def test_an_interval_is_aware_and_not_empty() -> None:
    instant = at("2027-01-12 09:00")
    for start, end in ((instant, instant), (instant, instant - timedelta(minutes=1))):
        with pytest.raises(ValueError, match="ends after it starts"):
            Interval(start, end)
    with pytest.raises(ValueError, match="aware"):
        Interval(instant.replace(tzinfo=None), instant)


def test_what_is_cut_out_leaves_the_rest() -> None:
    whole = Interval(at("2027-01-12 09:00"), at("2027-01-12 12:00"))
    cut = Interval(at("2027-01-12 10:00"), at("2027-01-12 10:30"))
    assert subtract(whole, [cut]) == [Interval(whole.start, cut.start), Interval(cut.end, whole.end)]
    assert subtract(whole, [whole]) == []
