"""A clinic with many clinicians: every free time of a day can be reached, and the page stays short."""

import re
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session

from telehealth.booking.slot_values import instant_value
from telehealth.clock import uk_today
from tests.booking.self_service.own_booking import address, query
from tests.factories import Cast, make_clinician, make_schedule
from tests.page_checks import CheckedClient

pytestmark = pytest.mark.web

LONDON = ZoneInfo("Europe/London")
CLINICIANS = 12
OPENS, CLOSES, MINUTES = time(9), time(17), 15


@pytest.fixture
def day(session: Session, cast: Cast) -> date:
    """Tomorrow, on which a dozen clinicians are free from nine to five: 384 times."""
    tomorrow = uk_today() + timedelta(days=1)
    schedule = session.merge(cast.schedule)
    schedule.last_date = uk_today() - timedelta(days=1)
    for number in range(CLINICIANS):
        person = make_clinician(session, cast.service, f"Clinician{number}", "Many")
        make_schedule(
            session,
            cast.service,
            person.practitioner_id,
            slot_minutes=MINUTES,
            starts=OPENS,
            ends=CLOSES,
            first_date=tomorrow,
        )
    session.commit()
    return tomorrow


def starts_of(day: date, first: time, until: time) -> list[str]:
    found, start = [], datetime.combine(day, first, LONDON)
    while start < datetime.combine(day, until, LONDON):
        found.append(instant_value(start))
        start += timedelta(minutes=MINUTES)
    return found


def offered(page: str) -> list[str]:
    """The starts of the buttons, without the one of the next available time."""
    return re.findall(r'class="app-times__time"\s+name="slot"\s+value="[0-9a-f-]+/([0-9TZ:-]+)"', page)


def test_every_time_of_a_busy_day_is_offered_once(as_patient: CheckedClient, cast: Cast, day: date) -> None:
    page = as_patient.get_page(address(cast, "/when") + query(cast))
    assert offered(page) == starts_of(day, OPENS, CLOSES)
    # The next page begins with the next day.
    assert f"from={(day + timedelta(days=1)).isoformat()}" in page


def test_so_is_every_time_of_a_part_of_the_day(as_patient: CheckedClient, cast: Cast, day: date) -> None:
    page = as_patient.get_page(address(cast, "/when") + query(cast) + "&part=afternoon")
    shown = offered(page)
    wanted = starts_of(day, time(12), CLOSES)
    assert shown[: len(wanted)] == wanted


def test_who_asks_for_anyone_is_not_always_given_the_same_one(
    as_patient: CheckedClient, cast: Cast, day: date
) -> None:
    first = as_patient.get_page(address(cast, "/when") + query(cast))
    schedules = re.findall(r'class="app-times__time"\s+name="slot"\s+value="([0-9a-f-]+)/', first)
    assert len(set(schedules)) > CLINICIANS // 2
    # And a page that is loaded again shows the same.
    again = as_patient.get_page(address(cast, "/when") + query(cast))
    assert re.findall(r'class="app-times__time"\s+name="slot"\s+value="([0-9a-f-]+)/', again) == schedules
