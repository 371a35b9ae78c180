"""The states of a message, and when one that could not be sent is tried again."""

from datetime import datetime, timedelta
from enum import StrEnum

MOST_TRIES = 6
# After the first failure; each next pause is five times as long: 1, 5, 25 minutes, 2 and 10 hours.
FIRST_PAUSE = timedelta(minutes=1)
PAUSE_GROWS = 5
# Longer than the slowest mail server may take: who has not told how it went by then has died.
LEASE = timedelta(minutes=3)


class MessageState(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"  # claimed by a dispatcher, until its lease lapses
    SENT = "sent"
    FAILED = "failed"
    WITHHELD = "withheld"  # it would not have been safe for the patient


IS_OVER = frozenset({MessageState.SENT, MessageState.FAILED, MessageState.WITHHELD})


def next_try(attempts: int, now: datetime) -> datetime | None:
    """When to try again after `attempts` tries that failed; None: give up."""
    if attempts >= MOST_TRIES:
        return None
    pauses = int(PAUSE_GROWS ** max(0, attempts - 1))
    return now + FIRST_PAUSE * pauses


def is_too_late(expires_at: datetime | None, at: datetime) -> bool:
    """Whether what the message says is worth nothing any more at that moment: a link that has run out."""
    return expires_at is not None and at >= expires_at
