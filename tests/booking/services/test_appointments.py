from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from telehealth.accounts.models import Account
from telehealth.accounts.services.sign_in import actor_of
from telehealth.actor import ANONYMOUS, Actor
from telehealth.audit.models import AuditEvent
from telehealth.booking.domain.appointment import AppointmentStatus, CancelReason, Mode
from telehealth.booking.models import Appointment, AppointmentHistory
from telehealth.booking.services.appointments import change_status, get_appointment
from telehealth.booking.services.booking import BookingRequest, book_appointment
from telehealth.booking.services.cancelling import cancel_appointment
from telehealth.booking.services.claims import SlotTaken
from telehealth.booking.services.restricted import list_record_appointments
from telehealth.errors import Conflict, NotFound
from telehealth.topics import clinic_topic, take_topics
from tests.factories import Cast, guest_of, make_appointment, make_schedule, soon

pytestmark = pytest.mark.service

QUARTER = timedelta(minutes=15)


def wish(cast: Cast, **changes: Any) -> BookingRequest:
    return BookingRequest(
        **{
            "patient_id": cast.patient.id,
            "service_id": cast.service.id,
            "schedule_id": cast.schedule.id,
            "starts_at": soon(),
            "appointment_type_id": cast.appointment_type.id,
            "mode": Mode.VIDEO,
            "reason": "Review",
            "idempotency_key": uuid4().hex,
            **changes,
        }
    )


def history_of(session: Session, appointment: Appointment) -> list[tuple[int, AppointmentStatus, str]]:
    rows = session.scalars(
        select(AppointmentHistory)
        .where(AppointmentHistory.appointment_id == appointment.id)
        .order_by(AppointmentHistory.version)
    )
    return [(row.version, row.status, row.changed_by) for row in rows]


def test_a_receptionist_books_a_free_slot(session: Session, cast: Cast) -> None:
    appointment = book_appointment(session, actor_of(cast.receptionist), wish(cast))
    assert (appointment.status, appointment.starts_at) == (AppointmentStatus.BOOKED, soon())
    assert appointment.ends_at - appointment.starts_at == QUARTER
    assert clinic_topic(cast.practitioner_id) in take_topics(session)


@pytest.mark.parametrize(
    "shift", [timedelta(minutes=1), timedelta(hours=-2), timedelta(days=800)], ids=["grid", "past", "far"]
)
def test_a_time_that_is_not_on_offer_is_not_booked(session: Session, cast: Cast, shift: timedelta) -> None:
    with pytest.raises(SlotTaken):
        book_appointment(session, actor_of(cast.receptionist), wish(cast, starts_at=soon() + shift))


def test_an_unknown_schedule_offers_nothing(session: Session, cast: Cast) -> None:
    with pytest.raises(SlotTaken):
        book_appointment(session, actor_of(cast.receptionist), wish(cast, schedule_id=uuid4()))


def test_the_schedule_of_another_service_offers_nothing_here(session: Session, cast: Cast) -> None:
    foreign = make_schedule(session, cast.other_service, cast.practitioner_id)
    with pytest.raises(SlotTaken):
        book_appointment(session, actor_of(cast.receptionist), wish(cast, schedule_id=foreign.id))


def test_a_form_sent_twice_books_once(session: Session, cast: Cast) -> None:
    form = wish(cast)
    first = book_appointment(session, actor_of(cast.receptionist), form)
    again = book_appointment(session, actor_of(cast.receptionist), form)
    assert again.id == first.id
    assert session.scalar(select(func.count()).select_from(Appointment)) == 1


def test_a_key_used_again_for_something_else_books_that(session: Session, cast: Cast) -> None:
    """The browser's back button shows the old form: another time or patient is another wish."""
    form = wish(cast, idempotency_key="same")
    first = book_appointment(session, actor_of(cast.receptionist), form)
    later = wish(cast, idempotency_key="same", starts_at=soon() + QUARTER)
    other = wish(
        cast, idempotency_key="same", starts_at=soon() + 2 * QUARTER, patient_id=cast.other_patient.id
    )
    booked = [book_appointment(session, actor_of(cast.receptionist), form) for form in (later, other)]
    assert {appointment.id for appointment in booked}.isdisjoint({first.id})
    assert [appointment.patient_id for appointment in booked] == [cast.patient.id, cast.other_patient.id]


@pytest.mark.parametrize("key", ["", "\x00", "k" * 5000, "\ud800"])
def test_an_odd_key_books_and_confuses_nobody(session: Session, cast: Cast, key: str) -> None:
    first = book_appointment(session, actor_of(cast.receptionist), wish(cast, idempotency_key=key))
    form = wish(cast, idempotency_key=key, starts_at=soon() + QUARTER, patient_id=cast.other_patient.id)
    second = book_appointment(session, actor_of(cast.receptionist), form)
    assert (first.patient_id, second.patient_id) == (cast.patient.id, cast.other_patient.id)


def test_the_key_of_a_refused_form_can_be_used_again(session: Session, cast: Cast) -> None:
    taken = make_appointment(session, cast, patient=cast.other_patient)
    form = wish(cast)
    with pytest.raises(SlotTaken), session.begin_nested():
        book_appointment(session, actor_of(cast.receptionist), form)
    cancel_appointment(
        session, actor_of(cast.receptionist), taken.id, version=taken.version, reason=CancelReason.PATIENT
    )
    assert book_appointment(session, actor_of(cast.receptionist), form).starts_at == soon()


def test_every_change_has_its_history_row(session: Session, cast: Cast) -> None:
    who = actor_of(cast.receptionist)
    appointment = make_appointment(session, cast)
    change_status(session, guest_of(appointment), appointment, AppointmentStatus.ARRIVED, "came")
    cancel_appointment(session, who, appointment.id, version=appointment.version, reason=CancelReason.PATIENT)
    assert history_of(session, appointment) == [
        (1, AppointmentStatus.BOOKED, who.key),
        (2, AppointmentStatus.ARRIVED, f"guest:{appointment.id}"),
        (3, AppointmentStatus.CANCELLED, who.key),
    ]
    told = session.scalars(select(AuditEvent.action).where(AuditEvent.subject_id == appointment.id))
    assert set(told) == {"appointment.booked", "appointment.arrived", "appointment.cancelled"}


def test_cancelling_frees_the_time(session: Session, cast: Cast) -> None:
    appointment = make_appointment(session, cast)
    cancel_appointment(
        session, actor_of(cast.receptionist), appointment.id, version=1, reason=CancelReason.PATIENT
    )
    again = book_appointment(session, actor_of(cast.receptionist), wish(cast))
    assert again.starts_at == appointment.starts_at


def test_a_stale_version_cancels_nothing(session: Session, cast: Cast) -> None:
    appointment = make_appointment(session, cast)
    change_status(session, guest_of(appointment), appointment, AppointmentStatus.ARRIVED)
    for stale in (0, 1, 3, -1, 10**30):
        with pytest.raises(Conflict):
            cancel_appointment(
                session,
                actor_of(cast.receptionist),
                appointment.id,
                version=stale,
                reason=CancelReason.PATIENT,
            )
    assert appointment.status is AppointmentStatus.ARRIVED


def test_what_is_cancelled_cannot_be_cancelled_again(session: Session, cast: Cast) -> None:
    appointment = make_appointment(session, cast)
    for version in (1, 2):
        if version == 1:
            cancel_appointment(
                session, actor_of(cast.receptionist), appointment.id, version=1, reason=CancelReason.PATIENT
            )
            continue
        with pytest.raises(Conflict):
            cancel_appointment(
                session, actor_of(cast.receptionist), appointment.id, version=2, reason=CancelReason.PATIENT
            )


def strangers(cast: Cast) -> list[Actor]:
    accounts: list[Account] = [
        cast.colleague,
        cast.other_service_receptionist,
        cast.other_organisation_receptionist,
        cast.other_organisation_clinician,
    ]
    return [ANONYMOUS, *(actor_of(account) for account in accounts)]


def test_an_appointment_does_not_exist_for_strangers(session: Session, cast: Cast) -> None:
    appointment = make_appointment(session, cast)
    other = make_appointment(session, cast, starts_at=soon() + QUARTER, patient=cast.other_patient)
    for stranger in [*strangers(cast), guest_of(other)]:
        with pytest.raises(NotFound):
            get_appointment(session, stranger, appointment.id)
        with pytest.raises(NotFound):
            cancel_appointment(session, stranger, appointment.id, version=1, reason=CancelReason.PATIENT)
        lines = list_record_appointments(session, stranger, cast.patient).lines
        assert not any(isinstance(line, Appointment) for line in lines)


def test_those_who_may_see_an_appointment_see_it(session: Session, cast: Cast) -> None:
    appointment = make_appointment(session, cast)
    staff = [actor_of(who) for who in (cast.receptionist, cast.clinician, cast.administrator)]
    for who in [*staff, guest_of(appointment)]:
        assert get_appointment(session, who, appointment.id) is appointment


def test_who_may_see_may_not_always_cancel(session: Session, cast: Cast) -> None:
    appointment = make_appointment(session, cast)
    for who in (actor_of(cast.clinician), guest_of(appointment)):
        with pytest.raises(NotFound):
            cancel_appointment(session, who, appointment.id, version=1, reason=CancelReason.PATIENT)


def test_only_reception_books(session: Session, cast: Cast) -> None:
    for stranger in [*strangers(cast), actor_of(cast.clinician), actor_of(cast.administrator)]:
        with pytest.raises(NotFound):
            book_appointment(session, stranger, wish(cast))


def test_a_patient_of_another_organisation_is_not_booked(session: Session, cast: Cast) -> None:
    from tests.factories import make_patient

    stranger = make_patient(session, cast.other_organisation_service)
    with pytest.raises(NotFound):
        book_appointment(session, actor_of(cast.receptionist), wish(cast, patient_id=stranger.id))
