"""On which dates a session takes place."""

from datetime import date, datetime, time

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given
from hypothesis import strategies as st

from telehealth.booking.domain.recurrence import (
    NTHS,
    WEEK_INTERVALS,
    Recurrence,
    Repeat,
    expand_dates,
    parse_rrule,
)

pytestmark = pytest.mark.domain

DATES = st.dates(date(2020, 1, 1), date(2032, 12, 31))
RULES = st.one_of(
    st.builds(
        Recurrence.weekly,
        st.sets(st.integers(0, 6), min_size=1),
        st.sampled_from(WEEK_INTERVALS),
    ),
    st.builds(Recurrence.monthly, st.sampled_from(NTHS), st.integers(0, 6)),
    st.just(Recurrence.once()),
)


@given(rule=RULES)
def test_a_rule_reads_back_as_it_was_written(rule: Recurrence) -> None:
    assert parse_rrule(rule.to_rrule()) == rule


@given(rule=RULES, first_date=DATES, a=DATES, b=DATES)
def test_the_dates_are_those_of_the_standard(rule: Recurrence, first_date: date, a: date, b: date) -> None:
    first, last = min(a, b), max(a, b)
    midnight = time(0)
    # RFC 5545, as another program reads it.
    expected = rrulestr(rule.to_rrule(), dtstart=datetime.combine(first_date, midnight)).between(
        datetime.combine(first, midnight), datetime.combine(last, midnight), inc=True
    )
    assert expand_dates(rule.to_rrule(), first_date, first, last) == tuple(day.date() for day in expected)


def test_a_fortnight_is_counted_from_the_week_of_the_first_date_over_the_end_of_a_year() -> None:
    rule = Recurrence.weekly({0, 3}, 2).to_rrule()
    assert expand_dates(rule, date(2026, 12, 17), date(2026, 12, 1), date(2027, 1, 20)) == (
        date(2026, 12, 17),
        date(2026, 12, 28),
        date(2026, 12, 31),
        date(2027, 1, 11),
        date(2027, 1, 14),
    )


def test_the_last_friday_of_each_month_is_found_in_february_too() -> None:
    rule = Recurrence.monthly(-1, 4).to_rrule()
    assert expand_dates(rule, date(2028, 1, 1), date(2028, 1, 1), date(2028, 3, 31)) == (
        date(2028, 1, 28),
        date(2028, 2, 25),
        date(2028, 3, 31),
    )


def test_one_date_takes_place_once() -> None:
    rule = Recurrence.once().to_rrule()
    assert expand_dates(rule, date(2027, 1, 12), date(2026, 1, 1), date(2030, 1, 1)) == (date(2027, 1, 12),)


def test_every_day_is_a_weekly_rule_of_seven_days() -> None:
    assert parse_rrule("FREQ=DAILY") == Recurrence.weekly(range(7))


def test_nothing_takes_place_before_the_first_date_or_in_a_span_that_ends_before_it_starts() -> None:
    assert expand_dates("FREQ=DAILY", date(2027, 1, 10), date(2027, 1, 1), date(2027, 1, 9)) == ()
    assert expand_dates("FREQ=DAILY", date(2027, 1, 1), date(2027, 2, 2), date(2027, 2, 1)) == ()


def test_the_first_and_the_last_year_of_the_calendar_do_not_overflow() -> None:
    assert expand_dates("FREQ=WEEKLY;BYDAY=SU", date(1, 1, 1), date(1, 1, 1), date(1, 1, 8)) == (
        date(1, 1, 7),
    )
    end = date(9999, 12, 31)
    assert expand_dates("FREQ=WEEKLY;BYDAY=FR", date(9999, 12, 1), date(9999, 12, 25), end) == (end,)
    assert expand_dates("FREQ=MONTHLY;BYDAY=-1FR", date(9999, 12, 1), date(9999, 12, 1), end) == (end,)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "FREQ=DAILY;COUNT=3",
        "FREQ=DAILY;INTERVAL=2",
        "FREQ=HOURLY",
        "FREQ=MONTHLY;BYDAY=5TU",
        "FREQ=MONTHLY;BYDAY=TU",
        "FREQ=MONTHLY;INTERVAL=2;BYDAY=1TU",
        "FREQ=WEEKLY",
        "FREQ=WEEKLY;BYDAY=TU;BYHOUR=9",
        "FREQ=WEEKLY;INTERVAL=3;BYDAY=TU",
        "nonsense",
    ],
)
def test_a_rule_that_no_form_makes_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_rrule(text)


@pytest.mark.parametrize(
    ("repeat", "weekdays", "interval", "nth"),
    [
        (Repeat.WEEKLY, frozenset(), 1, 0),
        (Repeat.WEEKLY, frozenset({7}), 1, 0),
        (Repeat.WEEKLY, frozenset({1}), 3, 0),
        (Repeat.MONTHLY, frozenset({1, 2}), 1, 1),
        (Repeat.MONTHLY, frozenset({1}), 1, 0),
        (Repeat.ONCE, frozenset({1}), 1, 0),
    ],
)
def test_a_rule_that_means_nothing_cannot_be_made(
    repeat: Repeat, weekdays: frozenset[int], interval: int, nth: int
) -> None:
    with pytest.raises(ValueError, match=r"."):
        Recurrence(repeat, weekdays, interval, nth)
