"""The browser's back shows a form that was sent: changed and sent again it is another wish, never silently the old one."""

from dataclasses import replace
from datetime import date, time, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from telehealth.accounts.services.patients import PatientDetails
from telehealth.accounts.services.sign_in import actor_of
from telehealth.booking.domain.appointment import Mode
from telehealth.booking.domain.recurrence import Recurrence
from telehealth.booking.models import Appointment, AppointmentType, Room
from telehealth.booking.services.appointment_types import TypeWish, create_type
from telehealth.booking.services.booking import book_appointment
from telehealth.booking.services.claims import SlotTaken
from telehealth.booking.services.exceptions import ExceptionWish, create_exception
from telehealth.booking.services.registration import LikelyDuplicates, register_at_desk
from telehealth.booking.services.schedule_wishes import ScheduleWish, local_today
from telehealth.booking.services.schedules import create_schedule
from telehealth.booking.services.shared_clinics import ClinicWish, create_shared_clinic
from telehealth.errors import Conflict
from tests.booking.services.wishes import wish
from tests.factories import Cast, make_type, soon

pytestmark = pytest.mark.service

REVIEW = TypeWish(name="Asthma review", minutes=20, modes=frozenset({Mode.VIDEO}))
PERSON = PatientDetails(
    given_name="Dylan",
    family_name="Powell",
    birth_date=date(1980, 2, 29),
    nhs_number=None,
    phone="+447700900111",
    email=None,
)


def session_wish(cast: Cast) -> ScheduleWish:
    """One evening, on which nothing else takes place."""
    on = local_today(cast.service) + timedelta(days=10)
    return ScheduleWish(
        practitioner_id=cast.practitioner_id,
        recurrence=Recurrence.weekly({on.weekday()}),
        first_date=on,
        last_date=on,
        starts=time(20),
        ends=time(21),
        slot_minutes=15,
        modes=frozenset({Mode.VIDEO}),
    )


@pytest.mark.parametrize("changed", ["modes", "slot_minutes", "type_ids", "room_id"])
def test_a_session_in_other_words_is_another_session(session: Session, cast: Cast, changed: str) -> None:
    room = Room(organisation_id=cast.service.organisation_id, service_id=cast.service.id, name="Room 3")
    session.add(room)
    session.flush()
    others: dict[str, Any] = {
        "modes": frozenset({Mode.PHONE}),
        "slot_minutes": 30,
        "type_ids": frozenset({cast.appointment_type.id}),
        "room_id": room.id,
    }
    administrator, first = actor_of(cast.administrator), session_wish(cast)

    def send(wanted: ScheduleWish) -> Any:
        return create_schedule(session, administrator, cast.service.id, wanted, idempotency_key="a").id

    made = send(first)
    assert send(first) == made
    second = replace(first, **{changed: others[changed]})
    assert send(second) != made


def test_a_type_of_another_length_is_refused_by_its_name(session: Session, cast: Cast) -> None:
    administrator = actor_of(cast.administrator)
    made = create_type(session, administrator, cast.service.id, REVIEW, idempotency_key="a")
    assert create_type(session, administrator, cast.service.id, REVIEW, idempotency_key="a") is made
    with pytest.raises(Conflict) as refused:
        create_type(session, administrator, cast.service.id, replace(REVIEW, minutes=30), idempotency_key="a")
    assert refused.value.code == "type-name-taken"
    names = select(func.count()).where(AppointmentType.name == REVIEW.name)
    assert session.scalar(names) == 1


def test_a_clinic_with_more_lanes_is_refused_by_its_name(session: Session, cast: Cast) -> None:
    administrator = actor_of(cast.administrator)
    assert cast.colleague.practitioner_id is not None
    both = (cast.practitioner_id, cast.colleague.practitioner_id)
    first = ClinicWish(name="Walk-in", practitioner_ids=both, lanes=1)
    made = create_shared_clinic(session, administrator, cast.service.id, first, idempotency_key="a")
    assert create_shared_clinic(session, administrator, cast.service.id, first, idempotency_key="a") is made
    with pytest.raises(Conflict):
        create_shared_clinic(
            session, administrator, cast.service.id, replace(first, lanes=2), idempotency_key="a"
        )


def test_leave_for_another_reason_is_another_leave(session: Session, cast: Cast) -> None:
    administrator = actor_of(cast.administrator)
    leave = ExceptionWish(
        practitioner_id=cast.colleague.practitioner_id,
        starts_at=soon() + timedelta(days=30),
        ends_at=soon() + timedelta(days=31),
        reason="Training",
    )

    def send(wanted: ExceptionWish) -> Any:
        return create_exception(session, administrator, cast.service.id, wanted, idempotency_key="a")

    made = send(leave)
    assert send(leave).id == made.id
    assert send(replace(leave, reason="Holiday")).reason == "Holiday"


def test_an_appointment_of_another_type_is_not_the_one_that_was_booked(session: Session, cast: Cast) -> None:
    receptionist = actor_of(cast.receptionist)
    other = make_type(session, cast.service, name="Review")
    made = book_appointment(session, receptionist, wish(cast, idempotency_key="a"))
    assert book_appointment(session, receptionist, wish(cast, idempotency_key="a")) is made
    for changes in ({"appointment_type_id": other.id}, {"mode": Mode.PHONE}):
        with pytest.raises(SlotTaken):
            book_appointment(session, receptionist, wish(cast, idempotency_key="a", **changes))
    assert session.scalar(select(func.count()).select_from(Appointment)) == 1


@pytest.mark.parametrize(
    "change", [{"phone": "+447700900222"}, {"email": "dylan@example.org"}, {"phone": None}]
)
def test_a_patient_with_a_corrected_phone_number_is_shown_as_a_likely_duplicate(
    session: Session, cast: Cast, change: dict[str, str | None]
) -> None:
    receptionist = actor_of(cast.receptionist)
    made = register_at_desk(session, receptionist, PERSON, form_key="a")
    assert register_at_desk(session, receptionist, PERSON, form_key="a") is made
    with pytest.raises(LikelyDuplicates):
        register_at_desk(session, receptionist, replace(PERSON, **change), form_key="a")  # type: ignore[arg-type]
