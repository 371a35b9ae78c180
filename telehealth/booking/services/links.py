"""Join links: made, read, and opened with the date of birth. Looking at a link never uses it up."""

import base64
import binascii
from datetime import date
from uuid import UUID

from itsdangerous import BadSignature, Signer
from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from telehealth.accounts.domain.throttle import BIRTH_DATE_THROTTLE
from telehealth.actor import Actor
from telehealth.audit.services import record_event
from telehealth.booking.models import Appointment, JoinAttempt, JoinLink
from telehealth.clock import now


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
    """The appointment's link: the one that it has, else a new one."""
    link = session.scalar(
        select(JoinLink)
        .where(JoinLink.appointment_id == appointment.id, JoinLink.revoked_at.is_(None))
        .order_by(JoinLink.created_at.desc())
    )
    if link is None:
        link = JoinLink(
            organisation_id=appointment.organisation_id,
            service_id=appointment.service_id,
            appointment_id=appointment.id,
            created_at=now(),
        )
        session.add(link)
        session.flush()
    return link


def find_link(session: Session, signer: LinkSigner, token: str) -> JoinLink | None:
    """The link behind an address with its appointment, or None where it was altered or withdrawn."""
    link_id = signer.read(token)
    if link_id is None:
        return None
    return session.scalar(
        select(JoinLink)
        .where(JoinLink.id == link_id, JoinLink.revoked_at.is_(None))
        .options(
            joinedload(JoinLink.appointment).joinedload(Appointment.service),
            joinedload(JoinLink.appointment).joinedload(Appointment.patient),
            joinedload(JoinLink.appointment).joinedload(Appointment.practitioner),
        )
    )


def tries_left(session: Session, link: JoinLink) -> int:
    """How many wrong dates of birth this link still takes within the hour."""
    failures = session.scalar(
        select(func.count())
        .select_from(JoinAttempt)
        .where(
            JoinAttempt.join_link_id == link.id,
            JoinAttempt.attempted_at > now() - BIRTH_DATE_THROTTLE.window,
            JoinAttempt.succeeded.is_(False),
        )
    )
    return BIRTH_DATE_THROTTLE.tries_left(failures or 0)


def try_birth_date(session: Session, actor: Actor, link: JoinLink, birth_date: date) -> bool:
    """True where the date is the patient's and tries were left. Every try is remembered, right or wrong."""
    # One at a time for each link: guesses sent in parallel would all see the same number of tries left.
    session.scalar(select(JoinLink.id).where(JoinLink.id == link.id).with_for_update())
    if tries_left(session, link) == 0:
        return False
    is_right = link.appointment.patient.birth_date == birth_date
    session.add(JoinAttempt(join_link_id=link.id, attempted_at=now(), succeeded=is_right))
    record_event(
        session,
        actor,
        "join-link.opened" if is_right else "join-link.refused",
        subject_kind="appointment",
        subject_id=link.appointment_id,
        organisation_id=link.organisation_id,
    )
    return is_right
