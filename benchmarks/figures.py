"""A measured figure and the most that it may be."""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    name: str
    measured: float
    limit: float
    unit: str

    @property
    def shown(self) -> str:
        return f"{self.measured:,.{1 if self.unit == 'kB' or self.limit < 10 else 0}f} {self.unit}"

    @property
    def target(self) -> str:
        return f"{self.limit:,.0f} {self.unit}"

    @property
    def is_reached(self) -> bool:
        return self.measured <= self.limit


def percentile(values: Sequence[float], percent: int) -> float:
    """Nearest rank: with 20 values the 95th percentile is the 19th."""
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]
