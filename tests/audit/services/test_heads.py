"""The file of published heads: only whole lines, only forward."""

from pathlib import Path

import pytest

from telehealth.audit.domain.chain import Head
from telehealth.audit.services.heads import HeadsUnreadable, last_head, publish_head, read_heads

pytestmark = pytest.mark.service


def head(sequence: int) -> Head:
    return Head(sequence=sequence, chain_hash=f"{sequence:064}", sealed_at="2026-11-22T10:00:00.000000+00:00")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "made" / "audit-heads.jsonl"


def test_heads_come_back_in_their_order(path: Path) -> None:
    for sequence in (1, 5, 9):
        assert publish_head(path, head(sequence))
    assert list(read_heads(path)) == [head(1), head(5), head(9)]
    assert last_head(path) == head(9)


@pytest.mark.parametrize("late", [3, 5])
def test_a_head_that_came_late_is_left_out(path: Path, late: int) -> None:
    publish_head(path, head(5))
    assert not publish_head(path, head(late))
    assert list(read_heads(path)) == [head(5)]


def test_no_file_has_no_head(path: Path) -> None:
    assert last_head(path) is None


def test_half_a_line_of_a_killed_process_is_never_read_and_replaced(path: Path) -> None:
    publish_head(path, head(1))
    with path.open("a") as file:
        file.write('{"sequence": 2, "chain_ha')
    assert list(read_heads(path)) == [head(1)]
    assert last_head(path) == head(1)
    publish_head(path, head(3))
    assert list(read_heads(path)) == [head(1), head(3)]


def test_half_of_the_first_line_is_replaced_too(path: Path) -> None:
    path.parent.mkdir()
    path.write_text('{"sequence')
    publish_head(path, head(1))
    assert list(read_heads(path)) == [head(1)]


def test_reading_stops_where_the_file_ended_when_it_was_measured(path: Path) -> None:
    publish_head(path, head(1))
    size = path.stat().st_size
    publish_head(path, head(2))
    assert list(read_heads(path, size)) == [head(1)]


@pytest.mark.parametrize("line", ["nonsense", "[]", '{"sequence": "x"}', "17"])
def test_a_line_that_is_not_ours_is_named(path: Path, line: str) -> None:
    publish_head(path, head(1))
    with path.open("a") as file:
        file.write(f"{line}\n")
    with pytest.raises(HeadsUnreadable, match="line 2"):
        list(read_heads(path))
