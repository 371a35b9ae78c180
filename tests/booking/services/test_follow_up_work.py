from datetime import date, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.accounts.models import Patient, PractitionerRole
from telehealth.accounts.models.patient_link import LinkReason
from telehealth.accounts.services.merges import link_records
from telehealth.accounts.services.sign_in import actor_of
from telehealth.audit.models import AuditEvent
from telehealth.booking.domain.appointment import CancelReason
from telehealth.booking.domain.follow_up import (
    FollowUpReason,
    FollowUpStatus,
    SeeAgain,
    TimeUnit,
    date_in,
)
from telehealth.booking.models import FollowUpRequest
from telehealth.booking.services.booking import book_appointment
from telehealth.booking.services.cancelling import cancel_appointment
from telehealth.booking.services.follow_up_work import (
    FollowUpChanged,
    FollowUpFilter,
    FollowUpOver,
    change_follow_up,
    close_follow_up,
    count_follow_ups,
    get_follow_up,
    list_follow_ups,
    list_owners,
    list_patients_follow_ups,
)
from telehealth.booking.services.follow_ups import complete_follow_up, make_follow_up
from telehealth.clock import uk_today
from telehealth.errors import InvalidInput, NotFound
from telehealth.video.domain.encounter import Outcome
from telehealth.video.services.encounters import end_encounter
from tests.booking.services.wishes import wish
from tests.factories import SLOT, Cast, make_appointment, make_patient, soon

pytestmark = pytest.mark.service


@pytest.fixture
def request_(session: Session, cast: Cast) -> FollowUpRequest:
    """A cancelled appointment has left it."""
    appointment = make_appointment(session, cast)
    cancel_appointment(
        session,
        actor_of(cast.receptionist),
        appointment.id,
        version=appointment.version,
        reason=CancelReason.PATIENT,
    )
    return session.scalars(select(FollowUpRequest)).one()


def see_again(
    session: Session, cast: Cast, *, in_days: int, patient: Patient | None = None, note: str = ""
) -> FollowUpRequest:
    appointment = make_appointment(session, cast, patient=patient)
    return make_follow_up(
        session,
        actor_of(cast.clinician),
        appointment,
        FollowUpReason.SEE_AGAIN,
        note=note,
        see_by=uk_today() + timedelta(days=in_days),
    )


def open_request(session: Session) -> FollowUpRequest:
    return session.scalars(
        select(FollowUpRequest).where(FollowUpRequest.status == FollowUpStatus.ACTIVE)
    ).one()


def test_the_list_shows_what_is_overdue_first(
    session: Session, cast: Cast, request_: FollowUpRequest
) -> None:
    overdue = see_again(session, cast, in_days=-3, patient=cast.other_patient)
    found = list_follow_ups(session, actor_of(cast.receptionist), FollowUpFilter(), today=uk_today())
    assert [each.id for each in found.requests] == [overdue.id, request_.id]
    assert found.total == 2


def test_the_list_can_show_overdue_ones_alone(
    session: Session, cast: Cast, request_: FollowUpRequest
) -> None:
    overdue = see_again(session, cast, in_days=-1, patient=cast.other_patient)
    found = list_follow_ups(
        session, actor_of(cast.receptionist), FollowUpFilter(is_overdue=True), today=uk_today()
    )
    assert [each.id for each in found.requests] == [overdue.id]


def test_the_list_can_be_of_one_owner_or_one_reason(
    session: Session, cast: Cast, request_: FollowUpRequest
) -> None:
    who = actor_of(cast.clinician)
    assert (
        list_follow_ups(
            session, who, FollowUpFilter(owner_id=cast.colleague.practitioner_id), today=uk_today()
        ).requests
        == []
    )
    own = list_follow_ups(session, who, FollowUpFilter(owner_id=cast.practitioner_id), today=uk_today())
    assert [each.id for each in own.requests] == [request_.id]
    for reason, expected in ((FollowUpReason.CANCELLED, 1), (FollowUpReason.NOSHOW, 0)):
        assert (
            list_follow_ups(session, who, FollowUpFilter(reason=reason), today=uk_today()).total == expected
        )


def test_the_counts_are_those_of_the_list(session: Session, cast: Cast, request_: FollowUpRequest) -> None:
    see_again(session, cast, in_days=-1, patient=cast.other_patient)
    counted = count_follow_ups(session, actor_of(cast.clinician), today=uk_today())
    assert (counted.open, counted.overdue, counted.own) == (2, 1, 2)
    colleague = count_follow_ups(session, actor_of(cast.colleague), today=uk_today())
    assert (colleague.open, colleague.own) == (2, 0)


def test_strangers_see_no_request(session: Session, cast: Cast, request_: FollowUpRequest) -> None:
    for account in (
        cast.other_service_receptionist,
        cast.other_organisation_receptionist,
        cast.other_organisation_clinician,
        cast.administrator,
    ):
        who = actor_of(account)
        assert list_follow_ups(session, who, FollowUpFilter(), today=uk_today()).total == 0
        assert list_patients_follow_ups(session, who, request_.patient_id) == []
        with pytest.raises(NotFound):
            get_follow_up(session, who, request_.id)


def test_a_clinician_closes_a_request_with_a_reason(
    session: Session, cast: Cast, request_: FollowUpRequest
) -> None:
    closed = close_follow_up(
        session, actor_of(cast.colleague), request_.id, version=request_.version, reason=" Moved away "
    )
    assert (closed.status, closed.close_reason) == (FollowUpStatus.REVOKED, "Moved away")
    assert closed.closed_at is not None
    assert closed.closed_by == actor_of(cast.colleague).key
    event = session.scalars(select(AuditEvent).where(AuditEvent.action == "follow-up.closed")).one()
    assert (event.patient_id, event.reason) == (request_.patient_id, "")


def test_nobody_closes_a_request_without_a_reason(
    session: Session, cast: Cast, request_: FollowUpRequest
) -> None:
    for reason in ("", "   ", "x" * 501):
        with pytest.raises(InvalidInput):
            close_follow_up(
                session, actor_of(cast.clinician), request_.id, version=request_.version, reason=reason
            )
    assert request_.status is FollowUpStatus.ACTIVE


def test_reception_and_strangers_close_nothing(
    session: Session, cast: Cast, request_: FollowUpRequest
) -> None:
    for account in (
        cast.receptionist,
        cast.administrator,
        cast.other_service_receptionist,
        cast.other_organisation_clinician,
    ):
        with pytest.raises(NotFound):
            close_follow_up(
                session, actor_of(account), request_.id, version=request_.version, reason="No need"
            )


def test_a_request_is_closed_once(session: Session, cast: Cast, request_: FollowUpRequest) -> None:
    version = request_.version
    close_follow_up(session, actor_of(cast.clinician), request_.id, version=version, reason="Seen elsewhere")
    with pytest.raises(FollowUpOver):
        close_follow_up(session, actor_of(cast.colleague), request_.id, version=version, reason="Died")


def test_a_request_is_handed_to_a_colleague_with_another_date(
    session: Session, cast: Cast, request_: FollowUpRequest
) -> None:
    assert cast.colleague.practitioner_id
    until = uk_today() + timedelta(days=90)
    changed = change_follow_up(
        session,
        actor_of(cast.clinician),
        request_.id,
        version=request_.version,
        owner_id=cast.colleague.practitioner_id,
        see_by=until,
    )
    assert (changed.owner.family_name, changed.see_by) == ("Rees", until)
    assert changed.version == 2
    with pytest.raises(FollowUpChanged):
        change_follow_up(
            session,
            actor_of(cast.clinician),
            request_.id,
            version=1,
            owner_id=cast.practitioner_id,
            see_by=until,
        )


def test_an_overdue_request_can_be_handed_over_as_it_is(session: Session, cast: Cast) -> None:
    overdue = see_again(session, cast, in_days=-3)
    assert cast.colleague.practitioner_id
    change_follow_up(
        session,
        actor_of(cast.clinician),
        overdue.id,
        version=overdue.version,
        owner_id=cast.colleague.practitioner_id,
        see_by=overdue.see_by,
    )
    assert overdue.owner_id == cast.colleague.practitioner_id


def test_a_request_needs_a_date_that_can_be_and_an_owner_of_the_service(
    session: Session, cast: Cast, request_: FollowUpRequest
) -> None:
    who, today = actor_of(cast.clinician), uk_today()
    for see_by in (today - timedelta(days=1), today + timedelta(days=6 * 366), date.max):
        with pytest.raises(InvalidInput):
            change_follow_up(
                session,
                who,
                request_.id,
                version=request_.version,
                owner_id=cast.practitioner_id,
                see_by=see_by,
            )
    assert cast.other_organisation_clinician.practitioner_id
    with pytest.raises(InvalidInput):
        change_follow_up(
            session,
            who,
            request_.id,
            version=request_.version,
            owner_id=cast.other_organisation_clinician.practitioner_id,
            see_by=today,
        )


def test_owners_are_the_clinicians_of_the_services_one_works_in(session: Session, cast: Cast) -> None:
    names = [owner.family_name for owner in list_owners(session, actor_of(cast.receptionist))]
    assert names == ["Pritchard", "Rees"]
    assert session.scalars(select(PractitionerRole)).first() is not None
    assert list_owners(session, actor_of(cast.other_service_receptionist)) == []


@pytest.mark.parametrize("is_named", [True, False])
def test_a_request_of_a_merged_record_is_booked_from_the_one_that_stands_for_it(
    session: Session, cast: Cast, request_: FollowUpRequest, is_named: bool
) -> None:
    twin = make_patient(session, cast.service)
    who = actor_of(cast.receptionist)
    link_records(session, who, session.merge(cast.patient), twin, LinkReason.REGISTERED_TWICE)
    assert [each.id for each in list_patients_follow_ups(session, who, twin.id)] == [request_.id]
    wanted = wish(cast, patient_id=twin.id, follow_up_id=request_.id if is_named else None)
    appointment = book_appointment(session, who, wanted)
    assert (request_.status, request_.booked_appointment_id) == (FollowUpStatus.COMPLETED, appointment.id)


def test_what_a_clinician_wants_to_see_them_for_outlives_the_appointments_that_are_cancelled(
    session: Session, cast: Cast
) -> None:
    see_again(session, cast, in_days=180, note="Check the biopsy")
    desk = actor_of(cast.receptionist)
    # Not once only: the second one was booked for what the first one left.
    for number in (4, 8):
        booked = book_appointment(
            session, desk, wish(cast, starts_at=soon() + number * SLOT, follow_up_id=open_request(session).id)
        )
        cancel_appointment(session, desk, booked.id, version=booked.version, reason=CancelReason.PATIENT)
        left = open_request(session)
        assert (left.appointment_id, left.note) == (booked.id, "Check the biopsy")


@pytest.mark.parametrize(
    ("note", "expected"), [("", "Check the biopsy"), ("Try the landline", "Try the landline")]
)
def test_who_is_not_reached_keeps_the_note_unless_there_is_a_newer_one(
    session: Session, cast: Cast, note: str, expected: str
) -> None:
    wanted = see_again(session, cast, in_days=30, note="Check the biopsy")
    begun = make_appointment(session, cast, starts_at=soon() - 2 * SLOT)
    who = actor_of(cast.clinician)
    complete_follow_up(session, who, wanted.id, begun)
    end_encounter(
        session, who, begun.id, outcome=Outcome.NOT_REACHED, next_steps="", see_again=SeeAgain(note=note)
    )
    assert open_request(session).note == expected


def test_note_and_reason_are_stored_sealed(session: Session, cast: Cast, request_: FollowUpRequest) -> None:
    closed = close_follow_up(
        session, actor_of(cast.clinician), request_.id, version=request_.version, reason="Moved to Cardiff"
    )
    assert closed.close_reason_sealed is not None
    assert b"Cardiff" not in closed.close_reason_sealed


@pytest.mark.parametrize(
    ("number", "unit", "expected"),
    [
        (10, TimeUnit.DAYS, date(2027, 2, 10)),
        (2, TimeUnit.WEEKS, date(2027, 2, 14)),
        (1, TimeUnit.MONTHS, date(2027, 2, 28)),
        (6, TimeUnit.MONTHS, date(2027, 7, 31)),
        (13, TimeUnit.MONTHS, date(2028, 2, 29)),
    ],
)
def test_days_weeks_and_months_from_the_last_of_january(number: int, unit: TimeUnit, expected: date) -> None:
    assert date_in(number, unit, date(2027, 1, 31)) == expected
