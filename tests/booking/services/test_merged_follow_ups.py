"""Who waits to be seen, while records are merged and after it is undone."""

from datetime import datetime

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from telehealth.accounts.models import Patient
from telehealth.accounts.services.sign_in import actor_of
from telehealth.audit.models import AuditEvent
from telehealth.booking.domain.appointment import CancelReason
from telehealth.booking.domain.follow_up import FollowUpStatus
from telehealth.booking.models import Appointment, FollowUpRequest
from telehealth.booking.services.booking import book_appointment
from telehealth.booking.services.cancelling import cancel_appointment
from telehealth.booking.services.fallen_out import patients_who_fell_out
from telehealth.clock import now
from tests.booking.services.test_record_merges import merge, twin, unmerge
from tests.booking.services.wishes import wish
from tests.factories import SLOT, Cast, make_appointment, soon

__all__ = ["twin"]

pytestmark = pytest.mark.service


def cancelled(session: Session, cast: Cast, patient: Patient, starts_at: datetime) -> FollowUpRequest:
    """An appointment of the patient is cancelled; returns the request that waits for another one."""
    receptionist = actor_of(cast.receptionist)
    made = make_appointment(session, cast, patient=patient, starts_at=starts_at)
    cancel_appointment(session, receptionist, made.id, version=made.version, reason=CancelReason.PROVIDER)
    return session.scalars(select(FollowUpRequest).where(FollowUpRequest.appointment_id == made.id)).one()


def complete(session: Session, request: FollowUpRequest, booked: Appointment) -> None:
    """Behind the service's back: it would not take an appointment of somebody else."""
    session.execute(
        update(FollowUpRequest)
        .where(FollowUpRequest.id == request.id)
        .values(
            status=FollowUpStatus.COMPLETED, booked_appointment_id=booked.id, closed_at=now(), closed_by="x"
        )
    )


def test_what_an_appointment_of_the_other_person_ended_waits_again_after_the_unmerge(
    session: Session, cast: Cast
) -> None:
    """Two people were merged by mistake: the booking of one was none of the other."""
    theirs = cancelled(session, cast, cast.other_patient, soon() + SLOT)
    own = cancelled(session, cast, cast.patient, soon() + 2 * SLOT)
    merge(session, cast, cast.other_patient, cast.patient)
    receptionist = actor_of(cast.receptionist)
    for number, request in enumerate((theirs, own), start=3):
        starts_at = soon() + number * SLOT
        book_appointment(session, receptionist, wish(cast, starts_at=starts_at, follow_up_id=request.id))
    assert theirs.status is own.status is FollowUpStatus.COMPLETED
    version = theirs.version
    unmerge(session, cast, cast.other_patient)
    assert (theirs.status, theirs.booked_appointment_id) == (FollowUpStatus.ACTIVE, None)
    assert (theirs.closed_at, theirs.closed_by) == (None, "")
    assert theirs.version > version
    # The person's own booking stays what it was.
    assert own.status is FollowUpStatus.COMPLETED
    trail = session.scalars(
        select(AuditEvent).where(
            AuditEvent.action == "follow-up.reopened", AuditEvent.subject_id == theirs.id
        )
    ).all()
    assert [event.patient_id for event in trail] == [cast.other_patient.id]


def test_the_records_of_one_side_of_an_unmerge_stay_together(
    session: Session, cast: Cast, twin: Patient
) -> None:
    """What was booked within the group that is taken out is still of the same person."""
    request = cancelled(session, cast, twin, soon() + SLOT)
    merge(session, cast, twin, cast.patient)
    book_appointment(
        session, actor_of(cast.receptionist), wish(cast, starts_at=soon() + 2 * SLOT, follow_up_id=request.id)
    )
    merge(session, cast, cast.patient, cast.other_patient)
    unmerge(session, cast, cast.patient)
    assert request.status is FollowUpStatus.COMPLETED
    assert patients_who_fell_out(session) == []


@pytest.mark.parametrize("replaced", ["patient", "other_patient"])
def test_the_check_knows_one_person_from_two(session: Session, cast: Cast, replaced: str) -> None:
    """Ended by an appointment of another record: right while the records are one, and found where they are not."""
    request = cancelled(session, cast, cast.other_patient, soon() + SLOT)
    booked = make_appointment(session, cast, starts_at=soon() + 2 * SLOT)
    complete(session, request, booked)
    assert patients_who_fell_out(session) == [request.appointment_id]
    one, other = cast.patient, cast.other_patient
    merge(session, cast, *((one, other) if replaced == "patient" else (other, one)))
    assert patients_who_fell_out(session) == []


def test_the_check_knows_two_records_that_a_third_stands_for(
    session: Session, cast: Cast, twin: Patient
) -> None:
    request = cancelled(session, cast, cast.other_patient, soon() + SLOT)
    booked = make_appointment(session, cast, patient=twin, starts_at=soon() + 2 * SLOT)
    complete(session, request, booked)
    merge(session, cast, cast.other_patient, cast.patient)
    assert patients_who_fell_out(session) == [request.appointment_id]
    merge(session, cast, twin, cast.patient)
    assert patients_who_fell_out(session) == []
