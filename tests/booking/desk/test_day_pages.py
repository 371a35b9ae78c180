"""The day sheet as reception sees it: table and list, choosing a day and people, and from a free time to a booking."""

import re
from datetime import UTC, date, datetime, time, timedelta
from xml.etree.ElementTree import Element
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.accounts.services.sign_in import actor_of
from telehealth.audit.models import AuditEvent
from telehealth.booking.desk.day_presenters import booking_kinds, read_kind
from telehealth.booking.domain.appointment import AppointmentStatus, Mode
from telehealth.booking.domain.slots import Slot
from telehealth.booking.models import Appointment, Schedule, ScheduleException
from telehealth.booking.services.appointments import place_appointment
from telehealth.booking.slot_values import read_instant
from telehealth.clock import now, uk_today
from telehealth.topics import clinic_topic, desk_topic
from tests.factories import Cast, make_schedule, make_shared_clinic, make_type, protect, sign_in
from tests.page_checks import CheckedClient, parse_page

pytestmark = pytest.mark.web

LONDON = ZoneInfo("Europe/London")
QUARTER = timedelta(minutes=15)
ANY = "00000000-0000-4000-8000-000000000000"


def a_day() -> date:
    return uk_today() + timedelta(days=2)


def at(clock: str) -> datetime:
    return datetime.combine(a_day(), time.fromisoformat(clock), LONDON)


@pytest.fixture(autouse=True)
def _at_the_desk(client: CheckedClient, cast: Cast) -> None:
    sign_in(client, cast.receptionist)


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


def place(
    session: Session, cast: Cast, schedule: Schedule, starts_at: datetime, **parts: object
) -> Appointment:
    return place_appointment(
        session,
        actor_of(cast.receptionist),
        cast.service,
        cast.patient,
        Slot(
            starts_at=starts_at,
            ends_at=starts_at + QUARTER,
            schedule_id=schedule.id,
            practitioner_id=schedule.practitioner_id,
        ),
        type_=cast.appointment_type,
        **parts,  # type: ignore[arg-type]
    )


def words_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def sheet_page(client: CheckedClient, **arguments: str) -> str:
    query = "&".join(f"{name}={value}" for name, value in arguments.items())
    return client.get_page(f"/desk/day/{a_day().isoformat()}?{query}")


def table_of(page: str) -> list[list[str]]:
    """The table's words by row."""
    table = next(each for each in parse_page(page).iter("table"))
    return [[words_in(cell) for cell in row if cell.tag in ("th", "td")] for row in table.iter("tr")]


def words_in(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


def gaps_of(page: str) -> list[Element]:
    table = next(each for each in parse_page(page).iter("table"))
    return list(table.iter("button"))


def press_gap(client: CheckedClient, page: str, number: int = 0) -> str:
    """Send the form of a free time with the time in it; returns where that leads."""
    button = gaps_of(page)[number]
    form = next(each for each in parse_page(page).iter("form") if each.get("id") == button.get("form"))
    fields = {str(field.get("name")): str(field.get("value")) for field in form.iter("input")}
    answer = client.post(
        str(form.get("action")), data={**fields, str(button.get("name")): button.get("value")}
    )
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def token_in(page: str) -> str:
    return next(
        str(field.get("value"))
        for field in parse_page(page).iter("input")
        if field.get("name") == "csrf_token"
    )


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


def test_a_free_time_without_a_patient_is_remembered_until_one_is_found(
    client: CheckedClient, cast: Cast, booked: Appointment
) -> None:
    page = sheet_page(client)
    assert press_gap(client, page) == "/desk"
    with client.session_transaction() as cookie:
        kept = dict(cookie["chosen_time"])
    assert set(kept) == {"schedule_id", "starts_at", "appointment_type_id", "mode", "until"}
    assert "9am with Dr Nia Pritchard: Consultation, video" in words_of(client.get_page("/desk"))
    record = client.get_page(f"/desk/patients/{cast.patient.id}")
    assert "Book this time" in words_of(record)
    answer = client.post("/desk/day/forget", data={"csrf_token": token_in(page)})
    assert answer.headers["Location"] == "/desk/day"
    with client.session_transaction() as cookie:
        assert "chosen_time" not in cookie


def test_another_services_schedule_is_not_found(
    client: CheckedClient, session: Session, cast: Cast, morning: Schedule
) -> None:
    foreign = make_schedule(session, cast.other_service, cast.practitioner_id)
    session.commit()
    form = {
        "schedule_id": str(foreign.id),
        "starts_at": f"{at('09:00').astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "csrf_token": token_in(sheet_page(client)),
        "appointment_type_id": str(cast.appointment_type.id),
        "mode": "video",
    }
    assert client.post("/desk/day/choose", data=form).status_code == 404
    for broken in (
        {"schedule_id": "x"},
        {"starts_at": "now"},
        {"starts_at": "0001-01-01T00:00:00Z"},
        {"mode": "pigeon"},
        {"appointment_type_id": ANY},
    ):
        wrong = {**form, "schedule_id": str(morning.id), **broken}
        assert client.post("/desk/day/choose", data=wrong).status_code == 404


def test_from_a_record_the_free_times_are_held_for_that_patient(
    client: CheckedClient, cast: Cast, booked: Appointment
) -> None:
    page = sheet_page(client, patient=str(cast.other_patient.id))
    assert "Aled Morgan" in words_of(page), "the banner says for whom"
    button = gaps_of(page)[0]
    form = next(each for each in parse_page(page).iter("form") if each.get("id") == button.get("form"))
    fields = {field.get("name"): field.get("value") for field in form.iter("input")}
    assert fields["patient_id"] == str(cast.other_patient.id)
    assert read_instant(str(button.get("value"))) == at("09:00")


def test_pressing_a_free_time_holds_it_for_the_patient(
    client: CheckedClient, session: Session, cast: Cast, booked: Appointment
) -> None:
    where = press_gap(client, sheet_page(client, patient=str(cast.other_patient.id)))
    assert where.startswith(f"/desk/patients/{cast.other_patient.id}/holds/")
    assert "9am" in words_of(client.get_page(where))
    session.expire_all()
    assert "Being booked, kept until" in words_of(sheet_page(client))


def test_a_time_that_was_chosen_long_ago_is_asked_about_no_more(
    client: CheckedClient, cast: Cast, booked: Appointment
) -> None:
    press_gap(client, sheet_page(client))
    with client.session_transaction() as cookie:
        cookie["chosen_time"] = {**cookie["chosen_time"], "until": (now() - QUARTER).isoformat()}
    assert "chosen-time" not in client.get_page("/desk")


def test_a_time_that_was_chosen_at_another_desk_is_not_shown(
    client: CheckedClient, cast: Cast, booked: Appointment
) -> None:
    press_gap(client, sheet_page(client))
    sign_in(client, cast.other_service_receptionist)
    assert "chosen-time" not in client.get_page("/desk")


@pytest.mark.parametrize("patient", ["nonsense", ANY])
def test_an_unknown_patient_is_not_found(client: CheckedClient, patient: str) -> None:
    assert client.get(f"/desk/day/{a_day().isoformat()}?patient={patient}").status_code == 404


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


def test_a_shared_clinic_is_booked_from_any_of_its_places(
    client: CheckedClient, session: Session, cast: Cast, morning: Schedule
) -> None:
    morning.shared_clinic_id, morning.practitioner_id = make_shared_clinic(session, cast)[0].id, None
    for other in session.scalars(select(Schedule).where(Schedule.id != morning.id)):
        other.last_date = uk_today()
    session.commit()
    page = sheet_page(client, patient=str(cast.patient.id))
    head, *rows = table_of(page)
    assert head == ["Time", "Diabetes clinic Place 1 of 2", "Diabetes clinic Place 2 of 2"]
    assert rows[0] == ["9am", "Book 9am with Diabetes clinic", "Book 9am with Diabetes clinic"]
    assert "0 appointments, 8 free places" in page
    assert "/hold" in press_gap(client, page, 1)
    page = sheet_page(client)
    assert table_of(page)[1][1:] == [
        f"Being booked, kept until {kept_until(page)}",
        "Book 9am with Diabetes clinic",
    ]
    assert "0 appointments, 7 free places" in page


def kept_until(page: str) -> str:
    found = re.search(r"kept until ([0-9:apm]+)", page)
    assert found
    return found.group(1)
