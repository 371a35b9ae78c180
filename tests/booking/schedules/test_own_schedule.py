"""What a clinician sees on the page of their own schedule."""

from datetime import time

import pytest
from sqlalchemy.orm import Session

from telehealth.clock import now
from tests.booking.schedules.schedule_typing import DAY
from tests.booking.services.day_sheets import take_leave
from tests.factories import Cast, make_schedule, make_shared_clinic, sign_in
from tests.page_checks import CheckedClient

pytestmark = pytest.mark.web


def test_a_clinician_sees_the_shared_clinics_in_which_they_sit(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    clinic, _ = make_shared_clinic(session, cast)
    make_schedule(
        session,
        cast.service,
        None,
        shared_clinic_id=clinic.id,
        rrule="FREQ=WEEKLY;BYDAY=TU",
        starts=time(9),
        ends=time(11),
    )
    session.commit()
    sign_in(client, cast.clinician)
    page = client.get_page(f"/schedules/{cast.service.id}")
    assert "Shared clinics you sit in" in page
    assert "Diabetes clinic" in page
    assert "Every Tuesday, 9am to 11am" in page
    assert "2 patients at a time." in page


def test_a_shared_clinic_in_which_they_do_not_sit_is_not_shown_to_a_clinician(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    clinic, _ = make_shared_clinic(session, cast)
    session.delete(next(one for one in clinic.members if one.practitioner_id == cast.practitioner_id))
    session.commit()
    sign_in(client, cast.clinician)
    page = client.get_page(f"/schedules/{cast.service.id}")
    assert "Shared clinics you sit in" not in page
    assert "Diabetes clinic" not in page


def test_leave_and_closures_are_removed_by_their_name(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    start = now() + DAY
    take_leave(session, cast, start, start + DAY)
    session.commit()
    sign_in(client, cast.clinician)
    assert "Remove leave" in client.get_page(f"/schedules/{cast.service.id}")
    take_leave(session, cast, start, start + DAY, service_id=cast.service.id)
    session.commit()
    sign_in(client, cast.administrator)
    assert "Remove closure" in client.get_page(f"/schedules/{cast.service.id}")
