"""Outside the demo nothing starts that would be unsafe, and the message says what to do. An empty installation gets going."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select

from telehealth.accounts.models import Account, HealthcareService, PractitionerRole
from telehealth.app import create_app
from telehealth.config import Config
from telehealth.db import Database, make_engine
from telehealth.demo import cast
from tests.keys import KEY_LINE
from tests.page_checks import CheckedClient

pytestmark = [pytest.mark.web, pytest.mark.process]

TELEHEALTH = str(Path(sys.executable).with_name("telehealth"))
PROJECT = Path(__file__).parents[1]
SECRET = "kS4xq0vT9mLr2WzYb7NhJc5Uf8Pd1Ga3"
SERVICE = ("--organisation", "Hilltop Health", "--name", "Hilltop Clinic", "--phone", "01632 960777")


def environment(folder: Path, url: str, **changes: str) -> dict[str, str]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("TELEHEALTH_", "FLASK_"))
    }
    return {
        **kept,
        "TELEHEALTH_BASE_URL": "https://consult.example.org",
        "TELEHEALTH_SECRET_KEY": SECRET,
        "TELEHEALTH_KEYS": KEY_LINE,
        "TELEHEALTH_DATABASE_URL": url,
        "TELEHEALTH_INSTANCE_PATH": str(folder / "instance"),
        **changes,
    }


def telehealth(settings: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [TELEHEALTH, *words],
        env=settings,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("TELEHEALTH_SECRET_KEY", "", "is not set"),
        ("TELEHEALTH_SECRET_KEY", "short", "is too short"),
        ("TELEHEALTH_SECRET_KEY", "super-secret-flask-secret-key-changeme", "well known"),
        ("TELEHEALTH_KEYS", "", "is not set"),
        ("FLASK_DEBUG", "1", "never runs with a debugger"),
        ("TELEHEALTH_ORIGINS", "https://*.example.org", "wildcard"),
    ],
)
def test_an_unsafe_setting_stops_the_start_and_is_named(
    tmp_path: Path, own_database_url: str, name: str, value: str, words: str
) -> None:
    ended = telehealth(environment(tmp_path, own_database_url, **{name: value}), "run")
    assert ended.returncode == 2
    assert name in ended.stderr
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not value or len(value) < 8 or value not in ended.stderr or "example" in value


def add_demo_account(url: str) -> None:
    database = Database(make_engine(url))
    with database.transaction() as session:
        service = session.scalars(select(HealthcareService)).one()
        session.add(
            Account(
                organisation_id=service.organisation_id,
                email=cast.RECEPTIONIST[1],
                display_name="Left over",
                password_hash="x",
            )
        )
    database.engine.dispose()


@pytest.mark.parametrize("how", ["run", "wsgi"])
def test_a_default_account_stops_the_start_and_is_named(
    tmp_path: Path, own_database_url: str, how: str
) -> None:
    settings = environment(tmp_path, own_database_url)
    assert telehealth(settings, "create-service", *SERVICE, "--nation", "wales").returncode == 0
    add_demo_account(own_database_url)
    if how == "run":
        ended = telehealth(settings, "run")
    else:
        ended = subprocess.run(
            [sys.executable, "-c", "import wsgi"],
            cwd=PROJECT,
            env=settings,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert ended.returncode != 0
    assert cast.RECEPTIONIST[1] in ended.stderr
    assert "TELEHEALTH_DATABASE_URL" in ended.stderr


def test_an_empty_installation_gets_its_first_administrator(tmp_path: Path, own_database_url: str) -> None:
    settings = environment(tmp_path, own_database_url)
    early = telehealth(
        settings,
        "create-staff",
        "--email",
        "a@example.org",
        "--name",
        "A B",
        "--service",
        "x",
        "--role",
        "administrator",
    )
    assert early.returncode == 2
    assert "telehealth create-service" in early.stderr

    made = telehealth(settings, "create-service", *SERVICE, "--nation", "wales")
    assert made.returncode == 0, made.stderr
    again = telehealth(settings, "create-service", *SERVICE, "--nation", "wales")
    assert again.returncode == 2
    assert "has a service with this name already" in again.stderr

    wrong = telehealth(
        settings,
        "create-staff",
        "--email",
        "a@example.org",
        "--name",
        "A B",
        "--service",
        "Hill",
        "--role",
        "receptionist",
    )
    assert "Hilltop Clinic" in wrong.stderr

    staff = ("--service", "Hilltop Clinic", "--email", "Ffion@Hilltop.example")
    first = telehealth(
        settings, "create-staff", *staff, "--name", "Ffion Lloyd", "--role", "clinician", "--prefix", "Dr"
    )
    assert first.returncode == 0, first.stderr
    link = re.search(r"https://consult\.example\.org(/welcome/\S+)", first.stdout)
    assert link
    second = telehealth(settings, "create-staff", *staff, "--name", "Ffion Lloyd", "--role", "clinician")
    assert "already an account" in second.stderr

    app = create_app(Config.from_environment(settings))
    app.test_client_class = CheckedClient
    client = app.test_client()
    assert isinstance(client, CheckedClient)
    assert "Ffion" in client.get_page(link[1]) or "password" in client.get_page(link[1])
    database: Database = app.extensions["telehealth.database"]
    with database.reading() as session:
        account = session.scalars(select(Account)).one()
        assert (account.display_name, account.password_hash) == ("Dr Ffion Lloyd", None)
        assert session.scalars(select(PractitionerRole.practitioner_id)).one() == account.practitioner_id
    database.engine.dispose()


def test_the_schema_comes_before_the_people(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'empty.sqlite3'}"
    ended = telehealth(environment(tmp_path, url), "create-service", *SERVICE, "--nation", "wales")
    assert ended.returncode == 2
    assert "telehealth db upgrade" in ended.stderr
