"""The keys that wrap each row's key. Standard library only; where they come from is `config`'s business."""

import base64
import binascii
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

KEY_BYTES = 32
_NAME = re.compile(r"[A-Za-z0-9._-]{1,40}")


class KeyRingError(ValueError):
    """An entry cannot be read; the message says which and what to do, and never holds a key."""


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Keys by name. What is sealed anew is wrapped under the `active` one; the others only open."""

    active: str
    keys: Mapping[str, bytes]

    def __repr__(self) -> str:
        return f"KeyRing(active={self.active!r}, names={sorted(self.keys)})"

    @classmethod
    def parse(cls, text: str) -> "KeyRing":
        """From `name:base64` entries, one a line or separated by commas; the first is the active one."""
        entries = [
            line.strip()
            for line in text.replace(",", "\n").splitlines()
            if line.strip() and not line.strip().startswith("#")
        ]
        if not entries:
            raise KeyRingError("There is no key. Make one with: telehealth keys new")
        keys: dict[str, bytes] = {}
        for number, entry in enumerate(entries, start=1):
            name, _, encoded = entry.partition(":")
            if not _NAME.fullmatch(name.strip()):
                raise KeyRingError(
                    f"Entry {number} is not written as name:key. Make one with: telehealth keys new"
                )
            if name.strip() in keys:
                raise KeyRingError(f"The key {name.strip()!r} is there twice. Remove one of the two lines.")
            keys[name.strip()] = _decode(name.strip(), encoded.strip())
        return cls(active=next(iter(keys)), keys=keys)


def _decode(name: str, encoded: str) -> bytes:
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES or len(set(key)) < 8:
        raise KeyRingError(
            f"The key {name!r} is not 32 random bytes in base64. Make one with: telehealth keys new"
        )
    return key


def new_key_line(name: str) -> str:
    """A fresh entry, for example "2027-01:mY3r…"."""
    return f"{name}:{base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode('ascii')}"
