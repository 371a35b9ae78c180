"""A time of the day as people type it."""

from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telehealth.booking.domain.wall_time import parse_wall_time

pytestmark = pytest.mark.domain


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("9", time(9)),
        ("9am", time(9)),
        ("9 am", time(9)),
        (" 9:30 ", time(9, 30)),
        ("9.30pm", time(21, 30)),
        ("9:30 p.m.", time(21, 30)),
        ("0930", time(9, 30)),
        ("14:30", time(14, 30)),
        ("12am", time(0)),
        ("12pm", time(12)),
        ("Midday", time(12)),
        ("midnight", time(0)),
        ("00:00", time(0)),
    ],
)
def test_times_are_read_as_people_type_them(text: str, expected: time) -> None:
    assert parse_wall_time(text) == expected


@pytest.mark.parametrize(
    "text", ["", "25", "9:75", "14pm", "0am", "9m", "nine", "9:3", "24:00", "٩", "-9", "9:30:00"]
)
def test_what_is_no_time_is_not_guessed(text: str) -> None:
    assert parse_wall_time(text) is None


@given(st.times().map(lambda value: value.replace(second=0, microsecond=0)))
def test_every_minute_reads_back(value: time) -> None:
    assert parse_wall_time(f"{value:%H:%M}") == value
    assert parse_wall_time(f"{value:%I:%M%p}") == value


@given(st.text(max_size=12))
def test_nothing_typed_is_an_error(text: str) -> None:
    parsed = parse_wall_time(text)
    assert parsed is None or (parsed.second, parsed.microsecond) == (0, 0)
