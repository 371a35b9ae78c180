"""What a patient reads about who opened their record."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.orm import Session

from telehealth.actor import Actor, ActorKind
from telehealth.audit.models import AuditEvent, EventOutcome
from telehealth.audit.services import access_log, record_event
from telehealth.audit.services.access_log import list_openings
from tests.audit.trail import someone
from tests.factories import at

pytestmark = pytest.mark.service

PATIENT, SERVICE, OTHER_SERVICE = uuid4(), uuid4(), uuid4()
NOON = at("2026-11-20 12:00")


def record(
    session: Session, who: Actor, when: datetime, action: str = "patient.opened", **more: object
) -> None:
    values = {"patient_id": PATIENT, "service_id": SERVICE, **more}
    record_event(session, who, action, subject_kind="patient", subject_id=None, **values)  # type: ignore[arg-type]
    (event,) = [item for item in session.new if isinstance(item, AuditEvent)]
    event.recorded_at = when
    session.flush()


def test_each_person_hour_and_kind_is_one_line_the_newest_first(session: Session) -> None:
    nia, tomos = someone(), someone()
    record(session, nia, NOON + timedelta(minutes=1))
    record(session, nia, NOON + timedelta(minutes=50))
    record(session, nia, NOON + timedelta(minutes=20), "consultation.opened")
    record(session, tomos, NOON + timedelta(minutes=30))
    record(session, nia, NOON + timedelta(minutes=70))
    assert [(line.actor, line.action, line.opened_at) for line in list_openings(session, PATIENT)] == [
        (nia.key, "patient.opened", NOON + timedelta(minutes=70)),
        (nia.key, "patient.opened", NOON + timedelta(minutes=50)),
        (tomos.key, "patient.opened", NOON + timedelta(minutes=30)),
        (nia.key, "consultation.opened", NOON + timedelta(minutes=20)),
    ]


@pytest.mark.parametrize(
    "more", [{"patient_id": uuid4()}, {"patient_id": None}, {"outcome": EventOutcome.REFUSED}]
)
def test_other_patients_and_refusals_are_left_out(session: Session, more: dict[str, Any]) -> None:
    record(session, someone(), NOON, **more)
    assert list_openings(session, PATIENT) == []


def test_changes_are_no_openings(session: Session) -> None:
    record(session, someone(), NOON, "note.signed")
    assert list_openings(session, PATIENT) == []


def test_a_carer_is_said_to_be_one(session: Session) -> None:
    carer = Actor(
        kind=ActorKind.RELATED, account_id=uuid4(), related_person_id=uuid4(), represents=frozenset({PATIENT})
    )
    record(session, carer, NOON, "visit.opened")
    (line,) = list_openings(session, PATIENT)
    assert line.is_on_behalf


def test_a_patient_who_is_also_a_carer_acts_for_themself(session: Session) -> None:
    both = Actor(kind=ActorKind.PATIENT, account_id=uuid4(), patient_id=PATIENT, related_person_id=uuid4())
    record(session, both, NOON, "visit.opened")
    (line,) = list_openings(session, PATIENT)
    assert not line.is_on_behalf


def test_what_happened_in_a_hidden_service_is_left_out(session: Session) -> None:
    record(session, someone(), NOON)
    record(session, someone(), NOON, service_id=OTHER_SERVICE)
    record(session, someone(), NOON, service_id=None)
    found = list_openings(session, PATIENT, hidden_services={OTHER_SERVICE})
    assert {line.service_id for line in found} == {SERVICE, None}


def test_older_openings_can_be_left_out(session: Session) -> None:
    record(session, someone(), NOON)
    assert list_openings(session, PATIENT, recorded_from=NOON) != []
    assert list_openings(session, PATIENT, recorded_from=NOON + timedelta(seconds=1)) == []


def test_the_list_ends_somewhere(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_log, "OPENINGS_SHOWN", 3)
    for number in range(5):
        record(session, someone(), NOON - timedelta(hours=number))
    assert [line.opened_at for line in list_openings(session, PATIENT)] == [
        NOON - timedelta(hours=number) for number in range(3)
    ]
