"""A new phone number or e-mail of a patient: asked for, verified, and only then in use.

Until it is verified, links and messages go to the old one; when it is, the old one is told.
"""

import hmac
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from telehealth.accounts.domain.contact import (
    CHANGES_A_DAY,
    CODE_LIFE,
    CODE_TRIES,
    is_code_usable,
    make_code,
    plain_code,
)
from telehealth.accounts.models import ContactChange, ContactKind, Patient, Verification
from telehealth.accounts.services.contacts import set_contact
from telehealth.accounts.services.notices import Notice, NoticeKind, send_notice
from telehealth.accounts.services.protection import is_hidden, is_protected
from telehealth.actor import Actor
from telehealth.audit.models import EventOutcome
from telehealth.audit.services import record_event
from telehealth.clock import now
from telehealth.errors import N_, Conflict, InvalidInput, NotFound, TooManyTries
from telehealth.sealing import hash_contact


def request_contact_change(
    session: Session, actor: Actor, patient: Patient, kind: ContactKind, value: str
) -> ContactChange:
    """Note what is wanted; an older wish for the same contact is withdrawn. `value` is normal: E.164, or an e-mail.

    "" stands for "has none any more". Raises NotFound, InvalidInput, TooManyTries, and Conflict where a protected
    patient asks for it without staff.
    """
    _require_rights(session, actor, patient)
    if value == (_contact(patient, kind) or ""):
        raise InvalidInput("contact-same", N_("This is the one that we have already."), field="value")
    # One at a time for each patient: several windows would each see room for one more.
    session.scalar(select(Patient.id).where(Patient.id == patient.id).with_for_update())
    asked_today = session.scalar(
        select(func.count())
        .select_from(ContactChange)
        .where(
            ContactChange.patient_id == patient.id,
            ContactChange.requested_by == actor.key,
            ContactChange.requested_at > now() - timedelta(days=1),
        )
    )
    if not actor.is_staff and (asked_today or 0) >= CHANGES_A_DAY:
        raise TooManyTries(
            "changes-a-day", N_("You have asked for many changes today. Call us, or try again tomorrow.")
        )
    for older in find_pending(session, patient.id):
        if older.kind is kind:
            older.withdrawn_at = now()
    change = ContactChange(
        organisation_id=patient.organisation_id,
        patient_id=patient.id,
        kind=kind,
        requested_at=now(),
        requested_by=actor.key,
    )
    change.value = value
    session.add(change)
    session.flush()
    _record(session, actor, "contact-change.requested", change)
    return change


def get_change(session: Session, actor: Actor, patient: Patient, change_id: UUID) -> ContactChange:
    """A change that waits to be verified. Raises NotFound for any other; Conflict when it is over."""
    _require_rights(session, actor, patient)
    change = session.scalar(
        select(ContactChange)
        .where(ContactChange.id == change_id, ContactChange.patient_id == patient.id)
        .with_for_update(of=ContactChange)
    )
    if change is None:
        raise NotFound
    if change.verified_at is not None or change.withdrawn_at is not None:
        raise Conflict(
            "change-over", N_("This change is done, or was withdrawn. Start again if you need it.")
        )
    return change


def find_pending(session: Session, patient_id: UUID) -> list[ContactChange]:
    """What waits to be verified, of each kind at most one."""
    return list(
        session.scalars(
            select(ContactChange)
            .where(
                ContactChange.patient_id == patient_id,
                ContactChange.verified_at.is_(None),
                ContactChange.withdrawn_at.is_(None),
            )
            .order_by(ContactChange.requested_at)
        )
    )


def list_changes(session: Session, patient_id: UUID) -> list[ContactChange]:
    """The history of a patient's contacts, the latest first."""
    return list(
        session.scalars(
            select(ContactChange)
            .where(ContactChange.patient_id == patient_id)
            .order_by(ContactChange.requested_at.desc(), ContactChange.id)
            .limit(100)
        )
    )


def send_code(session: Session, actor: Actor, change: ContactChange) -> None:
    """Send six digits to the new contact; an earlier code stops working. Raises TooManyTries and InvalidInput."""
    if not change.value:
        raise InvalidInput("code-to-nobody", N_("There is no new contact to send a code to."))
    if change.failures >= CODE_TRIES:
        raise _too_many()
    code = make_code()
    change.code_hash = _hash(session, change, code)
    change.code_expires_at = now() + CODE_LIFE
    session.flush()
    send_notice(
        session,
        Notice(
            kind=NoticeKind.CONTACT_CODE,
            organisation_id=change.organisation_id,
            channel=change.kind,
            to=change.value,
            values={"code": code, "minutes": str(CODE_LIFE // timedelta(minutes=1))},
            patient_id=change.patient_id,
        ),
    )
    _record(session, actor, "contact-change.code-sent", change)


def verify_contact_change(
    session: Session,
    actor: Actor,
    change: ContactChange,
    verification: Verification,
    code: str | None = None,
) -> bool:
    """Put the new contact into use and tell the old one. False for a wrong code, which is counted.

    A patient proves it with the code; staff may also note that they called the old number or saw the patient.
    Raises InvalidInput and TooManyTries.
    """
    patient = session.get_one(Patient, change.patient_id)
    _require_rights(session, actor, patient)
    if verification is Verification.CODE:
        if not _is_right_code(session, change, code or ""):
            change.failures += 1
            session.flush()
            _record(session, actor, "contact-change.code-wrong", change, EventOutcome.REFUSED)
            return False
    elif not actor.is_staff:
        raise NotFound
    elif verification is Verification.CALLED_OLD_NUMBER and not patient.phone:
        raise InvalidInput(
            "no-old-number", N_("There is no old number that could have been called."), field="verification"
        )
    change.old_value = _contact(patient, change.kind) or ""
    change.verified_at, change.verified_by = now(), actor.key
    change.verification = verification
    change.code_hash = None
    _tell_old(session, patient, change)
    set_contact(
        session,
        patient,
        phone=(change.value or None) if change.kind is ContactKind.PHONE else patient.phone,
        email=(change.value or None) if change.kind is ContactKind.EMAIL else patient.email,
    )
    _record(session, actor, "contact-change.verified", change)
    return True


def withdraw_contact_change(session: Session, actor: Actor, change: ContactChange) -> None:
    """It is not wanted any more: the old contact stays."""
    change.withdrawn_at = now()
    change.code_hash = None
    session.flush()
    _record(session, actor, "contact-change.withdrawn", change)


def _tell_old(session: Session, patient: Patient, change: ContactChange) -> None:
    """Whoever does not know of the change learns of it; for a protected patient that might be the wrong person."""
    kind, to = change.kind, change.old_value
    if not to:
        # A first phone number: the e-mail is told, and the other way round.
        kind = ContactKind.EMAIL if kind is ContactKind.PHONE else ContactKind.PHONE
        to = _contact(patient, kind) or ""
    if not to or is_protected(session, patient.id):
        return
    send_notice(
        session,
        Notice(
            kind=NoticeKind.CONTACT_CHANGED,
            organisation_id=patient.organisation_id,
            channel=kind,
            to=to,
            values={"what": change.kind.value},
            patient_id=patient.id,
        ),
    )
    change.old_told_at = now()


def _is_right_code(session: Session, change: ContactChange, typed: str) -> bool:
    if change.failures >= CODE_TRIES:
        raise _too_many()
    if change.code_hash is None or not is_code_usable(
        expires_at=change.code_expires_at, failures=change.failures, now=now()
    ):
        raise InvalidInput("code-old", N_("This code is too old. Send a new one."), field="code")
    return hmac.compare_digest(_hash(session, change, plain_code(typed)), change.code_hash)


def _hash(session: Session, change: ContactChange, code: str) -> bytes:
    return hash_contact(session, f"code-of-{change.id}", code)


def _too_many() -> TooManyTries:
    return TooManyTries(
        "code-tries", N_("The code was wrong 5 times. Withdraw this change and start again, or call us.")
    )


def _require_rights(session: Session, actor: Actor, patient: Patient) -> None:
    """Staff of the organisation, or the patient: not a carer, and of a protected patient staff alone."""
    if actor.is_staff:
        if patient.organisation_id != actor.organisation_id or is_hidden(session, actor, patient.id):
            raise NotFound
        return
    if actor.patient_id != patient.id:
        raise NotFound
    if is_protected(session, patient.id):
        raise Conflict("call-to-change", N_("Call us to change your phone number or email."))


def _contact(patient: Patient, kind: ContactKind) -> str | None:
    return patient.phone if kind is ContactKind.PHONE else patient.email


def _record(
    session: Session,
    actor: Actor,
    action: str,
    change: ContactChange,
    outcome: EventOutcome = EventOutcome.DONE,
) -> None:
    record_event(
        session,
        actor,
        action,
        subject_kind="contact-change",
        subject_id=change.id,
        organisation_id=change.organisation_id,
        reason=change.verification.value if change.verification else change.kind.value,
        patient_id=change.patient_id,
        outcome=outcome,
    )
