"""Reception moves an appointment: to another time, or another way of meeting."""

import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.booking.domain.appointment import AppointmentStatus, Change, Mode
from telehealth.booking.models import Appointment, AppointmentHistory, Hold, Room
from telehealth.booking.services.appointments import change_status
from telehealth.booking.services.links import make_link
from telehealth.booking.slot_values import slot_value
from tests.factories import SLOT, Cast, guest_of, make_appointment, sign_in, slot_at, soon
from tests.page_checks import CheckedClient, fields_of, posted_forms

pytestmark = pytest.mark.web


@pytest.fixture(autouse=True)
def _at_the_desk(client: CheckedClient, cast: Cast) -> None:
    sign_in(client, cast.receptionist)


@pytest.fixture
def booked(session: Session, cast: Cast) -> Appointment:
    made = make_appointment(session, cast)
    session.commit()
    return made


def page_of(appointment: Appointment, rest: str = "") -> str:
    return f"/desk/appointments/{appointment.id}{rest}"


def choice(cast: Cast, number: int = 0) -> str:
    return slot_value(slot_at(cast, soon() + number * SLOT))


def changes(session: Session, appointment: Appointment) -> list[Change | None]:
    return list(
        session.scalars(
            select(AppointmentHistory.change)
            .where(AppointmentHistory.appointment_id == appointment.id)
            .order_by(AppointmentHistory.version)
        )
    )


def local_day(appointment: Appointment) -> date:
    return appointment.starts_at.astimezone(ZoneInfo(appointment.service.time_zone)).date()


def offered_days(page: str) -> list[date]:
    """The days of the times on a page, in order."""
    starts = re.findall(r'name="slot"\s+value="[^"/]+/([^"]+)"', page)
    return sorted(
        datetime.fromisoformat(start).astimezone(ZoneInfo("Europe/London")).date() for start in starts
    )


def test_moving_keeps_the_old_time_until_the_new_one_is_booked(
    client: CheckedClient, session: Session, cast: Cast, booked: Appointment
) -> None:
    link = make_link(session, booked).id
    session.commit()
    chooser = client.get_page(page_of(booked, "/move"))
    assert "This time is kept until the new one is booked." in chooser
    details = client.submit(page_of(booked, "/move"), {"slot": choice(cast, 3)})
    session.refresh(booked)
    assert booked.starts_at == soon()
    answer = client.post(
        posted_forms(details)[0].get("action") or "", data={**fields_of(details), "note": "Has no car"}
    )
    page = client.get_page(answer.headers["Location"])
    session.refresh(booked)
    assert booked.starts_at == soon() + 3 * SLOT
    assert changes(session, booked) == [Change.BOOKED, Change.MOVED]
    assert "Has no car" in page
    assert make_link(session, booked).id == link
    assert session.scalars(select(Hold)).all() == []


def test_a_move_may_overlap_its_own_old_time(
    client: CheckedClient, session: Session, cast: Cast, booked: Appointment
) -> None:
    cast.schedule.slot_minutes = 5
    session.add(cast.schedule)
    session.commit()
    later = slot_value(slot_at(cast, soon() + timedelta(minutes=5)))
    details = client.submit(page_of(booked, "/move"), {"slot": later})
    answer = client.post(posted_forms(details)[0].get("action") or "", data=fields_of(details))
    assert answer.status_code == 303
    session.refresh(booked)
    assert booked.starts_at == soon() + timedelta(minutes=5)


def test_its_own_time_is_offered_for_another_way_of_meeting_alone(
    client: CheckedClient, cast: Cast, booked: Appointment
) -> None:
    assert choice(cast) not in client.get_page(page_of(booked, "/move"))
    assert choice(cast) in client.get_page(page_of(booked, "/move?mode=phone"))


def test_a_double_click_moves_once(
    client: CheckedClient, session: Session, cast: Cast, booked: Appointment
) -> None:
    details = client.submit(page_of(booked, "/move"), {"slot": choice(cast, 3)})
    address, form = posted_forms(details)[0].get("action") or "", fields_of(details)
    assert [client.post(address, data=form).status_code for _ in range(2)] == [303, 303]
    assert changes(session, booked) == [Change.BOOKED, Change.MOVED]


def test_a_move_to_another_way_of_meeting(
    client: CheckedClient, session: Session, cast: Cast, booked: Appointment
) -> None:
    chooser = client.get_page(page_of(booked, "/move?mode=phone"))
    answer = client.post(
        page_of(booked, "/hold"), data={**fields_of(chooser), "slot": choice(cast, 2)}, follow_redirects=True
    )
    page = client.post(
        posted_forms(answer.text)[0].get("action") or "", data=fields_of(answer.text), follow_redirects=True
    ).text
    session.refresh(booked)
    assert booked.mode is Mode.PHONE
    assert "will phone you" in page


def test_back_after_a_move_leads_to_the_moved_appointment(
    client: CheckedClient, session: Session, cast: Cast, booked: Appointment
) -> None:
    details = client.submit(page_of(booked, "/move"), {"slot": choice(cast, 3)})
    address = posted_forms(details)[0].get("action") or ""
    assert client.post(address, data=fields_of(details)).status_code == 303
    again = client.get(address)
    assert again.headers["Location"] == page_of(booked)
    assert "You have just moved this appointment" in client.get_page(page_of(booked))


def test_whoever_goes_back_from_a_move_sees_the_new_time_that_they_keep(
    client: CheckedClient, cast: Cast, booked: Appointment
) -> None:
    client.submit(page_of(booked, "/move"), {"slot": choice(cast, 3)})
    for page in (page_of(booked, "/move"), page_of(booked)):
        shown = client.get_page(page)
        assert "You are keeping a time" in shown
        assert "Give it back" in shown
    # It is for the move, not for another appointment.
    assert "You are keeping a time" not in client.get_page(f"/desk/patients/{cast.patient.id}/book")


def test_giving_the_new_time_back_leaves_the_appointment_as_it_was(
    client: CheckedClient, session: Session, cast: Cast, booked: Appointment
) -> None:
    details = client.submit(page_of(booked, "/move"), {"slot": choice(cast, 3)})
    address = posted_forms(details)[0].get("action") or ""
    answer = client.post(f"{address}/release", data=fields_of(details))
    assert answer.headers["Location"].startswith(page_of(booked, "/move"))
    assert session.scalars(select(Hold)).all() == []
    assert "not kept any more" in client.get_page(address)
    session.refresh(booked)
    assert booked.starts_at == soon()


def test_moving_what_changed_meanwhile_shows_what_it_is_now(
    client: CheckedClient, session: Session, cast: Cast, booked: Appointment
) -> None:
    details = client.submit(page_of(booked, "/move"), {"slot": choice(cast, 3)})
    change_status(session, guest_of(booked), booked, AppointmentStatus.ARRIVED)
    session.commit()
    answer = client.post(posted_forms(details)[0].get("action") or "", data=fields_of(details))
    assert answer.status_code == 409
    assert "changed meanwhile" in answer.text
    assert "In the waiting room" in answer.text
    session.refresh(booked)
    assert booked.starts_at == soon()


def test_a_time_that_is_taken_cannot_be_chosen_for_a_move(
    client: CheckedClient, session: Session, cast: Cast, booked: Appointment
) -> None:
    form = fields_of(client.get_page(page_of(booked, "/move")))
    other = make_appointment(session, cast, starts_at=soon() + SLOT, patient=cast.other_patient)
    session.commit()
    answer = client.post(page_of(booked, "/hold"), data={**form, "slot": choice(cast, 1)})
    assert answer.status_code == 409
    assert other.reference in answer.text
    assert choice(cast, 2) in re.findall(r'name="slot"\s+value="([^"]+)"', answer.text)


def test_a_move_begins_at_the_day_of_the_appointment_and_leads_back_to_today(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    later = make_appointment(session, cast, starts_at=soon() + timedelta(days=9))
    session.commit()
    day = local_day(later)
    page = client.get_page(page_of(later, "/move"))
    assert offered_days(page)[0] == day
    assert f'value="{day.isoformat()}"' in page
    assert "Next free times" in page
    # Emptied by hand, or by the button: from today.
    page = client.get_page(page_of(later, "/move") + "?from=")
    assert offered_days(page)[0] < day
    other = day + timedelta(days=2)
    assert offered_days(client.get_page(f"{page_of(later, '/move')}?from={other}"))[0] == other


def test_a_move_of_today_begins_with_the_next_free_times(
    client: CheckedClient, cast: Cast, booked: Appointment
) -> None:
    assert "Next available" in client.get_page(page_of(booked, "/move"))


def test_the_same_time_in_the_new_room_of_the_session_is_another_time(
    client: CheckedClient, session: Session, cast: Cast, booked: Appointment
) -> None:
    """Whoever was left in the room that the session had before is moved by this."""
    owned = {"organisation_id": cast.service.organisation_id, "service_id": cast.service.id}
    before, after = Room(**owned, name="Room 1"), Room(**owned, name="Room 2")
    session.add_all([before, after])
    session.flush()
    cast.schedule.room_id, booked.room_id, booked.mode = before.id, before.id, Mode.IN_PERSON
    session.add(cast.schedule)
    session.commit()
    assert choice(cast) not in client.get_page(page_of(booked, "/move"))
    cast.schedule.room_id = after.id
    session.commit()
    assert choice(cast) in client.get_page(page_of(booked, "/move"))
    details = client.submit(page_of(booked, "/move"), {"slot": choice(cast)})
    assert "Room 2" in details
    answer = client.post(posted_forms(details)[0].get("action") or "", data=fields_of(details))
    assert answer.status_code == 303, answer.text
    session.refresh(booked)
    assert (booked.starts_at, booked.room_id) == (soon(), after.id)
    assert "Room 2" in client.get_page(page_of(booked))
