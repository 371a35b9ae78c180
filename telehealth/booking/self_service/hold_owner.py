"""Whose hold it is: an account's, or a browser's that nobody signed in to."""

import secrets

from flask import session as cookie

from telehealth.extensions import actor

_BROWSER = "browser"


def hold_owner() -> str:
    """A stable text for this person: of their account, or random and kept in the signed cookie."""
    if actor().is_signed_in:
        return actor().key
    if not isinstance(cookie.get(_BROWSER), str):
        cookie[_BROWSER] = secrets.token_hex(16)
    return f"browser:{cookie[_BROWSER]}"
