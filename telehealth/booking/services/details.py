"""Change what an appointment is about, and how an interpreter takes part."""

from uuid import UUID

from sqlalchemy.orm import Session

from telehealth.accounts.models import Patient
from telehealth.accounts.services.merges import survivor_of
from telehealth.actor import Actor
from telehealth.booking.domain.appointment import AppointmentStatus, Change
from telehealth.booking.domain.interpreter import InterpreterJoins
from telehealth.booking.models import Appointment
from telehealth.booking.policies import is_clinician_of, may_manage
from telehealth.booking.services.appointments import flush_changed, lock_appointment, remember_change
from telehealth.errors import N_, Conflict, InvalidInput, NotFound

OVER = (AppointmentStatus.CANCELLED, AppointmentStatus.ENTERED_IN_ERROR)


def change_details(
    session: Session,
    actor: Actor,
    appointment_id: UUID,
    *,
    version: int,
    interpreter_language: str,
    interpreter_joins: InterpreterJoins | None,
    reason: str | None = None,
) -> Appointment:
    """By reception or the clinician; `reason` None: as it is. The patient's next booking offers the language again.

    What is saved as it was leaves no trace. Raises InvalidInput where a language comes without a way to join, NotFound, Conflict.
    """
    appointment = lock_appointment(session, actor, appointment_id, version=version)
    if not may_manage(actor, appointment) and not is_clinician_of(actor, appointment):
        raise NotFound
    if appointment.status in OVER:
        raise Conflict(
            "appointment-over", N_("This appointment was cancelled. It cannot be changed any more.")
        )
    language = interpreter_language.strip()
    if language and interpreter_joins is None:
        raise InvalidInput(
            "interpreter-joins-missing", N_("Choose how the interpreter joins."), field="interpreter_joins"
        )
    wanted = (
        language[:80],
        interpreter_joins if language else None,
        appointment.reason if reason is None else reason,
    )
    # Compared as text: sealed anew, the same words are other bytes.
    if wanted == (appointment.interpreter_language, appointment.interpreter_joins, appointment.reason):
        return appointment
    appointment.interpreter_language, appointment.interpreter_joins, appointment.reason = wanted
    record = session.get_one(Patient, survivor_of(session, appointment.patient_id))
    record.interpreter_language = language[:80]
    flush_changed(session)
    remember_change(session, actor, appointment, Change.DETAILS)
    return appointment
