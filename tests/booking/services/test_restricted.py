"""A restricted service's appointments are only "busy" to everybody outside it."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from telehealth.accounts.services.sign_in import actor_of
from telehealth.actor import Role, system
from telehealth.booking.domain.appointment import AppointmentStatus, Mode
from telehealth.booking.domain.slots import Slot
from telehealth.booking.models import Appointment
from telehealth.booking.policies import may_name_service
from telehealth.booking.services import restricted
from telehealth.booking.services.appointments import change_status, place_appointment
from telehealth.booking.services.booking import BookingRequest, book_appointment
from telehealth.booking.services.claims import PatientBusy
from telehealth.booking.services.restricted import Busy, list_record_appointments, see_busy
from tests.factories import (
    SLOT,
    Cast,
    make_account,
    make_appointment,
    make_clinician,
    make_schedule,
    soon,
)

pytestmark = pytest.mark.service


@pytest.fixture(params=[False, True], ids=["unrestricted", "restricted"])
def elsewhere(request: pytest.FixtureRequest, session: Session, cast: Cast) -> Appointment:
    """The patient's appointment in another service of the organisation, now."""
    cast.other_service.is_restricted = request.param
    return book_elsewhere(session, cast)


def book_elsewhere(session: Session, cast: Cast, *, number: int = 0) -> Appointment:
    other = make_clinician(session, cast.other_service, f"Gwen{number}", "Hall")
    assert other.practitioner_id is not None
    schedule = make_schedule(session, cast.other_service, other.practitioner_id)
    starts_at = soon() + number * SLOT
    return place_appointment(
        session,
        actor_of(cast.other_service_receptionist),
        cast.other_service,
        cast.patient,
        Slot(starts_at, starts_at + SLOT, schedule.id, other.practitioner_id),
        reason="Very private",
    )


def test_the_record_shows_its_own_whole_and_others_hours(
    session: Session, cast: Cast, elsewhere: Appointment
) -> None:
    own = make_appointment(session, cast, starts_at=soon() + SLOT)
    lines = list_record_appointments(session, actor_of(cast.receptionist), cast.patient).lines
    assert lines == [
        own,
        Busy(
            starts_at=elsewhere.starts_at,
            ends_at=elsewhere.ends_at,
            time_zone="Europe/London",
            service_name=None if cast.other_service.is_restricted else "Hillside Physiotherapy",
        ),
    ]
    insiders = list_record_appointments(
        session, actor_of(cast.other_service_receptionist), cast.patient
    ).lines
    assert elsewhere in insiders


def test_what_was_cancelled_elsewhere_is_not_busy(
    session: Session, cast: Cast, elsewhere: Appointment
) -> None:
    change_status(session, system(elsewhere.organisation_id), elsewhere, AppointmentStatus.CANCELLED)
    assert list_record_appointments(session, actor_of(cast.receptionist), cast.patient).lines == []
    assert see_busy(session, actor_of(cast.receptionist), elsewhere.id) is None


def test_a_refusal_says_busy_and_no_more(session: Session, cast: Cast, elsewhere: Appointment) -> None:
    who = actor_of(cast.receptionist)
    with pytest.raises(PatientBusy) as refusal:
        book_appointment(
            session,
            who,
            BookingRequest(
                patient_id=cast.patient.id,
                service_id=cast.service.id,
                schedule_id=cast.schedule.id,
                starts_at=elsewhere.starts_at,
                appointment_type_id=cast.appointment_type.id,
                mode=Mode.VIDEO,
                idempotency_key="once",
            ),
        )
    assert refusal.value.appointment_id is not None
    seen = see_busy(session, who, refusal.value.appointment_id)
    assert isinstance(seen, Busy)
    assert (seen.service_name is None) is cast.other_service.is_restricted


def test_other_organisations_are_not_even_busy(session: Session, cast: Cast, elsewhere: Appointment) -> None:
    foreign = actor_of(cast.other_organisation_receptionist)
    assert see_busy(session, foreign, elsewhere.id) is None
    assert list_record_appointments(session, foreign, cast.patient).lines == []


def test_two_at_the_same_hour_come_in_no_telling_order(session: Session, cast: Cast) -> None:
    """By time alone: whatever order the keys have, hours and words are the same."""
    cast.other_service.is_restricted = True
    for number in (3, 1, 2):
        book_elsewhere(session, cast, number=number)
    lines = list_record_appointments(session, actor_of(cast.receptionist), cast.patient).lines
    starts = [line.starts_at for line in lines]
    assert starts == sorted(starts, reverse=True)
    assert {line.service_name for line in lines if isinstance(line, Busy)} == {None}


def test_an_administrator_outside_is_outside(session: Session, cast: Cast) -> None:
    cast.other_service.is_restricted = True
    outside = [actor_of(account) for account in (cast.administrator, cast.clinician, cast.receptionist)]
    assert not any(may_name_service(who, cast.other_service) for who in outside)
    inside = make_account(session, cast.other_service, "inside", Role.ADMINISTRATOR)
    assert may_name_service(actor_of(inside), cast.other_service)
    assert not may_name_service(actor_of(cast.other_organisation_receptionist), cast.service)


def test_a_time_that_is_free_again_is_booked(session: Session, cast: Cast) -> None:
    """Being restricted changes nothing about what can be booked."""
    elsewhere = book_elsewhere(session, cast)
    cast.other_service.is_restricted = True
    assert make_appointment(session, cast, starts_at=elsewhere.ends_at + timedelta(0)).id


def test_the_next_appointments_are_never_left_out_of_the_record(
    session: Session, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many are booked: two weekly series of 26 are more than the record shows of what is over."""
    monkeypatch.setattr(restricted, "PAST_SHOWN", 2)
    to_come = [make_appointment(session, cast, starts_at=soon() + number * SLOT) for number in range(4)]
    past = [
        make_appointment(session, cast, starts_at=soon() - timedelta(days=number)) for number in range(2, 4)
    ]
    who = actor_of(cast.receptionist)
    found = list_record_appointments(session, who, cast.patient)
    assert found.lines == [*reversed(to_come), *past]
    assert not found.has_older
    make_appointment(session, cast, starts_at=soon() - timedelta(days=5))
    found = list_record_appointments(session, who, cast.patient)
    assert found.lines == [*reversed(to_come), *past]
    assert found.has_older


def test_what_is_not_shown_does_not_count_as_older(
    session: Session, cast: Cast, elsewhere: Appointment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither is a line lost to it, nor does the record tell of an appointment that was cancelled elsewhere."""
    monkeypatch.setattr(restricted, "PAST_SHOWN", 1)
    own = make_appointment(session, cast, starts_at=soon() - timedelta(days=4))
    elsewhere.starts_at, elsewhere.ends_at = (each - timedelta(days=2) for each in (soon(), soon() + SLOT))
    change_status(session, system(elsewhere.organisation_id), elsewhere, AppointmentStatus.CANCELLED)
    found = list_record_appointments(session, actor_of(cast.receptionist), cast.patient)
    assert (found.lines, found.has_older) == ([own], False)
