"""Whether a recorded authority lets somebody act for a patient on a day."""

from datetime import date, datetime


def is_valid_on(
    today: date, *, valid_from: date, valid_until: date | None, revoked_at: datetime | None
) -> bool:
    """True from the first day to the last, both included, unless it was revoked."""
    if revoked_at is not None or today < valid_from:
        return False
    return valid_until is None or today <= valid_until
