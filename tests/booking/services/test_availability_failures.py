"""What went wrong in other booking systems, in their order: each failure is a test here."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from telehealth.accounts.services.sign_in import actor_of
from telehealth.booking.domain.appointment import Mode
from telehealth.booking.domain.slots import PartOfDay, Slot
from telehealth.booking.models import Schedule
from telehealth.booking.services.availability import SlotQuery, find_slot, find_slots
from telehealth.booking.services.booking import book_appointment
from telehealth.booking.services.explanations import explain
from telehealth.booking.services.overbooking import OverbookRequest, overbook_appointment
from telehealth.clock import now
from tests.booking.services.wishes import hold, live_claims, wish
from tests.factories import (
    Cast,
    at,
    make_appointment,
    make_clinician,
    make_schedule,
    make_shared_clinic,
    make_type,
    soon,
)

pytestmark = pytest.mark.service

LONDON = ZoneInfo("Europe/London")
QUARTER = timedelta(minutes=15)
HOUR = timedelta(hours=1)


def a_day(days: int = 3) -> date:
    return now().astimezone(LONDON).date() + timedelta(days=days)


def found(session: Session, cast: Cast, *, seen_at: datetime | None = None, **query: Any) -> list[Slot]:
    wanted = SlotQuery(**{"type": cast.appointment_type, "days": 2, **query})
    return find_slots(session, cast.service, wanted, now=seen_at or now())


def starts(session: Session, cast: Cast, **query: Any) -> set[datetime]:
    return {slot.starts_at for slot in found(session, cast, **query)}


def only_session(
    session: Session, cast: Cast, day: date, opens: time, closes: time, **parts: Any
) -> Schedule:
    """The cast's clinician has this session, and no other."""
    session.delete(session.merge(cast.schedule))
    session.flush()
    return make_schedule(
        session,
        cast.service,
        cast.practitioner_id,
        starts=opens,
        ends=closes,
        **{"first_date": day, "last_date": day, **parts},
    )


def test_5_a_held_time_is_nobody_elses_and_still_ones_own_on_back(session: Session, cast: Cast) -> None:
    held = hold(session, cast)
    assert soon() not in starts(session, cast)
    assert soon() in starts(session, cast, own_hold=held.id)
    assert soon() not in starts(session, cast, own_hold=uuid4())
    # One's own hold frees no more than that: the booking beside it stays taken.
    make_appointment(session, cast, starts_at=soon() + QUARTER)
    again = starts(session, cast, own_hold=held.id)
    assert (soon() in again, soon() + QUARTER in again) == (True, False)


def test_5_and_6_a_hold_that_lapsed_is_free_and_bookable(session: Session, cast: Cast) -> None:
    starts_at = soon() + HOUR
    held = hold(session, cast, starts_at=starts_at)
    assert starts_at not in starts(session, cast, seen_at=held.expires_at - timedelta(seconds=1))
    assert starts_at in starts(session, cast, seen_at=held.expires_at)


def test_7_whatever_is_offered_can_be_booked(session: Session, cast: Cast) -> None:
    """Offered, and refused: in one report half of all attempts. In a shared clinic, and in person in a room too."""
    clinic, _ = make_shared_clinic(session, cast)
    padded = make_type(
        session, cast.service, name="Padded", minutes=20, buffer_before_minutes=5, buffer_after_minutes=10
    )
    for number in range(12):
        patient = (cast.patient, cast.other_patient)[number % 2]
        type_ = (cast.appointment_type, padded)[number % 3 == 0]
        mode = (Mode.VIDEO, Mode.IN_PERSON)[number % 2]
        query: dict[str, Any] = {"type": type_, "mode": mode, "patient_id": patient.id}
        if number >= 6:
            query["shared_clinic_id"] = clinic.id
        [slot] = found(session, cast, limit=1, **query)
        form = wish(
            cast,
            schedule_id=slot.schedule_id,
            starts_at=slot.starts_at,
            appointment_type_id=type_.id,
            patient_id=patient.id,
            mode=mode,
        )
        appointment = book_appointment(session, actor_of(cast.receptionist), form)
        assert (appointment.starts_at, appointment.lane_id) == (slot.starts_at, slot.lane_id)
        given: dict[str, Any] = {"schedule_id": slot.schedule_id, "starts_at": slot.starts_at, "now": now()}
        one = find_slot(session, cast.service, SlotQuery(**query), **given)
        assert (one is None) == bool(explain(session, cast.service, SlotQuery(**query), **given))


def next_clock_change(month: int) -> date:
    """The last Sunday of March or October that is still to come."""
    year = now().year
    for each in (year, year + 1):
        last = date(each, month, 31)
        sunday = last - timedelta(days=(last.weekday() + 1) % 7)
        if sunday > now().date() + timedelta(days=1):
            return sunday
    raise AssertionError


@pytest.mark.parametrize("month", [3, 10])
def test_12_every_time_of_a_night_of_clock_change_is_offered_and_booked_as_shown(
    session: Session, cast: Cast, month: int
) -> None:
    """An hour off, twice the same, or refused in the first hour after the change."""
    day = next_clock_change(month)
    only_session(session, cast, day, time(0), time(4), slot_minutes=60)
    slots = found(session, cast, from_date=day, days=1)
    shown = [f"{slot.starts_at.astimezone(LONDON):%H:%M}" for slot in slots]
    assert (
        shown
        == {
            3: ["00:00", "02:00", "03:00"],
            10: ["00:00", "01:00", "01:00", "02:00", "03:00"],
        }[month]
    )
    for slot in slots:
        form = wish(cast, schedule_id=slot.schedule_id, starts_at=slot.starts_at)
        appointment = book_appointment(session, actor_of(cast.receptionist), form)
        session.refresh(appointment)
        assert (appointment.starts_at, appointment.ends_at) == (slot.starts_at, slot.ends_at)
        assert set(live_claims(session, appointment)) == {(slot.starts_at, slot.ends_at)}
    assert found(session, cast, from_date=day, days=1) == []


@pytest.mark.parametrize("month", [3, 10])
def test_12_a_weekly_session_keeps_its_hour_over_the_change(session: Session, cast: Cast, month: int) -> None:
    change = next_clock_change(month)
    first = change - timedelta(days=4)
    weekday = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")[first.weekday()]
    only_session(
        session,
        cast,
        first,
        time(9),
        time(10),
        last_date=first + timedelta(days=21),
        rrule=f"FREQ=WEEKLY;BYDAY={weekday}",
    )
    slots = found(session, cast, from_date=first, days=22)
    shown = [slot.starts_at.astimezone(LONDON) for slot in slots]
    assert len(shown) == 16
    assert {f"{each:%H}" for each in shown} == {"09"}
    assert len({slot.starts_at.hour for slot in slots}) == 2


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata", "Europe/London", "Pacific/Auckland"])
def test_14_a_session_is_in_the_zone_of_its_service(session: Session, cast: Cast, zone: str) -> None:
    """Not of the device, nor of the server, nor UTC: also which date, and which part of the day, it is."""
    cast.service.time_zone = zone
    day = date(2027, 7, 6)
    seen_at = at("2027-07-01 12:00")
    only_session(session, cast, day, time(9), time(18), slot_minutes=60)
    query: dict[str, Any] = {"from_date": day, "days": 1, "seen_at": seen_at}
    slots = found(session, cast, **query)
    assert [slot.starts_at.astimezone(ZoneInfo(zone)).hour for slot in slots] == list(range(9, 18))
    assert slots[0].starts_at == datetime(2027, 7, 6, 9, tzinfo=ZoneInfo(zone))
    assert len(found(session, cast, part_of_day=PartOfDay.MORNING, **query)) == 3
    assert len(found(session, cast, part_of_day=PartOfDay.EVENING, **query)) == 1
    for beside in (-1, 1):
        other = {**query, "from_date": day + timedelta(days=beside)}
        assert found(session, cast, **other) == []


def test_16_no_overlap_is_missed(session: Session, cast: Cast) -> None:
    """A longer booking over shorter slots; a short one inside a longer slot; and exactly the same time."""
    day = a_day()
    only_session(session, cast, day, time(9), time(11))
    nine = datetime.combine(day, time(9), LONDON).astimezone(UTC)
    long = make_type(session, cast.service, name="Long", minutes=60)
    short = make_type(session, cast.service, name="Short", minutes=5)
    who = actor_of(cast.receptionist)
    [schedule] = {slot.schedule_id for slot in found(session, cast, from_date=day)}
    form = wish(cast, schedule_id=schedule, starts_at=nine + QUARTER, appointment_type_id=short.id)
    book_appointment(session, who, form)
    assert sorted(starts(session, cast, from_date=day, type=long)) == [
        nine + 2 * QUARTER,
        nine + 3 * QUARTER,
        nine + 4 * QUARTER,
    ]
    form = wish(cast, schedule_id=schedule, starts_at=nine + 4 * QUARTER, appointment_type_id=long.id)
    book_appointment(session, who, form)
    assert starts(session, cast, from_date=day, type=long) == set()
    assert sorted(starts(session, cast, from_date=day)) == [nine, nine + 2 * QUARTER, nine + 3 * QUARTER]


def test_16_an_overbooked_time_stays_taken(session: Session, cast: Cast) -> None:
    overbook_appointment(
        session,
        actor_of(cast.receptionist),
        OverbookRequest(
            patient_id=cast.patient.id,
            service_id=cast.service.id,
            appointment_type_id=cast.appointment_type.id,
            mode=Mode.VIDEO,
            starts_at=soon(),
            practitioner_id=cast.practitioner_id,
            note="Worse since the morning",
            idempotency_key=uuid4().hex,
        ),
    )
    assert soon() not in starts(session, cast)


@contextmanager
def statements(session: Session) -> Iterator[list[str]]:
    engine = session.get_bind().engine
    assert isinstance(engine, Engine)
    seen: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        if "SAVEPOINT" not in statement:
            seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_19_the_work_does_not_grow_with_clinicians_or_weeks(session: Session, cast: Cast) -> None:
    """Searches of 5 to 28 seconds: a query for each clinician, and for each day."""
    with statements(session) as few:
        found(session, cast, days=1)
    for number in range(6):
        clinician = make_clinician(session, cast.service, f"Nia{number}", "Pritchard")
        make_schedule(session, cast.service, clinician.practitioner_id)
    with statements(session) as many:
        assert len(found(session, cast, days=84)) > 6 * 84 * 95
    assert len(many) == len(few) <= 3
    with statements(session) as limited:
        assert len(found(session, cast, days=84, limit=20)) == 20
    assert len(limited) == len(few)


def test_19_one_time_is_looked_up_in_few_statements(session: Session, cast: Cast) -> None:
    """It is looked up in every booking, inside its transaction."""
    query = SlotQuery(type=cast.appointment_type, mode=Mode.VIDEO, days=1)
    given: dict[str, Any] = {"schedule_id": cast.schedule.id, "starts_at": soon(), "now": now()}
    session.expunge_all()
    service = session.merge(cast.service)
    session.refresh(service)
    with statements(session) as sent:
        assert find_slot(session, service, query, **given)
    assert len(sent) <= 3


def test_20_no_session_is_cut_off(session: Session, cast: Cast) -> None:
    """29 slots a session, and the rest silently gone."""
    day = a_day()
    only_session(session, cast, day, time(0), time(0), slot_minutes=1)
    short = make_type(session, cast.service, name="Short", minutes=1)
    assert len(found(session, cast, type=short, from_date=day, days=1)) == len(
        found(session, cast, type=short, from_date=day, days=1, limit=2000)
    )
    length = datetime.combine(day + timedelta(days=1), time(0), LONDON).astimezone(UTC) - datetime.combine(
        day, time(0), LONDON
    ).astimezone(UTC)
    assert len(found(session, cast, type=short, from_date=day, days=1)) == length / timedelta(minutes=1)


def test_21_a_time_after_midnight_belongs_to_its_own_day(session: Session, cast: Cast) -> None:
    """The day before the slot: a session over midnight, and in summer, when midnight is yesterday in UTC."""
    day, seen_at = date(2027, 7, 6), at("2027-07-01 12:00")
    only_session(session, cast, day, time(23), time(1), slot_minutes=30)
    for offset, expected in ((-1, []), (0, ["23:00", "23:30"]), (1, ["00:00", "00:30"]), (2, [])):
        on = day + timedelta(days=offset)
        slots = found(session, cast, from_date=on, days=1, seen_at=seen_at)
        local = [slot.starts_at.astimezone(LONDON) for slot in slots]
        assert [f"{each:%H:%M}" for each in local] == expected
        assert {each.date() for each in local} <= {on}
    both = found(session, cast, from_date=day, days=2, seen_at=seen_at)
    # Week after week, the night between two steps of the search is not lost either.
    for first in (day, day - timedelta(days=6)):
        stepped = found(session, cast, from_date=first, days=9, seen_at=seen_at, limit=100)
        assert stepped == both


def test_23_the_first_and_the_only_time_of_a_day_can_be_booked(session: Session, cast: Cast) -> None:
    day = a_day()
    schedule = only_session(session, cast, day, time(9), time(9, 15))
    [slot] = found(session, cast, from_date=day, days=1)
    form = wish(cast, schedule_id=schedule.id, starts_at=slot.starts_at)
    assert book_appointment(session, actor_of(cast.receptionist), form).starts_at == slot.starts_at
    assert found(session, cast, from_date=day, days=1) == []
