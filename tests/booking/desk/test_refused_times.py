"""Times that cannot be booked: each refusal says why, and what is free instead."""

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.accounts.services.sign_in import actor_of
from telehealth.audit.models import AuditEvent
from telehealth.booking.domain.slots import Slot
from telehealth.booking.models import (
    Appointment,
    ScheduleException,
)
from telehealth.booking.services.appointments import place_appointment
from tests.booking.desk.desk_forms import choice, count_holds, hold, let_lapse
from tests.factories import (
    SLOT,
    Cast,
    make_appointment,
    sign_in,
    soon,
)
from tests.page_checks import CheckedClient, fields_of, posted_forms

pytestmark = pytest.mark.web

ANY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(autouse=True)
def _at_the_desk(client: CheckedClient, cast: Cast) -> None:
    sign_in(client, cast.receptionist)


@pytest.fixture
def booking_page(cast: Cast) -> str:
    return f"/desk/patients/{cast.patient.id}/book"


def test_a_lapsed_hold_whose_time_was_taken_says_so_and_offers_others(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    details = hold(client, cast)
    let_lapse(session)
    other = make_appointment(session, cast, patient=cast.other_patient)
    session.commit()
    page = client.submit(details, {"reason": "My <b>knee</b>"}, status=409)
    assert f"It is booked: appointment {other.reference}" in page
    assert f"/desk/appointments/{other.id}" in page
    assert [choice(cast, number) for number in (1, 2, 3)] == re.findall(
        r'name="slot"\s+value="([^"]+)"', page
    )
    # One of the next free times is kept instead, with all that was typed.
    again = client.post(
        f"/desk/patients/{cast.patient.id}/hold", data={**fields_of(page), "slot": choice(cast, 2)}
    )
    assert again.status_code == 200
    assert fields_of(again.text)["reason"] == "My <b>knee</b>"
    answer = client.post(posted_forms(again.text)[0].get("action") or "", data=fields_of(again.text))
    assert answer.status_code == 303


def test_a_time_that_was_taken_meanwhile(
    client: CheckedClient, session: Session, cast: Cast, booking_page: str
) -> None:
    chooser = client.get_page(booking_page)
    other = make_appointment(session, cast, patient=cast.other_patient)
    session.commit()
    answer = client.post(
        f"/desk/patients/{cast.patient.id}/hold", data={**fields_of(chooser), "slot": choice(cast)}
    )
    assert answer.status_code == 409
    assert other.reference in answer.text
    assert choice(cast) not in answer.text
    assert choice(cast, 1) in answer.text


def test_a_time_that_somebody_else_keeps(client: CheckedClient, session: Session, cast: Cast) -> None:
    chooser = client.get_page(f"/desk/patients/{cast.other_patient.id}/book")
    hold(client, cast)
    answer = client.post(
        f"/desk/patients/{cast.other_patient.id}/hold", data={**fields_of(chooser), "slot": choice(cast)}
    )
    assert answer.status_code == 409
    assert "Somebody else is booking this time. It is kept for them until" in answer.text


def test_leave_is_said_with_its_name_and_end(client: CheckedClient, session: Session, cast: Cast) -> None:
    chooser = client.get_page(f"/desk/patients/{cast.patient.id}/book")
    session.add(
        ScheduleException(
            organisation_id=cast.service.organisation_id,
            practitioner_id=cast.practitioner_id,
            starts_at=soon() - SLOT,
            ends_at=soon() + timedelta(days=3),
            reason="Annual leave",
            created_by="account:x",
        )
    )
    session.commit()
    answer = client.post(
        f"/desk/patients/{cast.patient.id}/hold", data={**fields_of(chooser), "slot": choice(cast)}
    )
    assert answer.status_code == 409
    assert "Dr Nia Pritchard is on leave: Annual leave, until" in answer.text


def test_a_patient_who_is_busy_then(
    client: CheckedClient, session: Session, cast: Cast, booking_page: str
) -> None:
    chooser = client.get_page(booking_page)
    theirs = place_elsewhere(session, cast, cast.service)
    answer = client.post(
        f"/desk/patients/{cast.patient.id}/hold", data={**fields_of(chooser), "slot": choice(cast)}
    )
    assert answer.status_code == 409
    assert "already has an appointment then" in answer.text
    assert "Dr Tomos Rees" in answer.text
    assert f"/desk/appointments/{theirs.id}" in answer.text
    seen = session.scalars(
        select(AuditEvent.subject_id).where(AuditEvent.action == "appointment.opened")
    ).all()
    assert theirs.id in seen


@pytest.mark.parametrize("is_restricted", [False, True])
def test_an_appointment_of_another_service_is_not_given_away(
    client: CheckedClient, session: Session, cast: Cast, booking_page: str, is_restricted: bool
) -> None:
    cast.other_service.is_restricted = is_restricted
    session.add(cast.other_service)
    chooser = client.get_page(booking_page)
    theirs = place_elsewhere(session, cast, cast.other_service)
    answer = client.post(
        f"/desk/patients/{cast.patient.id}/hold", data={**fields_of(chooser), "slot": choice(cast)}
    )
    assert answer.status_code == 409
    assert ("Hillside Physiotherapy" in answer.text) is not is_restricted
    for secret in ("with Dr Tomos Rees", "Private", str(theirs.id), theirs.reference):
        assert secret not in answer.text


def place_elsewhere(session: Session, cast: Cast, service: Any) -> Appointment:
    assert cast.colleague.practitioner_id
    slot = Slot(
        starts_at=soon(),
        ends_at=soon() + SLOT,
        schedule_id=uuid4(),
        practitioner_id=cast.colleague.practitioner_id,
    )
    who = actor_of(cast.receptionist if service is cast.service else cast.other_service_receptionist)
    made = place_appointment(session, who, service, cast.patient, slot, reason="Private")
    session.commit()
    return made


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
        "not-a-key/2027-01-12T10:00:00Z",
        "\x00",
        "x" * 10_000,
        "<script>alert(1)</script>",
    ],
)
def test_a_time_that_is_no_time(
    client: CheckedClient, session: Session, booking_page: str, value: str
) -> None:
    page = client.submit(booking_page, {"slot": value}, status=422)
    assert "Choose a time" in page
    assert count_holds(session) == 0


@pytest.mark.parametrize("schedule", [ANY, f"{{{ANY}}}", f"urn:uuid:{ANY}"])
def test_a_time_of_no_schedule(client: CheckedClient, booking_page: str, schedule: str) -> None:
    client.submit(booking_page, {"slot": f"{schedule}/{soon():%Y-%m-%dT%H:%M:%SZ}"}, status=409)


def test_the_first_and_the_last_year_there_is(client: CheckedClient, cast: Cast, booking_page: str) -> None:
    # No time that a form offers: asked for again, as one that cannot be read.
    for day, status in (("0001-01-01", 422), ("9999-12-31", 422), ("2000-01-01", 409), ("2200-12-31", 409)):
        client.submit(booking_page, {"slot": f"{cast.schedule.id}/{day}T00:00:00Z"}, status=status)


@pytest.mark.parametrize("name", ["appointment_type_id", "mode"])
def test_a_kind_that_there_is_not(client: CheckedClient, cast: Cast, booking_page: str, name: str) -> None:
    client.submit(booking_page, {"slot": choice(cast), name: "x"}, status=422)
