"""What patients are told when they book, ask and cancel: in words to themselves, and nothing that cannot be."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from telehealth.accounts.forms import Whose
from telehealth.booking.domain.appointment import CancelReason
from telehealth.booking.models import Appointment, AppointmentHistory, FollowUpRequest
from telehealth.booking.self_service.forms import AskingForm
from telehealth.booking.self_service.presenters import hear_by_text
from telehealth.booking.services.links import LinkSigner, make_link
from telehealth.clock import now, uk_today
from telehealth.messages.domain.delivery import MessageState
from telehealth.messages.models import Message
from tests.booking.self_service.own_booking import (
    STRANGER,
    ask,
    at,
    choose,
    go_on,
    newest,
)
from tests.factories import Cast, make_appointment
from tests.page_checks import CheckedClient

pytestmark = pytest.mark.web

NOTHING = dict.fromkeys(STRANGER, "")


def let_change_for(session: Session, cast: Cast, minutes: int) -> None:
    session.merge(cast.appointment_type).change_minutes = minutes
    session.commit()


def bodies(session: Session) -> list[str]:
    session.expire_all()
    return [message.body for message in session.scalars(select(Message).order_by(Message.created_at))]


# ---- a booking that is too late to be changed ------------------------------------------------------------------


def test_a_booking_that_is_too_late_to_change_never_says_that_it_can_be(
    as_patient: CheckedClient, session: Session, cast: Cast
) -> None:
    let_change_for(session, cast, 5 * 24 * 60)
    done = go_on(as_patient, go_on(as_patient, choose(as_patient, cast)))
    own = as_patient.get_page(at(newest(session)))
    for page in (done, own):
        assert "It is too late to move or cancel it online. To do that, call" in page
        assert "01632 960555" in page
        assert "until" not in page
    assert "See the appointment" in done
    [body] = bodies(session)
    assert "It is too late to move or cancel it online. To do that, call 01632 960555." in body
    assert "See it with this link" in body
    assert "See, move or cancel" not in body


def test_a_booking_that_can_be_changed_says_until_when(
    as_patient: CheckedClient, session: Session, cast: Cast
) -> None:
    let_change_for(session, cast, 0)
    done = go_on(as_patient, go_on(as_patient, choose(as_patient, cast)))
    assert "You can move or cancel it until" in done
    assert "too late" not in done
    [body] = bodies(session)
    assert "See, move or cancel it with this link" in body
    assert "too late" not in body


def test_the_message_of_a_restricted_service_gives_no_number_even_when_it_is_too_late(
    as_patient: CheckedClient, session: Session, cast: Cast
) -> None:
    # Of a restricted service it is somebody who has been there.
    make_appointment(session, cast)
    session.merge(cast.service).is_restricted = True
    let_change_for(session, cast, 5 * 24 * 60)
    go_on(as_patient, go_on(as_patient, choose(as_patient, cast)))
    body = bodies(session)[-1]
    assert "It is too late to move or cancel it online. To do that, call us." in body
    assert "01632" not in body


# ---- the form of somebody unknown ------------------------------------------------------------------------------


def test_a_strangers_form_speaks_to_them(as_stranger: CheckedClient, cast: Cast) -> None:
    page = go_on(as_stranger, choose(as_stranger, cast), NOTHING, status=422)
    for words in ("Enter your first name", "Enter your last name", "Enter your date of birth"):
        # In the summary, and beside the field.
        assert page.count(words) == 2
    assert "Enter the " not in page
    half = {**STRANGER, "birth_date-year": ""}
    assert "Your date of birth must include" in go_on(as_stranger, page, half, status=422)


def test_who_asks_for_somebody_else_is_asked_for_theirs(app: Flask) -> None:
    with app.test_request_context(method="POST", data=MultiDict({"given_name": ""})):
        app.config["WTF_CSRF_ENABLED"] = False
        form = AskingForm()
        form.whose = Whose.THEIRS
        assert form.details(uk_today()) is None
        said = [form.given_name.errors, form.family_name.errors, form.birth_date.form.day.errors]
    assert [str(errors[0]) for errors in said] == [
        "Enter their first name",
        "Enter their last name",
        "Enter their date of birth",
    ]


def test_the_interpreters_questions_stand_with_yes(as_stranger: CheckedClient, cast: Cast) -> None:
    page = choose(as_stranger, cast)
    # What the style sheet shows with "Yes" alone.
    places = [page.index(words) for words in ("app-reveal", 'value="yes"', "app-reveal__more")]
    assert places == sorted(places)
    for name in ("interpreter_language", "interpreter_joins"):
        assert page.index("app-reveal__more") < page.index(f'name="{name}"') < page.index("Continue")
    page = go_on(as_stranger, page, {**STRANGER, "needs_interpreter": "yes"}, status=422)
    [chosen] = re.findall(r'<input[^>]*name="needs_interpreter"[^>]*checked', page)
    assert 'value="yes"' in chosen
    assert 'href="#interpreter_language"' in page


# ---- "we have your request" ------------------------------------------------------------------------------------


def test_a_request_says_that_an_email_comes_and_by_when_to_hear(
    as_stranger: CheckedClient, session: Session, cast: Cast
) -> None:
    page = ask(as_stranger, cast)
    assert "We are sending you an email with the time and the reference." in page
    assert "If we have not confirmed it by" in page
    assert "Back to the start" in page
    assert f'<span class="app-reference">{newest(session).reference}</span>' in page


def test_a_request_without_an_email_says_that_a_text_comes(as_stranger: CheckedClient, cast: Cast) -> None:
    page = ask(as_stranger, cast, typed={"email": ""})
    assert "We are sending you a text message with the time and the reference." in page
    assert "an email with" not in page


@pytest.mark.parametrize("state", sorted({MessageState.FAILED, MessageState.WITHHELD}))
def test_a_request_promises_no_message_that_will_not_come(
    as_stranger: CheckedClient, session: Session, cast: Cast, state: MessageState
) -> None:
    ask(as_stranger, cast)
    session.execute(update(Message).values(state=state))
    session.commit()
    page = as_stranger.get_page("/book/done")
    assert "We have your request" in page
    assert "We are sending you" not in page


def test_a_message_that_waits_for_a_safe_hour_is_not_said_to_come_now(
    as_stranger: CheckedClient, session: Session, cast: Cast
) -> None:
    ask(as_stranger, cast)
    session.execute(update(Message).values(due_at=now() + timedelta(hours=3)))
    session.commit()
    assert "We are sending you" not in as_stranger.get_page("/book/done")


# A Monday, at 9 o'clock in London.
MONDAY = datetime(2027, 3, 1, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("starts_in", "said"),
    [
        (timedelta(days=3), "Wednesday 3 March 2027"),
        # Nobody answers on a Sunday.
        (timedelta(days=7), "Friday 5 March 2027"),
        (timedelta(days=1, hours=1), "Tuesday 2 March 2027, 9am"),
        (timedelta(hours=2), "Monday 1 March 2027, 10am"),
        (timedelta(minutes=30), ""),
    ],
    ids=["in days", "on Monday", "tomorrow", "today", "at once"],
)
def test_by_when_to_hear_is_while_somebody_answers(app: Flask, starts_in: timedelta, said: str) -> None:
    with app.test_request_context():
        assert hear_by_text(MONDAY + starts_in, MONDAY, "Europe/London") == said


# ---- cancelling ------------------------------------------------------------------------------------------------


def test_who_does_not_need_it_any_more_is_promised_nothing_and_still_looked_at(
    by_link: CheckedClient, session: Session, appointment: Appointment
) -> None:
    page = by_link.submit(at(appointment, "/cancel"), {"reason": CancelReason.NOT_NEEDED.value})
    assert "This appointment is cancelled." in page
    assert "A clinician decides whether to contact you about it." in page
    assert "Book another appointment" in page
    assert "Problems?" in page
    [body] = bodies(session)
    assert "you do not need it any more" in body
    for text in (page, body):
        assert "make sure that you are seen" not in text
    assert session.scalar(select(FollowUpRequest.id).where(FollowUpRequest.appointment_id == appointment.id))


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("pat", "pat"), ("pat-unwell", "pat-unwell"), ("", "pat"), ("prov", "pat"), ("<b>", "pat")],
    ids=["cannot come", "unwell", "not said", "the clinic's reason", "none"],
)
def test_other_reasons_keep_the_promise(
    by_link: CheckedClient, session: Session, appointment: Appointment, sent: str, kept: str
) -> None:
    page = by_link.submit(at(appointment, "/cancel"), {"reason": sent})
    assert "The clinic will still make sure that you are seen." in page
    assert "make sure that you are seen" in bodies(session)[0]
    reasons = session.scalars(
        select(AppointmentHistory.reason).where(AppointmentHistory.appointment_id == appointment.id)
    ).all()
    assert kept in reasons


def test_the_link_of_a_cancelled_appointment_leads_on(
    app: Flask, by_link: CheckedClient, session: Session, appointment: Appointment
) -> None:
    signer: LinkSigner = app.extensions["telehealth.link_signer"]
    link = f"/join/{signer.sign(make_link(session, appointment).id)}"
    session.commit()
    by_link.submit(at(appointment, "/cancel"), {})
    answer = by_link.get(link)
    assert answer.status_code == 410
    assert "Book another appointment" in answer.text
    assert "Problems?" in answer.text
