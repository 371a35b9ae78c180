"""A shared clinic gets fewer lanes or fewer people: whoever is too many is listed first, and nobody is added."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from telehealth.accounts.services.sign_in import actor_of
from telehealth.booking.domain.appointment import CancelReason, Mode
from telehealth.booking.models import Appointment, Schedule, ScheduleException, SharedClinic
from telehealth.booking.services.availability import SlotQuery, find_slots
from telehealth.booking.services.booking import book_appointment
from telehealth.booking.services.cancelling import cancel_appointment
from telehealth.booking.services.claims import SlotTaken
from telehealth.booking.services.explanations import ReasonCode, explain
from telehealth.booking.services.schedule_impact import WouldStrand, list_outside
from telehealth.booking.services.shared_clinics import ClinicWish, change_shared_clinic, state_of
from telehealth.clock import now
from tests.booking.services.wishes import wish
from tests.factories import Cast, make_patient, make_shared_clinic, soon

pytestmark = pytest.mark.service

Book = Callable[[datetime], Appointment]


@pytest.fixture
def made(session: Session, cast: Cast) -> tuple[SharedClinic, Schedule]:
    """Two clinicians, two patients at a time, all day."""
    return make_shared_clinic(session, cast)


@pytest.fixture
def book(session: Session, cast: Cast, made: tuple[SharedClinic, Schedule]) -> Book:
    """One more patient, in the first lane that is free."""

    def act(at: datetime) -> Appointment:
        patient = make_patient(session, cast.service, given_name="Gwen")
        wanted = wish(cast, patient_id=patient.id, schedule_id=made[1].id, starts_at=at)
        return book_appointment(session, actor_of(cast.receptionist), wanted)

    return act


def change(
    session: Session, cast: Cast, clinic: SharedClinic, *, lanes: int, agreed: str = "", both: bool = False
) -> None:
    people = (cast.practitioner_id, cast.colleague.practitioner_id) if both else (cast.practitioner_id,)
    wanted = ClinicWish(name=clinic.name, practitioner_ids=tuple(filter(None, people)), lanes=lanes)
    change_shared_clinic(
        session,
        actor_of(cast.administrator),
        cast.service.id,
        clinic.id,
        wanted,
        seen=state_of(clinic),
        agreed=agreed,
    )
    session.expire_all()


def test_of_two_at_a_time_the_second_is_listed_before_a_lane_goes(
    session: Session, cast: Cast, made: tuple[SharedClinic, Schedule], book: Book
) -> None:
    clinic, at = made[0], soon() + timedelta(days=3)
    first, second = book(at), book(at)
    with pytest.raises(WouldStrand) as caught:
        change(session, cast, clinic, lanes=1)
    assert caught.value.appointments == [second]
    assert state_of(clinic).endswith("/2")
    # Others than those whom the person saw.
    with pytest.raises(WouldStrand) as again:
        change(session, cast, clinic, lanes=1, agreed="another list")
    assert again.value.is_changed
    change(session, cast, clinic, lanes=1, agreed=caught.value.token)
    assert list_outside(session, cast.service, now=now()) == [second]
    assert {first.status, second.status} == {first.status}
    # With the lane back in use there is somebody for each.
    change(session, cast, clinic, lanes=2)
    assert list_outside(session, cast.service, now=now()) == []


def test_whoever_is_alone_in_a_lane_that_goes_is_seen_and_nobody_beside_them(
    session: Session, cast: Cast, made: tuple[SharedClinic, Schedule], book: Book
) -> None:
    (clinic, schedule), at = made, soon() + timedelta(days=3)
    first, second = book(at), book(at)
    assert second.lane_id == clinic.lanes[1].id
    cancel_appointment(
        session,
        actor_of(cast.receptionist),
        first.id,
        version=first.version,
        reason=CancelReason.PATIENT,
    )
    change(session, cast, clinic, lanes=1, both=True)
    assert list_outside(session, cast.service, now=now()) == []
    query = SlotQuery(type=cast.appointment_type, mode=Mode.VIDEO, shared_clinic_id=clinic.id)
    offered = {slot.starts_at for slot in find_slots(session, cast.service, query, now=now())}
    assert at not in offered
    assert at + timedelta(minutes=15) in offered
    with pytest.raises(SlotTaken):
        book(at)
    reasons = explain(session, cast.service, query, schedule_id=schedule.id, starts_at=at, now=now())
    assert [(each.code, each.appointment_id) for each in reasons] == [(ReasonCode.BOOKED, second.id)]


def test_without_the_only_one_who_is_there_nobody_is_seen(
    session: Session, cast: Cast, made: tuple[SharedClinic, Schedule], book: Book
) -> None:
    clinic, at = made[0], soon() + timedelta(days=3)
    booked = book(at)
    session.add(
        ScheduleException(
            organisation_id=cast.service.organisation_id,
            practitioner_id=cast.practitioner_id,
            starts_at=at - timedelta(hours=1),
            ends_at=at + timedelta(hours=1),
            reason="Annual leave",
            created_by="test",
        )
    )
    session.flush()
    with pytest.raises(WouldStrand) as caught:
        change(session, cast, clinic, lanes=2)
    assert caught.value.appointments == [booked]


def test_with_nobody_too_many_it_is_changed_at_once(
    session: Session, cast: Cast, made: tuple[SharedClinic, Schedule], book: Book
) -> None:
    at = soon() + timedelta(days=3)
    book(at)
    book(at + timedelta(minutes=15))
    change(session, cast, made[0], lanes=1)
    assert list_outside(session, cast.service, now=now()) == []
