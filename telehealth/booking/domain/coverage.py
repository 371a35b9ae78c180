"""Which of very many bookings lie in no session: a year of a service at once, in a tenth of a second.

Bookings come as text and are compared as text: making an instant of each would take ten times as long.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from telehealth.booking.domain.appointment import Mode
from telehealth.booking.domain.crew import Crew, LaneVisit, make_crew
from telehealth.booking.domain.session_plan import ONE_DAY, SessionPlan, SessionRule

# One booking in the text of `Bookings`: its start, its end (as of `sortable`) and its key (hexadecimal).
INSTANT_WIDTH, KEY_WIDTH = 19, 32
_END_AT, _KEY_AT, _WIDTH = INSTANT_WIDTH, 2 * INSTANT_WIDTH, 2 * INSTANT_WIDTH + KEY_WIDTH

# Of sessions that begin at or before a start, the latest end: what ends by then lies in one of them.
_Reach = tuple[list[str], list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bookings:
    """All that is booked with one owner (a clinician, a shared clinic) in one way, of one type, in one lane and room."""

    owner_id: UUID
    mode: Mode
    type_id: UUID | None
    # Of those who come in person.
    room_id: UUID | None = None
    # The number of the lane; 0 with a clinician.
    lane: int
    text: str


def sortable(instant: datetime) -> str:
    """For example "2027-01-12 09:00:00": in UTC, to the second, so that the order is that of the letters."""
    return str(instant.astimezone(UTC))[:INSTANT_WIDTH]


def find_outside(plan: SessionPlan, bookings: Iterable[Bookings], first: date, last: date) -> set[str]:
    """The keys of those that lie in no session of their owner that takes such visits.

    And in a shared clinic of those for whom nobody is there, or nobody who has the skill. All begin from `first` to `last`, local dates.
    """
    by_owner: dict[UUID, list[Bookings]] = {}
    for each in bookings:
        by_owner.setdefault(each.owner_id, []).append(each)
    outside: set[str] = set()
    for owner_id, own in by_owner.items():
        of_owner = plan.only(owner_id)
        pieces = _pieces(of_owner, first, last)
        crew = crew_of(of_owner, owner_id)
        is_limited = crew is not None and not crew.is_whole
        inside: list[LaneVisit[str]] = []
        for each in own:
            starts, reach = _reach(pieces, each)
            absent = [
                (sortable(span.start), sortable(span.end))
                for span in of_owner.without_experts(owner_id, each.type_id, first, last)
            ]
            text = each.text
            for at in range(0, len(text), _WIDTH):
                start = text[at : at + _END_AT]
                end = text[at + _END_AT : at + _KEY_AT]
                if reach[bisect_right(starts, start) - 1] < end or any(
                    leaves < end and start < returns for leaves, returns in absent
                ):
                    outside.add(text[at + _KEY_AT : at + _WIDTH])
                elif is_limited:
                    inside.append(LaneVisit(start, each.lane, end, text[at + _KEY_AT : at + _WIDTH]))
        if crew is not None and inside:
            outside |= crew.beyond(inside)
    return outside


def crew_of(plan: SessionPlan, owner_id: UUID) -> Crew[str] | None:
    """Of a shared clinic; None for a clinician."""
    members = plan.members.get(owner_id)
    if members is None:
        return None
    return make_crew(
        members,
        ((each.owner_id, sortable(each.span.start), sortable(each.span.end)) for each in plan.closures),
    )


def _pieces(plan: SessionPlan, first: date, last: date) -> list[tuple[str, str, SessionRule]]:
    """What is left of each session. One that began the evening before may still run."""
    return sorted(
        (
            (sortable(piece.start), sortable(piece.end), occurrence.rule)
            for occurrence in plan.occurrences(first - ONE_DAY, last)
            for piece in occurrence.pieces
        ),
        key=lambda piece: piece[:2],
    )


def _reach(pieces: Iterable[tuple[str, str, SessionRule]], bookings: Bookings) -> _Reach:
    # Before the first session nothing reaches anywhere.
    starts, reach = [""], [""]
    for start, end, rule in pieces:
        if rule.takes(bookings.mode, bookings.type_id, bookings.room_id):
            starts.append(start)
            reach.append(max(end, reach[-1]))
    return starts, reach
