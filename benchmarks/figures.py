"""A measured figure and the most that it may be."""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    name: str
    measured: float
    # None: nothing was promised, it is there to compare with.
    limit: float | None
    unit: str

    @property
    def shown(self) -> str:
        digits = 1 if self.unit == "kB" or self.measured < 10 else 0
        return f"{self.measured:,.{digits}f} {self.unit}"

    @property
    def target(self) -> str:
        return "" if self.limit is None else f"at most {self.limit:,.0f} {self.unit}"

    @property
    def outcome(self) -> str:
        if self.limit is None:
            return ""
        return "reached" if self.measured <= self.limit else "MISSED"


def percentile(values: Sequence[float], percent: int) -> float:
    """Nearest rank: with 20 values the 95th percentile is the 19th."""
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]
