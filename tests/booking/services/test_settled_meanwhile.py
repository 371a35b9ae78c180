"""Two desks look at one person: what the second one decides is about what they compared, or it is refused."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.accounts.models import LinkReason, Patient
from telehealth.accounts.services.merges import AlreadyMerged, survivor_of
from telehealth.accounts.services.sign_in import actor_of
from telehealth.booking.domain.appointment import AppointmentStatus, CancelReason
from telehealth.booking.domain.follow_up import FollowUpStatus
from telehealth.booking.domain.interpreter import InterpreterJoins
from telehealth.booking.models import FollowUpRequest
from telehealth.booking.services.cancelling import cancel_appointment
from telehealth.booking.services.desk_search import search_desk
from telehealth.booking.services.details import change_details
from telehealth.booking.services.record_merges import MergedElsewhere, merge_records
from telehealth.booking.services.verification import AlreadyKnown, confirm_person, link_person
from tests.factories import SLOT, Cast, make_appointment, make_patient, soon

pytestmark = pytest.mark.service


@pytest.fixture
def stranger(session: Session, cast: Cast) -> Patient:
    """They asked for a time and wait to be verified."""
    made = make_patient(session, cast.service, given_name="Eirlis")
    made.is_verified = False
    made.interpreter_language = "Polish"
    make_appointment(session, cast, patient=made).status = AppointmentStatus.PENDING
    session.flush()
    return made


def test_who_was_linked_meanwhile_takes_no_third_record_along(
    session: Session, cast: Cast, stranger: Patient
) -> None:
    anna = make_patient(session, cast.service, given_name="Anna")
    eira = make_patient(session, cast.service, given_name="Eira")
    desk = actor_of(cast.receptionist)
    link_person(session, desk, stranger.id, anna.id)
    with pytest.raises(MergedElsewhere):
        link_person(session, desk, stranger.id, eira.id)
    assert survivor_of(session, anna.id) == anna.id
    # The same button pressed twice is another matter.
    with pytest.raises(AlreadyMerged):
        link_person(session, desk, stranger.id, anna.id)


def test_who_was_confirmed_as_new_meanwhile_is_not_linked(
    session: Session, cast: Cast, stranger: Patient
) -> None:
    desk = actor_of(cast.receptionist)
    confirm_person(session, desk, stranger.id)
    with pytest.raises(AlreadyKnown):
        link_person(session, desk, stranger.id, cast.patient.id)
    assert survivor_of(session, stranger.id) == stranger.id


def test_records_that_were_merged_elsewhere_are_compared_again(session: Session, cast: Cast) -> None:
    desk, reason = actor_of(cast.receptionist), LinkReason.REGISTERED_TWICE
    first, second, third = (
        make_patient(session, cast.service, given_name=name) for name in ("Anna", "Bethan", "Carys")
    )
    merge_records(session, desk, first.id, second.id, reason)
    for replaced, into in ((first, third), (third, first)):
        with pytest.raises(MergedElsewhere):
            merge_records(session, desk, replaced.id, into.id, reason)
    assert survivor_of(session, second.id) == second.id
    merge_records(session, desk, second.id, third.id, reason)
    assert survivor_of(session, first.id) == third.id


def test_what_a_known_patient_asked_for_as_a_stranger_ends_their_request(
    session: Session, cast: Cast, stranger: Patient
) -> None:
    desk = actor_of(cast.receptionist)
    missed = make_appointment(session, cast, starts_at=soon() + 8 * SLOT)
    cancel_appointment(session, desk, missed.id, version=missed.version, reason=CancelReason.PATIENT)
    (booked,) = link_person(session, desk, stranger.id, cast.patient.id)
    request = session.scalars(select(FollowUpRequest)).one()
    assert (request.status, request.booked_appointment_id) == (FollowUpStatus.COMPLETED, booked.id)


def test_the_language_reaches_the_record_that_stands_for_them(
    session: Session, cast: Cast, stranger: Patient
) -> None:
    desk = actor_of(cast.receptionist)
    (booked,) = link_person(session, desk, stranger.id, cast.patient.id)
    record = session.get_one(Patient, cast.patient.id)
    assert record.interpreter_language == "Polish"
    change_details(
        session,
        desk,
        booked.id,
        version=booked.version,
        interpreter_language="Somali",
        interpreter_joins=InterpreterJoins.PHONE,
    )
    assert record.interpreter_language == "Somali"


def test_a_reference_leads_to_the_record_that_stands_for_them(session: Session, cast: Cast) -> None:
    desk = actor_of(cast.receptionist)
    twin = make_patient(session, cast.service, given_name="Eirlis")
    booked = make_appointment(session, cast, patient=twin)
    merge_records(session, desk, twin.id, cast.patient.id, LinkReason.REGISTERED_TWICE)
    found = search_desk(session, desk, booked.reference).people.found
    assert [each.patient.id for each in found] == [cast.patient.id]
