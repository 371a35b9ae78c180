"""The password, and where it leads. In demo mode, where it is enough: `test_second_factor.py` has the rest."""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.accounts.models import SignInAttempt
from telehealth.app import create_app
from telehealth.audit.models import AuditEvent, EventOutcome
from telehealth.clock import now
from telehealth.config import Config
from tests.factories import PASSWORD, Cast, email_of, sign_in
from tests.page_checks import CheckedClient, fields_of

pytestmark = [pytest.mark.web, pytest.mark.usefixtures("demo")]

WRONG = "The email address or the password is not right"


def typed(cast: Cast, **changes: str) -> dict[str, str]:
    return {"email": email_of(cast.receptionist), "password": PASSWORD, **changes}


def fail(session: Session, email: str, times: int, *, ago: timedelta = timedelta(0)) -> None:
    """As after so many wrong passwords: each real one costs a tenth of a second."""
    session.add_all(
        SignInAttempt(email=email, attempted_at=now() - ago, succeeded=False) for _ in range(times)
    )
    session.commit()


@pytest.mark.parametrize(
    ("who", "home"), [("receptionist", "/desk"), ("clinician", "/clinic"), ("administrator", "/admin")]
)
def test_signing_in_leads_to_where_the_working_day_starts(
    client: CheckedClient, cast: Cast, who: str, home: str
) -> None:
    client.submit("/sign-in", typed(cast, email=f"  {getattr(cast, who).email.upper()} "))
    answer = client.get("/", follow_redirects=True)
    assert answer.request.full_path.rstrip("?") == home


def test_a_wrong_password_and_an_unknown_address_read_the_same(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    pages = [
        client.submit("/sign-in", typed(cast, **change), status=422)
        for change in ({"password": "not the password"}, {"email": "nobody@example.org"})
    ]
    for page in pages:
        assert WRONG in page
        assert PASSWORD not in page
        assert "not the password" not in page
    refused = session.execute(
        select(AuditEvent.action, AuditEvent.outcome, AuditEvent.address).where(
            AuditEvent.action.like("account.%")
        )
    ).all()
    assert [tuple(row) for row in refused] == [
        ("account.sign-in-refused", EventOutcome.REFUSED, "127.0.0.1")
    ] * 2


def test_whoever_was_disabled_reads_that_too(client: CheckedClient, session: Session, cast: Cast) -> None:
    cast.receptionist.is_active = False
    session.commit()
    assert WRONG in client.submit("/sign-in", typed(cast), status=422)


def test_disabling_an_account_ends_its_session(client: CheckedClient, session: Session, cast: Cast) -> None:
    sign_in(client, cast.receptionist)
    assert client.get("/desk").status_code == 200
    cast.receptionist.is_active = False
    session.commit()
    assert client.get("/desk").status_code == 303


@pytest.mark.parametrize(
    "change",
    [
        {"email": ""},
        {"password": ""},
        {"email": "x" * 300},
        {"password": "x" * 1025},
        {"email": "\x00"},
        {"email": "\N{GRINNING FACE}"},
        {"email": "İ" * 254},
        {"password": "\x00"},
        {"email": "<script>alert(1)</script>"},
        {"email": "' OR 1=1 --", "password": "' OR 1=1 --"},
    ],
)
def test_odd_things_to_sign_in_with(client: CheckedClient, cast: Cast, change: dict[str, str]) -> None:
    page = client.submit("/sign-in", typed(cast, **change), status=422)
    assert "There is a problem" in page
    assert "<script>alert" not in page


def test_ten_wrong_passwords_in_five_minutes_are_enough(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    email = email_of(cast.receptionist)
    fail(session, email, 9)
    client.submit("/sign-in", typed(cast, password="not the password"), status=422)
    for attempt in (typed(cast), typed(cast, email=email.upper()), typed(cast, password="other")):
        page = client.submit("/sign-in", attempt, status=429)
        assert "too many wrong passwords" in page
    assert client.get("/desk").status_code == 303


def test_others_are_not_locked_out_and_old_failures_are_forgotten(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    fail(session, email_of(cast.clinician), 10)
    fail(session, email_of(cast.receptionist), 10, ago=timedelta(minutes=6))
    client.submit("/sign-in", typed(cast))
    assert client.get("/desk").status_code == 200


def test_an_address_that_nobody_has_is_throttled_too(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    fail(session, "nobody@example.org", 10)
    client.submit("/sign-in", typed(cast, email="nobody@example.org"), status=429)


def test_signing_in_makes_a_new_session(app: Flask, client: CheckedClient, cast: Cast) -> None:
    """What somebody planted in the browser before is worth nothing afterwards."""
    page = client.get_page("/sign-in")
    before = client.get_cookie("session")
    assert before is not None
    planted = app.test_client()
    planted.set_cookie("session", before.value)
    old_token = fields_of(page)["csrf_token"]
    client.submit("/sign-in", typed(cast))
    after = client.get_cookie("session")
    assert after is not None
    assert before.value != after.value
    assert planted.get("/desk").status_code == 303
    assert client.post("/sign-out", data={"csrf_token": old_token}).status_code == 400
    assert client.get("/desk").status_code == 200


def test_signing_out_ends_the_session(client: CheckedClient, cast: Cast) -> None:
    sign_in(client, cast.receptionist)
    page = client.get_page("/desk/patients/new")
    token = fields_of(page)["csrf_token"]
    assert client.get("/sign-out").status_code == 405
    assert client.post("/sign-out", data={"csrf_token": token}).status_code == 303
    assert client.get("/desk").status_code == 303


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(client: CheckedClient) -> None:
    cookie = client.get("/sign-in").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


@pytest.mark.parametrize("address", ["/desk", "/desk?q=Morgan", "/desk/patients/new", "/clinic"])
def test_whoever_has_to_sign_in_first_gets_back_there(
    client: CheckedClient, cast: Cast, address: str
) -> None:
    who = cast.clinician if address == "/clinic" else cast.receptionist
    answer = client.get(address)
    assert answer.status_code == 303
    form = {**fields_of(client.get_page(answer.headers["Location"])), **typed(cast, email=email_of(who))}
    back = client.post("/sign-in", data=form)
    assert (back.status_code, back.headers["Location"]) == (303, address)


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "/%0d%0aSet-Cookie: a=b",
        "/\r\nSet-Cookie: a=b",
        "javascript:alert(1)",
        "data:text/html,x",
        "evil.example",
        "http:evil.example",
        "/\x00/evil.example",
        " //evil.example",
        "/\u2028/evil.example",
        "",
    ],
)
def test_no_sign_in_leads_to_another_site(client: CheckedClient, cast: Cast, target: str) -> None:
    form = {**fields_of(client.get_page("/sign-in")), **typed(cast), "next": target}
    answer = client.post("/sign-in", data=form)
    parts = urlsplit(answer.headers["Location"])
    assert answer.status_code == 303
    assert (parts.scheme, parts.netloc) == ("", "")
    assert not answer.headers["Location"].startswith(("//", "/\\"))
    assert "a=b" not in str(answer.headers.getlist("Set-Cookie"))


def test_a_hostile_next_is_shown_as_text(client: CheckedClient) -> None:
    page = client.get_page("/sign-in?next=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
    assert "<script>alert" not in page


ROLES = {
    "receptionist": {"/desk", "/desk/patients/new"},
    "clinician": {"/clinic", "/clinic/list", "/clinic/token"},
    "administrator": set[str](),
}


@pytest.mark.parametrize("who", ROLES)
def test_nobody_opens_the_pages_of_another_role(client: CheckedClient, cast: Cast, who: str) -> None:
    sign_in(client, getattr(cast, who))
    every = {address for addresses in ROLES.values() for address in addresses}
    opened = {address for address in every if client.get(address).status_code == 200}
    refused = {address for address in every if client.get(address).status_code == 404}
    assert (opened, refused) == (ROLES[who], every - ROLES[who])


@pytest.mark.parametrize("value", ["x", "", "x" * 4000, ".eJw.x.y", "\u00e9"])
def test_a_forged_cookie_is_nobody(client: CheckedClient, value: str) -> None:
    client.set_cookie("session", value)
    assert client.get("/desk").status_code == 303


@pytest.mark.parametrize("account_id", ["x", "", "00000000-0000-4000-8000-000000000000"])
def test_a_session_of_no_account_is_nobody(client: CheckedClient, account_id: str) -> None:
    with client.session_transaction() as browser:
        browser["_user_id"], browser["_fresh"] = account_id, True
    assert client.get("/desk").status_code == 303


def test_over_https_the_cookie_and_the_address_stay_there(config: Config) -> None:
    application = create_app(replace(config, base_url="https://consult.example.org"))
    answer = application.test_client().get("/sign-in", base_url="https://consult.example.org")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-session=")
    assert "Secure" in cookie
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=")
    assert "wss://consult.example.org" in answer.headers["Content-Security-Policy"]
    application.extensions["telehealth.database"].engine.dispose()
