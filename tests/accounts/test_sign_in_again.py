"""The same person signs in again, as a page and over a page."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from telehealth.accounts.domain.account import AccountKind
from telehealth.accounts.models import Account, BrowserSession
from telehealth.clock import now
from tests.accounts.factors import Device, add_app, code_of, wrong_code
from tests.factories import PASSWORD, Cast, sign_in
from tests.page_checks import CheckedClient, fields_of

pytestmark = pytest.mark.web

JSON = {"Accept": "application/json"}


def leave_alone(session: Session, *, idle: int = 0, since_proof: int = 0) -> None:
    """As after so many minutes."""
    session.execute(
        update(BrowserSession).values(
            last_seen_at=now() - timedelta(minutes=idle),
            proved_at=now() - timedelta(minutes=max(idle, since_proof)),
        )
    )
    session.commit()


def token_of(client: CheckedClient) -> dict[str, str]:
    return {"csrf_token": fields_of(client.get_page("/sign-in/again"))["csrf_token"]}


def test_an_expired_sign_in_goes_on_with_the_password(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    sign_in(client, cast.receptionist)
    before = session.scalars(select(BrowserSession.id)).one()
    leave_alone(session, idle=31)
    assert client.get("/desk").status_code == 303
    form = {**token_of(client), "password": PASSWORD}
    answer = client.post("/sign-in/again", data=form, headers=JSON)
    body = answer.get_json()
    assert (answer.status_code, body["ok"], body["who"]) == (200, True, str(cast.receptionist.id))
    assert body["expires_at"] < body["ends_at"]
    assert client.get("/desk").status_code == 200
    # The same sign-in: its open sockets go on. And its token works in forms.
    assert session.scalars(select(BrowserSession.id)).one() == before
    assert client.post("/sign-out", data={"csrf_token": body["csrf_token"]}).status_code == 303


def test_as_a_page_it_leads_back(client: CheckedClient, session: Session, cast: Cast) -> None:
    sign_in(client, cast.receptionist)
    page = client.get_page("/sign-in/again?next=/desk/patients/new")
    form = {**fields_of(page), "password": PASSWORD}
    answer = client.post("/sign-in/again", data=form)
    assert answer.headers["Location"] == "/desk/patients/new"
    form["next"] = "//evil.example"
    assert client.post("/sign-in/again", data=form).headers["Location"] == "/"


def test_a_long_sign_in_ends_whatever_is_done(client: CheckedClient, session: Session, cast: Cast) -> None:
    sign_in(client, cast.receptionist)
    leave_alone(session, idle=0, since_proof=13 * 60)
    assert client.get("/desk").status_code == 303
    client.post("/sign-in/again", data={**token_of(client), "password": PASSWORD})
    assert client.get("/desk").status_code == 200


def test_the_old_cookie_is_worth_nothing_afterwards(
    app: Flask, client: CheckedClient, session: Session, cast: Cast
) -> None:
    sign_in(client, cast.receptionist)
    before = client.get_cookie("session")
    assert before is not None
    client.post("/sign-in/again", data={**token_of(client), "password": PASSWORD})
    copy = app.test_client()
    copy.set_cookie("session", before.value)
    assert copy.get("/desk").status_code == 303


def test_the_second_factor_is_asked_for_again(client: CheckedClient, session: Session, cast: Cast) -> None:
    secret = add_app(session, cast.receptionist)
    session.commit()
    sign_in(client, cast.receptionist)
    leave_alone(session, idle=31)
    form = {**token_of(client), "password": PASSWORD}
    for code, field in (("", "code"), (wrong_code(secret), "code")):
        answer = client.post("/sign-in/again", data={**form, "code": code}, headers=JSON)
        assert (answer.status_code, answer.get_json()["field"]) == (422, field)
    assert client.get("/desk").status_code == 303
    # A right code with a wrong password is not used up.
    code = code_of(secret)
    bad = {**form, "password": "not the password", "code": code}
    assert client.post("/sign-in/again", data=bad, headers=JSON).get_json()["field"] == "password"
    assert client.post("/sign-in/again", data={**form, "code": code}, headers=JSON).status_code == 200
    assert client.get("/desk").status_code == 200


def test_the_password_of_another_account_does_not_do(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    from telehealth.accounts.services.password import hash_password

    cast.clinician.password_hash = hash_password("only the clinician has it")
    session.commit()
    sign_in(client, cast.receptionist)
    leave_alone(session, idle=31)
    form = {**token_of(client), "password": "only the clinician has it"}
    page = client.post("/sign-in/again", data=form)
    assert page.status_code == 422
    assert client.get("/desk").status_code == 303


def test_it_is_throttled_together_with_signing_in(client: CheckedClient, cast: Cast) -> None:
    sign_in(client, cast.receptionist)
    form = {**token_of(client), "password": "not the password"}
    for _ in range(10):
        assert client.post("/sign-in/again", data=form, headers=JSON).status_code == 422
    answer = client.post("/sign-in/again", data={**form, "password": PASSWORD}, headers=JSON)
    assert answer.status_code == 429
    assert "too many wrong passwords" in answer.get_json()["error"]["message"]


@pytest.mark.parametrize("reason", ["ended", "disabled", "nobody"])
def test_what_has_ended_does_not_come_back(
    client: CheckedClient, session: Session, cast: Cast, reason: str
) -> None:
    token = {"csrf_token": fields_of(client.get_page("/sign-in"))["csrf_token"]}
    if reason != "nobody":
        sign_in(client, cast.receptionist)
        token = token_of(client)
    if reason == "ended":
        session.execute(update(BrowserSession).values(ended_at=now()))
    cast.receptionist.is_active = reason != "disabled"
    session.commit()
    answer = client.post("/sign-in/again", data={**token, "password": PASSWORD}, headers=JSON)
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (401, "not-signed-in")
    assert client.get("/sign-in/again").headers["Location"] == "/sign-in"


def test_staying_counts_as_activity_and_asking_does_not(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    sign_in(client, cast.receptionist)
    token = token_of(client)
    leave_alone(session, idle=28)
    asked = client.get("/sign-in/state", headers={**JSON, "X-Background": "1"}).get_json()
    assert asked["is_signed_in"]
    again = client.get("/sign-in/state", headers={**JSON, "X-Background": "1"}).get_json()
    assert again["expires_at"] == asked["expires_at"]
    stayed = client.post("/sign-in/stay", data=token, headers=JSON).get_json()
    assert stayed["expires_at"] > asked["expires_at"]
    later = client.get("/sign-in/state", headers={**JSON, "X-Background": "1"}).get_json()
    assert later["expires_at"][:18] == stayed["expires_at"][:18]


def test_an_expired_sign_in_does_not_stay(client: CheckedClient, session: Session, cast: Cast) -> None:
    sign_in(client, cast.receptionist)
    token = token_of(client)
    leave_alone(session, idle=31)
    assert client.post("/sign-in/stay", data=token, headers=JSON).status_code == 401
    state = client.get("/sign-in/state", headers=JSON).get_json()
    assert (state["is_signed_in"], state["who"]) == (False, str(cast.receptionist.id))


def test_nobody_has_no_state(client: CheckedClient) -> None:
    state = client.get("/sign-in/state", headers=JSON).get_json()
    assert (state["is_signed_in"], state["who"], state["ends_at"]) == (False, None, None)


def make_patient_account(session: Session, cast: Cast) -> Account:
    account = Account(
        organisation_id=cast.patient.organisation_id,
        kind=AccountKind.PATIENT,
        patient_id=cast.patient.id,
        display_name=cast.patient.display_name,
    )
    session.add(account)
    session.commit()
    return account


def test_a_patient_without_a_passkey_is_led_to_a_new_link(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    sign_in(client, make_patient_account(session, cast))
    page = client.get_page("/sign-in/again")
    assert "new link to your email" in page
    assert 'type="password"' not in page
    token = {"csrf_token": fields_of(client.get_page("/account/passkeys"))["csrf_token"]}
    leave_alone(session, idle=31)
    for form in ({}, {"password": PASSWORD}, {"code": "123456"}, {"passkey": "{}"}):
        assert client.post("/sign-in/again", data={**token, **form}, headers=JSON).status_code == 422


def test_a_patient_goes_on_with_a_passkey(client: CheckedClient, session: Session, cast: Cast) -> None:
    account = make_patient_account(session, cast)
    sign_in(client, account)
    device = Device()
    token = {"csrf_token": fields_of(client.get_page("/account/passkeys"))["csrf_token"]}
    headers = {"X-CSRFToken": token["csrf_token"]}
    options = client.post("/account/passkeys/options", headers=headers).get_json()
    client.submit("/account/passkeys", {"passkey": device.create(options)})
    leave_alone(session, idle=31)
    options = client.post("/sign-in/passkey/options", headers=headers).get_json()
    form = {**token, "passkey": device.get(options)}
    assert client.post("/sign-in/again", data=form, headers=JSON).status_code == 200
    assert client.get("/sign-in/state").get_json()["is_signed_in"]
