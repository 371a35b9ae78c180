import re
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from telehealth.accounts.services.sign_in import actor_of
from telehealth.booking.domain.appointment import AppointmentStatus
from telehealth.booking.domain.slots import Slot
from telehealth.booking.forms import read_slot, slot_value
from telehealth.booking.models import Appointment, IdempotencyKey
from telehealth.booking.services.appointments import change_status, place_appointment
from tests.factories import (
    SLOT,
    Cast,
    guest_of,
    make_appointment,
    make_cast,
    make_schedule,
    sign_in,
    slot_at,
    soon,
)
from tests.page_checks import CheckedClient, fields_of

pytestmark = pytest.mark.web

ANY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(autouse=True)
def _at_the_desk(client: CheckedClient, cast: Cast) -> None:
    sign_in(client, cast.receptionist)


@pytest.fixture
def booking_page(cast: Cast) -> str:
    return f"/desk/patients/{cast.patient.id}/book"


def choice(cast: Cast, number: int = 0) -> str:
    return slot_value(slot_at(cast, soon() + number * SLOT))


def count_appointments(session: Session) -> int | None:
    return session.scalar(select(func.count()).select_from(Appointment))


def test_booking_ends_on_the_confirmation(client: CheckedClient, cast: Cast, booking_page: str) -> None:
    page = client.submit(booking_page, {"slot": choice(cast), "reason": "Review"})
    assert "data-join-link" in page
    assert "/join/" in page
    assert "Dr Nia Pritchard" in page


def test_a_time_that_was_taken_meanwhile(
    client: CheckedClient, session: Session, cast: Cast, booking_page: str
) -> None:
    typed = fields_of(client.get_page(booking_page))
    make_appointment(session, cast, patient=cast.other_patient)
    session.commit()
    answer = client.post(booking_page, data={**typed, "slot": choice(cast), "reason": "My <b>knee</b>"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "Somebody else has just taken this time" in page
    assert choice(cast) not in page
    assert choice(cast, 1) in page
    assert fields_of(page)["reason"] == "My <b>knee</b>"
    again = client.post(booking_page, data={**fields_of(page), "slot": choice(cast, 1)})
    assert again.status_code == 303


def test_a_patient_who_is_busy_then(
    client: CheckedClient, session: Session, cast: Cast, booking_page: str
) -> None:
    assert cast.colleague.practitioner_id
    make_schedule(session, cast.service, cast.colleague.practitioner_id)
    place_with_colleague(session, cast)
    page = client.submit(booking_page, {"slot": choice(cast), "reason": "Knee"}, status=409)
    assert "already has an appointment then" in page
    assert "Dr Tomos Rees" in page
    assert fields_of(page)["reason"] == "Knee"


def test_an_appointment_of_another_service_is_not_given_away(
    client: CheckedClient, session: Session, cast: Cast, booking_page: str
) -> None:
    assert cast.colleague.practitioner_id
    slot = Slot(soon(), soon() + SLOT, cast.colleague.practitioner_id, uuid4())
    who = actor_of(cast.other_service_receptionist)
    place_appointment(session, who, cast.other_service, cast.patient, slot, reason="Private")
    session.commit()
    page = client.submit(booking_page, {"slot": choice(cast)}, status=409)
    assert "already has an appointment" in page
    assert "Tomos Rees" not in page
    assert "Private" not in client.get_page(f"/desk/patients/{cast.patient.id}")


def place_with_colleague(session: Session, cast: Cast) -> None:
    assert cast.colleague.practitioner_id
    slot = Slot(soon(), soon() + SLOT, cast.colleague.practitioner_id, uuid4())
    place_appointment(session, actor_of(cast.receptionist), cast.service, cast.patient, slot)
    session.commit()


@pytest.mark.parametrize(
    "value",
    [
        "",
        "x",
        "/",
        "//",
        f"{ANY}/",
        f"{ANY}/2027-01-12",
        f"{ANY}/2027-02-30T10:00:00Z",
        f"{ANY}/0000-00-00T00:00:00Z",
        f"not-a-key/{soon():%Y-%m-%dT%H:%M:%SZ}",
        "\x00",
        "x" * 10_000,
        "<script>alert(1)</script>",
    ],
)
def test_a_time_that_is_no_time(
    client: CheckedClient, session: Session, booking_page: str, value: str
) -> None:
    page = client.submit(booking_page, {"slot": value, "reason": "Knee"}, status=422)
    assert "Choose a time" in page
    assert fields_of(page)["reason"] == "Knee"
    assert count_appointments(session) == 0


@pytest.mark.parametrize("schedule", [ANY, f"{{{ANY}}}", f"urn:uuid:{ANY}"])
def test_a_time_of_no_schedule(client: CheckedClient, booking_page: str, schedule: str) -> None:
    client.submit(booking_page, {"slot": f"{schedule}/{soon():%Y-%m-%dT%H:%M:%SZ}"}, status=409)


def test_the_first_and_the_last_year_there_is(client: CheckedClient, cast: Cast, booking_page: str) -> None:
    for year in ("0001-01-01", "9999-12-31"):
        client.submit(booking_page, {"slot": f"{cast.schedule.id}/{year}T00:00:00Z"}, status=409)


def test_a_reason_that_is_too_long_is_kept(client: CheckedClient, cast: Cast, booking_page: str) -> None:
    page = client.submit(booking_page, {"slot": choice(cast), "reason": "x" * 501}, status=422)
    assert "500 characters" in page
    assert fields_of(page)["reason"] == "x" * 501


def test_a_double_click_books_once(
    client: CheckedClient, session: Session, cast: Cast, booking_page: str
) -> None:
    form = {**fields_of(client.get_page(booking_page)), "slot": choice(cast)}
    answers = [client.post(booking_page, data=form) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert count_appointments(session) == 1
    assert session.scalar(select(func.count()).select_from(IdempotencyKey)) == 1


def test_a_used_form_with_another_choice_books_that_too(
    client: CheckedClient, session: Session, cast: Cast, booking_page: str
) -> None:
    form = fields_of(client.get_page(booking_page))
    first, second = (client.post(booking_page, data={**form, "slot": choice(cast, n)}) for n in (0, 1))
    assert first.headers["Location"] != second.headers["Location"]
    assert count_appointments(session) == 2


def test_two_clicks_at_once_book_once_for_one_of_two_receptionists(own_app: Flask) -> None:
    from tests.booking.services.test_races import at_once

    with own_app.extensions["telehealth.database"].transaction() as session:
        cast = make_cast(session)

    def book(patient_id: UUID) -> Any:
        client = own_app.test_client()
        sign_in(client, cast.receptionist)
        address = f"/desk/patients/{patient_id}/book"
        form = fields_of(client.get_page(address))  # type: ignore[attr-defined]
        return lambda: client.post(address, data={**form, "slot": choice(cast)}).status_code

    answers = at_once(book(cast.patient.id), book(cast.other_patient.id))
    assert sorted(answers, key=str) == [303, 409]


def test_cancelling_says_so_and_frees_the_time(
    client: CheckedClient, session: Session, cast: Cast, booking_page: str
) -> None:
    appointment = make_appointment(session, cast)
    session.commit()
    assert choice(cast) not in client.get_page(booking_page)
    page = client.submit(f"/desk/appointments/{appointment.id}", {"reason": "Phoned"})
    assert "cancelled and its time is free again" in page
    assert "data-join-link" not in page
    assert choice(cast) in client.get_page(booking_page)


def test_cancelling_what_changed_meanwhile_shows_what_it_is_now(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    appointment = make_appointment(session, cast)
    session.commit()
    address = f"/desk/appointments/{appointment.id}"
    form = fields_of(client.get_page(address))
    change_status(session, guest_of(appointment), appointment, AppointmentStatus.ARRIVED)
    session.commit()
    answer = client.post(f"{address}/cancel", data={**form, "reason": "Phoned"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "changed meanwhile" in page
    assert "in the waiting room" in page.lower()
    assert fields_of(page)["reason"] == "Phoned"
    assert fields_of(page)["version"] == "2"


@pytest.mark.parametrize(
    "form",
    [
        {"reason": "", "version": "1"},
        {"reason": "   ", "version": "1"},
        {"reason": "Phoned", "version": ""},
        {"reason": "Phoned", "version": "x"},
        {"reason": "Phoned", "version": "9" * 5000},
        {"reason": "x" * 501, "version": "1"},
    ],
)
def test_a_cancellation_that_is_not_complete(
    client: CheckedClient, session: Session, cast: Cast, form: dict[str, str]
) -> None:
    appointment = make_appointment(session, cast)
    session.commit()
    client.submit(f"/desk/appointments/{appointment.id}", form, status=422)
    session.refresh(appointment)
    assert appointment.status is AppointmentStatus.BOOKED


def test_a_very_large_version_is_only_stale(client: CheckedClient, session: Session, cast: Cast) -> None:
    appointment = make_appointment(session, cast)
    session.commit()
    form = {"reason": "Phoned", "version": "9" * 40}
    client.submit(f"/desk/appointments/{appointment.id}", form, status=409)


def test_a_strangers_appointment_is_not_there(client: CheckedClient, session: Session, cast: Cast) -> None:
    appointment = make_appointment(session, cast)
    session.commit()
    for stranger in (cast.other_service_receptionist, cast.other_organisation_receptionist):
        sign_in(client, stranger)
        client.get_page(f"/desk/appointments/{appointment.id}", status=404)
        form = {**fields_of(client.get_page("/desk/patients/new")), "reason": "Mine", "version": "1"}
        assert client.post(f"/desk/appointments/{appointment.id}/cancel", data=form).status_code == 404
        assert client.get(f"/desk/appointments/{uuid4()}").status_code == 404
    sign_in(client, cast.other_organisation_receptionist)
    for address in (f"/desk/patients/{cast.patient.id}", f"/desk/patients/{cast.patient.id}/book"):
        client.get_page(address, status=404)
        assert client.post(address, data=form).status_code in (404, 405, 422)


def test_a_colleague_of_another_service_sees_the_patient_but_not_the_appointments(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    appointment = make_appointment(session, cast)
    session.commit()
    sign_in(client, cast.other_service_receptionist)
    page = client.get_page(f"/desk/patients/{cast.patient.id}")
    assert f"{appointment.id}" not in page
    assert "Blood pressure" not in page


def test_the_times_end_where_the_schedule_ends(
    client: CheckedClient, session: Session, cast: Cast, booking_page: str
) -> None:
    cast.schedule.last_date = soon().date() - timedelta(days=2)
    session.commit()
    assert "No free times" in client.get_page(booking_page)


def test_later_days_are_shown_and_can_be_booked(
    client: CheckedClient, session: Session, cast: Cast, booking_page: str
) -> None:
    first = client.get_page(booking_page)
    later = re.findall(r'name="from"\s+value="([^"]+)"', first)[0]
    page = client.submit(booking_page, {"from": later, "reason": "Typed before"})
    assert "Typed before" in page
    value = page.split('name="slot" type="radio" value="', 1)[1].split('"', 1)[0]
    choice_made = read_slot(value)
    assert choice_made is not None
    assert choice_made[1].astimezone(ZoneInfo(cast.service.time_zone)).date().isoformat() == later
    confirmation = client.submit(f"{booking_page}?from={later}", {"slot": value})
    assert "data-join-link" in confirmation


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "2026-13-01", "tomorrow", "1e9"])
def test_a_day_that_makes_no_sense_shows_the_next_free_times(
    client: CheckedClient, booking_page: str, day: str
) -> None:
    assert 'name="slot"' in client.get_page(f"{booking_page}?from={day}")
