"""What a line of the trail says about the person, the place and the patient."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.actor import ANONYMOUS, Actor, ActorKind
from telehealth.audit.models import AuditEvent, EventOutcome
from telehealth.audit.services import record_event, record_refusal, was_recorded_since
from telehealth.clock import now
from tests.audit.trail import someone

pytestmark = pytest.mark.service

PATIENT, SUBJECT = uuid4(), uuid4()


def only_event(session: Session) -> AuditEvent:
    session.flush()
    return session.scalars(select(AuditEvent)).one()


def test_the_line_says_who_and_from_where(session: Session) -> None:
    who = someone()
    record_event(
        session, who, "patient.opened", subject_kind="patient", subject_id=PATIENT, patient_id=PATIENT
    )
    event = only_event(session)
    assert (event.actor, event.actor_name, event.organisation_id) == (
        who.key,
        "Nia Pritchard",
        who.organisation_id,
    )
    assert (event.address, event.request_id, event.session_id) == (
        "192.0.2.7",
        "0123456789abcdef",
        who.session_id,
    )
    assert (event.patient_id, event.on_behalf_of, event.outcome) == (PATIENT, None, EventOutcome.DONE)


@pytest.mark.parametrize(("own", "expected"), [(None, PATIENT), (PATIENT, None), (uuid4(), PATIENT)])
def test_what_a_carer_does_is_for_the_patient(
    session: Session, own: UUID | None, expected: UUID | None
) -> None:
    carer = Actor(kind=ActorKind.RELATED, account_id=uuid4(), related_person_id=uuid4(), patient_id=own)
    record_event(
        session, carer, "visit.opened", subject_kind="appointment", subject_id=None, patient_id=PATIENT
    )
    assert only_event(session).on_behalf_of == expected


@pytest.mark.parametrize("name", ["clinic.consultation", "", "x" * 5000, "a\x00b\u202ec\ud800\n"])
def test_a_refusal_is_stored_whatever_it_was_called(session: Session, name: str) -> None:
    record_refusal(session, ANONYMOUS, name, "appointment", SUBJECT)
    event = only_event(session)
    assert (event.action, event.outcome, event.subject_id) == (
        "access.refused",
        EventOutcome.REFUSED,
        SUBJECT,
    )
    assert len(event.reason) <= 100
    assert event.reason.isascii()


def test_what_is_too_long_for_its_column_is_cut(session: Session) -> None:
    who = Actor(
        kind=ActorKind.STAFF,
        account_id=uuid4(),
        address="a" * 99,
        request_id="r" * 99,
        display_name="n" * 201,
    )
    record_event(session, who, "patient.opened", subject_kind="patient", subject_id=None, reason="x" * 600)
    event = only_event(session)
    assert (len(event.address), len(event.request_id)) == (45, 32)
    assert (len(event.actor_name), len(event.reason)) == (200, 500)


def test_what_was_recorded_lately_is_known_for_that_person_and_subject(session: Session) -> None:
    who, start = someone(), now()
    record_event(session, who, "clinic.opened", subject_kind="practitioner", subject_id=SUBJECT)
    assert was_recorded_since(session, who, "clinic.opened", SUBJECT, start)
    assert not was_recorded_since(session, who, "clinic.opened", SUBJECT, now())
    assert not was_recorded_since(session, who, "clinic.opened", PATIENT, start)
    assert not was_recorded_since(session, who, "patient.opened", SUBJECT, start)
    assert not was_recorded_since(session, someone(), "clinic.opened", SUBJECT, start)


@pytest.mark.parametrize(
    ("action", "expected"),
    [("account.sign-in-refused", EventOutcome.REFUSED), ("account.signed-in", EventOutcome.DONE)],
)
def test_an_action_that_is_a_refusal_says_so_by_itself(
    session: Session, action: str, expected: EventOutcome
) -> None:
    record_event(session, ANONYMOUS, action, subject_kind="account", subject_id=None)
    assert only_event(session).outcome is expected
