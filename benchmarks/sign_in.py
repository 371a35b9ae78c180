"""Sign-ins at five a second on one process: password hash, session and audit, over HTTP."""

import re
import tempfile
import threading
import time
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

from benchmarks.figures import Figure, percentile
from tests.server import CLINICIAN, PASSWORD, RECEPTIONIST, SECOND_CLINICIAN, LiveServer

PER_S = 5
SIGN_INS = 100
PEOPLE = (CLINICIAN, SECOND_CLINICIAN, RECEPTIONIST)
_CSRF = re.compile(r'name="csrf_token" value="([^"]+)"')


def measure() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder, LiveServer(Path(folder)) as server:
        forms = [_open_form(server.port) for _ in range(SIGN_INS)]
        _send(server.port, *_open_form(server.port), PEOPLE[0])  # the first loads what is loaded once
        spent_ms = [0.0] * SIGN_INS
        begin_s = time.perf_counter() + 0.5
        threads = [
            threading.Thread(target=_sign_in_at, args=(server.port, number, forms[number], begin_s, spent_ms))
            for number in range(SIGN_INS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return [
        Figure("sign-in, 5 a second on one process: p50", percentile(spent_ms, 50), 300, "ms"),
        Figure("sign-in, 5 a second on one process: p95", percentile(spent_ms, 95), 300, "ms"),
    ]


def _sign_in_at(port: int, number: int, form: tuple[str, str], begin_s: float, spent_ms: list[float]) -> None:
    """At its time, whether the ones before are done or not; waiting for the server counts."""
    due_s = begin_s + number / PER_S
    time.sleep(max(0.0, due_s - time.perf_counter()))
    _send(port, *form, PEOPLE[number % len(PEOPLE)])
    spent_ms[number] = (time.perf_counter() - due_s) * 1000


def _open_form(port: int) -> tuple[str, str]:
    """The cookie and the token of a sign-in page."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/sign-in", headers={"Host": f"localhost:{port}"})
    answer = connection.getresponse()
    page = answer.read().decode()
    cookie = (answer.getheader("Set-Cookie") or "").split(";")[0]
    connection.close()
    found = _CSRF.search(page)
    assert found, page
    return cookie, found[1]


def _send(port: int, cookie: str, token: str, email: str) -> None:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request(
        "POST",
        "/sign-in",
        body=urlencode({"csrf_token": token, "email": email, "password": PASSWORD, "next": ""}),
        headers={
            "Host": f"localhost:{port}",
            "Cookie": cookie,
            "Content-Type": "application/x-www-form-urlencoded",
        },
    )
    answer = connection.getresponse()
    answer.read()
    connection.close()
    assert answer.status == 303, answer.status
