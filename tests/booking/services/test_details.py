"""What an appointment is about can be changed; what is saved as it was leaves no trace."""

from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from telehealth.accounts.services.sign_in import actor_of
from telehealth.audit.models import AuditEvent
from telehealth.booking.domain.interpreter import InterpreterJoins
from telehealth.booking.models import Appointment, AppointmentHistory
from telehealth.booking.services.details import change_details
from telehealth.topics import take_topics
from tests.factories import Cast, make_appointment

pytestmark = pytest.mark.service


@pytest.fixture
def appointment(session: Session, cast: Cast) -> Appointment:
    made = make_appointment(session, cast)
    change(session, cast, made)
    return made


def change(session: Session, cast: Cast, appointment: Appointment, **changes: Any) -> None:
    """As another request would: nothing of it is in memory any more."""
    session.flush()
    session.expire_all()
    parts: dict[str, Any] = {
        "interpreter_language": "Polish",
        "interpreter_joins": InterpreterJoins.PHONE,
        "reason": "Knee",
        **changes,
    }
    change_details(session, actor_of(cast.receptionist), appointment.id, version=appointment.version, **parts)


def traces(session: Session, appointment: Appointment) -> tuple[int, int, int]:
    """The version, and how many rows its history and the trail have."""
    session.flush()
    history = select(func.count()).select_from(AppointmentHistory)
    trail = select(func.count()).select_from(AuditEvent)
    return (
        appointment.version,
        session.scalars(history.where(AppointmentHistory.appointment_id == appointment.id)).one(),
        session.scalars(trail.where(AuditEvent.subject_id == appointment.id)).one(),
    )


@pytest.mark.parametrize("reason", ["Knee", None])
def test_details_that_are_saved_as_they_were_change_nothing(
    session: Session, cast: Cast, appointment: Appointment, reason: str | None
) -> None:
    before = traces(session, appointment)
    take_topics(session)
    cast.patient.interpreter_language = "Welsh"
    change(session, cast, appointment, reason=reason)
    assert traces(session, appointment) == before
    assert not take_topics(session)
    # What was chosen for the patient meanwhile stays.
    assert cast.patient.interpreter_language == "Welsh"


@pytest.mark.parametrize(
    "changes",
    [
        {"reason": "Hip"},
        {"reason": ""},
        {"interpreter_language": "Welsh"},
        {"interpreter_language": "", "interpreter_joins": None},
        {"interpreter_joins": InterpreterJoins.VIDEO},
    ],
    ids=["reason", "no reason", "language", "no interpreter", "joins"],
)
def test_any_other_word_is_a_change(
    session: Session, cast: Cast, appointment: Appointment, changes: dict[str, Any]
) -> None:
    version, rows, events = traces(session, appointment)
    change(session, cast, appointment, **changes)
    assert traces(session, appointment) == (version + 1, rows + 1, events + 1)
    assert all(getattr(appointment, name) == value for name, value in changes.items())
    assert cast.patient.interpreter_language == appointment.interpreter_language
