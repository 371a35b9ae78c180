"""A reservation of one resource: a hold and a booking are the same row in another state."""

from datetime import timedelta
from enum import StrEnum


class ClaimState(StrEnum):
    HELD = "held"
    BOOKED = "booked"
    # Booked on top of others, by a named member of staff: outside the rule that no two overlap.
    OVERBOOKED = "overbooked"
    RELEASED = "released"


# No two of these overlap on one resource.
LIVE_STATES = (ClaimState.HELD, ClaimState.BOOKED)
# These keep a time from being offered.
BUSY_STATES = (ClaimState.HELD, ClaimState.BOOKED, ClaimState.OVERBOOKED)

HOLD_FOR = timedelta(minutes=5)
# No claim is longer: this bounds how far back an overlap is looked for.
LONGEST_CLAIM = timedelta(hours=24)
