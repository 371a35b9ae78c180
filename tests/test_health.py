from pathlib import Path

import pytest
from flask import Flask

from telehealth.app import create_app
from telehealth.db import make_engine
from tests.conftest import make_config
from tests.page_checks import CheckedClient, find_faults

pytestmark = pytest.mark.web

BROKEN = {
    "no folder": "sqlite:////no/such/folder/telehealth.sqlite3",
    "no server": "postgresql+psycopg://nobody@/nothing?host=/no/such/folder",
}


@pytest.fixture(params=BROKEN)
def broken_app(request: pytest.FixtureRequest, tmp_path: Path) -> Flask:
    return create_app(make_config(tmp_path, BROKEN[request.param]))


def test_a_service_that_works_is_ready(client: CheckedClient) -> None:
    for address, status in (("/healthz", "up"), ("/readyz", "ready")):
        answer = client.get(address)
        assert (answer.status_code, answer.get_json()) == (200, {"status": status})


def test_without_a_database_the_process_is_up_and_not_ready(broken_app: Flask) -> None:
    client = broken_app.test_client()
    assert client.get("/healthz").status_code == 200
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.get_json() == {"status": "not ready", "reason": "the database does not answer"}


def test_an_old_schema_is_not_ready(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'empty.sqlite3'}"
    app = create_app(make_config(tmp_path, url))
    answer = app.test_client().get("/readyz")
    assert (answer.status_code, answer.get_json()["status"]) == (503, "not ready")
    assert "schema" in answer.get_json()["reason"]
    make_engine(url).dispose()
    app.extensions["telehealth.database"].engine.dispose()


def test_without_a_database_people_read_that_the_service_is_busy(broken_app: Flask) -> None:
    client = broken_app.test_client()
    with client.session_transaction() as browser:
        browser["_user_id"] = "the token of a sign-in that nobody can look up now"
    for address in ("/desk", "/clinic", "/"):
        answer = client.get(address)
        page = answer.get_data(as_text=True)
        assert answer.status_code == 503
        assert "The service is busy" in page
        assert find_faults(page) == []
        assert answer.headers["Retry-After"]
