"""The clock of the tests: what starts "soon" must not begin while a slow machine is still at it."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta, tzinfo

import pytest

from telehealth import clock
from telehealth.clock import UK

QUARTER = timedelta(minutes=15)


def to_spare(current: datetime) -> timedelta:
    """How far to move the clock on, so that half of a quarter of an hour is left, and two hours of the day."""
    quarter = current.replace(minute=current.minute // 15 * 15, second=0, microsecond=0)
    wanted = current if current - quarter < QUARTER / 2 else quarter + QUARTER
    local = wanted.astimezone(UK)
    if local.hour >= 22:
        # Sessions of the tests end at midnight, and what is near it differs from what they say of "today".
        wanted = datetime.combine(local.date() + timedelta(days=1), time(0, 1), UK)
    return wanted - current


@pytest.fixture(scope="module", autouse=True)
def _time_to_spare(request: pytest.FixtureRequest) -> Iterator[None]:
    """For a whole module, whose scene may be shared; real servers and browsers keep the real clock."""
    if any(request.node.get_closest_marker(name) for name in ("process", "attack", "journey")):
        yield
        return
    moved_on = to_spare(datetime.now(UTC))

    class MovedOn(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + moved_on

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "datetime", MovedOn)
        yield
