"""Relatives and carers: whom they may act for today, and what lets them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session, joinedload

from telehealth.accounts.models import (
    Account,
    Authority,
    Basis,
    Patient,
    Protection,
    RelatedPerson,
    SessionVisit,
)
from telehealth.accounts.services.contacts import hash_of_email, hash_of_phone
from telehealth.actor import Actor
from telehealth.audit.services import record_event
from telehealth.clock import now, uk_today
from telehealth.errors import N_, Conflict, InvalidInput, NotFound
from telehealth.topics import account_topic, mark_topic, session_topic


def is_valid_now() -> ColumnElement[bool]:
    """SQL: the authority holds today (`domain/authority.py` says the same), and the patient is not protected.

    Of a protected patient nothing goes to anybody else, whatever was recorded before.
    """
    today = uk_today()
    return (
        Authority.revoked_at.is_(None)
        & (Authority.valid_from <= today)
        & or_(Authority.valid_until.is_(None), Authority.valid_until >= today)
        & ~exists().where(Protection.patient_id == Authority.patient_id, Protection.ended_at.is_(None))
    )


def whom_may_represent(session: Session, related_person_id: UUID) -> frozenset[UUID]:
    """The patients for whom a related person may act today."""
    return frozenset(
        session.scalars(
            select(Authority.patient_id).where(
                Authority.related_person_id == related_person_id, is_valid_now()
            )
        )
    )


def valid_visits(session: Session, session_id: UUID) -> dict[UUID, UUID | None]:
    """The visits of a browser, by appointment, with the carer who opened them; without those whose authority ended."""
    rows = session.execute(
        select(SessionVisit.appointment_id, SessionVisit.related_person_id)
        .outerjoin(
            Authority,
            (Authority.related_person_id == SessionVisit.related_person_id)
            & (Authority.patient_id == SessionVisit.patient_id)
            & is_valid_now(),
        )
        .where(
            SessionVisit.session_id == session_id,
            or_(SessionVisit.related_person_id.is_(None), Authority.id.is_not(None)),
        )
    )
    return {row.appointment_id: row.related_person_id for row in rows}


def find_carer(session: Session, actor: Actor, appointment_id: UUID) -> UUID | None:
    """Which relative or carer opened this visit: by a link of their own, or with their account. None: the patient."""
    if actor.session_id is not None and appointment_id in actor.appointment_ids:
        return valid_visits(session, actor.session_id).get(appointment_id)
    return actor.related_person_id if actor.is_signed_in else None


@dataclass(frozen=True, slots=True, kw_only=True)
class CarerDetails:
    """What reception takes down about a relative or carer, and about what lets them act."""

    given_name: str
    family_name: str
    birth_date: date
    phone: str | None
    email: str | None
    relationship_text: str
    basis: Basis
    valid_from: date
    valid_until: date | None


def list_authorities(session: Session, patient_id: UUID) -> list[Authority]:
    """All that were ever recorded for a patient, with the people; the newest first."""
    return list(
        session.scalars(
            select(Authority)
            .where(Authority.patient_id == patient_id)
            .options(joinedload(Authority.related_person))
            .order_by(Authority.recorded_at.desc(), Authority.id)
        )
    )


def find_authorities(session: Session, patient_ids: Iterable[UUID]) -> dict[UUID, list[Authority]]:
    """Those that hold today, by patient, with the people."""
    found: dict[UUID, list[Authority]] = {}
    for authority in session.scalars(
        select(Authority)
        .where(Authority.patient_id.in_(list(patient_ids)), is_valid_now())
        .options(joinedload(Authority.related_person))
        .order_by(Authority.recorded_at, Authority.id)
    ):
        found.setdefault(authority.patient_id, []).append(authority)
    return found


def record_authority(session: Session, actor: Actor, patient: Patient, details: CarerDetails) -> Authority:
    """Note that somebody may act for a patient. The same person is not recorded twice.

    Raises InvalidInput for days in the wrong order, Conflict where the person is known with another contact.
    """
    if details.valid_until is not None and details.valid_until < details.valid_from:
        raise InvalidInput(
            "dates-in-order", N_("The last day must not be before the first day."), field="valid_until"
        )
    made = Authority(
        organisation_id=patient.organisation_id,
        patient_id=patient.id,
        related_person=_related_person(session, patient.organisation_id, details),
        relationship_text=details.relationship_text,
        basis=details.basis,
        valid_from=details.valid_from,
        valid_until=details.valid_until,
        recorded_at=now(),
        recorded_by=actor.key,
    )
    session.add(made)
    session.flush()
    _record(session, actor, "authority.recorded", made)
    return made


def revoke_authority(session: Session, actor: Actor, authority_id: UUID, *, reason: str) -> Authority:
    """End it now: the carer's visits end, their open pages are closed. Raises NotFound, InvalidInput, Conflict."""
    authority = session.get(Authority, authority_id)
    if authority is None or not actor.is_staff or authority.organisation_id != actor.organisation_id:
        raise NotFound
    if not reason.strip():
        raise InvalidInput(
            "reason-missing", N_("Enter why this person may not act any more."), field="reason"
        )
    if authority.revoked_at is not None:
        raise Conflict("authority-revoked", N_("This was ended already."))
    authority.revoked_at, authority.revoked_by = now(), actor.key
    authority.revoke_reason = reason.strip()[:500]
    session.flush()
    drop_carers(session, authority.patient_id, authority.related_person_id)
    _record(session, actor, "authority.revoked", authority)
    return authority


def drop_carers(
    session: Session,
    patient_id: UUID,
    related_person_id: UUID | None = None,
    appointment_id: UUID | None = None,
) -> None:
    """End the visits that carers (one of them) opened for a patient (one appointment), and close their open pages.

    Who may still act opens a visit again: their rights are read at each request.
    """
    visits = select(SessionVisit).where(
        SessionVisit.patient_id == patient_id, SessionVisit.related_person_id.is_not(None)
    )
    accounts = (
        select(Account.id)
        .join(Authority, Authority.related_person_id == Account.related_person_id)
        .where(Authority.patient_id == patient_id)
    )
    if related_person_id is not None:
        visits = visits.where(SessionVisit.related_person_id == related_person_id)
        accounts = accounts.where(Account.related_person_id == related_person_id)
    if appointment_id is not None:
        visits = visits.where(SessionVisit.appointment_id == appointment_id)
    for visit in session.scalars(visits):
        mark_topic(session, session_topic(visit.session_id))
        session.delete(visit)
    for account_id in session.scalars(accounts):
        mark_topic(session, account_topic(account_id))
    session.flush()


def _related_person(session: Session, organisation_id: UUID, details: CarerDetails) -> RelatedPerson:
    born_then = session.scalars(
        select(RelatedPerson)
        .where(
            RelatedPerson.organisation_id == organisation_id,
            RelatedPerson.birth_date == details.birth_date,
        )
        .order_by(RelatedPerson.created_at)
    )
    # Not in the database: SQLite knows no capitals that have an accent.
    names = (details.given_name.casefold(), details.family_name.casefold())
    known = next(
        (each for each in born_then if (each.given_name.casefold(), each.family_name.casefold()) == names),
        None,
    )
    if known is None:
        known = RelatedPerson(
            organisation_id=organisation_id,
            given_name=details.given_name,
            family_name=details.family_name,
            birth_date=details.birth_date,
        )
        session.add(known)
    for typed, current in ((details.phone, known.phone), (details.email, known.email)):
        if typed and current and typed.casefold() != current.casefold():
            # A contact that somebody signs in with is not changed in passing.
            raise Conflict(
                "carer-known",
                N_(
                    "This person is recorded already, with another phone number or email. "
                    "Leave both empty to use what is recorded."
                ),
            )
    if details.phone and not known.phone:
        known.phone, known.phone_hash = details.phone, hash_of_phone(session, details.phone)
    if details.email and not known.email:
        known.email, known.email_hash = details.email, hash_of_email(session, details.email)
    return known


def _record(session: Session, actor: Actor, action: str, authority: Authority) -> None:
    record_event(
        session,
        actor,
        action,
        subject_kind="authority",
        subject_id=authority.id,
        organisation_id=authority.organisation_id,
        reason=authority.basis.value,
        patient_id=authority.patient_id,
    )
