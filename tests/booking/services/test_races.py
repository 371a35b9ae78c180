"""Two people act at the same moment, on connections of their own, with real commits."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier
from typing import TypeVar
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from telehealth.accounts.models import Patient
from telehealth.accounts.services.patients import PatientDetails, register_patient
from telehealth.accounts.services.sign_in import actor_of
from telehealth.booking.domain.appointment import CancelReason, Mode
from telehealth.booking.domain.claim import ClaimState
from telehealth.booking.models import Appointment, AppointmentHistory, Claim, JoinAttempt
from telehealth.booking.services.booking import BookingRequest, book_appointment
from telehealth.booking.services.cancelling import cancel_appointment
from telehealth.booking.services.claims import PatientBusy, SlotTaken
from telehealth.booking.services.links import LinkSigner, find_link, try_birth_date
from telehealth.db import Database
from tests.factories import (
    Cast,
    guest_of,
    make_appointment,
    make_cast,
    make_clinician,
    make_join_link,
    make_schedule,
    soon,
)

pytestmark = pytest.mark.service

Answer = TypeVar("Answer")
QUARTER = timedelta(minutes=15)
ROUNDS = 8


@pytest.fixture
def cast(own_database: Database) -> Cast:
    with own_database.transaction() as session:
        return make_cast(session)


def at_once(*acts: Callable[[], Answer]) -> list[Answer | Exception]:
    """What each act came to; all start at the same moment, each in a thread of its own."""
    ready = Barrier(len(acts), timeout=20)

    def run(act: Callable[[], Answer]) -> Answer | Exception:
        ready.wait()
        try:
            return act()
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def booking(database: Database, cast: Cast, wish: BookingRequest) -> Callable[[], UUID]:
    def book() -> UUID:
        with database.transaction() as session:
            return book_appointment(session, actor_of(cast.receptionist), wish).id

    return book


def wish_of(
    cast: Cast, patient_id: UUID, number: int, *, schedule_id: UUID | None = None, key: str = ""
) -> BookingRequest:
    return BookingRequest(
        patient_id=patient_id,
        service_id=cast.service.id,
        schedule_id=schedule_id or cast.schedule.id,
        starts_at=soon() + number * QUARTER,
        appointment_type_id=cast.appointment_type.id,
        mode=Mode.VIDEO,
        idempotency_key=key or uuid4().hex,
    )


def count_booked_claims(database: Database) -> int | None:
    with database.reading() as session:
        return session.scalar(select(func.count()).where(Claim.state == ClaimState.BOOKED))


def test_of_two_who_want_the_same_time_one_gets_it(own_database: Database, cast: Cast) -> None:
    for number in range(ROUNDS):
        answers = at_once(
            *(
                booking(own_database, cast, wish_of(cast, patient.id, number))
                for patient in (cast.patient, cast.other_patient)
            )
        )
        refused = [answer for answer in answers if not isinstance(answer, UUID)]
        assert [type(answer) for answer in refused] == [SlotTaken], answers
    assert count_booked_claims(own_database) == 2 * ROUNDS


def test_a_patient_booked_with_two_clinicians_at_once_gets_one(own_database: Database, cast: Cast) -> None:
    assert cast.colleague.practitioner_id
    with own_database.transaction() as session:
        second = make_schedule(session, cast.service, cast.colleague.practitioner_id).id
    for number in range(ROUNDS):
        answers = at_once(
            *(
                booking(own_database, cast, wish_of(cast, cast.patient.id, number, schedule_id=schedule_id))
                for schedule_id in (cast.schedule.id, second)
            )
        )
        refused = [answer for answer in answers if not isinstance(answer, UUID)]
        assert [type(answer) for answer in refused] == [PatientBusy], answers
    assert count_booked_claims(own_database) == 2 * ROUNDS


def test_a_form_sent_twice_at_once_books_once(own_database: Database, cast: Cast) -> None:
    for number in range(ROUNDS):
        form = wish_of(cast, cast.patient.id, number, key=f"form {number}")
        first, second = at_once(*[booking(own_database, cast, form)] * 2)
        assert isinstance(first, UUID)
        assert first == second
    with own_database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Appointment)) == ROUNDS


def test_many_who_want_the_same_time_leave_one_booking(own_database: Database, cast: Cast) -> None:
    acts = [
        booking(own_database, cast, wish_of(cast, patient.id, 0))
        for patient in (cast.patient, cast.other_patient) * 4
    ]
    answers = at_once(*acts)
    assert sum(isinstance(answer, UUID) for answer in answers) == 1, answers
    assert {type(answer) for answer in answers if not isinstance(answer, UUID)} == {SlotTaken}


def test_of_two_who_cancel_at_once_one_is_told_that_it_changed(own_database: Database, cast: Cast) -> None:
    with own_database.transaction() as session:
        appointment_id = make_appointment(session, cast).id

    def cancelling(reason: CancelReason) -> Callable[[], UUID]:
        def cancel() -> UUID:
            with own_database.transaction() as session:
                who = actor_of(cast.receptionist)
                return cancel_appointment(session, who, appointment_id, version=1, reason=reason).id

        return cancel

    answers = at_once(cancelling(CancelReason.PATIENT), cancelling(CancelReason.PROVIDER))
    assert sorted(type(answer).__name__ for answer in answers) == ["AppointmentChanged", "UUID"], answers
    with own_database.reading() as session:
        history = select(func.count()).where(AppointmentHistory.appointment_id == appointment_id)
        assert session.scalar(history) == 2


def test_a_cancellation_pressed_twice_at_once_is_one(own_database: Database, cast: Cast) -> None:
    with own_database.transaction() as session:
        appointment_id = make_appointment(session, cast).id

    def cancel() -> UUID:
        with own_database.transaction() as session:
            who = actor_of(cast.receptionist)
            return cancel_appointment(session, who, appointment_id, version=1, reason=CancelReason.PATIENT).id

    assert at_once(cancel, cancel) == [appointment_id, appointment_id]
    with own_database.reading() as session:
        history = select(func.count()).where(AppointmentHistory.appointment_id == appointment_id)
        assert session.scalar(history) == 2


def test_guessing_in_parallel_gains_no_tries(own_database: Database, cast: Cast) -> None:
    signer = LinkSigner("only for tests: 0123456789 abcdefghijklmnop")
    with own_database.transaction() as session:
        appointment = make_appointment(session, cast)
        token = signer.sign(make_join_link(session, appointment).id)

    def guess() -> bool:
        with own_database.transaction() as session:
            link = find_link(session, signer, token)
            assert link is not None
            return try_birth_date(session, guest_of(appointment), link, date(1900, 1, 1))

    assert at_once(*[guess] * 12) == [False] * 12
    with own_database.reading() as session:
        assert session.scalar(select(func.count()).select_from(JoinAttempt)) == 5


def test_bookings_that_want_each_others_times_take_turns(own_database: Database, cast: Cast) -> None:
    """In opposite order. Whoever comes second waits for the clinician from the start, so that no deadlock is left."""

    def book(patient: Patient, *numbers: int) -> Callable[[], None]:
        def act() -> None:
            with own_database.transaction() as session:
                for number in numbers:
                    book_appointment(session, actor_of(cast.receptionist), wish_of(cast, patient.id, number))

        return act

    answers = at_once(book(cast.patient, 0, 1), book(cast.other_patient, 1, 0))
    assert sorted(type(answer).__name__ for answer in answers) == ["NoneType", "SlotTaken"], answers
    assert count_booked_claims(own_database) == 4


def test_clinicians_who_are_booked_at_once_do_not_get_in_each_others_way(
    own_database: Database, cast: Cast
) -> None:
    with own_database.transaction() as session:
        schedules = [cast.schedule.id]
        for name in ("Ann", "Bea", "Cai"):
            person = make_clinician(session, cast.service, name, "Vaughan")
            assert person.practitioner_id
            schedules.append(make_schedule(session, cast.service, person.practitioner_id).id)
    acts = [
        booking(
            own_database,
            cast,
            wish_of(cast, (cast.patient, cast.other_patient)[n % 2].id, n, schedule_id=schedule),
        )
        for n, schedule in enumerate(schedules)
    ]
    answers = at_once(*acts)
    assert all(isinstance(answer, UUID) for answer in answers), answers


@pytest.mark.parametrize("round_number", range(ROUNDS))
def test_one_person_is_registered_once(own_database: Database, cast: Cast, round_number: int) -> None:
    details = PatientDetails(
        given_name="Gwen",
        family_name="Ellis",
        birth_date=date(1950, 1, 1),
        nhs_number="9990000018",
        phone="+447700900111",
        email=None,
    )

    def register() -> Patient:
        with own_database.transaction() as session:
            return register_patient(session, actor_of(cast.receptionist), details)

    answers = at_once(register, register)
    assert sorted(type(answer).__name__ for answer in answers) == ["NhsNumberTaken", "Patient"]
