"""An export proves itself: what is changed in the file is found without a database."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from telehealth.audit.services.export import write_export
from telehealth.audit.services.heads import FILE_NAME
from telehealth.audit.services.seal import seal_new_events
from telehealth.audit.services.verify import verify_export
from telehealth.db import Database
from tests.audit.trail import ORGANISATION, OTHER_ORGANISATION, make_sealed, record_many, seal, someone

pytestmark = pytest.mark.service

Lines = list[dict[str, Any]]


@pytest.fixture
def export(own_database: Database, tmp_path: Path) -> Path:
    """Five events."""
    make_sealed(own_database, 5)
    with own_database.reading() as session:
        write_export(session, tmp_path / "trail.jsonl")
    return tmp_path / "trail.jsonl"


def read(path: Path) -> Lines:
    return [json.loads(line) for line in path.read_text().splitlines()]


def write(path: Path, lines: Lines) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def test_an_export_that_nobody_touched_is_whole(export: Path) -> None:
    report = verify_export(export)
    assert (report.problem, report.seals, report.withheld) == (None, 5, 0)


def test_the_file_is_for_its_owner_alone(export: Path) -> None:
    assert export.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "column",
    ["actor", "actor_name", "action", "reason", "patient_id", "recorded_at", "organisation_id", "id"],
)
def test_each_part_of_an_event_is_bound(export: Path, column: str) -> None:
    lines = read(export)
    lines[3]["event"][column] = "changed"
    write(export, lines)
    assert verify_export(export).problem == f"Event {lines[3]['event_id']} (seal 3) was altered."


def remove_event(lines: Lines) -> None:
    lines[2]["event"] = None


def remove_line(lines: Lines) -> None:
    del lines[2]


def remove_tail(lines: Lines) -> None:
    del lines[4:]


def remove_end(lines: Lines) -> None:
    del lines[-1]


def remove_last_event(lines: Lines) -> None:
    del lines[-2]


def swap(lines: Lines) -> None:
    lines[2], lines[3] = lines[3], lines[2]


def withhold(lines: Lines) -> None:
    lines[2] = {**lines[2], "withheld": True, "event": None}


def forge_seal(lines: Lines) -> None:
    lines[2]["chain_hash"] = "0" * 64


def go_on(lines: Lines) -> None:
    lines.append(lines[-2])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (remove_event, "of seal 2 is gone."),
        (remove_line, "Seal 2 is missing."),
        (remove_tail, "The export is cut off after seal 3: its last line is missing."),
        (remove_end, "The export is cut off after seal 5: its last line is missing."),
        (remove_last_event, "it ends with seal 5, its last seal is 4."),
        (swap, "Seal 2 is missing."),
        (withhold, "of seal 2 is gone."),
        (forge_seal, "The chain is broken at seal 2."),
        (go_on, "The export goes on after its end, at line 8."),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_tampering_with_the_file_is_found(export: Path, change: Callable[[Lines], None], said: str) -> None:
    lines = read(export)
    change(lines)
    write(export, lines)
    problem = verify_export(export).problem
    assert problem is not None
    assert problem.endswith(said)


@pytest.mark.parametrize(
    "content",
    ["", "nonsense", "{}", '{"format":"telehealth audit export 1"}\n[]\n', "\xff" * 9, "[" * 100_000],
)
def test_another_file_is_no_export(tmp_path: Path, content: str) -> None:
    path = tmp_path / "file"
    path.write_text(content, encoding="latin-1")
    assert verify_export(path).problem is not None


def test_an_end_cut_off_with_care_is_found_by_the_published_heads(
    own_database: Database, export: Path, tmp_path: Path
) -> None:
    seal(own_database, tmp_path)
    lines = read(export)
    write(export, [*lines[:4], {"end": 3}])
    assert verify_export(export).problem is None
    problem = verify_export(export, tmp_path / FILE_NAME).problem
    assert problem is not None
    assert problem.startswith("The trail is cut off")


def test_an_organisations_export_holds_no_word_of_another(own_database: Database, tmp_path: Path) -> None:
    theirs = someone(OTHER_ORGANISATION)
    record_many(own_database, 2)
    record_many(own_database, 3, theirs)
    record_many(own_database, 1)
    seal_new_events(own_database)
    path = tmp_path / "ours.jsonl"
    with own_database.reading() as session:
        count, head = write_export(session, path, ORGANISATION)
    assert count == 3
    assert head is not None
    assert head.sequence == 6
    report = verify_export(path)
    assert (report.problem, report.seals, report.withheld) == (None, 6, 3)
    assert theirs.key not in path.read_text()
    assert f"{OTHER_ORGANISATION}" not in path.read_text()


def test_a_withheld_hash_that_was_changed_is_found(own_database: Database, tmp_path: Path) -> None:
    record_many(own_database, 1)
    record_many(own_database, 1, someone(OTHER_ORGANISATION))
    seal_new_events(own_database)
    path = tmp_path / "ours.jsonl"
    with own_database.reading() as session:
        write_export(session, path, ORGANISATION)
    lines = read(path)
    lines[2]["event_hash"] = "0" * 64
    write(path, lines)
    assert verify_export(path).problem == "The chain is broken at seal 2."
