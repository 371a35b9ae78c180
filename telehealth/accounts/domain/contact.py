"""A new phone number or e-mail: how it is shown, and how a code proves that it is the patient's."""

import secrets
from datetime import datetime, timedelta

CODE_DIGITS = 6
CODE_LIFE = timedelta(minutes=10)
# Of one change, over all codes that were sent for it.
CODE_TRIES = 5
# Of one patient: whoever guesses codes could ask for new ones without end.
CHANGES_A_DAY = 5


def make_code() -> str:
    """Six random digits."""
    return f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"


def plain_code(typed: str) -> str:
    """A code as it was typed or read out, without the spaces."""
    return "".join(typed.split())


def is_code_usable(*, expires_at: datetime | None, failures: int, now: datetime) -> bool:
    """Whether a code was sent, is not too old, and was not guessed at too often."""
    return expires_at is not None and now < expires_at and failures < CODE_TRIES


def mask_phone(number: str) -> str:
    """For example "…67": enough to know one's own number by."""
    return f"…{number[-2:]}" if len(number) > 4 else "…"


def mask_email(email: str) -> str:
    """For example "m•••@example.org"."""
    name, at, domain = email.partition("@")
    return f"{name[:1]}•••{at}{domain}"
