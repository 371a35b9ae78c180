"""Sign-ins on the server: begin, look up at each request, prove again, end."""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, bindparam, select, update
from sqlalchemy.orm import Session

from telehealth.accounts.domain.account import AccountKind
from telehealth.accounts.domain.session import (
    SEEN_EVERY,
    SessionTimes,
    Stage,
    limits_for,
    needs_proof_after,
)
from telehealth.accounts.models import Account, AccountRole, BrowserSession, SessionVisit
from telehealth.accounts.services.authorities import valid_visits, whom_may_represent
from telehealth.accounts.services.merges import find_records
from telehealth.actor import Actor, ActorKind
from telehealth.audit.services import record_event
from telehealth.clock import now
from telehealth.errors import NotFound
from telehealth.topics import account_topic, mark_topic, session_topic

TOKEN_BYTES = 32

_KINDS = {
    AccountKind.STAFF: ActorKind.STAFF,
    AccountKind.PATIENT: ActorKind.PATIENT,
    AccountKind.RELATED: ActorKind.RELATED,
}
_SEEN = (
    BrowserSession.id,
    BrowserSession.stage,
    BrowserSession.last_seen_at,
    BrowserSession.proved_at,
    BrowserSession.is_proof_needed,
    Account.id.label("account_id"),
    Account.kind,
    Account.organisation_id,
    Account.practitioner_id,
    Account.patient_id,
    Account.related_person_id,
    Account.display_name,
    Account.rights_version,
    AccountRole.service_id,
    AccountRole.role,
    SessionVisit.appointment_id,
    SessionVisit.related_person_id.label("visit_for"),
)
_SIGN_INS = (
    select(*_SEEN)
    .select_from(BrowserSession)
    .outerjoin(Account, Account.id == BrowserSession.account_id)
    .outerjoin(AccountRole, AccountRole.account_id == Account.id)
    .outerjoin(SessionVisit, SessionVisit.session_id == BrowserSession.id)
    .where(
        BrowserSession.ended_at.is_(None),
        BrowserSession.account_id.is_(None) | Account.is_active.is_(True),
    )
)
# Made once: every request begins with it.
_BY_TOKEN = _SIGN_INS.where(BrowserSession.token_hash == bindparam("token_hash"))


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """What a browser's token stands for now. `actor` is who they are once the stage is signed-in (or guest)."""

    session_id: UUID
    stage: Stage
    account_id: UUID | None
    rights_version: int
    times: SessionTimes
    actor: Actor


def make_token() -> str:
    """A random text for a cookie or a link; only its hash is stored."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def hash_token(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def begin_session(
    session: Session,
    account: Account | None,
    stage: Stage,
    *,
    address: str = "",
    browser: str = "",
    replaces: UUID | None = None,
) -> str:
    """A new sign-in of a browser; returns its token. The one that it replaces ends.

    The visits of that one come along for the same account alone: who signs in now may be another person.
    """
    token, begun_at = make_token(), now()
    row = BrowserSession(
        id=uuid4(),
        token_hash=hash_token(token),
        account_id=account.id if account else None,
        stage=stage,
        created_at=begun_at,
        last_seen_at=begun_at,
        proved_at=begun_at,
        address=address[:45],
        browser=browser[:200],
    )
    session.add(row)
    session.flush()
    before = session.get(BrowserSession, replaces) if replaces is not None else None
    if before is not None:
        if account is not None and before.account_id == account.id and before.ended_at is None:
            session.execute(
                update(SessionVisit).where(SessionVisit.session_id == before.id).values(session_id=row.id)
            )
        _end(session, [before.id], "replaced")
    return token


def find_sign_in(session: Session, token: str) -> SignIn | None:
    """What a token stands for: one query for staff. None where it ended, or the account is disabled.

    An expired one is still returned: the caller asks `times` (a running call outlives its age).
    """
    found = _read(session, session.execute(_BY_TOKEN, {"token_hash": hash_token(token)}).all())
    return next(iter(found.values()), None)


def find_open_sessions(session: Session, session_ids: Iterable[UUID]) -> dict[UUID, SignIn]:
    """What is left of these sign-ins, by key: those that ended, or whose account is disabled, are not there."""
    wanted = list(session_ids)
    if not wanted:
        return {}
    return _read(session, session.execute(_SIGN_INS.where(BrowserSession.id.in_(wanted))).all())


def find_sign_in_by_id(session: Session, session_id: UUID) -> SignIn | None:
    """The same, for a socket that was opened by a page of this sign-in."""
    return find_open_sessions(session, [session_id]).get(session_id)


def _read(session: Session, rows: Iterable[Any]) -> dict[UUID, SignIn]:
    by_session: dict[UUID, list[Row[Any]]] = {}
    for row in rows:
        by_session.setdefault(row.id, []).append(row)
    return {session_id: _sign_in_of(session, own) for session_id, own in by_session.items()}


def _sign_in_of(session: Session, rows: list[Row[Any]]) -> SignIn:
    first = rows[0]
    return SignIn(
        session_id=first.id,
        stage=first.stage,
        account_id=first.account_id,
        rights_version=first.rights_version or 0,
        times=SessionTimes(
            proved_at=first.proved_at,
            last_seen_at=first.last_seen_at,
            is_proof_needed=first.is_proof_needed,
            limits=limits_for(first.stage, first.kind, [row.role for row in rows if row.role]),
        ),
        actor=_actor_of(session, rows),
    )


def _actor_of(session: Session, rows: list[Row[Any]]) -> Actor:
    first = rows[0]
    visits = {row.appointment_id: row.visit_for for row in rows if row.appointment_id}
    if any(visits.values()):
        visits = valid_visits(session, first.id)
    carers = {related for related in visits.values() if related}
    if first.account_id is None:
        return Actor(
            kind=ActorKind.GUEST if visits else ActorKind.ANONYMOUS,
            appointment_ids=frozenset(visits),
            # Where several came by link, who it is depends on the visit: `find_carer`.
            related_person_id=carers.pop() if len(carers) == 1 and all(visits.values()) else None,
            session_id=first.id,
        )
    related_id = first.related_person_id
    return Actor(
        kind=_KINDS[first.kind],
        account_id=first.account_id,
        organisation_id=first.organisation_id,
        practitioner_id=first.practitioner_id,
        patient_id=first.patient_id,
        merged_ids=_merged_into(session, first.patient_id),
        related_person_id=related_id,
        represents=whom_may_represent(session, related_id) if related_id else frozenset(),
        display_name=first.display_name,
        roles=frozenset((row.service_id, row.role) for row in rows if row.role),
        appointment_ids=frozenset(visits),
        session_id=first.id,
        rights_version=first.rights_version,
    )


def _merged_into(session: Session, patient_id: UUID | None) -> frozenset[UUID]:
    """Of a record that was itself merged into another, nobody's: who opened that one may be somebody else."""
    return find_records(session, patient_id) - {patient_id} if patient_id else frozenset()


def see(session: Session, session_id: UUID, last_seen_at: datetime) -> None:
    """Something was done. After a long pause the next signature needs a proof."""
    seen_at = now()
    values: dict[str, object] = {"last_seen_at": seen_at}
    if needs_proof_after(last_seen_at, seen_at):
        values["is_proof_needed"] = True
    session.execute(update(BrowserSession).where(BrowserSession.id == session_id).values(**values))


def see_all(session: Session, session_ids: Iterable[UUID]) -> None:
    """These sign-ins are in use, for example in a call; written at most once a minute for each."""
    session.execute(
        update(BrowserSession)
        .where(
            BrowserSession.id.in_(list(session_ids)),
            BrowserSession.last_seen_at < now() - SEEN_EVERY,
        )
        .values(last_seen_at=now())
    )


def change_token(session: Session, session_id: UUID) -> str:
    """The same sign-in under a new token: a copy of the cookie from before is good for nothing. No proof of anything."""
    token = make_token()
    session.execute(
        update(BrowserSession)
        .where(BrowserSession.id == session_id, BrowserSession.ended_at.is_(None))
        .values(token_hash=hash_token(token))
    )
    return token


def prove_again(session: Session, session_id: UUID) -> str:
    """The same person has given password and second factor once more; returns the browser's new token.

    The session stays the same, so its open sockets and a running call go on.
    """
    token, proved_at = make_token(), now()
    session.execute(
        update(BrowserSession)
        .where(BrowserSession.id == session_id, BrowserSession.ended_at.is_(None))
        .values(
            token_hash=hash_token(token), proved_at=proved_at, last_seen_at=proved_at, is_proof_needed=False
        )
    )
    return token


def add_visit(
    session: Session,
    session_id: UUID,
    appointment_id: UUID,
    *,
    related_person_id: UUID | None = None,
    patient_id: UUID | None = None,
) -> None:
    """This browser gave the right date of birth behind a link; a carer's visit names both carer and patient."""
    known = session.scalar(
        select(SessionVisit).where(
            SessionVisit.session_id == session_id, SessionVisit.appointment_id == appointment_id
        )
    )
    if known is None:
        known = SessionVisit(session_id=session_id, appointment_id=appointment_id)
        session.add(known)
    known.related_person_id, known.patient_id = related_person_id, patient_id if related_person_id else None
    known.proved_at = now()
    session.flush()


def list_sessions(session: Session, account_id: UUID) -> list[BrowserSession]:
    """The open sign-ins of an account, the latest first. Expired ones may be among them."""
    return list(
        session.scalars(
            select(BrowserSession)
            .where(BrowserSession.account_id == account_id, BrowserSession.ended_at.is_(None))
            .order_by(BrowserSession.last_seen_at.desc())
            .limit(100)
        )
    )


def end_browser(session: Session, actor: Actor, sign_in: SignIn) -> None:
    """Sign out: this sign-in ends in whatever state it is, and the visits that were opened in it."""
    for visit in session.scalars(select(SessionVisit).where(SessionVisit.session_id == sign_in.session_id)):
        session.delete(visit)
    _end(session, [sign_in.session_id], "signed-out")
    record_event(
        session,
        actor,
        "session.ended",
        subject_kind="account",
        subject_id=sign_in.account_id,
        organisation_id=sign_in.actor.organisation_id,
        reason="signed-out",
    )


def end_session(session: Session, actor: Actor, session_id: UUID, *, account_id: UUID, reason: str) -> None:
    """End one sign-in of an account. Raises NotFound where it is not of that account."""
    found = session.get(BrowserSession, session_id)
    if found is None or found.account_id != account_id:
        raise NotFound
    if found.ended_at is None:
        _end(session, [session_id], reason)
        record_event(
            session, actor, "session.ended", subject_kind="account", subject_id=account_id, reason=reason
        )


def end_sessions_of(
    session: Session, actor: Actor, account_id: UUID, *, reason: str, but: UUID | None = None
) -> int:
    """End every sign-in of an account but `but`; returns how many."""
    ids = list(
        session.scalars(
            select(BrowserSession.id).where(
                BrowserSession.account_id == account_id,
                BrowserSession.ended_at.is_(None),
                BrowserSession.id != (but or UUID(int=0)),
            )
        )
    )
    _end(session, ids, reason)
    if ids:
        record_event(
            session, actor, "session.ended", subject_kind="account", subject_id=account_id, reason=reason
        )
    return len(ids)


def end_visits_of(session: Session, appointment_id: UUID) -> None:
    """Nobody is in this visit by link any more: each browser must prove the date of birth again."""
    session_ids = session.scalars(
        select(SessionVisit.session_id).where(SessionVisit.appointment_id == appointment_id)
    ).all()
    for visit in session.scalars(select(SessionVisit).where(SessionVisit.appointment_id == appointment_id)):
        session.delete(visit)
    for session_id in session_ids:
        mark_topic(session, session_topic(session_id))


def _end(session: Session, session_ids: list[UUID], reason: str) -> None:
    if not session_ids:
        return
    session.execute(
        update(BrowserSession)
        .where(BrowserSession.id.in_(session_ids), BrowserSession.ended_at.is_(None))
        .values(ended_at=now(), ended_reason=reason)
    )
    for session_id in session_ids:
        mark_topic(session, session_topic(session_id))


def rights_changed(session: Session, account: Account) -> None:
    """Roles, services or activity changed: open sockets are closed, and pages ask for their rights again."""
    account.rights_version += 1
    mark_topic(session, account_topic(account.id))
