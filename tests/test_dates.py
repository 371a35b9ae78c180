"""Times as people read them."""

from collections.abc import Iterator

import pytest
from flask import Flask

from telehealth.dates import instant_text, time_text
from tests.factories import at

pytestmark = pytest.mark.web


@pytest.fixture(autouse=True)
def in_a_request(app: Flask) -> Iterator[None]:
    with app.test_request_context():
        yield


@pytest.mark.parametrize(
    ("instant", "words"),
    [
        ("2027-01-12 14:30", "2:30pm"),
        ("2027-01-12 20:00", "8pm"),
        ("2027-01-12 12:00", "midday"),
        ("2027-01-12 00:00", "midnight"),
        ("2027-07-12 23:00", "midnight"),
        # The clocks go forward: 1am is followed by 2am, and each is said as it is.
        ("2027-03-28 00:45", "12:45am"),
        ("2027-03-28 01:00", "2am"),
        # They go back: an hour comes twice.
        ("2027-10-30 23:30", "12:30am"),
        ("2027-10-31 00:30", "1:30am before the clocks go back"),
        ("2027-10-31 01:30", "1:30am after the clocks go back"),
        ("2027-10-31 02:00", "2am"),
    ],
)
def test_a_time_is_said_once_and_means_one_moment(instant: str, words: str) -> None:
    assert time_text(at(instant), "Europe/London") == words
    assert instant_text(at(instant), "Europe/London").endswith(f", {words}")
