"""The button of a free time is pressed twice, or on two devices: the time is kept once, for whoever pressed it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from telehealth.booking.models import Hold
from telehealth.booking.services.holds import release_all
from telehealth.clock import now
from tests.booking.self_service.own_booking import (
    STRANGER,
    address,
    at,
    choice,
    choose,
    count_appointments,
    count_holds,
    free_start,
    go_on,
    let_lapse,
    open_to_all,
    query,
    reloaded,
)
from tests.booking.services.test_races import at_once
from tests.factories import Cast, make_appointment, make_cast, make_own_account, open_visit, sign_in
from tests.page_checks import CheckedClient, fields_of

pytestmark = pytest.mark.web


@pytest.fixture(params=["stranger", "known"])
def browser(
    request: pytest.FixtureRequest, client: CheckedClient, session: Session, cast: Cast
) -> CheckedClient:
    """Of somebody whom nobody knows, and of a patient who has signed in."""
    open_to_all(session, cast)
    if request.param == "known":
        account = make_own_account(session, cast.patient)
        session.commit()
        sign_in(client, account)
    return client


def times(cast: Cast) -> str:
    return address(cast, "/when") + query(cast)


def pressed(client: CheckedClient, where: str, slot: str) -> dict[str, str]:
    """What the button of a time sends."""
    return {**fields_of(client.get_page(where)), "slot": slot}


def press_unanswered(client: CheckedClient, where: str, sent: dict[str, Any]) -> TestResponse:
    """The browser does not get the answer, nor the cookie that comes with it."""
    with client.session_transaction() as cookie:
        before = dict(cookie)
    answer = client.post(where, data=sent)
    with client.session_transaction() as cookie:
        cookie.clear()
        cookie.update(before)
    return answer


def press_twice(client: CheckedClient, session: Session, where: str, sent: dict[str, Any]) -> str:
    """The second press leaves before the first one is answered; returns the page to which it leads."""
    first = press_unanswered(client, where, sent)
    kept = session.scalars(select(Hold.id)).one()
    second = client.post(where, data=sent)
    assert (first.status_code, second.status_code) == (303, 303), second.text
    # The very same: whichever of the two answers comes last.
    assert session.scalars(select(Hold.id)).one() == kept
    assert first.headers["Location"] == second.headers["Location"]
    return client.get_page(second.headers["Location"])


def let_minutes_pass(session: Session) -> None:
    """As if what is kept had been chosen two minutes ago: of five three are left."""
    let_lapse(session, by=-timedelta(minutes=3))


def test_a_time_that_is_pressed_twice_is_kept_once_and_booked(
    browser: CheckedClient, session: Session, cast: Cast
) -> None:
    sent = pressed(browser, times(cast), choice(cast))
    page = press_twice(browser, session, address(cast, "/when"), sent)
    go_on(browser, go_on(browser, page, STRANGER))
    assert count_appointments(session) == 1
    assert count_holds(session) == 0


def test_the_new_time_of_a_move_that_is_pressed_twice_is_kept_once(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    booked = make_appointment(session, cast, starts_at=free_start(5))
    session.commit()
    open_visit(client, booked)
    sent = pressed(client, at(booked, "/move"), choice(cast))
    go_on(client, press_twice(client, session, at(booked, "/move"), sent))
    assert reloaded(session, booked).starts_at == free_start()


def test_a_kept_time_whose_answer_got_lost_is_still_offered_to_whoever_keeps_it(
    browser: CheckedClient, second_browser: CheckedClient, session: Session, cast: Cast
) -> None:
    sent = pressed(browser, times(cast), choice(cast))
    press_unanswered(browser, address(cast, "/when"), sent)
    assert count_holds(session) == 1
    # They look again, read for a while, and choose it again.
    assert choice(cast) in browser.get_page(times(cast))
    assert choice(cast) not in second_browser.get_page(times(cast))
    let_minutes_pass(session)
    choose(browser, cast)
    assert count_holds(session) == 1
    assert session.scalars(select(Hold.expires_at)).one() - now() > timedelta(minutes=4)


def test_the_time_that_is_kept_for_a_move_is_still_offered_after_its_answer_got_lost(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    booked = make_appointment(session, cast, starts_at=free_start(5))
    session.commit()
    open_visit(client, booked)
    sent = pressed(client, at(booked, "/move"), choice(cast))
    press_unanswered(client, at(booked, "/move"), sent)
    assert count_holds(session) == 1
    assert choice(cast) in client.get_page(at(booked, "/move"))


@pytest.mark.parametrize("is_later", [False, True])
def test_what_somebody_keeps_on_one_device_they_choose_on_another_too(
    client: CheckedClient, second_browser: CheckedClient, session: Session, cast: Cast, is_later: bool
) -> None:
    account = make_own_account(session, cast.patient)
    session.commit()
    for device in (client, second_browser):
        sign_in(device, account)
    choose(client, cast)
    if is_later:
        let_minutes_pass(session)
    assert choice(cast) in second_browser.get_page(times(cast))
    page = choose(second_browser, cast)
    assert count_holds(session) == 1
    go_on(second_browser, go_on(second_browser, page))
    assert count_appointments(session) == 1


@pytest.mark.parametrize("replaces_another", [False, True])
@pytest.mark.parametrize("wanted", ["booking", "move"])
def test_presses_that_arrive_at_the_same_moment_keep_the_time_once(
    own_app: Flask, wanted: str, replaces_another: bool
) -> None:
    database = own_app.extensions["telehealth.database"]
    with database.transaction() as session:
        cast = make_cast(session)
        account = make_own_account(session, cast.patient)
        booked = make_appointment(session, cast, starts_at=free_start(9))
    where, page = (address(cast, "/when"), times(cast)) if wanted == "booking" else (at(booked, "/move"),) * 2

    def press(number: int) -> Callable[[], int]:
        client = own_app.test_client()
        assert isinstance(client, CheckedClient)
        sign_in(client, account)
        sent = pressed(client, page, choice(cast, number))
        return lambda: client.post(where, data=sent).status_code

    for number in range(6):
        assert at_once(*(press(number) for _ in range(2))) == [303, 303]
        with database.transaction() as session:
            owner = session.scalars(select(Hold.owner)).one()
            if not replaces_another:
                release_all(session, owner)


def test_the_button_of_a_time_is_pressed_once_by_a_double_click(browser: CheckedClient, cast: Cast) -> None:
    button = browser.get_page(times(cast)).partition(f'value="{choice(cast)}"')[2].partition(">")[0]
    assert 'data-prevent-double-click="true"' in button
