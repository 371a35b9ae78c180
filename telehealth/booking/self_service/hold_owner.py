"""Whose hold it is: an account's, or a browser's that nobody signed in to."""

import secrets

from flask import session as cookie
from sqlalchemy.orm import Session

from telehealth.booking.services.holds import release_all
from telehealth.extensions import actor

_BROWSER = "browser"


def hold_owner() -> str:
    """A stable text for this person: of their account, or random and kept in the signed cookie."""
    if actor().is_signed_in:
        return actor().key
    if not isinstance(cookie.get(_BROWSER), str):
        cookie[_BROWSER] = secrets.token_hex(16)
    return f"browser:{cookie[_BROWSER]}"


def release_browser_holds(database_session: Session) -> None:
    """Somebody signs in, or opens their link: what the browser kept for nobody in particular is free again.

    It would not be theirs any more, and would hide the time from the very person who chose it.
    """
    if isinstance(cookie.get(_BROWSER), str):
        release_all(database_session, f"browser:{cookie[_BROWSER]}")
