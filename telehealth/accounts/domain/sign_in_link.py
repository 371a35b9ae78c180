"""How long the link in a patient's or carer's e-mail works, and how often one may be asked for."""

from datetime import datetime, timedelta

from telehealth.accounts.domain.throttle import Throttle

LINK_LIFE = timedelta(minutes=10)
# Wrong dates of birth that a link takes before it is closed.
LINK_TRIES = 5
# For one e-mail address, whether anybody has it or not.
LINKS_TO_AN_ADDRESS = Throttle(limit=5, window=timedelta(hours=1))
# From one network address: a clinic's waiting room shares one.
LINKS_FROM_A_PLACE = Throttle(limit=30, window=timedelta(hours=1))


def is_link_usable(*, expires_at: datetime, closed_at: datetime | None, failures: int, now: datetime) -> bool:
    """Whether the link was not used, replaced or given up, and has not run out."""
    return closed_at is None and now < expires_at and failures < LINK_TRIES
