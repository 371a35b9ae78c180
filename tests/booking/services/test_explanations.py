"""Why a time is not free: each rule by its name, exactly where the search offers nothing (failure 7)."""

from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session

from telehealth.accounts.services.sign_in import actor_of
from telehealth.booking.domain.appointment import Mode
from telehealth.booking.models import Room, Schedule, ScheduleException
from telehealth.booking.services.availability import SlotQuery, find_slot
from telehealth.booking.services.booking import book_appointment
from telehealth.booking.services.explanations import Reason, ReasonCode, explain
from telehealth.clock import now
from tests.booking.services.wishes import hold, wish
from tests.factories import (
    Cast,
    at,
    make_appointment,
    make_schedule,
    make_shared_clinic,
    make_type,
    soon,
    type_of,
)

pytestmark = pytest.mark.service

LONDON = ZoneInfo("Europe/London")
MINUTE = timedelta(minutes=1)


def reasons(
    session: Session,
    cast: Cast,
    *,
    starts_at: datetime | None = None,
    schedule: Schedule | None = None,
    seen_at: datetime | None = None,
    **query: Any,
) -> list[Reason]:
    """What is explained; it must be what the search says too."""
    wanted = SlotQuery(**{"type": cast.appointment_type, "mode": Mode.VIDEO, **query})
    given: dict[str, Any] = {
        "schedule_id": (schedule or cast.schedule).id,
        "starts_at": starts_at or soon(),
        "now": seen_at or now(),
    }
    told = explain(session, cast.service, wanted, **given)
    assert bool(told) == (find_slot(session, cast.service, wanted, **given) is None)
    return told


def codes(session: Session, cast: Cast, **parts: Any) -> list[ReasonCode]:
    return [reason.code for reason in reasons(session, cast, **parts)]


def close(session: Session, cast: Cast, **subject: Any) -> ScheduleException:
    made = ScheduleException(
        organisation_id=cast.service.organisation_id,
        starts_at=soon() + MINUTE,
        ends_at=soon() + 2 * MINUTE,
        reason="Training",
        created_by="test",
        **subject,
    )
    session.add(made)
    session.flush()
    return made


def make_room(session: Session, cast: Cast) -> Room:
    room = Room(organisation_id=cast.service.organisation_id, service_id=cast.service.id, name="Room 1")
    session.add(room)
    session.flush()
    return room


def test_a_free_time_needs_no_reason(session: Session, cast: Cast) -> None:
    assert reasons(session, cast) == []


def test_a_time_that_is_over(session: Session, cast: Cast) -> None:
    assert codes(session, cast, seen_at=soon() + 5 * MINUTE) == [ReasonCode.PAST]


@pytest.mark.parametrize("milliseconds", [-1000, -999, -500, -1, 0, 1, 500])
def test_the_last_moment_is_the_same_for_the_search(session: Session, cast: Cast, milliseconds: int) -> None:
    seen_at = soon() + 5 * MINUTE + timedelta(milliseconds=milliseconds)
    told = codes(session, cast, seen_at=seen_at)
    assert told == ([ReasonCode.PAST] if milliseconds >= 0 else [])


def test_too_soon_and_too_far_are_for_patients(session: Session, cast: Cast) -> None:
    type_ = cast.appointment_type
    type_.notice_minutes, type_.days_ahead = 60, 2
    starts_at = soon() + timedelta(days=1)
    hour, ahead = starts_at - 60 * MINUTE, starts_at - timedelta(days=2)
    second = timedelta(seconds=1)
    for seen_at, expected in (
        (hour, []),
        (hour + second, [ReasonCode.TOO_SOON]),
        (ahead, []),
        (ahead - second, [ReasonCode.TOO_FAR]),
    ):
        parts: dict[str, Any] = {"starts_at": starts_at, "seen_at": seen_at}
        assert codes(session, cast, for_patient=True, **parts) == expected
        assert codes(session, cast, **parts) == []


def test_off_the_grid_and_outside_a_session(session: Session, cast: Cast) -> None:
    assert codes(session, cast, starts_at=soon() + MINUTE) == [ReasonCode.OUTSIDE_SESSION]
    long = make_type(session, cast.service, name="Long", minutes=50)
    day = now().astimezone(LONDON).date() + timedelta(days=2)
    morning = make_schedule(
        session,
        cast.service,
        cast.colleague.practitioner_id,
        first_date=day,
        last_date=day,
        starts=time(9),
        ends=time(10),
    )
    nine = datetime.combine(day, time(9), LONDON)
    assert codes(session, cast, schedule=morning, type=long, starts_at=nine) == []
    # It would run over the end.
    late = nine + 15 * MINUTE
    assert codes(session, cast, schedule=morning, type=long, starts_at=late) == [ReasonCode.OUTSIDE_SESSION]
    next_day = nine + timedelta(days=1)
    assert codes(session, cast, schedule=morning, starts_at=next_day) == [ReasonCode.OUTSIDE_SESSION]


def test_a_schedule_of_another_service_is_none(session: Session, cast: Cast) -> None:
    foreign = make_schedule(session, cast.other_service, cast.practitioner_id)
    assert codes(session, cast, schedule=foreign) == [ReasonCode.OUTSIDE_SESSION]
    unknown = explain(
        session,
        cast.service,
        SlotQuery(type=cast.appointment_type),
        schedule_id=uuid4(),
        starts_at=soon(),
        now=now(),
    )
    assert [reason.code for reason in unknown] == [ReasonCode.OUTSIDE_SESSION]


def test_leave_and_closures_name_themselves(session: Session, cast: Cast) -> None:
    leave = close(session, cast, practitioner_id=cast.practitioner_id)
    [told] = reasons(session, cast)
    assert told == Reason(code=ReasonCode.LEAVE, exception_id=leave.id, until=leave.ends_at, text="Training")
    closure = close(session, cast, service_id=cast.service.id)
    assert {(each.code, each.exception_id) for each in reasons(session, cast)} == {
        (ReasonCode.LEAVE, leave.id),
        (ReasonCode.CLOSED, closure.id),
    }
    leave.ended_at = closure.ended_at = now()
    session.flush()
    assert reasons(session, cast) == []


def test_a_shared_clinic_that_is_closed(session: Session, cast: Cast) -> None:
    clinic, schedule = make_shared_clinic(session, cast)
    close(session, cast, shared_clinic_id=clinic.id)
    assert codes(session, cast, schedule=schedule) == [ReasonCode.CLOSED]
    assert codes(session, cast) == []


def test_a_bank_holiday_is_named(session: Session, cast: Cast) -> None:
    christmas = date(now().year + 1, 12, 25)
    cast.schedule.is_extra = False
    session.flush()
    noon = datetime.combine(christmas, time(12), LONDON)
    [told] = reasons(session, cast, starts_at=noon)
    assert (told.code, told.text) == (ReasonCode.BANK_HOLIDAY, "Christmas Day")
    cast.service.closes_on_bank_holidays = False
    assert reasons(session, cast, starts_at=noon) == []


def test_what_is_booked_names_the_appointment(session: Session, cast: Cast) -> None:
    appointment = make_appointment(session, cast)
    [told] = reasons(session, cast)
    assert (told.code, told.appointment_id) == (ReasonCode.BOOKED, appointment.id)
    # To its own move it is no obstacle.
    assert reasons(session, cast, moves=appointment) == []


def test_buffers_reach_what_lies_beside(session: Session, cast: Cast) -> None:
    beside = make_appointment(session, cast, starts_at=soon() + 15 * MINUTE)
    padded = make_type(session, cast.service, name="Padded", buffer_after_minutes=1)
    [told] = reasons(session, cast, type=padded)
    assert (told.code, told.appointment_id) == (ReasonCode.BOOKED, beside.id)
    assert reasons(session, cast) == []


def test_what_is_held_says_until_when(session: Session, cast: Cast) -> None:
    """Failure 5: on Back, one's own hold hides the time from oneself."""
    held = hold(session, cast)
    [told] = reasons(session, cast)
    assert (told.code, told.until) == (ReasonCode.HELD, held.expires_at)
    assert reasons(session, cast, own_hold=held.id) == []
    assert codes(session, cast, own_hold=uuid4()) == [ReasonCode.HELD]


def test_a_hold_that_has_lapsed_is_no_reason(session: Session, cast: Cast) -> None:
    """Failure 6: shown as free for ever, and never bookable."""
    starts_at = soon() + timedelta(hours=2)
    held = hold(session, cast, starts_at=starts_at)
    assert codes(session, cast, starts_at=starts_at, seen_at=held.expires_at - MINUTE) == [ReasonCode.HELD]
    assert codes(session, cast, starts_at=starts_at, seen_at=held.expires_at) == []


def test_the_patient_is_elsewhere(session: Session, cast: Cast) -> None:
    beside = make_schedule(session, cast.service, cast.colleague.practitioner_id)
    appointment = make_appointment(session, cast)
    [told] = reasons(session, cast, schedule=beside, patient_id=cast.patient.id)
    assert (told.code, told.appointment_id) == (ReasonCode.PATIENT_BUSY, appointment.id)
    assert reasons(session, cast, schedule=beside, patient_id=cast.other_patient.id) == []


def test_a_room_is_taken_for_those_who_meet_in_person(session: Session, cast: Cast) -> None:
    room = make_room(session, cast)
    cast.schedule.room_id = room.id
    beside = make_schedule(session, cast.service, cast.colleague.practitioner_id, room_id=room.id)
    form = wish(cast, mode=Mode.IN_PERSON)
    appointment = book_appointment(session, actor_of(cast.receptionist), form)
    [told] = reasons(session, cast, schedule=beside, mode=Mode.IN_PERSON)
    assert (told.code, told.appointment_id) == (ReasonCode.ROOM_TAKEN, appointment.id)
    assert reasons(session, cast, schedule=beside, mode=Mode.PHONE) == []
    # Any way of meeting: another one needs no room, but for a type that has no other.
    assert reasons(session, cast, schedule=beside, mode=None) == []
    bodily = make_type(session, cast.service, name="Bloods", is_by_video=False, is_by_phone=False)
    bodily.is_in_person = True
    session.flush()
    assert codes(session, cast, schedule=beside, type=bodily, mode=None) == [ReasonCode.ROOM_TAKEN]


def test_a_type_that_the_session_does_not_take(session: Session, cast: Cast) -> None:
    other = make_type(session, cast.service, name="Review")
    cast.schedule.types = [other]
    session.flush()
    [told] = reasons(session, cast)
    assert (told.code, told.text) == (ReasonCode.TYPE_NOT_OFFERED, "Consultation")
    assert reasons(session, cast, type=other) == []
    other.is_active = False
    session.flush()
    assert codes(session, cast, type=other) == [ReasonCode.TYPE_NOT_OFFERED]


def test_a_type_of_another_service(session: Session, cast: Cast) -> None:
    foreign = type_of(session, cast.other_service)
    assert codes(session, cast, type=foreign) == [ReasonCode.TYPE_NOT_OFFERED]


def test_a_way_of_meeting_that_the_session_does_not_have(session: Session, cast: Cast) -> None:
    cast.schedule.is_by_video = False
    session.flush()
    assert codes(session, cast) == [ReasonCode.MODE]
    assert codes(session, cast, mode=Mode.PHONE) == []
    filmed = make_type(session, cast.service, name="Filmed", is_by_phone=False, is_in_person=False)
    assert codes(session, cast, type=filmed, mode=None) == [ReasonCode.MODE]


def test_a_skill_that_the_clinician_does_not_have(session: Session, cast: Cast) -> None:
    skilled = make_type(session, cast.service, name="Ear wax", required_skill="microsuction")
    [told] = reasons(session, cast, type=skilled)
    assert (told.code, told.text) == (ReasonCode.SKILL, "microsuction")


def test_every_rule_that_says_no_is_told(session: Session, cast: Cast) -> None:
    make_appointment(session, cast)
    close(session, cast, practitioner_id=cast.practitioner_id)
    skilled = make_type(session, cast.service, name="Ear wax", required_skill="microsuction")
    cast.schedule.types = [cast.appointment_type]
    cast.schedule.is_by_video = False
    session.flush()
    assert set(codes(session, cast, type=skilled, patient_id=cast.patient.id)) == {
        ReasonCode.TYPE_NOT_OFFERED,
        ReasonCode.MODE,
        ReasonCode.SKILL,
        ReasonCode.LEAVE,
        ReasonCode.BOOKED,
        ReasonCode.PATIENT_BUSY,
    }


def test_a_shared_clinic_is_full_when_every_lane_is(session: Session, cast: Cast) -> None:
    clinic, schedule = make_shared_clinic(session, cast, lanes=2)
    booked = []
    for patient in (cast.patient, cast.other_patient):
        assert codes(session, cast, schedule=schedule) == []
        form = wish(cast, schedule_id=schedule.id, patient_id=patient.id)
        booked.append(book_appointment(session, actor_of(cast.receptionist), form).id)
    assert [each.appointment_id for each in reasons(session, cast, schedule=schedule)] == booked
    for lane in clinic.lanes:
        lane.is_open = False
    session.flush()
    assert codes(session, cast, schedule=schedule) == [ReasonCode.OUTSIDE_SESSION]


def test_a_time_in_the_hour_that_is_missing_is_outside(session: Session, cast: Cast) -> None:
    """On 28 March 2027 there is no 01:30: what was typed as such is another time, which is said by its rule."""
    short = make_schedule(
        session,
        cast.service,
        cast.colleague.practitioner_id,
        first_date=date(2027, 3, 28),
        last_date=date(2027, 3, 28),
        starts=time(1),
        ends=time(2),
    )
    typed = datetime.combine(date(2027, 3, 28), time(1, 30), LONDON)
    told = codes(session, cast, schedule=short, starts_at=typed, seen_at=at("2027-03-27 12:00"))
    assert told == [ReasonCode.OUTSIDE_SESSION]
