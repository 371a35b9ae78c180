"""Join links: made, read, and opened with the date of birth. Looking at a link never uses it up.

A link is the patient's, or one carer's. Ten wrong answers lock it for good; staff then make a new one.
"""

import base64
import binascii
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from itsdangerous import BadSignature, Signer
from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session, joinedload

from telehealth.accounts.domain.throttle import BIRTH_DATE_THROTTLE, is_locked_for_good, link_tries_left
from telehealth.accounts.services.authorities import whom_may_represent
from telehealth.accounts.services.protection import is_protected
from telehealth.accounts.services.sessions import end_visits_of
from telehealth.actor import Actor
from telehealth.audit.models import EventOutcome
from telehealth.audit.services import record_event
from telehealth.booking.models import Appointment, JoinAttempt, JoinLink
from telehealth.booking.policies import may_manage
from telehealth.clock import now
from telehealth.errors import N_, Conflict, NotFound

# Made once: every booking asks it.
_OPEN_LINKS = (
    select(JoinLink)
    .where(JoinLink.appointment_id == bindparam("appointment_id"), JoinLink.revoked_at.is_(None))
    .order_by(JoinLink.created_at.desc())
)


class LinkSigner:
    """Turns a link's key into the text at the end of its address, and back."""

    def __init__(self, secret_key: str) -> None:
        self._signer = Signer(secret_key, salt="join-link", sep=".")

    def sign(self, link_id: UUID) -> str:
        key = base64.urlsafe_b64encode(link_id.bytes).rstrip(b"=")
        return self._signer.sign(key).decode("ascii")

    def read(self, token: str) -> UUID | None:
        """The link's key, or None for anything that this service did not make."""
        if not token.isascii() or len(token) > 100:
            return None
        try:
            key = self._signer.unsign(token)
            link_id = UUID(bytes=base64.urlsafe_b64decode(key + b"=="))
        except (BadSignature, binascii.Error, ValueError):
            return None
        # The last character of base64 has spare bits: four spellings would be read as the same signature.
        return link_id if self.sign(link_id) == token else None


def make_link(session: Session, appointment: Appointment) -> JoinLink:
    """The patient's link to an appointment: the one that it has, else a new one."""
    return _open_link(session, appointment, None) or _add_link(session, appointment, None)


def renew_link(session: Session, actor: Actor, appointment: Appointment) -> JoinLink:
    """A new link for the patient: the old one stops working, and whoever came in by it is out. Raises NotFound."""
    _require_manager(actor, appointment)
    # Two people who press at the same moment: the second one withdraws the first one's link.
    session.scalar(select(Appointment.id).where(Appointment.id == appointment.id).with_for_update())
    for link in _open_links(session, appointment.id):
        if link.related_person_id is None:
            link.revoked_at = now()
    end_visits_of(session, appointment.id)
    _record(session, actor, "join-link.renewed", appointment)
    return _add_link(session, appointment, None)


def make_carer_link(
    session: Session, actor: Actor, appointment: Appointment, related_person_id: UUID
) -> JoinLink:
    """A link of a relative's or carer's own, who may act for the patient today.

    Raises NotFound without an authority, Conflict for a confidential appointment and for a protected patient.
    """
    _require_manager(actor, appointment)
    if appointment.is_confidential:
        raise Conflict(
            "confidential",
            N_("This appointment is confidential: it has no link for anybody but the patient."),
        )
    if is_protected(session, appointment.patient_id):
        raise Conflict("protected", N_("The patient is protected: nothing is sent to anybody else."))
    if appointment.patient_id not in whom_may_represent(session, related_person_id):
        raise NotFound
    link = _open_link(session, appointment, related_person_id)
    if link is None:
        link = _add_link(session, appointment, related_person_id)
        _record(session, actor, "join-link.made-for-carer", appointment)
    return link


def find_carer_links(session: Session, appointment: Appointment) -> dict[UUID, JoinLink]:
    """The links of carers that work, by carer."""
    return {
        link.related_person_id: link
        for link in _open_links(session, appointment.id)
        if link.related_person_id is not None and _may_be_used(session, link)
    }


def revoke_carer_links(
    session: Session, *, appointment_id: UUID | None = None, patient_id: UUID | None = None
) -> None:
    """Withdraw the links that carers have for an appointment, or for all of a patient's."""
    wanted = select(JoinLink).where(
        JoinLink.revoked_at.is_(None),
        JoinLink.related_person_id.is_not(None),
        JoinLink.appointment_id == appointment_id
        if appointment_id
        else JoinLink.appointment_id.in_(select(Appointment.id).where(Appointment.patient_id == patient_id)),
    )
    for link in session.scalars(wanted):
        link.revoked_at = now()
    session.flush()


def _open_links(session: Session, appointment_id: UUID) -> list[JoinLink]:
    return list(session.scalars(_OPEN_LINKS, {"appointment_id": appointment_id}))


def _open_link(session: Session, appointment: Appointment, related_person_id: UUID | None) -> JoinLink | None:
    links = _open_links(session, appointment.id)
    return next((link for link in links if link.related_person_id == related_person_id), None)


def _add_link(session: Session, appointment: Appointment, related_person_id: UUID | None) -> JoinLink:
    link = JoinLink(
        organisation_id=appointment.organisation_id,
        service_id=appointment.service_id,
        appointment_id=appointment.id,
        related_person_id=related_person_id,
        created_at=now(),
    )
    session.add(link)
    session.flush()
    return link


def _require_manager(actor: Actor, appointment: Appointment) -> None:
    if not may_manage(actor, appointment):
        raise NotFound


def find_link(session: Session, signer: LinkSigner, token: str) -> JoinLink | None:
    """The link behind an address with its appointment, or None where it was altered or withdrawn.

    A carer's is one only while they may act for the patient, and the appointment is not confidential.
    """
    link_id = signer.read(token)
    if link_id is None:
        return None
    link = session.scalar(
        select(JoinLink)
        .where(JoinLink.id == link_id, JoinLink.revoked_at.is_(None))
        .options(
            joinedload(JoinLink.appointment).joinedload(Appointment.service),
            joinedload(JoinLink.appointment).joinedload(Appointment.patient),
            joinedload(JoinLink.appointment).joinedload(Appointment.practitioner),
        )
    )
    return link if link is not None and _may_be_used(session, link) else None


def _may_be_used(session: Session, link: JoinLink) -> bool:
    if link.related_person_id is None:
        return True
    if link.appointment.is_confidential:
        return False
    return link.appointment.patient_id in whom_may_represent(session, link.related_person_id)


@dataclass(frozen=True, slots=True)
class LinkTries:
    """How many wrong dates of birth a link still takes now, and whether it takes none ever again."""

    left: int
    is_locked_for_good: bool


def count_tries(session: Session, link: JoinLink) -> LinkTries:
    wrong = (JoinAttempt.join_link_id == link.id) & JoinAttempt.succeeded.is_(False)
    is_recent = JoinAttempt.attempted_at > now() - BIRTH_DATE_THROTTLE.window
    recent, total = session.execute(
        select(func.count().filter(is_recent), func.count()).select_from(JoinAttempt).where(wrong)
    ).one()
    return LinkTries(link_tries_left(recent_failures=recent, all_failures=total), is_locked_for_good(total))


def tries_left(session: Session, link: JoinLink) -> int:
    """How many wrong dates of birth this link still takes now: five in an hour, ten in all."""
    return count_tries(session, link).left


def try_birth_date(session: Session, actor: Actor, link: JoinLink, birth_date: date) -> bool:
    """True where the date is the patient's and tries were left. Every try is remembered, right or wrong."""
    # One at a time for each link: guesses sent in parallel would all see the same number of tries left.
    session.scalar(select(JoinLink.id).where(JoinLink.id == link.id).with_for_update())
    if tries_left(session, link) == 0:
        _record(session, actor, "join-link.locked", link.appointment, EventOutcome.REFUSED)
        return False
    is_right = link.appointment.patient.birth_date == birth_date
    session.add(JoinAttempt(join_link_id=link.id, attempted_at=now(), succeeded=is_right))
    session.flush()
    _record(
        session,
        actor,
        "join-link.opened" if is_right else "join-link.refused",
        link.appointment,
        EventOutcome.DONE if is_right else EventOutcome.REFUSED,
    )
    return is_right


def _record(
    session: Session,
    actor: Actor,
    action: str,
    appointment: Appointment,
    outcome: EventOutcome = EventOutcome.DONE,
) -> None:
    record_event(
        session,
        actor,
        action,
        subject_kind="appointment",
        subject_id=appointment.id,
        organisation_id=appointment.organisation_id,
        patient_id=appointment.patient_id,
        service_id=appointment.service_id,
        outcome=outcome,
    )
