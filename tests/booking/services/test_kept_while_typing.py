"""What somebody was told is kept for them is not refused for the minutes in which they type."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo

import pytest
from sqlalchemy.orm import Session

from telehealth import clock
from telehealth.accounts.services.sign_in import actor_of
from telehealth.actor import Actor, ActorKind
from telehealth.booking.services.booking import book_appointment, book_own_appointment
from telehealth.booking.services.claims import SlotTaken
from telehealth.booking.services.moving import move_own_appointment
from telehealth.booking.services.own_rules import NotBookable
from telehealth.clock import now
from tests.booking.services.wishes import hold, move, wish, wish_held
from tests.factories import SLOT, Cast, make_appointment, make_own_account, soon

pytestmark = pytest.mark.service

OWNER = "browser:x"
TYPING = timedelta(minutes=2)


@pytest.fixture
def patient(session: Session, cast: Cast) -> Actor:
    account = make_own_account(session, cast.patient)
    return Actor(
        kind=ActorKind.PATIENT,
        account_id=account.id,
        organisation_id=account.organisation_id,
        patient_id=cast.patient.id,
    )


@pytest.fixture
def let_pass(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """As if so much time had gone by."""

    def act(passed: timedelta) -> None:
        moved_on = now() + passed - datetime.now(UTC)

        class Later(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
                return datetime.now(tz) + moved_on

        monkeypatch.setattr(clock, "datetime", Later)

    return act


def test_the_notice_that_was_long_enough_when_the_time_was_chosen_is_long_enough(
    session: Session, cast: Cast, patient: Actor, let_pass: Callable[[timedelta], None]
) -> None:
    start = soon() + 2 * SLOT
    cast.appointment_type.notice_minutes = (start - now()) // timedelta(minutes=1)
    session.flush()
    held = hold(session, cast, starts_at=start, owner=OWNER, actor=patient, patient_id=cast.patient.id)
    let_pass(TYPING)
    # Without the hold the rule is as of now.
    with pytest.raises(SlotTaken):
        book_own_appointment(session, patient, wish(cast, starts_at=start))
    assert book_own_appointment(session, patient, wish_held(cast, held)).starts_at == start


def test_a_move_that_was_begun_in_time_is_finished(
    session: Session, cast: Cast, patient: Actor, let_pass: Callable[[timedelta], None]
) -> None:
    booked = make_appointment(session, cast, starts_at=soon() + 2 * SLOT)
    start = soon() + 12 * SLOT
    cast.appointment_type.change_minutes = (booked.starts_at - now()) // timedelta(minutes=1)
    session.flush()
    held = hold(session, cast, starts_at=start, owner=OWNER, actor=patient, moves=booked)
    let_pass(TYPING)
    with pytest.raises(NotBookable):
        move_own_appointment(session, patient, booked.id, move(cast, booked, start))
    kept = move(cast, booked, hold_id=held.id, hold_owner=OWNER, schedule_id=None)
    assert move_own_appointment(session, patient, booked.id, kept).starts_at == start


def test_a_time_that_had_just_begun_is_booked(
    session: Session, cast: Cast, let_pass: Callable[[timedelta], None]
) -> None:
    begun = soon()
    let_pass(begun + timedelta(minutes=4, seconds=30) - now())
    held = hold(session, cast, starts_at=begun, patient_id=cast.patient.id)
    let_pass(timedelta(seconds=90))
    assert book_appointment(session, actor_of(cast.receptionist), wish_held(cast, held)).starts_at == begun
