"""Merge two records of one person, and undo it: the link, and with it whose time upcoming appointments take."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from telehealth.accounts.models import LinkReason, Patient, PatientLink
from telehealth.accounts.services.merges import (
    find_group,
    find_link,
    link_records,
    lock_merges,
    survivor_of,
    unlink_records,
)
from telehealth.accounts.services.patients import get_patient
from telehealth.accounts.services.protection import spread_protection
from telehealth.actor import Actor
from telehealth.booking.domain.claim import LIVE_STATES, ClaimState
from telehealth.booking.models import Appointment, Claim
from telehealth.booking.services.claims import OVERLAP_MARK, PATIENT, Need, lock_resources
from telehealth.booking.services.follow_ups import reopen_follow_ups
from telehealth.booking.services.links import revoke_carer_links
from telehealth.clock import now
from telehealth.errors import N_, Conflict, NotFound
from telehealth.topics import desk_topic, mark_topic


class MergeClash(Conflict):
    """The person would be in two places. `pairs`: the appointments that overlap; `see_busy` says what may be told."""

    def __init__(self, pairs: Sequence[tuple[UUID, UUID]] = ()) -> None:
        super().__init__(
            "merge-clash",
            N_("The two records have appointments at the same time. Move or cancel one of them, then merge."),
        )
        self.pairs = tuple(pairs)


class BeingBooked(Conflict):
    """A time is held for one of them."""

    def __init__(self) -> None:
        super().__init__(
            "being-booked",
            N_("Somebody is booking an appointment for this patient. Wait five minutes, then try again."),
        )


class NotVerifiedYet(Conflict):
    """The record that would stand for both is of somebody who registered themselves."""

    def __init__(self) -> None:
        super().__init__(
            "not-verified",
            N_(
                "Nobody has confirmed yet who registered this record online. Keep the other record, or confirm the "
                "person first."
            ),
        )


class MergedElsewhere(Conflict):
    """One of the two was merged with a third record, which nobody has compared with the other."""

    def __init__(self) -> None:
        super().__init__(
            "merged-elsewhere",
            N_(
                "One of these records was merged with another one meanwhile. Open both again, and compare the "
                "records that stand for them now."
            ),
        )


def merge_records(
    session: Session, actor: Actor, replaced_id: UUID, into_id: UUID, reason: LinkReason
) -> PatientLink:
    """From now on one record stands for both; appointments, notes and messages stay where they are.

    What protects one of them protects both. Raises NotFound for a record that the actor may not open, AlreadyMerged,
    MergedElsewhere, MergeClash and BeingBooked.
    """
    replaced, into = get_patient(session, actor, replaced_id), get_patient(session, actor, into_id)
    lock_merges(session, into.organisation_id)
    old_id, new_id = survivor_of(session, replaced.id), survivor_of(session, into.id)
    _lock_patients(session, old_id, new_id)
    if old_id != new_id:
        if (old_id, new_id) != (replaced.id, into.id):
            # The records that stand for them now are not those that somebody compared.
            raise MergedElsewhere
        # Whoever typed the online form would read the history of a patient whom we know.
        if not session.get_one(Patient, new_id).is_verified:
            raise NotVerifiedYet
        _refuse_overlaps(session, old_id, new_id)
    link = link_records(session, actor, replaced, into, reason)
    _move_claims(session, link.patient_id, link.into_id)
    for patient_id in sorted(spread_protection(session, actor, into)):
        revoke_carer_links(session, patient_id=patient_id)
    _mark_desks(session, (link.patient_id, link.into_id))
    return link


def unmerge_records(session: Session, actor: Actor, replaced_id: UUID) -> PatientLink:
    """The record stands for itself again, and its upcoming appointments take its own time.

    A request to see one of the two that an appointment of the other ended is open again. Raises NotFound where it was not merged. A protection that both have by now stays with both.
    """
    replaced = get_patient(session, actor, replaced_id)
    lock_merges(session, replaced.organisation_id)
    link = find_link(session, replaced.id)
    if link is None:
        raise NotFound
    survivor_id = survivor_of(session, link.into_id)
    _lock_patients(session, replaced.id, survivor_id)
    link = unlink_records(session, actor, replaced)
    own = find_group(session, [replaced.id])[replaced.id]
    _move_claims(session, survivor_id, replaced.id, of_appointments_of=own)
    reopen_follow_ups(session, actor, own, find_group(session, [survivor_id])[survivor_id])
    _mark_desks(session, (replaced.id, survivor_id))
    return link


def _lock_patients(session: Session, *patient_ids: UUID) -> None:
    """Nobody books for them meanwhile."""
    # Of a resource only the key counts here; any stretch of time will do.
    lock_resources(session, [Need(PATIENT, key, now(), now()) for key in patient_ids])


def _refuse_overlaps(session: Session, old_id: UUID, new_id: UUID) -> None:
    current = now()
    session.execute(
        delete(Claim).where(
            Claim.patient_id.in_((old_id, new_id)),
            Claim.state == ClaimState.HELD,
            Claim.hold_expires_at <= current,
        )
    )
    pairs = []
    for one, other in _find_overlaps(session, old_id, new_id, current):
        if one is None or other is None:
            raise BeingBooked
        pairs.append((one, other))
    if pairs:
        raise MergeClash(pairs)


def _find_overlaps(
    session: Session, old_id: UUID, new_id: UUID, current: datetime
) -> list[tuple[UUID | None, UUID | None]]:
    """Pairs of appointments; None for a time that is only held."""
    one, other = aliased(Claim), aliased(Claim)
    rows = session.execute(
        select(one.appointment_id, other.appointment_id)
        .join(other, (other.starts_at < one.ends_at) & (other.ends_at > one.starts_at))
        .where(
            one.patient_id == old_id,
            other.patient_id == new_id,
            one.state.in_(LIVE_STATES),
            other.state.in_(LIVE_STATES),
            one.ends_at > current,
            other.ends_at > current,
        )
        .order_by(one.starts_at, other.starts_at)
    )
    return [(first, second) for first, second in rows]


def _move_claims(
    session: Session, old_id: UUID, new_id: UUID, *, of_appointments_of: Iterable[UUID] | None = None
) -> None:
    """The time of one patient becomes another's. What is over stays: nobody is in two places in the past."""
    moved = update(Claim).where(
        Claim.patient_id == old_id, Claim.state.in_(LIVE_STATES), Claim.ends_at > now()
    )
    if of_appointments_of is not None:
        own = select(Appointment.id).where(Appointment.patient_id.in_(list(of_appointments_of)))
        moved = moved.where(Claim.appointment_id.in_(own))
    try:
        with session.begin_nested():
            session.execute(
                moved.values(patient_id=new_id, version=Claim.version + 1).execution_options(
                    synchronize_session=False
                )
            )
    except IntegrityError as error:
        # The database's own rule: what was found free a moment ago is not.
        if OVERLAP_MARK + PATIENT in str(error.orig):
            raise MergeClash from None
        raise


def _mark_desks(session: Session, patient_ids: Iterable[UUID]) -> None:
    """The lists on which their names stand are out of date."""
    keys = list(patient_ids)
    services = session.scalars(
        select(Appointment.service_id)
        .where(or_(*(Appointment.patient_id == key for key in keys)), Appointment.ends_at > now())
        .distinct()
    )
    for service_id in services:
        mark_topic(session, desk_topic(service_id))
