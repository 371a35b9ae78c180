"""Codes of an authenticator app (RFC 6238): which steps may be right now, and what counts as typed."""

from collections.abc import Iterable
from datetime import datetime

STEP_S = 30
CODE_DIGITS = 6
# Clocks of phones go wrong by some seconds, and typing takes some.
STEPS_AROUND = 1


def step_at(instant: datetime) -> int:
    return int(instant.timestamp()) // STEP_S


def steps_to_try(now: datetime, last_step: int) -> list[int]:
    """The steps whose code is accepted: around now, and only after the last one that was used."""
    here = step_at(now)
    return [step for step in range(here - STEPS_AROUND, here + STEPS_AROUND + 1) if step > last_step]


def normal_code(text: str) -> str | None:
    """The six digits of a typed code ("123 456"), or None where it cannot be one."""
    digits = "".join(text.split()).replace("-", "")
    return digits if len(digits) == CODE_DIGITS and digits.isascii() and digits.isdigit() else None


def spaced(secret: str) -> str:
    """A secret in groups of four, as somebody types it: "JBSW Y3DP EHPK 3PXP"."""
    return " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))


def first_match(steps: Iterable[int], is_right: Iterable[bool]) -> int | None:
    """The earliest step whose code was the typed one; all are compared, so the time taken tells nothing."""
    found = [step for step, right in zip(steps, list(is_right), strict=True) if right]
    return found[0] if found else None
