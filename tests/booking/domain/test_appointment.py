from datetime import timedelta

import pytest

from telehealth.booking.domain.appointment import AppointmentStatus, JoinWindow, can_become, join_window
from tests.factories import at

pytestmark = pytest.mark.domain

STARTS, ENDS = at("2027-01-12 14:30"), at("2027-01-12 14:45")
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (at("2027-01-12 14:15") - SECOND, JoinWindow.EARLY),
        (at("2027-01-12 14:15"), JoinWindow.OPEN),
        (at("2027-01-12 14:30"), JoinWindow.OPEN),
        (at("2027-01-12 15:45") - SECOND, JoinWindow.OPEN),
        (at("2027-01-12 15:45"), JoinWindow.LATE),
    ],
)
def test_the_waiting_room_opens_15_minutes_before_and_closes_an_hour_after(
    moment: object, expected: JoinWindow
) -> None:
    assert join_window(STARTS, ENDS, moment) is expected  # type: ignore[arg-type]


def test_what_is_cancelled_stays_cancelled() -> None:
    assert not any(can_become(AppointmentStatus.CANCELLED, status) for status in AppointmentStatus)


def test_nothing_becomes_what_it_is() -> None:
    assert not any(can_become(status, status) for status in AppointmentStatus)


def test_did_not_attend_can_be_undone() -> None:
    assert can_become(AppointmentStatus.NOSHOW, AppointmentStatus.BOOKED)
