"""Two clinicians of a shared clinic, and two who close a request, at the same moment and with real commits."""

from collections.abc import Callable
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from telehealth.accounts.models import Account
from telehealth.accounts.services.sign_in import actor_of
from telehealth.booking.domain.follow_up import FollowUpReason
from telehealth.booking.models import Appointment, FollowUpRequest
from telehealth.booking.services.attendance import TakenByColleague
from telehealth.booking.services.follow_up_work import FollowUpOver, close_follow_up
from telehealth.booking.services.follow_ups import make_follow_up
from telehealth.db import Database
from telehealth.video.services.encounters import admit_patient
from tests.booking.services.test_races import at_once
from tests.clinic.test_shared_clinics import arrive, book
from tests.factories import Cast, make_appointment, make_cast, make_shared_clinic

pytestmark = pytest.mark.service

ROUNDS = 6


@pytest.fixture
def cast(own_database: Database) -> Cast:
    with own_database.transaction() as session:
        return make_cast(session)


def acting(database: Database, act: Callable[[Session], object]) -> Callable[[], object]:
    def run() -> object:
        with database.transaction() as session:
            return act(session)

    return run


def test_of_two_who_admit_at_once_one_takes_the_patient_and_the_other_reads_who(
    own_database: Database, cast: Cast
) -> None:
    for number in range(ROUNDS):
        with own_database.transaction() as session:
            clinic = make_shared_clinic(session, cast, name=f"Clinic {number}")
            made = book(session, cast, clinic, number=number, name=f"Patient{number}")
            arrive(session, made)
            appointment_id = made.id

        def admit(account: Account, of: UUID = appointment_id) -> Callable[[], object]:
            return acting(own_database, lambda session: admit_patient(session, actor_of(account), of))

        answers = at_once(admit(cast.clinician), admit(cast.colleague))
        refused = [answer for answer in answers if isinstance(answer, Exception)]
        assert [type(each) for each in refused] == [TakenByColleague], refused
        with own_database.reading() as session:
            kept = session.get_one(Appointment, appointment_id)
            winner = cast.clinician if isinstance(answers[1], Exception) else cast.colleague
            assert kept.practitioner_id == winner.practitioner_id
            assert kept.practitioner is not None
            told = refused[0]
            assert isinstance(told, TakenByColleague)
            assert told.params == {"name": kept.practitioner.display_name}


def test_a_request_that_two_close_at_once_keeps_one_reason(own_database: Database, cast: Cast) -> None:
    with own_database.transaction() as session:
        request_id = make_follow_up(
            session,
            actor_of(cast.clinician),
            make_appointment(session, cast),
            FollowUpReason.SEE_AGAIN,
        ).id

    def close(account: Account, reason: str) -> Callable[[], object]:
        return acting(
            own_database,
            lambda session: close_follow_up(session, actor_of(account), request_id, version=1, reason=reason),
        )

    answers = at_once(close(cast.clinician, "Moved away"), close(cast.colleague, "Seen elsewhere"))
    assert [type(each) for each in answers if isinstance(each, Exception)] == [FollowUpOver], answers
    with own_database.reading() as session:
        kept = session.get_one(FollowUpRequest, request_id)
        assert kept.close_reason == ("Seen elsewhere" if isinstance(answers[0], Exception) else "Moved away")
