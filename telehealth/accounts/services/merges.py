"""Records of one person that were made twice: linked, and unlinked again. No row of either record is changed."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, or_, select
from sqlalchemy.orm import Session, joinedload

from telehealth.accounts.models import LinkReason, Organisation, Patient, PatientLink
from telehealth.actor import Actor
from telehealth.audit.services import record_event
from telehealth.clock import now
from telehealth.errors import N_, Conflict, NotFound

_IS_LIVE = PatientLink.ended_at.is_(None)
# Made once: nearly every request asks them.
_INTO = select(PatientLink.into_id).where(PatientLink.patient_id == bindparam("patient_id"), _IS_LIVE)
_MERGED = select(PatientLink.patient_id).where(
    PatientLink.into_id.in_(bindparam("into_ids", expanding=True)), _IS_LIVE
)


class AlreadyMerged(Conflict):
    """The two records are one already."""

    def __init__(self) -> None:
        super().__init__(
            "already-merged", N_("These two records are merged already. Go back to the record to see both.")
        )


def survivor_of(session: Session, patient_id: UUID) -> UUID:
    """The record into which this one was merged, itself where it was not. One query for a record that was not."""
    seen = {patient_id}
    current = patient_id
    while True:
        into = session.scalar(_INTO, {"patient_id": current})
        if into is None or into in seen:
            return current
        seen.add(into)
        current = into


def find_survivors(session: Session, patient_ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """For each record the one that stands for the person. One query where none of them was merged."""
    asked = list(dict.fromkeys(patient_ids))
    into = _follow(session, asked)
    return {patient_id: _last(into, patient_id) for patient_id in asked}


def find_group(session: Session, patient_ids: Iterable[UUID]) -> dict[UUID, frozenset[UUID]]:
    """For each record all records of the same person, itself among them. One query where none was merged."""
    asked = list(dict.fromkeys(patient_ids))
    into: dict[UUID, UUID] = {}
    fresh = set(asked)
    while fresh:
        found = _links(
            session, or_(PatientLink.patient_id.in_(list(fresh)), PatientLink.into_id.in_(list(fresh)))
        )
        known = into.keys() | set(into.values()) | set(asked)
        into |= found
        fresh = (found.keys() | set(found.values())) - known
    groups: dict[UUID, set[UUID]] = {}
    for patient_id in {*asked, *into}:
        survivor = _last(into, patient_id)
        groups.setdefault(survivor, {survivor}).add(patient_id)
    return {patient_id: frozenset(groups[_last(into, patient_id)]) for patient_id in asked}


def find_records(session: Session, patient_id: UUID) -> frozenset[UUID]:
    """The records whose history belongs to this one: itself, and all that were merged into it."""
    found = {patient_id}
    fresh = found
    while fresh:
        fresh = set(session.scalars(_MERGED, {"into_ids": list(fresh)})) - found
        found |= fresh
    return frozenset(found)


def find_link(session: Session, patient_id: UUID) -> PatientLink | None:
    """By what a record is replaced now; None where it is not."""
    return session.scalar(
        select(PatientLink)
        .where(PatientLink.patient_id == patient_id, _IS_LIVE)
        .options(joinedload(PatientLink.into))
    )


def list_replaced(session: Session, patient_id: UUID) -> list[PatientLink]:
    """The records that were merged into this one, the latest first; not those that were merged into them."""
    return list(
        session.scalars(
            select(PatientLink)
            .where(PatientLink.into_id == patient_id, _IS_LIVE)
            .options(joinedload(PatientLink.patient))
            .order_by(PatientLink.linked_at.desc(), PatientLink.id)
        )
    )


def lock_merges(session: Session, organisation_id: UUID) -> None:
    """Until the transaction ends nobody else merges or unmerges here: two at once could go round in a circle.

    Rows that point to the organisation can still be written meanwhile.
    """
    session.scalar(
        select(Organisation.id).where(Organisation.id == organisation_id).with_for_update(key_share=True)
    )


def link_records(
    session: Session, actor: Actor, replaced: Patient, into: Patient, reason: LinkReason
) -> PatientLink:
    """From now on `into` stands for `replaced`. Raises AlreadyMerged, and NotFound across organisations.

    Of records that were merged before, those that stand for them are linked. Appointments and claims are the
    caller's: `booking/services/record_merges.py`.
    """
    if replaced.organisation_id != into.organisation_id or into.organisation_id != actor.organisation_id:
        raise NotFound
    lock_merges(session, into.organisation_id)
    from_id, into_id = survivor_of(session, replaced.id), survivor_of(session, into.id)
    if from_id == into_id:
        raise AlreadyMerged
    link = PatientLink(
        organisation_id=into.organisation_id,
        patient_id=from_id,
        into_id=into_id,
        reason=reason,
        linked_at=now(),
        linked_by=actor.key,
    )
    session.add(link)
    session.flush()
    _record(session, actor, "patients.merged", link, reason=reason.value)
    return link


def unlink_records(session: Session, actor: Actor, replaced: Patient) -> PatientLink:
    """The record stands for itself again, with those that were merged into it. Raises NotFound where it does already."""
    if replaced.organisation_id != actor.organisation_id:
        raise NotFound
    lock_merges(session, replaced.organisation_id)
    link = find_link(session, replaced.id)
    if link is None:
        raise NotFound
    link.ended_at, link.ended_by = now(), actor.key
    session.flush()
    _record(session, actor, "patients.unmerged", link)
    return link


def _follow(session: Session, patient_ids: Iterable[UUID]) -> dict[UUID, UUID]:
    into: dict[UUID, UUID] = {}
    fresh = set(patient_ids)
    while fresh:
        found = _links(session, PatientLink.patient_id.in_(list(fresh)))
        into |= found
        fresh = set(found.values()) - into.keys()
    return into


def _links(session: Session, condition: ColumnElement[bool]) -> dict[UUID, UUID]:
    rows = session.execute(select(PatientLink.patient_id, PatientLink.into_id).where(condition, _IS_LIVE))
    return {row.patient_id: row.into_id for row in rows}


def _last(into: dict[UUID, UUID], patient_id: UUID) -> UUID:
    seen = {patient_id}
    while patient_id in into and into[patient_id] not in seen:
        patient_id = into[patient_id]
        seen.add(patient_id)
    return patient_id


def _record(session: Session, actor: Actor, action: str, link: PatientLink, reason: str = "") -> None:
    """In the trails of both: whoever looks at one of them finds it."""
    for patient_id in (link.patient_id, link.into_id):
        record_event(
            session,
            actor,
            action,
            subject_kind="patient",
            subject_id=patient_id,
            organisation_id=link.organisation_id,
            patient_id=patient_id,
            reason=reason,
        )
