import re
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.accounts.services.sign_in import actor_of
from telehealth.audit.models import AuditEvent
from telehealth.booking.domain.appointment import AppointmentStatus, CancelReason
from telehealth.booking.models import Appointment
from telehealth.booking.services.cancelling import cancel_appointment
from telehealth.clinic.services.today import todays_clinic
from telehealth.video.domain.presence import MediaState, ParticipantRole
from telehealth.video.domain.signalling import Join
from telehealth.video.models import Encounter
from telehealth.video.services.encounters import admit_patient, open_encounter
from telehealth.video.services.room import join_room, leave_room
from tests.factories import (
    SLOT,
    Cast,
    at,
    guest_of,
    make_appointment,
    make_patient,
    open_visit,
    sign_in,
    soon,
)
from tests.page_checks import CheckedClient, find_faults

pytestmark = pytest.mark.web

PAGE = uuid4()


@pytest.fixture
def appointment(session: Session, cast: Cast) -> Appointment:
    made = make_appointment(session, cast)
    session.commit()
    return made


def arrive(session: Session, appointment: Appointment, *, video: MediaState = MediaState.ON) -> Encounter:
    encounter = open_encounter(session, guest_of(appointment), appointment.id)
    join_room(
        session,
        guest_of(appointment),
        encounter.id,
        ParticipantRole.PATIENT,
        Join(PAGE, MediaState.ON, video),
    )
    session.commit()
    return encounter


def words_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_the_list_shows_who_is_expected(client: CheckedClient, cast: Cast, appointment: Appointment) -> None:
    sign_in(client, cast.clinician)
    page = words_of(client.get_page("/clinic"))
    assert "Eirlys Morgan" in page
    assert "Blood pressure review" in page
    assert "Not here yet" in page


def test_an_empty_list_says_what_will_appear(client: CheckedClient, cast: Cast) -> None:
    sign_in(client, cast.clinician)
    assert "appear" in words_of(client.get_page("/clinic"))


def test_a_waiting_patient_can_be_admitted(
    client: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    arrive(session, appointment)
    sign_in(client, cast.clinician)
    page = client.get_page("/clinic")
    assert "Waiting, just arrived. Sound and picture fine" in words_of(page)
    assert f"/clinic/appointments/{appointment.id}/admit" in page


@pytest.mark.parametrize(
    ("video", "words"),
    [
        (MediaState.REFUSED, "camera not allowed"),
        (MediaState.MISSING, "no camera found"),
        (MediaState.BUSY, "camera used by another program"),
        (MediaState.OFF, "camera off"),
        (MediaState.ASKING, "Checking sound and picture"),
    ],
)
def test_the_clinician_sees_what_the_camera_does_before_admitting(
    client: CheckedClient,
    session: Session,
    cast: Cast,
    appointment: Appointment,
    video: MediaState,
    words: str,
) -> None:
    arrive(session, appointment, video=video)
    sign_in(client, cast.clinician)
    assert words in words_of(client.get_page("/clinic"))


def test_a_patient_who_dropped_or_left_is_said_so(
    client: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    encounter = arrive(session, appointment)
    sign_in(client, cast.clinician)
    for on_purpose, words in ((False, "Connection dropped"), (True, "Left")):
        arrive(session, appointment)
        leave_room(session, encounter.id, ParticipantRole.PATIENT, PAGE, on_purpose=on_purpose)
        session.commit()
        assert words in words_of(client.get_page("/clinic"))


def test_a_clinician_sees_their_own_list_alone(
    client: CheckedClient, cast: Cast, appointment: Appointment
) -> None:
    for other in (cast.colleague, cast.other_organisation_clinician):
        sign_in(client, other)
        assert "Eirlys Morgan" not in client.get_page("/clinic")
        for address in (f"/clinic/consultations/{appointment.id}",):
            assert client.get(address).status_code == 404


def test_cancelled_appointments_are_not_on_the_list(
    client: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    cancel_appointment(
        session, actor_of(cast.receptionist), appointment.id, version=1, reason=CancelReason.PATIENT
    )
    session.commit()
    sign_in(client, cast.clinician)
    assert "Eirlys Morgan" not in client.get_page("/clinic")


def test_nobody_is_admitted_before_they_arrive(
    client: CheckedClient, cast: Cast, appointment: Appointment
) -> None:
    sign_in(client, cast.clinician)
    page = client.get_page("/clinic")
    token = page.split('name="csrf_token" value="', 1)[1].split('"', 1)[0]
    answer = client.post(f"/clinic/appointments/{appointment.id}/admit", data={"csrf_token": token})
    assert answer.status_code == 409
    assert "not in the waiting room yet" in answer.get_data(as_text=True)


def test_the_consultation_names_its_patient_and_is_remembered(
    client: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    sign_in(client, cast.clinician)
    page = words_of(client.get_page(f"/clinic/consultations/{appointment.id}"))
    assert "Eirlys Morgan" in page
    assert "5 March 1948" in page
    assert "07700 900123" in page
    opened = session.scalars(select(AuditEvent).where(AuditEvent.action == "consultation.opened")).one()
    assert (opened.patient_id, opened.subject_id) == (appointment.patient_id, appointment.id)


def test_a_page_that_fetches_itself_again_is_one_opening(
    client: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    def count_openings(action: str) -> int:
        return len(session.scalars(select(AuditEvent.id).where(AuditEvent.action == action)).all())

    sign_in(client, cast.clinician)
    address = f"/clinic/consultations/{appointment.id}"
    # The header alone hides nobody: the first fetch is an opening like any other.
    for _ in range(3):
        assert client.get(address, headers={"X-Background": "1"}).status_code == 200
        assert client.get("/clinic/list").status_code == 200
    assert (count_openings("consultation.opened"), count_openings("clinic.opened")) == (1, 1)
    client.get_page(address)
    client.get_page("/clinic")
    assert (count_openings("consultation.opened"), count_openings("clinic.opened")) == (2, 2)


def test_an_outcome_must_be_chosen_and_what_was_typed_stays(
    client: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    arrive(session, appointment)
    admit_patient(session, actor_of(cast.clinician), appointment.id)
    session.commit()
    sign_in(client, cast.clinician)
    address = f"/clinic/consultations/{appointment.id}"
    token = client.get_page(address).split('name="csrf_token" value="', 1)[1].split('"', 1)[0]
    for outcome, next_steps in (("", "Come again"), ("invented", "Come again"), ("completed", "x" * 2001)):
        sent = {"csrf_token": token, "outcome": outcome, "next_steps": next_steps}
        answer = client.post(f"{address}/end", data=sent)
        assert answer.status_code == 422
        assert next_steps in answer.get_data(as_text=True)
    assert session.scalars(select(Encounter.status)).one() == "in-progress"


def test_ending_tells_the_patient_what_happens_next(
    app: Flask, client: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    arrive(session, appointment)
    admit_patient(session, actor_of(cast.clinician), appointment.id)
    session.commit()
    sign_in(client, cast.clinician)
    address = f"/clinic/consultations/{appointment.id}"
    token = client.get_page(address).split('name="csrf_token" value="', 1)[1].split('"', 1)[0]
    sent = {"csrf_token": token, "outcome": "completed", "next_steps": "We will write to you."}
    assert client.post(f"{address}/end", data=sent).status_code == 303
    assert "Note unsigned" in words_of(client.get_page("/clinic"))
    assert client.post(f"{address}/end", data=sent).status_code == 409
    with app.test_client() as patient:
        open_visit(patient, appointment)
        after = patient.get(f"/visits/{appointment.id}/after").get_data(as_text=True)
    assert "We will write to you." in after
    session.refresh(appointment)
    assert appointment.status is AppointmentStatus.FULFILLED


def test_an_end_that_comes_too_late_gives_back_what_was_typed(
    client: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    arrive(session, appointment)
    sign_in(client, cast.clinician)
    address = f"/clinic/consultations/{appointment.id}"
    token = client.get_page(address).split('name="csrf_token" value="', 1)[1].split('"', 1)[0]
    cancel_appointment(
        session,
        actor_of(cast.receptionist),
        appointment.id,
        version=appointment.version,
        reason=CancelReason.PATIENT,
    )
    session.commit()
    sent = {"csrf_token": token, "outcome": "completed", "next_steps": "We will write to you."}
    answer = client.post(f"{address}/end", data=sent)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "This appointment was cancelled" in page
    assert "We will write to you." in page
    assert not find_faults(page)


def test_last_nights_patient_stays_on_the_list_while_they_may_join(session: Session, cast: Cast) -> None:
    made = make_appointment(session, cast, starts_at=at("2027-01-12 23:50"))
    who = actor_of(cast.clinician)
    for moment, is_there in (("2027-01-13 01:04", True), ("2027-01-13 01:06", False)):
        rows = todays_clinic(session, who, at(moment), "Europe/London")
        assert [row.appointment.id for row in rows] == ([made.id] if is_there else [])


def test_who_waits_is_counted_and_the_first_one_is_next(
    client: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    later = make_appointment(
        session, cast, starts_at=soon() + SLOT, patient=make_patient(session, cast.service, given_name="Gwen")
    )
    arrive(session, later)
    arrive(session, appointment)
    sign_in(client, cast.clinician)
    page = client.get_page("/clinic")
    assert "2 waiting" in words_of(page)
    assert page.index(f"/clinic/appointments/{appointment.id}/admit") < page.index(
        f"/clinic/appointments/{later.id}/admit"
    )
