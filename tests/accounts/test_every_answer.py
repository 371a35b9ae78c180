"""What holds for every answer, whatever was asked: headers, sizes, and no 500 for anything that is sent."""

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from telehealth.guards import ANYONE, guarded
from tests.factories import Cast, sign_in
from tests.page_checks import CheckedClient, find_faults

pytestmark = pytest.mark.web

PAGES = ("/", "/sign-in", "/desk", "/join/nothing", "/no-such-page", "/healthz", "/readyz", "/accessibility")


@pytest.mark.parametrize("address", PAGES)
def test_every_answer_keeps_third_parties_out(client: CheckedClient, address: str) -> None:
    headers = client.get(address).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "https:" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Permissions-Policy"].startswith("camera=()")
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Request-Id"]


def test_every_page_has_a_nonce_of_its_own(client: CheckedClient) -> None:
    assert (
        client.get("/").headers["Content-Security-Policy"]
        != client.get("/").headers["Content-Security-Policy"]
    )


def test_the_session_cookie_is_for_this_site_alone(client: CheckedClient) -> None:
    cookie = client.get("/sign-in").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_another_host_is_refused(client: CheckedClient) -> None:
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 400


@pytest.mark.parametrize(
    ("address", "status"), [("/no-such-page", 404), ("/join/altered", 404), ("/desk/patients/1", 404)]
)
def test_a_refusal_is_a_page_with_a_way_on(client: CheckedClient, address: str, status: int) -> None:
    page = client.get_page(address, status=status)
    assert 'href="/"' in page


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"])
def test_odd_methods_are_refused(client: CheckedClient, method: str) -> None:
    assert client.open("/sign-in", method=method).status_code in (400, 405)


def test_what_is_too_large_is_refused(client: CheckedClient) -> None:
    assert client.post("/sign-in", data={"email": "x" * 2_000_000}).status_code == 413


def test_json_callers_get_json(client: CheckedClient) -> None:
    answer = client.get("/no-such-page", headers={"Accept": "application/json"})
    assert answer.status_code == 404
    assert set(answer.get_json()["error"]) == {"code", "message"}


def test_an_unexpected_error_is_a_page_without_details(app: Flask, client: CheckedClient) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    real = app.view_functions["accounts.start"]

    @guarded(ANYONE)
    def broken() -> str:
        raise RuntimeError("a secret detail")

    app.view_functions["accounts.start"] = broken
    try:
        answer = client.get("/")
    finally:
        app.view_functions["accounts.start"] = real
        app.config["PROPAGATE_EXCEPTIONS"] = None
    text = answer.get_data(as_text=True)
    assert answer.status_code == 500
    assert "Sorry, there is a problem with the service" in text
    assert "secret detail" not in text
    assert not find_faults(text)


TEXT = st.text(max_size=60)
FORMS = st.dictionaries(
    st.sampled_from(
        [
            "email", "password", "next", "given_name", "family_name", "birth_date-day", "birth_date-month",
            "birth_date-year", "nhs_number", "phone", "slot", "reason", "version", "outcome", "next_steps",
        ]
    ),
    TEXT,
    max_size=8,
)  # fmt: skip


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(form=FORMS, junk=st.binary(max_size=200))
def test_nothing_that_is_sent_gives_a_500(
    app: Flask, client: CheckedClient, cast: Cast, form: dict[str, str], junk: bytes
) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    sign_in(client, cast.receptionist)
    for address in ("/sign-in", "/desk/patients/new", f"/desk/patients/{cast.patient.id}/book"):
        for sent in (
            {"data": form},
            {"data": junk, "content_type": "application/x-www-form-urlencoded"},
            {"data": junk, "content_type": "multipart/form-data; boundary=x"},
            {"data": junk, "content_type": "application/json"},
        ):
            answer = client.post(address, **sent)
            assert answer.status_code < 500, (address, sent)
    assert client.post("/desk", data={"q": form.get("reason", "")}).status_code < 500
