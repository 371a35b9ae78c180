"""The day sheet: who stands in which column, what is said of each time, and how many queries that takes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, time, timedelta

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from telehealth.accounts.services.sign_in import actor_of
from telehealth.actor import Role
from telehealth.booking.domain.appointment import AppointmentStatus, Mode
from telehealth.booking.domain.intervals import Interval
from telehealth.booking.domain.slots import Slot
from telehealth.booking.models import Room, Schedule
from telehealth.booking.services.appointments import change_status, place_appointment
from telehealth.booking.services.booking import FARTHEST
from telehealth.booking.services.day_columns import Elsewhere, Held, Meeting
from telehealth.booking.services.day_sheet import Wanted
from telehealth.clock import now, uk_today
from telehealth.errors import NotFound
from tests.booking.services.day_sheets import (
    LONDON,
    QUARTER,
    a_day,
    at,
    column_of,
    place,
    sheet_of,
    take_leave,
)
from tests.booking.services.wishes import hold
from tests.factories import (
    Cast,
    make_account,
    make_appointment,
    make_clinician,
    make_patient,
    make_schedule,
    make_shared_clinic,
    protect,
    type_of,
)

pytestmark = pytest.mark.service


@pytest.fixture
def morning(session: Session, cast: Cast) -> Schedule:
    """The cast's clinician has a clinic from nine to ten, and no other."""
    cast.schedule.last_date = uk_today() - timedelta(days=1)
    made = make_schedule(session, cast.service, cast.practitioner_id, starts=time(9), ends=time(10))
    session.flush()
    return made


def test_what_is_too_far_to_be_booked_is_not_offered(session: Session, cast: Cast, morning: Schedule) -> None:
    last = (now() + FARTHEST).date()
    days = [last + number * timedelta(days=1) for number in (-1, 1)]
    near, far = (column_of(sheet_of(session, cast, day=day), "Dr Nia Pritchard") for day in days)
    assert near.sessions
    assert near.slots
    assert far.sessions
    assert not far.slots


def test_appointments_holds_and_free_times_stand_in_the_clinicians_column(
    session: Session, cast: Cast, morning: Schedule
) -> None:
    booked = place(session, cast, morning, at("09:15"), cast.patient)
    kept = hold(session, cast_with(cast, morning), starts_at=at("09:30"), patient_id=cast.other_patient.id)
    sheet = sheet_of(session, cast)
    column = column_of(sheet, "Dr Nia Pritchard")
    assert [column.name for column in sheet.columns] == ["Dr Nia Pritchard"]
    assert sheet.span == Interval(at("09:00"), at("10:00"))
    meeting, held = column.taken
    assert isinstance(meeting, Meeting)
    assert (meeting.appointment_id, meeting.family_name) == (booked.id, "Morgan")
    assert (meeting.status, meeting.type_name) == (AppointmentStatus.BOOKED, "Consultation")
    assert held == Held(Interval(at("09:30"), at("09:45")), kept.expires_at)
    assert [slot.starts_at for slot in column.slots] == [at("09:00"), at("09:45")]
    assert sheet.appointment_count == 1


def cast_with(cast: Cast, schedule: Schedule) -> Cast:
    """The same people, with another schedule for what is held."""
    return replace(cast, schedule=schedule)


def test_a_lapsed_hold_is_not_shown(session: Session, cast: Cast, morning: Schedule) -> None:
    hold(session, cast_with(cast, morning), starts_at=at("09:30"), patient_id=cast.patient.id)
    later = now() + timedelta(minutes=6)
    column = column_of(sheet_of(session, cast, now=later), "Dr Nia Pritchard")
    assert column.taken == []
    assert at("09:30") in [slot.starts_at for slot in column.slots]


def test_buffers_do_not_lengthen_what_is_being_booked(
    session: Session, cast: Cast, morning: Schedule
) -> None:
    cast.appointment_type.buffer_after_minutes = 15
    hold(session, cast_with(cast, morning), starts_at=at("09:15"), patient_id=cast.patient.id)
    column = column_of(sheet_of(session, cast), "Dr Nia Pritchard")
    assert [each.span for each in column.taken] == [Interval(at("09:15"), at("09:30"))]
    # Nor is the time that they keep offered.
    assert [slot.starts_at for slot in column.slots] == [at("09:45")]


def test_a_protected_patients_name_is_not_there(session: Session, cast: Cast, morning: Schedule) -> None:
    place(session, cast, morning, at("09:15"), cast.patient)
    protection = protect(session, cast)
    own = column_of(sheet_of(session, cast), "Dr Nia Pritchard").taken[0]
    assert isinstance(own, Meeting)
    assert own.family_name == "Morgan", "the service that protects may know"
    protection.service_id = cast.other_service.id
    session.flush()
    hidden = column_of(sheet_of(session, cast), "Dr Nia Pritchard").taken[0]
    assert isinstance(hidden, Meeting)
    assert (hidden.is_hidden, hidden.given_name, hidden.family_name) == (True, "", "")


def test_what_the_clinician_does_for_another_service_is_busy(
    session: Session, cast: Cast, morning: Schedule
) -> None:
    elsewhere = make_schedule(session, cast.other_service, cast.practitioner_id)
    reception = make_account(session, cast.other_service, "desk", Role.RECEPTIONIST)
    place_appointment(
        session,
        actor_of(reception),
        cast.other_service,
        cast.patient,
        Slot(
            starts_at=at("09:15"),
            ends_at=at("09:30"),
            schedule_id=elsewhere.id,
            practitioner_id=cast.practitioner_id,
        ),
        type_=type_of(session, cast.other_service),
    )
    sheet = sheet_of(session, cast)
    column = column_of(sheet, "Dr Nia Pritchard")
    assert column.taken == [Elsewhere(Interval(at("09:15"), at("09:30")))]
    assert sheet.appointment_count == 0
    assert at("09:15") not in [slot.starts_at for slot in column.slots]


def test_cancelled_ones_are_gone_and_missed_ones_stay(
    session: Session, cast: Cast, morning: Schedule
) -> None:
    gone = place(session, cast, morning, at("09:00"), cast.patient)
    missed = place(session, cast, morning, at("09:15"), cast.other_patient)
    for appointment, status in ((gone, AppointmentStatus.CANCELLED), (missed, AppointmentStatus.NOSHOW)):
        change_status(session, actor_of(cast.receptionist), appointment, status)
    column = column_of(sheet_of(session, cast), "Dr Nia Pritchard")
    assert [each.appointment_id for each in column.taken if isinstance(each, Meeting)] == [missed.id]


def test_leave_is_named_and_offers_nothing(session: Session, cast: Cast, morning: Schedule) -> None:
    take_leave(session, cast, at("09:30"), at("12:00"))
    undone = take_leave(session, cast, at("09:00"), at("09:15"))
    undone.ended_at = now()
    session.flush()
    column = column_of(sheet_of(session, cast), "Dr Nia Pritchard")
    assert [(each.reason, each.is_leave) for each in column.closures] == [("Annual leave", True)]
    assert [slot.starts_at for slot in column.slots] == [at("09:00"), at("09:15")]


def test_a_closure_of_the_service_is_everybodys(session: Session, cast: Cast, morning: Schedule) -> None:
    assert cast.colleague.practitioner_id
    make_schedule(session, cast.service, cast.colleague.practitioner_id)
    take_leave(session, cast, at("09:00"), at("12:00"), service_id=cast.service.id)
    take_leave(session, cast, at("09:00"), at("12:00"), service_id=cast.other_service.id)
    sheet = sheet_of(session, cast)
    assert [len(column.closures) for column in sheet.columns] == [1, 1]
    assert not any(closure.is_leave for column in sheet.columns for closure in column.closures)


def test_a_bank_holiday_says_its_name_and_the_next_day(
    session: Session, cast: Cast, morning: Schedule
) -> None:
    morning.is_extra = False
    christmas = date(uk_today().year + 1, 12, 25)
    sheet = sheet_of(session, cast, day=christmas)
    assert sheet.bank_holiday == "Christmas Day"
    assert not sheet.has_sessions
    assert sheet.next_day is not None
    assert sheet.next_day > christmas
    column = column_of(sheet, "Dr Nia Pritchard")
    assert [closure.reason for closure in column.closures] == ["Christmas Day"]
    assert column.slots == []


def test_an_extra_session_on_a_bank_holiday_is_no_closure(
    session: Session, cast: Cast, morning: Schedule
) -> None:
    morning.is_extra = False
    christmas = date(uk_today().year + 1, 12, 25)
    make_schedule(
        session,
        cast.service,
        cast.practitioner_id,
        first_date=christmas,
        last_date=christmas,
        starts=time(9, 30),
        ends=time(10),
    )
    column = column_of(sheet_of(session, cast, day=christmas), "Dr Nia Pritchard")
    assert [closure.span for closure in column.closures] == [
        Interval(at("09:00", christmas), at("09:30", christmas))
    ]


def test_without_a_session_the_next_day_with_one_is_named(session: Session, cast: Cast) -> None:
    cast.schedule.last_date = uk_today() - timedelta(days=1)
    later = a_day() + timedelta(days=9)
    make_schedule(session, cast.service, cast.practitioner_id, first_date=later, last_date=later)
    sheet = sheet_of(session, cast)
    assert (sheet.has_sessions, sheet.next_day, sheet.span, sheet.columns) == (False, later, None, [])


def test_each_lane_of_a_shared_clinic_has_a_column(session: Session, cast: Cast, morning: Schedule) -> None:
    clinic, schedule = make_shared_clinic(session, cast)
    place(session, cast, schedule, at("09:00"), cast.patient, lane_id=clinic.lanes[0].id)
    sheet = sheet_of(session, cast)
    first, second = (column_of(sheet, "Diabetes clinic", number) for number in (1, 2))
    assert [type(each) for each in first.taken] == [Meeting]
    assert second.taken == []
    nine = [slot.lane_id for slot in second.slots if slot.starts_at == at("09:00")]
    assert nine == [clinic.lanes[1].id]


def test_each_free_place_of_a_shared_clinic_is_offered_in_its_own_column(
    session: Session, cast: Cast, morning: Schedule
) -> None:
    clinic, _ = make_shared_clinic(session, cast)
    session.flush()
    sheet = sheet_of(session, cast)
    first, second = (column_of(sheet, "Diabetes clinic", number) for number in (1, 2))
    starts = [slot.starts_at for slot in first.slots]
    assert at("09:00") in starts
    assert [slot.starts_at for slot in second.slots] == starts
    assert {slot.lane_id for slot in second.slots} == {clinic.lanes[1].id}


def test_while_one_of_two_is_away_one_place_of_a_shared_clinic_is_offered(
    session: Session, cast: Cast, morning: Schedule
) -> None:
    clinic, schedule = make_shared_clinic(session, cast)
    take_leave(session, cast, at("09:00"), at("12:00"))
    place(session, cast, schedule, at("10:00"), cast.patient, lane_id=clinic.lanes[0].id)
    sheet = sheet_of(session, cast)
    offered = [
        {slot.starts_at for slot in column_of(sheet, "Diabetes clinic", number).slots} for number in (1, 2)
    ]
    assert [at("09:00") in starts for starts in offered] == [True, False]
    assert [at("10:00") in starts for starts in offered] == [False, False]
    assert [at("13:00") in starts for starts in offered] == [True, True]


def test_in_one_room_only_one_place_of_a_shared_clinic_is_offered(
    session: Session, cast: Cast, morning: Schedule
) -> None:
    _, schedule = make_shared_clinic(session, cast)
    room = Room(organisation_id=cast.service.organisation_id, service_id=cast.service.id, name="Room 4")
    session.add(room)
    session.flush()
    schedule.room_id = room.id
    schedule.is_in_person = True
    session.flush()
    sheet = sheet_of(session, cast, wanted=Wanted(type=cast.appointment_type, mode=Mode.IN_PERSON))
    assert column_of(sheet, "Diabetes clinic", 1).slots
    assert column_of(sheet, "Diabetes clinic", 2).slots == []


def test_who_took_the_patient_of_a_shared_clinic_is_said(
    session: Session, cast: Cast, morning: Schedule
) -> None:
    clinic, schedule = make_shared_clinic(session, cast)
    booked = place(session, cast, schedule, at("09:00"), cast.patient, lane_id=clinic.lanes[0].id)
    booked.practitioner_id = cast.practitioner_id
    session.flush()
    sheet = sheet_of(session, cast)
    meeting = column_of(sheet, "Diabetes clinic", 1).taken[0]
    assert isinstance(meeting, Meeting)
    assert meeting.taken_by == "Dr Nia Pritchard"
    assert column_of(sheet, "Dr Nia Pritchard").taken == [], "once, in the lane that was booked"


def test_who_was_asked_for_is_shown_even_without_a_session(
    session: Session, cast: Cast, morning: Schedule
) -> None:
    assert cast.colleague.practitioner_id
    sheet = sheet_of(session, cast, owner_ids=[cast.colleague.practitioner_id])
    assert [column.name for column in sheet.columns] == ["Dr Tomos Rees"]
    strangers = sheet_of(session, cast, owner_ids=[cast.other_service.id])
    assert [column.name for column in strangers.columns] == ["Dr Nia Pritchard"]


def test_an_appointment_with_somebody_who_left_is_not_lost(
    session: Session, cast: Cast, morning: Schedule
) -> None:
    leaver = make_clinician(session, cast.other_service, "Hywel", "Parry")
    assert leaver.practitioner_id
    schedule = make_schedule(session, cast.service, leaver.practitioner_id, last_date=uk_today())
    place(session, cast, schedule, at("09:00"), cast.patient)
    assert len(column_of(sheet_of(session, cast), "Dr Hywel Parry").taken) == 1


def test_more_clinicians_than_fit_are_counted(session: Session, cast: Cast, morning: Schedule) -> None:
    for number in range(9):
        account = make_clinician(session, cast.service, f"Given{number}", f"Zed{number}")
        assert account.practitioner_id
        make_schedule(session, cast.service, account.practitioner_id, starts=time(9), ends=time(10))
    sheet = sheet_of(session, cast)
    assert (len(sheet.columns), sheet.left_out) == (8, 2)


def test_the_patients_own_appointments_leave_no_time_to_book(
    session: Session, cast: Cast, morning: Schedule
) -> None:
    assert cast.colleague.practitioner_id
    other = make_schedule(
        session, cast.service, cast.colleague.practitioner_id, starts=time(9), ends=time(10)
    )
    place(session, cast, other, at("09:15"), cast.patient)
    wanted = Wanted(type=cast.appointment_type, mode=Mode.VIDEO, patient_id=cast.patient.id)
    column = column_of(sheet_of(session, cast, wanted=wanted), "Dr Nia Pritchard")
    assert [slot.starts_at for slot in column.slots] == [at("09:00"), at("09:30"), at("09:45")]


def test_a_room_and_an_interpreter_are_said(session: Session, cast: Cast, morning: Schedule) -> None:
    room = Room(organisation_id=cast.service.organisation_id, service_id=cast.service.id, name="Room 2")
    session.add(room)
    session.flush()
    booked = place(session, cast, morning, at("09:00"), cast.patient)
    booked.room_id, booked.interpreter_language, booked.is_overbooked = room.id, "Polish", True
    session.flush()
    meeting = column_of(sheet_of(session, cast), "Dr Nia Pritchard").taken[0]
    assert isinstance(meeting, Meeting)
    assert (meeting.room_name, meeting.interpreter_language, meeting.is_overbooked) == (
        "Room 2",
        "Polish",
        True,
    )


@pytest.mark.parametrize("who", sorted(["administrator", "clinician", "other_service_receptionist"]))
def test_nobody_but_the_services_reception_sees_it(session: Session, cast: Cast, who: str) -> None:
    with pytest.raises(NotFound):
        sheet_of(session, cast, actor=actor_of(getattr(cast, who)))


def test_hundreds_of_rows_take_as_many_queries_as_one(
    session: Session, cast: Cast, engine: Engine, morning: Schedule
) -> None:
    one = place(session, cast, morning, at("09:00"), cast.patient)
    session.flush()
    session.expire_all()
    with counting(engine) as few:
        sheet_of(session, cast)
    assert one.id
    for number in range(8):
        account = make_clinician(session, cast.service, f"Given{number}", f"Family{number}")
        assert account.practitioner_id
        schedule = make_schedule(session, cast.service, account.practitioner_id)
        for index in range(31):
            patient = make_patient(session, cast.service, given_name=f"P{number}", family_name=f"Q{index}")
            place(session, cast, schedule, at("08:00") + index * QUARTER, patient)
    session.flush()
    session.expire_all()
    with counting(engine) as many:
        sheet = sheet_of(session, cast)
    assert sheet.appointment_count >= 7 * 31
    assert len(many) == len(few)
    assert len(many) <= 20


@contextmanager
def counting(engine: Engine) -> Iterator[list[str]]:
    """The statements that are sent meanwhile."""
    sent: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_an_appointment_of_today_is_on_todays_sheet(session: Session, cast: Cast) -> None:
    booked = make_appointment(session, cast)
    day = booked.starts_at.astimezone(LONDON).date()
    column = column_of(sheet_of(session, cast, day=day), "Dr Nia Pritchard")
    assert [each.appointment_id for each in column.taken if isinstance(each, Meeting)] == [booked.id]
