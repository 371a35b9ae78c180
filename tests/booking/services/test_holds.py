"""A time is kept while somebody types; failures 4, 5 and 6 of the reference."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from telehealth.accounts.services.sign_in import actor_of
from telehealth.actor import ANONYMOUS
from telehealth.booking.domain.appointment import Mode
from telehealth.booking.domain.claim import HOLD_FOR
from telehealth.booking.models import Claim, Hold
from telehealth.booking.services.availability import SlotQuery, find_slots
from telehealth.booking.services.booking import book_appointment
from telehealth.booking.services.claims import PatientBusy, SlotTaken
from telehealth.booking.services.holds import (
    MOST_BY_ADDRESS,
    MOST_BY_STAFF,
    get_hold,
    hold_slot,
    release_hold,
)
from telehealth.booking.services.overbooking import OverbookRequest, overbook_appointment
from telehealth.clock import now
from telehealth.errors import NotFound, TooManyTries
from telehealth.topics import clinic_topic, desk_topic, take_topics
from tests.booking.services.wishes import QUARTER, changes_of, count_held, hold, live_claims, wish, wish_held
from tests.factories import Cast, make_schedule, make_shared_clinic, soon

pytestmark = pytest.mark.service


def lapse(session: Session, made: Hold) -> None:
    """As five minutes later."""
    past = now() - timedelta(seconds=1)
    made.expires_at = past
    session.execute(update(Claim).where(Claim.hold_token == made.id.hex).values(hold_expires_at=past))
    session.flush()


def starts(session: Session, cast: Cast, **parts: object) -> set[object]:
    query = SlotQuery(type=cast.appointment_type, days=2, **parts)  # type: ignore[arg-type]
    return {slot.starts_at for slot in find_slots(session, cast.service, query, now=now())}


def test_a_held_time_is_not_offered_and_not_booked(session: Session, cast: Cast) -> None:
    made = hold(session, cast)
    assert made.expires_at - now() <= HOLD_FOR
    assert soon() not in starts(session, cast)
    with pytest.raises(SlotTaken):
        book_appointment(session, actor_of(cast.receptionist), wish(cast, patient_id=cast.other_patient.id))
    # The clinician's too: their other services have desks of their own.
    told = {desk_topic(cast.service.id), clinic_topic(cast.practitioner_id)}
    assert told <= set(take_topics(session))
    release_hold(session, made.id, made.owner)
    assert told <= set(take_topics(session))


def test_going_back_shows_the_own_time_as_free(session: Session, cast: Cast) -> None:
    """Failure 5: the own hold hides the time from its owner."""
    made = hold(session, cast)
    assert soon() in starts(session, cast, own_hold=made.id)


def test_the_holder_books_what_is_held_by_a_change_of_state(session: Session, cast: Cast) -> None:
    made = hold(session, cast, patient_id=cast.patient.id)
    held = set(session.scalars(select(Claim.id).where(Claim.hold_token == made.id.hex)))
    booked = book_appointment(session, actor_of(cast.receptionist), wish_held(cast, made))
    assert booked.starts_at == soon()
    assert set(session.scalars(select(Claim.id).where(Claim.appointment_id == booked.id))) == held
    assert count_held(session) == 0
    assert session.get(Hold, made.id, populate_existing=True) is None


def test_a_hold_without_a_patient_is_booked_for_one(session: Session, cast: Cast) -> None:
    made = hold(session, cast)
    booked = book_appointment(session, actor_of(cast.receptionist), wish_held(cast, made))
    assert len(live_claims(session, booked)) == 2


def test_nobody_elses_hold_can_be_booked(session: Session, cast: Cast) -> None:
    """Failure 4."""
    made = hold(session, cast, owner="browser:somebody")
    for owner in ("", actor_of(cast.receptionist).key, "browser:other"):
        with pytest.raises(NotFound):
            book_appointment(session, actor_of(cast.receptionist), wish_held(cast, made, hold_owner=owner))
    with pytest.raises(NotFound):
        get_hold(session, made.id, "browser:other")
    with pytest.raises(NotFound):
        release_hold(session, made.id, "browser:other")
    assert count_held(session) == 1


def test_a_released_hold_is_free_at_once(session: Session, cast: Cast) -> None:
    made = hold(session, cast)
    release_hold(session, made.id, made.owner)
    assert soon() in starts(session, cast)
    assert count_held(session) == 0
    release_hold(session, made.id, made.owner)  # a second time does no harm


def test_a_lapsed_hold_is_free_for_everybody_without_any_job(session: Session, cast: Cast) -> None:
    """Failure 6: shown free, and never bookable, because the rule of the database still covers it."""
    made = hold(session, cast, patient_id=cast.patient.id)
    lapse(session, made)
    assert soon() in starts(session, cast)
    booked = book_appointment(
        session, actor_of(cast.receptionist), wish(cast, patient_id=cast.other_patient.id)
    )
    assert booked.starts_at == soon()
    with pytest.raises(SlotTaken):
        book_appointment(session, actor_of(cast.receptionist), wish_held(cast, made))


def test_who_types_slowly_still_gets_a_time_that_nobody_took(session: Session, cast: Cast) -> None:
    made = hold(session, cast)
    lapse(session, made)
    booked = book_appointment(session, actor_of(cast.receptionist), wish_held(cast, made))
    assert changes_of(session, booked) == [(1, "booked")]


def test_a_form_sent_twice_after_its_hold_was_used_books_once(session: Session, cast: Cast) -> None:
    made = hold(session, cast)
    form = wish_held(cast, made)
    first = book_appointment(session, actor_of(cast.receptionist), form)
    assert book_appointment(session, actor_of(cast.receptionist), form).id == first.id


def test_the_patient_of_a_hold_is_kept_too(session: Session, cast: Cast) -> None:
    first = hold(session, cast, patient_id=cast.patient.id)
    assert cast.colleague.practitioner_id
    booked = book_appointment(session, actor_of(cast.receptionist), wish_held(cast, first))
    other = make_schedule(session, cast.service, cast.colleague.practitioner_id)
    with pytest.raises(PatientBusy) as refusal:
        book_appointment(session, actor_of(cast.receptionist), wish(cast, schedule_id=other.id))
    assert refusal.value.appointment_id == booked.id


def test_a_patient_keeps_one_time_and_a_new_one_releases_the_old(session: Session, cast: Cast) -> None:
    hold(session, cast, owner="browser:one", actor=ANONYMOUS)
    hold(session, cast, owner="browser:one", actor=ANONYMOUS, starts_at=soon() + QUARTER)
    assert soon() in starts(session, cast)
    assert soon() + QUARTER not in starts(session, cast)


def test_nobody_keeps_a_clinician_to_themselves(session: Session, cast: Cast) -> None:
    for number in range(MOST_BY_STAFF):
        hold(session, cast, starts_at=soon() + number * QUARTER)
    with pytest.raises(TooManyTries):
        hold(session, cast, starts_at=soon() + MOST_BY_STAFF * QUARTER)


def test_one_place_cannot_hold_everything_with_many_browsers(session: Session, cast: Cast) -> None:
    for number in range(MOST_BY_ADDRESS):
        hold(
            session,
            cast,
            starts_at=soon() + number * QUARTER,
            owner=f"browser:{number}",
            actor=ANONYMOUS,
            address="192.0.2.7",
        )
    late = soon() + MOST_BY_ADDRESS * QUARTER
    with pytest.raises(TooManyTries):
        hold(session, cast, starts_at=late, owner="browser:more", actor=ANONYMOUS, address="192.0.2.7")
    hold(session, cast, starts_at=late, owner="browser:else", actor=ANONYMOUS, address="192.0.2.8")


def test_a_hold_of_another_service_is_not_found(session: Session, cast: Cast) -> None:
    made = hold(session, cast)
    made.service_id = cast.other_service.id
    session.flush()
    with pytest.raises(NotFound):
        book_appointment(session, actor_of(cast.receptionist), wish_held(cast, made))


def test_a_hold_that_never_was_is_not_found(session: Session, cast: Cast) -> None:
    with pytest.raises(NotFound):
        book_appointment(
            session,
            actor_of(cast.receptionist),
            wish(cast, hold_id=uuid4(), hold_owner=actor_of(cast.receptionist).key),
        )


def test_who_is_booked_on_top_takes_nothing_from_the_holder(session: Session, cast: Cast) -> None:
    """Overbooking is beside the rules; the time that a page says is kept for somebody stays theirs."""
    reception = actor_of(cast.receptionist)
    made = hold(session, cast, owner="browser:1", patient_id=cast.patient.id)
    overbooked = overbook_appointment(
        session,
        reception,
        OverbookRequest(
            patient_id=cast.other_patient.id,
            service_id=cast.service.id,
            appointment_type_id=cast.appointment_type.id,
            mode=Mode.VIDEO,
            starts_at=made.starts_at,
            practitioner_id=cast.practitioner_id,
            note="Chest pain since this morning",
            idempotency_key=uuid4().hex,
        ),
    )
    assert book_appointment(session, reception, wish_held(cast, made)).starts_at == overbooked.starts_at


def test_a_held_time_whose_session_was_changed_went_to_nobody_else(session: Session, cast: Cast) -> None:
    made = hold(session, cast)
    cast.schedule.is_by_video = False
    session.flush()
    with pytest.raises(SlotTaken) as refused:
        book_appointment(session, actor_of(cast.receptionist), wish_held(cast, made))
    assert refused.value.message.startswith("This time is not offered any more.")


def test_a_lapsed_hold_of_one_lane_becomes_a_booking_of_the_next(session: Session, cast: Cast) -> None:
    """Its own lane is taken by now, but another clinician of the shared clinic is free."""
    clinic, schedule = make_shared_clinic(session, cast)
    reception = actor_of(cast.receptionist)
    starts_at = soon() + 8 * QUARTER
    query = SlotQuery(type=cast.appointment_type, days=2, shared_clinic_id=clinic.id)
    free = next(
        slot for slot in find_slots(session, cast.service, query, now=now()) if slot.starts_at == starts_at
    )
    made = hold_slot(
        session,
        reception,
        cast.service,
        free,
        type_=cast.appointment_type,
        mode=Mode.VIDEO,
        owner=reception.key,
        patient_id=cast.patient.id,
    )
    lapse(session, made)
    first = book_appointment(
        session,
        reception,
        wish(cast, patient_id=cast.other_patient.id, schedule_id=schedule.id, starts_at=starts_at),
    )
    second = book_appointment(session, reception, wish_held(cast, made))
    assert (second.starts_at, {first.lane_id, second.lane_id}) == (
        starts_at,
        {each.id for each in clinic.lanes},
    )
