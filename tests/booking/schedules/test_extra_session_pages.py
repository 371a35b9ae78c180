"""The pages on which a session on one date alone is moved to another date."""

import re
from datetime import time

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.booking.models import Schedule
from telehealth.booking.services.schedule_wishes import local_today
from tests.booking.schedules.schedule_typing import DAY, book, check, count, date_parts, save, token
from tests.factories import Cast, make_schedule, sign_in
from tests.page_checks import CheckedClient

pytestmark = pytest.mark.web


@pytest.fixture
def extra(session: Session, cast: Cast) -> Schedule:
    """The colleague's, in three days, 9am to noon."""
    on = local_today(cast.service) + 3 * DAY
    made = make_schedule(
        session,
        cast.service,
        cast.colleague.practitioner_id,
        rrule="FREQ=DAILY;COUNT=1",
        first_date=on,
        last_date=on,
        starts=time(9),
        ends=time(12),
    )
    session.commit()
    return made


def offered(page: str) -> set[str]:
    """The dates of the times that can be pressed."""
    return set(re.findall(r'name="slot"\s+value="[^"]+/(\d{4}-\d\d-\d\d)T', page))


def test_an_extra_session_is_moved_and_whoever_was_booked_in_it_is_listed_first(
    client: CheckedClient, session: Session, cast: Cast, extra: Schedule
) -> None:
    book(session, cast, extra, 3, time(10))
    old, new, before = extra.first_date, extra.first_date + 7 * DAY, count(session, Schedule)
    sign_in(client, cast.administrator)
    address = f"/schedules/{cast.service.id}/sessions/{extra.id}"
    page = check(client, address, {**date_parts("first_date", new), "modes": ["video", "phone"]})
    assert "1 appointment would have no session" in page
    assert "Gwilym Day3" in page
    assert save(client, address, page, agreed=token(page)).status_code == 303
    session.expire_all()
    assert count(session, Schedule) == before
    assert session.scalars(select(Schedule.first_date).where(Schedule.id == extra.id)).one() == new
    assert "1 appointment has no session" in client.get_page(f"/schedules/{cast.service.id}")
    # Nobody else is booked for the day on which nobody is there.
    sign_in(client, cast.receptionist)
    chooser = f"/desk/patients/{cast.patient.id}/book?who={extra.practitioner_id}&from={old}"
    assert offered(client.get_page(chooser)) == {str(new)}
