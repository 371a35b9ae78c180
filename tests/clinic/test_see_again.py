"""The end of a consultation: who is to be seen again, by when, and what the list shows besides."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.accounts.services.sign_in import actor_of
from telehealth.booking.domain.follow_up import FollowUpReason, TimeUnit, date_in
from telehealth.booking.domain.interpreter import InterpreterJoins
from telehealth.booking.models import Appointment, FollowUpRequest
from telehealth.booking.services.overbooking import OverbookRequest, overbook_appointment
from telehealth.clock import uk_today
from tests.clinic.test_clinic_list import words_of
from tests.clinic.test_shared_clinics import form_of
from tests.factories import SLOT, Cast, make_appointment, sign_in, soon
from tests.page_checks import CheckedClient

pytestmark = pytest.mark.web


@pytest.fixture
def appointment(session: Session, cast: Cast) -> Appointment:
    made = make_appointment(session, cast, starts_at=soon() - SLOT)
    session.commit()
    return made


def end(client: CheckedClient, appointment: Appointment, *, status: int = 200, **typed: str) -> str:
    address = f"/clinic/consultations/{appointment.id}"
    number = form_of(client.get_page(address), "/end")
    return client.submit(address, {"outcome": "completed", **typed}, form=number, status=status)


def test_see_again_in_six_months(
    client: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    sign_in(client, cast.clinician)
    end(
        client,
        appointment,
        see_again_number="6",
        see_again_unit="months",
        see_again_with="me",
        see_again_note="Bloods first",
    )
    request = session.scalars(select(FollowUpRequest)).one()
    assert request.reason is FollowUpReason.SEE_AGAIN
    assert request.see_by == date_in(6, TimeUnit.MONTHS, uk_today())
    assert request.note == "With Nia. Bloods first"
    assert request.owner_id == cast.practitioner_id


def test_no_is_no_request(
    client: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    sign_in(client, cast.clinician)
    end(client, appointment, see_again_number=" ")
    assert session.scalars(select(FollowUpRequest)).all() == []


def test_anyone_may_see_the_patient(
    client: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    sign_in(client, cast.clinician)
    end(
        client,
        appointment,
        see_again_number="10",
        see_again_unit="days",
        see_again_with="anyone",
    )
    request = session.scalars(select(FollowUpRequest)).one()
    assert (request.note, request.see_by) == ("", uk_today() + timedelta(days=10))


@pytest.mark.parametrize("number", ["", "0", "-1", "1000", "soon", "99999", "٣"])
def test_a_time_that_is_none_is_asked_for_again_with_everything_typed(
    client: CheckedClient, session: Session, cast: Cast, appointment: Appointment, number: str
) -> None:
    sign_in(client, cast.clinician)
    page = end(
        client,
        appointment,
        status=422,
        see_again_number=number,
        see_again_note="Look at the foot",
        next_steps="Rest.",
    )
    assert "Enter in how many days, weeks or months" in page
    assert 'href="#see_again_number"' in page
    assert "Look at the foot" in page
    assert "Rest." in page
    assert session.scalars(select(FollowUpRequest)).all() == []


def test_a_unit_that_is_none_is_refused(client: CheckedClient, cast: Cast, appointment: Appointment) -> None:
    sign_in(client, cast.clinician)
    end(client, appointment, status=422, see_again_number="1", see_again_unit="aeons")


def test_who_must_be_seen_in_person_is_asked_for_though_nobody_said_when(
    client: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    sign_in(client, cast.clinician)
    end(client, appointment, outcome="face-to-face")
    request = session.scalars(select(FollowUpRequest)).one()
    assert (request.reason, request.note) == (FollowUpReason.SEE_AGAIN, "To be seen in person.")
    assert request.see_by > uk_today()


def test_the_list_shows_type_interpreter_and_who_overbooked(
    client: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    overbook_appointment(
        session,
        actor_of(cast.receptionist),
        OverbookRequest(
            patient_id=cast.other_patient.id,
            service_id=cast.service.id,
            appointment_type_id=cast.appointment_type.id,
            mode=appointment.mode,
            starts_at=appointment.starts_at,
            note="In pain",
            idempotency_key="once",
            practitioner_id=cast.practitioner_id,
            interpreter_language="Polish",
            interpreter_joins=InterpreterJoins.PHONE,
        ),
    )
    session.commit()
    sign_in(client, cast.clinician)
    page = words_of(client.get_page("/clinic"))
    assert "Overbooked by Reception: In pain" in page
    assert "Interpreter needed: Polish. By phone" in page
    assert "Consultation" in page


def test_the_consultation_says_that_an_interpreter_is_needed(
    client: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    appointment.interpreter_language, appointment.interpreter_joins = "Welsh", InterpreterJoins.WITH_PATIENT
    session.commit()
    sign_in(client, cast.clinician)
    assert "Interpreter needed: Welsh" in client.get_page(f"/clinic/consultations/{appointment.id}")
