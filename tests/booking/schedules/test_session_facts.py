"""What the page says of a session before it is saved, besides its dates."""

from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from telehealth.accounts.models import Organisation, PractitionerRole
from telehealth.booking.models import Room
from telehealth.booking.services.schedule_wishes import local_today
from telehealth.dates import date_text
from tests.booking.schedules.schedule_typing import DAY, check, make_day_clinic, typed
from tests.factories import Cast, make_schedule, make_service, make_shared_clinic, sign_in
from tests.page_checks import CheckedClient

pytestmark = pytest.mark.web


@pytest.fixture(autouse=True)
def _as_administrator(client: CheckedClient, cast: Cast) -> None:
    sign_in(client, cast.administrator)


@pytest.fixture
def overview(cast: Cast) -> str:
    return f"/schedules/{cast.service.id}"


def test_before_a_session_is_saved_the_page_says_whose_it_is_what_for_and_where(
    client: CheckedClient, session: Session, cast: Cast, overview: str
) -> None:
    room = Room(organisation_id=cast.service.organisation_id, service_id=cast.service.id, name="Room 7")
    session.add(room)
    session.commit()
    address = f"{overview}/sessions/new"
    page = check(client, address, typed(cast))
    assert "Dr Nia Pritchard" in page
    assert "Only:" not in page
    page = check(
        client,
        address,
        typed(cast, types=[str(cast.appointment_type.id)], room=str(room.id), modes=["video"]),
    )
    assert "Only: Consultation. Room: Room 7." in page


def test_a_type_that_does_not_fit_into_the_session_is_named_before_it_is_saved(
    client: CheckedClient, session: Session, cast: Cast, overview: str
) -> None:
    type_ = session.merge(cast.appointment_type)
    type_.is_in_person = type_.is_by_phone = False
    type_.minutes, type_.buffer_after_minutes = 20, 15
    session.commit()
    address = f"{overview}/sessions/new"
    only = {"types": [str(type_.id)]}
    page = check(client, address, typed(cast, **only, modes=["phone"]))
    assert "Nobody can book “Consultation” in it. Tick one of its ways of meeting: video." in page
    page = check(client, address, typed(cast, **only, ends="9:15am"))
    assert "Nobody can book “Consultation” in it. It lasts 20 minutes, longer than the session." in page
    # The minutes kept free after it may lie after the session.
    assert "Nobody can book" not in check(client, address, typed(cast, **only, ends="9:20am"))
    assert "Nobody can book" not in check(client, address, typed(cast, **only, starts="11:50pm", ends="0:10"))
    # Without a choice of types every type may go in, and those that cannot are no mistake.
    assert "Nobody can book" not in check(client, address, typed(cast, modes=["phone"]))


def test_before_a_session_is_saved_the_page_says_in_which_service_and_how_long_it_is(
    client: CheckedClient, cast: Cast, overview: str
) -> None:
    page = check(client, f"{overview}/sessions/new", typed(cast))
    assert f"Dr Nia Pritchard in {cast.service.name}" in page
    assert "It lasts 3 hours and 30 minutes." in page
    assert "It goes on from" not in page


def test_a_session_that_is_longer_than_anybody_works_is_pointed_out(
    client: CheckedClient, cast: Cast, overview: str
) -> None:
    address = f"{overview}/sessions/new"
    page = check(client, address, typed(cast, starts="8pm", ends="5pm"))
    assert page.count("Look at this before you save") == 1
    assert "It goes on from 8pm until 5pm the next day: 21 hours." in page
    page = check(client, address, typed(cast, starts="6am", ends="7:01pm"))
    assert "It goes on from 6am until 7:01pm: 13 hours and 1 minute." in page
    assert "It goes on" not in check(client, address, typed(cast, starts="8am", ends="9pm"))
    assert "It goes on" not in check(client, address, typed(cast, starts="10pm", ends="6am"))


def test_the_session_that_it_meets_is_named_with_its_first_date(
    client: CheckedClient, session: Session, cast: Cast, overview: str
) -> None:
    make_day_clinic(session, cast)
    tuesday = next_tuesday(cast)
    theirs = typed(cast, owner=f"practitioner/{cast.colleague.practitioner_id}", first_date=tuesday)
    page = check(client, f"{overview}/sessions/new", theirs)
    assert (
        f"Dr Tomos Rees has another session at the same time, first on {date_text(tuesday)}. Every day, 9am to 5pm"
        in page
    )
    assert "No time is offered twice." in page
    assert "Look at this" not in check(
        client, f"{overview}/sessions/new", {**theirs, "starts": "6pm", "ends": "8pm"}
    )


def test_a_session_in_person_in_a_room_that_somebody_else_uses_then_is_pointed_out(
    client: CheckedClient, session: Session, cast: Cast, overview: str
) -> None:
    room = Room(organisation_id=cast.service.organisation_id, service_id=cast.service.id, name="Room 7")
    session.add(room)
    session.flush()
    used = make_day_clinic(session, cast)
    used.room_id, used.is_in_person = room.id, True
    session.merge(cast.schedule).last_date = local_today(cast.service) - DAY
    session.commit()
    address = f"{overview}/sessions/new"
    page = check(client, address, typed(cast, room=str(room.id), modes=["in-person"]))
    assert "Room 7 is used by Dr Tomos Rees at the same time, first on" in page
    # By video nobody needs the room.
    assert "Room 7 is used by" not in check(client, address, typed(cast, room=str(room.id), modes=["video"]))


def test_whoever_sits_in_a_shared_clinic_at_the_same_time_is_pointed_out(
    client: CheckedClient, session: Session, cast: Cast, overview: str
) -> None:
    make_shared_clinic(session, cast)
    session.merge(cast.schedule).last_date = local_today(cast.service) - DAY
    session.commit()
    page = check(client, f"{overview}/sessions/new", typed(cast))
    assert "The same person is in two sessions at the same time" in page
    assert "The other one: Diabetes clinic." in page


def test_a_session_in_another_service_at_the_same_time_is_pointed_out(
    client: CheckedClient, session: Session, cast: Cast, overview: str
) -> None:
    session.merge(cast.schedule).last_date = local_today(cast.service) - DAY
    other = make_service(
        session, session.get_one(Organisation, cast.service.organisation_id), "Heart failure service"
    )
    session.add(
        PractitionerRole(
            organisation_id=other.organisation_id, service_id=other.id, practitioner_id=cast.practitioner_id
        )
    )
    make_schedule(session, other, cast.practitioner_id)
    session.commit()
    page = check(client, f"{overview}/sessions/new", typed(cast))
    assert "Dr Nia Pritchard in Heart failure service has another session at the same time" in page


def test_a_session_that_is_changed_does_not_meet_itself(
    client: CheckedClient, session: Session, cast: Cast, overview: str
) -> None:
    clinic = make_day_clinic(session, cast)
    address = f"{overview}/sessions/{clinic.id}"
    page = check(client, address, {"ends": "4pm"})
    assert "Look at this before you save" not in page


def next_tuesday(cast: Cast) -> date:
    today = local_today(cast.service)
    return today + timedelta(days=(1 - today.weekday()) % 7 or 7)
