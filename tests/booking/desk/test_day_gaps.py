"""From a free time of the day sheet to a booking, with a patient or before one is found."""

import re
from datetime import UTC

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.booking.models import Appointment, Schedule
from telehealth.booking.slot_values import read_instant
from telehealth.clock import now, uk_today
from tests.booking.desk.day_sheet_page import (
    ANY,
    QUARTER,
    a_day,
    at,
    gaps_of,
    press_gap,
    sheet_page,
    table_of,
    token_in,
    words_of,
)
from tests.factories import Cast, make_schedule, make_shared_clinic, sign_in
from tests.page_checks import CheckedClient, parse_page

pytestmark = pytest.mark.web


@pytest.fixture(autouse=True)
def _at_the_desk(client: CheckedClient, cast: Cast) -> None:
    sign_in(client, cast.receptionist)


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
