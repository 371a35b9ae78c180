"""Second factors of tests: an authenticator app's codes, and a passkey that lives in a variable."""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import cbor2
import pyotp
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import select
from sqlalchemy.orm import Session
from webauthn.helpers import bytes_to_base64url

from telehealth.accounts.models import Account, AuthenticatorApp
from telehealth.clock import now

ORIGIN = "http://localhost:5000"
USER_PRESENT, USER_VERIFIED, HAS_CREDENTIAL = 0x01, 0x04, 0x40


def add_app(session: Session, account: Account) -> str:
    """An authenticator app that is in use; returns its secret. Not committed."""
    app = AuthenticatorApp(account_id=account.id, created_at=now(), confirmed_at=now())
    app.secret = pyotp.random_base32()
    session.add(app)
    session.flush()
    return app.secret


def code_of(secret: str, *, steps: int = 0) -> str:
    """The code that the app shows now, or some steps of 30 seconds earlier or later."""
    return pyotp.TOTP(secret).at(now(), counter_offset=steps)


def wrong_code(secret: str) -> str:
    """Six digits that are none of the codes around now."""
    right = {code_of(secret, steps=steps) for steps in range(-3, 4)}
    return next(code for code in (f"{number:06}" for number in range(10)) if code not in right)


@dataclass
class Device:
    """A passkey as a browser would use it (ES256). `origin` and `is_verifying` are what a test may twist."""

    origin: str = ORIGIN
    rp_id: str = "localhost"
    is_verifying: bool = True
    sign_count: int = 0
    credential_id: bytes = field(default_factory=lambda: hashlib.sha256(now().isoformat().encode()).digest())
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    user_handle: bytes = b""

    def create(self, options: dict[str, Any]) -> str:
        """What navigator.credentials.create answers, as the page sends it."""
        point = self.key.public_key().public_numbers()
        public_key = cbor2.dumps(
            {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}
        )
        length = len(self.credential_id).to_bytes(2, "big")
        data = self._data(HAS_CREDENTIAL) + bytes(16) + length + self.credential_id + public_key
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client_data = self._client_data("webauthn.create", options)
        return self._answer(clientDataJSON=client_data, attestationObject=attestation)

    def get(self, options: dict[str, Any], *, is_counting: bool = True) -> str:
        """What navigator.credentials.get answers, as the page sends it."""
        if is_counting:
            self.sign_count += 1
        data = self._data(0)
        client_data = self._client_data("webauthn.get", options)
        signed = data + hashlib.sha256(client_data).digest()
        signature = self.key.sign(signed, ec.ECDSA(hashes.SHA256()))
        return self._answer(clientDataJSON=client_data, authenticatorData=data, signature=signature)

    def _data(self, flags: int) -> bytes:
        flags |= USER_PRESENT | (USER_VERIFIED if self.is_verifying else 0)
        host = hashlib.sha256(self.rp_id.encode()).digest()
        return host + bytes([flags]) + self.sign_count.to_bytes(4, "big")

    def _client_data(self, kind: str, options: dict[str, Any]) -> bytes:
        return json.dumps(
            {"type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": False}
        ).encode()

    def _answer(self, **response: bytes) -> str:
        own_id = bytes_to_base64url(self.credential_id)
        return json.dumps(
            {
                "id": own_id,
                "rawId": own_id,
                "type": "public-key",
                "clientExtensionResults": {},
                "response": {name: bytes_to_base64url(value) for name, value in response.items()},
            }
        )


def new_secret_of(session: Session, account_id: UUID) -> str | None:
    """The secret that is being set up, whoever is shown it."""
    found = session.scalar(select(AuthenticatorApp).where(AuthenticatorApp.account_id == account_id))
    return (found.new_secret or None) if found else None
