"""What the journals of all clients promise together."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from tests.attack.checks import Acknowledged

# A hold is kept for five minutes; of one that was given earlier nobody knows whether it lapsed by itself.
SURELY_KEPT = timedelta(minutes=4)


def read_acknowledged(
    lines: Iterable[dict[str, Any]], lapsed: frozenset[str], read_at: datetime
) -> Acknowledged:
    """What the lines promise. `lapsed`: holds whose end somebody brought about by hand."""
    booked = defaultdict[str, set[str]](set)
    moved, cancelled, sent = [], set[str](), set[str]()
    given, done, own = set[str](), set[str](), set[str]()
    series, booked_series = dict[str, int](), set[str]()
    for line in lines:
        match line["what"]:
            case "sending":
                sent.add(line["mark"])
                if "dates" in line:
                    series[line["mark"]] = line["dates"]
            case "booked-series":
                booked_series.add(line["mark"])
            case "booked":
                booked[line["mark"]].add(line["appointment"])
            case "booked-own":
                own.add(line["mark"])
            case "moved":
                moved.append(
                    (line["appointment"], datetime.fromisoformat(line["starts_at"]), line["version"])
                )
            case "cancelled":
                cancelled.add(line["appointment"])
            case "held" if datetime.fromisoformat(line["at"]) > read_at - SURELY_KEPT:
                given.add(line["hold"])
            # Written before it is sent: whether the answer came or not, nobody counts on the hold any more.
            case "using" | "giving-back":
                done.add(line["hold"])
    return Acknowledged(
        booked={mark: frozenset(named) for mark, named in booked.items()},
        booked_own=frozenset(own),
        series=series,
        booked_series=frozenset(booked_series),
        moved=moved,
        cancelled=frozenset(cancelled),
        held=frozenset(given - done - lapsed),
        sent=frozenset(sent),
    )


def count_answers(lines: Iterable[dict[str, Any]]) -> dict[str, dict[str, int]]:
    """How often each kind of request was answered how; "lost" where no answer came."""
    counted = defaultdict[str, dict[str, int]](dict)
    for line in lines:
        if line["what"] == "answer":
            of_kind = counted[line["kind"]]
            of_kind[line["status"]] = of_kind.get(line["status"], 0) + 1
    return {kind: dict(sorted(of_kind.items())) for kind, of_kind in sorted(counted.items())}
