"""Break-glass: a clinician reads a record that is not theirs, with a reason, for an hour, and it is reviewed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from telehealth.accounts.domain.names import plain_text
from telehealth.accounts.models import HealthcareService, Patient
from telehealth.actor import Actor, Role
from telehealth.audit.services import record_event
from telehealth.clinic.models import EmergencyAccess
from telehealth.clinic.policies import may_review, may_use
from telehealth.clock import now
from telehealth.errors import N_, InvalidInput, NotFound
from telehealth.notes.models import ConsultationNote, NoteVersion

LASTS = timedelta(hours=1)
SHORTEST_REASON = 10
LONGEST_REASON = 1000


class NobodyFound(InvalidInput):
    def __init__(self) -> None:
        super().__init__(
            "nobody-found",
            N_("There is no patient with these details. Check each of them, then try again."),
            field="nhs_number",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Whose record: the NHS number alone, or family name and date of birth together."""

    nhs_number: str | None
    family_name: str
    birth_date: date | None


@dataclass(frozen=True, slots=True)
class RecordEntry:
    """One signed note of the record, with the service in which it was written."""

    service_name: str
    author_name: str
    version: NoteVersion


def grant_access(session: Session, actor: Actor, wanted: Wanted, reason: str) -> EmergencyAccess:
    """Open a record for an hour. Raises InvalidInput (nobody found, or more than one; no reason), NotFound."""
    if not actor.has_role(Role.CLINICIAN) or actor.account_id is None or actor.organisation_id is None:
        raise NotFound
    reason = reason.strip()
    if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON:
        raise InvalidInput(
            "reason-missing",
            N_("Enter why you need this record now, in a sentence of 10 to 1,000 characters."),
            field="reason",
        )
    patient = _find_patient(session, actor.organisation_id, wanted)
    access = EmergencyAccess(
        organisation_id=actor.organisation_id,
        account_id=actor.account_id,
        patient_id=patient.id,
        reason=reason,
        granted_at=now(),
        expires_at=now() + LASTS,
    )
    session.add(access)
    session.flush()
    _record(session, actor, "emergency-access.granted", access)
    return access


def _find_patient(session: Session, organisation_id: UUID, wanted: Wanted) -> Patient:
    conditions = [Patient.organisation_id == organisation_id]
    if wanted.nhs_number:
        conditions.append(Patient.nhs_number == wanted.nhs_number)
    elif wanted.family_name and wanted.birth_date:
        conditions.append(Patient.birth_date == wanted.birth_date)
    else:
        raise InvalidInput(
            "details-missing",
            N_("Enter the NHS number, or the last name and the date of birth."),
            field="nhs_number",
        )
    found = session.scalars(select(Patient).where(*conditions)).all()
    if not wanted.nhs_number:
        # Not in the database: it knows no accents, and SQLite no capitals that have one.
        name = plain_text(wanted.family_name)
        found = [patient for patient in found if plain_text(patient.family_name) == name]
    if not found:
        raise NobodyFound
    if len(found) > 1:
        raise InvalidInput(
            "several-found",
            N_("More than one patient has this name and date of birth. Enter the NHS number."),
            field="nhs_number",
        )
    return found[0]


def read_record(session: Session, actor: Actor, access_id: UUID) -> tuple[EmergencyAccess, list[RecordEntry]]:
    """The patient's signed notes of all services, the latest first. Raises NotFound for others, and once it is over."""
    access = session.get(EmergencyAccess, access_id, options=[joinedload(EmergencyAccess.patient)])
    if access is None or not may_use(actor, access, now()):
        raise NotFound
    rows = session.execute(
        select(NoteVersion, HealthcareService.name)
        .join(ConsultationNote, ConsultationNote.id == NoteVersion.note_id)
        .join(HealthcareService, HealthcareService.id == ConsultationNote.service_id)
        .where(
            ConsultationNote.patient_id == access.patient_id,
            ConsultationNote.organisation_id == access.organisation_id,
        )
        .order_by(NoteVersion.signed_at.desc())
    ).all()
    _record(session, actor, "emergency-access.read", access)
    return access, [RecordEntry(name, version.signer_name, version) for version, name in rows]


def list_accesses(session: Session, actor: Actor) -> Sequence[EmergencyAccess]:
    """What an administrator has to review: the unreviewed first, then the latest 100."""
    return session.scalars(
        select(EmergencyAccess)
        .where(EmergencyAccess.organisation_id == actor.organisation_id)
        .options(joinedload(EmergencyAccess.account), joinedload(EmergencyAccess.patient))
        .order_by(EmergencyAccess.reviewed_at.is_not(None), EmergencyAccess.granted_at.desc())
        .limit(100)
    ).all()


def review_access(session: Session, actor: Actor, access_id: UUID) -> EmergencyAccess:
    """An administrator has looked into it. Raises NotFound for others, and for their own."""
    access = session.get(EmergencyAccess, access_id)
    if access is None or not may_review(actor, access):
        raise NotFound
    if access.reviewed_at is None:
        access.reviewed_at, access.reviewed_by = now(), actor.key
        _record(session, actor, "emergency-access.reviewed", access)
    return access


def _record(session: Session, actor: Actor, action: str, access: EmergencyAccess) -> None:
    record_event(
        session,
        actor,
        action,
        subject_kind="emergency-access",
        subject_id=access.id,
        organisation_id=access.organisation_id,
        patient_id=access.patient_id,
        reason="emergency",
    )
