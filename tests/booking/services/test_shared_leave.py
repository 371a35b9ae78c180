"""Clinicians of a shared clinic are away: it sees fewer patients at a time, or none; and whoever is too many is listed."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import delete
from sqlalchemy.orm import Session

from telehealth.accounts.models import PractitionerRole
from telehealth.accounts.services.sign_in import actor_of
from telehealth.booking.domain.appointment import Mode
from telehealth.booking.domain.slots import Slot
from telehealth.booking.models import (
    Appointment,
    AppointmentType,
    PractitionerSkill,
    Schedule,
    ScheduleException,
    SharedClinic,
)
from telehealth.booking.services.availability import SlotQuery, find_slots
from telehealth.booking.services.booking import book_appointment
from telehealth.booking.services.claims import SlotTaken
from telehealth.booking.services.day_sheet import day_sheet
from telehealth.booking.services.exceptions import ExceptionWish, create_exception
from telehealth.booking.services.explanations import ReasonCode, explain
from telehealth.booking.services.schedule_impact import WouldStrand, count_outside, list_outside
from telehealth.booking.services.shared_clinics import ClinicWish, change_shared_clinic, state_of
from telehealth.clock import now
from tests.booking.services.wishes import wish
from tests.factories import SLOT, Cast, make_patient, make_shared_clinic, make_type, soon

pytestmark = pytest.mark.service

DAY = timedelta(days=1)
Book = Callable[[], Appointment]


@pytest.fixture
def clinic(session: Session, cast: Cast) -> SharedClinic:
    """Two clinicians, two patients at a time, all day."""
    return make_shared_clinic(session, cast)[0]


@pytest.fixture
def at() -> datetime:
    return soon() + 3 * DAY


@pytest.fixture
def book(session: Session, cast: Cast, clinic: SharedClinic, at: datetime) -> Book:
    schedule = session.query(Schedule).filter(Schedule.shared_clinic_id == clinic.id).one()

    def make() -> Appointment:
        patient = make_patient(session, cast.service, given_name="Gwen")
        wanted = wish(
            cast,
            patient_id=patient.id,
            schedule_id=schedule.id,
            starts_at=at,
            idempotency_key=patient.id.hex,
        )
        return book_appointment(session, actor_of(cast.receptionist), wanted)

    return make


def go_away(
    session: Session,
    cast: Cast,
    who: UUID | None,
    starts_at: datetime,
    ends_at: datetime,
    *,
    agreed: str = "",
) -> None:
    leave = ExceptionWish(practitioner_id=who, starts_at=starts_at, ends_at=ends_at, reason="Annual leave")
    create_exception(
        session,
        actor_of(cast.administrator),
        cast.service.id,
        leave,
        idempotency_key=f"{who}/{starts_at}",
        agreed=agreed,
    )


def offered(session: Session, cast: Cast, clinic: SharedClinic, at: datetime) -> set[datetime]:
    query = SlotQuery(
        type=cast.appointment_type,
        mode=Mode.VIDEO,
        from_date=at.date() - DAY,
        days=3,
        shared_clinic_id=clinic.id,
    )
    return {slot.starts_at for slot in find_slots(session, cast.service, query, now=now())}


def test_leave_of_all_closes_the_clinic(
    session: Session, cast: Cast, clinic: SharedClinic, at: datetime, book: Book
) -> None:
    go_away(session, cast, cast.practitioner_id, at - DAY, at + DAY)
    booked = book()
    with pytest.raises(WouldStrand) as caught:
        go_away(session, cast, cast.colleague.practitioner_id, at - SLOT, at + 2 * SLOT)
    assert caught.value.appointments == [booked]
    go_away(
        session, cast, cast.colleague.practitioner_id, at - SLOT, at + 2 * SLOT, agreed=caught.value.token
    )
    assert list_outside(session, cast.service, now=now()) == [booked]
    assert count_outside(session, cast.service, now=now(), days=7) == 1
    found = offered(session, cast, clinic, at)
    assert not found & {at - SLOT, at, at + SLOT}
    assert {at - 2 * SLOT, at + 2 * SLOT} <= found


def test_leave_of_one_leaves_one_patient_at_a_time(
    session: Session, cast: Cast, clinic: SharedClinic, at: datetime, book: Book
) -> None:
    first, second = book(), book()
    with pytest.raises(WouldStrand) as caught:
        go_away(session, cast, cast.practitioner_id, at - DAY, at + DAY)
    assert caught.value.appointments == [second]
    go_away(session, cast, cast.practitioner_id, at - DAY, at + DAY, agreed=caught.value.token)
    assert list_outside(session, cast.service, now=now()) == [second]
    assert at + SLOT in offered(session, cast, clinic, at)
    assert first.lane_id != second.lane_id


def test_a_time_that_one_patient_has_is_not_offered_while_one_clinician_is_there(
    session: Session, cast: Cast, clinic: SharedClinic, at: datetime, book: Book
) -> None:
    book()
    assert at in offered(session, cast, clinic, at)
    go_away(session, cast, cast.practitioner_id, at - DAY, at + DAY)
    assert at not in offered(session, cast, clinic, at)
    with pytest.raises(SlotTaken):
        book()
    assert list_outside(session, cast.service, now=now()) == []


def test_it_says_who_is_away(
    session: Session, cast: Cast, clinic: SharedClinic, at: datetime, book: Book
) -> None:
    booked = book()
    go_away(session, cast, cast.practitioner_id, at - DAY, at + DAY)
    schedule = session.query(Schedule).filter(Schedule.shared_clinic_id == clinic.id).one()
    query = SlotQuery(type=cast.appointment_type, mode=Mode.VIDEO, shared_clinic_id=clinic.id)
    asked = {"schedule_id": schedule.id, "starts_at": at, "now": now()}
    reasons = explain(session, cast.service, query, **asked)  # type: ignore[arg-type]
    assert [(reason.code, reason.appointment_id, reason.text) for reason in reasons] == [
        (ReasonCode.LEAVE, None, "Annual leave"),
        (ReasonCode.BOOKED, booked.id, ""),
    ]


def test_a_member_who_left_is_away_for_good(
    session: Session, cast: Cast, clinic: SharedClinic, at: datetime, book: Book
) -> None:
    first, second = book(), book()

    def leave(practitioner_id: UUID | None) -> None:
        session.execute(delete(PractitionerRole).where(PractitionerRole.practitioner_id == practitioner_id))

    leave(cast.practitioner_id)
    assert list_outside(session, cast.service, now=now()) == [second]
    assert at + SLOT in offered(session, cast, clinic, at)
    leave(cast.colleague.practitioner_id)
    assert set(list_outside(session, cast.service, now=now())) == {first, second}
    assert offered(session, cast, clinic, at) == set()


def test_more_lanes_than_clinicians_stay_while_all_are_there(
    session: Session, cast: Cast, at: datetime
) -> None:
    clinic, _ = make_shared_clinic(session, cast, lanes=3, name="Vaccinations")
    go_away(session, cast, cast.practitioner_id, at - DAY, at)
    query = SlotQuery(
        type=cast.appointment_type, mode=Mode.VIDEO, from_date=at.date(), shared_clinic_id=clinic.id
    )
    assert at in {slot.starts_at for slot in find_slots(session, cast.service, query, now=now())}


def test_the_day_sheet_shows_that_nobody_is_there(
    session: Session, cast: Cast, clinic: SharedClinic, at: datetime
) -> None:
    for who in (cast.practitioner_id, cast.colleague.practitioner_id):
        go_away(session, cast, who, at - 2 * DAY, at + 2 * DAY)
    sheet = day_sheet(session, actor_of(cast.receptionist), cast.service, at.date(), now=now())
    lanes = [column for column in sheet.columns if column.lane_number is not None]
    assert len(lanes) == 2
    assert all(
        [closure.reason for closure in column.closures if closure.is_leave] == ["Annual leave"]
        for column in lanes
    )
    assert not sheet.has_sessions


@pytest.fixture
def skilled(session: Session, cast: Cast) -> AppointmentType:
    """A type for which the clinician is needed, not the colleague."""
    session.add(
        PractitionerSkill(
            organisation_id=cast.service.organisation_id,
            service_id=cast.service.id,
            practitioner_id=cast.practitioner_id,
            skill="insulin",
        )
    )
    return make_type(session, cast.service, name="Insulin", required_skill="insulin")


def test_a_type_that_needs_a_skill_is_not_offered_while_who_has_it_is_away(
    session: Session, cast: Cast, clinic: SharedClinic, skilled: AppointmentType
) -> None:
    """The clinic goes on without them; but not for this."""

    def offered(type_: AppointmentType) -> list[Slot]:
        query = SlotQuery(type=type_, mode=Mode.VIDEO, shared_clinic_id=clinic.id, limit=3)
        return find_slots(session, cast.service, query, now=now())

    first = offered(skilled)[0]
    session.add(
        ScheduleException(
            organisation_id=cast.service.organisation_id,
            practitioner_id=cast.practitioner_id,
            starts_at=now() - timedelta(days=1),
            ends_at=now() + timedelta(days=40),
            reason="Annual leave",
            created_by="test",
        )
    )
    session.flush()
    assert offered(skilled) == []
    assert offered(cast.appointment_type) != []
    reasons = explain(
        session,
        cast.service,
        SlotQuery(type=skilled, mode=Mode.VIDEO, shared_clinic_id=clinic.id),
        schedule_id=first.schedule_id,
        starts_at=first.starts_at,
        now=now(),
    )
    assert [each.code for each in reasons] == [ReasonCode.SKILL]


def test_whoever_needs_the_skill_of_the_one_who_goes_away_is_listed(
    session: Session, cast: Cast, clinic: SharedClinic, skilled: AppointmentType, at: datetime
) -> None:
    schedule = session.query(Schedule).filter(Schedule.shared_clinic_id == clinic.id).one()
    booked = [
        book_appointment(
            session,
            actor_of(cast.receptionist),
            wish(
                cast,
                patient_id=patient.id,
                schedule_id=schedule.id,
                starts_at=start,
                appointment_type_id=type_.id,
            ),
        )
        for patient, start, type_ in (
            (cast.patient, at, skilled),
            (cast.other_patient, at + 4 * SLOT, cast.appointment_type),
        )
    ]
    go_away(session, cast, cast.colleague.practitioner_id, at, at + 8 * SLOT)
    with pytest.raises(WouldStrand) as caught:
        go_away(session, cast, cast.practitioner_id, at - SLOT, at + SLOT)
    assert caught.value.appointments == booked[:1]
    # And when they are taken out of the clinic for good.
    assert cast.colleague.practitioner_id is not None
    without = ClinicWish(name=clinic.name, practitioner_ids=(cast.colleague.practitioner_id,), lanes=2)
    administrator = actor_of(cast.administrator)
    with pytest.raises(WouldStrand) as removed:
        change_shared_clinic(
            session, administrator, cast.service.id, clinic.id, without, seen=state_of(clinic)
        )
    assert removed.value.appointments == booked
