"""How many patients a shared clinic sees at a time while some of those who sit in it are away."""

import math
from dataclasses import replace
from uuid import UUID

import pytest

from telehealth.booking.domain.crew import LaneVisit, Members, make_crew

pytestmark = pytest.mark.domain

NIA, TOMOS, CARYS, SOMEBODY = (UUID(int=number) for number in range(1, 5))
ALL_WORK = Members(size=3, working=frozenset({NIA, TOMOS, CARYS}))


def test_while_all_are_there_the_lanes_alone_count() -> None:
    crew = make_crew(ALL_WORK, [(SOMEBODY, 0, 100), (None, 0, 100)])
    assert crew.is_whole
    assert crew.most_at_once(10, 20) == math.inf


def test_whoever_is_away_for_a_part_of_a_visit_cannot_take_it() -> None:
    crew = make_crew(ALL_WORK, [(NIA, 10, 20), (NIA, 30, 40), (TOMOS, 15, 35)])
    assert not crew.is_whole
    spans = [(0, 10), (5, 11), (19, 25), (20, 30), (34, 36), (40, 50), (0, 100)]
    assert [crew.most_at_once(*span) for span in spans] == [math.inf, 2, 1, 2, 1, math.inf, 1]


def test_whoever_does_not_work_there_any_more_is_away_for_good() -> None:
    crew = make_crew(Members(size=3, working=frozenset({NIA})), [(TOMOS, 0, 10)])
    assert not crew.is_whole
    assert crew.most_at_once(0, 10) == 1
    assert make_crew(Members(size=1, working=frozenset()), [(NIA, 0, 1)]).most_at_once(0, 10) == 0


def test_the_earlier_and_then_the_smaller_lane_are_seen() -> None:
    crew = make_crew(ALL_WORK, [(NIA, 100, 200), (TOMOS, 100, 200)])
    visits = [
        LaneVisit(110, 2, 120, "second"),
        LaneVisit(110, 1, 120, "first"),
        LaneVisit(115, 3, 125, "meanwhile"),
        LaneVisit(120, 2, 130, "after"),
        LaneVisit(10, 1, 20, "before"),
        LaneVisit(10, 2, 20, "before too"),
    ]
    assert crew.beyond(visits) == {"second", "meanwhile"}
    assert crew.beyond([visits[0]]) == set()


def test_whoever_was_booked_on_top_of_somebody_goes_with_them() -> None:
    crew = make_crew(ALL_WORK, [(NIA, 100, 200), (TOMOS, 100, 200)])
    visits = [
        LaneVisit(110, 1, 120, "first"),
        LaneVisit(115, 1, 130, "on top"),
        LaneVisit(120, 2, 130, "second"),
        LaneVisit(125, 2, 135, "on top of the second"),
        LaneVisit(130, 2, 140, "later"),
    ]
    assert crew.beyond(visits) == {"second", "on top of the second"}


def test_with_a_lane_out_of_use_only_so_many_are_seen_as_there_are_lanes() -> None:
    crew = make_crew(replace(ALL_WORK, seats=2), [(NIA, 100, 200), (TOMOS, 100, 150)])
    assert not crew.is_whole
    assert [crew.most_at_once(*span) for span in [(0, 10), (100, 110), (160, 170)]] == [2, 1, 2]
    # In whichever lane, also the one that was closed.
    at_once = [LaneVisit(10, lane, 20, str(lane)) for lane in (1, 2, 3)]
    assert crew.beyond(at_once) == {"3"}
    assert crew.beyond(at_once[1:]) == set()
