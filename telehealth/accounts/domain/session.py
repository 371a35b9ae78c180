"""How long a sign-in lasts, by who it is, and when it has to be proved again."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from telehealth.accounts.domain.account import AccountKind


class Stage(StrEnum):
    """How far somebody has come with signing in."""

    GUEST = "guest"  # a browser that opened visits by link; nobody is signed in
    SECOND_FACTOR = "second-factor"  # the password was right; the second factor is missing
    SET_UP = "set-up"  # a first sign-in: password and second factor are being set up
    SIGNED_IN = "signed-in"


@dataclass(frozen=True, slots=True)
class Limits:
    """`idle`: without anything done; `absolute`: since the last proof, whatever is done."""

    idle: timedelta
    absolute: timedelta


# Short for those who see the most. A patient's visit lasts a clinic day: they wait, and their phone may sleep.
ADMINISTRATOR_LIMITS = Limits(idle=timedelta(minutes=15), absolute=timedelta(hours=8))
STAFF_LIMITS = Limits(idle=timedelta(minutes=30), absolute=timedelta(hours=12))
PATIENT_LIMITS = Limits(idle=timedelta(minutes=30), absolute=timedelta(hours=12))
GUEST_LIMITS = Limits(idle=timedelta(hours=12), absolute=timedelta(hours=12))
# Between password and second factor, and during a first sign-in.
UNFINISHED_LIMITS = Limits(idle=timedelta(minutes=30), absolute=timedelta(minutes=30))

# Before an export or emergency access: proved within this time.
RECENT_PROOF = timedelta(minutes=5)
# Signing a note after so long without anything done asks for a proof first.
LONG_PAUSE = timedelta(minutes=10)
# A page warns so long before either limit.
WARN_BEFORE = timedelta(minutes=2)
# The time of the last request is written at most so often: it is a write for each page otherwise.
SEEN_EVERY = timedelta(seconds=60)

_STAFF_LIMITS: Mapping[str, Limits] = {"administrator": ADMINISTRATOR_LIMITS}


def limits_for(stage: Stage, kind: AccountKind | None, roles: Iterable[str] = ()) -> Limits:
    """The limits of a session: the shortest of all roles that its account holds."""
    if stage is Stage.GUEST or kind is None:
        return GUEST_LIMITS
    if stage is not Stage.SIGNED_IN:
        return UNFINISHED_LIMITS
    if kind is not AccountKind.STAFF:
        return PATIENT_LIMITS
    held = [_STAFF_LIMITS.get(role, STAFF_LIMITS) for role in roles] or [STAFF_LIMITS]
    return Limits(idle=min(limit.idle for limit in held), absolute=min(limit.absolute for limit in held))


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionTimes:
    """What is remembered of a session's times."""

    proved_at: datetime
    last_seen_at: datetime
    is_proof_needed: bool
    limits: Limits

    @property
    def expires_at(self) -> datetime:
        """When it ends if nothing more is done."""
        return min(self.last_seen_at + self.limits.idle, self.ends_at)

    @property
    def ends_at(self) -> datetime:
        """When it ends whatever is done."""
        return self.proved_at + self.limits.absolute

    def is_expired(self, now: datetime) -> bool:
        return now >= self.expires_at

    def is_expired_by_age(self, now: datetime) -> bool:
        """True where only a new proof helps. A running call outlives it: signing in is asked over the page."""
        return now >= self.ends_at

    def is_recently_proved(self, now: datetime) -> bool:
        return now - self.proved_at <= RECENT_PROOF

    def must_prove_to_sign(self, now: datetime) -> bool:
        """True after a pause in which somebody else may have sat down at this computer."""
        return self.is_proof_needed or now - self.last_seen_at > LONG_PAUSE


def needs_proof_after(last_seen_at: datetime, now: datetime) -> bool:
    """Whether the pause before this request was so long that signing must be proved."""
    return now - last_seen_at > LONG_PAUSE
