"""Many bookings at once are judged as each of them is alone."""

import random
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from telehealth.booking.domain.appointment import Mode
from telehealth.booking.domain.coverage import Bookings, find_outside, sortable
from telehealth.booking.domain.crew import Members
from telehealth.booking.domain.intervals import Interval
from telehealth.booking.domain.recurrence import Recurrence
from telehealth.booking.domain.session_plan import Closure, SessionPlan, SessionRule, Visit
from tests.factories import at

pytestmark = pytest.mark.domain

LONDON = ZoneInfo("Europe/London")
NIA, TOMOS, CLINIC, REVIEW, SMEAR = (UUID(int=number) for number in range(1, 6))
FIRST, LAST = date(2027, 3, 24), date(2027, 4, 3)
MODES = [Mode.VIDEO, Mode.PHONE, Mode.IN_PERSON]
ROOMS = [None, UUID(int=21), UUID(int=22)]


def text_of(visit: Visit, number: int) -> str:
    return f"{sortable(visit.span.start)}{sortable(visit.span.end)}{UUID(int=number).hex}"


def group(visits: list[tuple[int, Visit]]) -> list[Bookings]:
    found = []
    for number, visit in visits:
        assert visit.owner_id is not None
        found.append(
            Bookings(
                owner_id=visit.owner_id,
                mode=visit.mode,
                type_id=visit.type_id,
                room_id=visit.room_id,
                lane=0,
                text=text_of(visit, number),
            )
        )
    return found


def random_plan(chance: random.Random) -> SessionPlan:
    rules = tuple(
        SessionRule(
            key=UUID(int=100 + number),
            owner_id=chance.choice([NIA, TOMOS]),
            rrule=Recurrence.weekly(chance.sample(range(7), 4)).to_rrule(),
            first_date=FIRST - timedelta(days=chance.choice([-2, 3, 20])),
            last_date=chance.choice([None, LAST - timedelta(days=2)]),
            starts=time(chance.choice([0, 1, 9, 12, 22]), chance.choice([0, 30])),
            ends=time(chance.choice([1, 3, 12, 14]), chance.choice([0, 30, 45])),
            modes=frozenset(chance.sample(MODES, chance.choice([1, 2, 3]))),
            type_ids=frozenset(chance.choice([[], [REVIEW], [REVIEW, SMEAR]])),
            room_id=chance.choice(ROOMS),
        )
        for number in range(6)
    )
    closures = []
    for _ in range(4):
        start = at("2027-03-24 00:00") + timedelta(minutes=30 * chance.randrange(400))
        span = Interval(start, start + timedelta(minutes=chance.choice([30, 120, 1500])))
        closures.append(Closure(span, chance.choice([NIA, TOMOS, None])))
    return SessionPlan(
        zone=LONDON,
        rules=rules,
        closures=tuple(closures),
        holidays_of=lambda _year: {date(2027, 3, 26): "Good Friday"},
    )


@pytest.mark.parametrize("seed", range(20))
def test_as_one_by_one(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - nothing secret
    plan = random_plan(chance)
    visits = []
    for number in range(400):
        start = at("2027-03-24 00:00") + timedelta(minutes=15 * chance.randrange(10 * 96))
        span = Interval(start, start + timedelta(minutes=chance.choice([15, 30, 90])))
        owner, mode = chance.choice([NIA, TOMOS]), chance.choice(MODES)
        type_id = chance.choice([None, REVIEW, SMEAR])
        room_id = chance.choice(ROOMS) if mode is Mode.IN_PERSON else None
        visits.append((number, Visit(owner_id=owner, span=span, mode=mode, type_id=type_id, room_id=room_id)))
    outside = find_outside(plan, group(visits), FIRST, LAST)
    assert outside == {UUID(int=number).hex for number, visit in visits if not plan.covers(visit)}
    assert 0 < len(outside) < len(visits)


def clinic_plan(*away: tuple[UUID, str, str]) -> SessionPlan:
    """A clinic of Nia and Tomos, every day 9am to noon."""
    rule = SessionRule(
        owner_id=CLINIC,
        rrule=Recurrence.weekly(range(7)).to_rrule(),
        first_date=FIRST,
        starts=time(9),
        ends=time(12),
        modes=frozenset(MODES),
    )
    closures = tuple(Closure(Interval(at(start), at(end)), who, "Leave") for who, start, end in away)
    members = {CLINIC: Members(size=2, working=frozenset({NIA, TOMOS}))}
    return SessionPlan(zone=LONDON, rules=(rule,), closures=closures, members=members)


def lane_at(lane: int, text: str, number: int) -> Bookings:
    start = at(text)
    span = Interval(start, start + timedelta(minutes=15))
    visit = Visit(owner_id=CLINIC, span=span, mode=Mode.VIDEO)
    return Bookings(owner_id=CLINIC, mode=Mode.VIDEO, type_id=None, lane=lane, text=text_of(visit, number))


def test_of_two_patients_at_a_time_one_stays_while_one_clinician_is_away() -> None:
    booked = [
        lane_at(1, "2027-03-25 09:30", 1),
        lane_at(2, "2027-03-25 09:30", 2),
        # Alone at that time, in whichever lane.
        lane_at(2, "2027-03-25 10:00", 3),
        lane_at(2, "2027-03-25 11:30", 4),
        lane_at(1, "2027-03-25 11:30", 5),
    ]

    def outside(*away: tuple[UUID, str, str]) -> set[int]:
        found = find_outside(clinic_plan(*away), booked, FIRST, LAST)
        return {UUID(hex=key).int for key in found}

    nia = (NIA, "2027-03-25 00:00", "2027-03-25 11:00")
    assert outside() == set()
    assert outside(nia) == {2}
    assert outside(nia, (TOMOS, "2027-03-25 09:45", "2027-03-25 23:00")) == {2, 3, 4}
    assert outside(nia, (TOMOS, "2027-03-24 00:00", "2027-03-26 00:00")) == {1, 2, 3, 4}


def test_a_clinic_with_nobody_there_does_not_take_place() -> None:
    day = ("2027-03-25 00:00", "2027-03-26 00:00")
    assert [bool(one.pieces) for one in clinic_plan((NIA, *day)).occurrences(FIRST, LAST)][:3] == [True] * 3
    both = clinic_plan((NIA, *day), (TOMOS, "2027-03-25 10:00", "2027-03-25 11:00"))
    (morning,) = both.occurrences(date(2027, 3, 25), date(2027, 3, 25))
    assert morning.pieces == [
        Interval(at("2027-03-25 09:00"), at("2027-03-25 10:00")),
        Interval(at("2027-03-25 11:00"), at("2027-03-25 12:00")),
    ]
    assert {closure.reason for closure in morning.closures} == {"Leave"}


def test_instants_are_in_order_as_texts() -> None:
    instants = [at("2027-03-28 00:59"), at("2027-03-28 01:00"), datetime(2027, 3, 28, 2, 30, tzinfo=LONDON)]
    assert sortable(instants[0]) == "2027-03-28 00:59:00"
    assert sorted(map(sortable, instants)) == [*map(sortable, instants)]
