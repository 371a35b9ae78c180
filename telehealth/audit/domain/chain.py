"""The chain: each event has a hash over all its columns, each seal one over that and over the seal before."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from uuid import UUID

# What the first seal stands on.
START = "0" * 64

Value = str | int | float | bytes | UUID | datetime | Enum | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The newest seal, as it is published outside the database."""

    sequence: int
    chain_hash: str
    sealed_at: str

    @property
    def sealed_instant(self) -> datetime:
        return datetime.fromisoformat(self.sealed_at)


def plain_fields(columns: Mapping[str, Value]) -> dict[str, str]:
    """An event's columns as texts, the same on every database and in an export.

    Empty ones are left out, so that a column that is added later leaves the hashes of older events as they are.
    No column may be both empty and missing: texts are never NULL, and keys never "".
    """
    return {name: plain_text(value) for name, value in columns.items() if value is not None and value != ""}


def plain_text(value: Value) -> str:
    """A value as text: an instant in UTC with microseconds, an enumeration by its value."""
    if isinstance(value, datetime):
        instant = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        return instant.isoformat(timespec="microseconds")
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, str):
        return value
    # Numbers and bytes are in no column of ours: only a forger's row has them, and it must not look like a text.
    return str(value) if isinstance(value, UUID) else f"\0{type(value).__name__} {value!r}"


def event_hash(fields: Mapping[str, str]) -> str:
    """SHA-256 over `plain_fields`, as hexadecimal."""
    return _digest("event", dict(fields))


def chain_hash(previous: str, event: str, sequence: int, sealed_at: str) -> str:
    """SHA-256 over a seal and the one before it (START for the first), as hexadecimal."""
    return _digest(
        "seal", {"previous": previous, "event": event, "sequence": sequence, "sealed_at": sealed_at}
    )


def _digest(kind: str, content: Mapping[str, str | int]) -> str:
    text = json.dumps([kind, content], sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()
