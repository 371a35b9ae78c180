"""The day sheet as reception sees it: table and list, choosing a day and people."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.audit.models import AuditEvent
from telehealth.booking.desk.day_presenters import booking_kinds, read_kind
from telehealth.booking.domain.appointment import AppointmentStatus, Mode
from telehealth.booking.models import Appointment, Schedule, ScheduleException
from telehealth.clock import uk_today
from telehealth.topics import clinic_topic, desk_topic
from tests.booking.desk.day_sheet_page import (
    a_day,
    at,
    gaps_of,
    sheet_page,
    table_of,
    words_in,
    words_of,
)
from tests.factories import Cast, make_type, protect, sign_in
from tests.page_checks import CheckedClient, parse_page

pytestmark = pytest.mark.web


@pytest.fixture(autouse=True)
def _at_the_desk(client: CheckedClient, cast: Cast) -> None:
    sign_in(client, cast.receptionist)


def test_the_table_has_a_row_for_each_time_and_a_column_for_each_clinician(
    client: CheckedClient, booked: Appointment
) -> None:
    head, *rows = table_of(sheet_page(client))
    assert head == ["Time", "Dr Nia Pritchard"]
    assert [row[0] for row in rows] == ["9am", "9:15am", "9:30am", "9:45am"]
    assert [row[1] for row in rows] == [
        "Book 9am with Dr Nia Pritchard",
        "Eirlys MorganE Morgan Booked Consultation · Video",
        "Book 9:30am with Dr Nia Pritchard",
        "Book 9:45am with Dr Nia Pritchard",
    ]


def test_the_list_says_the_same_as_the_table(client: CheckedClient, booked: Appointment) -> None:
    page = sheet_page(client)
    entries = [
        words_in(each) for each in parse_page(page).iter("li") if "app-day__cell" in each.get("class", "")
    ]
    assert entries == [
        "Book 9am with Dr Nia Pritchard",
        "9:15am to 9:30am Eirlys MorganE Morgan Booked Consultation · Video",
        "Book 9:30am with Dr Nia Pritchard",
        "Book 9:45am with Dr Nia Pritchard",
    ]


def test_what_must_not_be_overlooked_is_said_in_words(
    client: CheckedClient, session: Session, booked: Appointment
) -> None:
    booked.is_overbooked, booked.interpreter_language = True, "Polish"
    booked.status = AppointmentStatus.ARRIVED
    session.commit()
    page = words_of(sheet_page(client))
    for said in ("Overbooked", "Interpreter: Polish", "In the waiting room"):
        assert said in page


def test_leave_and_a_bank_holiday_are_named(
    client: CheckedClient, session: Session, cast: Cast, morning: Schedule
) -> None:
    session.add(
        ScheduleException(
            organisation_id=cast.service.organisation_id,
            practitioner_id=cast.practitioner_id,
            starts_at=at("09:00"),
            ends_at=at("10:00"),
            reason="Annual leave",
            created_by="test",
        )
    )
    session.commit()
    page = words_of(sheet_page(client))
    assert "On leave: Annual leave" in page
    assert "No session takes place this day: Annual leave." in page
    morning.is_extra = False
    session.commit()
    christmas = words_of(client.get_page(f"/desk/day/{uk_today().year + 1}-12-25"))
    assert "Christmas Day: no sessions on this bank holiday." in christmas
    assert "The next sessions are on" in christmas


def test_an_empty_day_leads_to_the_next_one_with_sessions(
    client: CheckedClient, session: Session, morning: Schedule
) -> None:
    morning.first_date = a_day() + timedelta(days=3)
    session.commit()
    page = sheet_page(client)
    assert "No sessions this day." in words_of(page)
    assert f'href="/desk/day/{morning.first_date.isoformat()}"' in page


def test_a_protected_patient_has_no_name_here(
    client: CheckedClient, session: Session, cast: Cast, booked: Appointment
) -> None:
    protection = protect(session, cast)
    protection.service_id = cast.other_service.id
    session.commit()
    page = sheet_page(client)
    assert "Protected patient" in page
    assert "Morgan" not in page


def test_the_free_times_are_those_of_the_chosen_type(
    client: CheckedClient, session: Session, cast: Cast, booked: Appointment
) -> None:
    longer = make_type(session, cast.service, name="New patient", minutes=30, is_by_phone=False)
    session.commit()
    page = sheet_page(client, kind=f"{longer.id}.video")
    assert [words_in(each) for each in gaps_of(page)] == ["Book 9:30am with Dr Nia Pritchard"]
    assert 'value="' + str(longer.id) in page


def test_a_kind_that_is_not_offered_is_the_first_one(cast: Cast) -> None:
    types = [cast.appointment_type]
    assert read_kind("nonsense", types) == (cast.appointment_type, Mode.VIDEO)
    assert read_kind(f"{cast.appointment_type.id}.phone", types) == (cast.appointment_type, Mode.PHONE)
    assert read_kind("nonsense", []) is None


def test_a_choice_says_what_how_long_and_how(app: Flask, cast: Cast) -> None:
    with app.test_request_context():
        assert [text for _, text in booking_kinds([cast.appointment_type])] == [
            "Consultation, 15 minutes, video",
            "Consultation, 15 minutes, phone",
            "Consultation, 15 minutes, in person",
        ]


def test_choosing_a_day_and_people_leads_to_the_address_of_that_sheet(
    client: CheckedClient, cast: Cast, booked: Appointment
) -> None:
    wanted = str(cast.colleague.practitioner_id)
    answer = client.get(f"/desk/day?chosen=1&day={a_day().isoformat()}&who={wanted}&who=nonsense")
    address = answer.headers["Location"]
    assert address == f"/desk/day/{a_day().isoformat()}?who={wanted}"
    assert "Dr Tomos Rees" in words_of(client.get_page(address))
    # And it is remembered for the next sheet, until nobody is chosen.
    assert table_or_note(sheet_page(client)) == "No one"
    client.get("/desk/day?chosen=1")
    assert "Book 9am" in words_of(sheet_page(client))


def table_or_note(page: str) -> str:
    return "No one" if "<table" not in page else "table"


def test_a_date_that_is_none_is_refused_and_today_is_shown(client: CheckedClient) -> None:
    page = client.get_page("/desk/day?day=31.12.", status=422)
    assert 'href="#day"' in page
    assert "Enter a date from the last or the next 3 years" in words_of(page)
    assert f'value="{uk_today().isoformat()}"' in page


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2026-13-01", "20270112", "today", "2027-W01-1"])
def test_a_day_that_cannot_be_is_not_found(client: CheckedClient, day: str) -> None:
    assert client.get(f"/desk/day/{day}").status_code == 404


def test_the_fragment_is_the_sheet_of_the_page(client: CheckedClient, booked: Appointment) -> None:
    page = sheet_page(client)
    fragment = client.get(f"/desk/day/{a_day().isoformat()}/sheet").text
    assert fragment.startswith('<div id="day-sheet" data-live-fragment>')
    assert words_of(fragment) in words_of(page)


def test_the_page_listens_to_the_desk_and_its_clinicians(client: CheckedClient, cast: Cast) -> None:
    page = sheet_page(client)
    topics = re.search(r'data-live-topics="([^"]*)"', page)
    assert topics is not None
    assert set(topics.group(1).split()) == {
        desk_topic(cast.service.id),
        clinic_topic(cast.practitioner_id),
        clinic_topic(cast.colleague.practitioner_id or cast.practitioner_id),
    }


def test_an_opening_is_recorded_once_for_each_page_and_each_day(
    client: CheckedClient, session: Session, booked: Appointment
) -> None:
    def openings() -> list[str]:
        events = session.scalars(select(AuditEvent).where(AuditEvent.action == "day-sheet.opened"))
        return [event.reason for event in events]

    address = f"/desk/day/{a_day().isoformat()}"
    # The fragment alone hides nobody: the first fetch is an opening like any other.
    for _ in range(3):
        assert client.get(f"{address}/sheet", headers={"X-Background": "1"}).status_code == 200
    assert openings() == ["1"]
    client.get_page(address)
    assert openings() == ["1", "1"]
    next_day = a_day() + timedelta(days=1)
    assert client.get(f"/desk/day/{next_day.isoformat()}/sheet").status_code == 200
    assert openings() == ["1", "1", "0"]


def test_with_a_patient_their_record_says_who_looked(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    sheet_page(client, patient=str(cast.patient.id))
    event = session.scalars(select(AuditEvent).where(AuditEvent.action == "booking.opened")).one()
    assert event.patient_id == cast.patient.id
