"""Protected patients: who may know their name, and by which channels and in which hours they may be contacted."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from telehealth.accounts.domain.protection import Never, SafeContact, When
from telehealth.accounts.domain.protection import when_to_contact as when_rules_allow
from telehealth.accounts.models import ContactChange, ContactKind, HealthcareService, Patient, Protection
from telehealth.accounts.policies import may_name
from telehealth.accounts.services.authorities import drop_carers
from telehealth.accounts.services.merges import find_group, lock_merges
from telehealth.actor import Actor
from telehealth.audit.services import record_event
from telehealth.clock import now
from telehealth.errors import N_, InvalidInput, NotFound

# Made once: whoever opens a record asks it.
_PROTECTIONS = (
    select(Protection)
    .where(Protection.patient_id.in_(bindparam("patient_ids", expanding=True)), Protection.ended_at.is_(None))
    .order_by(Protection.set_at)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SafeWays:
    """What reception takes down: which channels are safe, and in which local hours (both or none)."""

    is_phone_safe: bool
    is_email_safe: bool
    safe_from: time | None = None
    safe_until: time | None = None


def find_protections(session: Session, patient_ids: Iterable[UUID]) -> dict[UUID, list[Protection]]:
    """The protections that hold, by patient; those who are not protected are not there."""
    found: dict[UUID, list[Protection]] = {}
    for protection in session.scalars(_PROTECTIONS, {"patient_ids": list(patient_ids)}):
        found.setdefault(protection.patient_id, []).append(protection)
    return found


def is_protected(session: Session, patient_id: UUID) -> bool:
    return bool(find_protections(session, [patient_id]))


def find_hidden(session: Session, actor: Actor, patient_ids: Iterable[UUID]) -> frozenset[UUID]:
    """Which of these patients' names and details must not be shown to the actor. One query."""
    return frozenset(
        patient_id
        for patient_id, protections in find_protections(session, patient_ids).items()
        if not may_name(actor, frozenset(each.service_id for each in protections))
    )


def is_hidden(session: Session, actor: Actor, patient_id: UUID) -> bool:
    return bool(find_hidden(session, actor, [patient_id]))


def protect_patient(
    session: Session, actor: Actor, patient: Patient, service_id: UUID, ways: SafeWays
) -> Protection:
    """Mark a patient as protected by a service, or change what is safe. Carers are out at once.

    All records of the person are protected. Raises NotFound where the service is not the actor's, InvalidInput for
    hours that are none.
    """
    _require_own_service(actor, service_id, patient)
    if (ways.safe_from is None) != (ways.safe_until is None):
        raise InvalidInput(
            "hours-incomplete", N_("Enter both the first and the last safe time, or none."), field="safe_from"
        )
    if ways.safe_from is not None and ways.safe_from == ways.safe_until:
        raise InvalidInput(
            "hours-empty", N_("The first and the last safe time must differ."), field="safe_until"
        )
    # A merge that is under way would leave one of the records out.
    lock_merges(session, patient.organisation_id)
    group = find_group(session, [patient.id])[patient.id]
    for older in _held_by(session, group, service_id):
        older.ended_at, older.ended_by = now(), actor.key
    made = {
        each: Protection(
            organisation_id=patient.organisation_id,
            service_id=service_id,
            patient_id=each,
            is_phone_safe=ways.is_phone_safe,
            is_email_safe=ways.is_email_safe,
            safe_from=ways.safe_from,
            safe_until=ways.safe_until,
            set_at=now(),
            set_by=actor.key,
        )
        for each in sorted(group)
    }
    session.add_all(made.values())
    session.flush()
    for each in made:
        drop_carers(session, each)
        _record(session, actor, "patient.protected", patient, service_id, each)
    return made[patient.id]


def spread_protection(session: Session, actor: Actor, patient: Patient) -> frozenset[UUID]:
    """What protects one record of a person protects the others too, once they are known to be one.

    Returns the records that are protected from now on and were not.
    """
    group = find_group(session, [patient.id])[patient.id]
    protections = find_protections(session, group)
    by_service = {each.service_id: each for held in protections.values() for each in held}
    newly: set[UUID] = set()
    for each in sorted(group):
        lacking = by_service.keys() - {held.service_id for held in protections.get(each, ())}
        for service_id in sorted(lacking):
            rule = by_service[service_id]
            session.add(
                Protection(
                    organisation_id=rule.organisation_id,
                    service_id=service_id,
                    patient_id=each,
                    is_phone_safe=rule.is_phone_safe,
                    is_email_safe=rule.is_email_safe,
                    safe_from=rule.safe_from,
                    safe_until=rule.safe_until,
                    set_at=now(),
                    set_by=actor.key,
                )
            )
            _record(session, actor, "patient.protected", patient, service_id, each)
            newly.add(each)
    session.flush()
    for each in sorted(newly):
        drop_carers(session, each)
    return frozenset(newly)


def end_protection(session: Session, actor: Actor, patient: Patient, service_id: UUID) -> None:
    """The service protects the patient no longer. Raises NotFound where it did not."""
    _require_own_service(actor, service_id, patient)
    held = _held_by(session, find_group(session, [patient.id])[patient.id], service_id)
    if not held:
        raise NotFound
    for protection in held:
        protection.ended_at, protection.ended_by = now(), actor.key
        _record(session, actor, "patient.protection-ended", patient, service_id, protection.patient_id)


def when_to_contact(
    session: Session, patient_id: UUID, channel: ContactKind, to: str, at: datetime | None = None
) -> When:
    """When a message about a patient may go to an address. Ask when it is written and again when it is sent.

    A protected patient's goes to their own contact alone: to nobody else, whoever asks for it.
    """
    rules = find_safe_contacts(session, patient_id)
    if not rules:
        return when_rules_allow((), channel.value, at or now())
    if not _is_own_contact(session, patient_id, channel, to):
        return Never()
    return when_rules_allow(rules, channel.value, at or now())


def find_safe_contacts(session: Session, patient_id: UUID) -> list[SafeContact]:
    """The rules of the services that protect a patient, for `domain/protection.py`."""
    rows = session.execute(
        select(Protection, HealthcareService.time_zone)
        .join(HealthcareService, HealthcareService.id == Protection.service_id)
        .where(Protection.patient_id == patient_id, Protection.ended_at.is_(None))
    )
    return [
        SafeContact(
            is_phone_safe=protection.is_phone_safe,
            is_email_safe=protection.is_email_safe,
            safe_from=protection.safe_from,
            safe_until=protection.safe_until,
            time_zone=time_zone,
        )
        for protection, time_zone in rows
    ]


def _is_own_contact(session: Session, patient_id: UUID, channel: ContactKind, to: str) -> bool:
    """The patient's, or one that is being verified as theirs: its code goes there."""
    patient = session.get(Patient, patient_id)
    if patient is None:
        return False
    own = {patient.phone if channel is ContactKind.PHONE else patient.email}
    own |= {
        change.value
        for change in session.scalars(
            select(ContactChange).where(
                ContactChange.patient_id == patient_id,
                ContactChange.kind == channel,
                ContactChange.verified_at.is_(None),
                ContactChange.withdrawn_at.is_(None),
            )
        )
    }
    return to.casefold() in {value.casefold() for value in own if value}


def _require_own_service(actor: Actor, service_id: UUID, patient: Patient) -> None:
    is_own = actor.is_staff and service_id in actor.services
    if not is_own or patient.organisation_id != actor.organisation_id:
        raise NotFound


def _held_by(session: Session, patient_ids: Iterable[UUID], service_id: UUID) -> list[Protection]:
    protections = find_protections(session, patient_ids)
    return [each for held in protections.values() for each in held if each.service_id == service_id]


def _record(
    session: Session, actor: Actor, action: str, patient: Patient, service_id: UUID, record_id: UUID
) -> None:
    """`record_id`: of the person's records the one that it is about."""
    record_event(
        session,
        actor,
        action,
        subject_kind="patient",
        subject_id=record_id,
        organisation_id=patient.organisation_id,
        patient_id=record_id,
        service_id=service_id,
    )
