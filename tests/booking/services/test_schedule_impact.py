"""A change of sessions never silently strands an appointment."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from telehealth.accounts.services.sign_in import actor_of
from telehealth.booking.domain.appointment import AppointmentStatus, CancelReason, Mode
from telehealth.booking.domain.intervals import Interval
from telehealth.booking.domain.recurrence import Recurrence
from telehealth.booking.domain.slots import Slot
from telehealth.booking.models import Appointment, Schedule
from telehealth.booking.services.appointments import place_appointment
from telehealth.booking.services.bank_holidays import bank_holiday_on
from telehealth.booking.services.booking_rules import change_booking_rules
from telehealth.booking.services.cancelling import cancel_appointment
from telehealth.booking.services.exceptions import ExceptionWish, create_exception, end_exception
from telehealth.booking.services.schedule_impact import (
    WouldStrand,
    find_stranded,
    list_outside,
    load_plan,
    token_of,
)
from telehealth.booking.services.schedule_wishes import ScheduleWish, local_today, plan_change
from telehealth.booking.services.schedules import change_schedule, end_schedule
from telehealth.booking.services.sessions import find_sessions
from telehealth.clock import now
from telehealth.errors import InvalidInput
from tests.factories import Cast, make_patient, make_schedule, make_shared_clinic, make_type

pytestmark = pytest.mark.service

DAY = timedelta(days=1)
LONDON = ZoneInfo("Europe/London")
Book = Callable[..., Appointment]


@pytest.fixture
def clinic(session: Session, cast: Cast) -> Schedule:
    """The colleague's: every day from tomorrow, 9am to 5pm, by video and phone; not on bank holidays."""
    return make_schedule(
        session,
        cast.service,
        cast.colleague.practitioner_id,
        first_date=local_today(cast.service) + DAY,
        starts=time(9),
        ends=time(17),
        is_in_person=False,
        is_extra=False,
    )


@pytest.fixture
def book(session: Session, cast: Cast, clinic: Schedule) -> Book:
    def make(days: int, at: time = time(10), *, mode: Mode = Mode.VIDEO, **parts: Any) -> Appointment:
        start = datetime.combine(local_today(cast.service) + days * DAY, at, LONDON).astimezone(UTC)
        slot = Slot(
            starts_at=start,
            ends_at=start + timedelta(minutes=15),
            schedule_id=clinic.id,
            practitioner_id=parts.pop("practitioner_id", cast.colleague.practitioner_id),
            lane_id=parts.pop("lane_id", None),
        )
        patient = make_patient(session, cast.service, given_name=f"Day{days}{at:%H%M}")
        return place_appointment(
            session,
            actor_of(cast.receptionist),
            cast.service,
            patient,
            slot,
            mode=mode,
            type_=parts.pop("type_", cast.appointment_type),
            **parts,
        )

    return make


def wish_from(clinic: Schedule, **parts: Any) -> ScheduleWish:
    return ScheduleWish(
        **{
            "practitioner_id": clinic.practitioner_id,
            "recurrence": Recurrence.weekly(range(7)),
            "first_date": clinic.first_date,
            "starts": clinic.starts,
            "ends": clinic.ends,
            "slot_minutes": clinic.slot_minutes,
            "modes": frozenset(clinic.modes),
            **parts,
        }
    )


def stranded_by(session: Session, cast: Cast, clinic: Schedule, **parts: Any) -> list[Appointment]:
    change = plan_change(cast.service, clinic, wish_from(clinic, **parts))
    return find_stranded(session, change, now=now())


def test_what_lies_outside_the_new_hours_is_found_and_the_rest_is_not(
    session: Session, cast: Cast, clinic: Schedule, book: Book
) -> None:
    morning, afternoon = book(3, time(9)), book(3, time(14))
    later = book(20, time(16, 45))
    assert stranded_by(session, cast, clinic, ends=time(14)) == [afternoon, later]
    assert stranded_by(session, cast, clinic, ends=time(14), first_date=clinic.first_date + 10 * DAY) == [
        later
    ]
    assert stranded_by(session, cast, clinic, starts=time(10)) == [morning]
    assert stranded_by(session, cast, clinic) == []


def test_ways_of_meeting_and_types_that_a_session_no_longer_takes(
    session: Session, cast: Cast, clinic: Schedule, book: Book
) -> None:
    review = make_type(session, cast.service, name="Review")
    phoned, seen = book(3, mode=Mode.PHONE), book(3, time(11), type_=review)
    assert stranded_by(session, cast, clinic, modes=frozenset({Mode.VIDEO})) == [phoned]
    assert stranded_by(session, cast, clinic, type_ids=frozenset({cast.appointment_type.id})) == [seen]


def test_whoever_still_lies_in_another_session_of_the_same_clinician_stays(
    session: Session, cast: Cast, clinic: Schedule, book: Book
) -> None:
    appointment = book(3, time(14))
    other = make_schedule(
        session,
        cast.service,
        clinic.practitioner_id,
        first_date=clinic.first_date,
        starts=time(13),
        ends=time(15),
    )
    assert stranded_by(session, cast, clinic, ends=time(12)) == []
    session.delete(other)
    session.flush()
    assert stranded_by(session, cast, clinic, ends=time(12)) == [appointment]


def test_what_is_cancelled_or_lies_outside_already_is_no_news(
    session: Session, cast: Cast, clinic: Schedule, book: Book
) -> None:
    cancelled, outside = book(3, time(14)), book(3, time(20))
    cancel_appointment(
        session,
        actor_of(cast.receptionist),
        cancelled.id,
        version=cancelled.version,
        reason=CancelReason.PROVIDER,
    )
    assert stranded_by(session, cast, clinic, ends=time(12)) == []
    assert list_outside(session, cast.service, now=now()) == [outside]


def test_a_change_is_saved_only_with_the_list_that_was_agreed_to(
    session: Session, cast: Cast, clinic: Schedule, book: Book
) -> None:
    # Whatever the next days are.
    cast.service.closes_on_bank_holidays = False
    first = book(3, time(14))
    wish = wish_from(clinic, ends=time(12))
    administrator = actor_of(cast.administrator)

    def change(agreed: str) -> Schedule:
        return change_schedule(
            session, administrator, cast.service.id, clinic.id, wish, version=clinic.version, agreed=agreed
        )

    with pytest.raises(WouldStrand) as caught:
        change("")
    assert caught.value.appointments == [first]
    assert not caught.value.is_changed
    agreed = caught.value.token
    # A booking came in between.
    second = book(4, time(14))
    with pytest.raises(WouldStrand) as caught:
        change(agreed)
    assert caught.value.appointments == [first, second]
    assert caught.value.is_changed
    assert clinic.ends == time(17)
    change(caught.value.token)
    assert clinic.ends == time(12)
    assert [first.status, second.status] == [AppointmentStatus.BOOKED] * 2
    assert list_outside(session, cast.service, now=now()) == [first, second]


def test_an_end_strands_what_is_after_it(session: Session, cast: Cast, clinic: Schedule, book: Book) -> None:
    book(3)
    late = book(9)
    last = local_today(cast.service) + 5 * DAY
    administrator = actor_of(cast.administrator)
    with pytest.raises(WouldStrand) as caught:
        end_schedule(
            session, administrator, cast.service.id, clinic.id, last_date=last, version=clinic.version
        )
    assert caught.value.appointments == [late]
    end_schedule(
        session,
        administrator,
        cast.service.id,
        clinic.id,
        last_date=last,
        version=clinic.version,
        agreed=token_of([late]),
    )
    assert clinic.last_date == last


def test_leave_strands_in_every_service_of_the_clinician_and_taking_it_back_mends_it(
    session: Session, cast: Cast, clinic: Schedule, book: Book
) -> None:
    morning, afternoon = book(3, time(9)), book(3, time(14))
    noon = datetime.combine(local_today(cast.service) + 3 * DAY, time(12), LONDON).astimezone(UTC)
    wish = ExceptionWish(
        practitioner_id=clinic.practitioner_id,
        starts_at=noon,
        ends_at=noon + timedelta(hours=5),
        reason="Training",
    )
    administrator = actor_of(cast.administrator)
    with pytest.raises(WouldStrand) as caught:
        create_exception(session, administrator, cast.service.id, wish, idempotency_key="a")
    assert caught.value.appointments == [afternoon]
    made = create_exception(
        session, administrator, cast.service.id, wish, idempotency_key="a", agreed=caught.value.token
    )
    assert list_outside(session, cast.service, now=now()) == [afternoon]
    assert list_outside(session, cast.service, now=now(), practitioner_id=cast.practitioner_id) == []
    end_exception(session, administrator, cast.service.id, made.id)
    assert list_outside(session, cast.service, now=now()) == []
    assert morning.status is AppointmentStatus.BOOKED


def test_a_closure_of_the_service_strands_everybody(
    session: Session, cast: Cast, clinic: Schedule, book: Book
) -> None:
    theirs, ours = book(3), book(3, practitioner_id=cast.practitioner_id)
    midnight = datetime.combine(local_today(cast.service) + 3 * DAY, time(0), LONDON).astimezone(UTC)
    wish = ExceptionWish(starts_at=midnight, ends_at=midnight + DAY, reason="Closed")
    with pytest.raises(WouldStrand) as caught:
        create_exception(session, actor_of(cast.administrator), cast.service.id, wish, idempotency_key="a")
    assert set(caught.value.appointments) == {theirs, ours}


def test_a_lane_of_a_shared_clinic_stays_within_the_clinic_and_not_within_its_members_sessions(
    session: Session, cast: Cast, clinic: Schedule, book: Book
) -> None:
    shared, schedule = make_shared_clinic(session, cast)
    appointment = book(3, practitioner_id=None, lane_id=shared.lanes[0].id)
    appointment.practitioner_id = cast.colleague.practitioner_id
    session.flush()
    wish = wish_from(
        schedule, practitioner_id=None, shared_clinic_id=shared.id, starts=time(12), ends=time(13)
    )
    change = plan_change(
        cast.service, schedule, wish.__class__(**{**_parts(wish), "first_date": clinic.first_date})
    )
    assert find_stranded(session, change, now=now()) == [appointment]


def _parts(wish: ScheduleWish) -> dict[str, Any]:
    return {name: getattr(wish, name) for name in wish.__dataclass_fields__}


def test_closing_on_bank_holidays_strands_what_is_booked_on_them(
    session: Session, cast: Cast, clinic: Schedule, book: Book
) -> None:
    christmas = _next_christmas(local_today(cast.service))
    cast.service.closes_on_bank_holidays = False
    session.flush()
    appointment = book((christmas - local_today(cast.service)).days)
    administrator = actor_of(cast.administrator)

    def close(agreed: str = "") -> None:
        change_booking_rules(
            session,
            administrator,
            cast.service.id,
            closes_on_bank_holidays=True,
            emergency_advice="Call 999.",
            agreed=agreed,
        )

    with pytest.raises(WouldStrand) as caught:
        close()
    assert caught.value.appointments == [appointment]
    close(caught.value.token)
    assert cast.service.closes_on_bank_holidays
    assert cast.service.emergency_advice == "Call 999."
    assert list_outside(session, cast.service, now=now()) == [appointment]


def test_another_nation_strands_what_is_booked_on_its_bank_holidays(
    session: Session, cast: Cast, clinic: Schedule, book: Book
) -> None:
    """The service was set up for Wales, and is in Scotland."""
    today = local_today(cast.service)
    soon_ = (today + timedelta(days=number) for number in range(2, 400))
    kept = next(
        day for day in soon_ if bank_holiday_on("scotland", day) and not bank_holiday_on("wales", day)
    )
    appointment = book((kept - today).days)

    def correct(agreed: str = "", nation: str = "scotland") -> None:
        change_booking_rules(
            session,
            actor_of(cast.administrator),
            cast.service.id,
            nation=nation,
            closes_on_bank_holidays=True,
            emergency_advice="",
            agreed=agreed,
        )

    with pytest.raises(InvalidInput):
        correct(nation="france")
    with pytest.raises(WouldStrand) as caught:
        correct()
    assert caught.value.appointments == [appointment]
    assert cast.service.nation == "wales"
    correct(caught.value.token)
    assert cast.service.nation == "scotland"
    assert list_outside(session, cast.service, now=now()) == [appointment]
    # Nobody is listed for what a correction opens.
    correct(nation="wales")
    assert list_outside(session, cast.service, now=now()) == []


def _next_christmas(today: date) -> date:
    this_year = date(today.year, 12, 25)
    return this_year if this_year > today else date(today.year + 1, 12, 25)


TIMES = st.times().map(lambda value: value.replace(second=0, microsecond=0))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(
    days=st.sets(st.integers(0, 6), min_size=1),
    starts=TIMES,
    ends=TIMES,
    offset=st.integers(1, 400),
    leave=st.tuples(st.integers(0, 20), st.integers(1, 100)),
)
def test_the_plan_and_the_availability_agree_on_when_sessions_take_place(
    session: Session,
    cast: Cast,
    days: set[int],
    starts: time,
    ends: time,
    offset: int,
    leave: tuple[int, int],
) -> None:
    """What the impact is computed with is what can be booked."""
    nested = session.begin_nested()
    colleague = cast.colleague.practitioner_id
    assert colleague is not None
    first = local_today(cast.service) + offset * DAY
    schedule = make_schedule(
        session,
        cast.service,
        cast.colleague.practitioner_id,
        rrule=Recurrence.weekly(days).to_rrule(),
        first_date=first,
        starts=starts,
        ends=ends,
        is_extra=False,
    )
    midnight = datetime.combine(first, time(0), LONDON).astimezone(UTC)
    wish = ExceptionWish(
        practitioner_id=cast.colleague.practitioner_id,
        starts_at=midnight + leave[0] * DAY,
        ends_at=midnight + leave[0] * DAY + timedelta(hours=leave[1]),
        reason="Leave",
    )
    create_exception(session, actor_of(cast.administrator), cast.service.id, wish, idempotency_key=str(leave))
    span = Interval(midnight, midnight + 22 * DAY)
    booked_from = find_sessions(session, cast.service, span, practitioner_ids=[colleague])
    planned = load_plan(session, cast.service, since=now()).occurrences(first, first + 22 * DAY)
    assert [
        (one.span, bool(one.pieces))
        for one in planned
        if one.rule.key == schedule.id and one.span.overlaps(span)
    ] == [(one.interval, one.closed_by is None) for one in booked_from if one.schedule.id == schedule.id]
    nested.rollback()
