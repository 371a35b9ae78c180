from datetime import time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from telehealth.booking.domain.series import is_skipped, series_starts
from tests.factories import at

pytestmark = pytest.mark.domain

LONDON = ZoneInfo("Europe/London")


@pytest.mark.parametrize("first", ["2027-03-02 09:30", "2026-09-29 08:30"])
def test_a_series_keeps_its_time_of_the_clock_over_a_clock_change(first: str) -> None:
    """Failure 12: a weekly series drifts by an hour."""
    starts = series_starts(at(first), LONDON, weeks_between=1, count=8)
    shown = [start.astimezone(LONDON) for start in starts]
    assert {when.time() for when in shown} == {time(9, 30)}
    assert {later.date() - when.date() for when, later in pairwise(shown)} == {timedelta(weeks=1)}
    assert len({when.utcoffset() for when in shown}) == 2


def test_a_series_may_skip_weeks() -> None:
    starts = series_starts(at("2027-01-12 14:30"), LONDON, weeks_between=4, count=3)
    assert starts == [at("2027-01-12 14:30"), at("2027-02-09 14:30"), at("2027-03-09 14:30")]


def test_the_hour_that_the_clocks_skip_is_told_apart() -> None:
    """28 March 2027: 1:30am does not exist in London."""
    first = at("2027-03-14 01:30")
    starts = series_starts(first, LONDON, weeks_between=1, count=4)
    assert [is_skipped(start, first, LONDON) for start in starts] == [False, False, True, False]


def test_the_hour_that_comes_twice_is_not_skipped() -> None:
    first = at("2027-10-24 00:30")
    starts = series_starts(first, LONDON, weeks_between=1, count=3)
    assert [is_skipped(start, first, LONDON) for start in starts] == [False, False, False]
