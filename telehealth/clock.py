"""The one place that reads the clock."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

# Dates without a service, such as an authority's first and last day, are days in the United Kingdom.
UK = ZoneInfo("Europe/London")


def now() -> datetime:
    """The current instant, aware, in UTC."""
    return datetime.now(UTC)


def uk_today() -> date:
    """The date in the United Kingdom."""
    return now().astimezone(UK).date()
