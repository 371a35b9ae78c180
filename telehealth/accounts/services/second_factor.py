"""What somebody gives besides the password: a code of an app, a passkey (`passkeys.py`), or a recovery code."""

import hmac
import secrets
from dataclasses import dataclass
from uuid import UUID

import pyotp
from sqlalchemy import ColumnElement, ScalarSelect, delete, func, select, update
from sqlalchemy.orm import Session

from telehealth.accounts.domain.account import AccountKind
from telehealth.accounts.domain.recovery_code import (
    CODES,
    GROUP_LENGTH,
    GROUPS,
    LETTERS,
    normal_recovery_code,
    write_code,
)
from telehealth.accounts.domain.totp import STEP_S, first_match, normal_code, steps_to_try
from telehealth.accounts.models import Account, AuthenticatorApp, Passkey, RecoveryCode
from telehealth.accounts.services.passkeys import find_own_passkey, remove_passkey
from telehealth.accounts.services.sessions import hash_token
from telehealth.actor import Actor
from telehealth.audit.services import record_event
from telehealth.clock import now
from telehealth.errors import N_, Conflict, InvalidInput


@dataclass(frozen=True, slots=True)
class Factors:
    """What an account has besides its password. Recovery codes are no factor of their own."""

    has_app: bool
    passkeys: int
    recovery_codes: int

    @property
    def is_any(self) -> bool:
        return self.has_app or self.passkeys > 0

    @property
    def is_one(self) -> bool:
        return self.has_app + self.passkeys == 1


def factors_of(session: Session, account_id: UUID) -> Factors:
    has_app, passkeys, codes = session.execute(
        select(
            select(AuthenticatorApp.id)
            .where(AuthenticatorApp.account_id == account_id, AuthenticatorApp.confirmed_at.is_not(None))
            .exists(),
            _count(Passkey, Passkey.account_id == account_id),
            _count(RecoveryCode, RecoveryCode.account_id == account_id, RecoveryCode.used_at.is_(None)),
        )
    ).one()
    return Factors(bool(has_app), passkeys, codes)


def begin_app(session: Session, account_id: UUID, session_id: UUID | None) -> str:
    """A new secret to scan, in this sign-in alone: another browser does not get to see it. The app in use, if there is one, works until the new one gave a right code."""
    app = _app_of(session, account_id)
    if app is None:
        app = AuthenticatorApp(account_id=account_id, created_at=now())
        session.add(app)
    app.new_secret, app.new_secret_session_id = pyotp.random_base32(), session_id
    session.flush()
    return app.new_secret


def find_new_secret(session: Session, account_id: UUID, session_id: UUID | None) -> str | None:
    """The secret that is being set up in this sign-in, or None."""
    app = _app_of(session, account_id)
    if app is None or session_id is None or app.new_secret_session_id != session_id:
        return None
    return app.new_secret or None


def app_address(secret: str, *, account_name: str, issuer: str) -> str:
    """What the QR code says: otpauth://totp/…"""
    return pyotp.TOTP(secret).provisioning_uri(name=account_name, issuer_name=issuer)


def confirm_app(session: Session, actor: Actor, account_id: UUID, text: str, session_id: UUID | None) -> None:
    """The app that is being set up in this sign-in is in use from now on. Raises InvalidInput for a wrong code."""
    app = _app_of(session, account_id)
    secret = find_new_secret(session, account_id, session_id)
    code = normal_code(text)
    step = _matching_step(secret, code, last_step=0) if secret and code else None
    if app is None or step is None:
        raise InvalidInput(
            "code-wrong",
            N_("That code is not right. Enter the six digits that your app shows now."),
            field="code",
        )
    app.secret, app.new_secret = app.new_secret, ""
    app.confirmed_at, app.last_step = now(), step
    session.flush()
    _record(session, actor, "authenticator-app.added", account_id)


def check_code(session: Session, actor: Actor, account_id: UUID, text: str) -> bool:
    """Whether a typed code is right: of the app, or a recovery code. Each works once."""
    code, recovery = normal_code(text), normal_recovery_code(text)
    if code:
        return _use_app_code(session, account_id, code)
    if recovery and _use_recovery_code(session, account_id, recovery):
        _record(session, actor, "recovery-code.used", account_id)
        return True
    return False


def make_recovery_codes(session: Session, actor: Actor, account_id: UUID) -> list[str]:
    """Ten new codes, shown this once; the ones before no longer work."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
    codes = [
        write_code([secrets.randbelow(len(LETTERS)) for _ in range(GROUPS * GROUP_LENGTH)])
        for _ in range(CODES)
    ]
    session.add_all(
        RecoveryCode(account_id=account_id, code_hash=_hash_code(account_id, code.replace("-", "")))
        for code in codes
    )
    session.flush()
    _record(session, actor, "recovery-codes.made", account_id)
    return codes


def remove_app(session: Session, actor: Actor, account: Account, *, may_be_last: bool) -> None:
    """Raises Conflict for the last second factor where there must be one. Nothing happens without an app."""
    app = _app_of(session, account.id)
    if app is None or app.confirmed_at is None:
        return
    _keep_one(session, account, may_be_last=may_be_last)
    session.delete(app)
    session.flush()
    _record(session, actor, "authenticator-app.removed", account.id)
    _forget_codes_without_factor(session, account.id)


def remove_own_passkey(
    session: Session, actor: Actor, account: Account, passkey_id: UUID, *, may_be_last: bool
) -> None:
    """Raises NotFound, and Conflict for the last second factor of staff where there must be one."""
    find_own_passkey(session, account.id, passkey_id)
    _keep_one(session, account, may_be_last=may_be_last or account.kind is not AccountKind.STAFF)
    remove_passkey(session, actor, account, passkey_id)
    _forget_codes_without_factor(session, account.id)


def remove_all_factors(session: Session, actor: Actor, account: Account, *, reason: str) -> None:
    """An administrator helps somebody who lost phone and key: they set up a new one at the next sign-in."""
    app = _app_of(session, account.id)
    if app is not None:
        session.delete(app)
    session.execute(delete(Passkey).where(Passkey.account_id == account.id))
    session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account.id))
    session.flush()
    _record(session, actor, "second-factor.removed", account.id, reason=reason)


def _keep_one(session: Session, account: Account, *, may_be_last: bool) -> None:
    # Two at the same moment would each think that the other one stays.
    session.execute(select(Account.id).where(Account.id == account.id).with_for_update())
    if not may_be_last and factors_of(session, account.id).is_one:
        raise Conflict(
            "last-factor",
            N_("This is your only second factor. Add another one first, then remove this one."),
        )


def _forget_codes_without_factor(session: Session, account_id: UUID) -> None:
    """Recovery codes stand in for a factor: without one they would be a password on paper."""
    if not factors_of(session, account_id).is_any:
        session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))


def _use_app_code(session: Session, account_id: UUID, code: str) -> bool:
    app = _app_of(session, account_id)
    if app is None or app.confirmed_at is None:
        return False
    step = _matching_step(app.secret, code, last_step=app.last_step)
    if step is None:
        return False
    # Asked again by the database: of two who send one code at the same moment one gets in.
    used = session.execute(
        update(AuthenticatorApp)
        .where(AuthenticatorApp.id == app.id, AuthenticatorApp.last_step < step)
        .values(last_step=step)
        .returning(AuthenticatorApp.id)
    ).first()
    return used is not None


def _matching_step(secret: str, code: str, *, last_step: int) -> int | None:
    totp = pyotp.TOTP(secret)
    steps = steps_to_try(now(), last_step)
    return first_match(steps, (hmac.compare_digest(totp.at(step * STEP_S), code) for step in steps))


def _use_recovery_code(session: Session, account_id: UUID, code: str) -> bool:
    used = session.execute(
        update(RecoveryCode)
        .where(
            RecoveryCode.account_id == account_id,
            RecoveryCode.code_hash == _hash_code(account_id, code),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=now())
        .returning(RecoveryCode.id)
    ).first()
    return used is not None


def _hash_code(account_id: UUID, code: str) -> bytes:
    return hash_token(f"{account_id}:{code}")


def _app_of(session: Session, account_id: UUID) -> AuthenticatorApp | None:
    return session.scalar(select(AuthenticatorApp).where(AuthenticatorApp.account_id == account_id))


def _count(model: type[Passkey | RecoveryCode], *conditions: ColumnElement[bool]) -> ScalarSelect[int]:
    return select(func.count()).select_from(model).where(*conditions).scalar_subquery()


def _record(session: Session, actor: Actor, action: str, account_id: UUID, *, reason: str = "") -> None:
    record_event(session, actor, action, subject_kind="account", subject_id=account_id, reason=reason)
