"""The clock of the tests: what starts "soon" must not begin while a slow machine is still at it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo

import pytest

from telehealth import clock

QUARTER = timedelta(minutes=15)


def to_spare(current: datetime) -> timedelta:
    """How far to move the clock on, so that more than half of a quarter of an hour is left."""
    gone = timedelta(minutes=current.minute % 15, seconds=current.second, microseconds=current.microsecond)
    return timedelta(0) if gone < QUARTER / 2 else QUARTER - gone


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
