"""Leave and closures: who may say so, where they hold, and that they can be taken back."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from telehealth.accounts.models import PractitionerRole
from telehealth.accounts.services.sign_in import actor_of
from telehealth.audit.models import AuditEvent
from telehealth.booking.models import ScheduleException
from telehealth.booking.services.exceptions import (
    ExceptionWish,
    create_exception,
    end_exception,
    list_exceptions,
)
from telehealth.clock import now
from telehealth.errors import InvalidInput, NotFound
from telehealth.topics import desk_topic, take_topics
from tests.factories import Cast, make_shared_clinic

pytestmark = pytest.mark.service

DAY = timedelta(days=1)


def wish_of(**parts: Any) -> ExceptionWish:
    return ExceptionWish(
        **{"starts_at": now() + DAY, "ends_at": now() + 2 * DAY, "reason": "Annual leave", **parts}
    )


def create(session: Session, cast: Cast, wish: ExceptionWish, key: str = "a") -> ScheduleException:
    return create_exception(session, actor_of(cast.administrator), cast.service.id, wish, idempotency_key=key)


def test_leave_is_of_the_clinician_and_tells_every_service_in_which_they_work(
    session: Session, cast: Cast
) -> None:
    session.add(
        PractitionerRole(
            organisation_id=cast.service.organisation_id,
            service_id=cast.other_service.id,
            practitioner_id=cast.practitioner_id,
        )
    )
    session.flush()
    take_topics(session)
    made = create(session, cast, wish_of(practitioner_id=cast.practitioner_id))
    assert (made.practitioner_id, made.service_id) == (cast.practitioner_id, None)
    assert {desk_topic(cast.service.id), desk_topic(cast.other_service.id)} <= take_topics(session)
    assert (
        session.scalars(select(AuditEvent).where(AuditEvent.action == "schedule-exception.created"))
        .one()
        .subject_id
        == made.id
    )


def test_a_double_click_is_one_leave(session: Session, cast: Cast) -> None:
    wish = wish_of(practitioner_id=cast.practitioner_id)
    assert create(session, cast, wish).id == create(session, cast, wish).id
    assert session.scalar(select(func.count()).select_from(ScheduleException)) == 1


def test_a_closure_is_of_the_service_or_of_a_shared_clinic(session: Session, cast: Cast) -> None:
    clinic, _ = make_shared_clinic(session, cast)
    of_service, of_clinic = (
        create(session, cast, wish_of()),
        create(session, cast, wish_of(shared_clinic_id=clinic.id), "b"),
    )
    assert (of_service.service_id, of_service.shared_clinic_id) == (cast.service.id, None)
    assert (of_clinic.service_id, of_clinic.shared_clinic_id) == (None, clinic.id)
    found = list_exceptions(session, actor_of(cast.administrator), cast.service.id)
    assert {one.id for one in found} == {of_service.id, of_clinic.id}


def test_a_clinician_says_when_they_are_away_and_nothing_else(session: Session, cast: Cast) -> None:
    own = actor_of(cast.clinician)
    made = create_exception(
        session, own, cast.service.id, wish_of(practitioner_id=cast.practitioner_id), idempotency_key="a"
    )
    theirs = create(session, cast, wish_of(practitioner_id=cast.colleague.practitioner_id), "b")
    clinic, _ = make_shared_clinic(session, cast)
    for wish in (
        wish_of(),
        wish_of(practitioner_id=cast.colleague.practitioner_id),
        wish_of(shared_clinic_id=clinic.id),
    ):
        with pytest.raises(NotFound):
            create_exception(session, own, cast.service.id, wish, idempotency_key="c")
    assert [one.id for one in list_exceptions(session, own, cast.service.id)] == [made.id]
    with pytest.raises(NotFound):
        end_exception(session, own, cast.service.id, theirs.id)
    assert end_exception(session, own, cast.service.id, made.id).ended_at is not None


def test_taking_back_is_done_once_and_stays_in_the_trail(session: Session, cast: Cast) -> None:
    made = create(session, cast, wish_of(practitioner_id=cast.practitioner_id))
    administrator = actor_of(cast.administrator)
    ended_at = end_exception(session, administrator, cast.service.id, made.id).ended_at
    assert ended_at is not None
    assert end_exception(session, administrator, cast.service.id, made.id).ended_at == ended_at
    assert list_exceptions(session, administrator, cast.service.id) == []
    ended = select(func.count()).where(AuditEvent.action == "schedule-exception.ended")
    assert session.scalar(ended) == 1


def test_what_is_not_of_this_service_is_not_there(session: Session, cast: Cast) -> None:
    made = create(session, cast, wish_of())
    administrator = actor_of(cast.administrator)
    with pytest.raises(NotFound):
        end_exception(session, administrator, cast.other_service.id, made.id)
    with pytest.raises(NotFound):
        end_exception(session, actor_of(cast.receptionist), cast.service.id, made.id)
    with pytest.raises(NotFound):
        create(session, cast, wish_of(practitioner_id=cast.other_organisation_clinician.practitioner_id), "b")


@pytest.mark.parametrize(
    ("starts", "ends", "reason", "field"),
    [
        (DAY, DAY, "Leave", "last_date"),
        (2 * DAY, DAY, "Leave", "last_date"),
        (-2 * DAY, -DAY, "Leave", "last_date"),
        (DAY, 900 * DAY, "Leave", "last_date"),
        (DAY, 2 * DAY, "", "reason"),
    ],
)
def test_leave_that_cannot_be_is_refused(
    session: Session, cast: Cast, starts: timedelta, ends: timedelta, reason: str, field: str
) -> None:
    current = now()
    wish = wish_of(starts_at=current + starts, ends_at=current + ends, reason=reason)
    with pytest.raises(InvalidInput) as caught:
        create(session, cast, wish)
    assert caught.value.field == field
