"""Promise 1: the database refuses two overlapping live claims of a clinician or a patient."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from telehealth.accounts.services.sign_in import actor_of
from telehealth.booking.domain.claim import ClaimState
from telehealth.booking.domain.slots import Slot
from telehealth.booking.models import Claim
from telehealth.booking.services.appointments import place_appointment
from telehealth.booking.services.availability import SlotQuery, find_slots
from telehealth.booking.services.claims import PatientBusy, SlotTaken
from telehealth.clock import now
from tests.factories import Cast, make_appointment, make_patient, slot_at, soon

pytestmark = pytest.mark.service

MINUTE = timedelta(minutes=1)
QUARTER = 15 * MINUTE


def hold(cast: Cast, starts_at: datetime, *, expires_at: datetime, **parts: Any) -> Claim:
    return Claim(
        organisation_id=cast.service.organisation_id,
        starts_at=starts_at,
        ends_at=starts_at + QUARTER,
        state=ClaimState.HELD,
        hold_expires_at=expires_at,
        **({"practitioner_id": cast.practitioner_id} | parts),
    )


def free_slots(session: Session, cast: Cast) -> list[Slot]:
    return find_slots(session, cast.service, SlotQuery(type=cast.appointment_type, days=2), now=now())


def count_claims(session: Session, appointment_id: UUID, state: ClaimState) -> int | None:
    return session.scalar(
        select(func.count()).where(Claim.appointment_id == appointment_id, Claim.state == state)
    )


def test_an_appointment_claims_its_clinician_and_its_patient(session: Session, cast: Cast) -> None:
    appointment = make_appointment(session, cast)
    assert count_claims(session, appointment.id, ClaimState.BOOKED) == 2


@pytest.mark.parametrize("shift", [-14 * MINUTE, -MINUTE, 0 * MINUTE, MINUTE, 14 * MINUTE])
def test_a_clinician_cannot_be_booked_twice(session: Session, cast: Cast, shift: timedelta) -> None:
    make_appointment(session, cast)
    with pytest.raises(SlotTaken), session.begin_nested():
        make_appointment(session, cast, starts_at=soon() + shift, patient=cast.other_patient)


@pytest.mark.parametrize("shift", [-QUARTER, QUARTER])
def test_one_appointment_may_follow_the_other(session: Session, cast: Cast, shift: timedelta) -> None:
    make_appointment(session, cast)
    beside = make_appointment(session, cast, starts_at=soon() + shift)
    assert count_claims(session, beside.id, ClaimState.BOOKED) == 2


def test_a_patient_cannot_be_in_two_places(session: Session, cast: Cast) -> None:
    first = make_appointment(session, cast)
    assert cast.colleague.practitioner_id
    elsewhere = slot_at(cast, soon() + MINUTE)._replace(practitioner_id=cast.colleague.practitioner_id)
    with pytest.raises(PatientBusy) as refusal, session.begin_nested():
        place_appointment(session, actor_of(cast.receptionist), cast.service, cast.patient, elsewhere)
    assert refusal.value.appointment_id == first.id


def test_a_refused_booking_leaves_nothing_behind(session: Session, cast: Cast) -> None:
    make_appointment(session, cast)
    before = session.scalar(select(func.count()).select_from(Claim))
    with pytest.raises(SlotTaken), session.begin_nested():
        make_appointment(session, cast, patient=cast.other_patient)
    assert session.scalar(select(func.count()).select_from(Claim)) == before


def test_released_time_can_be_claimed_again(session: Session, cast: Cast) -> None:
    appointment = make_appointment(session, cast)
    for claim in session.scalars(select(Claim).where(Claim.appointment_id == appointment.id)):
        claim.state = ClaimState.RELEASED
    session.flush()
    again = make_appointment(session, cast)
    assert count_claims(session, again.id, ClaimState.BOOKED) == 2


def test_a_live_hold_blocks_the_clinician(session: Session, cast: Cast) -> None:
    session.add(hold(cast, soon(), expires_at=now() + 5 * MINUTE))
    session.flush()
    assert soon() not in {slot.starts_at for slot in free_slots(session, cast)}
    with pytest.raises(SlotTaken), session.begin_nested():
        make_appointment(session, cast)


def test_a_live_hold_blocks_the_patient(session: Session, cast: Cast) -> None:
    session.add(
        hold(cast, soon(), expires_at=now() + 5 * MINUTE, practitioner_id=None, patient_id=cast.patient.id)
    )
    session.flush()
    with pytest.raises(PatientBusy) as refusal, session.begin_nested():
        make_appointment(session, cast)
    assert refusal.value.appointment_id is None
    make_appointment(session, cast, patient=cast.other_patient)


def test_a_lapsed_hold_is_free_for_whoever_looks_and_for_whoever_books(session: Session, cast: Cast) -> None:
    lapsed = hold(cast, soon() - MINUTE, expires_at=now() - MINUTE)
    session.add(lapsed)
    session.flush()
    assert soon() in {slot.starts_at for slot in free_slots(session, cast)}
    appointment = make_appointment(session, cast)
    assert session.scalar(select(func.count()).where(Claim.id == lapsed.id)) == 0
    assert count_claims(session, appointment.id, ClaimState.BOOKED) == 2


def test_purging_spares_holds_that_live_and_those_of_others(session: Session, cast: Cast) -> None:
    kept = [
        hold(cast, soon() + QUARTER, expires_at=now() - MINUTE),
        hold(cast, soon(), expires_at=now() - MINUTE, practitioner_id=cast.colleague.practitioner_id),
    ]
    session.add_all(kept)
    session.flush()
    make_appointment(session, cast)
    assert session.scalar(select(func.count()).where(Claim.id.in_([claim.id for claim in kept]))) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"patient_id": "own"},
        {"practitioner_id": None},
        {"ends_at": timedelta(0)},
        {"ends_at": -MINUTE},
        {"hold_expires_at": None},
        {"state": ClaimState.BOOKED, "hold_expires_at": None},
        {"practitioner_id": uuid4()},
        {"organisation_id": uuid4()},
    ],
)
def test_a_senseless_claim_is_refused(session: Session, cast: Cast, wrong: dict[str, Any]) -> None:
    claim = hold(cast, soon(), expires_at=now() + MINUTE)
    for name, value in wrong.items():
        given = soon() + value if isinstance(value, timedelta) else value
        setattr(claim, name, cast.patient.id if given == "own" else given)
    session.add(claim)
    with pytest.raises(IntegrityError):
        session.flush()


def test_claims_of_different_people_do_not_clash(session: Session, cast: Cast) -> None:
    make_appointment(session, cast)
    stranger = make_patient(session, cast.service, given_name="Bryn")
    session.add_all(
        hold(cast, soon(), expires_at=now() + MINUTE, **who)
        for who in (
            {"practitioner_id": cast.colleague.practitioner_id},
            {"practitioner_id": None, "patient_id": stranger.id},
        )
    )
    session.flush()
