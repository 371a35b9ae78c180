"""`telehealth keys`, as a process of its own: new, status, and rotating that is killed in between."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth import key_rotation, sealing
from telehealth.accounts.models import Patient
from telehealth.audit.models import AuditEvent
from telehealth.db import Database
from telehealth.keyring import KeyRing, new_key_line
from telehealth.sealing import KeyMissing, RowKey, hash_contact
from tests.factories import make_cast

pytestmark = [pytest.mark.service, pytest.mark.process]

TELEHEALTH = str(Path(sys.executable).with_name("telehealth"))
OLD, NEW = new_key_line("old"), new_key_line("new")
ROWS = key_rotation.BATCH * 3

# Stops for good after its first batch, as long as nobody writes to it.
ROTATE_AND_WAIT = """
import sys
from telehealth import sealing
from telehealth.db import Database, make_engine
from telehealth.key_rotation import rotate_keys
from telehealth.keyring import KeyRing

def report(done, total):
    print(done, total, flush=True)
    sys.stdin.read()

sealing.install(KeyRing.parse(sys.argv[2]))
rotate_keys(Database(make_engine(sys.argv[1])), report)
"""


@pytest.fixture(autouse=True)
def _old_ring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "_installed", [KeyRing.parse(OLD)])


@pytest.fixture
def rows(own_database: Database) -> Iterator[list[RowKey]]:
    """Many rows' keys under the old key, as they are before rotating."""
    with own_database.transaction() as session:
        make_cast(session)
        session.add_all(RowKey.make("nothing", uuid4()) for _ in range(ROWS))
    with own_database.reading() as session:
        yield list(session.scalars(select(RowKey)))


def keys(command: list[str], url: str, ring: str, folder: Path) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TELEHEALTH_")}
    settings = {
        "TELEHEALTH_BASE_URL": "http://localhost:5000",
        "TELEHEALTH_SECRET_KEY": "only for tests: 0123456789 abcdefghijklmnop",
        "TELEHEALTH_INSTANCE_PATH": str(folder),
        "TELEHEALTH_DATABASE_URL": url,
        "TELEHEALTH_KEYS": ring,
    }
    return subprocess.run(
        [TELEHEALTH, "keys", *command],
        cwd=folder,
        env={**kept, **settings},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def url_of(database: Database) -> str:
    return database.engine.url.render_as_string(hide_password=False)


def counts(session: Session) -> dict[str, int]:
    """By key, those of the ring that have none left out."""
    return {name: count for name, count in key_rotation.count_row_keys(session).items() if count}


def test_rotating_moves_the_keys_and_nothing_else(
    own_database: Database, rows: list[RowKey], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with own_database.reading() as session:
        patients = {patient.id: patient for patient in session.scalars(select(Patient))}
    with own_database.transaction() as session:
        known = hash_contact(session, "phone", "+447700900123")
    told = keys(["rotate"], url_of(own_database), f"{NEW}\n{OLD}", tmp_path)
    assert (told.returncode, told.stderr) == (0, "")
    total = f"{len(rows):,}"
    assert told.stdout.splitlines() == [
        *(f"{done:,} of {total}" for done in (500, 1000, 1500)),
        f"{total} of {total}",
        f"{total} rows are now under 'new'.",
    ]
    # The old key is gone: everything is read with the new one alone.
    monkeypatch.setattr(sealing, "_installed", [KeyRing.parse(NEW)])
    with own_database.transaction() as session:
        assert counts(session) == {"new": len(rows)}
        for patient in session.scalars(select(Patient)):
            assert patient.phone == "+447700900123"
            assert patient.phone_sealed == patients[patient.id].phone_sealed
        assert hash_contact(session, "phone", "+447700900123") == known
        recorded = session.scalars(select(AuditEvent).where(AuditEvent.action == "keys.rotated")).one()
        assert recorded.reason == f"{len(rows)} rows to new"
    again = keys(["rotate"], url_of(own_database), NEW, tmp_path)
    assert again.stdout == "All rows are under 'new' already.\n"


def test_rotating_that_was_killed_goes_on(
    own_database: Database, rows: list[RowKey], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = f"{NEW}\n{OLD}"
    with subprocess.Popen(
        [sys.executable, "-c", ROTATE_AND_WAIT, url_of(own_database), both],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == f"500 {len(rows)}\n"
        process.send_signal(signal.SIGKILL)
        assert process.wait(timeout=30) == -signal.SIGKILL
    monkeypatch.setattr(sealing, "_installed", [KeyRing.parse(both)])
    with own_database.reading() as session:
        half = {
            key.row_id: key.wrapped
            for key in session.scalars(select(RowKey).where(RowKey.ring_key_id == "new"))
        }
        assert counts(session) == {"old": len(rows) - 500, "new": 500}
        assert {patient.phone for patient in session.scalars(select(Patient))} == {"+447700900123"}
    told = keys(["rotate"], url_of(own_database), both, tmp_path)
    assert told.returncode == 0
    assert f"{len(rows) - 500:,} of {len(rows) - 500:,}\n" in told.stdout
    with own_database.reading() as session:
        assert counts(session) == {"new": len(rows)}
        for key in session.scalars(select(RowKey).where(RowKey.row_id.in_(half))):
            assert key.wrapped == half[key.row_id]


def test_without_the_old_key_nothing_is_changed_and_it_is_named(
    own_database: Database, rows: list[RowKey], tmp_path: Path
) -> None:
    told = keys(["rotate"], url_of(own_database), NEW, tmp_path)
    assert (told.returncode, told.stdout) == (2, "")
    assert "the key ring lacks: old." in told.stderr
    assert "Traceback" not in told.stderr
    with own_database.reading() as session:
        assert counts(session) == {"old": len(rows)}
        sealing.install(KeyRing.parse(NEW))
        with pytest.raises(KeyMissing, match="lacks: old"):
            key_rotation.require_keys(session)


def test_an_altered_key_is_named_and_the_others_are_moved(
    own_database: Database, rows: list[RowKey], tmp_path: Path
) -> None:
    with own_database.transaction() as session:
        broken = session.get_one(RowKey, rows[0].row_id)
        broken.wrapped = rows[1].wrapped
    told = keys(["rotate"], url_of(own_database), f"{NEW}\n{OLD}", tmp_path)
    assert told.returncode == 2
    assert f"{rows[0].table_name}/{rows[0].row_id}" in told.stderr
    with own_database.reading() as session:
        assert counts(session) == {"old": 1, "new": len(rows) - 1}


def test_the_state_says_which_keys_are_in_use_which_can_go_and_which_are_missing(
    own_database: Database, rows: list[RowKey], tmp_path: Path
) -> None:
    def told(ring: str) -> tuple[int, dict[str, str]]:
        answer = keys(["status"], url_of(own_database), ring, tmp_path)
        assert answer.stderr == ""
        lines = [line.split(maxsplit=1) for line in answer.stdout.splitlines()]
        return answer.returncode, {name: " ".join(rest.split()) for name, rest in lines}

    count = f"{len(rows):,}"
    code, state = told(f"{NEW}\n{OLD}")
    assert (code, list(state)) == (0, ["new", "old"])
    assert state["new"] == "0 active"
    assert state["old"].startswith(f"{count} in use")
    code, state = told(f"{OLD}\n{NEW}")
    assert (code, state["old"]) == (0, f"{count} active")
    assert state["new"].startswith("0 not in use")
    code, state = told(NEW)
    assert (code, state["new"]) == (1, "0 active")
    assert state["old"].startswith(f"{count} MISSING")


def test_a_new_key_is_a_line_for_the_ring(tmp_path: Path) -> None:
    told = keys(["new", "--id", "2027-01"], "", "", tmp_path)
    assert told.returncode == 0
    assert list(KeyRing.parse(told.stdout).keys) == ["2027-01"]
    assert "first in TELEHEALTH_KEYS" in told.stderr
    dated = keys(["new"], "", "", tmp_path)
    assert KeyRing.parse(f"{told.stdout}{dated.stdout}").active == "2027-01"
    wrong = keys(["new", "--id", "two words"], "", "", tmp_path)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "--id" in wrong.stderr
