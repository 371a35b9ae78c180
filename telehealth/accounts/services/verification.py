"""People who registered themselves: reception knows who they are, or links them to a record."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from telehealth.accounts.models import Patient
from telehealth.accounts.services.patients import get_patient, refuse_taken
from telehealth.actor import Actor
from telehealth.audit.services import record_event
from telehealth.errors import N_, Conflict


class AlreadyVerified(Conflict):
    """Somebody else was faster."""

    def __init__(self) -> None:
        super().__init__(
            "already-verified", N_("Somebody has confirmed this patient already. Open the record to see it.")
        )


def confirm_patient(
    session: Session, actor: Actor, patient_id: UUID, *, without_number: bool = False
) -> Patient:
    """The patient is who they say, and new here: the NHS number that they typed is theirs.

    Raises NotFound, AlreadyVerified, and NhsNumberTaken where another record has the number: then it is that one, or
    the number is somebody else's and is dropped: `without_number`.
    """
    patient = get_patient(session, actor, patient_id)
    session.scalar(
        select(Patient)
        .where(Patient.id == patient.id)
        .with_for_update(of=Patient, key_share=True)
        .execution_options(populate_existing=True)
    )
    if patient.is_verified:
        raise AlreadyVerified
    number = None if without_number else patient.claimed_nhs_number
    refuse_taken(session, actor, patient.organisation_id, number)
    try:
        with session.begin_nested():
            patient.is_verified = True
            patient.nhs_number = patient.nhs_number or number
            patient.claimed_nhs_number = None
    except IntegrityError:
        # Registered with the same number at the same moment.
        refuse_taken(session, actor, patient.organisation_id, number)
        raise
    record_event(
        session,
        actor,
        "patient.verified",
        subject_kind="patient",
        subject_id=patient.id,
        patient_id=patient.id,
    )
    return patient
