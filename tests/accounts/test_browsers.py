"""One browser, several people one after the other: nobody inherits anything, and nobody is locked out."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from telehealth.accounts.domain.session import GUEST_LIMITS, STAFF_LIMITS, Stage
from telehealth.accounts.models import BrowserSession
from telehealth.accounts.services.sessions import begin_session
from telehealth.app import create_app
from telehealth.audit.models import AuditEvent
from telehealth.booking.models import Appointment
from telehealth.booking.services.links import LinkSigner
from telehealth.clock import now
from tests.conftest import make_config
from tests.factories import (
    Cast,
    make_appointment,
    make_cast,
    make_join_link,
    make_own_account,
    open_visit,
    sign_in,
)
from tests.page_checks import CheckedClient, fields_of

pytestmark = pytest.mark.web


@pytest.fixture
def appointment(session: Session, cast: Cast) -> Appointment:
    made = make_appointment(session, cast)
    session.commit()
    return made


@pytest.fixture
def link(app: Flask, session: Session, appointment: Appointment) -> str:
    signer: LinkSigner = app.extensions["telehealth.link_signer"]
    made = make_join_link(session, appointment)
    session.commit()
    return f"/join/{signer.sign(made.id)}"


def born(cast: Cast) -> dict[str, str]:
    date = cast.patient.birth_date
    return {
        "birth_date-day": str(date.day),
        "birth_date-month": str(date.month),
        "birth_date-year": str(date.year),
    }


def grow_old(session: Session, ago: timedelta) -> None:
    session.execute(update(BrowserSession).values(proved_at=now() - ago, last_seen_at=now() - ago))
    session.commit()


def token_of(client: CheckedClient) -> str:
    with client.session_transaction() as browser:
        return str(browser["_user_id"])


def test_whoever_signs_in_next_does_not_get_the_visits_of_the_one_before(
    client: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    open_visit(client, appointment)
    assert client.get(f"/visits/{appointment.id}").status_code == 200
    sign_in(client, make_own_account(session, cast.other_patient))
    assert client.get(f"/visits/{appointment.id}").status_code == 404


@pytest.mark.parametrize("who", ["an old guest", "idle staff", "a half sign-in"])
def test_the_right_date_of_birth_gets_in_whatever_the_browser_held_before(
    client: CheckedClient, session: Session, cast: Cast, appointment: Appointment, link: str, who: str
) -> None:
    if who == "an old guest":
        open_visit(client, appointment)
        grow_old(session, GUEST_LIMITS.absolute)
    elif who == "idle staff":
        sign_in(client, cast.receptionist)
        grow_old(session, STAFF_LIMITS.idle)
    else:
        with client.session_transaction() as browser:
            browser["_user_id"] = begin_session(session, cast.receptionist, Stage.SECOND_FACTOR)
        session.commit()
    client.submit(link, born(cast))
    assert client.get(f"/visits/{appointment.id}").status_code == 200


def test_a_copied_cookie_does_not_see_the_next_persons_visit(
    app: Flask, client: CheckedClient, session: Session, cast: Cast, link: str, appointment: Appointment
) -> None:
    other = make_appointment(session, cast, starts_at=appointment.ends_at, patient=cast.other_patient)
    session.commit()
    open_visit(client, other)
    copy = app.test_client()
    with copy.session_transaction() as browser:
        browser["_user_id"] = token_of(client)
    client.submit(link, born(cast))
    assert client.get(f"/visits/{appointment.id}").status_code == 200
    assert copy.get(f"/visits/{appointment.id}").status_code != 200


@pytest.mark.parametrize("who", ["guest", "expired"])
def test_anybody_can_leave_a_browser(
    client: CheckedClient, session: Session, cast: Cast, appointment: Appointment, who: str
) -> None:
    token = fields_of(client.get_page("/sign-in"))["csrf_token"]
    if who == "guest":
        open_visit(client, appointment)
    else:
        sign_in(client, cast.receptionist)
        grow_old(session, STAFF_LIMITS.idle)
    assert client.post("/sign-out", data={"csrf_token": token}).headers["Location"] == "/"
    assert client.get(f"/visits/{appointment.id}").status_code != 200
    assert all(row.ended_at is not None for row in session.query(BrowserSession))


def test_an_odd_referrer_breaks_nothing(client: CheckedClient, session: Session, cast: Cast) -> None:
    sign_in(client, cast.administrator)
    token = fields_of(client.get_page(f"/admin/staff/{cast.receptionist.id}"))["csrf_token"]
    session.execute(update(BrowserSession).values(proved_at=now() - timedelta(minutes=6)))
    session.commit()
    answer = client.post(
        f"/admin/staff/{cast.receptionist.id}/active",
        data={"csrf_token": token, "is_active": "1"},
        headers={"Referer": "http://[oops"},
    )
    assert answer.status_code == 303
    assert "/sign-in/again" in answer.headers["Location"]


@pytest.mark.parametrize(("proxies", "address"), [(0, "127.0.0.1"), (1, "198.51.100.7"), (2, "203.0.113.9")])
def test_only_our_own_proxies_are_believed_where_somebody_is(
    own_database_url: str, tmp_path: Path, proxies: int, address: str
) -> None:
    made = create_app(replace(make_config(tmp_path, own_database_url), trusted_proxies=proxies))
    with made.extensions["telehealth.database"].transaction() as session:
        account = make_cast(session).receptionist
    client = made.test_client()
    sign_in(client, account)
    client.get("/admin", headers={"X-Forwarded-For": "203.0.113.9, 198.51.100.7"})
    with made.extensions["telehealth.database"].reading() as session:
        refusal = session.scalars(select(AuditEvent).where(AuditEvent.action == "access.refused")).one()
    assert refusal.address == address
    made.extensions["telehealth.database"].engine.dispose()
