"""The trail as a file of JSON lines that proves itself: a first line, one for each seal, and a last line."""

import json
import os
from collections.abc import Generator
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from telehealth.audit.domain.chain import Head, plain_text
from telehealth.audit.domain.check import Link
from telehealth.audit.services.links import read_links
from telehealth.clock import now

FORMAT = "telehealth audit export 1"


class ExportUnreadable(Exception):
    """The file is no export, or not a whole one; the message says where."""


def write_export(
    session: Session, path: Path, organisation_id: UUID | None = None
) -> tuple[int, Head | None]:
    """Write all that is sealed; with an organisation, other events only as the hashes that the chain needs.

    Returns how many events are in it, and its head. The file appears when it is complete, for its owner alone.
    """
    unfinished = path.with_name(path.name + ".part")
    head: Head | None = None
    count = 0
    # Made anew with narrow rights: it holds names, and who saw whose record.
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        _write(
            file, {"format": FORMAT, "exported_at": plain_text(now()), "organisation": _text(organisation_id)}
        )
        for link in read_links(session):
            is_ours = organisation_id is None or (
                link.event is not None and link.event.get("organisation_id") == str(organisation_id)
            )
            count += is_ours
            _write(file, _line(link, is_ours=is_ours))
            head = Head(sequence=link.sequence, chain_hash=link.chain_hash, sealed_at=link.sealed_at)
        _write(file, {"end": head.sequence if head else 0})
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    return count, head


def read_export(path: Path) -> Generator[Link]:
    """The seals of an export, one line at a time. Raises ExportUnreadable."""
    last = 0
    try:
        with path.open(encoding="utf-8") as file:
            first = _parse(file.readline(), 1)
            if first.get("format") != FORMAT:
                raise ExportUnreadable("This file is no export of an audit trail.")
            for number, line in enumerate(file, start=2):
                content = _parse(line, number)
                if "end" in content:
                    if content["end"] != last:
                        raise ExportUnreadable(
                            f"The trail is cut off: the export says that it ends with seal {content['end']}, "
                            f"its last seal is {last:,}."
                        )
                    if file.readline():
                        raise ExportUnreadable(f"The export goes on after its end, at line {number + 1:,}.")
                    return
                link = _link(content, number, is_whole=first.get("organisation") is None)
                last = link.sequence
                yield link
    except UnicodeDecodeError:
        raise ExportUnreadable("This file is no export of an audit trail.") from None
    raise ExportUnreadable(f"The export is cut off after seal {last:,}: its last line is missing.")


def _line(link: Link, *, is_ours: bool) -> dict[str, Any]:
    seal: dict[str, Any] = {
        "sequence": link.sequence,
        "event_hash": link.event_hash,
        "chain_hash": link.chain_hash,
        "sealed_at": link.sealed_at,
    }
    return {**seal, "event_id": link.event_id, "event": link.event} if is_ours else {**seal, "withheld": True}


def _link(content: dict[str, Any], number: int, *, is_whole: bool) -> Link:
    event = content.get("event")
    try:
        return Link(
            sequence=int(content["sequence"]),
            event_id=str(content.get("event_id", "")),
            event_hash=str(content["event_hash"]),
            chain_hash=str(content["chain_hash"]),
            sealed_at=str(content["sealed_at"]),
            event={str(name): str(value) for name, value in event.items()} if event is not None else None,
            is_withheld=not is_whole and content.get("withheld") is True,
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise _unreadable(number) from None


def _parse(line: str, number: int) -> dict[str, Any]:
    try:
        content = json.loads(line)
    except (ValueError, RecursionError):
        raise _unreadable(number) from None
    if not isinstance(content, dict):
        raise _unreadable(number)
    return content


def _unreadable(number: int) -> ExportUnreadable:
    return ExportUnreadable(f"The export cannot be read at line {number:,}.")


def _write(file: Any, content: dict[str, Any]) -> None:
    file.write(json.dumps(content, separators=(",", ":")) + "\n")


def _text(value: UUID | None) -> str | None:
    return str(value) if value is not None else None
