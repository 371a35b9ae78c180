"""Passkeys (WebAuthn): registered by somebody who is signed in, then used as a second factor or alone.

Each challenge is a row that the first answer deletes, whether it is right or not.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import webauthn
from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from webauthn.helpers import base64url_to_bytes, parse_client_data_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from telehealth.accounts.domain.account import AccountKind
from telehealth.accounts.models import Account, ChallengePurpose, Passkey, PasskeyChallenge
from telehealth.accounts.services.sessions import hash_token
from telehealth.actor import Actor
from telehealth.audit.services import record_event
from telehealth.clock import now
from telehealth.errors import N_, Conflict, InvalidInput, NotFound

CHALLENGE_BYTES = 32
CHALLENGE_LIFE = timedelta(minutes=5)
MOST_PASSKEYS = 20
LONGEST_ANSWER = 20_000
# Staff have a password; a passkey alone signs in patients and carers.
ALONE = (AccountKind.PATIENT, AccountKind.RELATED)


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """For whom passkeys are made: the host name, and the address that the browser shows."""

    id: str
    name: str
    origin: str

    @classmethod
    def of(cls, base_url: str, name: str) -> "RelyingParty":
        return cls(id=urlsplit(base_url).hostname or "", name=name, origin=base_url)


def registration_options(session: Session, account: Account, party: RelyingParty) -> dict[str, Any]:
    """What the browser needs to make a passkey (navigator.credentials.create). Raises Conflict at too many."""
    known = list_passkeys(session, account.id)
    if len(known) >= MOST_PASSKEYS:
        raise Conflict(
            "too-many-passkeys", N_("You have 20 passkeys. Remove one that you no longer use first.")
        )
    is_alone = account.kind in ALONE
    options = webauthn.generate_registration_options(
        rp_id=party.id,
        rp_name=party.name,
        user_id=account.id.bytes,
        user_name=account.email or account.display_name,
        user_display_name=account.display_name,
        challenge=_make_challenge(session, ChallengePurpose.REGISTER, account.id),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED if is_alone else ResidentKeyRequirement.PREFERRED,
            user_verification=_verification(is_alone=is_alone),
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=passkey.credential_id) for passkey in known],
    )
    return _as_dict(options)


def register_passkey(
    session: Session, actor: Actor, account: Account, party: RelyingParty, answer: str, name: str
) -> Passkey | None:
    """Keep the passkey in `answer` (the browser's credential as JSON). None where it cannot be accepted.

    It does not raise then: the challenge is used up, and the caller's transaction must keep that.
    """
    challenge = _take_challenge(session, answer, ChallengePurpose.REGISTER, account.id)
    if challenge is None:
        return None
    try:
        checked = webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            require_user_verification=account.kind in ALONE,
        )
    except _NOT_ACCEPTED:
        return None
    if session.scalar(select(Passkey.id).where(Passkey.credential_id == checked.credential_id)):
        return None
    passkey = Passkey(
        account_id=account.id,
        credential_id=checked.credential_id,
        public_key=checked.credential_public_key,
        sign_count=checked.sign_count,
        name=_checked_name(name),
        created_at=now(),
    )
    session.add(passkey)
    session.flush()
    _record(session, actor, "passkey.added", account)
    return passkey


def assertion_options(session: Session, account: Account | None, party: RelyingParty) -> dict[str, Any]:
    """What the browser needs to ask for a passkey (navigator.credentials.get).

    With an account: one of its passkeys. None: whichever the person has; it says who they are (`verify_assertion`).
    """
    is_alone = account is None or account.kind in ALONE
    known = list_passkeys(session, account.id) if account else []
    options = webauthn.generate_authentication_options(
        rp_id=party.id,
        challenge=_make_challenge(session, _purpose(account), account.id if account else None),
        allow_credentials=[PublicKeyCredentialDescriptor(id=passkey.credential_id) for passkey in known],
        user_verification=_verification(is_alone=is_alone),
    )
    return _as_dict(options)


def verify_assertion(
    session: Session, account: Account | None, party: RelyingParty, answer: str
) -> Account | None:
    """Whose passkey answered (the browser's credential as JSON); None where it is not accepted.

    With an account only its own passkeys count. Without one (a patient or carer signs in) staff are not accepted.
    It does not raise: the challenge is used up, and the caller's transaction must keep that.
    """
    challenge = _take_challenge(session, answer, _purpose(account), account.id if account else None)
    if challenge is None:
        return None
    try:
        credential_id = base64url_to_bytes(str(json.loads(answer)["rawId"]))
        passkey = session.scalar(
            select(Passkey).where(Passkey.credential_id == credential_id).with_for_update()
        )
        owner = session.get(Account, passkey.account_id) if passkey else None
        if passkey is None or owner is None or not _may_use(owner, account):
            return None
        checked = webauthn.verify_authentication_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=owner.kind in ALONE,
        )
    except _NOT_ACCEPTED:
        return None
    passkey.sign_count = checked.new_sign_count
    passkey.last_used_at = now()
    session.flush()
    return owner


def list_passkeys(session: Session, account_id: UUID) -> list[Passkey]:
    """An account's passkeys, the oldest first."""
    return list(
        session.scalars(
            select(Passkey).where(Passkey.account_id == account_id).order_by(Passkey.created_at, Passkey.id)
        )
    )


def rename_passkey(session: Session, account_id: UUID, passkey_id: UUID, name: str) -> None:
    """Raises NotFound where it is not of that account, InvalidInput for no name."""
    find_own_passkey(session, account_id, passkey_id).name = _checked_name(name, is_required=True)


def remove_passkey(session: Session, actor: Actor, account: Account, passkey_id: UUID) -> None:
    """Raises NotFound where it is not of that account."""
    session.delete(find_own_passkey(session, account.id, passkey_id))
    session.flush()
    _record(session, actor, "passkey.removed", account)


# Whatever somebody sends in the place of an answer ends in one of these.
_NOT_ACCEPTED = (
    WebAuthnException,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    IndexError,
    RecursionError,
)


def _may_use(owner: Account, account: Account | None) -> bool:
    if not owner.is_active:
        return False
    return owner.kind in ALONE if account is None else owner.id == account.id


def _purpose(account: Account | None) -> ChallengePurpose:
    return ChallengePurpose.SIGN_IN if account is None else ChallengePurpose.SECOND_FACTOR


def _verification(*, is_alone: bool) -> UserVerificationRequirement:
    # Alone it must be the person (finger, face or PIN), not whoever holds the device.
    return UserVerificationRequirement.REQUIRED if is_alone else UserVerificationRequirement.PREFERRED


def _make_challenge(session: Session, purpose: ChallengePurpose, account_id: UUID | None) -> bytes:
    made_at = now()
    session.execute(delete(PasskeyChallenge).where(PasskeyChallenge.expires_at < made_at))
    challenge = secrets.token_bytes(CHALLENGE_BYTES)
    session.add(
        PasskeyChallenge(
            challenge_hash=_hash(challenge),
            purpose=purpose,
            account_id=account_id,
            expires_at=made_at + CHALLENGE_LIFE,
        )
    )
    session.flush()
    return challenge


def _take_challenge(
    session: Session, answer: str, purpose: ChallengePurpose, account_id: UUID | None
) -> bytes | None:
    """The challenge that an answer names, if we made it for this; it works this once."""
    if len(answer) > LONGEST_ANSWER:
        return None
    try:
        client_data = base64url_to_bytes(str(json.loads(answer)["response"]["clientDataJSON"]))
        challenge = parse_client_data_json(client_data).challenge
    except _NOT_ACCEPTED:
        return None
    is_for = (
        PasskeyChallenge.account_id == account_id if account_id else PasskeyChallenge.account_id.is_(None)
    )
    taken = session.execute(
        delete(PasskeyChallenge)
        .where(
            PasskeyChallenge.challenge_hash == _hash(challenge),
            PasskeyChallenge.purpose == purpose,
            is_for,
            PasskeyChallenge.expires_at > now(),
        )
        .returning(PasskeyChallenge.id)
    ).first()
    return challenge if taken else None


def _hash(challenge: bytes) -> bytes:
    return hash_token(challenge.hex())


def find_own_passkey(session: Session, account_id: UUID, passkey_id: UUID) -> Passkey:
    """Raises NotFound where it is not of that account."""
    passkey = session.get(Passkey, passkey_id)
    if passkey is None or passkey.account_id != account_id:
        raise NotFound
    return passkey


def _checked_name(name: str, *, is_required: bool = False) -> str:
    name = " ".join(name.split())[:100]
    if is_required and not name:
        raise InvalidInput("passkey-name", N_("Enter a name for the passkey"), field="name")
    return name or "Passkey"


def _as_dict(options: Any) -> dict[str, Any]:
    made: Mapping[str, Any] = json.loads(webauthn.options_to_json(options))
    return dict(made)


def _record(session: Session, actor: Actor, action: str, account: Account) -> None:
    record_event(
        session,
        actor,
        action,
        subject_kind="account",
        subject_id=account.id,
        organisation_id=account.organisation_id,
    )
