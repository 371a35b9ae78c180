"""A passkey in software: answers a challenge as a browser with a security key would."""

import json
import struct
from hashlib import sha256
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import bytes_to_base64url

USER_PRESENT, USER_VERIFIED, HAS_KEY = 0x01, 0x04, 0x40


class SoftPasskey:
    """One key pair (ES256); its answers carry no attestation, like those of most browsers."""

    def __init__(self, *, host: str, origin: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._host, self._origin = host, origin
        self.credential_id = sha256(origin.encode()).digest()

    @property
    def public_key(self) -> bytes:
        """In the form in which servers keep it (COSE)."""
        numbers = self._key.public_key().public_numbers()
        x, y = (number.to_bytes(32, "big") for number in (numbers.x, numbers.y))
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})

    def register(self, challenge: bytes) -> str:
        """The answer to navigator.credentials.create."""
        key = bytes(16) + struct.pack(">H", len(self.credential_id)) + self.credential_id + self.public_key
        data = self._authenticator_data(HAS_KEY) + key
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer("webauthn.create", challenge, attestationObject=bytes_to_base64url(attestation))

    def sign(self, challenge: bytes) -> str:
        """The answer to navigator.credentials.get."""
        data = self._authenticator_data()
        client_data = self._client_data("webauthn.get", challenge)
        signature = self._key.sign(data + sha256(client_data).digest(), ec.ECDSA(SHA256()))
        return self._answer(
            "webauthn.get",
            challenge,
            authenticatorData=bytes_to_base64url(data),
            signature=bytes_to_base64url(signature),
        )

    def _authenticator_data(self, more: int = 0) -> bytes:
        flags = USER_PRESENT | USER_VERIFIED | more
        return sha256(self._host.encode()).digest() + struct.pack(">BI", flags, 0)

    def _client_data(self, kind: str, challenge: bytes) -> bytes:
        return json.dumps(
            {"type": kind, "challenge": bytes_to_base64url(challenge), "origin": self._origin}
        ).encode()

    def _answer(self, kind: str, challenge: bytes, **response: Any) -> str:
        key = bytes_to_base64url(self.credential_id)
        client_data = bytes_to_base64url(self._client_data(kind, challenge))
        return json.dumps(
            {
                "id": key,
                "rawId": key,
                "type": "public-key",
                "response": {"clientDataJSON": client_data, **response},
                "clientExtensionResults": {},
            }
        )
