"""Walk a chain from its first seal and name the first place where it is not what it was."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from telehealth.audit.domain.chain import START, Head, chain_hash, event_hash

SEALED_LATE = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A seal with its event, as read from a database or an export."""

    sequence: int
    event_id: str
    event_hash: str
    chain_hash: str
    sealed_at: str
    # None where there is no such event (any more).
    event: Mapping[str, str] | None
    # Of another organisation, in an export for one: its hash stands for it.
    is_withheld: bool = False


@dataclass(slots=True, kw_only=True)
class Report:
    """What was checked. `problem` is a sentence that names the first place, None where there is none."""

    problem: str | None = None
    seals: int = 0
    withheld: int = 0
    heads: int = 0
    head: Head | None = None
    # Events that were sealed long after they were recorded: the service was stopped, or somebody forged an old one.
    late: int = 0
    first_late: Link | None = None


def check_chain(links: Iterable[Link], published: Iterable[Head] = ()) -> Report:
    """Check seals in the order of their sequences, and the heads that were published (in that order too)."""
    report = Report()
    heads = _Heads(published)
    previous = START
    for link in links:
        report.problem = _problem_at(link, report.seals + 1, previous) or heads.problem_at(link)
        if report.problem:
            break
        report.seals += 1
        report.withheld += link.is_withheld
        if _is_late(link):
            report.late += 1
            report.first_late = report.first_late or link
        previous = link.chain_hash
        report.head = Head(sequence=link.sequence, chain_hash=link.chain_hash, sealed_at=link.sealed_at)
    else:
        report.problem = heads.problem_after(report.seals)
    report.heads = heads.seen
    return report


def _problem_at(link: Link, expected: int, previous: str) -> str | None:
    if link.sequence > expected:
        missing = link.sequence - expected
        if missing == 1:
            return f"Seal {expected:,} is missing."
        return f"Seals {expected:,} to {link.sequence - 1:,} are missing."
    if link.sequence < expected:
        return f"Seal {link.sequence:,} is there twice, or out of its order."
    follows = chain_hash(previous, link.event_hash, link.sequence, link.sealed_at) == link.chain_hash
    if not link.is_withheld:
        if link.event is None:
            return f"Event {link.event_id} of seal {link.sequence:,} is gone."
        is_event_intact = (
            event_hash(link.event) == link.event_hash and link.event.get("id", "") == link.event_id
        )
        if not is_event_intact and follows:
            return f"Event {link.event_id} (seal {link.sequence:,}) was altered."
    return None if follows else f"The chain is broken at seal {link.sequence:,}."


def _is_late(link: Link) -> bool:
    if link.event is None:
        return False
    try:
        recorded_at = datetime.fromisoformat(link.event.get("recorded_at", ""))
        return datetime.fromisoformat(link.sealed_at) - recorded_at > SEALED_LATE
    except (ValueError, TypeError):
        return False  # sealed as it is: a service of ours wrote that


class _Heads:
    """The published heads beside the chain: each must be the seal that is there now."""

    def __init__(self, published: Iterable[Head]) -> None:
        self._coming: Iterator[Head] = iter(published)
        self._next = next(self._coming, None)
        self.seen = 0

    def problem_at(self, link: Link) -> str | None:
        while self._next is not None and self._next.sequence <= link.sequence:
            head, self._next = self._next, next(self._coming, None)
            self.seen += 1
            if head.sequence < link.sequence:
                return f"The file of published heads goes back to seal {head.sequence:,}: it was changed."
            if head.chain_hash != link.chain_hash:
                return f"Seal {link.sequence:,} is not the one that was published at {head.sealed_at}."
        return None

    def problem_after(self, last: int) -> str | None:
        """What was published beyond the last seal is gone."""
        newest = self._next
        if newest is None:
            return None
        for head in self._coming:
            newest = head if head.sequence > newest.sequence else newest
        return (
            f"The trail is cut off: the head published at {newest.sealed_at} was {newest.sequence:,}, "
            f"the last seal is {last:,}."
        )
