"""The registry of policies: every route and every socket event names one; without one it is refused.

A `Policy` answers for the *function* ("a receptionist may open the desk"). Which *objects* a person may see is decided
by the functions beside it in a feature's `policies.py` (actor, object) -> bool, which its services ask: they raise
NotFound for a stranger's appointment.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from telehealth.actor import Actor

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Policy:
    """Who may do something. `name` reads as the answer to "who?"; `sign_in`: where those who may not yet are sent."""

    name: str
    allows: Callable[[Actor], bool]
    # The endpoint of a sign-in page; "" where signing in would not help.
    sign_in: str = ""


ANYONE = Policy("anyone", lambda _actor: True)

_MARK = "telehealth_policy"
event_policies: dict[str, Policy] = {}


def guarded(policy: Policy) -> Callable[[View], View]:
    """Declare the policy of a view function."""

    def mark(view: View) -> View:
        setattr(view, _MARK, policy)
        return view

    return mark


def policy_of(view: Callable[..., Any] | None) -> Policy | None:
    """The declared policy of a view function, or None (which means: refuse)."""
    return getattr(view, _MARK, None)


def declare_event(name: str, policy: Policy) -> None:
    """Say who may send the socket event `name`; an event without this fails the build."""
    event_policies[name] = policy
