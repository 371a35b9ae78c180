"""The chain by itself: any change of any event or seal is found, and named at its place."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telehealth.audit.domain.chain import START, Head, Value, chain_hash, event_hash, plain_fields, plain_text
from telehealth.audit.domain.check import Link, Report, check_chain

pytestmark = pytest.mark.domain

SEALED_AT = "2026-11-22T10:00:00.000000+00:00"
names = st.sampled_from(["actor", "actor_name", "action", "reason", "patient_id"])
events = st.dictionaries(names, st.text(min_size=1), max_size=5)


def make_chain(contents: list[dict[str, str]]) -> list[Link]:
    links: list[Link] = []
    previous = START
    for sequence, content in enumerate(contents, start=1):
        event = {**content, "id": f"event-{sequence}"}
        hashed = event_hash(event)
        previous = chain_hash(previous, hashed, sequence, SEALED_AT)
        links.append(
            Link(
                sequence=sequence,
                event_id=event["id"],
                event_hash=hashed,
                chain_hash=previous,
                sealed_at=SEALED_AT,
                event=event,
            )
        )
    return links


def head_of(link: Link) -> Head:
    return Head(sequence=link.sequence, chain_hash=link.chain_hash, sealed_at=link.sealed_at)


def check(links: list[Link], heads: list[Head] | None = None) -> Report:
    return check_chain(links, heads or [])


@given(st.lists(events, max_size=8))
def test_a_chain_that_nobody_touched_is_whole(contents: list[dict[str, str]]) -> None:
    links = make_chain(contents)
    report = check(links, [head_of(link) for link in links])
    assert report.problem is None
    assert (report.seals, report.heads) == (len(links), len(links))
    assert report.head == (head_of(links[-1]) if links else None)


@given(st.lists(events, min_size=1, max_size=6), st.data())
def test_a_changed_event_is_named(contents: list[dict[str, str]], data: st.DataObject) -> None:
    links = make_chain(contents)
    place = data.draw(st.integers(0, len(links) - 1))
    before = links[place]
    changed = data.draw(events.map(lambda event: {**event, "id": before.event_id}))
    if changed == before.event:
        changed = {**changed, "reason": changed.get("reason", "") + "!"}
    links[place] = replace(before, event=changed)
    assert check(links).problem == f"Event {before.event_id} (seal {place + 1}) was altered."


@given(st.lists(events, min_size=2, max_size=6), st.data())
def test_a_seal_that_is_missing_is_named(contents: list[dict[str, str]], data: st.DataObject) -> None:
    links = make_chain(contents)
    place = data.draw(st.integers(0, len(links) - 2))
    del links[place]
    assert check(links).problem == f"Seal {place + 1} is missing."


@given(st.lists(events, min_size=1, max_size=6), st.data())
def test_every_part_of_a_seal_is_bound(contents: list[dict[str, str]], data: st.DataObject) -> None:
    links = make_chain(contents)
    place = data.draw(st.integers(0, len(links) - 1))
    part = data.draw(st.sampled_from(["event_id", "event_hash", "chain_hash", "sealed_at"]))
    changes: dict[str, Any] = {part: "0" * 64}
    links[place] = replace(links[place], **changes)
    problem = check(links).problem
    assert problem is not None
    assert f"seal {place + 1}" in problem


@given(st.lists(events, min_size=1, max_size=6), st.data())
def test_a_cut_off_end_is_found_by_the_published_head(
    contents: list[dict[str, str]], data: st.DataObject
) -> None:
    links = make_chain(contents)
    kept = data.draw(st.integers(0, len(links) - 1))
    problem = check(links[:kept], [head_of(links[-1])]).problem
    assert problem == (
        f"The trail is cut off: the head published at {SEALED_AT} was {len(links)}, the last seal is {kept}."
    )


def test_an_end_that_was_cut_off_and_grown_again_is_not_the_published_one() -> None:
    published = [head_of(link) for link in make_chain([{"reason": "a"}, {"reason": "b"}])]
    grown = make_chain([{"reason": "a"}, {"reason": "another"}, {"reason": "c"}])
    assert check(grown).problem is None
    assert check(grown, published).problem == f"Seal 2 is not the one that was published at {SEALED_AT}."


def test_published_heads_that_go_back_are_named() -> None:
    links = make_chain([{}, {}, {}])
    heads = [head_of(links[1]), head_of(links[0]), head_of(links[2])]
    assert check(links, heads).problem == "The file of published heads goes back to seal 1: it was changed."


def test_several_missing_seals_are_named_together() -> None:
    links = make_chain([{}] * 6)
    assert check(links[:1] + links[4:]).problem == "Seals 2 to 4 are missing."


def test_a_seal_that_comes_twice_is_named() -> None:
    links = make_chain([{}, {}])
    assert check([links[0], links[0]]).problem == "Seal 1 is there twice, or out of its order."


def test_an_event_that_is_gone_is_named() -> None:
    links = make_chain([{}, {}])
    assert check([links[0], replace(links[1], event=None)]).problem == "Event event-2 of seal 2 is gone."


def test_a_withheld_event_is_checked_by_its_hash() -> None:
    links = make_chain([{}, {"reason": "theirs"}, {}])
    withheld = replace(links[1], event=None, event_id="", is_withheld=True)
    report = check([links[0], withheld, links[2]])
    assert (report.problem, report.withheld) == (None, 1)
    forged = replace(withheld, event_hash="0" * 64)
    assert check([links[0], forged, links[2]]).problem == "The chain is broken at seal 2."


def test_an_event_that_was_sealed_late_is_counted_and_still_whole() -> None:
    links = make_chain([{"recorded_at": SEALED_AT}, {"recorded_at": "2026-11-20T10:00:00.000000+00:00"}])
    report = check(links)
    assert (report.problem, report.late, report.first_late) == (None, 1, links[1])


def test_one_instant_has_one_text() -> None:
    instant = datetime(2026, 7, 1, 12, 0, 0, 5, tzinfo=UTC)
    cardiff = instant.astimezone(timezone(timedelta(hours=1)))
    assert plain_text(instant) == plain_text(cardiff) == "2026-07-01T12:00:00.000005+00:00"


def test_a_value_of_another_kind_is_not_the_same_text() -> None:
    assert len({plain_text("1"), plain_text(1), plain_text(b"1"), plain_text(1.0)}) == 4


def test_an_empty_column_that_is_added_later_changes_no_hash() -> None:
    fields: dict[str, Value] = {"id": UUID(int=1), "action": "note.signed"}
    assert event_hash(plain_fields(fields)) == event_hash(plain_fields({**fields, "new": None, "newer": ""}))


@given(st.text(), st.text())
def test_two_fields_never_flow_into_each_other(first: str, second: str) -> None:
    moved = event_hash({"actor": first + second, "reason": ""})
    assert second == "" or event_hash({"actor": first, "reason": second}) != moved
