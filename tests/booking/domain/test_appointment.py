from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from telehealth.booking.domain.appointment import (
    AppointmentStatus,
    JoinWindow,
    can_become,
    join_window,
    may_have_seen,
)
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


@pytest.mark.parametrize(
    ("starts", "read_at", "may"),
    [
        ("2027-03-24 15:00", "2027-03-24 08:00", True),  # the clinician rings early
        ("2027-03-24 15:00", "2027-03-23 23:59", False),
        ("2027-03-24 00:10", "2027-03-23 23:55", True),  # the waiting room is open
        ("2027-03-24 00:10", "2027-03-23 23:54", False),
        ("2027-07-01 00:30", "2027-06-30 23:30", True),  # 12:30am there, and half past midnight has come
        ("2027-03-24 15:00", "2027-03-30 08:00", True),
    ],
)
def test_somebody_may_have_been_seen_on_the_day_of_the_appointment(
    starts: str, read_at: str, may: bool
) -> None:
    assert may_have_seen(at(starts), at(read_at), ZoneInfo("Europe/London")) is may
