"""Reserve the clinician's and the patient's time. The database decides who was first."""

from uuid import UUID

from sqlalchemy import and_, delete, or_, select, update
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from telehealth.booking.domain.claim import LIVE_STATES, ClaimState
from telehealth.booking.models import Appointment, Claim
from telehealth.clock import now
from telehealth.errors import N_, Conflict

# In the name of PostgreSQL's exclusion constraints and in the text of SQLite's triggers (migration 0004).
OVERLAP_MARK = "claim_overlap"
# PostgreSQL's code for "deadlock detected".
DEADLOCK = "40P01"


class PatientBusy(Conflict):
    """The patient has another appointment then. `appointment_id` is that one, for staff."""

    def __init__(self, appointment_id: UUID | None) -> None:
        super().__init__(
            "patient-busy",
            N_("The patient already has an appointment at that time. Choose another time."),
        )
        self.appointment_id = appointment_id


def claim_for_appointment(session: Session, appointment: Appointment) -> bool:
    """Reserve clinician and patient; False where the clinician's time is taken. Raises PatientBusy."""
    session.execute(
        delete(Claim).where(
            Claim.state == ClaimState.HELD,
            Claim.hold_expires_at <= now(),
            Claim.starts_at < appointment.ends_at,
            Claim.ends_at > appointment.starts_at,
            or_(
                Claim.practitioner_id == appointment.practitioner_id,
                Claim.patient_id == appointment.patient_id,
            ),
        )
    )
    if not _try_claim(session, appointment, practitioner_id=appointment.practitioner_id):
        return False
    if not _try_claim(session, appointment, patient_id=appointment.patient_id):
        raise PatientBusy(_other_appointment(session, appointment))
    return True


def release_claims(session: Session, appointment_id: UUID) -> None:
    """Free the time that an appointment held."""
    session.execute(
        update(Claim)
        .where(Claim.appointment_id == appointment_id, Claim.state == ClaimState.BOOKED)
        .values(state=ClaimState.RELEASED, version=Claim.version + 1)
    )


def _try_claim(
    session: Session,
    appointment: Appointment,
    *,
    practitioner_id: UUID | None = None,
    patient_id: UUID | None = None,
) -> bool:
    try:
        with session.begin_nested():
            session.add(
                Claim(
                    organisation_id=appointment.organisation_id,
                    practitioner_id=practitioner_id,
                    patient_id=patient_id,
                    appointment_id=appointment.id,
                    starts_at=appointment.starts_at,
                    ends_at=appointment.ends_at,
                    state=ClaimState.BOOKED,
                )
            )
    except IntegrityError as error:
        if OVERLAP_MARK not in str(error.orig):
            raise
        return False
    except OperationalError as error:
        # Two bookings that wait for each other: PostgreSQL lets one go on, this is the other.
        if getattr(error.orig, "sqlstate", None) != DEADLOCK:
            raise
        return False
    return True


def _other_appointment(session: Session, appointment: Appointment) -> UUID | None:
    return session.scalar(
        select(Claim.appointment_id).where(
            and_(
                Claim.patient_id == appointment.patient_id,
                Claim.state.in_(LIVE_STATES),
                Claim.starts_at < appointment.ends_at,
                Claim.ends_at > appointment.starts_at,
            )
        )
    )
