"""Somebody's own sign-in as their page shows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from flask_babel import gettext, ngettext

from telehealth.accounts.domain.account import AccountKind
from telehealth.accounts.models import Account, Passkey
from telehealth.accounts.services.second_factor import Factors
from telehealth.accounts.services.security import OwnSession, Tries
from telehealth.clock import UK, now
from telehealth.dates import ago_text, instant_text

# Browsers pose as each other: the more particular name comes first.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "Mac"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True, slots=True)
class SessionLine:
    id: UUID
    browser: str
    details: str
    is_this: bool


@dataclass(frozen=True, slots=True)
class PasskeyLine:
    id: UUID
    name: str
    details: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityPage:
    name: str
    email: str
    is_staff: bool
    has_app: bool
    passkeys: Sequence[PasskeyLine]
    has_factor: bool
    # Whether the only second factor may be removed.
    may_be_last: bool
    is_offered: bool
    codes_text: str
    tries_text: str
    sessions: Sequence[SessionLine]
    has_others: bool


def browser_text(browser: str) -> str:
    """For example "Chrome on Windows", from what the browser says of itself."""
    name = next((words for sign, words in _BROWSERS if sign in browser), "")
    system = next((words for sign, words in _SYSTEMS if sign in browser), "")
    if name and system:
        return gettext("%(browser)s on %(system)s", browser=name, system=system)
    return name or system or gettext("Unknown browser")


def passkey_name(browser: str) -> str:
    """How a passkey is called until somebody names it: after where it was made."""
    return browser_text(browser)


def present_security(
    account: Account,
    factors: Factors,
    passkeys: Sequence[Passkey],
    sessions: Sequence[OwnSession],
    tries: Tries,
    *,
    is_demo: bool,
) -> SecurityPage:
    is_staff = account.kind is AccountKind.STAFF
    return SecurityPage(
        name=account.display_name,
        email=account.email or "",
        is_staff=is_staff,
        has_app=factors.has_app,
        passkeys=[PasskeyLine(key.id, key.name, _passkey_details(key)) for key in passkeys],
        has_factor=factors.is_any,
        may_be_last=is_demo or not is_staff or not factors.is_one,
        is_offered=is_staff and not factors.is_any,
        codes_text=_codes_text(factors) if is_staff and factors.is_any else "",
        tries_text=_tries_text(tries),
        sessions=[
            SessionLine(one.id, browser_text(one.browser), _session_details(one), one.is_this)
            for one in sessions
        ],
        has_others=any(not one.is_this for one in sessions),
    )


def _passkey_details(passkey: Passkey) -> str:
    added = gettext("Added on %(when)s.", when=instant_text(passkey.created_at, str(UK)))
    if passkey.last_used_at is None:
        return f"{added} {gettext('Not used yet.')}"
    return f"{added} {gettext('Last used %(ago)s.', ago=ago_text(passkey.last_used_at, now()))}"


def _session_details(one: OwnSession) -> str:
    texts = [
        gettext("Signed in on %(when)s.", when=instant_text(one.created_at, str(UK)))
        if one.is_finished
        else gettext(
            "The password was given on %(when)s, but no second factor.",
            when=instant_text(one.created_at, str(UK)),
        ),
        gettext("Last used %(ago)s.", ago=ago_text(one.last_seen_at, now())),
    ]
    if one.address:
        texts.append(gettext("Address: %(address)s.", address=one.address))
    return " ".join(texts)


def _codes_text(factors: Factors) -> str:
    if not factors.recovery_codes:
        return gettext("You have no recovery codes left.")
    return ngettext(
        "%(num)d recovery code is left.", "%(num)d recovery codes are left.", factors.recovery_codes
    )


def _tries_text(tries: Tries) -> str:
    counted = []
    if tries.passwords:
        counted.append(ngettext("%(num)d wrong password", "%(num)d wrong passwords", tries.passwords))
    if tries.codes:
        counted.append(ngettext("%(num)d wrong code", "%(num)d wrong codes", tries.codes))
    if not counted:
        return ""
    what = gettext(" and ").join(counted)
    if tries.since is None:
        return gettext("%(what)s so far.", what=what)
    return gettext(
        "%(what)s since your sign-in before this one (%(when)s).",
        what=what,
        when=instant_text(tries.since, str(UK)),
    )
