"""The page of somebody's own sign-in: password, factors, and browsers."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from telehealth.accounts.models import Account, BrowserSession, Passkey
from telehealth.accounts.services.second_factor import factors_of
from telehealth.clock import now
from tests.accounts.factors import Device, add_app, code_of, new_secret_of
from tests.factories import PASSWORD, Cast, email_of, sign_in
from tests.page_checks import CheckedClient, fields_of

pytestmark = pytest.mark.web

NEW = "orbit-walnut-parade-42"


def another_browser(app: Flask, account: Account) -> CheckedClient:
    made = app.test_client()
    assert isinstance(made, CheckedClient)
    sign_in(made, account)
    return made


def add_passkey(client: CheckedClient, device: Device, name: str = "") -> str:
    token = fields_of(client.get_page("/account/passkeys"))["csrf_token"]
    options = client.post("/account/passkeys/options", headers={"X-CSRFToken": token}).get_json()
    return client.submit("/account/passkeys", {"passkey": device.create(options), "name": name})


def let_time_pass(session: Session, minutes: int) -> None:
    """Since the last proof: what asks for a recent sign-in asks again."""
    session.execute(update(BrowserSession).values(proved_at=now() - timedelta(minutes=minutes)))
    session.commit()


def test_passkeys_are_added_named_and_removed(client: CheckedClient, session: Session, cast: Cast) -> None:
    add_app(session, cast.receptionist)
    session.commit()
    sign_in(client, cast.receptionist)
    add_passkey(client, Device(), "Work laptop")
    assert "Work laptop" in client.get_page("/account")
    passkey = session.scalars(select(Passkey)).one()
    client.submit(f"/account/passkeys/{passkey.id}/name", {"name": "Old <laptop>"})
    assert "Old &lt;laptop&gt;" in client.get_page("/account")
    client.submit(f"/account/passkeys/{passkey.id}/name", {"name": " "}, status=422)
    token = fields_of(client.get_page("/account"))
    client.post(f"/account/passkeys/{passkey.id}/remove", data=token)
    assert factors_of(session, cast.receptionist.id).passkeys == 0


def test_with_a_first_factor_come_recovery_codes(client: CheckedClient, session: Session, cast: Cast) -> None:
    sign_in(client, cast.receptionist)
    page = add_passkey(client, Device())
    assert "Recovery codes" in page
    page = client.submit("/account/recovery-codes")
    assert page.count('<li class="app-code">') == 10
    assert "10 recovery codes are left" in client.get_page("/account")


def test_an_app_is_set_up_and_moved_to_another_phone(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    sign_in(client, cast.receptionist)
    assert client.get("/account/app").headers["Location"] == "/account"
    token = fields_of(client.get_page("/account/password"))
    for _ in range(2):
        client.post("/account/app", data=token)
        secret = new_secret_of(session, cast.receptionist.id)
        assert secret is not None
        client.submit("/account/app", {"code": "12345"}, status=422)
        client.submit("/account/app", {"code": code_of(secret)})
        session.expire_all()
    assert factors_of(session, cast.receptionist.id).has_app


def test_the_only_factor_cannot_be_removed(client: CheckedClient, session: Session, cast: Cast) -> None:
    add_app(session, cast.receptionist)
    session.commit()
    sign_in(client, cast.receptionist)
    page = client.get_page("/account")
    assert "/account/app/remove" not in page
    assert "You must have one second step" in page
    assert client.post("/account/app/remove", data=fields_of(page)).status_code == 409
    assert factors_of(session, cast.receptionist.id).has_app


@pytest.mark.usefixtures("demo")
def test_in_the_demo_it_can(client: CheckedClient, session: Session, cast: Cast) -> None:
    add_app(session, cast.receptionist)
    session.commit()
    sign_in(client, cast.receptionist)
    client.post("/account/app/remove", data=fields_of(client.get_page("/account")))
    assert not factors_of(session, cast.receptionist.id).has_app


FACTOR_CHANGES = (
    ("GET", "/account/passkeys"),
    ("POST", "/account/passkeys"),
    ("POST", "/account/passkeys/options"),
    ("GET", "/account/app"),
    ("POST", "/account/app"),
    ("POST", "/account/app/code"),
    ("POST", "/account/app/remove"),
    ("GET", "/account/recovery-codes"),
    ("POST", "/account/recovery-codes"),
    ("POST", "/account/passkeys/00000000-0000-4000-8000-000000000000/remove"),
)


@pytest.mark.parametrize(("method", "address"), FACTOR_CHANGES)
def test_changes_of_factors_need_a_recent_sign_in(
    client: CheckedClient, session: Session, cast: Cast, method: str, address: str
) -> None:
    sign_in(client, cast.receptionist)
    form = fields_of(client.get_page("/account/password"))
    let_time_pass(session, 6)
    answer = client.open(address, method=method, data=form if method == "POST" else None)
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/sign-in/again")
    headers = {"Accept": "application/json", "X-CSRFToken": form["csrf_token"]}
    refused = client.open(address, method=method, headers=headers)
    assert (refused.status_code, refused.get_json()["error"]["code"]) == (403, "proof-needed")


def test_the_password_is_changed_with_the_present_one(
    app: Flask, client: CheckedClient, session: Session, cast: Cast
) -> None:
    other = another_browser(app, cast.receptionist)
    sign_in(client, cast.receptionist)
    wrong = {"password": "not the password", "new_password": NEW}
    assert "not your present password" in client.submit("/account/password", wrong, status=422)
    same = {"password": PASSWORD, "new_password": PASSWORD}
    assert "differs" in client.submit("/account/password", same, status=422)
    weak = {"password": PASSWORD, "new_password": "password1234"}
    assert "leaked" in client.submit("/account/password", weak, status=422)
    assert other.get("/desk").status_code == 200
    before = client.get_cookie("session")
    assert before is not None
    client.submit("/account/password", {"password": PASSWORD, "new_password": NEW, "end_others": "y"})
    assert client.get("/desk").status_code == 200
    assert other.get("/desk").status_code == 303
    # A copy of this browser's cookie from before is worth nothing.
    copy = app.test_client()
    copy.set_cookie("session", before.value)
    assert copy.get("/desk").status_code == 303


def test_other_browsers_may_stay_signed_in(app: Flask, client: CheckedClient, cast: Cast) -> None:
    other = another_browser(app, cast.receptionist)
    sign_in(client, cast.receptionist)
    form = fields_of(client.get_page("/account/password"))
    form.pop("end_others", None)
    client.post("/account/password", data={**form, "password": PASSWORD, "new_password": NEW})
    assert other.get("/desk").status_code == 200


def test_wrong_present_passwords_are_throttled(client: CheckedClient, session: Session, cast: Cast) -> None:
    sign_in(client, cast.receptionist)
    form = {"password": "not the password", "new_password": NEW}
    for _ in range(10):
        client.submit("/account/password", form, status=422)
    client.submit("/account/password", {**form, "password": PASSWORD}, status=429)


def test_each_browser_is_listed_and_can_be_signed_out(
    app: Flask, client: CheckedClient, session: Session, cast: Cast
) -> None:
    other = another_browser(app, cast.receptionist)
    sign_in(client, cast.receptionist)
    session.execute(
        update(BrowserSession).values(
            browser="Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0",
            address="192.0.2.7",
        )
    )
    session.commit()
    page = client.get_page("/account")
    assert page.count("Edge on Windows</strong>") == 2
    assert page.count("this one") == 1
    assert "192.0.2.7" in page
    form = page.split("/account/sessions/")[1].split("/end")[0]
    client.post(f"/account/sessions/{form}/end", data=fields_of(page))
    assert other.get("/desk").status_code == 303
    assert client.get("/desk").status_code == 200


def test_all_others_are_signed_out_at_once(app: Flask, client: CheckedClient, cast: Cast) -> None:
    others = [another_browser(app, cast.receptionist) for _ in range(2)]
    sign_in(client, cast.receptionist)
    client.post("/account/sessions/end-others", data=fields_of(client.get_page("/account")))
    assert [other.get("/desk").status_code for other in others] == [303, 303]
    assert client.get("/desk").status_code == 200


def test_nobody_touches_the_sign_in_of_another(
    app: Flask, client: CheckedClient, session: Session, cast: Cast
) -> None:
    victim = another_browser(app, cast.clinician)
    add_passkey(victim, Device(), "Victim")
    passkey = session.scalars(select(Passkey)).one()
    theirs = session.scalars(
        select(BrowserSession).where(BrowserSession.account_id == cast.clinician.id)
    ).one()
    sign_in(client, cast.receptionist)
    form = fields_of(client.get_page("/account/password"))
    for address in (
        f"/account/sessions/{theirs.id}/end",
        f"/account/passkeys/{passkey.id}/remove",
        f"/account/passkeys/{passkey.id}/name",
    ):
        assert client.post(address, data={**form, "name": "Mine"}).status_code == 404
    assert victim.get("/clinic").status_code == 200
    assert passkey.name == "Victim"


def test_an_expired_browser_is_not_listed(
    app: Flask, client: CheckedClient, session: Session, cast: Cast
) -> None:
    another_browser(app, cast.receptionist)
    session.execute(update(BrowserSession).values(last_seen_at=now() - timedelta(hours=1)))
    session.commit()
    sign_in(client, cast.receptionist)
    assert "Sign out there" not in client.get_page("/account")


def test_the_page_names_nobody_else(client: CheckedClient, cast: Cast) -> None:
    sign_in(client, cast.receptionist)
    page = client.get_page("/account")
    assert email_of(cast.receptionist) in page
    assert email_of(cast.clinician) not in page


def test_a_changed_password_is_no_proof_of_the_second_step(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    add_app(session, cast.receptionist)
    session.commit()
    sign_in(client, cast.receptionist)
    session.execute(update(BrowserSession).values(proved_at=now() - timedelta(hours=1), last_seen_at=now()))
    session.commit()
    client.submit("/account/password", {"password": PASSWORD, "new_password": NEW})
    answer = client.get("/account/app")
    assert "/sign-in/again" in answer.headers["Location"]
