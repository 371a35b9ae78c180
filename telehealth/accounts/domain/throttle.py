"""How many wrong answers are allowed, and for how long."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Throttle:
    """At most `limit` failures within `window`."""

    limit: int
    window: timedelta

    def tries_left(self, failures: int) -> int:
        """How many wrong answers may still be given, given the `failures` within the window."""
        return max(0, self.limit - failures)


# NCSC: throttle or lock at 5 to 10 guesses.
PASSWORD_THROTTLE = Throttle(limit=10, window=timedelta(minutes=5))
BIRTH_DATE_THROTTLE = Throttle(limit=5, window=timedelta(hours=1))
