"""Search and export the audit trail of the administrator's organisation. Both are in the trail themselves."""

from collections.abc import Iterable
from dataclasses import replace
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from telehealth.accounts.domain.account import AccountKind
from telehealth.accounts.models import Account, HealthcareService, Patient
from telehealth.accounts.services.patient_search import find_patients
from telehealth.accounts.services.protection import find_hidden
from telehealth.actor import Actor
from telehealth.audit.models import AuditEvent
from telehealth.audit.services import record_event
from telehealth.audit.services.search import Place, Wanted, count_events, list_events
from telehealth.errors import N_, InvalidInput, NotFound

STAFF_FOUND = 50
EXPORT_LIMIT = 20_000


def search_audit(
    session: Session, actor: Actor, wanted: Wanted, before: Place | None = None
) -> tuple[list[AuditEvent], Place | None]:
    """A page of events, and where the next one begins."""
    organisation_id = _organisation(actor)
    found = list_events(session, organisation_id, _without_hidden(session, actor, wanted), before=before)
    _record(session, actor, "audit.searched", wanted, len(found[0]))
    return found


def export_audit(session: Session, actor: Actor, wanted: Wanted) -> list[AuditEvent]:
    """Every matching event. Raises InvalidInput where there are too many for one file."""
    organisation_id = _organisation(actor)
    wanted = _without_hidden(session, actor, wanted)
    if count_events(session, organisation_id, wanted, at_most=EXPORT_LIMIT + 1) > EXPORT_LIMIT:
        raise InvalidInput(
            "export-large",
            N_("More than %(limit)s events match. Choose fewer days, then export again."),
            {"limit": f"{EXPORT_LIMIT:,}"},
            field="first_day",
        )
    events, _ = list_events(session, organisation_id, wanted, limit=EXPORT_LIMIT)
    _record(session, actor, "audit.exported", wanted, len(events))
    return events


def find_staff(session: Session, actor: Actor, words: str) -> list[Account]:
    """Accounts of the organisation's staff by e-mail address or a part of the name, also those that are closed."""
    text = words.strip().lower()
    return list(
        session.scalars(
            select(Account)
            .where(
                Account.organisation_id == _organisation(actor),
                Account.kind == AccountKind.STAFF,
                or_(
                    func.lower(Account.email) == text,
                    func.lower(Account.display_name).contains(text, autoescape=True),
                ),
            )
            .order_by(Account.display_name, Account.id)
            .limit(STAFF_FOUND)
        )
    )


def find_patients_to_audit(session: Session, actor: Actor, words: str) -> list[Patient]:
    """Patients of the organisation by NHS number, or by name and date of birth. Hidden ones are not found."""
    return [found.patient for found in find_patients(session, actor, words)]


def name_patients(session: Session, actor: Actor, patient_ids: Iterable[UUID]) -> dict[UUID, str]:
    """The names of these patients, of those that the actor may be told."""
    wanted = set(patient_ids)
    hidden = find_hidden(session, actor, wanted)
    found = session.scalars(
        select(Patient).where(
            Patient.organisation_id == _organisation(actor), Patient.id.in_(wanted - hidden)
        )
    )
    return {patient.id: patient.display_name for patient in found}


def name_accounts(session: Session, actor: Actor, account_ids: Iterable[UUID]) -> dict[UUID, str]:
    """The names on these accounts of the organisation's staff."""
    found = session.scalars(
        select(Account).where(
            Account.organisation_id == _organisation(actor),
            Account.kind == AccountKind.STAFF,
            Account.id.in_(set(account_ids)),
        )
    )
    return {account.id: account.display_name for account in found}


def list_audited_services(session: Session, actor: Actor) -> list[HealthcareService]:
    """The organisation's services that the actor may know of, by name."""
    services = session.scalars(
        select(HealthcareService)
        .where(HealthcareService.organisation_id == _organisation(actor))
        .order_by(HealthcareService.name)
    )
    return [service for service in services if not service.is_restricted or service.id in actor.services]


def _without_hidden(session: Session, actor: Actor, wanted: Wanted) -> Wanted:
    restricted = session.scalars(
        select(HealthcareService.id).where(
            HealthcareService.organisation_id == _organisation(actor),
            HealthcareService.is_restricted.is_(True),
        )
    )
    return replace(wanted, hidden_services=frozenset(restricted) - actor.services)


def _record(session: Session, actor: Actor, action: str, wanted: Wanted, count: int) -> None:
    """How many were found, and about which patient: never what was typed."""
    record_event(
        session,
        actor,
        action,
        subject_kind="audit",
        subject_id=None,
        reason=str(count),
        patient_id=wanted.patient_id,
        service_id=wanted.service_id,
    )


def _organisation(actor: Actor) -> UUID:
    if actor.organisation_id is None:
        raise NotFound
    return actor.organisation_id
