"""What the clinician knows before admitting: who comes with the patient, and whether they are protected."""

from dataclasses import replace
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.accounts.models import Patient, RelatedPerson
from telehealth.accounts.services.authorities import revoke_authority
from telehealth.accounts.services.sessions import find_sign_in
from telehealth.accounts.services.sign_in import actor_of
from telehealth.booking.models import Appointment
from telehealth.booking.services.confidential import set_confidential
from telehealth.clock import uk_today
from telehealth.dates import short_date_text
from telehealth.video.domain.presence import MediaState, ParticipantRole
from telehealth.video.domain.signalling import Join
from telehealth.video.models import Participant
from telehealth.video.services.encounters import open_encounter
from telehealth.video.services.room import join_room
from tests.factories import (
    SLOT,
    Cast,
    make_appointment,
    make_carer,
    make_patient,
    open_visit,
    protect,
    sign_in,
    soon,
)
from tests.page_checks import CheckedClient, without_random

pytestmark = pytest.mark.web


@pytest.fixture
def child(session: Session, cast: Cast) -> Patient:
    born = uk_today().replace(year=uk_today().year - 9, day=1)
    return make_patient(session, cast.service, given_name="Mali", birth_date=born)


@pytest.fixture
def appointment(session: Session, cast: Cast, child: Patient) -> Appointment:
    made = make_appointment(session, cast, patient=child)
    session.commit()
    return made


def words(page: str) -> str:
    return " ".join(page.split())


def join_as(
    app: Flask, session: Session, appointment: Appointment, carer: RelatedPerson | None = None
) -> CheckedClient:
    """Somebody opens the link in a browser of their own, and goes to the waiting room."""
    browser = app.test_client()
    assert isinstance(browser, CheckedClient)
    open_visit(browser, appointment, carer=carer)
    with browser.session_transaction() as cookie:
        found = find_sign_in(session, cookie["_user_id"])
    assert found is not None
    encounter = open_encounter(session, found.actor, appointment.id)
    wish = Join(uuid4(), MediaState.ON, MediaState.ON)
    join_room(session, found.actor, encounter.id, ParticipantRole.PATIENT, wish)
    session.commit()
    return browser


def pages(client: CheckedClient, cast: Cast, appointment: Appointment) -> list[str]:
    sign_in(client, cast.clinician)
    consultation = f"/clinic/consultations/{appointment.id}"
    return [words(client.get_page(page)) for page in ("/clinic", consultation)]


def test_a_child_without_anybody_recorded(
    client: CheckedClient, cast: Cast, appointment: Appointment
) -> None:
    for page in pages(client, cast, appointment):
        assert "No parent or carer recorded" in page


def test_an_adult_needs_nobody(client: CheckedClient, session: Session, cast: Cast) -> None:
    appointment = make_appointment(session, cast)
    session.commit()
    for page in pages(client, cast, appointment):
        assert "No parent or carer" not in page


def test_the_parent_is_named_with_the_authority_before_admitting(
    app: Flask, client: CheckedClient, session: Session, cast: Cast, child: Patient, appointment: Appointment
) -> None:
    authority = make_carer(session, child)
    session.commit()
    carer = f"Eleri Morgan, mother (parental responsibility, recorded {short_date_text(uk_today())})"
    for page in pages(client, cast, appointment):
        assert f"May act for them: {carer}" in page
    join_as(app, session, appointment, authority.related_person)
    participant = session.scalars(
        select(Participant).where(Participant.role == ParticipantRole.PATIENT)
    ).one()
    assert participant.related_person_id == authority.related_person_id
    for page in pages(client, cast, appointment):
        assert f"With {carer}" in page
        assert "Admit" in page


def test_a_parent_whose_authority_ended_is_not_called_one(
    app: Flask, client: CheckedClient, session: Session, cast: Cast, child: Patient, appointment: Appointment
) -> None:
    authority = make_carer(session, child)
    browser = join_as(app, session, appointment, authority.related_person)
    revoke_authority(session, actor_of(cast.receptionist), authority.id, reason="A court order")
    session.commit()
    for page in pages(client, cast, appointment):
        assert "With Eleri" not in page
        assert "who may not act for them today" in page
    assert browser.get(f"/visits/{appointment.id}/room").status_code in (303, 404)


def test_one_browser_may_be_a_patients_and_a_carers(
    app: Flask, session: Session, cast: Cast, child: Patient, appointment: Appointment
) -> None:
    """A mother who is a patient too: in her own consultation she is nobody's carer."""
    authority = make_carer(session, child)
    own = make_appointment(session, cast, starts_at=soon() + SLOT)
    session.commit()
    browser = join_as(app, session, appointment, authority.related_person)
    open_visit(browser, own)
    with browser.session_transaction() as cookie:
        found = find_sign_in(session, cookie["_user_id"])
    assert found is not None
    encounter = open_encounter(session, found.actor, own.id)
    wish = Join(uuid4(), MediaState.ON, MediaState.ON)
    join_room(session, found.actor, encounter.id, ParticipantRole.PATIENT, wish)
    assert encounter.participant(ParticipantRole.PATIENT).related_person_id is None


def test_a_confidential_appointment_says_so(
    client: CheckedClient, session: Session, cast: Cast, child: Patient, appointment: Appointment
) -> None:
    make_carer(session, child)
    set_confidential(
        session,
        actor_of(cast.receptionist),
        appointment.id,
        is_confidential=True,
        version=appointment.version,
    )
    session.commit()
    for page in pages(client, cast, appointment):
        assert "Confidential: on their own, nothing to a parent or carer" in page
        assert "Eleri" not in page


def test_the_own_service_sees_that_a_patient_is_protected(
    client: CheckedClient, session: Session, cast: Cast, child: Patient, appointment: Appointment
) -> None:
    protect(session, cast, child)
    session.commit()
    for page in pages(client, cast, appointment):
        assert "Mali Morgan" in page
        assert "Protected. Safe: phone" in page
        assert "No parent or carer" not in page


def test_a_clinician_of_another_service_sees_no_name(
    client: CheckedClient, session: Session, cast: Cast, child: Patient, appointment: Appointment
) -> None:
    elsewhere = replace(cast, service=cast.other_service, receptionist=cast.other_service_receptionist)
    protect(session, elsewhere, child)
    session.commit()
    for page in pages(client, cast, appointment):
        assert "Protected patient" in page
        for secret in ("Mali", "Morgan", "900123", str(child.birth_date.year)):
            assert secret not in without_random(page)
