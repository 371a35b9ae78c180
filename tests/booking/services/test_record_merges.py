"""Merging two records of one person: their appointments, their time, and their safety."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.accounts.models import LinkReason, Patient
from telehealth.accounts.services.authorities import whom_may_represent
from telehealth.accounts.services.merges import AlreadyMerged, survivor_of
from telehealth.accounts.services.patients import NhsNumberTaken
from telehealth.accounts.services.protection import is_protected
from telehealth.accounts.services.sign_in import actor_of
from telehealth.booking.domain.appointment import AppointmentStatus, CancelReason
from telehealth.booking.domain.claim import ClaimState
from telehealth.booking.models import Appointment, Claim
from telehealth.booking.services.booking import book_appointment
from telehealth.booking.services.cancelling import cancel_appointment
from telehealth.booking.services.claims import PatientBusy
from telehealth.booking.services.record_merges import (
    BeingBooked,
    MergeClash,
    merge_records,
    unmerge_records,
)
from telehealth.booking.services.restricted import list_record_appointments
from telehealth.booking.services.verification import (
    confirm_person,
    get_to_verify,
    link_person,
    list_to_verify,
)
from telehealth.clock import now
from telehealth.errors import NotFound
from tests.booking.services.wishes import hold, wish
from tests.factories import (
    SLOT,
    Cast,
    make_appointment,
    make_carer,
    make_patient,
    make_schedule,
    protect,
    soon,
)

pytestmark = pytest.mark.service

TWICE = LinkReason.REGISTERED_TWICE


@pytest.fixture
def twin(session: Session, cast: Cast) -> Patient:
    """The cast's patient, registered a second time."""
    return make_patient(session, cast.service, given_name="Eirlys", family_name="Morgan-Price")


def merge(session: Session, cast: Cast, replaced: Patient, into: Patient) -> None:
    merge_records(session, actor_of(cast.receptionist), replaced.id, into.id, TWICE)


def unmerge(session: Session, cast: Cast, replaced: Patient) -> None:
    unmerge_records(session, actor_of(cast.receptionist), replaced.id)


def claimed_by(session: Session, appointment: Appointment) -> list[object]:
    """Whose time an appointment takes."""
    return list(
        session.scalars(
            select(Claim.patient_id).where(
                Claim.appointment_id == appointment.id,
                Claim.patient_id.is_not(None),
                Claim.state == ClaimState.BOOKED,
            )
        )
    )


def test_the_survivor_shows_both_histories_and_the_old_record_its_own(
    session: Session, cast: Cast, twin: Patient
) -> None:
    actor = actor_of(cast.receptionist)
    first = make_appointment(session, cast)
    second = make_appointment(session, cast, starts_at=soon() + SLOT, patient=twin)
    merge(session, cast, twin, cast.patient)
    assert list_record_appointments(session, actor, cast.patient).lines == [second, first]
    assert list_record_appointments(session, actor, twin).lines == [second]
    assert second.patient_id == twin.id
    unmerge(session, cast, twin)
    assert list_record_appointments(session, actor, cast.patient).lines == [first]


def test_one_person_is_not_in_two_places_once_the_records_are_one(
    session: Session, cast: Cast, twin: Patient
) -> None:
    appointment = make_appointment(session, cast, patient=twin)
    merge(session, cast, twin, cast.patient)
    assert claimed_by(session, appointment) == [cast.patient.id]
    for patient in (twin, cast.patient):
        with pytest.raises(PatientBusy) as refused:
            book_with_colleague(session, cast, patient)
        assert refused.value.appointment_id == appointment.id
    unmerge(session, cast, twin)
    assert claimed_by(session, appointment) == [twin.id]
    # They are two people again, who may be in two places.
    book_with_colleague(session, cast, cast.patient)


def book_with_colleague(session: Session, cast: Cast, patient: Patient) -> Appointment:
    """At the time of `make_appointment`, so that only the patient is in the way."""
    schedule = make_schedule(session, cast.service, cast.colleague.practitioner_id)
    request = wish(cast, patient_id=patient.id, schedule_id=schedule.id)
    return book_appointment(session, actor_of(cast.receptionist), request)


def test_records_with_appointments_at_the_same_time_are_not_merged(
    session: Session, cast: Cast, twin: Patient
) -> None:
    first = make_appointment(session, cast)
    second = book_with_colleague(session, cast, twin)
    with pytest.raises(MergeClash) as refused:
        merge(session, cast, twin, cast.patient)
    assert refused.value.pairs == ((second.id, first.id),)
    assert survivor_of(session, twin.id) == twin.id
    assert claimed_by(session, second) == [twin.id]
    cancel_appointment(
        session,
        actor_of(cast.receptionist),
        second.id,
        version=second.version,
        reason=CancelReason.DUPLICATE,
    )
    merge(session, cast, twin, cast.patient)
    assert survivor_of(session, twin.id) == cast.patient.id


def test_a_time_that_is_held_for_one_of_them_is_waited_for(
    session: Session, cast: Cast, twin: Patient
) -> None:
    make_appointment(session, cast)
    held = hold(session, cast, starts_at=soon() + SLOT, patient_id=twin.id)
    overlapping = make_appointment(session, cast, starts_at=soon() + 2 * SLOT)
    session.flush()
    # The patient's other appointment is moved over the held time, with another clinician.
    for claim in session.scalars(
        select(Claim).where(Claim.appointment_id == overlapping.id, Claim.patient_id == cast.patient.id)
    ):
        claim.starts_at, claim.ends_at = held.starts_at, held.ends_at
    session.flush()
    with pytest.raises(BeingBooked):
        merge(session, cast, twin, cast.patient)
    for claim in session.scalars(select(Claim).where(Claim.hold_token == held.id.hex)):
        claim.hold_expires_at = now() - timedelta(seconds=1)
    session.flush()
    merge(session, cast, twin, cast.patient)


def test_what_is_over_stays_with_its_record(session: Session, cast: Cast, twin: Patient) -> None:
    yesterday = soon() - timedelta(days=1)
    old = make_appointment(session, cast, starts_at=yesterday, patient=twin)
    merge(session, cast, twin, cast.patient)
    assert claimed_by(session, old) == [twin.id]


def test_booking_after_a_merge_stays_with_the_survivor_when_it_is_undone(
    session: Session, cast: Cast, twin: Patient
) -> None:
    merge(session, cast, twin, cast.patient)
    later = make_appointment(session, cast, starts_at=soon() + SLOT)
    unmerge(session, cast, twin)
    assert claimed_by(session, later) == [cast.patient.id]


def test_of_three_records_the_middle_one_takes_its_own_along(
    session: Session, cast: Cast, twin: Patient
) -> None:
    third = make_patient(session, cast.service, given_name="Eira")
    appointments = {
        patient.id: make_appointment(session, cast, starts_at=soon() + number * SLOT, patient=patient)
        for number, patient in enumerate((cast.patient, twin, third))
    }
    merge(session, cast, third, twin)
    merge(session, cast, twin, cast.patient)
    assert all(claimed_by(session, each) == [cast.patient.id] for each in appointments.values())
    unmerge(session, cast, twin)
    assert {key: claimed_by(session, each) for key, each in appointments.items()} == {
        cast.patient.id: [cast.patient.id],
        twin.id: [twin.id],
        third.id: [twin.id],
    }


def test_merging_twice_is_refused_and_unmerging_what_is_not_merged_too(
    session: Session, cast: Cast, twin: Patient
) -> None:
    with pytest.raises(NotFound):
        unmerge(session, cast, twin)
    merge(session, cast, twin, cast.patient)
    for one, other in ((twin, cast.patient), (cast.patient, twin)):
        with pytest.raises(AlreadyMerged):
            merge(session, cast, one, other)


def test_records_that_the_actor_may_not_open_are_not_merged(
    session: Session, cast: Cast, twin: Patient
) -> None:
    foreign = make_patient(session, cast.other_organisation_service)
    with pytest.raises(NotFound):
        merge(session, cast, foreign, cast.patient)
    protect(session, cast, twin)
    stranger = actor_of(cast.other_service_receptionist)
    for one, other in ((twin, cast.patient), (cast.patient, twin)):
        with pytest.raises(NotFound):
            merge_records(session, stranger, one.id, other.id, TWICE)


def test_the_protection_of_one_record_protects_the_other(session: Session, cast: Cast, twin: Patient) -> None:
    carer = make_carer(session, twin).related_person_id
    assert whom_may_represent(session, carer) == {twin.id}
    protect(session, cast)
    merge(session, cast, twin, cast.patient)
    assert is_protected(session, twin.id)
    assert whom_may_represent(session, carer) == frozenset()
    unmerge(session, cast, twin)
    assert is_protected(session, twin.id)


# ---- people to verify -----------------------------------------------------------------------------------------


@pytest.fixture
def newcomer(session: Session, cast: Cast) -> Patient:
    """Asked for an appointment online; typed the NHS number 999 000 0018."""
    patient = make_patient(session, cast.service, given_name="Eirlys", family_name="Morgan")
    patient.is_verified = False
    patient.claimed_nhs_number = "9990000018"
    asked = make_appointment(session, cast, patient=patient)
    asked.status = AppointmentStatus.PENDING
    session.flush()
    return patient


def test_who_is_not_known_waits_at_the_desk_that_they_asked(
    session: Session, cast: Cast, newcomer: Patient
) -> None:
    waiting = list_to_verify(session, actor_of(cast.receptionist))
    assert [(each.patient.id, len(each.pending), each.is_known) for each in waiting] == [
        (newcomer.id, 1, False)
    ]
    for stranger in (cast.other_service_receptionist, cast.other_organisation_receptionist):
        assert list_to_verify(session, actor_of(stranger)) == []


def test_a_new_patient_is_confirmed_with_number_and_appointment(
    session: Session, cast: Cast, newcomer: Patient
) -> None:
    actor = actor_of(cast.receptionist)
    (appointment,) = confirm_person(session, actor, newcomer.id)
    assert appointment.status is AppointmentStatus.BOOKED
    assert (newcomer.is_verified, newcomer.nhs_number, newcomer.claimed_nhs_number) == (
        True,
        "9990000018",
        None,
    )
    assert list_to_verify(session, actor) == []
    # A second press of the button finds nothing more to do.
    assert confirm_person(session, actor, newcomer.id) == []


def test_a_number_that_another_record_has_is_not_given_twice(
    session: Session, cast: Cast, newcomer: Patient
) -> None:
    known = make_patient(session, cast.service, nhs_number="9990000018")
    with pytest.raises(NhsNumberTaken) as refused:
        confirm_person(session, actor_of(cast.receptionist), newcomer.id)
    assert refused.value.patient_id == known.id
    assert not newcomer.is_verified


def test_who_is_known_already_is_linked_and_nothing_is_copied_over(
    session: Session, cast: Cast, newcomer: Patient
) -> None:
    actor = actor_of(cast.receptionist)
    known = make_patient(session, cast.service, nhs_number="9990000018")
    before = (known.given_name, known.phone_hash, known.email_hash, known.nhs_number)
    (appointment,) = link_person(session, actor, newcomer.id, known.id)
    assert appointment.status is AppointmentStatus.BOOKED
    assert survivor_of(session, newcomer.id) == known.id
    assert (known.given_name, known.phone_hash, known.email_hash, known.nhs_number) == before
    assert claimed_by(session, appointment) == [known.id]
    assert list_to_verify(session, actor) == []
    # Undone, they wait again to be identified.
    unmerge(session, cast, newcomer)
    assert [each.patient.id for each in list_to_verify(session, actor)] == [newcomer.id]


def test_linking_is_all_or_nothing(session: Session, cast: Cast, newcomer: Patient) -> None:
    known = make_patient(session, cast.service, nhs_number="9990000018")
    book_with_colleague(session, cast, known)
    with pytest.raises(MergeClash):
        link_person(session, actor_of(cast.receptionist), newcomer.id, known.id)
    (pending,) = get_to_verify(session, actor_of(cast.receptionist), newcomer.id).pending
    assert pending.status is AppointmentStatus.PENDING


def test_another_organisation_can_neither_see_nor_confirm_nor_link(
    session: Session, cast: Cast, newcomer: Patient
) -> None:
    stranger = actor_of(cast.other_organisation_receptionist)
    for refused in (
        lambda: get_to_verify(session, stranger, newcomer.id),
        lambda: confirm_person(session, stranger, newcomer.id),
        lambda: link_person(session, stranger, newcomer.id, cast.patient.id),
    ):
        with pytest.raises(NotFound):
            refused()
