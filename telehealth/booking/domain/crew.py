"""Who sits in a shared clinic, and how many patients it sees at a time while some of them are away.

While all are there, its lanes say how many. While some are away, each of the others sees one patient at a time.
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
    """`size`: how many were put into the clinic; `working`: those of them who still work in the service."""

    size: int
    working: frozenset[UUID]


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

    @property
    def is_whole(self) -> bool:
        """Whether nobody is ever away: the lanes alone count."""
        return not self.gone and not self.away

    def most_at_once(self, start: Moment, end: Moment) -> float:
        """How many patients may be seen at once from `start` to `end`; no limit but the lanes while all are there."""
        missing = self.gone + sum(
            any(leaves < end and start < returns for leaves, returns in spans) for spans in self.away
        )
        return self.size - missing if missing else math.inf

    def beyond(self, visits: Iterable[LaneVisit[Moment]]) -> set[str]:
        """The keys of those for whom nobody is there: who is seen later, and then in a later lane, waits."""
        found: set[str] = set()
        seen: list[Moment] = []
        for visit in sorted(visits):
            seen = [end for end in seen if end > visit.start]
            if len(seen) < self.most_at_once(visit.start, visit.end):
                seen.append(visit.end)
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
    )
