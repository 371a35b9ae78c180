"""A series is previewed whole and booked whole."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from telehealth.accounts.services.sign_in import actor_of
from telehealth.booking.domain.appointment import CancelReason, Mode
from telehealth.booking.domain.follow_up import FollowUpReason, FollowUpStatus
from telehealth.booking.models import Appointment, FollowUpRequest
from telehealth.booking.services.booking import FARTHEST
from telehealth.booking.services.cancelling import cancel_appointment
from telehealth.booking.services.explanations import ReasonCode
from telehealth.booking.services.follow_ups import make_follow_up
from telehealth.booking.services.series import SeriesChanged, SeriesRequest, book_series, preview_series
from telehealth.clock import now
from telehealth.errors import Conflict, InvalidInput, NotFound
from tests.factories import Cast, make_appointment, make_schedule

pytestmark = pytest.mark.service

LONDON = ZoneInfo("Europe/London")
WEEK = timedelta(weeks=1)


def first_time() -> datetime:
    """The day after tomorrow at half past nine in the morning, in London."""
    day = now().astimezone(LONDON).date() + timedelta(days=2)
    return datetime.combine(day, time(9, 30), LONDON).astimezone(UTC)


def wanted(cast: Cast, **changes: Any) -> SeriesRequest:
    return SeriesRequest(
        **{
            "patient_id": cast.patient.id,
            "service_id": cast.service.id,
            "appointment_type_id": cast.appointment_type.id,
            "mode": Mode.VIDEO,
            "schedule_id": cast.schedule.id,
            "starts_at": first_time(),
            "weeks_between": 1,
            "count": 6,
            "idempotency_key": uuid4().hex,
            **changes,
        }
    )


def test_every_date_that_is_free_has_its_slot(session: Session, cast: Cast) -> None:
    dates = preview_series(session, actor_of(cast.receptionist), wanted(cast))
    assert len(dates) == 6
    assert all(each.slot and each.slot.starts_at == each.starts_at for each in dates)


def test_a_conflict_is_explained_on_its_date_and_nothing_is_booked_yet(session: Session, cast: Cast) -> None:
    zone_safe = wanted(cast, count=2)
    taken = make_appointment(session, cast, starts_at=zone_safe.starts_at, patient=cast.other_patient)
    dates = preview_series(session, actor_of(cast.receptionist), zone_safe)
    assert [each.slot is None for each in dates] == [True, False]
    assert taken.id in {reason.appointment_id for reason in dates[0].reasons}
    assert dates[0].others
    assert session.scalar(select(func.count()).select_from(Appointment)) == 1


def test_another_session_of_the_clinician_explains_its_own_date(session: Session, cast: Cast) -> None:
    first = first_time()
    cast.schedule.last_date = first.astimezone(LONDON).date()
    make_schedule(
        session, cast.service, cast.practitioner_id, first_date=cast.schedule.last_date + timedelta(days=1)
    )
    taken = make_appointment(session, cast, starts_at=first + WEEK, patient=cast.other_patient)
    dates = preview_series(session, actor_of(cast.receptionist), wanted(cast, count=2))
    assert [reason.appointment_id for reason in dates[1].reasons] == [taken.id]


def test_the_chosen_dates_are_booked_together_once(session: Session, cast: Cast) -> None:
    form = wanted(cast)
    dates = preview_series(session, actor_of(cast.receptionist), form)
    chosen = [each.starts_at for each in dates][:4]
    booked = book_series(session, actor_of(cast.receptionist), form, chosen)
    assert [appointment.starts_at for appointment in booked] == chosen
    assert len({appointment.series_id for appointment in booked}) == 1
    again = book_series(session, actor_of(cast.receptionist), form, chosen)
    assert [appointment.id for appointment in again] == [appointment.id for appointment in booked]


def test_a_form_sent_again_tells_only_of_what_is_still_booked(session: Session, cast: Cast) -> None:
    form, who = wanted(cast), actor_of(cast.receptionist)
    chosen = [each.starts_at for each in preview_series(session, who, form)][:2]
    first, second = book_series(session, who, form, chosen)
    cancel_appointment(session, who, first.id, version=1, reason=CancelReason.PATIENT)
    assert [each.id for each in book_series(session, who, form, chosen)] == [second.id]
    cancel_appointment(session, who, second.id, version=1, reason=CancelReason.PATIENT)
    with pytest.raises(Conflict):
        book_series(session, who, form, chosen)


def test_all_or_none_is_booked(session: Session, cast: Cast) -> None:
    form = wanted(cast)
    chosen = [each.starts_at for each in preview_series(session, actor_of(cast.receptionist), form)]
    make_appointment(session, cast, starts_at=chosen[3], patient=cast.other_patient)
    with pytest.raises(SeriesChanged), session.begin_nested():
        book_series(session, actor_of(cast.receptionist), form, chosen)
    assert session.scalar(select(func.count()).select_from(Appointment)) == 1


@pytest.mark.parametrize("wrong", [{"count": 1}, {"count": 27}, {"weeks_between": 3}, {"weeks_between": 0}])
def test_a_senseless_series_is_refused(session: Session, cast: Cast, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        preview_series(session, actor_of(cast.receptionist), wanted(cast, **wrong))


def test_only_reception_books_series(session: Session, cast: Cast) -> None:
    for who in (cast.clinician, cast.other_service_receptionist):
        with pytest.raises(NotFound):
            preview_series(session, actor_of(who), wanted(cast))
        with pytest.raises(NotFound):
            book_series(session, actor_of(who), wanted(cast), [first_time()])


def test_a_date_in_the_hour_that_the_clocks_skip_is_a_conflict(session: Session, cast: Cast) -> None:
    """Not silently an hour later."""
    today = now().astimezone(LONDON).date()
    nights = (today + timedelta(days=number) for number in range(8, 400))
    change = next(
        night
        for night in nights
        if datetime.combine(night, time(0), LONDON).utcoffset() == timedelta()
        and datetime.combine(night, time(3), LONDON).utcoffset() == timedelta(hours=1)
    )
    first = datetime.combine(change - WEEK, time(1, 30), LONDON).astimezone(UTC)
    dates = preview_series(session, actor_of(cast.receptionist), wanted(cast, starts_at=first, count=3))
    assert [each.slot is None for each in dates] == [False, True, False]
    assert [reason.code for reason in dates[1].reasons] == [ReasonCode.SKIPPED_HOUR]
    # What is free that night is offered instead.
    assert dates[1].others


def test_a_series_may_begin_with_the_time_that_is_running(session: Session, cast: Cast) -> None:
    """A started time stays open for five minutes, for a series too."""
    begun = now().replace(second=0, microsecond=0) - timedelta(minutes=2)
    local = begun.astimezone(LONDON)
    schedule = make_schedule(
        session,
        cast.service,
        cast.practitioner_id,
        first_date=local.date(),
        starts=local.time(),
        ends=(local + timedelta(hours=1)).time(),
    )
    wish = wanted(cast, schedule_id=schedule.id, starts_at=begun, count=2)
    reception = actor_of(cast.receptionist)
    dates = preview_series(session, reception, wish)
    starts = [each.starts_at for each in dates if each.slot]
    assert starts[0] == begun
    assert [each.starts_at for each in book_series(session, reception, wish, starts)] == starts


def request_after_cancelling(session: Session, cast: Cast, number: int) -> FollowUpRequest:
    """One of the cast's patient's appointments fell out; returns what waits since."""
    who = actor_of(cast.receptionist)
    made = make_appointment(session, cast, starts_at=first_time() + timedelta(days=number, hours=2))
    cancel_appointment(session, who, made.id, version=made.version, reason=CancelReason.PROVIDER)
    return session.scalars(select(FollowUpRequest).where(FollowUpRequest.appointment_id == made.id)).one()


def book_all(session: Session, cast: Cast, form: SeriesRequest) -> list[Appointment]:
    dates = preview_series(session, actor_of(cast.receptionist), form)
    return book_series(session, actor_of(cast.receptionist), form, [each.starts_at for each in dates])


def test_each_appointment_of_a_series_ends_one_request_that_waits_for_such_an_appointment(
    session: Session, cast: Cast
) -> None:
    waiting = [request_after_cancelling(session, cast, number) for number in range(3)]
    booked = book_all(session, cast, wanted(cast, count=2))
    assert {each.booked_appointment_id for each in waiting} == {None, *(each.id for each in booked)}
    assert sorted(each.status for each in waiting) == ["active", "completed", "completed"]


def test_a_series_that_was_opened_from_a_request_ends_it(session: Session, cast: Cast) -> None:
    """What a clinician asked for is never guessed: it is named, and its first appointment is for it."""
    seen = make_appointment(session, cast, starts_at=now() - timedelta(days=1))
    asked = make_follow_up(session, actor_of(cast.clinician), seen, FollowUpReason.SEE_AGAIN)
    fell_out = request_after_cancelling(session, cast, 1)
    form = wanted(cast, count=2, follow_up_id=asked.id)
    first, second = book_all(session, cast, form)
    assert (asked.status, asked.booked_appointment_id) == (FollowUpStatus.COMPLETED, first.id)
    assert fell_out.booked_appointment_id == second.id
    assert [each.id for each in book_all(session, cast, form)] == [first.id, second.id]
    with pytest.raises(Conflict):
        book_all(session, cast, wanted(cast, starts_at=first_time() + 2 * WEEK, follow_up_id=asked.id))


def test_a_series_ends_nobody_elses_request(session: Session, cast: Cast) -> None:
    seen = make_appointment(session, cast, starts_at=now() - timedelta(days=1), patient=cast.other_patient)
    theirs = make_follow_up(session, actor_of(cast.clinician), seen, FollowUpReason.SEE_AGAIN)
    with pytest.raises(NotFound):
        book_all(session, cast, wanted(cast, follow_up_id=theirs.id))


def test_a_series_that_reaches_too_far_says_so_on_its_last_dates(session: Session, cast: Cast) -> None:
    reception = actor_of(cast.receptionist)
    wish = wanted(cast, starts_at=first_time() + 6 * WEEK, weeks_between=4, count=26)
    dates = preview_series(session, reception, wish)
    far = [each for each in dates if each.starts_at >= now() + FARTHEST]
    assert far
    assert all([reason.code for reason in each.reasons] == [ReasonCode.TOO_FAR] for each in far)
    assert not any(each.slot or each.others for each in far)
    free = [each.starts_at for each in dates if each.slot]
    assert len(free) + len(far) == 26
    assert [each.starts_at for each in book_series(session, reception, wish, free)] == free
