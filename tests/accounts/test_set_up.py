"""A first sign-in, and a password reset: what the link does, and that no step can be left out."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from telehealth.accounts.models import Account, SetUpLink, SetUpPurpose
from telehealth.accounts.services.second_factor import factors_of
from telehealth.accounts.services.set_up import make_set_up_link
from telehealth.accounts.services.sign_in import actor_of
from telehealth.clock import now
from tests.accounts.factors import Device, add_app, code_of, new_secret_of
from tests.factories import PASSWORD, Cast, email_of, sign_in
from tests.page_checks import CheckedClient, fields_of

pytestmark = pytest.mark.web

NEW = "orbit-walnut-parade-42"


def make_link(
    session: Session, cast: Cast, account: Account, purpose: SetUpPurpose = SetUpPurpose.FIRST_SIGN_IN
) -> str:
    token = make_set_up_link(session, actor_of(cast.administrator), account, purpose)
    session.commit()
    return f"/welcome/{token}"


@pytest.fixture
def newcomer(session: Session, cast: Cast) -> Account:
    """The receptionist before a first sign-in."""
    cast.receptionist.password_hash = None
    session.commit()
    return cast.receptionist


def test_a_first_sign_in_with_an_app_from_link_to_home(
    client: CheckedClient, session: Session, cast: Cast, newcomer: Account
) -> None:
    page = client.submit(make_link(session, cast, newcomer), {"new_password": NEW})
    assert "Choose a second step" in page
    assert client.get("/desk").status_code == 303
    assert "Not now" not in page
    page = client.submit("/sign-in/set-up", form=1)
    secret = new_secret_of(session, newcomer.id)
    assert secret is not None
    assert "data:image/svg+xml" in page
    page = client.submit("/sign-in/set-up/app", {"code": "000000"}, status=422)
    assert "not right" in page
    page = client.submit("/sign-in/set-up/app", {"code": code_of(secret)})
    assert "recovery codes" in page
    assert client.get("/desk").status_code == 303
    page = client.submit("/sign-in/set-up/codes")
    assert page.count('<li class="app-code">') == 10
    client.post("/sign-in/set-up/finish", data=fields_of(page))
    assert client.get("/desk").status_code == 200


def test_a_first_sign_in_with_a_passkey(
    client: CheckedClient, session: Session, cast: Cast, newcomer: Account
) -> None:
    page = client.submit(make_link(session, cast, newcomer), {"new_password": NEW})
    headers = {"X-CSRFToken": fields_of(page)["csrf_token"]}
    options = client.post("/sign-in/set-up/passkey/options", headers=headers).get_json()
    refused = Device(origin="https://evil.example").create(options)
    assert "not kept" in client.submit("/sign-in/set-up", {"passkey": refused}, status=422)
    options = client.post("/sign-in/set-up/passkey/options", headers=headers).get_json()
    client.submit("/sign-in/set-up", {"passkey": Device().create(options)})
    assert factors_of(session, newcomer.id).passkeys == 1


def test_looking_at_the_link_changes_nothing(
    client: CheckedClient, session: Session, cast: Cast, newcomer: Account
) -> None:
    link = make_link(session, cast, newcomer)
    for _ in range(3):
        assert "Choose a password" in client.get_page(link)
    assert client.head(link).status_code == 200
    client.submit(link, {"new_password": NEW})


def test_a_link_works_once(app: Flask, client: CheckedClient, session: Session, cast: Cast) -> None:
    link = make_link(session, cast, cast.receptionist)
    open_form = fields_of(client.get_page(link))
    client.submit(link, {"new_password": NEW})
    assert "used already" in client.get_page(link, status=410)
    session.refresh(cast.receptionist)
    hash_before = cast.receptionist.password_hash
    client.post(link, data={**open_form, "new_password": "another-good-password-9"})
    session.refresh(cast.receptionist)
    assert cast.receptionist.password_hash == hash_before


@pytest.mark.parametrize(
    ("purpose", "life"),
    [(SetUpPurpose.FIRST_SIGN_IN, timedelta(days=7)), (SetUpPurpose.PASSWORD_RESET, timedelta(hours=1))],
)
def test_a_link_gets_too_old(
    client: CheckedClient, session: Session, cast: Cast, purpose: SetUpPurpose, life: timedelta
) -> None:
    link = make_link(session, cast, cast.receptionist, purpose)
    made = session.scalars(select(SetUpLink)).one()
    assert made.expires_at - made.created_at == life
    session.execute(update(SetUpLink).values(expires_at=now() - timedelta(seconds=1)))
    session.commit()
    assert "too old" in client.get_page(link, status=410)


def test_a_newer_link_closes_the_older_one(client: CheckedClient, session: Session, cast: Cast) -> None:
    old = make_link(session, cast, cast.receptionist)
    new = make_link(session, cast, cast.receptionist)
    assert "newer" in client.get_page(old, status=410)
    assert "Choose a password" in client.get_page(new)


def test_links_that_nobody_made(client: CheckedClient) -> None:
    for token in ("x", "x" * 43, "%00", "..", "x" * 3000):
        assert client.get(f"/welcome/{token}").status_code == 404


def test_the_link_of_a_disabled_account(client: CheckedClient, session: Session, cast: Cast) -> None:
    link = make_link(session, cast, cast.receptionist)
    cast.receptionist.is_active = False
    session.commit()
    assert client.get(link).status_code == 404


def test_the_database_does_not_hold_the_link(session: Session, cast: Cast) -> None:
    token = make_link(session, cast, cast.receptionist).removeprefix("/welcome/")
    assert token.encode() not in session.scalars(select(SetUpLink.token_hash)).one()


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("", "Enter a password"),
        ("short", "at least 12 characters"),
        ("x" * 1025, "at most 1,024"),
        ("password1234", "leaked"),
        ("1234567890123", "easy to guess"),
        ("hillside clinic", "easy to guess"),
        ("reception reception", "easy to guess"),
        ("qwertyuiop123456", "easy to guess"),
        ("SonyEricsson", "leaked"),
    ],
)
def test_passwords_that_others_would_guess(
    client: CheckedClient, session: Session, cast: Cast, password: str, words: str
) -> None:
    page = client.submit(make_link(session, cast, cast.receptionist), {"new_password": password}, status=422)
    assert words in page
    assert f'value="{password}"' not in page or not password


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "øre æble ånd sommer",
        "\u674e\u5c0f\u9f8d\u559c\u6b61\u5403\u9eb5\u5305\u548c\u6c34\u679c\u548c\u9b5a",
        "   spaces   are   fine   ",
    ],
)
def test_passwords_of_every_script_work(
    client: CheckedClient, session: Session, cast: Cast, password: str
) -> None:
    client.submit(make_link(session, cast, cast.receptionist), {"new_password": password})
    # The way in is the set-up again: there is no second factor yet.
    page = client.submit("/sign-in", {"email": email_of(cast.receptionist), "password": password})
    assert "Choose a second step" in page


def test_accents_may_be_typed_in_either_way(client: CheckedClient, session: Session, cast: Cast) -> None:
    client.submit(
        make_link(session, cast, cast.receptionist), {"new_password": "cre\u0300me bru\u0302le\u0301e violin"}
    )
    typed = {"email": email_of(cast.receptionist), "password": "crème brûlée violin"}
    assert "Choose a second step" in client.submit("/sign-in", typed)


def test_a_reset_does_not_lead_around_the_second_factor(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    secret = add_app(session, cast.receptionist)
    session.commit()
    link = make_link(session, cast, cast.receptionist, SetUpPurpose.PASSWORD_RESET)
    assert "Show that it is you" in client.submit(link, {"new_password": NEW})
    for address in ("/sign-in/set-up", "/sign-in/set-up/app", "/sign-in/set-up/codes"):
        assert client.get(address).status_code == 303
    token = fields_of(client.get_page("/sign-in/second-factor"))
    for address in ("/sign-in/set-up/finish", "/sign-in/set-up/passkey/options", "/sign-in/set-up/app"):
        assert client.post(address, data=token).headers["Location"] == "/sign-in"
    assert client.get("/desk").status_code == 303
    client.submit("/sign-in/second-factor", {"code": code_of(secret)})
    assert client.get("/desk").status_code == 200


def test_a_reset_ends_every_sign_in_and_the_old_password(
    app: Flask, client: CheckedClient, session: Session, cast: Cast
) -> None:
    other = app.test_client()
    sign_in(other, cast.receptionist)
    client.submit(
        make_link(session, cast, cast.receptionist, SetUpPurpose.PASSWORD_RESET), {"new_password": NEW}
    )
    assert other.get("/desk").status_code == 303
    old = {"email": email_of(cast.receptionist), "password": PASSWORD}
    client.submit("/sign-in", old, status=422)


def test_no_step_of_the_set_up_can_be_left_out(client: CheckedClient, cast: Cast) -> None:
    page = client.submit("/sign-in", {"email": email_of(cast.receptionist), "password": PASSWORD})
    assert "Choose a second step" in page
    token = fields_of(page)
    for address in ("/sign-in/set-up/finish", "/sign-in/set-up/codes"):
        assert client.post(address, data=token).headers["Location"] == "/sign-in/set-up"
    assert client.get("/sign-in/set-up/app").headers["Location"] == "/sign-in/set-up"
    assert client.get("/desk").status_code == 303


def test_somebody_else_with_the_password_does_not_finish_the_set_up(
    app: Flask, client: CheckedClient, session: Session, cast: Cast
) -> None:
    """Of two who came this far with the password alone, the first second factor decides."""
    typed = {"email": email_of(cast.receptionist), "password": PASSWORD}
    thief = app.test_client()
    assert isinstance(thief, CheckedClient)
    thief_form = fields_of(thief.submit("/sign-in", typed))
    client.submit("/sign-in", typed)
    client.submit("/sign-in/set-up", form=1)
    secret = new_secret_of(session, cast.receptionist.id)
    assert secret is not None
    client.submit("/sign-in/set-up/app", {"code": code_of(secret)})
    for address in ("/sign-in/set-up/finish", "/sign-in/set-up/codes", "/sign-in/set-up/app"):
        answer = thief.post(address, data=thief_form)
        assert answer.status_code == 400 or answer.headers["Location"].startswith("/sign-in")
    assert thief.get("/desk").status_code == 303
    assert thief.get("/sign-in/set-up").headers["Location"] == "/sign-in"


@pytest.mark.usefixtures("demo")
def test_in_the_demo_the_second_step_can_wait(
    client: CheckedClient, session: Session, cast: Cast, newcomer: Account
) -> None:
    page = client.submit(make_link(session, cast, newcomer), {"new_password": NEW})
    assert "In this demonstration you can go without" in page
    page = client.submit("/sign-in/set-up", form=2)
    assert "without a second step" in page
    # Said once.
    assert "without a second step" not in client.get_page("/desk")


def test_the_link_of_a_forged_host_is_not_answered(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    link = make_link(session, cast, cast.receptionist)
    assert client.get(link, headers={"Host": "evil.example"}).status_code == 400
    page = client.get(link, headers={"X-Forwarded-Host": "evil.example"})
    assert "evil.example" not in page.get_data(as_text=True)
