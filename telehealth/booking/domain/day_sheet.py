"""A column of the day sheet: one day of one clinician cut into stretches that follow one another without a hole."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from telehealth.booking.domain.intervals import Interval, subtract


class StretchKind(StrEnum):
    TAKEN = "taken"  # appointments or holds; more than one where they overlap
    CLOSED = "closed"  # in a session that does not take place then
    GAP = "gap"  # an appointment can start here
    FREE = "free"  # in a session, but nothing of the wanted kind can start here
    OUTSIDE = "outside"  # no session


@dataclass(frozen=True, slots=True)
class Stretch:
    """`indexes`: which of `taken` (or of `closed`) it shows."""

    kind: StretchKind
    span: Interval
    indexes: tuple[int, ...] = ()


def cut_day(
    day: Interval,
    *,
    sessions: Iterable[Interval],
    closed: Sequence[Interval],
    taken: Sequence[Interval],
    starts: Iterable[datetime],
    length: timedelta,
) -> list[Stretch]:
    """All of `day` in order. What is taken hides a closure, and a closure hides a gap.

    `starts`: when something of `length` can begin; each makes a gap, at most until the next start.
    """
    stretches = _clusters(day, taken)
    left = subtract(day, [stretch.span for stretch in stretches])
    open_sessions = merge(sessions)
    begins = sorted(starts)
    for index, closure in enumerate(closed):
        rest = []
        for free in left:
            hit = clip(closure, free)
            if hit is None:
                rest.append(free)
                continue
            stretches.append(Stretch(StretchKind.CLOSED, hit, (index,)))
            rest.extend(subtract(free, [hit]))
        left = rest
    for free in left:
        inside = [part for session in open_sessions if (part := clip(session, free))]
        stretches.extend(Stretch(StretchKind.OUTSIDE, part) for part in subtract(free, inside))
        for part in inside:
            stretches.extend(_gaps(part, begins, length))
    return sorted(stretches, key=lambda stretch: stretch.span)


def clip(interval: Interval, within: Interval) -> Interval | None:
    """The part of `interval` that lies in `within`."""
    start, end = max(interval.start, within.start), min(interval.end, within.end)
    return Interval(start, end) if start < end else None


def merge(intervals: Iterable[Interval]) -> list[Interval]:
    """The same time without overlaps, in order; what touches becomes one."""
    merged: list[Interval] = []
    for each in sorted(intervals):
        if merged and each.start <= merged[-1].end:
            merged[-1] = Interval(merged[-1].start, max(merged[-1].end, each.end))
        else:
            merged.append(each)
    return merged


def _clusters(day: Interval, taken: Sequence[Interval]) -> list[Stretch]:
    """What overlaps stands together; what only touches does not."""
    found: list[Stretch] = []
    clipped = [(part, index) for index, each in enumerate(taken) if (part := clip(each, day))]
    for part, index in sorted(clipped):
        if found and part.start < found[-1].span.end:
            last = found.pop()
            span = Interval(last.span.start, max(last.span.end, part.end))
            found.append(Stretch(StretchKind.TAKEN, span, (*last.indexes, index)))
        else:
            found.append(Stretch(StretchKind.TAKEN, part, (index,)))
    return found


def _gaps(part: Interval, begins: Sequence[datetime], length: timedelta) -> list[Stretch]:
    found: list[Stretch] = []
    at = part.start
    inside = [begin for begin in begins if part.start <= begin < part.end]
    for begin, following in zip(inside, [*inside, part.end][1:], strict=True):
        if at < begin:
            found.append(Stretch(StretchKind.FREE, Interval(at, begin)))
        end = min(begin + length, following)
        # What is left before the next start is of use only where something fits in.
        at = end if following - end >= length else following
        found.append(Stretch(StretchKind.GAP, Interval(begin, at)))
    if at < part.end:
        found.append(Stretch(StretchKind.FREE, Interval(at, part.end)))
    return found


@dataclass(frozen=True, slots=True)
class Cell:
    """A stretch in the table: the row in which it starts, and how many rows it takes."""

    stretch: Stretch
    row: int
    rows: int


def lay_out(columns: Sequence[Sequence[Stretch]]) -> tuple[list[datetime], list[list[Cell]]]:
    """The times at which the rows of a table start, and the cells of each column; all columns cover the same time."""
    edges = sorted(
        {edge for column in columns for each in column for edge in (each.span.start, each.span.end)}
    )
    number = {edge: row for row, edge in enumerate(edges)}
    cells = [
        [
            Cell(each, number[each.span.start], number[each.span.end] - number[each.span.start])
            for each in column
        ]
        for column in columns
    ]
    return edges[:-1], cells
