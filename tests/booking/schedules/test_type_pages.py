"""The pages on which an administrator sets up types, shared clinics, rooms and skills."""

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from telehealth.accounts.models import PractitionerRole
from telehealth.accounts.services.sign_in import actor_of
from telehealth.booking.domain.appointment import Mode
from telehealth.booking.domain.appointment_type import Booker, Priority
from telehealth.booking.models import AppointmentType, PractitionerSkill, Room, SharedClinic
from telehealth.booking.services.booking import book_appointment
from tests.booking.services.wishes import wish
from tests.factories import Cast, make_shared_clinic, sign_in, soon, type_of
from tests.page_checks import CheckedClient, fields_of, find_faults

pytestmark = pytest.mark.web


@pytest.fixture(autouse=True)
def _as_administrator(client: CheckedClient, cast: Cast) -> None:
    sign_in(client, cast.administrator)


@pytest.fixture
def overview(cast: Cast) -> str:
    return f"/schedules/{cast.service.id}"


REVIEW = {
    "name": "Asthma review",
    "minutes": "20",
    "buffer_before_minutes": "5",
    "buffer_after_minutes": "0",
    "modes": ["video", "in-person"],
    "required_skill": "Spirometry",
    "priority": "urgent",
    "booker": "anyone",
    "notice_minutes": "120",
    "days_ahead": "30",
    "change_hours": "48",
}


def send(client: CheckedClient, address: str, values: dict[str, Any], status: int) -> str:
    answer = client.post(address, data={**fields_of(client.get_page(address)), **values})
    page = answer.get_data(as_text=True)
    assert answer.status_code == status, page[:3000]
    if status != 303:
        assert not find_faults(page)
    return page


def test_a_type_is_added_with_all_its_rules(client: CheckedClient, session: Session, overview: str) -> None:
    send(client, f"{overview}/types/new", REVIEW, 303)
    made = session.scalars(select(AppointmentType).where(AppointmentType.name == "Asthma review")).one()
    assert (made.minutes, made.buffer_before_minutes, made.modes) == (20, 5, (Mode.VIDEO, Mode.IN_PERSON))
    assert (made.required_skill, made.priority, made.booker) == ("Spirometry", Priority.URGENT, Booker.ANYONE)
    assert (made.notice_minutes, made.days_ahead, made.change_minutes) == (120, 30, 48 * 60)
    page = client.get_page(overview)
    assert "20 minutes, video and in person" in page
    assert "needs the skill Spirometry" in page


def test_a_type_goes_out_of_use(client: CheckedClient, session: Session, cast: Cast, overview: str) -> None:
    send(client, f"{overview}/types/new", REVIEW, 303)
    type_ = type_of(session, cast.service)
    address = f"{overview}/types/{type_.id}"
    form = fields_of(client.get_page(address))
    del form["is_active"]
    every = {"modes": ["video", "phone", "in-person"]}
    assert client.post(address, data={**form, **every}).status_code == 303
    session.refresh(type_)
    assert not type_.is_active
    assert "Not in use" in client.get_page(overview)
    # The form of before.
    answer = client.post(address, data={**form, **every, "is_active": "y"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "Somebody has changed this appointment type meanwhile" in page
    assert not find_faults(page)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"name": ""}, "Enter a name"),
        ({"minutes": "long"}, "Enter a whole number"),
        ({"minutes": "0"}, "Enter a number from 1 to 480."),
        ({"modes": []}, "Choose at least one way of meeting"),
        ({"modes": ["smoke"]}, "Choose at least one way of meeting"),
        ({"priority": "whatever"}, "Choose how urgent it is"),
        ({"booker": ""}, "Choose who may book it"),
        ({"days_ahead": "731"}, "Enter a number from 1 to 730."),
        ({"change_hours": "99999999"}, "Enter a whole number"),
    ],
)
def test_what_is_wrong_with_a_type_is_said_at_its_field(
    client: CheckedClient, session: Session, overview: str, values: dict[str, Any], message: str
) -> None:
    before = session.scalar(select(func.count()).select_from(AppointmentType))
    page = send(client, f"{overview}/types/new", {**REVIEW, **values}, 422)
    assert message in page
    assert session.scalar(select(func.count()).select_from(AppointmentType)) == before


def test_a_name_that_is_taken(client: CheckedClient, overview: str) -> None:
    page = send(client, f"{overview}/types/new", {**REVIEW, "name": "consultation"}, 409)
    assert "There is an appointment type with this name already" in page
    assert fields_of(page)["required_skill"] == "Spirometry"


def test_a_shared_clinic_is_added_and_changed(
    client: CheckedClient, session: Session, cast: Cast, overview: str
) -> None:
    values = {
        "name": "Diabetes clinic",
        "leader": str(cast.colleague.practitioner_id),
        "members": [str(cast.practitioner_id), str(cast.colleague.practitioner_id)],
        "lanes": "3",
    }
    send(client, f"{overview}/clinics/new", values, 303)
    made = session.scalars(select(SharedClinic)).one()
    assert [member.practitioner_id for member in made.members] == [
        cast.colleague.practitioner_id,
        cast.practitioner_id,
    ]
    address = f"{overview}/clinics/{made.id}"
    form = {**fields_of(client.get_page(address)), "members": [str(cast.practitioner_id)]}
    assert client.post(address, data={**form, "lanes": "1"}).status_code == 303
    assert "One patient at a time." in client.get_page(overview)
    answer = client.post(address, data={**form, "lanes": "5"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "Somebody has changed this shared clinic meanwhile" in page
    assert not find_faults(page)
    send(client, address, {"lanes": "0"}, 422)
    send(client, f"{overview}/clinics/new", {**values, "name": "diabetes clinic"}, 409)


def test_whom_a_smaller_clinic_leaves_without_anybody_is_listed_before_it_is_saved(
    client: CheckedClient, session: Session, cast: Cast, overview: str
) -> None:
    clinic, schedule = make_shared_clinic(session, cast)
    for patient in (cast.patient, cast.other_patient):
        book_appointment(
            session,
            actor_of(cast.receptionist),
            wish(cast, patient_id=patient.id, schedule_id=schedule.id, starts_at=soon() + timedelta(days=3)),
        )
    session.commit()
    address = f"{overview}/clinics/{clinic.id}"
    form = {**fields_of(client.get_page(address)), "lanes": "1", "name": "Foot clinic"}
    asked = client.post(address, data=form)
    page = asked.get_data(as_text=True)
    assert asked.status_code == 200
    assert not find_faults(page)
    for words in ("1 appointment would have no session", "Foot clinic", "One patient at a time."):
        assert words in page
    carried = fields_of(page)
    refused = client.post(address, data={**carried, "step": "save", "agreed": ""})
    assert refused.status_code == 422
    assert "Say that these appointments stay as they are" in refused.get_data(as_text=True)
    back = client.post(address, data={**carried, "step": "change"})
    assert back.status_code == 200
    assert fields_of(back.get_data(as_text=True))["name"] == "Foot clinic"
    token = re.search(r'name="agreed"[^>]*value="([0-9a-f]+)"', page)
    assert token is not None
    saved = client.post(address, data={**carried, "step": "save", "agreed": token[1]})
    assert saved.status_code == 303
    assert "One patient at a time." in client.get_page(overview)
    assert "Foot clinic" in client.get_page(f"{overview}/stranded")


def test_a_session_of_a_shared_clinic_names_the_clinic(
    client: CheckedClient, session: Session, cast: Cast, overview: str
) -> None:
    make_shared_clinic(session, cast)
    session.commit()
    assert "Diabetes clinic" in client.get_page(f"{overview}/sessions/new")


def test_rooms_are_added_and_put_out_of_use(client: CheckedClient, session: Session, overview: str) -> None:
    address = f"{overview}/rooms"
    page = client.get_page(address)
    token = {"csrf_token": fields_of(page)["csrf_token"]}
    assert client.post(address, data={**token, "name": "Room 3"}).status_code == 303
    assert client.post(address, data={**token, "name": "room 3"}).status_code == 409
    assert client.post(address, data={**token, "name": " "}).status_code == 422
    assert client.post(address, data={**token, "name": "Ystafell Ŵ"}).status_code == 303
    answer = client.post(address, data={**token, "name": "Ystafell Ŵ"})
    assert answer.status_code == 409
    assert 'value="Ystafell Ŵ"' in answer.text
    assert "There is a room with this name already" in answer.text
    session.delete(session.scalars(select(Room).where(Room.name == "Ystafell Ŵ")).one())
    session.commit()
    room = session.scalars(select(Room)).one()
    assert client.post(f"{address}/{room.id}", data={**token, "is_active": "0"}).status_code == 303
    session.refresh(room)
    assert not room.is_active
    assert "Use again" in client.get_page(address)


def test_a_room_of_sessions_to_come_stays_in_use_and_the_page_says_what_to_do(
    client: CheckedClient, session: Session, cast: Cast, overview: str
) -> None:
    room = Room(organisation_id=cast.service.organisation_id, service_id=cast.service.id, name="Room 3")
    session.add(room)
    session.flush()
    cast.schedule.room_id = room.id
    session.add(cast.schedule)
    session.commit()
    page = client.get_page(f"{overview}/rooms")
    answer = client.post(
        f"{overview}/rooms/{room.id}",
        data={"csrf_token": fields_of(page)["csrf_token"], "is_active": "0"},
    )
    assert answer.status_code == 409
    assert "Sessions still take place in Room 3. Give them another room first" in answer.text
    assert not find_faults(answer.text)
    assert "Put out of use" in answer.text


def test_skills_are_typed_one_on_a_line(
    client: CheckedClient, session: Session, cast: Cast, overview: str
) -> None:
    send(client, f"{overview}/types/new", REVIEW, 303)
    address = f"{overview}/skills/{cast.practitioner_id}"
    assert "ask for: Spirometry." in client.get_page(address)
    send(client, address, {"skills": "Spirometry\r\n\r\nSmears"}, 303)
    assert sorted(session.scalars(select(PractitionerSkill.skill))) == ["Smears", "Spirometry"]
    assert "Smears and Spirometry" in client.get_page(overview)
    send(client, address, {"skills": "x" * 61}, 422)
    assert (
        client.get(f"{overview}/skills/{cast.other_organisation_clinician.practitioner_id}").status_code
        == 404
    )


def test_a_type_that_needs_a_skill_which_nobody_has_is_pointed_out_until_somebody_has_it(
    client: CheckedClient, session: Session, cast: Cast, overview: str
) -> None:
    assert "Nobody has the skill" not in client.get_page(overview)
    send(client, f"{overview}/types/new", REVIEW, 303)
    page = client.get_page(overview)
    assert (
        "Nobody has the skill “Spirometry” yet. Until somebody has it there are no free times for Asthma review."
        in page
    )
    assert 'href="#skills"' in page
    sign_in(client, cast.clinician)
    assert "Nobody has the skill" not in client.get_page(overview)
    sign_in(client, cast.administrator)
    send(client, f"{overview}/skills/{cast.practitioner_id}", {"skills": "Spirometry"}, 303)
    assert "Nobody has the skill" not in client.get_page(overview)
    # Whoever had it has left.
    session.execute(delete(PractitionerRole).where(PractitionerRole.practitioner_id == cast.practitioner_id))
    session.commit()
    assert "Nobody has the skill" in client.get_page(overview)
    type_ = session.scalars(select(AppointmentType).where(AppointmentType.name == "Asthma review")).one()
    type_.is_active = False
    session.commit()
    assert "Nobody has the skill" not in client.get_page(overview)
