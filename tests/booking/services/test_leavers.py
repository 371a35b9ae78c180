"""A clinician who does not work in a service any more: no sessions, and nobody whom they were to see is forgotten."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.accounts.models import Account, PractitionerRole
from telehealth.accounts.services.sign_in import actor_of
from telehealth.actor import Role
from telehealth.admin.services.staff import change_roles, set_active
from telehealth.booking.domain.appointment import Mode
from telehealth.booking.services.availability import SlotQuery, find_slots
from telehealth.booking.services.booking import book_appointment
from telehealth.booking.services.claims import SlotTaken
from telehealth.booking.services.explanations import ReasonCode, explain
from telehealth.booking.services.schedule_impact import count_outside, list_outside
from telehealth.booking.services.sessions import day_span, find_sessions
from telehealth.booking.services.timetables import load_timetable
from telehealth.clock import now, uk_today
from tests.booking.services.wishes import wish
from tests.factories import SLOT, Cast, make_account, make_appointment, make_schedule, soon

pytestmark = pytest.mark.service

Leave = Callable[[Session, Cast], Account]


def lose_role(session: Session, cast: Cast) -> Account:
    account = session.merge(cast.clinician)
    change_roles(
        session,
        actor_of(cast.administrator),
        account.id,
        {(cast.service.id, Role.RECEPTIONIST)},
        version=account.rights_version,
    )
    return account


def be_disabled(session: Session, cast: Cast) -> Account:
    account = session.merge(cast.clinician)
    return set_active(session, actor_of(cast.administrator), account.id, is_active=False)


BOTH_WAYS = pytest.mark.parametrize("leave", [lose_role, be_disabled])


@BOTH_WAYS
def test_the_sessions_of_one_who_left_are_none(session: Session, cast: Cast, leave: Leave) -> None:
    leave(session, cast)
    query = SlotQuery(type=cast.appointment_type, mode=Mode.VIDEO, days=2)
    assert find_slots(session, cast.service, query, now=now()) == []
    assert load_timetable(session, cast.service.id, cast.appointment_type.id, cast.schedule.id) is None
    span = day_span(uk_today(), ZoneInfo(cast.service.time_zone))
    assert find_sessions(session, cast.service, span) == []
    reasons = explain(
        session,
        cast.service,
        query,
        schedule_id=cast.schedule.id,
        starts_at=soon() + 8 * SLOT,
        now=now(),
    )
    assert [reason.code for reason in reasons] == [ReasonCode.OUTSIDE_SESSION]
    with pytest.raises(SlotTaken):
        book_appointment(session, actor_of(cast.receptionist), wish(cast, starts_at=soon() + 8 * SLOT))


@BOTH_WAYS
def test_whom_they_were_to_see_is_listed(session: Session, cast: Cast, leave: Leave) -> None:
    booked = make_appointment(session, cast, starts_at=soon() + 8 * SLOT)
    assert list_outside(session, cast.service, now=now()) == []
    leave(session, cast)
    assert list_outside(session, cast.service, now=now()) == [booked]
    assert count_outside(session, cast.service, now=now(), days=7) == 1


def test_the_sessions_of_others_go_on(session: Session, cast: Cast) -> None:
    colleague = cast.colleague.practitioner_id
    make_schedule(session, cast.service, colleague)
    lose_role(session, cast)
    query = SlotQuery(type=cast.appointment_type, mode=Mode.VIDEO, days=2)
    assert {slot.practitioner_id for slot in find_slots(session, cast.service, query, now=now())} == {
        colleague
    }


def test_an_account_that_is_let_in_again_has_its_sessions_again(session: Session, cast: Cast) -> None:
    booked = make_appointment(session, cast, starts_at=soon() + 8 * SLOT)
    account = be_disabled(session, cast)
    set_active(session, actor_of(cast.administrator), account.id, is_active=True)
    assert list_outside(session, cast.service, now=now()) == []
    query = SlotQuery(type=cast.appointment_type, mode=Mode.VIDEO, days=2)
    assert booked.starts_at + SLOT in {
        slot.starts_at for slot in find_slots(session, cast.service, query, now=now())
    }


def test_roles_of_a_disabled_account_are_kept_for_later(session: Session, cast: Cast) -> None:
    account = be_disabled(session, cast)
    admin = actor_of(cast.administrator)
    roles = {(cast.service.id, Role.CLINICIAN), (cast.other_service.id, Role.CLINICIAN)}
    change_roles(session, admin, account.id, roles, version=account.rights_version)
    where = select(PractitionerRole.service_id).where(
        PractitionerRole.practitioner_id == cast.practitioner_id
    )
    assert session.scalars(where).all() == []
    set_active(session, admin, account.id, is_active=True)
    assert set(session.scalars(where)) == {cast.service.id, cast.other_service.id}


def test_a_second_account_of_the_clinician_keeps_them_at_work(session: Session, cast: Cast) -> None:
    second = make_account(
        session, cast.service, "second", Role.CLINICIAN, practitioner_id=cast.practitioner_id
    )
    be_disabled(session, cast)
    query = SlotQuery(type=cast.appointment_type, mode=Mode.VIDEO, days=2)
    assert find_slots(session, cast.service, query, now=now())
    set_active(session, actor_of(cast.administrator), second.id, is_active=False)
    assert not find_slots(session, cast.service, query, now=now())


def test_somebody_without_an_account_works_as_before(session: Session, cast: Cast) -> None:
    """Who has a role in the service works there; an account is no condition."""
    account = session.merge(cast.clinician)
    account.practitioner_id = None
    session.flush()
    query = SlotQuery(type=cast.appointment_type, mode=Mode.VIDEO, days=2)
    assert find_slots(session, cast.service, query, now=now())
