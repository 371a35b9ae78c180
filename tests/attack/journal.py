"""What a client did and was told: one line each, on the disk before it goes on, so that its own death loses nothing."""

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any


class Journal:
    """The file of one client; clients that are killed get a successor, which goes on in the same file."""

    def __init__(self, path: Path) -> None:
        is_cut = path.exists() and not path.read_bytes().endswith(b"\n")
        self._file = path.open("a", encoding="utf-8")
        if is_cut:
            # The predecessor was killed while it wrote.
            self._file.write("\n")

    def write(self, what: str, **facts: Any) -> None:
        self._file.write(json.dumps({"what": what, **facts}, default=str) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())


def read_lines(paths: Iterable[Path]) -> Iterator[dict[str, Any]]:
    for path in paths:
        for line in path.read_text(encoding="utf-8").splitlines():
            # A client that was killed while it wrote leaves half a line: nobody went on from there.
            if line.endswith("}"):
                yield json.loads(line)
