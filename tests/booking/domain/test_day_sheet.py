"""A column of the day sheet: cut into stretches without a hole, and laid out in rows with other columns."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telehealth.booking.domain.day_sheet import Stretch, StretchKind, cut_day, lay_out, merge
from telehealth.booking.domain.intervals import Interval

pytestmark = pytest.mark.domain

TEN = timedelta(minutes=10)
MIDNIGHT = datetime(2027, 1, 12, tzinfo=UTC)


def at(clock: str) -> datetime:
    hour, minute = clock.split(":")
    return MIDNIGHT + timedelta(hours=int(hour), minutes=int(minute))


def span(text: str) -> Interval:
    start, end = text.split("-")
    return Interval(at(start), at(end))


def cut(
    day: str,
    *,
    sessions: tuple[str, ...] = (),
    closed: tuple[str, ...] = (),
    taken: tuple[str, ...] = (),
    starts: tuple[str, ...] = (),
) -> list[str]:
    """Stretches as "gap 9:00-9:10", with the indexes of what they show."""
    stretches = cut_day(
        span(day),
        sessions=[span(each) for each in sessions],
        closed=[span(each) for each in closed],
        taken=[span(each) for each in taken],
        starts=[at(each) for each in starts],
        length=TEN,
    )
    return [in_words(each) for each in stretches]


def in_words(stretch: Stretch) -> str:
    clock = "-".join(f"{each.hour}:{each.minute:02}" for each in (stretch.span.start, stretch.span.end))
    return " ".join([stretch.kind.value, clock, *map(str, stretch.indexes)])


def test_a_session_is_cut_into_gaps_appointments_and_what_is_left() -> None:
    assert cut("9:00-10:00", sessions=("9:00-9:45",), taken=("9:10-9:20",), starts=("9:00", "9:20")) == [
        "gap 9:00-9:10",
        "taken 9:10-9:20 0",
        "gap 9:20-9:30",
        "free 9:30-9:45",
        "outside 9:45-10:00",
    ]


def test_starts_that_are_closer_than_the_length_make_a_gap_each() -> None:
    assert cut("9:00-9:20", sessions=("9:00-9:20",), starts=("9:00", "9:05", "9:10")) == [
        "gap 9:00-9:05",
        "gap 9:05-9:10",
        "gap 9:10-9:20",
    ]


def test_a_rest_that_is_too_short_belongs_to_the_gap_before_it() -> None:
    assert cut("9:00-9:30", sessions=("9:00-9:30",), starts=("9:00", "9:15")) == [
        "gap 9:00-9:15",
        "gap 9:15-9:30",
    ]


def test_what_overlaps_stands_together_and_what_touches_does_not() -> None:
    assert cut("9:00-9:40", taken=("9:00-9:20", "9:10-9:30", "9:30-9:40")) == [
        "taken 9:00-9:30 0 1",
        "taken 9:30-9:40 2",
    ]


def test_an_appointment_in_leave_stays_in_sight() -> None:
    """Nobody is stranded unseen: leave that came after the booking does not cover it."""
    assert cut("9:00-10:00", sessions=("9:00-10:00",), closed=("9:00-10:00",), taken=("9:20-9:30",)) == [
        "closed 9:00-9:20 0",
        "taken 9:20-9:30 0",
        "closed 9:30-10:00 0",
    ]


def test_of_two_closures_the_first_is_shown_and_no_gap_shines_through() -> None:
    assert cut(
        "9:00-10:00",
        sessions=("9:00-10:00",),
        closed=("9:00-9:30", "9:20-9:40"),
        starts=("9:00", "9:30", "9:40"),
    ) == ["closed 9:00-9:30 0", "closed 9:30-9:40 1", "gap 9:40-9:50", "free 9:50-10:00"]


def test_what_reaches_over_the_day_is_clipped() -> None:
    assert cut("0:00-1:00", sessions=("0:00-1:00",), taken=("0:50-2:00",)) == [
        "free 0:00-0:50",
        "taken 0:50-1:00 0",
    ]


def test_sessions_that_touch_are_one() -> None:
    assert merge([span("9:00-9:30"), span("9:30-10:00"), span("11:00-12:00")]) == [
        span("9:00-10:00"),
        span("11:00-12:00"),
    ]


def test_columns_with_different_grids_share_rows() -> None:
    left = cut_day(
        span("9:00-9:30"), sessions=[], closed=[], taken=[span("9:10-9:30")], starts=[], length=TEN
    )
    right = cut_day(
        span("9:00-9:30"), sessions=[], closed=[], taken=[span("9:15-9:30")], starts=[], length=TEN
    )
    rows, cells = lay_out([left, right])
    assert rows == [at("9:00"), at("9:10"), at("9:15")]
    assert [[(cell.row, cell.rows) for cell in column] for column in cells] == [
        [(0, 1), (1, 2)],
        [(0, 2), (2, 1)],
    ]


intervals = st.tuples(st.integers(0, 280), st.integers(1, 60)).map(
    lambda pair: Interval(MIDNIGHT + pair[0] * TEN / 2, MIDNIGHT + (pair[0] + pair[1]) * TEN / 2)
)


@settings(max_examples=100, derandomize=True)
@given(
    sessions=st.lists(intervals, max_size=4),
    closed=st.lists(intervals, max_size=3),
    taken=st.lists(intervals, max_size=8),
    starts=st.lists(st.integers(0, 287), max_size=30, unique=True),
)
def test_the_day_is_covered_without_holes_and_nothing_taken_is_lost(
    sessions: list[Interval], closed: list[Interval], taken: list[Interval], starts: list[int]
) -> None:
    day = Interval(MIDNIGHT, MIDNIGHT + timedelta(days=1))
    stretches = cut_day(
        day,
        sessions=sessions,
        closed=closed,
        taken=taken,
        starts=[MIDNIGHT + number * TEN / 2 for number in starts],
        length=TEN,
    )
    assert stretches[0].span.start == day.start
    assert stretches[-1].span.end == day.end
    assert all(one.span.end == two.span.start for one, two in pairwise(stretches))
    shown = [index for each in stretches if each.kind is StretchKind.TAKEN for index in each.indexes]
    assert sorted(shown) == [index for index, each in enumerate(taken) if each.overlaps(day)]
    gaps = [each.span for each in stretches if each.kind is StretchKind.GAP]
    assert not [gap for gap in gaps if any(gap.overlaps(each) for each in [*taken, *closed])]
