"""Patients cancel, too late and twice, and find the way to their appointment from the link."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from telehealth.accounts.services.sign_in import actor_of
from telehealth.booking.domain.appointment import AppointmentStatus, CancelReason
from telehealth.booking.domain.appointment_type import Booker
from telehealth.booking.models import Appointment
from telehealth.booking.services.cancelling import cancel_appointment
from telehealth.booking.services.links import LinkSigner, make_link
from telehealth.booking.services.moving import move_appointment
from tests.booking.self_service.own_booking import (
    at,
    check,
    choice,
    free_start,
    pick,
    reloaded,
    send,
)
from tests.booking.services.wishes import move
from tests.factories import (
    SLOT,
    Cast,
    make_appointment,
    open_visit,
)
from tests.page_checks import CheckedClient, fields_of, posted_forms

pytestmark = pytest.mark.web


# ---- moving --------------------------------------------------------------------------------------------------


def test_a_cancellation_that_reception_was_faster_with_is_told(
    by_link: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    sent = fields_of(by_link.get_page(at(appointment, "/cancel")))
    cancel_appointment(
        session,
        actor_of(cast.receptionist),
        appointment.id,
        version=appointment.version,
        reason=CancelReason.PROVIDER,
    )
    session.commit()
    assert "This appointment is cancelled" in send(by_link, at(appointment, "/cancel"), sent)


def test_a_stale_cancel_page_shows_the_new_time_and_keeps_the_words(
    by_link: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    sent = {**fields_of(by_link.get_page(at(appointment, "/cancel"))), "note": "I am better"}
    move_appointment(
        session, actor_of(cast.receptionist), appointment.id, move(cast, appointment, free_start(9))
    )
    session.commit()
    page = send(by_link, at(appointment, "/cancel"), sent, 409)
    assert "changed meanwhile" in page
    assert "I am better" in page
    assert reloaded(session, appointment).status is AppointmentStatus.BOOKED
    send(by_link, at(appointment, "/cancel"), {**fields_of(page)})
    assert reloaded(session, appointment).status is AppointmentStatus.CANCELLED


def test_too_much_text_is_kept_and_said(
    by_link: CheckedClient, session: Session, appointment: Appointment
) -> None:
    sent = {**fields_of(by_link.get_page(at(appointment, "/cancel"))), "note": "<b>" + "x" * 600}
    page = send(by_link, at(appointment, "/cancel"), sent, 422)
    assert "Shorten it to 500" in page
    assert "&lt;b&gt;" + "x" * 600 in page
    assert reloaded(session, appointment).status is AppointmentStatus.BOOKED


@pytest.mark.parametrize("version", ["", "x", "99", "-1", "9" * 40])
def test_a_version_that_is_none_cancels_nothing(
    by_link: CheckedClient, session: Session, appointment: Appointment, version: str
) -> None:
    sent = {**fields_of(by_link.get_page(at(appointment, "/cancel"))), "version": version}
    answer = by_link.post(at(appointment, "/cancel"), data=sent)
    assert answer.status_code in (409, 422)
    assert reloaded(session, appointment).status is AppointmentStatus.BOOKED


# ---- when it is too late ---------------------------------------------------------------------------------------


def test_too_late_by_the_rule_is_said_with_the_phone_number(
    by_link: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    before = fields_of(by_link.get_page(at(appointment, "/cancel")))
    held = pick(by_link, appointment, choice(cast, 3))
    appointment.appointment_type.change_minutes = 48 * 60  # type: ignore[union-attr]
    session.commit()
    for page in ("", "/move", "/cancel"):
        text = by_link.get_page(at(appointment, page))
        assert "too late to move or cancel it online" in text
        assert "01632 960555" in text
        assert posted_forms(text) == []
    send(by_link, at(appointment, "/cancel"), before)
    check(by_link.post(posted_forms(held)[0].get("action", ""), data=fields_of(held)), 409)
    unchanged = reloaded(session, appointment)
    assert (unchanged.status, unchanged.starts_at) == (AppointmentStatus.BOOKED, free_start())


def test_my_appointments_leads_to_move_and_cancel_until_it_is_too_late(
    as_patient: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    assert f'href="{at(appointment)}"' in as_patient.get_page("/my")
    appointment.appointment_type.change_minutes = 48 * 60  # type: ignore[union-attr]
    session.commit()
    assert f'href="{at(appointment)}"' not in as_patient.get_page("/my")


@pytest.mark.parametrize(
    "closed", [{"booker": Booker.STAFF}, {"is_active": False}], ids=["staff only", "not offered any more"]
)
def test_what_is_not_booked_online_any_more_is_cancelled_online_and_moved_by_phone(
    by_link: CheckedClient, session: Session, cast: Cast, appointment: Appointment, closed: dict[str, object]
) -> None:
    held = pick(by_link, appointment, choice(cast, 3))
    for name, value in closed.items():
        setattr(appointment.appointment_type, name, value)
    session.commit()
    for page in ("", "/move"):
        text = by_link.get_page(at(appointment, page))
        assert "To move it, call us." in text
        assert f'href="{at(appointment, "/move")}"' not in text
        assert f'href="{at(appointment, "/cancel")}"' in text
    check(by_link.post(posted_forms(held)[0].get("action", ""), data=fields_of(held)), 409)
    assert reloaded(session, appointment).starts_at == free_start()
    page = by_link.get_page(at(appointment, "/cancel"))
    assert "Move it" not in page
    send(by_link, at(appointment, "/cancel"), fields_of(page))
    assert reloaded(session, appointment).status is AppointmentStatus.CANCELLED


# ---- from the link itself --------------------------------------------------------------------------------------


def link_of(app: Flask, session: Session, appointment: Appointment) -> str:
    signer: LinkSigner = app.extensions["telehealth.link_signer"]
    made = make_link(session, appointment)
    session.commit()
    return f"/join/{signer.sign(made.id)}"


BORN = {"birth_date-day": "5", "birth_date-month": "3", "birth_date-year": "1948"}


def test_the_link_leads_to_the_appointment_days_before_it(
    app: Flask, client: CheckedClient, session: Session, cast: Cast
) -> None:
    later = make_appointment(session, cast, starts_at=free_start() + timedelta(days=3))
    session.commit()
    link = link_of(app, session, later)
    page = client.submit(link, BORN)
    assert "Your appointment" in page
    assert at(later, "/move") in page
    client.submit(at(later, "/cancel"))
    assert reloaded(session, later).status is AppointmentStatus.CANCELLED
    assert "cancelled" in client.get(link, follow_redirects=True).text


def test_the_link_of_what_was_only_asked_for_opens_nothing(
    app: Flask, client: CheckedClient, session: Session, cast: Cast
) -> None:
    asked = make_appointment(session, cast)
    asked.status = AppointmentStatus.PENDING
    session.commit()
    link = link_of(app, session, asked)
    assert "We are checking your details" in client.get_page(link)
    open_visit(client, asked)
    assert "We are checking your details" in client.get_page(f"/visits/{asked.id}")
    assert "We are checking your details" in client.get_page(f"/visits/{asked.id}/room")


def test_an_appointment_entered_in_error_is_not_shown(
    as_patient: CheckedClient, session: Session, appointment: Appointment
) -> None:
    appointment.status = AppointmentStatus.ENTERED_IN_ERROR
    session.commit()
    assert as_patient.get(at(appointment)).status_code == 404


def test_nothing_can_be_moved_that_has_begun(by_link: CheckedClient, session: Session, cast: Cast) -> None:
    begun = make_appointment(session, cast, starts_at=free_start() - 12 * SLOT)
    session.commit()
    open_visit(by_link, begun)
    assert posted_forms(by_link.get_page(at(begun, "/cancel"))) == []
    assert posted_forms(by_link.get_page(at(begun, "/move"))) == []
