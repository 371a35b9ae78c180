"""Requests that no browser of ours sends: refused in words, never with a 500."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule

from tests.factories import Cast, make_appointment, open_visit, sign_in
from tests.page_checks import CheckedClient, find_faults

pytestmark = pytest.mark.web

KEY = "00000000-0000-4000-8000-000000000000"


def addresses(app: Flask, method: str) -> Iterator[tuple[Rule, str]]:
    """Every route that takes the method, with a key that exists nowhere."""
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            if method in (rule.methods or ()):
                values: dict[str, Any] = dict.fromkeys(rule.arguments, KEY)
                yield rule, app.url_for(rule.endpoint, **values)


@pytest.fixture(params=["anonymous", "guest", "receptionist", "clinician", "administrator"])
def anybody(request: pytest.FixtureRequest, client: CheckedClient, cast: Cast) -> CheckedClient:
    if request.param == "guest":
        open_visit(client, make_appointment(request.getfixturevalue("session"), cast))
    elif request.param != "anonymous":
        sign_in(client, getattr(cast, request.param))
    return client


def test_a_form_without_its_token_is_refused_in_words(app: Flask, anybody: CheckedClient) -> None:
    for method in ("POST", "PUT"):
        for rule, address in addresses(app, method):
            answer = anybody.open(address, method=method, data={"email": "x"})
            page = answer.get_data(as_text=True)
            assert answer.status_code == 400, rule.rule
            assert find_faults(page) == []
            assert "Reload it, then try again" in page


def test_no_key_that_exists_nowhere_breaks_a_page(app: Flask, anybody: CheckedClient) -> None:
    for rule, address in addresses(app, "GET"):
        for query in (
            "",
            "?",
            "?q=%00&next=%00&camera=%ff&role=%00&from=%00",
            "?" + "&".join(["q=1"] * 2000),
        ):
            for method in ("GET", "HEAD", "OPTIONS"):
                answer = anybody.open(address + query, method=method)
                assert answer.status_code < 500, (method, rule.rule, query)


def test_odd_methods_are_refused_everywhere(app: Flask, anybody: CheckedClient) -> None:
    for method in ("TRACE", "CONNECT", "PATCH", "DELETE", "FOO"):
        for rule, address in addresses(app, "GET"):
            answer = anybody.open(address, method=method)
            assert answer.status_code in (400, 404, 405), (method, rule.rule)
            assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "evil.example:5000",
        "localhost:5000@evil.example",
        "localhost, evil.example",
        "[::1",
        "",
        "\x00",
        "x" * 3000,
    ],
)
def test_another_host_is_refused_without_being_repeated(client: CheckedClient, host: str) -> None:
    for address in ("/", "/sign-in", "/no-such-page", "/healthz"):
        answer = client.get(address, headers={"Host": host})
        assert answer.status_code == 400
        assert "evil" not in answer.get_data(as_text=True)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "header", ["X-Forwarded-Host", "X-Host", "Forwarded", "X-Original-URL", "X-Rewrite-URL"]
)
def test_no_header_of_a_proxy_is_believed(client: CheckedClient, header: str) -> None:
    answer = client.get("/desk", headers={header: "evil.example"})
    assert answer.status_code == 303
    assert "evil" not in answer.headers["Location"]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-www-form-urlencoded", b"%ff=%ff&%00=%00&=&&&a"),
        ("application/x-www-form-urlencoded; charset=nonsense", b"email=x"),
        ("application/x-www-form-urlencoded", b"&".join(b"a%d=1" % n for n in range(5000))),
        ("multipart/form-data", b"no boundary"),
        ("multipart/form-data; boundary=", b"--\r\n"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\n"),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="email"\r\n\r\nx'),
        ("multipart/form-data; boundary=" + "x" * 300, b"--x"),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\n\r\n" * 500),
        ("application/json", b"[" * 100_000),
        ("application/json", b"\xff"),
        ("text/xml", b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>"),
        ("", b"\x00\xff"),
        ("\xe9", b"x"),
    ],
)
@pytest.mark.parametrize(
    "address", ["/sign-in", "/join/nothing", "/desk/patients/new", f"/notes/{KEY}/draft"]
)
def test_no_body_breaks_the_service(
    app: Flask, client: CheckedClient, cast: Cast, address: str, content_type: str, body: bytes
) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    sign_in(client, cast.clinician if "notes" in address else cast.receptionist)
    method = "PUT" if "notes" in address else "POST"
    answer = client.open(
        address, method=method, data=body, content_type=content_type, headers={"If-Match": "0"}
    )
    assert 400 <= answer.status_code < 500


def test_what_is_too_large_is_a_page(client: CheckedClient, cast: Cast) -> None:
    sign_in(client, cast.receptionist)
    answer = client.post("/desk/patients/new", data={"given_name": "x" * 2_000_000})
    assert answer.status_code == 413
    assert find_faults(answer.get_data(as_text=True)) == []


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example",
        "//evil.example/%2e%2e",
        "/\\evil.example",
        "/%2e%2e/etc/passwd",
        "/static/build/../../pyproject.toml",
        "/static/build/%2e%2e/%2e%2e/pyproject.toml",
        "/" + "a" * 5000,
        "/%00",
        "/%ff",
        "/desk//patients/new",
    ],
)
def test_no_path_leads_out(client: CheckedClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code in (303, 308, 400, 404)
    assert not answer.headers.get("Location", "/").startswith(("//", "http://evil", "https://evil"))
    assert "[project]" not in answer.get_data(as_text=True)
