"""Arithmetic on half-open ranges of UTC instants: [start, end)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """From `start` (included) to `end` (excluded), both aware. Raises ValueError when empty or naive."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("an interval needs aware instants")
        if self.start >= self.end:
            raise ValueError("an interval ends after it starts")

    def overlaps(self, other: "Interval") -> bool:
        return self.start < other.end and other.start < self.end

    def common(self, other: "Interval") -> "Interval | None":
        """What both have; None where they do not overlap."""
        if not self.overlaps(other):
            return None
        return Interval(max(self.start, other.start), min(self.end, other.end))

    @property
    def length(self) -> timedelta:
        return self.end - self.start


def subtract(whole: Interval, taken: Iterable[Interval]) -> list[Interval]:
    """What is left of `whole` when every range of `taken` is cut out, in order."""
    left: list[Interval] = []
    start = whole.start
    for cut in sorted(taken):
        if cut.end <= start or cut.start >= whole.end:
            continue
        if cut.start > start:
            left.append(Interval(start, cut.start))
        start = max(start, cut.end)
    if start < whole.end:
        left.append(Interval(start, whole.end))
    return left
