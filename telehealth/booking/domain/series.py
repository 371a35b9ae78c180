"""When a series of appointments takes place."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo


def series_starts(first: datetime, zone: ZoneInfo, *, weeks_between: int, count: int) -> list[datetime]:
    """UTC instants at the same time of the clock each time, on whichever side of a clock change.

    An hour that the clocks skip comes out as the hour after it: see `is_skipped`.
    """
    local = first.astimezone(zone)
    wall = local.replace(tzinfo=None)
    step = timedelta(weeks=weeks_between)
    return [
        (wall + step * number).replace(tzinfo=zone, fold=local.fold).astimezone(UTC)
        for number in range(count)
    ]


def is_skipped(start: datetime, first: datetime, zone: ZoneInfo) -> bool:
    """Whether the clocks go forward over the time at which this one of `series_starts` should have been."""
    return start.astimezone(zone).time() != first.astimezone(zone).time()
