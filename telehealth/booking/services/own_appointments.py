"""What patients and carers see of their own: appointments, details, and who opened the record."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from telehealth.accounts.models import (
    Account,
    AccountRole,
    Authority,
    HealthcareService,
    Patient,
    RelatedPerson,
)
from telehealth.accounts.services.authorities import is_valid_now
from telehealth.actor import Actor
from telehealth.audit.services import record_event
from telehealth.audit.services.access_log import Opening, list_openings
from telehealth.booking.domain.appointment import JOIN_CLOSES_AFTER, AppointmentStatus
from telehealth.booking.models import Appointment
from telehealth.clock import now
from telehealth.errors import NotFound

# Of one patient's past, so that a page has an end; what is still to come is never left out.
PAST_SHOWN = 200
# How far back somebody sees who opened their record.
OPENINGS_FROM = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class OwnAppointments:
    """The appointments of one patient, latest first. `has_older`: there are more of those that are over."""

    patient: Patient
    appointments: list[Appointment]
    has_older: bool


@dataclass(frozen=True, slots=True)
class AccessLog:
    """Who opened a record, with what is needed to say who they are."""

    openings: list[Opening]
    # By account: in which services they hold which role.
    roles: dict[UUID, list[AccountRole]]
    services: dict[UUID, HealthcareService]


def list_own_appointments(session: Session, actor: Actor) -> list[OwnAppointments]:
    """Of the patient, or of each patient whom a carer may act for today, by name.

    Of the patient also those in records that were merged into their own.
    A carer does not see what is confidential or in a restricted service: not even that there is something.
    """
    patients = session.scalars(
        select(Patient)
        .where(Patient.id.in_(_whose(actor)), Patient.organisation_id == actor.organisation_id)
        .order_by(Patient.given_name, Patient.family_name, Patient.id)
    ).all()
    # Joined until then: it is not over.
    over_at = now() - JOIN_CLOSES_AFTER
    found = []
    for patient in patients:
        is_own = patient.id == actor.patient_id
        wanted = (
            select(Appointment)
            .join(HealthcareService, HealthcareService.id == Appointment.service_id)
            .where(
                Appointment.patient_id.in_({patient.id, *(actor.merged_ids if is_own else ())}),
                Appointment.status != AppointmentStatus.ENTERED_IN_ERROR,
            )
            .options(
                joinedload(Appointment.service),
                joinedload(Appointment.practitioner),
                joinedload(Appointment.patient),
            )
            .order_by(Appointment.starts_at.desc(), Appointment.id)
        )
        if not is_own:
            wanted = wanted.where(
                Appointment.is_confidential.is_(False), HealthcareService.is_restricted.is_(False)
            )
        to_come = session.scalars(wanted.where(Appointment.ends_at > over_at)).all()
        past = session.scalars(wanted.where(Appointment.ends_at <= over_at).limit(PAST_SHOWN + 1)).all()
        shown = [*to_come, *past[:PAST_SHOWN]]
        found.append(OwnAppointments(patient, shown, has_older=len(past) > PAST_SHOWN))
        _record(session, actor, "own-appointments.opened", patient)
    return found


def get_own_details(session: Session, actor: Actor) -> Patient | RelatedPerson:
    """The person behind the account. Raises NotFound."""
    person: Patient | RelatedPerson | None = None
    if actor.patient_id is not None:
        person = session.get(Patient, actor.patient_id)
    elif actor.related_person_id is not None:
        person = session.get(RelatedPerson, actor.related_person_id)
    if person is None or person.organisation_id != actor.organisation_id:
        raise NotFound
    if isinstance(person, Patient):
        _record(session, actor, "own-details.opened", person)
    return person


def list_own_authorities(session: Session, actor: Actor) -> list[Authority]:
    """For whom a carer may act today."""
    return list(
        session.scalars(
            select(Authority)
            .where(Authority.related_person_id == actor.related_person_id, is_valid_now())
            .options(joinedload(Authority.patient))
            .order_by(Authority.valid_from, Authority.id)
        )
    )


def list_who_opened(session: Session, actor: Actor) -> AccessLog:
    """Who opened the patient's own record in the last year: for the patient alone. Raises NotFound."""
    patient = session.get(Patient, actor.patient_id) if actor.patient_id else None
    if patient is None or patient.organisation_id != actor.organisation_id:
        raise NotFound
    openings = list_openings(
        session, patient.id, recorded_from=now() - OPENINGS_FROM, merged_ids=actor.merged_ids
    )
    accounts = {key for opening in openings if (key := account_of(opening)) is not None}
    roles: dict[UUID, list[AccountRole]] = {}
    for role in session.scalars(
        select(AccountRole)
        .join(Account, Account.id == AccountRole.account_id)
        .where(AccountRole.account_id.in_(accounts), Account.organisation_id == patient.organisation_id)
        .order_by(AccountRole.id)
    ):
        roles.setdefault(role.account_id, []).append(role)
    services = session.scalars(
        select(HealthcareService).where(HealthcareService.organisation_id == patient.organisation_id)
    )
    _record(session, actor, "own-access.opened", patient)
    return AccessLog(openings, roles, {service.id: service for service in services})


def account_of(opening: Opening) -> UUID | None:
    """The account that opened it; None for somebody who came by a link."""
    kind, _, key = opening.actor.partition(":")
    return UUID(key) if kind == "account" else None


def _whose(actor: Actor) -> list[UUID]:
    own = [actor.patient_id] if actor.patient_id is not None else []
    return [*own, *actor.represents]


def _record(session: Session, actor: Actor, action: str, patient: Patient) -> None:
    record_event(
        session,
        actor,
        action,
        subject_kind="patient",
        subject_id=patient.id,
        organisation_id=patient.organisation_id,
        patient_id=patient.id,
    )
