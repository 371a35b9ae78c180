"""Patients book themselves: a button that is pressed twice, and too many who ask from one place."""

from urllib.parse import urlsplit

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.accounts.models import Authority
from telehealth.booking.join_addresses import join_address
from telehealth.booking.models import Appointment
from telehealth.booking.services.links import make_link
from telehealth.booking.services.self_service import MOST_ASKED
from tests.booking.self_service.own_booking import (
    STRANGER,
    address,
    ask,
    choice,
    choose,
    count_appointments,
    count_held,
    free_start,
    go_on,
    open_to_all,
    query,
)
from tests.factories import (
    Cast,
    make_appointment,
    make_carer,
    make_own_account,
    make_schedule,
    sign_in,
)
from tests.page_checks import CheckedClient, fields_of

pytestmark = pytest.mark.web

NOT_SAVED = "What you have changed since is not saved"


@pytest.mark.parametrize("who", ["known", "stranger"])
def test_a_second_press_that_left_before_the_first_was_answered_shows_the_same_booking(
    client: CheckedClient, session: Session, cast: Cast, who: str
) -> None:
    """Its browser does not know yet that something was booked."""
    if who == "known":
        account = make_own_account(session, cast.patient)
        session.commit()
        sign_in(client, account)
    open_to_all(session, cast)
    # The last one that a stranger may ask for: the second press is no further one.
    for number in range(1, MOST_ASKED if who == "stranger" else 1):
        ask(client, cast, number)
    page = go_on(client, choose(client, cast), STRANGER)
    with client.session_transaction() as browser:
        before = dict(browser)
    first = go_on(client, page)
    with client.session_transaction() as browser:
        browser.clear()
        browser.update(before)
    second = go_on(client, page)
    reference = session.scalars(
        select(Appointment.reference).where(Appointment.starts_at == free_start())
    ).one()
    assert reference in first
    assert reference in second


@pytest.mark.parametrize("who", ["known", "stranger"])
def test_a_form_that_is_changed_and_sent_again_says_that_the_change_is_not_saved(
    client: CheckedClient, session: Session, cast: Cast, who: str
) -> None:
    """Who goes back in the browser and corrects something would believe that we have it."""
    if who == "known":
        account = make_own_account(session, cast.patient)
        session.commit()
        sign_in(client, account)
    open_to_all(session, cast)
    page = choose(client, cast)
    typed = {name: value for name, value in STRANGER.items() if name in fields_of(page)}
    page = go_on(client, page, typed)
    if who == "stranger":
        corrections = [{"phone": "07700 900999"}, {"birth_date-year": "1984"}, {"reason": "My hip hurts"}]
    else:
        corrections = [{"reason": "My hip hurts"}]
    assert NOT_SAVED not in go_on(client, page)
    assert NOT_SAVED not in go_on(client, page)
    for correction in corrections:
        assert NOT_SAVED in go_on(client, page, correction)
    assert count_appointments(session) == 1


def test_a_carer_of_two_says_for_whom_it_is(client: CheckedClient, session: Session, cast: Cast) -> None:
    first = make_carer(session, cast.patient, email="carer@example.org")
    session.add(
        Authority(
            organisation_id=first.organisation_id,
            patient_id=cast.other_patient.id,
            related_person_id=first.related_person_id,
            relationship_text="aunt",
            basis=first.basis,
            valid_from=first.valid_from,
            recorded_at=first.recorded_at,
            recorded_by=first.recorded_by,
        )
    )
    account = make_own_account(session, first.related_person)
    assert cast.colleague.practitioner_id
    make_schedule(session, cast.service, cast.colleague.practitioner_id)
    make_appointment(session, cast, starts_at=free_start(1))
    session.commit()
    sign_in(client, account)
    page = go_on(client, choose(client, cast), status=422)
    assert "Choose who it is for" in page
    page = go_on(client, page, {"patient": str(cast.other_patient.id)})
    assert "Aled Morgan" in page
    go_on(client, page)
    assert session.scalars(
        select(Appointment.patient_id).where(Appointment.starts_at == free_start())
    ).one() == (cast.other_patient.id)


def test_who_wants_to_be_called_gives_a_number(client: CheckedClient, session: Session, cast: Cast) -> None:
    open_to_all(session, cast)
    page = go_on(client, choose(client, cast, mode="phone"), {**STRANGER, "phone": ""}, status=422)
    assert "so that we can call you" in page
    page = go_on(client, page, {"phone": "07700 900777"})
    assert "Check your answers" in page


def test_asking_is_limited_from_one_place_too(
    app: Flask, client: CheckedClient, session: Session, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a cookie every request is somebody new."""
    open_to_all(session, cast)
    second_browser = app.test_client()
    assert isinstance(second_browser, CheckedClient)
    monkeypatch.setattr("telehealth.booking.services.self_service.MOST_ASKED_FROM_ADDRESS", 1)
    ask(client, cast)
    page = go_on(second_browser, choose(second_browser, cast, 1), STRANGER)
    page = go_on(second_browser, page, status=429)
    assert "01632 960555" in page
    assert count_appointments(session) == 1


def test_who_opens_their_link_in_the_middle_is_offered_the_time_again(
    client: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    """It was kept for nobody in particular: not for them any more, and not against them either."""
    open_to_all(session, cast)
    link = make_link(session, appointment)
    session.commit()
    choose(client, cast, 3)
    assert count_held(session)
    with client.application.test_request_context():
        address_of_link = urlsplit(join_address(link)).path
    page = client.get_page(address_of_link)
    born = cast.patient.birth_date
    typed = {
        "birth_date-day": str(born.day),
        "birth_date-month": str(born.month),
        "birth_date-year": str(born.year),
    }
    answer = client.post(address_of_link, data={**fields_of(page), **typed})
    assert answer.status_code == 303
    assert not count_held(session)
    assert choice(cast, 3) in client.get_page(address(cast, "/when") + query(cast))
