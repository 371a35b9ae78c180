"""Reception settles who somebody is while that person, or another desk, is at it too: with real commits, nobody stuck."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest

from telehealth.accounts.models import LinkReason
from telehealth.accounts.services.merges import survivor_of
from telehealth.accounts.services.sign_in import actor_of
from telehealth.booking.domain.appointment import AppointmentStatus
from telehealth.booking.models import Appointment
from telehealth.booking.services.booking import BookingRequest, book_appointment
from telehealth.booking.services.cancelling import cancel_own_appointment
from telehealth.booking.services.claims import PatientBusy
from telehealth.booking.services.record_merges import MergeClash, merge_records
from telehealth.booking.services.verification import confirm_person, link_person
from telehealth.db import Database
from telehealth.errors import Conflict
from tests.booking.services.test_races import at_once
from tests.booking.services.wishes import wish
from tests.factories import Cast, guest_of, make_appointment, make_cast, make_patient, make_schedule, soon

pytestmark = pytest.mark.service

ROUNDS = 6
QUARTER = timedelta(minutes=15)


@pytest.fixture
def cast(own_database: Database) -> Cast:
    with own_database.transaction() as session:
        return make_cast(session)


def ask(database: Database, cast: Cast, number: int) -> Appointment:
    """What somebody asked for whom the service does not know."""
    with database.transaction() as session:
        newcomer = make_patient(session, cast.service, given_name=f"New{number}")
        newcomer.is_verified = False
        asked = make_appointment(session, cast, patient=newcomer, starts_at=soon() + number * QUARTER)
        asked.status = AppointmentStatus.PENDING
    return asked


def cancelling(database: Database, asked: Appointment) -> Callable[[], str]:
    def act() -> str:
        with database.transaction() as session:
            cancel_own_appointment(session, guest_of(asked), asked.id, version=asked.version, note="")
        return "cancelled"

    return act


@pytest.mark.parametrize("way", ["confirmed", "linked"])
def test_who_is_settled_while_they_cancel_is_confirmed_or_has_cancelled(
    own_database: Database, cast: Cast, way: str
) -> None:
    def settling(asked: Appointment, record_id: UUID) -> Callable[[], str]:
        def act() -> str:
            with own_database.transaction() as session:
                who = actor_of(cast.receptionist)
                if way == "confirmed":
                    confirm_person(session, who, asked.patient_id)
                else:
                    link_person(session, who, asked.patient_id, record_id)
            return way

        return act

    for number in range(ROUNDS):
        asked = ask(own_database, cast, number)
        with own_database.transaction() as session:
            record = make_patient(session, cast.service, given_name=f"Known{number}")
        answers = at_once(settling(asked, record.id), cancelling(own_database, asked))
        # A database that ended one of them to free the other would show itself here.
        assert all(isinstance(answer, str | Conflict) for answer in answers), answers
        with own_database.reading() as session:
            status = session.get_one(Appointment, asked.id).status
        assert status is (
            AppointmentStatus.CANCELLED if "cancelled" in answers else AppointmentStatus.BOOKED
        ), answers


def test_a_patient_who_is_booked_while_records_are_merged_is_not_in_two_places(
    own_database: Database, cast: Cast
) -> None:
    assert cast.colleague.practitioner_id
    with own_database.transaction() as session:
        beside = make_schedule(session, cast.service, cast.colleague.practitioner_id).id
    for number in range(ROUNDS):
        starts_at = soon() + number * QUARTER
        with own_database.transaction() as session:
            kept = make_patient(session, cast.service, given_name=f"Kept{number}")
            twin = make_patient(session, cast.service, given_name=f"Twin{number}")
            make_appointment(session, cast, patient=kept, starts_at=starts_at)

        def merge(twin_id: UUID = twin.id, kept_id: UUID = kept.id) -> str:
            with own_database.transaction() as session:
                merge_records(
                    session, actor_of(cast.receptionist), twin_id, kept_id, LinkReason.REGISTERED_TWICE
                )
            return "merged"

        request = wish(cast, patient_id=twin.id, schedule_id=beside, starts_at=starts_at)

        def book(request: BookingRequest = request) -> str:
            with own_database.transaction() as session:
                book_appointment(session, actor_of(cast.receptionist), request)
            return "booked"

        answers = at_once(merge, book)
        refused = [answer for answer in answers if not isinstance(answer, str)]
        assert [type(answer) for answer in refused] == [PatientBusy if "merged" in answers else MergeClash], (
            answers
        )
        with own_database.reading() as session:
            assert (survivor_of(session, twin.id) == kept.id) == ("merged" in answers)
