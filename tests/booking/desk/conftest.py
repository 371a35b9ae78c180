"""What several tests of the desk need."""

from datetime import time, timedelta

import pytest
from sqlalchemy.orm import Session

from telehealth.booking.models import Appointment, Schedule
from telehealth.clock import uk_today
from tests.booking.desk.day_sheet_page import at, place
from tests.factories import Cast, make_schedule


@pytest.fixture
def morning(session: Session, cast: Cast) -> Schedule:
    """A clinic from nine to ten, and no other."""
    cast.schedule.last_date = uk_today() - timedelta(days=1)
    session.add(cast.schedule)
    made = make_schedule(session, cast.service, cast.practitioner_id, starts=time(9), ends=time(10))
    session.commit()
    return made


@pytest.fixture
def booked(session: Session, cast: Cast, morning: Schedule) -> Appointment:
    """At a quarter past nine."""
    made = place(session, cast, morning, at("09:15"))
    session.commit()
    return made
