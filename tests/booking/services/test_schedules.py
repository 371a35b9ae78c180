"""Sessions are set up, changed from a date on, and ended; what took place is never rewritten."""

from dataclasses import replace
from datetime import date, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.accounts.services.sign_in import actor_of
from telehealth.audit.models import AuditEvent
from telehealth.booking.domain.appointment import Mode
from telehealth.booking.domain.recurrence import Recurrence
from telehealth.booking.models import Room, Schedule
from telehealth.booking.services.holds import hold_slot
from telehealth.booking.services.schedule_impact import rule_of
from telehealth.booking.services.schedule_wishes import ScheduleWish, has_begun, local_today
from telehealth.booking.services.schedules import (
    change_schedule,
    create_schedule,
    end_schedule,
    find_schedule,
    list_schedules,
)
from telehealth.clock import now
from telehealth.errors import Conflict, InvalidInput, NotFound
from telehealth.topics import desk_topic, take_topics
from tests.factories import Cast, make_schedule, make_shared_clinic, make_type, slot_at, soon, type_of

pytestmark = pytest.mark.service

DAY = timedelta(days=1)


def wish_of(cast: Cast, **parts: Any) -> ScheduleWish:
    """Tuesdays, 9am to 12:30pm, from tomorrow on."""
    owner = {} if "shared_clinic_id" in parts else {"practitioner_id": cast.practitioner_id}
    return ScheduleWish(
        **{
            **owner,
            "recurrence": Recurrence.weekly({1}),
            "first_date": local_today(cast.service) + DAY,
            "starts": time(9),
            "ends": time(12, 30),
            "slot_minutes": 15,
            "modes": frozenset({Mode.VIDEO, Mode.PHONE}),
            **parts,
        }
    )


def create(session: Session, cast: Cast, wish: ScheduleWish, *, key: str = "") -> Schedule:
    return create_schedule(
        session, actor_of(cast.administrator), cast.service.id, wish, idempotency_key=key or uuid4().hex
    )


def test_an_administrator_sets_up_a_session(session: Session, cast: Cast) -> None:
    type_ = make_type(session, cast.service, name="Review")
    room = Room(organisation_id=cast.service.organisation_id, service_id=cast.service.id, name="Room 3")
    session.add(room)
    session.flush()
    wish = wish_of(cast, type_ids=frozenset({type_.id}), room_id=room.id)
    made = create(session, cast, wish)
    session.expire(made)
    assert made.rrule == "FREQ=WEEKLY;BYDAY=TU"
    assert (made.starts, made.ends, made.slot_minutes) == (time(9), time(12, 30), 15)
    assert made.modes == (Mode.VIDEO, Mode.PHONE)
    assert [one.name for one in made.types] == ["Review"]
    assert made.room is not None
    assert made.room.name == "Room 3"
    assert not made.is_extra
    assert desk_topic(cast.service.id) in take_topics(session)
    event = session.scalars(select(AuditEvent).where(AuditEvent.action == "schedule.created")).one()
    assert (event.subject_id, event.service_id) == (made.id, cast.service.id)


def test_a_double_click_makes_one_session_and_another_wish_another(session: Session, cast: Cast) -> None:
    first = create(session, cast, wish_of(cast), key="one")
    assert create(session, cast, wish_of(cast), key="one").id == first.id
    # The back button shows the used form again.
    assert create(session, cast, wish_of(cast, starts=time(8)), key="one").id != first.id


def test_an_extra_session_is_on_one_date_and_on_bank_holidays_too(session: Session, cast: Cast) -> None:
    made = create(session, cast, wish_of(cast, recurrence=Recurrence.once()))
    assert made.is_extra
    assert made.first_date == made.last_date


def fortnightly(cast: Cast, **parts: Any) -> ScheduleWish:
    """Every other Tuesday, from next Monday on."""
    monday = local_today(cast.service) + timedelta(days=7 - local_today(cast.service).weekday())
    return wish_of(cast, **{"recurrence": Recurrence.weekly({1}, 2), "first_date": monday, **parts})


def change_from(session: Session, cast: Cast, made: Schedule, wish: ScheduleWish) -> list[int]:
    """The weeks, counted from the first one of `fortnightly`, in which the session takes place after the change."""
    changed = change_schedule(
        session, actor_of(cast.administrator), cast.service.id, made.id, wish, version=made.version
    )
    monday = fortnightly(cast).first_date
    days = rule_of(changed).dates(monday, monday + timedelta(weeks=9))
    return [(day - monday).days // 7 for day in days]


@pytest.mark.parametrize(
    ("week", "parts", "weeks"),
    [
        # From a week with a session, and from weeks without one.
        (2, {"ends": time(13)}, [2, 4, 6, 8]),
        (3, {"ends": time(13)}, [4, 6, 8]),
        (5, {"recurrence": Recurrence.weekly({0, 4}, 2)}, [6, 6, 8, 8]),
        # Somebody who wants the other weeks says so.
        (3, {"counts_anew": True}, [3, 5, 7]),
        (3, {"recurrence": Recurrence.weekly({1})}, [3, 4, 5, 6, 7, 8]),
    ],
    ids=["in-step", "between", "other-days", "anew", "every-week"],
)
def test_a_session_every_other_week_keeps_its_weeks(
    session: Session, cast: Cast, week: int, parts: dict[str, Any], weeks: list[int]
) -> None:
    made = create(session, cast, fortnightly(cast))
    first = made.first_date + timedelta(weeks=week)
    assert change_from(session, cast, made, fortnightly(cast, first_date=first, **parts)) == weeks
    session.refresh(made)
    assert made.last_date is not None
    assert made.last_date < first + timedelta(weeks=1)
    assert len(rule_of(made).dates(made.first_date, made.last_date)) == (week + 1) // 2


def test_a_session_every_week_counts_two_weeks_from_its_change(session: Session, cast: Cast) -> None:
    made = create(session, cast, fortnightly(cast, recurrence=Recurrence.weekly({1})))
    first = made.first_date + timedelta(weeks=3)
    assert change_from(session, cast, made, fortnightly(cast, first_date=first)) == [3, 5, 7]


def test_a_session_that_has_not_begun_can_be_moved_to_other_weeks(session: Session, cast: Cast) -> None:
    made = create(session, cast, fortnightly(cast, first_date=fortnightly(cast).first_date + 7 * DAY))
    assert change_from(session, cast, made, fortnightly(cast)) == [0, 2, 4, 6, 8]


def test_a_change_of_which_no_week_is_left_is_refused(session: Session, cast: Cast) -> None:
    made = create(session, cast, fortnightly(cast))
    off = made.first_date + timedelta(weeks=3)
    wish = fortnightly(cast, first_date=off, last_date=off + 6 * DAY)
    with pytest.raises(InvalidInput) as caught:
        change_from(session, cast, made, wish)
    assert caught.value.field == "last_date"


def test_a_clinician_sets_up_their_own_session_alone(session: Session, cast: Cast) -> None:
    own = actor_of(cast.clinician)
    made = create_schedule(session, own, cast.service.id, wish_of(cast), idempotency_key="a")
    assert made.practitioner_id == cast.practitioner_id
    theirs = wish_of(cast, practitioner_id=cast.colleague.practitioner_id)
    with pytest.raises(NotFound):
        create_schedule(session, own, cast.service.id, theirs, idempotency_key="b")
    clinic, _ = make_shared_clinic(session, cast)
    with pytest.raises(NotFound):
        create_schedule(
            session, own, cast.service.id, wish_of(cast, shared_clinic_id=clinic.id), idempotency_key="c"
        )
    other = make_schedule(session, cast.service, cast.colleague.practitioner_id)
    with pytest.raises(NotFound):
        find_schedule(session, own, cast.service.id, other.id)
    assert {one.practitioner_id for one in list_schedules(session, own, cast.service.id)} == {
        cast.practitioner_id
    }


def test_nothing_of_another_service_or_organisation_can_be_named(session: Session, cast: Cast) -> None:
    foreign_type = type_of(session, cast.other_service)
    strangers = [
        wish_of(cast, type_ids=frozenset({foreign_type.id})),
        wish_of(cast, practitioner_id=cast.other_organisation_clinician.practitioner_id),
        wish_of(cast, room_id=uuid4()),
        wish_of(cast, shared_clinic_id=uuid4()),
    ]
    for wish in strangers:
        with pytest.raises(NotFound):
            create(session, cast, wish)
    with pytest.raises(NotFound):
        create_schedule(
            session,
            actor_of(cast.administrator),
            cast.other_organisation_service.id,
            wish_of(cast),
            idempotency_key="x",
        )
    with pytest.raises(NotFound):
        create_schedule(
            session, actor_of(cast.receptionist), cast.service.id, wish_of(cast), idempotency_key="x"
        )


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"first_date": date(2020, 1, 1)}, "first_date"),
        ({"first_date": date(2120, 1, 1)}, "first_date"),
        ({"last_date": date(2020, 1, 1)}, "last_date"),
        ({"ends": time(9)}, "ends"),
        ({"modes": frozenset()}, "modes"),
        ({"slot_minutes": 0}, "slot_minutes"),
        ({"slot_minutes": 481}, "slot_minutes"),
    ],
)
def test_a_wish_that_cannot_be_says_which_field_is_to_blame(
    session: Session, cast: Cast, parts: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        create(session, cast, wish_of(cast, **parts))
    assert caught.value.field == field


def test_a_session_without_a_date_is_refused(session: Session, cast: Cast) -> None:
    first = local_today(cast.service) + DAY
    other_day = frozenset({(first.weekday() + 3) % 7})
    wish = wish_of(cast, recurrence=Recurrence.weekly(other_day), first_date=first, last_date=first + DAY)
    with pytest.raises(InvalidInput) as caught:
        create(session, cast, wish)
    assert caught.value.code == "no-dates"


def test_a_change_of_what_has_not_begun_rewrites_the_session(session: Session, cast: Cast) -> None:
    made = create(session, cast, wish_of(cast))
    version = made.version
    changed = change_schedule(
        session,
        actor_of(cast.administrator),
        cast.service.id,
        made.id,
        wish_of(cast, ends=time(11), modes=frozenset({Mode.PHONE})),
        version=version,
    )
    assert changed.id == made.id
    assert (changed.ends, changed.modes) == (time(11), (Mode.PHONE,))
    assert changed.version == version + 1


def test_a_change_from_a_date_on_keeps_what_took_place(session: Session, cast: Cast) -> None:
    today = local_today(cast.service)
    old = make_schedule(session, cast.service, cast.colleague.practitioner_id)
    before = rule_of(old)
    wish = wish_of(
        cast,
        practitioner_id=cast.colleague.practitioner_id,
        recurrence=Recurrence.weekly(range(7)),
        first_date=today + 10 * DAY,
        starts=time(8),
    )
    changed = change_schedule(
        session, actor_of(cast.administrator), cast.service.id, old.id, wish, version=old.version
    )
    assert changed.id != old.id
    assert rule_of(old) == replace(before, last_date=today + 9 * DAY)
    assert (changed.first_date, changed.last_date, changed.starts) == (today + 10 * DAY, None, time(8))


def test_a_session_that_has_begun_today_cannot_be_changed_from_today_on(session: Session, cast: Cast) -> None:
    assert has_begun(cast.service, cast.schedule)
    wish = wish_of(cast, recurrence=Recurrence.weekly(range(7)), first_date=local_today(cast.service))
    with pytest.raises(InvalidInput) as caught:
        change_schedule(
            session,
            actor_of(cast.administrator),
            cast.service.id,
            cast.schedule.id,
            wish,
            version=cast.schedule.version,
        )
    assert (caught.value.code, caught.value.field) == ("already-took-place", "first_date")


def test_a_stale_form_changes_nothing(session: Session, cast: Cast) -> None:
    made = create(session, cast, wish_of(cast))
    administrator = actor_of(cast.administrator)
    wish = wish_of(cast, ends=time(11))
    change_schedule(session, administrator, cast.service.id, made.id, wish, version=made.version)
    with pytest.raises(Conflict):
        change_schedule(session, administrator, cast.service.id, made.id, wish_of(cast), version=1)
    with pytest.raises(Conflict):
        end_schedule(session, administrator, cast.service.id, made.id, last_date=None, version=1)
    assert made.ends == time(11)


def test_a_change_of_the_types_alone_makes_a_new_version(session: Session, cast: Cast) -> None:
    made = create(session, cast, wish_of(cast))
    wish = wish_of(cast, type_ids=frozenset({cast.appointment_type.id}))
    administrator = actor_of(cast.administrator)
    change_schedule(session, administrator, cast.service.id, made.id, wish, version=1)
    with pytest.raises(Conflict):
        change_schedule(session, administrator, cast.service.id, made.id, wish_of(cast), version=1)
    assert [type_.id for type_ in made.types] == [cast.appointment_type.id]


def test_a_change_after_the_end_that_is_sent_twice_is_made_once(session: Session, cast: Cast) -> None:
    today = local_today(cast.service)
    colleague = cast.colleague.practitioner_id
    ended = make_schedule(session, cast.service, colleague, last_date=today + DAY)
    version = ended.version
    wish = wish_of(cast, practitioner_id=colleague, first_date=today + 2 * DAY)
    administrator = actor_of(cast.administrator)
    change_schedule(session, administrator, cast.service.id, ended.id, wish, version=version)
    with pytest.raises(Conflict):
        change_schedule(session, administrator, cast.service.id, ended.id, wish, version=version)


def test_a_session_ends_on_a_date(session: Session, cast: Cast) -> None:
    last = local_today(cast.service) + 5 * DAY
    schedule = make_schedule(session, cast.service, cast.colleague.practitioner_id)
    end_schedule(
        session,
        actor_of(cast.administrator),
        cast.service.id,
        schedule.id,
        last_date=last,
        version=schedule.version,
    )
    assert schedule.last_date == last
    assert session.scalars(select(AuditEvent).where(AuditEvent.action == "schedule.ended")).one()


def test_a_session_that_took_place_cannot_be_taken_away(session: Session, cast: Cast) -> None:
    schedule = make_schedule(session, cast.service, cast.colleague.practitioner_id)
    for last_date in (None, local_today(cast.service) - DAY):
        with pytest.raises(InvalidInput) as caught:
            end_schedule(
                session,
                actor_of(cast.administrator),
                cast.service.id,
                schedule.id,
                last_date=last_date,
                version=schedule.version,
            )
        assert caught.value.field == "last_date"


def test_a_session_that_has_not_begun_is_taken_away(session: Session, cast: Cast) -> None:
    made = create(session, cast, wish_of(cast, type_ids=frozenset({cast.appointment_type.id})))
    end_schedule(
        session, actor_of(cast.administrator), cast.service.id, made.id, last_date=None, version=made.version
    )
    assert session.get(Schedule, made.id) is None


def test_a_session_in_which_somebody_is_booking_waits(session: Session, cast: Cast) -> None:
    today = local_today(cast.service)
    schedule = make_schedule(
        session, cast.service, cast.practitioner_id, first_date=today + DAY, starts=time(9), ends=time(17)
    )
    slot = slot_at(cast, soon() + 2 * DAY)._replace(schedule_id=schedule.id)
    reception = actor_of(cast.receptionist)
    hold = hold_slot(
        session,
        reception,
        cast.service,
        slot,
        type_=cast.appointment_type,
        mode=Mode.VIDEO,
        owner=reception.key,
    )
    administrator = actor_of(cast.administrator)
    with pytest.raises(Conflict) as caught:
        end_schedule(
            session, administrator, cast.service.id, schedule.id, last_date=None, version=schedule.version
        )
    assert caught.value.code == "schedule-held"
    hold.expires_at = now() - timedelta(seconds=1)
    session.flush()
    end_schedule(
        session, administrator, cast.service.id, schedule.id, last_date=None, version=schedule.version
    )
    assert session.get(Schedule, schedule.id) is None


def test_the_overview_leaves_out_what_is_over(session: Session, cast: Cast) -> None:
    today = local_today(cast.service)
    over = make_schedule(session, cast.service, cast.practitioner_id, last_date=today - DAY)
    coming = create(session, cast, wish_of(cast))
    found = {one.id for one in list_schedules(session, actor_of(cast.administrator), cast.service.id)}
    assert {coming.id, cast.schedule.id} <= found
    assert over.id not in found
