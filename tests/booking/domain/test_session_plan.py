"""When sessions take place, and which visits lie in one."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from telehealth.booking.domain.appointment import Mode
from telehealth.booking.domain.intervals import Interval
from telehealth.booking.domain.session_plan import (
    Closure,
    SessionPlan,
    SessionRule,
    Visit,
    find_clock_changes,
)
from tests.factories import at

pytestmark = pytest.mark.domain

LONDON = ZoneInfo("Europe/London")
NIA, TOMOS, CLINIC, REVIEW, SMEAR = (UUID(int=number) for number in range(1, 6))
ROOM_1, ROOM_2 = UUID(int=21), UUID(int=22)
TUESDAYS = SessionRule(
    key=UUID(int=9),
    owner_id=NIA,
    rrule="FREQ=WEEKLY;BYDAY=TU",
    first_date=date(2027, 1, 12),
    starts=time(9),
    ends=time(12, 30),
    modes=frozenset({Mode.VIDEO}),
)


def plan_of(*rules: SessionRule, **parts: Any) -> SessionPlan:
    return SessionPlan(zone=LONDON, rules=rules, **parts)


def visit_at(text: str, *, minutes: int = 15, **parts: Any) -> Visit:
    start = at(text)
    return Visit(
        **{
            "owner_id": NIA,
            "span": Interval(start, start + timedelta(minutes=minutes)),
            "mode": Mode.VIDEO,
            **parts,
        }
    )


@pytest.mark.parametrize(
    ("visit", "expected"),
    [
        (visit_at("2027-01-12 09:00"), True),
        (visit_at("2027-01-12 12:15"), True),
        (visit_at("2027-01-12 12:20"), False),
        (visit_at("2027-01-12 08:45"), False),
        (visit_at("2027-01-13 09:00"), False),
        (visit_at("2027-01-05 09:00"), False),
        (visit_at("2027-01-12 09:00", owner_id=TOMOS), False),
        (visit_at("2027-01-12 09:00", mode=Mode.PHONE), False),
        # The same wall time in summer.
        (visit_at("2027-06-01 08:00"), True),
        (visit_at("2027-06-01 12:00"), False),
    ],
)
def test_a_visit_lies_in_a_session_of_its_owner_by_its_way_of_meeting(visit: Visit, expected: bool) -> None:
    assert plan_of(TUESDAYS).covers(visit) is expected


def test_a_session_of_some_types_takes_those_and_what_was_booked_without_one() -> None:
    plan = plan_of(replace(TUESDAYS, type_ids=frozenset({REVIEW})))
    assert plan.covers(visit_at("2027-01-12 09:00", type_id=REVIEW))
    assert plan.covers(visit_at("2027-01-12 09:00", type_id=None))
    assert not plan.covers(visit_at("2027-01-12 09:00", type_id=SMEAR))


@pytest.mark.parametrize(
    ("of_visit", "of_session", "expected"),
    [
        (ROOM_1, ROOM_1, True),
        (ROOM_1, ROOM_2, False),
        (ROOM_1, None, False),
        # Nobody told them a room: they are sent to the one in which the clinician sits.
        (None, ROOM_2, True),
        (None, None, True),
    ],
)
def test_whoever_comes_in_person_lies_in_a_session_in_their_room_alone(
    of_visit: UUID | None, of_session: UUID | None, expected: bool
) -> None:
    plan = plan_of(replace(TUESDAYS, modes=frozenset(Mode), room_id=of_session))
    visit = visit_at("2027-01-12 09:00", mode=Mode.IN_PERSON, room_id=of_visit)
    assert plan.covers(visit) is expected
    assert plan.covers(replace(visit, mode=Mode.VIDEO)), "who does not come needs no room"


@pytest.mark.parametrize(
    ("starts", "expected"),
    [
        ("2027-01-12 09:05", ROOM_1),
        # It ends after the session: the clinician is in the room still.
        ("2027-01-12 12:20", ROOM_1),
        ("2027-01-12 12:30", None),
        ("2027-01-12 08:55", None),
        ("2027-01-13 09:05", None),
        # On leave.
        ("2027-01-19 09:05", None),
    ],
)
def test_the_room_of_a_visit_is_that_of_the_session_that_runs_as_it_begins(
    starts: str, expected: UUID | None
) -> None:
    leave = Closure(Interval(at("2027-01-19 00:00"), at("2027-01-20 00:00")), NIA, "Annual leave")
    elsewhere = replace(TUESDAYS, owner_id=TOMOS, modes=frozenset(Mode), room_id=ROOM_2)
    here = replace(TUESDAYS, modes=frozenset({Mode.IN_PERSON}), room_id=ROOM_1)
    plan = plan_of(elsewhere, here, closures=(leave,))
    assert plan.room_of(visit_at(starts, mode=Mode.IN_PERSON)) == expected


def test_of_two_sessions_at_once_the_one_that_takes_the_visit_says_the_room() -> None:
    smears = replace(TUESDAYS, modes=frozenset(Mode), type_ids=frozenset({SMEAR}), room_id=ROOM_1)
    reviews = replace(smears, type_ids=frozenset({REVIEW}), starts=time(9, 5), room_id=ROOM_2)
    plan = plan_of(smears, reviews)
    visit = visit_at("2027-01-12 09:10", mode=Mode.IN_PERSON, type_id=REVIEW)
    assert plan.room_of(visit) == ROOM_2
    assert plan.covers(replace(visit, room_id=plan.room_of(visit)))
    # Booked all the same into what does not take it, it is in the room of that.
    assert plan.room_of(replace(visit, type_id=UUID(int=77))) == ROOM_1


def test_a_session_in_which_nobody_meets_in_person_has_no_room_for_it() -> None:
    plan = plan_of(replace(TUESDAYS, room_id=ROOM_1))
    assert plan.room_of(visit_at("2027-01-12 09:05", mode=Mode.IN_PERSON)) is None
    assert plan.room_of(visit_at("2027-01-12 09:05", mode=Mode.IN_PERSON, owner_id=None)) is None


def test_a_session_over_midnight_takes_what_begins_the_next_day() -> None:
    night = replace(TUESDAYS, starts=time(22), ends=time(2))
    plan = plan_of(night)
    assert plan.covers(visit_at("2027-01-13 01:30"))
    assert not plan.covers(visit_at("2027-01-13 22:00"))


def test_leave_keeps_its_hours_free_and_leaves_the_rest_of_the_session() -> None:
    leave = Closure(Interval(at("2027-01-12 10:00"), at("2027-01-12 11:00")), NIA, "Training")
    plan = plan_of(TUESDAYS, closures=(leave,))
    assert plan.covers(visit_at("2027-01-12 09:45"))
    assert not plan.covers(visit_at("2027-01-12 09:50"))
    assert not plan.covers(visit_at("2027-01-12 10:30"))
    assert plan.covers(visit_at("2027-01-12 11:00"))


def test_a_closure_of_the_service_holds_for_everybody_and_leave_for_its_clinician() -> None:
    day = Interval(at("2027-01-12 00:00"), at("2027-01-13 00:00"))
    theirs = replace(TUESDAYS, owner_id=TOMOS)
    both = (visit_at("2027-01-12 09:00"), visit_at("2027-01-12 09:00", owner_id=TOMOS))
    assert [plan_of(TUESDAYS, theirs, closures=(Closure(day, NIA),)).covers(visit) for visit in both] == [
        False,
        True,
    ]
    assert not any(plan_of(TUESDAYS, theirs, closures=(Closure(day),)).covers(visit) for visit in both)


@pytest.mark.parametrize(
    ("closes", "is_extra", "expected"),
    [(False, False, True), (False, True, True), (True, False, False), (True, True, True)],
)
def test_on_a_bank_holiday_the_switch_and_the_extra_session_decide(
    closes: bool, is_extra: bool, expected: bool
) -> None:
    plan = plan_of(
        replace(TUESDAYS, is_extra=is_extra),
        closes_on_bank_holidays=closes,
        holidays_of=lambda _year: {date(2027, 1, 12): "A holiday"},
    )
    assert plan.covers(visit_at("2027-01-12 09:00")) is expected
    (occurrence,) = plan.occurrences(date(2027, 1, 12), date(2027, 1, 12))
    assert occurrence.holiday == "A holiday"
    assert bool(occurrence.pieces) is expected


def test_after_a_change_rules_are_gone_come_and_are_closed() -> None:
    plan = plan_of(TUESDAYS)
    mornings = replace(TUESDAYS, key=None, ends=time(11))
    changed = plan.after(removes=[UUID(int=9)], adds=[mornings])
    assert changed.covers(visit_at("2027-01-12 10:45"))
    assert not changed.covers(visit_at("2027-01-12 11:00"))
    assert not plan.after(closes=[Closure(Interval(at("2027-01-12 00:00"), at("2027-01-13 00:00")))]).covers(
        visit_at("2027-01-12 09:00")
    )
    assert plan.covers(visit_at("2027-01-12 11:00"))


def test_with_the_bank_holidays_of_another_nation_other_days_are_closed() -> None:
    theirs, ours = date(2027, 1, 12), date(2027, 1, 19)
    plan = plan_of(TUESDAYS, holidays_of=lambda _year: {ours: "Ours"})
    moved = plan.after(holidays_of=lambda _year: {theirs: "Theirs"})
    visits = visit_at("2027-01-12 09:00"), visit_at("2027-01-19 09:00")
    assert [plan.covers(visit) for visit in visits] == [True, False]
    assert [moved.covers(visit) for visit in visits] == [False, True]
    # A change of something else leaves the nation as it is.
    assert [plan.after(adds=[]).covers(visit) for visit in visits] == [True, False]


def test_bank_holidays_are_named_in_order_from_the_first_to_the_last_day_over_the_new_year() -> None:
    plan = plan_of(
        holidays_of=lambda year: {date(year, 12, 26): "Boxing Day", date(year, 1, 1): "New Year's Day"}
    )
    assert list(plan.holidays(date(2026, 12, 26), date(2027, 1, 1)).items()) == [
        (date(2026, 12, 26), "Boxing Day"),
        (date(2027, 1, 1), "New Year's Day"),
    ]
    assert plan.holidays(date(2026, 12, 27), date(2026, 12, 31)) == {}


def test_sessions_come_in_order_also_those_that_do_not_take_place() -> None:
    leave = Closure(Interval(at("2027-01-19 00:00"), at("2027-01-20 00:00")), NIA, "Annual leave")
    afternoon = replace(TUESDAYS, starts=time(14), ends=time(16))
    found = plan_of(afternoon, TUESDAYS, closures=(leave,)).occurrences(date(2027, 1, 12), date(2027, 1, 19))
    assert [(one.on.day, one.rule.starts.hour, bool(one.pieces)) for one in found] == [
        (12, 9, True),
        (12, 14, True),
        (19, 9, False),
        (19, 14, False),
    ]


def test_the_days_on_which_the_clocks_change_are_found() -> None:
    assert find_clock_changes(LONDON, date(2026, 10, 25), date(2027, 3, 28)) == [
        (date(2026, 10, 25), False),
        (date(2027, 3, 28), True),
    ]
    assert find_clock_changes(LONDON, date(2026, 10, 26), date(2027, 3, 27)) == []


def test_a_session_keeps_its_wall_time_over_both_clock_changes() -> None:
    rule = replace(TUESDAYS, rrule="FREQ=WEEKLY;BYDAY=SU", first_date=date(2026, 10, 18))
    found = plan_of(rule).occurrences(date(2026, 10, 18), date(2026, 11, 1))
    assert [one.span.start.astimezone(LONDON).time() for one in found] == [time(9)] * 3
    assert [one.span.start.hour for one in found] == [8, 9, 9]
    assert isinstance(found[0].span.start, datetime)
