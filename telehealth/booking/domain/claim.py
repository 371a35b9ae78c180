"""A reservation of one resource: a hold and a booking are the same row in another state."""

from enum import StrEnum


class ClaimState(StrEnum):
    HELD = "held"
    BOOKED = "booked"
    RELEASED = "released"


LIVE_STATES = (ClaimState.HELD, ClaimState.BOOKED)
