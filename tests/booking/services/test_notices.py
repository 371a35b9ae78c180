"""Who is told of a change to an appointment, and by which way; and that nobody is told what is not safe."""

import pytest
from sqlalchemy.orm import Session

from telehealth.accounts.models import ContactKind, LinkReason, Patient
from telehealth.accounts.services.contacts import set_contact
from telehealth.accounts.services.sign_in import actor_of
from telehealth.booking.domain.appointment import AppointmentStatus, Change
from telehealth.booking.models import Appointment
from telehealth.booking.services.appointments import change_status
from telehealth.booking.services.notices import TOLD, find_recipient
from telehealth.booking.services.record_merges import merge_records
from tests.factories import SLOT, Cast, make_appointment, make_carer, make_patient, protect, soon

pytestmark = pytest.mark.service

EMAIL, PHONE = "patient@example.test", "+447700900123"


@pytest.fixture
def booked(session: Session, cast: Cast) -> Appointment:
    return make_appointment(session, cast, starts_at=soon() + 8 * SLOT)


def contact(
    session: Session, appointment: Appointment, change: Change = Change.CANCELLED
) -> tuple[ContactKind, str] | None:
    found = find_recipient(session, appointment, change)
    return (found.channel, found.to) if found else None


def give_contacts(session: Session, patient: Patient, *, phone: str = "", email: str = "") -> None:
    set_contact(session, patient, phone=phone or None, email=email or None)
    session.flush()


@pytest.mark.parametrize("change", sorted(TOLD))
def test_each_change_of_the_time_is_told_by_email(
    session: Session, booked: Appointment, change: Change
) -> None:
    assert contact(session, booked, change) == (ContactKind.EMAIL, EMAIL)


@pytest.mark.parametrize("change", sorted(set(Change) - TOLD))
def test_what_does_not_concern_the_time_is_told_to_nobody(
    session: Session, booked: Appointment, change: Change
) -> None:
    assert contact(session, booked, change) is None


def test_what_was_entered_in_error_is_told_to_nobody(
    session: Session, cast: Cast, booked: Appointment
) -> None:
    change_status(session, actor_of(cast.receptionist), booked, AppointmentStatus.ENTERED_IN_ERROR)
    assert contact(session, booked, Change.CANCELLED) is None


def test_what_is_over_is_told_to_nobody(session: Session, cast: Cast) -> None:
    over = make_appointment(session, cast, starts_at=soon() - 3 * SLOT)
    assert contact(session, over) is None


def test_without_an_email_it_is_a_text_and_without_a_phone_nothing(
    session: Session, cast: Cast, booked: Appointment
) -> None:
    give_contacts(session, cast.patient, phone=PHONE)
    assert contact(session, booked) == (ContactKind.PHONE, PHONE)
    give_contacts(session, cast.patient)
    assert contact(session, booked) is None


def test_a_protected_patient_is_told_by_the_safe_way(
    session: Session, cast: Cast, booked: Appointment
) -> None:
    protect(session, cast)
    assert contact(session, booked) == (ContactKind.PHONE, PHONE)


def test_without_a_safe_way_the_outbox_decides_and_notes_it(
    session: Session, cast: Cast, booked: Appointment
) -> None:
    protect(session, cast, is_phone_safe=False)
    assert contact(session, booked) == (ContactKind.EMAIL, EMAIL)


@pytest.mark.parametrize("why", ["confidential", "restricted"])
def test_what_a_parent_would_read_is_not_written(
    session: Session, cast: Cast, booked: Appointment, why: str
) -> None:
    make_carer(session, cast.patient, email=EMAIL)
    assert contact(session, booked) == (ContactKind.EMAIL, EMAIL)
    booked.is_confidential = why == "confidential"
    booked.service.is_restricted = why == "restricted"
    # Their own phone is nobody else's.
    assert contact(session, booked) == (ContactKind.PHONE, PHONE)
    make_carer(session, cast.patient, given_name="Gwyn", phone=PHONE)
    assert contact(session, booked) is None


def test_a_merged_record_is_told_through_the_one_that_stands_for_the_person(
    session: Session, cast: Cast
) -> None:
    twin = make_patient(session, cast.service)
    give_contacts(session, twin, email="typed-by-a-stranger@example.test")
    booked = make_appointment(session, cast, starts_at=soon() + 8 * SLOT, patient=twin)
    merge_records(session, actor_of(cast.receptionist), twin.id, cast.patient.id, LinkReason.REGISTERED_TWICE)
    assert contact(session, booked) == (ContactKind.EMAIL, EMAIL)


@pytest.mark.parametrize("of", ["replaced", "standing"])
def test_the_carers_of_each_record_of_a_person_count(session: Session, cast: Cast, of: str) -> None:
    twin = make_patient(session, cast.service)
    booked = make_appointment(session, cast, starts_at=soon() + 8 * SLOT, patient=twin)
    booked.is_confidential = True
    make_carer(session, twin if of == "replaced" else cast.patient, email=EMAIL, phone=PHONE)
    merge_records(session, actor_of(cast.receptionist), twin.id, cast.patient.id, LinkReason.REGISTERED_TWICE)
    assert contact(session, booked) is None
