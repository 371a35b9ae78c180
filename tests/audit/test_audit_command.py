"""`telehealth audit`, as an operator runs it."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import make_url

from telehealth.accounts.models import Organisation
from telehealth.audit.services.heads import FILE_NAME, read_heads
from telehealth.db import Database
from tests.audit.trail import make_sealed, record_many, seal, someone, stored, tamper

pytestmark = [pytest.mark.service, pytest.mark.process]

TELEHEALTH = str(Path(sys.executable).with_name("telehealth"))


def run(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TELEHEALTH_")}
    return subprocess.run(
        [TELEHEALTH, "audit", *words],
        cwd=folder,
        env={**kept, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def settings(own_database: Database, tmp_path: Path) -> dict[str, str]:
    return {
        "TELEHEALTH_DEMO": "1",
        "TELEHEALTH_DATABASE_URL": own_database.engine.url.render_as_string(hide_password=False),
        "TELEHEALTH_INSTANCE_PATH": str(tmp_path),
    }


def test_sealing_by_hand_publishes_the_head(
    own_database: Database, tmp_path: Path, settings: dict[str, str]
) -> None:
    record_many(own_database, 3)
    assert run(tmp_path, "seal", **settings).stdout == "3 events sealed.\n"
    assert run(tmp_path, "seal", **settings).stdout == "Everything is sealed already.\n"
    assert [head.sequence for head in read_heads(tmp_path / FILE_NAME)] == [3]


def test_a_whole_trail_ends_with_0_and_says_what_was_checked(
    own_database: Database, tmp_path: Path, settings: dict[str, str]
) -> None:
    make_sealed(own_database, 4)
    seal(own_database, tmp_path)
    done = run(tmp_path, "verify", **settings)
    assert done.returncode == 0, done.stderr
    assert "Checked: 4 events with their seals, 1 published heads." in done.stdout
    assert "Head: seal 4 of " in done.stdout
    assert done.stdout.endswith("The audit trail is whole.\n")


def test_a_trail_that_was_tampered_with_ends_with_1_and_names_the_place(
    own_database: Database, tmp_path: Path, settings: dict[str, str]
) -> None:
    events = make_sealed(own_database, 4)
    tamper(own_database, "DELETE FROM audit_event WHERE id = :id", id=stored(own_database, events[2]))
    done = run(tmp_path, "verify", **settings)
    assert done.returncode == 1
    assert done.stdout.startswith(f"Event {events[2]} of seal 3 is gone.\n")
    assert "Whole until there: 2 events with their seals." in done.stdout
    assert "a cut-off end cannot be noticed" in done.stdout


def test_an_export_is_checked_without_settings_or_database(
    own_database: Database, tmp_path: Path, settings: dict[str, str]
) -> None:
    record_many(own_database, 2)
    made = run(tmp_path, "export", "--to", "trail.jsonl", **settings)
    # The export tells of itself.
    assert made.stdout == "3 events exported to trail.jsonl, up to seal 3.\n"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "trail.jsonl").rename(elsewhere / "trail.jsonl")
    done = run(elsewhere, "verify", "--export", "trail.jsonl", "--heads", str(tmp_path / FILE_NAME))
    assert done.returncode == 0, done.stderr + done.stdout
    text = (elsewhere / "trail.jsonl").read_text()
    (elsewhere / "trail.jsonl").write_text(text.replace("number 2", "number 7"))
    done = run(elsewhere, "verify", "--export", "trail.jsonl")
    assert done.returncode == 1
    assert "(seal 2) was altered." in done.stdout


def test_one_organisation_is_exported_by_its_name(
    own_database: Database, tmp_path: Path, settings: dict[str, str]
) -> None:
    with own_database.transaction() as session:
        organisation = Organisation(name="Hillside Health")
        session.add(organisation)
        session.flush()
    record_many(own_database, 1, someone(organisation.id))
    record_many(own_database, 2)
    words = ("export", "--to", "ours.jsonl", "--organisation")
    assert run(tmp_path, *words, "Hillside Health", **settings).stdout.startswith("2 events exported")
    assert "2 of other organisations" in run(tmp_path, "verify", "--export", "ours.jsonl").stdout
    refused = run(tmp_path, *words, "Nowhere", **settings)
    assert refused.returncode == 2
    assert "There is no organisation named 'Nowhere'." in refused.stderr


def test_a_database_of_another_version_is_said_to_be_one(tmp_path: Path) -> None:
    settings = {"TELEHEALTH_DEMO": "1", "TELEHEALTH_INSTANCE_PATH": str(tmp_path)}
    done = run(tmp_path, "verify", **settings)
    assert done.returncode == 2
    assert "telehealth db upgrade" in done.stderr


def test_the_trail_can_be_verified_while_somebody_writes(
    own_database: Database, tmp_path: Path, settings: dict[str, str]
) -> None:
    make_sealed(own_database, 2)
    url = make_url(settings["TELEHEALTH_DATABASE_URL"])
    if url.get_backend_name() != "sqlite":
        with own_database.transaction() as session:
            record_many(own_database, 1)
            assert session.in_transaction()
            assert run(tmp_path, "verify", **settings).returncode == 0
        return
    with closing(sqlite3.connect(str(url.database), isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        assert run(tmp_path, "verify", **settings).returncode == 0
        writer.execute("ROLLBACK")
