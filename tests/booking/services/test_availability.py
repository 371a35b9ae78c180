"""Which times are on offer, from real schedules, exceptions and claims; and why others are not."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session

from telehealth.accounts.services.sign_in import actor_of
from telehealth.booking.domain.appointment import Mode
from telehealth.booking.domain.slots import PartOfDay, Slot
from telehealth.booking.models import PractitionerSkill, Room, Schedule, ScheduleException
from telehealth.booking.services.availability import SlotQuery, find_slot, find_slots
from telehealth.booking.services.booking import book_appointment
from telehealth.booking.services.explanations import Reason, ReasonCode, explain
from telehealth.clock import now
from tests.booking.services.wishes import hold, wish
from tests.factories import (
    Cast,
    make_appointment,
    make_schedule,
    make_shared_clinic,
    make_type,
    soon,
    type_of,
)

pytestmark = pytest.mark.service

LONDON = ZoneInfo("Europe/London")
QUARTER = timedelta(minutes=15)


def a_day(days: int = 3) -> date:
    """A day that is still to come."""
    return now().astimezone(LONDON).date() + timedelta(days=days)


def on(day: date, clock: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), LONDON).astimezone(UTC)


@pytest.fixture
def clinic(session: Session, cast: Cast) -> Schedule:
    """One session of the cast's clinician: from nine to ten, on one day."""
    session.delete(session.merge(cast.schedule))
    session.flush()
    return make_schedule(
        session,
        cast.service,
        cast.practitioner_id,
        first_date=a_day(),
        last_date=a_day(),
        starts=time(9),
        ends=time(10),
    )


def found(session: Session, cast: Cast, **query: Any) -> list[Slot]:
    wanted = SlotQuery(**{"type": cast.appointment_type, "days": 28, **query})
    return find_slots(session, cast.service, wanted, now=now())


def clocks(session: Session, cast: Cast, **query: Any) -> list[str]:
    return [f"{slot.starts_at.astimezone(LONDON):%H:%M}" for slot in found(session, cast, **query)]


def close(
    session: Session, cast: Cast, starts_at: datetime, ends_at: datetime, **subject: Any
) -> ScheduleException:
    made = ScheduleException(
        organisation_id=cast.service.organisation_id,
        starts_at=starts_at,
        ends_at=ends_at,
        reason="Annual leave",
        created_by="test",
        **(subject or {"practitioner_id": cast.practitioner_id}),
    )
    session.add(made)
    session.flush()
    return made


def test_a_session_offers_its_grid(session: Session, cast: Cast, clinic: Schedule) -> None:
    assert clocks(session, cast) == ["09:00", "09:15", "09:30", "09:45"]


def test_what_is_offered_can_be_booked_and_is_gone_then(
    session: Session, cast: Cast, clinic: Schedule
) -> None:
    """Failures 1 and 7: offered, and refused; or booked twice."""
    for slot in found(session, cast):
        patient_id = cast.patient.id if slot.starts_at.minute % 30 else cast.other_patient.id
        form = wish(cast, schedule_id=slot.schedule_id, starts_at=slot.starts_at, patient_id=patient_id)
        assert book_appointment(session, actor_of(cast.receptionist), form).starts_at == slot.starts_at
    assert clocks(session, cast) == []


def test_a_longer_type_needs_its_length_and_its_buffers(
    session: Session, cast: Cast, clinic: Schedule
) -> None:
    make_appointment(session, cast, starts_at=on(a_day(), "09:15"))
    long = make_type(session, cast.service, name="Long", minutes=30)
    assert clocks(session, cast, type=long) == ["09:30"]
    padded = make_type(session, cast.service, name="Padded", minutes=15, buffer_before_minutes=15)
    assert clocks(session, cast, type=padded) == ["09:00", "09:45"]


def test_the_buffer_of_what_is_booked_is_kept(session: Session, cast: Cast, clinic: Schedule) -> None:
    padded = make_type(session, cast.service, name="Padded", minutes=15, buffer_after_minutes=10)
    form = wish(cast, schedule_id=clinic.id, starts_at=on(a_day(), "09:00"), appointment_type_id=padded.id)
    book_appointment(session, actor_of(cast.receptionist), form)
    assert clocks(session, cast) == ["09:30", "09:45"]


def test_leave_a_closure_and_a_bank_holiday_offer_nothing(
    session: Session, cast: Cast, clinic: Schedule
) -> None:
    leave = close(session, cast, on(a_day(), "09:20"), on(a_day(), "09:40"))
    assert clocks(session, cast) == ["09:00", "09:45"]
    leave.ended_at = now()
    session.flush()
    assert len(clocks(session, cast)) == 4
    close(session, cast, on(a_day(), "00:00"), on(a_day(), "12:00"), service_id=cast.service.id)
    assert clocks(session, cast) == []


def test_somebody_elses_leave_changes_nothing(session: Session, cast: Cast, clinic: Schedule) -> None:
    close(
        session,
        cast,
        on(a_day(), "00:00"),
        on(a_day(), "12:00"),
        practitioner_id=cast.colleague.practitioner_id,
    )
    assert len(clocks(session, cast)) == 4


def test_a_bank_holiday_closes_ordinary_sessions_and_no_extra_ones(session: Session, cast: Cast) -> None:
    session.delete(session.merge(cast.schedule))
    year = now().year + 1
    christmas = date(year, 12, 25)
    parts: dict[str, Any] = {
        "first_date": christmas,
        "last_date": christmas,
        "starts": time(9),
        "ends": time(10),
    }
    ordinary = make_schedule(session, cast.service, cast.practitioner_id, is_extra=False, **parts)
    query = {"from_date": christmas, "days": 1}
    assert clocks(session, cast, **query) == []
    told = reasons(session, cast, ordinary, on(christmas, "09:00"))
    assert [(each.code, each.text) for each in told] == [(ReasonCode.BANK_HOLIDAY, "Christmas Day")]
    ordinary.is_extra = True
    session.flush()
    assert len(clocks(session, cast, **query)) == 4
    ordinary.is_extra = False
    session.merge(cast.service).closes_on_bank_holidays = False
    session.flush()
    assert len(clocks(session, cast, **query)) == 4


def test_parts_of_the_day_and_limits(session: Session, cast: Cast) -> None:
    morning = clocks(session, cast, part_of_day=PartOfDay.MORNING, from_date=a_day(), days=1)
    evening = clocks(session, cast, part_of_day=PartOfDay.EVENING, from_date=a_day(), days=1)
    assert (morning[0], morning[-1]) == ("00:00", "11:45")
    assert (evening[0], evening[-1]) == ("17:00", "23:45")
    assert found(session, cast, limit=5) == found(session, cast)[:5]


def test_a_limit_changes_nothing_but_the_number(session: Session, cast: Cast) -> None:
    assert cast.colleague.practitioner_id
    make_schedule(session, cast.service, cast.colleague.practitioner_id, slot_minutes=20)
    make_shared_clinic(session, cast)
    everything = found(session, cast, days=9)
    for limit in (1, 7, 100, 700):
        assert found(session, cast, days=9, limit=limit) == everything[:limit]


def test_two_sessions_of_one_clinician_offer_a_time_once(session: Session, cast: Cast) -> None:
    make_schedule(session, cast.service, cast.practitioner_id)
    starts = [slot.starts_at for slot in found(session, cast, days=2)]
    assert len(starts) == len(set(starts))


def test_a_shared_clinic_offers_a_time_while_a_lane_is_free(session: Session, cast: Cast) -> None:
    clinic, schedule = make_shared_clinic(session, cast, lanes=2)
    query: dict[str, Any] = {"shared_clinic_id": clinic.id, "days": 2}
    first = found(session, cast, **query)[0]
    assert (first.lane_id, first.practitioner_id) == (clinic.lanes[0].id, None)
    form = wish(cast, schedule_id=schedule.id, starts_at=first.starts_at)
    book_appointment(session, actor_of(cast.receptionist), form)
    again = found(session, cast, **query)[0]
    assert (again.starts_at, again.lane_id) == (first.starts_at, clinic.lanes[1].id)
    clinic.lanes[1].is_open = False
    session.flush()
    assert found(session, cast, **query)[0].starts_at == first.starts_at + QUARTER


def test_skills_types_and_ways_of_meeting_are_asked_for(session: Session, cast: Cast) -> None:
    skilled = make_type(session, cast.service, name="Ear wax", required_skill="microsuction")
    assert found(session, cast, type=skilled) == []
    session.add(
        PractitionerSkill(
            organisation_id=cast.service.organisation_id,
            service_id=cast.service.id,
            practitioner_id=cast.practitioner_id,
            skill="microsuction",
        )
    )
    session.flush()
    assert found(session, cast, type=skilled, limit=1)
    cast.schedule.types = [skilled]
    session.flush()
    assert found(session, cast) == []
    cast.schedule.types = []
    cast.schedule.is_in_person = False
    session.flush()
    assert found(session, cast, mode=Mode.IN_PERSON) == []
    skilled.is_active = False
    session.flush()
    assert found(session, cast, type=skilled) == []
    assert found(session, cast, type=type_of(session, cast.other_service)) == []


def test_a_room_that_is_taken_offers_nothing_in_person(session: Session, cast: Cast) -> None:
    assert cast.colleague.practitioner_id
    room = Room(organisation_id=cast.service.organisation_id, service_id=cast.service.id, name="Room 1")
    session.add(room)
    session.flush()
    cast.schedule.room_id = room.id
    beside = make_schedule(session, cast.service, cast.colleague.practitioner_id, room_id=room.id)
    book_appointment(session, actor_of(cast.receptionist), wish(cast, mode=Mode.IN_PERSON))
    query: dict[str, Any] = {"practitioner_id": cast.colleague.practitioner_id, "days": 2}
    assert found(session, cast, mode=Mode.IN_PERSON, **query)[0].starts_at != soon()
    assert soon() in {slot.starts_at for slot in found(session, cast, mode=Mode.VIDEO, **query)}
    told = reasons(session, cast, beside, soon(), mode=Mode.IN_PERSON)
    assert [each.code for each in told] == [ReasonCode.ROOM_TAKEN]


def test_the_patients_rules_hold_for_patients_alone(session: Session, cast: Cast) -> None:
    cast.appointment_type.notice_minutes, cast.appointment_type.days_ahead = 180, 2
    session.flush()
    own = found(session, cast, for_patient=True)
    assert own[0].starts_at >= now() + timedelta(minutes=179)
    assert own[-1].starts_at <= now() + timedelta(days=2)
    assert len(found(session, cast)) > len(own)


def test_times_at_which_the_patient_is_busy_are_left_out(session: Session, cast: Cast) -> None:
    assert cast.colleague.practitioner_id
    make_schedule(session, cast.service, cast.colleague.practitioner_id)
    make_appointment(session, cast)
    query: dict[str, Any] = {"practitioner_id": cast.colleague.practitioner_id, "days": 2}
    assert soon() in {slot.starts_at for slot in found(session, cast, **query)}
    assert soon() not in {
        slot.starts_at for slot in found(session, cast, patient_id=cast.patient.id, **query)
    }


def reasons(
    session: Session, cast: Cast, schedule: Schedule, starts_at: datetime, **query: Any
) -> list[Reason]:
    wanted = SlotQuery(**{"type": cast.appointment_type, **query})
    given: dict[str, Any] = {"schedule_id": schedule.id, "starts_at": starts_at, "now": now()}
    told = explain(session, cast.service, wanted, **given)
    # What is explained is not offered, and what is offered needs no explanation.
    assert bool(told) == (find_slot(session, cast.service, wanted, **given) is None)
    return told


def test_every_refusal_names_its_rule(session: Session, cast: Cast, clinic: Schedule) -> None:
    """Failure 7: refused, and nobody knows why."""
    nine, last = on(a_day(), "09:00"), on(a_day(), "09:45")
    assert reasons(session, cast, clinic, nine) == []
    booked = make_appointment(session, cast, starts_at=nine)
    held = hold(session, _with(cast, clinic), starts_at=last)
    leave = close(session, cast, on(a_day(), "09:15"), on(a_day(), "09:30"))
    codes: dict[str, list[tuple[ReasonCode, UUID | None]]] = {
        "09:00": [(ReasonCode.BOOKED, booked.id)],
        "09:15": [(ReasonCode.LEAVE, None)],
        "09:45": [(ReasonCode.HELD, None)],
        "09:50": [(ReasonCode.OUTSIDE_SESSION, None), (ReasonCode.HELD, None)],
        "11:00": [(ReasonCode.OUTSIDE_SESSION, None)],
    }
    for clock, expected in codes.items():
        told = reasons(session, cast, clinic, on(a_day(), clock))
        assert [(each.code, each.appointment_id) for each in told if each.code is not ReasonCode.LEAVE] == [
            pair for pair in expected if pair[0] is not ReasonCode.LEAVE
        ], clock
    [about] = reasons(session, cast, clinic, on(a_day(), "09:15"))
    assert (about.exception_id, about.text, about.until) == (leave.id, "Annual leave", leave.ends_at)
    [kept] = reasons(session, cast, clinic, last)
    assert kept.until == held.expires_at
    past = reasons(session, cast, clinic, now() - timedelta(hours=1))
    assert ReasonCode.PAST in {each.code for each in past}
    assert explain(
        session,
        cast.service,
        SlotQuery(type=cast.appointment_type),
        schedule_id=uuid4(),
        starts_at=nine,
        now=now(),
    )


def _with(cast: Cast, schedule: Schedule) -> Cast:
    return replace(cast, schedule=schedule)
