"""The link in the patient's message: altered, early, late, cancelled, guessed at; and other people's visits."""

from datetime import date, datetime, timedelta
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from telehealth.accounts.services.sign_in import actor_of
from telehealth.booking.domain.appointment import CancelReason
from telehealth.booking.models import Appointment, JoinAttempt, JoinLink
from telehealth.booking.services.cancelling import cancel_appointment
from telehealth.clock import now
from telehealth.video.domain.encounter import Outcome
from telehealth.video.models import Encounter
from telehealth.video.services.encounters import end_encounter
from tests.factories import SLOT, Cast, make_appointment, make_join_link, open_visit, sign_in, soon
from tests.page_checks import CheckedClient, fields_of, without_random

pytestmark = pytest.mark.web

CAMERA = "camera=(self)"
BORN = date(1948, 3, 5)
ROOM_SCRIPT = "room-"


@pytest.fixture
def appointment(session: Session, cast: Cast) -> Appointment:
    made = make_appointment(session, cast)
    session.commit()
    return made


@pytest.fixture
def link(app: Flask, session: Session, appointment: Appointment) -> str:
    return link_of(app, session, appointment)


def link_of(app: Flask, session: Session, appointment: Appointment) -> str:
    token = app.extensions["telehealth.link_signer"].sign(make_join_link(session, appointment).id)
    session.commit()
    return f"/join/{token}"


def birth_date(born: date) -> dict[str, str]:
    parts = {"day": born.day, "month": born.month, "year": born.year}
    return {f"birth_date-{part}": f"{number}" for part, number in parts.items()}


def expect_no_camera(client: CheckedClient, address: str, *, status: int) -> str:
    answer = client.get(address)
    page = answer.get_data(as_text=True)
    assert answer.status_code == status, page
    assert CAMERA not in answer.headers["Permissions-Policy"]
    assert f"/static/build/{ROOM_SCRIPT}" not in page
    assert "data-token" not in page
    return client.get_page(address, status=status)


def test_the_right_date_of_birth_opens_the_visit(
    client: CheckedClient, link: str, appointment: Appointment
) -> None:
    page = client.submit(link, birth_date(BORN))
    assert f"/visits/{appointment.id}/room" in page
    room = client.get(f"/visits/{appointment.id}/room")
    assert CAMERA in room.headers["Permissions-Policy"]
    assert f"/static/build/{ROOM_SCRIPT}" in room.get_data(as_text=True)


def test_the_page_before_the_date_of_birth_names_nobody(client: CheckedClient, cast: Cast, link: str) -> None:
    page = expect_no_camera(client, link, status=200)
    assert cast.service.name in page
    for secret in ("Eirlys", "Morgan", "Pritchard", "Blood pressure", "1948"):
        assert secret not in without_random(page)


def test_looking_at_a_link_uses_nothing_up(client: CheckedClient, session: Session, link: str) -> None:
    """Mail scanners follow links, over and over."""
    for _ in range(10):
        assert client.get(link).status_code == 200
        assert client.head(link).status_code == 200
        assert client.options(link).status_code == 200
    for table in (JoinAttempt, Encounter):
        assert session.scalar(select(func.count()).select_from(table)) == 0
    with client.session_transaction() as browser:
        assert "_user_id" not in browser


def test_a_wrong_date_of_birth_says_how_many_tries_are_left(client: CheckedClient, link: str) -> None:
    for left in (4, 3, 2, 1):
        page = client.submit(link, birth_date(date(1948, 3, 6)), status=422)
        assert "That is not the date of birth we have" in page
        assert f"Tries left for this link: {left}" in " ".join(page.split())
    page = client.submit(link, birth_date(date(1948, 3, 6)), status=429)
    assert "Too many tries" in page
    assert "01632 960555" in page


@pytest.mark.parametrize(
    "wrong", [("31", "2", "1948"), ("", "", ""), ("5", "3", "48"), ("x", "y", "z"), ("\x00", "3", "1948")]
)
def test_a_date_that_is_none_costs_no_try(
    client: CheckedClient, session: Session, link: str, wrong: tuple[str, str, str]
) -> None:
    typed = dict(zip(("birth_date-day", "birth_date-month", "birth_date-year"), wrong, strict=True))
    page = client.submit(link, typed, status=422)
    assert "date of birth" in page
    assert fields_of(page)["birth_date-month"] == wrong[1]
    assert session.scalar(select(func.count()).select_from(JoinAttempt)) == 0


def lock(client: CheckedClient, link: str) -> None:
    for _ in range(5):
        form = {**fields_of(client.get_page(link)), **birth_date(date(1900, 1, 1))}
        client.post(link, data=form)


def test_another_browser_has_no_further_tries(app: Flask, client: CheckedClient, link: str) -> None:
    form = fields_of(client.get_page(link))
    lock(client, link)
    for other in (client, app.test_client()):
        assert other.get(link).status_code == 429
    right = client.post(link, data={**form, **birth_date(BORN)})
    assert right.status_code == 429
    with client.session_transaction() as browser:
        assert "_user_id" not in browser


def test_after_an_hour_there_are_tries_again(client: CheckedClient, session: Session, link: str) -> None:
    lock(client, link)
    for attempt in session.scalars(select(JoinAttempt)):
        attempt.attempted_at = now() - timedelta(minutes=61)
    session.commit()
    assert "/room" in client.submit(link, birth_date(BORN))


def test_a_locked_link_locks_no_other(
    app: Flask, client: CheckedClient, session: Session, cast: Cast, link: str
) -> None:
    lock(client, link)
    other = make_appointment(session, cast, starts_at=soon() + SLOT, patient=cast.other_patient)
    # Within the quarter of an hour before it opens, whatever the minute is now.
    other.starts_at = soon()
    session.commit()
    assert client.get(link_of(app, session, other)).status_code == 200


def test_a_link_with_any_character_changed_is_no_link(client: CheckedClient, link: str) -> None:
    token = link.removeprefix("/join/")
    changed = {
        token[:place] + other + token[place + 1 :]
        for place in range(len(token))
        for other in ("A", "B", "-", ".")
        if other != token[place]
    }
    opened = [one for one in sorted(changed) if client.get(f"/join/{one}").status_code != 404]
    assert opened == []


@pytest.mark.parametrize(
    "token",
    [
        "x",
        ".",
        "a.b",
        "%00",
        "%ff",
        "é",
        "x" * 5000,
        "%2e%2e",
        "0" * 22,
        "<script>alert(1)</script>",
        "..%2f",
    ],
)
def test_what_is_no_link_gets_the_plain_page(client: CheckedClient, token: str) -> None:
    page = client.get(f"/join/{token}")
    assert page.status_code == 404
    assert "<script>alert" not in page.get_data(as_text=True)


def test_an_altered_link_says_what_to_do(client: CheckedClient, link: str) -> None:
    page = expect_no_camera(client, link[:-3] + "xyz", status=404)
    assert "This link does not work" in page


def test_a_link_that_was_withdrawn_is_no_link(client: CheckedClient, session: Session, link: str) -> None:
    session.scalars(select(JoinLink)).one().revoked_at = now()
    session.commit()
    expect_no_camera(client, link, status=404)


def move(session: Session, appointment: Appointment, starts_at: datetime) -> None:
    appointment.starts_at, appointment.ends_at = starts_at, starts_at + SLOT
    session.commit()


@pytest.mark.parametrize(
    ("starts_in", "status", "words"),
    [
        (timedelta(hours=2), 200, "You are early"),
        (timedelta(days=40), 200, "You are early"),
        (timedelta(hours=-2), 410, "This appointment has passed"),
        (timedelta(days=-40), 410, "This appointment has passed"),
    ],
)
def test_a_link_at_the_wrong_time(
    client: CheckedClient,
    session: Session,
    link: str,
    appointment: Appointment,
    starts_in: timedelta,
    status: int,
    words: str,
) -> None:
    form = {**fields_of(client.get_page(link)), **birth_date(BORN)}
    move(session, appointment, now() + starts_in)
    page = expect_no_camera(client, link, status=status)
    assert words in page
    assert "01632 960555" in page
    # Before the time the date of birth leads to the appointment, which can be moved or cancelled there.
    answer = client.post(link, data=form)
    if starts_in > timedelta(0):
        assert (answer.status_code, answer.location) == (303, f"/appointments/{appointment.id}")
    else:
        assert answer.status_code == status
    open_visit(client, appointment)
    for place in ("", "/room"):
        assert words in expect_no_camera(client, f"/visits/{appointment.id}{place}", status=status)


def test_a_link_of_a_cancelled_appointment(
    client: CheckedClient, session: Session, cast: Cast, link: str, appointment: Appointment
) -> None:
    cancel_appointment(
        session, actor_of(cast.receptionist), appointment.id, version=1, reason=CancelReason.PATIENT
    )
    session.commit()
    assert "Your appointment was cancelled" in expect_no_camera(client, link, status=410)
    open_visit(client, appointment)
    expect_no_camera(client, f"/visits/{appointment.id}/room", status=410)


def test_a_link_of_a_consultation_that_has_ended_leads_to_what_happens_next(
    client: CheckedClient, session: Session, cast: Cast, link: str, appointment: Appointment
) -> None:
    who = actor_of(cast.clinician)
    end_encounter(session, who, appointment.id, outcome=Outcome.COMPLETED, next_steps="Rest.\n<b>Drink</b>")
    session.commit()
    # Not before the person proved who they are.
    assert "Drink" not in client.get_page(link)
    assert "Drink" in client.submit(link, birth_date(BORN))
    for place in ("", "/room"):
        answer = client.get(f"/visits/{appointment.id}{place}")
        assert answer.headers["Location"] == f"/visits/{appointment.id}/after"
    after = expect_no_camera(client, f"/visits/{appointment.id}/after", status=200)
    assert "Your consultation has ended" in after
    assert "You spoke with Dr Nia Pritchard" in after
    assert "&lt;b&gt;Drink&lt;/b&gt;" in after


def test_a_patient_who_was_not_reached_is_not_told_that_they_spoke(
    client: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    who = actor_of(cast.clinician)
    end_encounter(session, who, appointment.id, outcome=Outcome.NOT_REACHED, next_steps="")
    session.commit()
    open_visit(client, appointment)
    after = client.get_page(f"/visits/{appointment.id}/after")
    assert "We could not reach you" in after
    assert "You spoke with" not in after


def test_after_a_cancellation_the_page_says_so(
    client: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    cancel_appointment(
        session, actor_of(cast.receptionist), appointment.id, version=1, reason=CancelReason.PATIENT
    )
    session.commit()
    open_visit(client, appointment)
    after = client.get_page(f"/visits/{appointment.id}/after")
    assert "Your appointment was cancelled" in after
    assert "Go back in" not in after


PLACES = ("", "/room", "/token", "/after", "/room?camera=off", "/token?role=clinician", "/token?role=patient")


def test_a_visit_is_for_those_who_proved_the_date_of_birth(
    app: Flask, session: Session, cast: Cast, appointment: Appointment
) -> None:
    other = make_appointment(session, cast, starts_at=soon() + SLOT, patient=cast.other_patient)
    session.commit()
    for place in PLACES:
        anonymous, guest = app.test_client(), app.test_client()
        open_visit(guest, other)
        for person in (anonymous, guest):
            assert person.get(f"/visits/{appointment.id}{place}").status_code in (303, 404), place
            assert person.get(f"/visits/{uuid4()}{place}").status_code in (303, 404), place
        assert guest.get(f"/visits/{appointment.id}{place}").status_code == 404, place


def test_staff_open_no_visit_without_the_link(
    app: Flask, session: Session, cast: Cast, appointment: Appointment
) -> None:
    for account in cast.staff():
        staff = app.test_client()
        sign_in(staff, account)
        for place in PLACES:
            expected = 200 if account is cast.clinician and place == "/token?role=clinician" else 404
            assert staff.get(f"/visits/{appointment.id}{place}").status_code == expected, (
                account.email,
                place,
            )


def test_a_guest_gets_no_token_of_the_clinician(client: CheckedClient, appointment: Appointment) -> None:
    open_visit(client, appointment)
    assert client.get(f"/visits/{appointment.id}/token").status_code == 200
    assert client.get(f"/visits/{appointment.id}/token?role=clinician").status_code == 404


def test_one_browser_may_have_several_visits(
    client: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    other = make_appointment(session, cast, starts_at=soon() + SLOT)
    other.starts_at = soon()
    session.commit()
    open_visit(client, appointment, other)
    for one in (appointment, other):
        assert client.get(f"/visits/{one.id}").status_code == 200
