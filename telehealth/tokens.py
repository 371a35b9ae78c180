"""Short-lived socket tokens: minted for a page that passed its guard, they decide what its socket may do."""

from dataclasses import dataclass
from typing import Any

from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer

MAX_AGE_S = 120


class TokenExpired(Exception):
    """The token was good and is too old: the page fetches a fresh one."""


class TokenRefused(Exception):
    """Not a token of this service."""


@dataclass(frozen=True, slots=True)
class SocketToken:
    """`kind` names the sort of page ("live", "room"); `claims` are what its feature put in."""

    kind: str
    claims: dict[str, Any]


class TokenSigner:
    def __init__(self, secret_key: str) -> None:
        self._serializer = URLSafeTimedSerializer(secret_key, salt="socket-token")

    def sign(self, token: SocketToken) -> str:
        return self._serializer.dumps({"kind": token.kind, **token.claims})

    def read(self, text: object) -> SocketToken:
        """The token behind a text. Raises TokenExpired or TokenRefused."""
        if not isinstance(text, str) or len(text) > 4096:
            raise TokenRefused
        try:
            body = self._serializer.loads(text, max_age=MAX_AGE_S)
        except SignatureExpired as error:
            raise TokenExpired from error
        except BadSignature as error:
            raise TokenRefused from error
        kind = body.pop("kind", "")
        return SocketToken(kind, body)
