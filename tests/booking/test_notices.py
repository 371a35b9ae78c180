"""Patients are told of what becomes of their appointments: what the messages say, and what they never say."""

import re
from datetime import time, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from telehealth.accounts.models import ContactKind, Patient
from telehealth.accounts.services.contacts import set_contact
from telehealth.booking.domain.appointment import AppointmentStatus, Change
from telehealth.booking.models import Appointment
from telehealth.booking.notices import queue_appointment_notice
from telehealth.clock import now
from telehealth.dates import instant_text
from telehealth.demo.data import make_demo
from telehealth.messages.domain.delivery import MessageState
from telehealth.messages.models import Message
from telehealth.sealing import SealBroken
from tests.booking.desk.desk_forms import all_fields
from tests.booking.self_service.own_booking import ask, choose, go_on, open_to_all
from tests.factories import (
    SLOT,
    Cast,
    make_appointment,
    make_carer,
    make_own_account,
    open_visit,
    protect,
    sign_in,
    soon,
)
from tests.page_checks import CheckedClient, posted_forms

pytestmark = pytest.mark.web

EMAIL, PHONE = "patient@example.test", "+447700900123"


@pytest.fixture
def booked(session: Session, cast: Cast) -> Appointment:
    made = make_appointment(session, cast, starts_at=soon() + 8 * SLOT)
    session.commit()
    return made


@pytest.fixture
def desk(client: CheckedClient, cast: Cast) -> CheckedClient:
    sign_in(client, cast.receptionist)
    return client


def messages(session: Session) -> list[Message]:
    session.expire_all()
    return list(session.scalars(select(Message).order_by(Message.created_at)))


def the_message(session: Session) -> Message:
    [message] = messages(session)
    return message


def cancel(desk: CheckedClient, appointment: Appointment) -> str:
    form = {"reason": "prov", "note": "The clinician is ill"}
    return desk.submit(f"/desk/appointments/{appointment.id}/cancel", form)


def when(appointment: Appointment) -> str:
    return instant_text(appointment.starts_at, appointment.service.time_zone)


def test_a_patient_is_told_that_reception_cancelled(
    desk: CheckedClient, session: Session, booked: Appointment, cast: Cast
) -> None:
    cancel(desk, booked)
    message = the_message(session)
    assert (message.state, message.channel, message.to) == (MessageState.QUEUED, ContactKind.EMAIL, EMAIL)
    assert message.subject == "Your appointment is cancelled"
    for said in (f"Your appointment on {when(booked)} is cancelled", booked.reference, cast.service.phone):
        assert said in message.body
    # It leads nowhere any more.
    assert "/join/" not in message.body
    assert message.expires_at == booked.ends_at


def test_messages_tell_nothing_to_who_reads_them_on_a_locked_phone(
    desk: CheckedClient, session: Session, booked: Appointment, cast: Cast
) -> None:
    cancel(desk, booked)
    message = the_message(session)
    personal = (
        cast.patient.given_name,
        cast.patient.family_name,
        "Pritchard",
        cast.service.name,
        "Blood pressure",
        "Consultation",
        "The clinician is ill",
    )
    for word in personal:
        assert word not in message.subject + message.body


def test_a_patient_who_books_gets_the_link_that_stays(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    account = make_own_account(session, cast.patient)
    session.commit()
    sign_in(client, account)
    go_on(client, go_on(client, choose(client, cast)))
    message = the_message(session)
    booked = session.scalars(select(Appointment)).one()
    assert (message.kind, message.subject) == ("appointment-booked", "Your appointment is booked")
    assert f"Your appointment is on {when(booked)}" in message.body
    link = next(line for line in message.body.splitlines() if "/join/" in line)
    assert link.startswith("http://localhost:5000/join/")
    # The one that reception reads out, too.
    sign_in(client, cast.receptionist)
    assert link in client.get_page(f"/desk/appointments/{booked.id}")


def test_a_series_is_one_message_with_all_dates_and_their_links(
    desk: CheckedClient, session: Session, cast: Cast
) -> None:
    first = f"{cast.schedule.id}/{soon() + 8 * SLOT:%Y-%m-%dT%H:%M:%SZ}"
    dates = desk.get_page(
        f"/desk/patients/{cast.patient.id}/series/dates?appointment_type_id={cast.appointment_type.id}"
        f"&mode=video&slot={first}"
    )
    assert desk.post(posted_forms(dates)[0].get("action", ""), data=all_fields(dates)).status_code == 303
    message = the_message(session)
    booked = session.scalars(select(Appointment).order_by(Appointment.starts_at)).all()
    assert len(booked) == 6
    assert message.subject == "Your appointments are booked"
    for appointment in booked:
        assert when(appointment) in message.body
        assert appointment.reference in message.body
    assert len(set(re.findall(r"http\S+/join/\S+", message.body))) == 6
    assert message.expires_at == booked[-1].ends_at


def test_a_stranger_is_told_that_we_have_the_request_and_gets_no_way_in(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    open_to_all(session, cast)
    ask(client, cast)
    message = the_message(session)
    assert (message.to, message.subject) == ("dylan@example.org", "We have your request")
    assert "/join/" not in message.body
    assert "Dylan" not in message.body


@pytest.mark.parametrize("change", [Change.BOOKED, Change.OVERBOOKED, Change.CONFIRMED, Change.MOVED])
def test_what_takes_place_comes_with_its_link(
    app: Flask, session: Session, booked: Appointment, change: Change
) -> None:
    with app.test_request_context():
        queue_appointment_notice(session, booked, change)
    body = the_message(session).body
    assert "/join/" in body
    assert when(booked) in body
    assert booked.reference in body


def test_who_is_not_verified_gets_no_link_when_reception_moves_it(
    app: Flask, session: Session, booked: Appointment
) -> None:
    booked.status = AppointmentStatus.PENDING
    with app.test_request_context():
        queue_appointment_notice(session, booked, Change.MOVED)
    assert "/join/" not in the_message(session).body


def test_cancelling_from_the_link_is_confirmed(
    client: CheckedClient, session: Session, booked: Appointment
) -> None:
    open_visit(client, booked)
    client.submit(f"/appointments/{booked.id}/cancel", {"note": "Better now"})
    assert the_message(session).kind == "appointment-cancelled"


def test_without_an_email_one_text_waits_in_one_line(
    desk: CheckedClient, session: Session, cast: Cast, booked: Appointment
) -> None:
    set_contact(session, cast.patient, phone=PHONE, email=None)
    session.commit()
    cancel(desk, booked)
    message = the_message(session)
    assert (message.channel, message.to, message.subject) == (ContactKind.PHONE, PHONE, "")
    assert "\n" not in message.body


def test_without_any_contact_nothing_is_written_and_the_appointment_is_cancelled(
    desk: CheckedClient, session: Session, cast: Cast, booked: Appointment
) -> None:
    set_contact(session, cast.patient, phone=None, email=None)
    session.commit()
    cancel(desk, booked)
    assert messages(session) == []
    session.refresh(booked)
    assert booked.status is AppointmentStatus.CANCELLED


def test_a_protected_patients_message_is_withheld_and_its_text_dropped(
    desk: CheckedClient, session: Session, cast: Cast, booked: Appointment
) -> None:
    protect(session, cast, is_phone_safe=False)
    session.commit()
    cancel(desk, booked)
    message = the_message(session)
    assert (message.state, message.error_code, message.body) == (MessageState.WITHHELD, "not-safe", "")


def test_a_protected_patients_message_waits_for_a_safe_hour(
    desk: CheckedClient, session: Session, cast: Cast
) -> None:
    later = make_appointment(session, cast, starts_at=soon() + timedelta(days=3))
    local = now().astimezone(ZoneInfo(cast.service.time_zone)) + timedelta(hours=3)
    hours = time(local.hour), time((local.hour + 1) % 24)
    protect(session, cast, is_email_safe=True, safe_from=hours[0], safe_until=hours[1])
    session.commit()
    cancel(desk, later)
    message = the_message(session)
    assert (message.state, message.channel) == (MessageState.QUEUED, ContactKind.EMAIL)
    assert message.due_at > now() + timedelta(hours=1)


def test_a_restricted_service_is_not_known_by_its_number(
    desk: CheckedClient, session: Session, cast: Cast, booked: Appointment
) -> None:
    session.merge(cast.service).is_restricted = True
    session.commit()
    cancel(desk, booked)
    body = the_message(session).body
    assert cast.service.phone not in body
    assert cast.service.name not in body


def test_a_confidential_appointment_is_not_told_to_the_parents(
    desk: CheckedClient, session: Session, cast: Cast, booked: Appointment
) -> None:
    make_carer(session, cast.patient, email=EMAIL, phone=PHONE)
    booked.is_confidential = True
    session.commit()
    cancel(desk, booked)
    assert messages(session) == []


def test_a_contact_that_cannot_be_read_stops_no_cancelling(
    app: Flask, session: Session, cast: Cast, booked: Appointment
) -> None:
    session.execute(
        update(Patient).where(Patient.id == cast.patient.id).values(email_sealed=Patient.phone_sealed)
    )
    session.expire_all()
    with pytest.raises(SealBroken):
        _ = cast.patient.email
    with app.test_request_context():
        queue_appointment_notice(session, booked, Change.CANCELLED)
    assert messages(session) == []


def test_the_demos_own_appointments_are_told_to_nobody(app: Flask, session: Session) -> None:
    with app.app_context():
        make_demo(session, "only for the demo 4711", now())
    assert session.scalars(select(Appointment)).first() is not None
    assert messages(session) == []
