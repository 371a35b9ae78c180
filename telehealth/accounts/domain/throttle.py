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
# A code has six digits, of which three are right at a time.
CODE_THROTTLE = Throttle(limit=5, window=timedelta(minutes=5))
BIRTH_DATE_THROTTLE = Throttle(limit=5, window=timedelta(hours=1))
# A link is locked for good after this many wrong answers, however slowly they came.
LINK_FAILURES = 10


def link_tries_left(*, recent_failures: int, all_failures: int) -> int:
    """How many wrong dates of birth a join link still takes now: five in an hour, ten in all."""
    return min(
        BIRTH_DATE_THROTTLE.tries_left(recent_failures),
        max(0, LINK_FAILURES - all_failures),
    )


def is_locked_for_good(all_failures: int) -> bool:
    return all_failures >= LINK_FAILURES
