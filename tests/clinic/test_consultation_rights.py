"""Whose consultation it is, and what may happen to it when."""

from datetime import timedelta
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from telehealth.accounts.services.sign_in import actor_of
from telehealth.booking.domain.appointment import AppointmentStatus, CancelReason
from telehealth.booking.models import Appointment
from telehealth.booking.services.cancelling import cancel_appointment
from telehealth.errors import Conflict, NotFound
from telehealth.video.domain.encounter import EncounterStatus, Outcome
from telehealth.video.domain.presence import MediaState, ParticipantRole
from telehealth.video.domain.signalling import Join
from telehealth.video.services.encounters import (
    admit_patient,
    end_encounter,
    find_encounter,
    open_encounter,
)
from telehealth.video.services.room import join_room
from tests.factories import Cast, guest_of, make_appointment, open_visit, sign_in, soon
from tests.page_checks import CheckedClient, fields_of

pytestmark = pytest.mark.web

HERE = Join(page=uuid4(), audio=MediaState.ON, video=MediaState.ON)


@pytest.fixture
def appointment(session: Session, cast: Cast) -> Appointment:
    made = make_appointment(session, cast)
    session.commit()
    return made


def arrive(session: Session, appointment: Appointment) -> None:
    encounter = open_encounter(session, guest_of(appointment), appointment.id)
    join_room(session, guest_of(appointment), encounter.id, ParticipantRole.PATIENT, HERE)
    session.commit()


def test_nobody_else_opens_admits_or_ends(
    app: Flask, session: Session, cast: Cast, appointment: Appointment
) -> None:
    arrive(session, appointment)
    app.config["WTF_CSRF_ENABLED"] = False
    for account in cast.staff():
        if account is cast.clinician:
            continue
        other = app.test_client()
        sign_in(other, account)
        open_visit(other, appointment)
        for answer in (
            other.get(f"/clinic/consultations/{appointment.id}"),
            other.post(f"/clinic/appointments/{appointment.id}/admit"),
            other.post(f"/clinic/consultations/{appointment.id}/end", data={"outcome": "completed"}),
        ):
            assert answer.status_code == 404, (account.email, answer.request.path)
    encounter = find_encounter(session, appointment.id)
    assert encounter is not None
    assert encounter.status is EncounterStatus.ARRIVED


def test_the_patient_admits_and_ends_nothing(session: Session, cast: Cast, appointment: Appointment) -> None:
    arrive(session, appointment)
    with pytest.raises(NotFound):
        admit_patient(session, guest_of(appointment), appointment.id)
    with pytest.raises(NotFound):
        end_encounter(
            session, guest_of(appointment), appointment.id, outcome=Outcome.COMPLETED, next_steps=""
        )


def test_admitting_twice_is_admitting_once(session: Session, cast: Cast, appointment: Appointment) -> None:
    arrive(session, appointment)
    who = actor_of(cast.clinician)
    version = admit_patient(session, who, appointment.id).version
    assert admit_patient(session, who, appointment.id).version == version


def test_what_is_over_stays_over(session: Session, cast: Cast, appointment: Appointment) -> None:
    who = actor_of(cast.clinician)
    arrive(session, appointment)
    end_encounter(session, who, appointment.id, outcome=Outcome.NOT_REACHED, next_steps="")
    assert appointment.status is AppointmentStatus.NOSHOW
    with pytest.raises(Conflict):
        end_encounter(session, who, appointment.id, outcome=Outcome.COMPLETED, next_steps="")
    with pytest.raises(Conflict):
        admit_patient(session, who, appointment.id)
    encounter = open_encounter(session, who, appointment.id)
    with pytest.raises(Conflict):
        join_room(session, guest_of(appointment), encounter.id, ParticipantRole.PATIENT, HERE)
    with pytest.raises(Conflict):
        cancel_appointment(
            session,
            actor_of(cast.receptionist),
            appointment.id,
            version=appointment.version,
            reason=CancelReason.PATIENT,
        )


def test_the_page_of_a_cancelled_appointment_has_no_room(
    client: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    """Also where nobody had opened it before it was cancelled."""
    cancel_appointment(
        session, actor_of(cast.receptionist), appointment.id, version=1, reason=CancelReason.PATIENT
    )
    session.commit()
    sign_in(client, cast.clinician)
    answer = client.get(f"/clinic/consultations/{appointment.id}")
    page = client.get_page(f"/clinic/consultations/{appointment.id}")
    assert "camera=(self)" not in answer.headers["Permissions-Policy"]
    assert "data-token" not in page
    assert f"/clinic/consultations/{appointment.id}/end" not in page


def test_a_patients_words_are_shown_as_text_to_the_clinician(
    client: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    hostile = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>"
    appointment.reason = appointment.patient.given_name = hostile
    session.commit()
    sign_in(client, cast.clinician)
    for address in ("/clinic", f"/clinic/consultations/{appointment.id}"):
        assert "<script>alert" not in client.get_page(address)
    assert "<script>alert" not in client.get("/clinic/list").get_data(as_text=True)


@pytest.mark.parametrize("outcome", list(Outcome))
def test_nobody_ends_the_consultation_of_another_day(
    client: CheckedClient, session: Session, cast: Cast, outcome: Outcome
) -> None:
    next_week = make_appointment(session, cast, starts_at=soon() + timedelta(days=7))
    session.commit()
    sign_in(client, cast.clinician)
    address = f"/clinic/consultations/{next_week.id}"
    form = {**fields_of(client.get_page(address), form=-1), "outcome": outcome.value, "next_steps": "Rest."}
    answer = client.post(f"{address}/end", data=form)
    assert answer.status_code == 409
    for words in ("This appointment is on another day", "Rest."):
        assert words in answer.text
    session.expire_all()
    assert session.get_one(Appointment, next_week.id).status is AppointmentStatus.BOOKED
