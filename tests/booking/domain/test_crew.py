"""How many patients a shared clinic sees at a time while some of those who sit in it are away."""

import math
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
        LaneVisit(115, 1, 125, "meanwhile"),
        LaneVisit(120, 2, 130, "after"),
        LaneVisit(10, 1, 20, "before"),
        LaneVisit(10, 2, 20, "before too"),
    ]
    assert crew.beyond(visits) == {"second", "meanwhile"}
    assert crew.beyond([visits[0]]) == set()
