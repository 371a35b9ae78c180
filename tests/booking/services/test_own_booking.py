"""Patients book within the type's rules; somebody unknown asks, and becomes a patient to be verified."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from telehealth.accounts.models import Patient
from telehealth.accounts.models.patient_link import LinkReason
from telehealth.accounts.services.patients import PatientDetails
from telehealth.accounts.services.sign_in import actor_of
from telehealth.actor import ANONYMOUS, Actor, ActorKind, guest
from telehealth.booking.domain.appointment import AppointmentStatus, CancelReason
from telehealth.booking.domain.appointment_type import Booker, Refusal
from telehealth.booking.domain.follow_up import FollowUpStatus
from telehealth.booking.domain.interpreter import InterpreterJoins
from telehealth.booking.models import Appointment, FollowUpRequest
from telehealth.booking.services.booking import (
    ask_for_appointment,
    book_appointment,
    book_own_appointment,
    confirm_appointment,
)
from telehealth.booking.services.cancelling import cancel_appointment, cancel_own_appointment
from telehealth.booking.services.claims import PatientBusy, SlotTaken
from telehealth.booking.services.own_rules import NotBookable
from telehealth.booking.services.record_merges import NotVerifiedYet, merge_records
from telehealth.booking.services.self_service import get_bookable_service
from telehealth.booking.services.verification import confirm_person
from telehealth.errors import Conflict, NotFound
from tests.booking.services.wishes import QUARTER, changes_of, hold, live_claims, wish, wish_held
from tests.factories import (
    Cast,
    guest_of,
    make_appointment,
    make_carer,
    make_own_account,
    make_patient,
    make_schedule,
    soon,
    type_of,
)

pytestmark = pytest.mark.service

BROWSER = "browser:0123"


@pytest.fixture
def patient(session: Session, cast: Cast) -> Actor:
    account = make_own_account(session, cast.patient)
    return Actor(
        kind=ActorKind.PATIENT,
        account_id=account.id,
        organisation_id=account.organisation_id,
        patient_id=cast.patient.id,
    )


def details(**changes: Any) -> PatientDetails:
    return PatientDetails(
        **{
            "given_name": "Dylan",
            "family_name": "Powell",
            "birth_date": date(1980, 2, 29),
            "nhs_number": "9990000018",
            "phone": "+447700900777",
            "email": None,
            **changes,
        }
    )


def open_to_all(session: Session, cast: Cast) -> None:
    cast.appointment_type.booker = Booker.ANYONE
    session.flush()


def test_a_patient_books_for_themselves(session: Session, cast: Cast, patient: Actor) -> None:
    appointment = book_own_appointment(session, patient, wish(cast))
    assert (appointment.patient_id, appointment.status) == (cast.patient.id, AppointmentStatus.BOOKED)


def test_a_patient_books_from_the_link_of_an_appointment(session: Session, cast: Cast) -> None:
    opened = make_appointment(session, cast)
    booked = book_own_appointment(session, guest_of(opened), wish(cast, starts_at=soon() + QUARTER))
    assert booked.patient_id == cast.patient.id


def test_nobody_books_for_somebody_else(session: Session, cast: Cast, patient: Actor) -> None:
    for who in (patient, ANONYMOUS, guest([])):
        with pytest.raises(NotFound):
            book_own_appointment(session, who, wish(cast, patient_id=cast.other_patient.id))


@pytest.mark.parametrize(
    ("rules", "refusal"),
    [
        ({"booker": Booker.STAFF}, Refusal.STAFF_ONLY),
        ({"notice_minutes": 24 * 60}, Refusal.TOO_SOON),
    ],
)
def test_the_types_rules_hold_for_patients_and_not_for_staff(
    session: Session, cast: Cast, patient: Actor, rules: dict[str, Any], refusal: Refusal
) -> None:
    for name, value in rules.items():
        setattr(cast.appointment_type, name, value)
    session.flush()
    with pytest.raises(NotBookable) as told:
        book_own_appointment(session, patient, wish(cast))
    assert told.value.refusal is refusal
    assert book_appointment(session, actor_of(cast.receptionist), wish(cast)).starts_at == soon()


def test_a_time_further_ahead_than_the_type_allows_is_refused(
    session: Session, cast: Cast, patient: Actor
) -> None:
    cast.appointment_type.days_ahead = 7
    session.flush()
    with pytest.raises(NotBookable) as told:
        book_own_appointment(session, patient, wish(cast, starts_at=soon() + timedelta(days=8)))
    assert told.value.refusal is Refusal.TOO_FAR


def test_a_patient_who_is_busy_is_told_so(session: Session, cast: Cast, patient: Actor) -> None:
    assert cast.colleague.practitioner_id
    other = make_schedule(session, cast.service, cast.colleague.practitioner_id)
    make_appointment(session, cast)
    with pytest.raises(PatientBusy):
        book_own_appointment(session, patient, wish(cast, schedule_id=other.id))


def test_a_patient_cancels_in_time_and_is_followed_up(session: Session, cast: Cast, patient: Actor) -> None:
    appointment = book_own_appointment(session, patient, wish(cast, starts_at=soon() + 8 * QUARTER))
    cancel_own_appointment(session, patient, appointment.id, version=1, note="I feel better")
    assert appointment.status is AppointmentStatus.CANCELLED
    assert live_claims(session, appointment) == []
    [request] = session.scalars(
        select(FollowUpRequest).where(FollowUpRequest.appointment_id == appointment.id)
    )
    again = book_own_appointment(session, patient, wish(cast, starts_at=soon() + 12 * QUARTER))
    assert (request.status, request.booked_appointment_id) == (FollowUpStatus.COMPLETED, again.id)


def test_a_replacement_that_falls_out_too_keeps_the_earlier_date(session: Session, cast: Cast) -> None:
    who = actor_of(cast.receptionist)
    first = make_appointment(session, cast)
    cancel_appointment(session, who, first.id, version=1, reason=CancelReason.PROVIDER)
    later = book_appointment(session, who, wish(cast, starts_at=soon() + timedelta(days=20)))
    cancel_appointment(session, who, later.id, version=1, reason=CancelReason.PATIENT)
    dates = session.scalars(select(FollowUpRequest.see_by).order_by(FollowUpRequest.created_at)).all()
    assert len(dates) == 2
    assert dates[0] == dates[1]


@pytest.mark.parametrize("minutes", [0, 60, 24 * 60])
def test_the_last_moment_to_cancel_is_exact(
    session: Session, cast: Cast, patient: Actor, minutes: int
) -> None:
    cast.appointment_type.change_minutes = minutes
    session.flush()
    near = make_appointment(session, cast, starts_at=soon() + timedelta(minutes=minutes) - 2 * QUARTER)
    far = make_appointment(session, cast, starts_at=soon() + timedelta(minutes=minutes) + QUARTER)
    with pytest.raises(NotBookable):
        cancel_own_appointment(session, patient, near.id, version=1)
    cancel_own_appointment(session, patient, far.id, version=1)


def test_somebody_unknown_asks_and_waits_to_be_verified(session: Session, cast: Cast) -> None:
    open_to_all(session, cast)
    made = hold(session, cast, owner=BROWSER, actor=ANONYMOUS)
    form = wish_held(cast, made, patient_id=None)
    asked = ask_for_appointment(session, ANONYMOUS, form, details())
    assert asked.status is AppointmentStatus.PENDING
    assert (asked.patient.is_verified, asked.patient.nhs_number) == (False, None)
    assert asked.patient.claimed_nhs_number == "9990000018"
    assert len(live_claims(session, asked)) == 2
    assert ask_for_appointment(session, ANONYMOUS, form, details()).id == asked.id
    with pytest.raises(Conflict) as refused:
        confirm_appointment(session, actor_of(cast.receptionist), asked.id, version=1)
    assert refused.value.code == "not-verified"
    confirm_person(session, actor_of(cast.receptionist), asked.patient_id)
    assert changes_of(session, asked) == [(1, "asked"), (2, "confirmed")]
    confirm_appointment(session, actor_of(cast.receptionist), asked.id, version=1)
    with pytest.raises(Conflict):
        confirm_appointment(session, actor_of(cast.receptionist), asked.id, version=2)


def test_the_machine_links_nobody_who_registers_themselves(session: Session, cast: Cast) -> None:
    """Failure 22: a public form that finds a record by e-mail and overwrites what is stored."""
    open_to_all(session, cast)
    made = hold(session, cast, owner=BROWSER, actor=ANONYMOUS)
    known = cast.patient
    asked = ask_for_appointment(
        session,
        ANONYMOUS,
        wish_held(cast, made, patient_id=None),
        details(
            given_name=known.given_name,
            family_name=known.family_name,
            birth_date=known.birth_date,
            phone=known.phone,
            email=known.email,
        ),
    )
    assert asked.patient_id != known.id
    assert known.is_verified


def test_what_is_not_open_to_everybody_cannot_be_asked_for(session: Session, cast: Cast) -> None:
    made = hold(session, cast, owner=BROWSER, actor=ANONYMOUS)
    with pytest.raises(NotBookable):
        ask_for_appointment(session, ANONYMOUS, wish_held(cast, made, patient_id=None), details())
    assert session.scalar(select(func.count()).where(Patient.is_verified.is_(False))) == 0


def test_only_reception_confirms(session: Session, cast: Cast) -> None:
    open_to_all(session, cast)
    made = hold(session, cast, owner=BROWSER, actor=ANONYMOUS)
    asked = ask_for_appointment(session, ANONYMOUS, wish_held(cast, made, patient_id=None), details())
    for who in (actor_of(cast.clinician), actor_of(cast.other_service_receptionist), guest_of(asked)):
        with pytest.raises(NotFound):
            confirm_appointment(session, who, asked.id, version=1)


def test_what_is_confirmed_ends_the_request_that_waits_for_just_this(session: Session, cast: Cast) -> None:
    """Asked for before somebody fell out, by a patient whom we know."""
    who = actor_of(cast.receptionist)
    fell_out = make_appointment(session, cast)
    asked = make_appointment(session, cast, starts_at=soon() + 4 * QUARTER)
    asked.status = AppointmentStatus.PENDING
    session.flush()
    cancel_appointment(session, who, fell_out.id, version=1, reason=CancelReason.PROVIDER)
    request = session.scalars(select(FollowUpRequest)).one()
    assert request.status is FollowUpStatus.ACTIVE
    confirm_appointment(session, who, asked.id, version=asked.version)
    assert (request.status, request.booked_appointment_id) == (FollowUpStatus.COMPLETED, asked.id)


def test_a_time_that_passed_while_it_waited_is_not_confirmed(session: Session, cast: Cast) -> None:
    open_to_all(session, cast)
    made = hold(session, cast, owner=BROWSER, actor=ANONYMOUS)
    asked = ask_for_appointment(session, ANONYMOUS, wish_held(cast, made, patient_id=None), details())
    asked.starts_at, asked.ends_at = soon() - 3 * QUARTER, soon() - 2 * QUARTER
    session.flush()
    who = actor_of(cast.receptionist)
    with pytest.raises(Conflict):
        confirm_appointment(session, who, asked.id, version=asked.version)
    # Who they are can be settled all the same.
    assert confirm_person(session, who, asked.patient_id) == []
    assert (asked.patient.is_verified, asked.status) == (True, AppointmentStatus.PENDING)


def test_an_interpreter_is_not_lost_on_the_way(session: Session, cast: Cast) -> None:
    who = actor_of(cast.receptionist)
    booked = book_appointment(
        session,
        who,
        wish(cast, interpreter_language="Polish", interpreter_joins=InterpreterJoins.PHONE),
    )
    assert cast.patient.interpreter_language == "Polish"
    cancel_appointment(session, who, booked.id, version=1, reason=CancelReason.PROVIDER)
    [request] = session.scalars(select(FollowUpRequest))
    assert (request.interpreter_language, request.interpreter_joins) == ("Polish", InterpreterJoins.PHONE)


def test_the_first_and_only_booking_of_a_day_is_no_error(
    session: Session, cast: Cast, patient: Actor
) -> None:
    """Failure 23."""
    assert session.scalar(select(func.count()).select_from(Appointment)) == 0
    assert book_own_appointment(session, patient, wish(cast)).reference


def test_a_carer_books_for_whom_they_act_but_not_in_a_restricted_service(
    session: Session, cast: Cast
) -> None:
    carer = Actor(
        kind=ActorKind.RELATED,
        organisation_id=cast.patient.organisation_id,
        related_person_id=make_carer(session, cast.patient).related_person_id,
        represents=frozenset({cast.patient.id}),
    )
    assert book_own_appointment(session, carer, wish(cast)).patient_id == cast.patient.id
    session.merge(cast.service).is_restricted = True
    with pytest.raises(NotFound):
        book_own_appointment(session, carer, wish(cast, starts_at=soon() + QUARTER))


def test_who_was_seen_in_a_restricted_service_under_an_older_record_books_there_too(
    session: Session, cast: Cast, patient: Actor
) -> None:
    session.merge(cast.service).is_restricted = True
    older = make_patient(session, cast.service, given_name="Eirlis")
    session.flush()
    people = [cast.patient]
    with pytest.raises(NotFound):
        get_bookable_service(session, patient, people, cast.service.id)
    make_appointment(session, cast, patient=older)
    merge_records(
        session, actor_of(cast.receptionist), older.id, cast.patient.id, LinkReason.REGISTERED_TWICE
    )
    assert get_bookable_service(session, patient, people, cast.service.id).id == cast.service.id


def test_whom_reception_has_not_identified_asks_and_does_not_book(
    session: Session, cast: Cast, patient: Actor
) -> None:
    session.merge(cast.patient).is_verified = False
    session.flush()
    with pytest.raises(NotFound):
        book_own_appointment(session, patient, wish(cast))


def test_a_forged_type_of_another_service_books_nothing(session: Session, cast: Cast, patient: Actor) -> None:
    foreign = type_of(session, cast.other_service)
    with pytest.raises(SlotTaken):
        book_own_appointment(session, patient, wish(cast, appointment_type_id=foreign.id))


def test_a_form_sent_again_after_its_appointment_was_cancelled_is_told_so(
    session: Session, cast: Cast
) -> None:
    """Back, and sent again: nobody is told that they are booked when they are not."""
    who = actor_of(cast.receptionist)
    form = wish(cast)
    booked = book_appointment(session, who, form)
    cancel_appointment(session, who, booked.id, version=1, reason=CancelReason.PATIENT)
    with pytest.raises(Conflict):
        book_appointment(session, who, form)


def test_a_known_patient_is_never_merged_into_who_registered_themselves(session: Session, cast: Cast) -> None:
    open_to_all(session, cast)
    made = hold(session, cast, owner=BROWSER, actor=ANONYMOUS)
    asked = ask_for_appointment(session, ANONYMOUS, wish_held(cast, made, patient_id=None), details())
    with pytest.raises(NotVerifiedYet):
        merge_records(
            session,
            actor_of(cast.receptionist),
            cast.patient.id,
            asked.patient_id,
            LinkReason.REGISTERED_TWICE,
        )
