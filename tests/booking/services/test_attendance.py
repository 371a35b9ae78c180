"""Whether somebody came is a person's decision (failure 13), and who of a shared clinic takes them is settled late."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.accounts.services.sign_in import actor_of
from telehealth.booking.domain.appointment import AppointmentStatus
from telehealth.booking.domain.follow_up import FollowUpReason, FollowUpStatus
from telehealth.booking.models import Appointment, FollowUpRequest
from telehealth.booking.policies import is_clinician_of
from telehealth.booking.services.appointments import get_appointment
from telehealth.booking.services.attendance import (
    TakenByColleague,
    give_back,
    mark_noshow,
    take_patient,
    undo_noshow,
)
from telehealth.booking.services.booking import book_appointment
from telehealth.errors import Conflict, NotFound
from telehealth.topics import clinic_topic, take_topics
from tests.booking.services.wishes import QUARTER, changes_of, live_claims, wish
from tests.factories import Cast, make_appointment, make_shared_clinic, soon

pytestmark = pytest.mark.service


def begun(session: Session, cast: Cast) -> Appointment:
    return make_appointment(session, cast, starts_at=soon() - 2 * QUARTER)


def requests_of(session: Session, appointment: Appointment) -> list[FollowUpRequest]:
    return list(
        session.scalars(select(FollowUpRequest).where(FollowUpRequest.appointment_id == appointment.id))
    )


def test_a_patient_who_did_not_come_is_followed_up(session: Session, cast: Cast) -> None:
    appointment = begun(session, cast)
    mark_noshow(session, actor_of(cast.receptionist), appointment.id, version=1, note="Phoned, no answer")
    assert appointment.status is AppointmentStatus.NOSHOW
    [request] = requests_of(session, appointment)
    assert (request.reason, request.status, request.owner_id) == (
        FollowUpReason.NOSHOW,
        FollowUpStatus.ACTIVE,
        cast.practitioner_id,
    )


def test_a_decision_can_be_undone_and_its_request_ends(session: Session, cast: Cast) -> None:
    appointment = begun(session, cast)
    mark_noshow(session, actor_of(cast.clinician), appointment.id, version=1)
    undo_noshow(session, actor_of(cast.receptionist), appointment.id, version=2)
    assert appointment.status is AppointmentStatus.BOOKED
    assert len(live_claims(session, appointment)) == 2
    assert changes_of(session, appointment) == [(1, "booked"), (2, "noshow"), (3, "noshow-undone")]
    [request] = requests_of(session, appointment)
    assert (request.status, request.booked_appointment_id) == (FollowUpStatus.COMPLETED, appointment.id)
    with pytest.raises(Conflict):
        undo_noshow(session, actor_of(cast.receptionist), appointment.id, version=3)


def test_nobody_is_missed_before_the_start(session: Session, cast: Cast) -> None:
    appointment = make_appointment(session, cast, starts_at=soon() + QUARTER)
    with pytest.raises(Conflict):
        mark_noshow(session, actor_of(cast.receptionist), appointment.id, version=1)


def test_strangers_decide_nothing(session: Session, cast: Cast) -> None:
    appointment = begun(session, cast)
    for who in (cast.colleague, cast.other_service_receptionist, cast.other_organisation_clinician):
        with pytest.raises(NotFound):
            mark_noshow(session, actor_of(who), appointment.id, version=1)


def test_no_time_that_passed_makes_a_noshow(session: Session, cast: Cast) -> None:
    """Failure 13: a job that turns what is past into "did not attend", whatever happened."""
    appointment = make_appointment(session, cast, starts_at=soon() - timedelta(days=2))
    assert (
        get_appointment(session, actor_of(cast.clinician), appointment.id).status is AppointmentStatus.BOOKED
    )


@pytest.fixture
def shared(session: Session, cast: Cast) -> Appointment:
    _, schedule = make_shared_clinic(session, cast)
    return book_appointment(session, actor_of(cast.receptionist), wish(cast, schedule_id=schedule.id))


def test_a_session_is_booked_and_not_a_person(session: Session, cast: Cast, shared: Appointment) -> None:
    assert (shared.practitioner_id, shared.clinician_name) == (None, "Diabetes clinic")
    for member in (cast.clinician, cast.colleague):
        assert is_clinician_of(actor_of(member), shared)
    assert not is_clinician_of(actor_of(cast.other_organisation_clinician), shared)
    # The clinician's own list is not taken by it: a lane is.
    assert make_appointment(session, cast, patient=cast.other_patient).starts_at == shared.starts_at


def test_as_many_patients_at_a_time_as_clinicians_sit_there(session: Session, cast: Cast) -> None:
    from telehealth.booking.services.claims import SlotTaken
    from tests.factories import make_patient

    clinic, schedule = make_shared_clinic(session, cast, lanes=2)
    patients = [make_patient(session, cast.service, given_name=name) for name in ("Ann", "Bea", "Cai")]
    booked = [
        book_appointment(
            session, actor_of(cast.receptionist), wish(cast, schedule_id=schedule.id, patient_id=patient.id)
        )
        for patient in patients[:2]
    ]
    assert {appointment.lane_id for appointment in booked} == {lane.id for lane in clinic.lanes}
    with pytest.raises(SlotTaken):
        book_appointment(
            session,
            actor_of(cast.receptionist),
            wish(cast, schedule_id=schedule.id, patient_id=patients[2].id),
        )


def test_who_takes_the_patient_is_settled_on_the_day(
    session: Session, cast: Cast, shared: Appointment
) -> None:
    take_topics(session)
    take_patient(session, actor_of(cast.colleague), shared.id)
    assert shared.clinician_name == "Dr Tomos Rees"
    assert {clinic_topic(key) for key in shared.clinician_ids} <= take_topics(session)
    assert not is_clinician_of(actor_of(cast.clinician), shared)
    with pytest.raises(TakenByColleague):
        take_patient(session, actor_of(cast.clinician), shared.id)
    take_patient(session, actor_of(cast.clinician), shared.id, takes_over=True)
    assert shared.practitioner_id == cast.practitioner_id
    with pytest.raises(Conflict):
        give_back(session, actor_of(cast.colleague), shared.id)
    given_back = give_back(session, actor_of(cast.clinician), shared.id)
    assert given_back.practitioner_id is None
    assert [change for _, change in changes_of(session, shared)] == ["booked", "taken", "taken", "taken"]


def test_a_patient_who_was_taken_keeps_the_lane(session: Session, cast: Cast, shared: Appointment) -> None:
    take_patient(session, actor_of(cast.clinician), shared.id)
    assert len(live_claims(session, shared)) == 2


def test_the_leader_answers_for_who_was_not_seen(session: Session, cast: Cast) -> None:
    _, schedule = make_shared_clinic(session, cast)
    appointment = book_appointment(session, actor_of(cast.receptionist), wish(cast, schedule_id=schedule.id))
    from telehealth.booking.domain.appointment import CancelReason
    from telehealth.booking.services.cancelling import cancel_appointment

    cancel_appointment(
        session, actor_of(cast.receptionist), appointment.id, version=1, reason=CancelReason.PROVIDER
    )
    assert [request.owner_id for request in requests_of(session, appointment)] == [cast.practitioner_id]


def test_a_clinician_of_another_clinic_takes_nobody(
    session: Session, cast: Cast, shared: Appointment
) -> None:
    with pytest.raises(NotFound):
        take_patient(session, actor_of(cast.other_organisation_clinician), shared.id)
    own = make_appointment(session, cast, patient=cast.other_patient)
    with pytest.raises(NotFound):
        take_patient(session, actor_of(cast.colleague), own.id)
