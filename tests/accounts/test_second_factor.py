"""After the password: nobody gets in without the second factor, and each answer works once."""

import json
import threading
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from telehealth.accounts.models import Account, BrowserSession, SignInAttempt
from telehealth.accounts.services import password as passwords
from telehealth.accounts.services.second_factor import make_recovery_codes
from telehealth.accounts.services.sign_in import actor_of
from telehealth.audit.models import AuditEvent
from telehealth.clock import now
from tests.accounts.factors import Device, add_app, code_of, wrong_code
from tests.factories import PASSWORD, Cast, email_of, sign_in
from tests.page_checks import CheckedClient, fields_of

pytestmark = pytest.mark.web


@pytest.fixture
def secret(session: Session, cast: Cast) -> str:
    """Of the receptionist's authenticator app."""
    secret = add_app(session, cast.receptionist)
    session.commit()
    return secret


def give_password(client: CheckedClient, account: Account, *, next_page: str = "") -> str:
    """The page that follows."""
    form = {"email": email_of(account), "password": PASSWORD, "next": next_page}
    return client.submit("/sign-in", form)


def test_the_password_alone_opens_nothing(client: CheckedClient, cast: Cast, secret: str) -> None:
    assert "Show that it is you" in give_password(client, cast.receptionist)
    assert client.get("/desk").status_code == 303
    assert client.get("/account").status_code == 303
    assert client.get("/sign-in/set-up").status_code == 303
    assert not client.get("/sign-in/state").get_json()["is_signed_in"]


def test_the_code_completes_the_sign_in_and_leads_on(client: CheckedClient, cast: Cast, secret: str) -> None:
    page = give_password(client, cast.receptionist, next_page="/desk/patients/new")
    form = {**fields_of(page), "code": code_of(secret)}
    answer = client.post("/sign-in/second-factor", data=form)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/desk/patients/new")
    assert client.get("/desk").status_code == 200


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/\\evil.example"])
def test_the_second_step_leads_to_no_other_site(
    client: CheckedClient, cast: Cast, secret: str, target: str
) -> None:
    page = give_password(client, cast.receptionist)
    form = {**fields_of(page), "code": code_of(secret), "next": target}
    assert client.post("/sign-in/second-factor", data=form).headers["Location"] == "/"


def test_a_code_opens_one_browser_only(app: Flask, client: CheckedClient, cast: Cast, secret: str) -> None:
    code = code_of(secret)
    give_password(client, cast.receptionist)
    client.submit("/sign-in/second-factor", {"code": code})
    other = app.test_client()
    assert isinstance(other, CheckedClient)
    give_password(other, cast.receptionist)
    assert "used already" in other.submit("/sign-in/second-factor", {"code": code}, status=422)
    assert other.get("/desk").status_code == 303


def test_five_wrong_codes_are_enough(client: CheckedClient, cast: Cast, secret: str) -> None:
    for _ in range(5):
        give_password(client, cast.receptionist)
        client.submit("/sign-in/second-factor", {"code": wrong_code(secret)}, status=422)
    # Not even the right one, and giving the password again changes nothing.
    give_password(client, cast.receptionist)
    page = client.submit("/sign-in/second-factor", {"code": code_of(secret)}, status=429)
    assert "too many wrong codes" in page
    assert client.get("/desk").status_code == 303


@pytest.mark.parametrize("code", ["", "x" * 61, "\x00", "١٢٣٤٥٦", "<b>", "123456" * 9])
def test_odd_codes_are_refused_with_words(client: CheckedClient, cast: Cast, secret: str, code: str) -> None:
    give_password(client, cast.receptionist)
    page = client.submit("/sign-in/second-factor", {"code": code}, status=422)
    assert "There is a problem" in page


def test_a_recovery_code_opens_once(client: CheckedClient, session: Session, cast: Cast, secret: str) -> None:
    codes = make_recovery_codes(session, actor_of(cast.receptionist), cast.receptionist.id)
    session.commit()
    give_password(client, cast.receptionist)
    client.submit("/sign-in/second-factor", {"code": codes[0]})
    assert client.get("/desk").status_code == 200
    client.submit("/account/recovery-codes")  # and it counts as recent
    give_password(client, cast.receptionist)
    assert client.get("/desk").status_code == 303
    client.submit("/sign-in/second-factor", {"code": codes[0]}, status=422)


def test_a_passkey_completes_the_sign_in(client: CheckedClient, cast: Cast) -> None:
    device = Device()
    sign_in(client, cast.receptionist)
    page = client.get_page("/account/passkeys")
    headers = {"X-CSRFToken": fields_of(page)["csrf_token"]}
    options = client.post("/account/passkeys/options", headers=headers).get_json()
    client.submit("/account/passkeys", {"passkey": device.create(options), "name": "Key"})
    page = give_password(client, cast.receptionist)
    assert client.get("/desk").status_code == 303
    headers = {"X-CSRFToken": fields_of(page)["csrf_token"]}
    options = client.post("/sign-in/passkey/options", headers=headers).get_json()
    answer = device.get(options)
    client.submit("/sign-in/second-factor", {"passkey": answer})
    assert client.get("/desk").status_code == 200
    give_password(client, cast.receptionist)
    page = client.submit("/sign-in/second-factor", {"passkey": answer}, status=422)
    assert "not accepted" in page


def test_options_for_a_passkey_need_a_sign_in(client: CheckedClient) -> None:
    token = fields_of(client.get_page("/sign-in"))["csrf_token"]
    answer = client.post("/sign-in/passkey/options", headers={"X-CSRFToken": token})
    assert answer.status_code == 401


def test_each_step_has_a_token_of_its_own(app: Flask, client: CheckedClient, cast: Cast, secret: str) -> None:
    """What somebody planted or saw before the second step is worth nothing after it."""
    page = give_password(client, cast.receptionist)
    half_way = client.get_cookie("session")
    assert half_way is not None
    client.post("/sign-in/second-factor", data={**fields_of(page), "code": code_of(secret)})
    planted = app.test_client()
    planted.set_cookie("session", half_way.value)
    assert planted.get("/desk").status_code == 303
    assert planted.get("/sign-in/second-factor").status_code == 303


def test_an_unfinished_sign_in_ends_after_half_an_hour(
    client: CheckedClient, session: Session, cast: Cast, secret: str
) -> None:
    page = give_password(client, cast.receptionist)
    session.execute(update(BrowserSession).values(proved_at=now() - timedelta(minutes=31)))
    session.commit()
    answer = client.post("/sign-in/second-factor", data={**fields_of(page), "code": code_of(secret)})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in")
    assert client.get("/desk").status_code == 303


def test_an_account_that_is_disabled_half_way_gets_nowhere(
    client: CheckedClient, session: Session, cast: Cast, secret: str
) -> None:
    page = give_password(client, cast.receptionist)
    cast.receptionist.is_active = False
    session.commit()
    client.post("/sign-in/second-factor", data={**fields_of(page), "code": code_of(secret)})
    assert client.get("/desk").status_code == 303


def test_the_owner_reads_what_others_tried(
    client: CheckedClient, session: Session, cast: Cast, secret: str
) -> None:
    email = email_of(cast.receptionist)
    give_password(client, cast.receptionist)
    session.execute(update(SignInAttempt).values(attempted_at=now() - timedelta(hours=2)))
    for _ in range(3):
        session.add(SignInAttempt(email=email, attempted_at=now() - timedelta(hours=1), succeeded=False))
    session.commit()
    give_password(client, cast.receptionist)
    client.submit("/sign-in/second-factor", {"code": wrong_code(secret)}, status=422)
    client.submit("/sign-in/second-factor", {"code": code_of(secret)})
    page = client.get_page("/account")
    assert "3 wrong passwords and 1 wrong code since your sign-in before this one" in page


def test_every_step_is_in_the_trail(client: CheckedClient, session: Session, cast: Cast, secret: str) -> None:
    give_password(client, cast.receptionist)
    client.submit("/sign-in/second-factor", {"code": wrong_code(secret)}, status=422)
    client.submit("/sign-in/second-factor", {"code": code_of(secret)})
    rows = session.execute(
        select(AuditEvent.action, AuditEvent.subject_id, AuditEvent.address)
        .where(AuditEvent.action.like("account.%"))
        .order_by(AuditEvent.recorded_at)
    ).all()
    own = cast.receptionist.id
    assert [tuple(row) for row in rows] == [
        ("account.second-factor-refused", own, "127.0.0.1"),
        ("account.signed-in", own, "127.0.0.1"),
    ]
    trail = json.dumps([row.reason for row in session.scalars(select(AuditEvent))])
    assert secret not in trail
    assert code_of(secret) not in trail


def test_an_unknown_address_takes_the_same_way(
    client: CheckedClient, cast: Cast, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Timing is measured by what is done: one hash is checked, whoever is asked for."""
    checked = []
    real = passwords._hasher

    class Counting:
        def verify(self, given: bytes, stored: str) -> bool:
            checked.append(stored.split("$")[:4])
            return real.verify(given, stored)

    monkeypatch.setattr(passwords, "_hasher", Counting())
    for email in (email_of(cast.receptionist), "nobody@example.org"):
        client.submit("/sign-in", {"email": email, "password": "not the password"}, status=422)
    # The same algorithm with the same cost.
    assert len(checked) == 2
    assert checked[0] == checked[1]


def test_no_more_hashes_at_once_than_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    running, most = [0], [0]
    gate = threading.Lock()
    real = passwords._hasher

    class Watched:
        def verify(self, given: bytes, stored: str) -> bool:
            with gate:
                running[0] += 1
                most[0] = max(most[0], running[0])
            try:
                return real.verify(given, stored)
            finally:
                with gate:
                    running[0] -= 1

    monkeypatch.setattr(passwords, "_hasher", Watched())
    monkeypatch.setattr(passwords, "_hashing", threading.BoundedSemaphore(1))
    threads = [threading.Thread(target=passwords.verify_password, args=("x", None)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]
