"""The list of appointments with no session: who is told what about it, and the way to each and back."""

import re
from datetime import time

import pytest
from sqlalchemy.orm import Session

from telehealth.booking.domain.appointment import Mode
from telehealth.booking.models import Appointment, Room, Schedule
from tests.booking.schedules.schedule_typing import book, check, make_day_clinic, save, token
from tests.factories import Cast, protect, sign_in
from tests.page_checks import CheckedClient, fields_of

pytestmark = pytest.mark.web


@pytest.fixture
def clinic(session: Session, cast: Cast) -> Schedule:
    return make_day_clinic(session, cast)


@pytest.fixture
def stranded(session: Session, cast: Cast, clinic: Schedule) -> Appointment:
    """After the end of the session."""
    return book(session, cast, clinic, 3, time(20))


@pytest.fixture
def address(cast: Cast) -> str:
    return f"/schedules/{cast.service.id}/stranded"


def test_whoever_is_not_at_the_desk_is_told_what_to_tell_reception(
    client: CheckedClient, cast: Cast, stranded: Appointment, address: str
) -> None:
    sign_in(client, cast.administrator)
    page = client.get_page(address)
    assert "Reception moves or cancels what cannot take place." in page
    assert stranded.reference in page
    assert "Move or cancel what" not in page
    assert str(stranded.id) not in page, "there is no page of it for them"


def test_the_reference_of_a_patient_whom_another_service_protects_is_not_shown(
    client: CheckedClient, session: Session, cast: Cast, stranded: Appointment, address: str
) -> None:
    made = protect(session, cast, stranded.patient)
    made.service_id = cast.other_service.id
    session.commit()
    sign_in(client, cast.administrator)
    assert stranded.reference not in client.get_page(address)


def test_reception_opens_each_and_finds_the_way_back_to_the_list(
    client: CheckedClient, cast: Cast, stranded: Appointment, address: str
) -> None:
    sign_in(client, cast.receptionist)
    page = client.get_page(address)
    assert "Move or cancel what cannot take place." in page
    assert "Tell reception" not in page
    link = re.search(r'href="(/desk/appointments/[^"/]+\?[^"]+)">Gwilym Day3', page)
    assert link
    back = f'<a href="{address}">Go back to the appointments with no session</a>'
    assert back in client.get_page(link.group(1))
    assert back in client.get_page(f"/desk/appointments/{stranded.id}")


def test_after_cancelling_from_the_list_there_is_a_way_back_to_it(
    client: CheckedClient, session: Session, cast: Cast, clinic: Schedule, stranded: Appointment, address: str
) -> None:
    other = book(session, cast, clinic, 4, time(20))
    sign_in(client, cast.receptionist)
    page = client.get_page(address)
    link = re.search(rf'href="(/desk/appointments/{stranded.id}/cancel\?[^"]+)"', page)
    assert link
    form = {**fields_of(client.get_page(link.group(1))), "reason": "prov-schedule", "note": "Clinic ended"}
    answer = client.post(f"/desk/appointments/{stranded.id}/cancel", data=form)
    assert answer.status_code == 303, answer.text
    assert "Go back to the appointments with no session" in client.get_page(answer.headers["Location"])
    assert "Go back to the appointments" not in client.get_page(f"/desk/appointments/{other.id}")


def test_a_way_back_that_is_made_up_leads_nowhere(
    client: CheckedClient, cast: Cast, stranded: Appointment
) -> None:
    sign_in(client, cast.receptionist)
    page = client.get_page(f"/desk/appointments/{stranded.id}?stranded=//example.com")
    assert "Go back to the appointments" not in page
    assert "example.com" not in page


def test_whoever_was_left_in_the_room_that_a_session_had_before_stands_there_with_it(
    client: CheckedClient, session: Session, cast: Cast, clinic: Schedule, address: str
) -> None:
    owned = {"organisation_id": cast.service.organisation_id, "service_id": cast.service.id}
    before, after = Room(**owned, name="Room 1"), Room(**owned, name="Room 2")
    session.add_all([before, after])
    session.flush()
    cast.service.closes_on_bank_holidays = False
    session.add(cast.service)
    booked = book(session, cast, clinic, 3, time(10))
    booked.mode, booked.room_id, clinic.room_id = Mode.IN_PERSON, before.id, before.id
    session.commit()
    sign_in(client, cast.administrator)
    change = f"/schedules/{cast.service.id}/sessions/{clinic.id}"
    shown = check(client, change, {"room": str(after.id)})
    assert "1 appointment would have no session" in shown
    assert "Its room is Room 1." in shown
    assert save(client, change, shown, agreed=token(shown)).status_code == 303
    assert "Its room is Room 1." in client.get_page(address)
    sign_in(client, cast.receptionist)
    assert (
        "Where only the room is another one now, move it to the same time. It gets the new room."
        in client.get_page(address)
    )
