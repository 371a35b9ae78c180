"""On top of another booking: an explicit act with a name and a reason; failures 16 and 17."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.accounts.services.sign_in import actor_of
from telehealth.booking.domain.appointment import CancelReason, Mode
from telehealth.booking.domain.claim import ClaimState
from telehealth.booking.models import AppointmentHistory, Claim, PractitionerSkill, Room, ScheduleException
from telehealth.booking.services.availability import SlotQuery, find_slots
from telehealth.booking.services.booking import book_appointment
from telehealth.booking.services.cancelling import cancel_appointment
from telehealth.booking.services.claims import PatientBusy
from telehealth.booking.services.moving import move_appointment
from telehealth.booking.services.overbooking import OverbookRequest, overbook_appointment
from telehealth.clock import now
from telehealth.errors import Conflict, InvalidInput, NotFound
from tests.booking.services.wishes import QUARTER, changes_of, live_claims, move, wish
from tests.factories import Cast, make_appointment, make_schedule, make_shared_clinic, make_type, soon

pytestmark = pytest.mark.service


def wanted(cast: Cast, **changes: Any) -> OverbookRequest:
    return OverbookRequest(
        **{
            "patient_id": cast.other_patient.id,
            "service_id": cast.service.id,
            "appointment_type_id": cast.appointment_type.id,
            "mode": Mode.VIDEO,
            "starts_at": soon(),
            "practitioner_id": cast.practitioner_id,
            "note": "Worse since the morning",
            "idempotency_key": uuid4().hex,
            **changes,
        }
    )


def give_skill(session: Session, cast: Cast, practitioner_id: UUID | None, skill: str) -> PractitionerSkill:
    assert practitioner_id
    given = PractitionerSkill(
        organisation_id=cast.service.organisation_id,
        service_id=cast.service.id,
        practitioner_id=practitioner_id,
        skill=skill,
    )
    session.add(given)
    session.flush()
    return given


def make_room(session: Session, cast: Cast) -> Room:
    room = Room(organisation_id=cast.service.organisation_id, service_id=cast.service.id, name="Room 1")
    session.add(room)
    session.flush()
    return room


def test_it_stands_with_name_and_reason(session: Session, cast: Cast) -> None:
    make_appointment(session, cast)
    who = actor_of(cast.receptionist)
    appointment = overbook_appointment(session, who, wanted(cast))
    assert appointment.is_overbooked
    assert changes_of(session, appointment) == [(1, "overbooked")]
    row = session.scalars(
        select(AppointmentHistory).where(AppointmentHistory.appointment_id == appointment.id)
    ).one()
    assert (row.changed_by, row.note) == (who.key, "Worse since the morning")
    claims = session.scalars(select(Claim).where(Claim.appointment_id == appointment.id)).all()
    assert {(claim.patient_id is None, claim.state) for claim in claims} == {
        (True, ClaimState.OVERBOOKED),
        (False, ClaimState.BOOKED),
    }


def test_the_patient_cannot_be_in_two_places_all_the_same(session: Session, cast: Cast) -> None:
    first = make_appointment(session, cast, patient=cast.other_patient)
    with pytest.raises(PatientBusy) as refusal:
        overbook_appointment(session, actor_of(cast.receptionist), wanted(cast))
    assert refusal.value.appointment_id == first.id


def test_what_is_overbooked_is_not_offered_to_others(session: Session, cast: Cast) -> None:
    overbook_appointment(session, actor_of(cast.receptionist), wanted(cast))
    free = find_slots(session, cast.service, SlotQuery(type=cast.appointment_type, days=2), now=now())
    assert soon() not in {slot.starts_at for slot in free}


def test_moved_to_a_free_time_it_is_an_ordinary_booking(session: Session, cast: Cast) -> None:
    make_appointment(session, cast)
    appointment = overbook_appointment(session, actor_of(cast.receptionist), wanted(cast))
    to = soon() + 4 * QUARTER
    move_appointment(session, actor_of(cast.receptionist), appointment.id, move(cast, appointment, to))
    assert not appointment.is_overbooked
    assert live_claims(session, appointment) == [(to, to + QUARTER)] * 2


def test_it_stays_on_top_when_the_other_is_cancelled(session: Session, cast: Cast) -> None:
    first = make_appointment(session, cast)
    appointment = overbook_appointment(session, actor_of(cast.receptionist), wanted(cast))
    cancel_appointment(session, actor_of(cast.receptionist), first.id, version=1, reason=CancelReason.PATIENT)
    assert appointment.is_overbooked


def test_a_shared_clinic_is_overbooked_too(session: Session, cast: Cast) -> None:
    clinic, _ = make_shared_clinic(session, cast)
    appointment = overbook_appointment(
        session,
        actor_of(cast.receptionist),
        wanted(cast, practitioner_id=None, shared_clinic_id=clinic.id),
    )
    assert (appointment.practitioner_id, appointment.lane_id) == (None, clinic.lanes[0].id)


def test_in_person_it_is_in_the_room_of_the_session_and_takes_it(session: Session, cast: Cast) -> None:
    room = make_room(session, cast)
    cast.schedule.room_id = room.id
    beside = make_schedule(session, cast.service, cast.colleague.practitioner_id, room_id=room.id)
    who = actor_of(cast.receptionist)
    first = book_appointment(session, who, wish(cast, mode=Mode.IN_PERSON))
    start = soon() + timedelta(minutes=5)
    second = overbook_appointment(session, who, wanted(cast, mode=Mode.IN_PERSON, starts_at=start))
    assert second.room_id == first.room_id == room.id
    claimed = select(Claim.state).where(Claim.appointment_id == second.id, Claim.room_id == room.id)
    assert list(session.scalars(claimed)) == [ClaimState.OVERBOOKED]
    # Until it ends nobody else is offered the room.
    asked = SlotQuery(type=cast.appointment_type, mode=Mode.IN_PERSON, days=2)
    offered = {
        slot.starts_at
        for slot in find_slots(session, cast.service, asked, now=now())
        if slot.schedule_id == beside.id
    }
    assert soon() + QUARTER not in offered
    assert soon() + 2 * QUARTER in offered


def test_by_video_and_outside_every_session_it_has_no_room(session: Session, cast: Cast) -> None:
    cast.schedule.room_id = make_room(session, cast).id
    who, start = actor_of(cast.receptionist), soon() + timedelta(minutes=5)
    assert overbook_appointment(session, who, wanted(cast, starts_at=start)).room_id is None
    session.delete(cast.schedule)
    session.flush()
    later = wanted(cast, mode=Mode.IN_PERSON, starts_at=start + QUARTER)
    assert overbook_appointment(session, who, later).room_id is None


def test_a_lane_that_is_out_of_use_is_not_overbooked(session: Session, cast: Cast) -> None:
    clinic, _ = make_shared_clinic(session, cast, lanes=2)
    clinic.lanes[0].is_open = False
    session.flush()
    made = overbook_appointment(
        session,
        actor_of(cast.receptionist),
        wanted(cast, practitioner_id=None, shared_clinic_id=clinic.id),
    )
    assert made.lane_id == clinic.lanes[1].id


def test_in_a_shared_clinic_it_is_in_the_room_of_the_clinic(session: Session, cast: Cast) -> None:
    clinic, schedule = make_shared_clinic(session, cast)
    schedule.room_id = make_room(session, cast).id
    session.flush()
    form = wanted(
        cast,
        practitioner_id=None,
        shared_clinic_id=clinic.id,
        mode=Mode.IN_PERSON,
        starts_at=soon() + timedelta(minutes=5),
    )
    made = overbook_appointment(session, actor_of(cast.receptionist), form)
    assert made.room_id == schedule.room_id


def test_a_form_sent_twice_overbooks_once(session: Session, cast: Cast) -> None:
    form = wanted(cast)
    first = overbook_appointment(session, actor_of(cast.receptionist), form)
    assert overbook_appointment(session, actor_of(cast.receptionist), form).id == first.id


def test_a_form_sent_again_after_it_was_cancelled_is_told_so(session: Session, cast: Cast) -> None:
    form, who = wanted(cast), actor_of(cast.receptionist)
    made = overbook_appointment(session, who, form)
    cancel_appointment(session, who, made.id, version=1, reason=CancelReason.PATIENT)
    with pytest.raises(Conflict):
        overbook_appointment(session, who, form)


@pytest.mark.parametrize("note", ["", "  ", "\n"])
def test_without_a_reason_nothing_is_overbooked(session: Session, cast: Cast, note: str) -> None:
    with pytest.raises(InvalidInput):
        overbook_appointment(session, actor_of(cast.receptionist), wanted(cast, note=note))


def test_only_reception_overbooks_and_with_their_own_clinicians(session: Session, cast: Cast) -> None:
    """Failure 17: the system overbooked although it was told not to."""
    for who in (cast.clinician, cast.other_service_receptionist, cast.administrator):
        with pytest.raises(NotFound):
            overbook_appointment(session, actor_of(who), wanted(cast))
    assert cast.other_organisation_clinician.practitioner_id
    stranger = wanted(cast, practitioner_id=cast.other_organisation_clinician.practitioner_id)
    with pytest.raises(NotFound):
        overbook_appointment(session, actor_of(cast.receptionist), stranger)


def test_a_type_that_is_not_offered_any_more_is_refused(session: Session, cast: Cast) -> None:
    cast.appointment_type.is_active = False
    session.flush()
    with pytest.raises(InvalidInput) as refused:
        overbook_appointment(session, actor_of(cast.receptionist), wanted(cast))
    assert refused.value.code == "type-not-offered"


def test_a_type_that_needs_a_skill_is_not_booked_with_somebody_who_lacks_it(
    session: Session, cast: Cast
) -> None:
    desk, smears = (
        actor_of(cast.receptionist),
        make_type(session, cast.service, name="Smear", required_skill="Smears"),
    )
    form = wanted(cast, appointment_type_id=smears.id, starts_at=soon() + timedelta(minutes=5))
    give_skill(session, cast, cast.colleague.practitioner_id, "Smears")
    give_skill(session, cast, cast.practitioner_id, "Spirometry")
    with pytest.raises(InvalidInput) as refused, session.begin_nested():
        overbook_appointment(session, desk, form)
    assert (refused.value.code, refused.value.params) == ("skill-missing", {"skill": "Smears"})
    give_skill(session, cast, cast.practitioner_id, "Smears")
    assert overbook_appointment(session, desk, form).is_overbooked


def test_in_a_shared_clinic_one_who_has_the_skill_and_is_there_is_enough(
    session: Session, cast: Cast
) -> None:
    desk, smears = (
        actor_of(cast.receptionist),
        make_type(session, cast.service, name="Smear", required_skill="Smears"),
    )
    clinic, _ = make_shared_clinic(session, cast)
    start = soon() + timedelta(minutes=5)
    form = wanted(
        cast,
        practitioner_id=None,
        shared_clinic_id=clinic.id,
        appointment_type_id=smears.id,
        starts_at=start,
    )
    with pytest.raises(InvalidInput) as refused, session.begin_nested():
        overbook_appointment(session, desk, form)
    assert refused.value.code == "skill-missing"
    give_skill(session, cast, cast.colleague.practitioner_id, "Smears")
    leave = ScheduleException(
        organisation_id=cast.service.organisation_id,
        practitioner_id=cast.colleague.practitioner_id,
        starts_at=start + timedelta(minutes=5),
        ends_at=start + timedelta(days=1),
        reason="Training",
        created_by="test",
    )
    session.add(leave)
    session.flush()
    with pytest.raises(InvalidInput) as refused, session.begin_nested():
        overbook_appointment(session, desk, form)
    assert refused.value.code == "skill-away"
    leave.ended_at = now()
    session.flush()
    assert overbook_appointment(session, desk, form).lane_id == clinic.lanes[0].id


def test_a_form_sent_again_after_a_skill_was_taken_away_is_what_was_booked(
    session: Session, cast: Cast
) -> None:
    desk, smears = (
        actor_of(cast.receptionist),
        make_type(session, cast.service, name="Smear", required_skill="Smears"),
    )
    form = wanted(cast, appointment_type_id=smears.id, starts_at=soon() + timedelta(minutes=5))
    skill = give_skill(session, cast, cast.practitioner_id, "Smears")
    first = overbook_appointment(session, desk, form)
    session.delete(skill)
    session.flush()
    assert overbook_appointment(session, desk, form).id == first.id


def test_the_same_form_with_another_type_is_another_wish(session: Session, cast: Cast) -> None:
    desk = actor_of(cast.receptionist)
    wanted = OverbookRequest(
        patient_id=cast.patient.id,
        service_id=cast.service.id,
        appointment_type_id=cast.appointment_type.id,
        mode=Mode.VIDEO,
        starts_at=soon(),
        note="In pain",
        idempotency_key="one",
        practitioner_id=cast.practitioner_id,
    )
    first = overbook_appointment(session, desk, wanted)
    assert overbook_appointment(session, desk, wanted).id == first.id
    long = make_type(session, cast.service, name="Long", minutes=60)
    with pytest.raises(PatientBusy):
        overbook_appointment(session, desk, replace(wanted, appointment_type_id=long.id))
