"""A move keeps the old time until the new one is secured; failure 15 of the reference."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from telehealth.accounts.services.sign_in import actor_of
from telehealth.booking.domain.appointment import CancelReason, Mode
from telehealth.booking.domain.claim import ClaimState
from telehealth.booking.domain.interpreter import InterpreterJoins
from telehealth.booking.models import Appointment, Claim, Room
from telehealth.booking.services.appointments import AppointmentChanged
from telehealth.booking.services.booking import book_appointment
from telehealth.booking.services.cancelling import cancel_appointment
from telehealth.booking.services.claims import PatientBusy, RoomTaken, SlotTaken
from telehealth.booking.services.moving import move_appointment, move_own_appointment
from telehealth.booking.services.own_rules import NotBookable
from telehealth.errors import Conflict, NotFound
from telehealth.topics import clinic_topic, take_topics
from tests.booking.services.wishes import QUARTER, changes_of, count_held, hold, live_claims, move, wish
from tests.factories import (
    SLOT,
    Cast,
    guest_of,
    make_appointment,
    make_schedule,
    make_shared_clinic,
    make_type,
    soon,
)

pytestmark = pytest.mark.service


def test_a_moved_appointment_has_its_new_time_alone(session: Session, cast: Cast) -> None:
    appointment = make_appointment(session, cast)
    reference = appointment.reference
    later = soon() + 4 * QUARTER
    moved = move_appointment(
        session, actor_of(cast.receptionist), appointment.id, move(cast, appointment, later)
    )
    assert (moved.starts_at, moved.ends_at, moved.reference) == (later, later + QUARTER, reference)
    assert live_claims(session, moved) == [(later, later + QUARTER)] * 2
    assert changes_of(session, moved) == [(1, "booked"), (2, "moved")]
    assert session.scalar(select(func.count()).select_from(Appointment)) == 1


def test_a_move_that_fails_leaves_the_old_time(session: Session, cast: Cast) -> None:
    appointment = make_appointment(session, cast)
    taken = make_appointment(session, cast, starts_at=soon() + QUARTER, patient=cast.other_patient)
    with pytest.raises(SlotTaken), session.begin_nested():
        move_appointment(
            session, actor_of(cast.receptionist), appointment.id, move(cast, appointment, taken.starts_at)
        )
    session.expire_all()
    assert live_claims(session, appointment) == [(soon(), soon() + QUARTER)] * 2
    assert changes_of(session, appointment) == [(1, "booked")]


@pytest.mark.parametrize("minutes", [10, 30])
@pytest.mark.parametrize("is_held", [False, True])
def test_a_move_keeps_the_length_that_was_booked(
    session: Session, cast: Cast, minutes: int, is_held: bool
) -> None:
    """However long the type takes by now; and only what is as long as that is offered."""
    appointment = make_appointment(session, cast)
    make_appointment(session, cast, starts_at=soon() + 5 * QUARTER, patient=cast.other_patient)
    cast.appointment_type.minutes = minutes
    session.flush()
    to = soon() + 4 * QUARTER
    receptionist = actor_of(cast.receptionist)
    request = move(cast, appointment, to)
    if is_held:
        kept = hold(session, cast, starts_at=to, moves=appointment)
        request = move(cast, appointment, schedule_id=None, hold_id=kept.id, hold_owner=kept.owner)
    moved = move_appointment(session, receptionist, appointment.id, request)
    assert (moved.starts_at, moved.ends_at) == (to, to + QUARTER)
    assert live_claims(session, moved) == [(to, to + QUARTER)] * 2
    with pytest.raises(SlotTaken):
        move_appointment(session, receptionist, moved.id, move(cast, moved, to + QUARTER))


@pytest.mark.parametrize("minutes", [-10, -5, 5, 10])
def test_a_move_by_less_than_its_length_does_not_clash_with_itself(
    session: Session, cast: Cast, minutes: int
) -> None:
    cast.schedule.slot_minutes = 5
    session.flush()
    appointment = make_appointment(session, cast, starts_at=soon() + QUARTER)
    to = appointment.starts_at + timedelta(minutes=minutes)
    moved = move_appointment(
        session, actor_of(cast.receptionist), appointment.id, move(cast, appointment, to)
    )
    assert live_claims(session, moved) == [(to, to + QUARTER)] * 2


@pytest.mark.parametrize("minutes", [-10, 0, 10, 30])
def test_a_held_time_is_moved_to(session: Session, cast: Cast, minutes: int) -> None:
    """Half of a short move is the appointment's own already, and is not held a second time."""
    cast.schedule.slot_minutes = 5
    session.flush()
    appointment = make_appointment(session, cast, starts_at=soon() + QUARTER)
    to = appointment.starts_at + timedelta(minutes=minutes)
    made = hold(session, cast, starts_at=to, moves=appointment)
    wanted = move(cast, appointment, hold_id=made.id, hold_owner=made.owner, schedule_id=None)
    moved = move_appointment(session, actor_of(cast.receptionist), appointment.id, wanted)
    assert live_claims(session, moved) == [(to, to + QUARTER)] * 2
    assert count_held(session) == 0


def test_the_hold_of_a_move_books_nothing_and_moves_nothing_else(session: Session, cast: Cast) -> None:
    appointment = make_appointment(session, cast)
    other = make_appointment(session, cast, starts_at=soon() + QUARTER, patient=cast.other_patient)
    made = hold(session, cast, starts_at=soon() + 4 * QUARTER, moves=appointment)
    with pytest.raises(NotFound):
        book_appointment(
            session, actor_of(cast.receptionist), wish(cast, hold_id=made.id, hold_owner=made.owner)
        )
    with pytest.raises(NotFound):
        move_appointment(
            session,
            actor_of(cast.receptionist),
            other.id,
            move(cast, other, hold_id=made.id, hold_owner=made.owner),
        )


def test_a_move_sent_twice_moves_once(session: Session, cast: Cast) -> None:
    appointment = make_appointment(session, cast)
    wanted = move(cast, appointment, soon() + 4 * QUARTER)
    for _ in range(2):
        move_appointment(session, actor_of(cast.receptionist), appointment.id, wanted)
    assert changes_of(session, appointment) == [(1, "booked"), (2, "moved")]


def test_a_move_sent_again_after_another_one_says_that_it_was_changed(session: Session, cast: Cast) -> None:
    appointment = make_appointment(session, cast)
    who = actor_of(cast.receptionist)
    first = move(cast, appointment, soon() + 4 * QUARTER)
    move_appointment(session, who, appointment.id, first)
    move_appointment(session, who, appointment.id, move(cast, appointment, soon() + 8 * QUARTER))
    with pytest.raises(AppointmentChanged):
        move_appointment(session, who, appointment.id, first)
    assert appointment.starts_at == soon() + 8 * QUARTER


def test_a_stale_page_moves_nothing(session: Session, cast: Cast) -> None:
    appointment = make_appointment(session, cast)
    move_appointment(
        session, actor_of(cast.receptionist), appointment.id, move(cast, appointment, soon() + 4 * QUARTER)
    )
    with pytest.raises(AppointmentChanged):
        move_appointment(
            session, actor_of(cast.receptionist), appointment.id, move(cast, appointment, soon(), version=1)
        )


def test_a_patient_who_is_busy_then_stays_where_they_are(session: Session, cast: Cast) -> None:
    assert cast.colleague.practitioner_id
    other = make_schedule(session, cast.service, cast.colleague.practitioner_id)
    appointment = make_appointment(session, cast)
    second = make_appointment(session, cast, starts_at=soon() + 4 * QUARTER)
    with pytest.raises(PatientBusy) as refusal, session.begin_nested():
        move_appointment(
            session,
            actor_of(cast.receptionist),
            appointment.id,
            move(cast, appointment, second.starts_at, schedule_id=other.id),
        )
    assert refusal.value.appointment_id == second.id


def test_both_clinicians_lists_are_told(session: Session, cast: Cast) -> None:
    assert cast.colleague.practitioner_id
    other = make_schedule(session, cast.service, cast.colleague.practitioner_id)
    appointment = make_appointment(session, cast)
    take_topics(session)
    moved = move_appointment(
        session,
        actor_of(cast.receptionist),
        appointment.id,
        move(cast, appointment, soon(), schedule_id=other.id),
    )
    assert moved.clinician_name == "Dr Tomos Rees"
    lists = {clinic_topic(cast.practitioner_id), clinic_topic(cast.colleague.practitioner_id)}
    assert lists <= take_topics(session)


def test_a_move_to_a_shared_clinic_claims_a_lane_and_back(session: Session, cast: Cast) -> None:
    clinic, schedule = make_shared_clinic(session, cast, lanes=1)
    appointment = make_appointment(session, cast)
    moved = move_appointment(
        session,
        actor_of(cast.receptionist),
        appointment.id,
        move(cast, appointment, soon(), schedule_id=schedule.id),
    )
    assert (moved.practitioner_id, moved.lane_id) == (None, clinic.lanes[0].id)
    assert make_appointment(session, cast, patient=cast.other_patient).practitioner_id == cast.practitioner_id
    back = move_appointment(
        session, actor_of(cast.receptionist), appointment.id, move(cast, moved, soon() + 4 * QUARTER)
    )
    assert (back.practitioner_id, back.lane_id) == (cast.practitioner_id, None)
    live = session.scalars(
        select(Claim).where(Claim.appointment_id == appointment.id, Claim.state == ClaimState.BOOKED)
    ).all()
    assert sorted(claim.lane_id is None for claim in live) == [True, True]


def test_in_person_the_room_is_claimed_and_by_video_released(session: Session, cast: Cast) -> None:
    room = Room(organisation_id=cast.service.organisation_id, service_id=cast.service.id, name="Room 1")
    session.add(room)
    session.flush()
    assert cast.colleague.practitioner_id
    cast.schedule.room_id = room.id
    beside = make_schedule(session, cast.service, cast.colleague.practitioner_id, room_id=room.id)
    appointment = book_appointment(session, actor_of(cast.receptionist), wish(cast, mode=Mode.IN_PERSON))
    assert appointment.room_id == room.id
    clash = wish(cast, mode=Mode.IN_PERSON, schedule_id=beside.id, patient_id=cast.other_patient.id)
    with pytest.raises(SlotTaken), session.begin_nested():
        book_appointment(session, actor_of(cast.receptionist), clash)
    move_appointment(
        session, actor_of(cast.receptionist), appointment.id, move(cast, appointment, soon(), mode=Mode.VIDEO)
    )
    assert book_appointment(session, actor_of(cast.receptionist), clash).room_id == room.id
    assert issubclass(RoomTaken, SlotTaken)


def test_what_is_over_is_not_moved(session: Session, cast: Cast) -> None:
    appointment = make_appointment(session, cast)
    cancel_appointment(
        session, actor_of(cast.receptionist), appointment.id, version=1, reason=CancelReason.PATIENT
    )
    with pytest.raises(Conflict):
        move_appointment(
            session, actor_of(cast.receptionist), appointment.id, move(cast, appointment, soon() + QUARTER)
        )


def test_strangers_and_clinicians_do_not_move(session: Session, cast: Cast) -> None:
    appointment = make_appointment(session, cast)
    for who in (cast.clinician, cast.colleague, cast.other_service_receptionist):
        with pytest.raises(NotFound):
            move_appointment(
                session, actor_of(who), appointment.id, move(cast, appointment, soon() + QUARTER)
            )


def test_a_patient_moves_within_the_rules(session: Session, cast: Cast) -> None:
    appointment = make_appointment(session, cast, starts_at=soon() + 8 * QUARTER)
    who = guest_of(appointment)
    moved = move_own_appointment(session, who, appointment.id, move(cast, appointment, soon() + 12 * QUARTER))
    assert moved.starts_at == soon() + 12 * QUARTER
    cast.appointment_type.change_minutes = 24 * 60
    session.flush()
    with pytest.raises(NotBookable):
        move_own_appointment(session, who, appointment.id, move(cast, moved, soon() + 16 * QUARTER))
    other = make_appointment(session, cast, starts_at=soon() + 20 * QUARTER, patient=cast.other_patient)
    with pytest.raises(NotFound):
        move_own_appointment(session, who, other.id, move(cast, other, soon() + 24 * QUARTER))


def test_what_was_booked_as_a_type_that_is_offered_no_more_is_moved_by_reception(
    session: Session, cast: Cast
) -> None:
    booked = make_appointment(session, cast)
    session.merge(cast.appointment_type).is_active = False
    session.flush()
    start = soon() + 4 * SLOT
    moved = move_appointment(session, actor_of(cast.receptionist), booked.id, move(cast, booked, start))
    assert moved.starts_at == start


@pytest.mark.parametrize(
    ("mode", "joins"),
    [
        (Mode.VIDEO, InterpreterJoins.VIDEO),
        (Mode.PHONE, InterpreterJoins.PHONE),
        (Mode.IN_PERSON, InterpreterJoins.IN_PERSON),
    ],
)
def test_no_interpreter_waits_at_the_clinic_for_a_call(
    session: Session, cast: Cast, mode: Mode, joins: InterpreterJoins
) -> None:
    booked = book_appointment(
        session,
        actor_of(cast.receptionist),
        wish(
            cast,
            mode=Mode.IN_PERSON,
            interpreter_language="Polish",
            interpreter_joins=InterpreterJoins.IN_PERSON,
        ),
    )
    to = move(cast, booked, soon() + 4 * SLOT, mode=mode)
    assert move_appointment(session, actor_of(cast.receptionist), booked.id, to).interpreter_joins is joins


def test_the_new_time_is_kept_whole_whatever_became_of_the_type_since(session: Session, cast: Cast) -> None:
    """What is the appointment's own is what is claimed for it, not what its type would claim now."""
    start = soon()
    booked = make_appointment(session, cast, starts_at=start)
    plain = make_type(session, cast.service, name="Short", minutes=15)
    cast.appointment_type.buffer_after_minutes = 15
    session.flush()
    hold(session, cast, starts_at=start + QUARTER, moves=booked)
    other = wish(
        cast,
        patient_id=cast.other_patient.id,
        starts_at=start + QUARTER,
        appointment_type_id=plain.id,
    )
    with pytest.raises(SlotTaken):
        book_appointment(session, actor_of(cast.receptionist), other)
