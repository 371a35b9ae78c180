"""Which request is sent to a route: by its rule and method. What is not named here needs no more than its address."""

import re
from collections.abc import Callable
from typing import Any

from tests.permissions.scene import Scene
from tests.permissions.stage import Errand

Arrange = Callable[[Scene], Errand]
_errands: dict[str, Arrange] = {}


def errand(what: str) -> Callable[[Arrange], Arrange]:
    """Declare how a route is asked, for example `@errand("POST /sign-in")`."""

    def keep(arrange: Arrange) -> Arrange:
        if what in _errands:
            raise ValueError(f"twice: {what}")
        _errands[what] = arrange
        return arrange

    return keep


def arrange(scene: Scene, what: str) -> Errand:
    """Make the objects that a request needs, and the request. Raises LookupError where nobody said how."""
    if what in _errands:
        return _errands[what](scene)
    method, rule = what.split(" ", 1)
    if method != "GET":
        raise LookupError(f"say in tests/permissions/errands what a valid {what} is")
    return Errand(address_of(scene, rule))


def address_of(scene: Scene, rule: str, **keys: object) -> str:
    """A rule with keys in it: by default those of the scene's objects."""
    known: dict[str, Any] = {
        "patient_id": scene.patient.id,
        "appointment_id": scene.appointment.id,
        "note_id": scene.note.id,
        **keys,
    }

    def fill(match: re.Match[str]) -> str:
        name = match.group(1).split(":")[-1]
        if name not in known:
            raise LookupError(f"say in tests/permissions/errands what <{name}> of {rule} is")
        return str(known[name])

    return re.sub(r"<([^>]+)>", fill, rule)


def named_errands() -> frozenset[str]:
    return frozenset(_errands)
