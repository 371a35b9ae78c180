"""Who did not come: marked by a person, undone by a person, and never while the patient is there."""

from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.accounts.services.sign_in import actor_of
from telehealth.booking.domain.appointment import AppointmentStatus, Mode
from telehealth.booking.domain.follow_up import FollowUpReason, FollowUpStatus
from telehealth.booking.models import Appointment, FollowUpRequest
from telehealth.booking.services.attendance import mark_noshow, undo_noshow
from telehealth.errors import Conflict
from telehealth.video.domain.encounter import EncounterStatus, Outcome
from telehealth.video.domain.presence import MediaState, ParticipantRole, Presence
from telehealth.video.domain.signalling import Join
from telehealth.video.services.encounters import end_encounter, find_encounter, open_encounter
from telehealth.video.services.room import join_room, leave_room
from tests.clinic.test_clinic_list import words_of
from tests.clinic.test_shared_clinics import form_of
from tests.factories import SLOT, Cast, guest_of, make_appointment, make_join_link, open_visit, sign_in, soon
from tests.page_checks import CheckedClient

pytestmark = pytest.mark.web

PAGE = uuid4()


@pytest.fixture
def appointment(session: Session, cast: Cast) -> Appointment:
    """It began some minutes ago."""
    made = make_appointment(session, cast, starts_at=soon() - SLOT)
    session.commit()
    return made


def arrive(session: Session, appointment: Appointment) -> None:
    encounter = open_encounter(session, guest_of(appointment), appointment.id)
    here = Join(page=PAGE, audio=MediaState.ON, video=MediaState.ON)
    join_room(session, guest_of(appointment), encounter.id, ParticipantRole.PATIENT, here)
    session.commit()


def test_a_clinician_marks_and_takes_it_back(
    client: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    sign_in(client, cast.clinician)
    page = client.get_page("/clinic")
    page = client.submit("/clinic", form=form_of(page, "/did-not-attend"))
    assert "Did not attend" in words_of(page)
    assert "Marked as did not attend" in words_of(page)
    assert status_of(session, appointment) is AppointmentStatus.NOSHOW
    page = client.submit("/clinic", form=form_of(page, "/did-attend"))
    assert "Not here yet" in words_of(page)
    assert status_of(session, appointment) is AppointmentStatus.BOOKED


def status_of(session: Session, appointment: Appointment) -> AppointmentStatus:
    session.refresh(appointment)
    return appointment.status


def test_it_is_not_offered_before_the_start_or_while_the_patient_waits(
    client: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    later = make_appointment(session, cast, patient=cast.other_patient)
    arrive(session, appointment)
    sign_in(client, cast.clinician)
    page = client.get_page("/clinic")
    for each in (later, appointment):
        assert f'id="noshow-{each.id}"' not in page


def test_nobody_who_waits_is_marked_as_missing(
    session: Session, cast: Cast, appointment: Appointment, client: CheckedClient
) -> None:
    arrive(session, appointment)
    with pytest.raises(Conflict) as refused:
        mark_noshow(session, actor_of(cast.receptionist), appointment.id, version=appointment.version)
    assert refused.value.code == "patient-here"
    # As the page's transaction does.
    session.rollback()


def test_whoever_came_and_left_again_can_be_marked(
    session: Session, cast: Cast, appointment: Appointment, client: CheckedClient
) -> None:
    arrive(session, appointment)
    found = find_encounter(session, appointment.id)
    assert found is not None
    leave_room(session, found.id, ParticipantRole.PATIENT, PAGE, on_purpose=True)
    mark_noshow(session, actor_of(cast.receptionist), appointment.id, version=appointment.version)
    assert found.status is EncounterStatus.CANCELLED


def test_undoing_opens_the_consultation_again(
    session: Session, cast: Cast, appointment: Appointment, client: CheckedClient
) -> None:
    """Not reached, and then they called: the same appointment can be held after all."""
    who = actor_of(cast.clinician)
    end_encounter(session, who, appointment.id, outcome=Outcome.NOT_REACHED, next_steps="")
    undo_noshow(session, who, appointment.id, version=appointment.version)
    encounter = find_encounter(session, appointment.id)
    assert encounter is not None
    assert (encounter.status, encounter.outcome) == (EncounterStatus.PLANNED, None)
    assert encounter.participant(ParticipantRole.PATIENT).presence is Presence.EXPECTED
    arrive(session, appointment)
    end_encounter(session, who, appointment.id, outcome=Outcome.COMPLETED, next_steps="")
    assert appointment.status is AppointmentStatus.FULFILLED
    [request] = session.scalars(select(FollowUpRequest))
    assert (request.reason, request.status) == (FollowUpReason.NOT_REACHED, FollowUpStatus.COMPLETED)


def test_a_patient_who_comes_too_late_reads_whom_to_call(
    client: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    make_join_link(session, appointment)
    mark_noshow(session, actor_of(cast.clinician), appointment.id, version=1)
    session.commit()
    open_visit(client, appointment)
    page = client.get_page(f"/visits/{appointment.id}", status=410)
    assert "You missed this appointment" in page
    assert "You missed this appointment" in client.get_page(f"/visits/{appointment.id}/after")


def test_the_page_of_a_missed_appointment_has_no_room(
    client: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    mark_noshow(session, actor_of(cast.clinician), appointment.id, version=1)
    session.commit()
    sign_in(client, cast.clinician)
    page = client.get_page(f"/clinic/consultations/{appointment.id}")
    assert "Marked as did not attend" in page
    assert "data-token" not in page


@pytest.mark.parametrize(
    ("mode", "expected"), [(Mode.IN_PERSON, "Seen in person"), (Mode.PHONE, "Completed by phone")]
)
def test_phone_and_in_person_are_finished_without_a_camera(
    client: CheckedClient,
    session: Session,
    cast: Cast,
    appointment: Appointment,
    mode: Mode,
    expected: str,
) -> None:
    appointment.mode = mode
    session.commit()
    sign_in(client, cast.clinician)
    address = f"/clinic/consultations/{appointment.id}"
    page = client.get_page(address)
    assert "data-token" not in page
    assert expected in page
    outcome = "completed" if mode is Mode.IN_PERSON else "phone"
    page = client.submit(address, {"outcome": outcome}, form=form_of(page, "/end"))
    assert expected in words_of(page)
    session.refresh(appointment)
    assert appointment.status is AppointmentStatus.FULFILLED
