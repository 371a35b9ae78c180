"""ICE servers for a call, with TURN credentials that last an hour (REST-style HMAC, as coturn checks them)."""

import base64
import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Any

CREDENTIAL_LIFE = timedelta(hours=1)


def has_relay(urls: tuple[str, ...], secret: str | None) -> bool:
    """Whether there is a TURN server through which a call can go without showing an address."""
    return bool(secret) and any(not url.startswith("stun:") for url in urls)


def ice_servers(
    urls: tuple[str, ...], secret: str | None, user: str, now: datetime, *, is_relay_only: bool = False
) -> list[dict[str, Any]]:
    """RTCIceServer dictionaries. The username is "<unix expiry>:<user>", the credential its HMAC-SHA1, base64.

    Who may use relays alone is given no STUN server: there is nothing to ask it.
    """
    stun = [] if is_relay_only else [url for url in urls if url.startswith("stun:")]
    turn = [url for url in urls if not url.startswith("stun:")]
    servers: list[dict[str, Any]] = [{"urls": stun}] if stun else []
    if turn and secret:
        username = f"{int((now + CREDENTIAL_LIFE).timestamp())}:{user}"
        digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
        servers.append(
            {"urls": turn, "username": username, "credential": base64.b64encode(digest).decode("ascii")}
        )
    return servers
