"""The file of published heads: outside the database, so that a cut-off trail is found."""

import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from telehealth.audit.domain.chain import Head

FILE_NAME = "audit-heads.jsonl"
# A line is about 160 bytes.
LONGEST_LINE = 1000


class HeadsUnreadable(Exception):
    """The file is not what we wrote; the message says where."""


def publish_head(path: Path, head: Head) -> bool:
    """Add a line, kept through a power cut. False where this head, or a later one, is in the file already."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        # Several web processes may share the folder; the lock ends when the file is closed.
        fcntl.flock(file, fcntl.LOCK_EX)
        last = _last_head(file)
        if last is not None and last.sequence >= head.sequence:
            return False
        line = {"sequence": head.sequence, "chain_hash": head.chain_hash, "sealed_at": head.sealed_at}
        file.write(json.dumps(line).encode("ascii") + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return True


def last_head(path: Path) -> Head | None:
    """The newest published head. Raises HeadsUnreadable."""
    if not path.exists():
        return None
    with path.open("rb") as file:
        return _last_head(file)


def read_heads(path: Path, size: int | None = None) -> Iterator[Head]:
    """All published heads in their order, read line by line; only the first `size` bytes. Raises HeadsUnreadable."""
    position = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            position += len(line)
            # A last line without an end was being written when its process was killed: it was never published.
            if (size is not None and position > size) or not line.endswith(b"\n"):
                return
            yield _parse(line, f"line {number:,}")


def _last_head(file: BinaryIO) -> Head | None:
    """The last whole line; what a killed process left behind it is cut away where the file is open for writing."""
    end = file.seek(0, os.SEEK_END)
    start = max(0, end - 2 * LONGEST_LINE)
    file.seek(start)
    whole, newline, rest = file.read().rpartition(b"\n")
    if rest and file.writable():
        file.truncate(end - len(rest))
    if not newline:
        return None
    return _parse(whole.rpartition(b"\n")[2], "the last line")


def _parse(line: bytes, place: str) -> Head:
    try:
        found = json.loads(line)
        head = Head(
            sequence=int(found["sequence"]),
            chain_hash=str(found["chain_hash"]),
            sealed_at=str(found["sealed_at"]),
        )
    except (ValueError, KeyError, TypeError):
        raise HeadsUnreadable(f"The file of published heads cannot be read at {place}.") from None
    return head
