"""Who sits in a shared clinic, and how many patients it sees at a time while some of them are away.

While all are there, its lanes say how many. While some are away, each of the others sees one patient at a time.
Where a lane was taken out of use, the patients who were booked into it are seen by those of the other lanes.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar
from uuid import UUID

# Instants that can be compared: seconds, or texts as of `sortable`.
Moment = TypeVar("Moment", int, str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """`size`: how many were put into the clinic; `working`: those of them who still work in the service.

    `seats`: how many lanes are open, where there were more; None while all are open.
    """

    size: int
    working: frozenset[UUID]
    seats: int | None = None


class LaneVisit(NamedTuple, Generic[Moment]):
    """What is booked into a lane; in the order in which the clinic sees patients."""

    start: Moment
    lane: int
    end: Moment
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew(Generic[Moment]):
    """`away`: when, for each working member who is away at all; `gone`: how many do not work there any more."""

    size: int
    gone: int
    away: tuple[tuple[tuple[Moment, Moment], ...], ...]
    # No limit but the lanes where all of them are open.
    seats: float = math.inf

    @property
    def is_whole(self) -> bool:
        """Whether nobody is ever away and no lane was taken out of use: the lanes alone count."""
        return not self.gone and not self.away and self.seats == math.inf

    def most_at_once(self, start: Moment, end: Moment) -> float:
        """How many patients may be seen at once from `start` to `end`; no limit but the lanes while all are there."""
        missing = self.gone + sum(
            any(leaves < end and start < returns for leaves, returns in spans) for spans in self.away
        )
        return min(self.seats, self.size - missing) if missing else self.seats

    def beyond(self, visits: Iterable[LaneVisit[Moment]]) -> set[str]:
        """The keys of those for whom nobody is there: who is seen later, and then in a later lane, waits.

        Whoever was booked on top of somebody in a lane goes with them.
        """
        found: set[str] = set()
        seen: dict[int, Moment] = {}
        for visit in sorted(visits):
            seen = {lane: end for lane, end in seen.items() if end > visit.start}
            if visit.lane in seen or len(seen) < self.most_at_once(visit.start, visit.end):
                seen[visit.lane] = max(visit.end, seen.get(visit.lane, visit.end))
            else:
                found.add(visit.key)
        return found


def make_crew(members: Members, leave: Iterable[tuple[UUID | None, Moment, Moment]]) -> Crew[Moment]:
    """`leave`: of anybody; that of others does not count."""
    away: dict[UUID, list[tuple[Moment, Moment]]] = {}
    for person_id, starts, ends in leave:
        if person_id is not None and person_id in members.working:
            away.setdefault(person_id, []).append((starts, ends))
    return Crew(
        size=members.size,
        gone=members.size - len(members.working),
        away=tuple(tuple(spans) for spans in away.values()),
        seats=math.inf if members.seats is None else members.seats,
    )
