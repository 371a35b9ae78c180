"""How the expected outcomes are written down: a line for each route and method, a letter for each person."""

from dataclasses import dataclass
from enum import StrEnum

from tests.permissions.expected import (
    accounts,
    admin,
    booking,
    clinic,
    day_sheet,
    desk_booking,
    find_patients,
    follow_ups,
    schedules,
    self_service,
)
from tests.permissions.people import EVERYBODY, GROUPS


class Outcome(StrEnum):
    DONE = "+"  # what was asked for
    NOT_FOUND = "-"  # 404
    STAFF_SIGN_IN = "S"  # led to the sign-in of staff
    PATIENT_SIGN_IN = "P"  # led to the sign-in of patients
    NOTHING_THERE = "0"  # the form says that there is nothing: the same answer as for what does not exist
    SIGNED_OUT = "J"  # a script is told that nobody is signed in (401)


LETTERS = frozenset(outcome.value for outcome in Outcome)


@dataclass(frozen=True, slots=True)
class Expected:
    """One line. `action`: what a permitted request leaves in the audit trail; "" where it tells nothing of people."""

    what: str
    letters: str
    action: str


def read_tables() -> dict[str, Expected]:
    """All lines, by what is asked."""
    found: dict[str, Expected] = {}
    for table in (
        accounts,
        admin,
        booking,
        clinic,
        day_sheet,
        desk_booking,
        find_patients,
        follow_ups,
        schedules,
        self_service,
    ):
        found |= read_table(table.ROUTES)
    return found


def read_table(text: str) -> dict[str, Expected]:
    """The lines of a table by their first column. Raises ValueError for a line that does not fit the cast."""
    found: dict[str, Expected] = {}
    for line in text.strip().splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        what, columns, action = (part.strip() for part in line.split("|"))
        groups = columns.split()
        if [len(group) for group in groups] != [len(group) for group in GROUPS]:
            raise ValueError(f"not a letter for each person: {line}")
        letters = "".join(groups)
        if not set(letters) <= LETTERS:
            raise ValueError(f"unknown letter: {line}")
        what = " ".join(what.split())
        if what in found:
            raise ValueError(f"twice: {what}")
        found[what] = Expected(what, letters, action)
    return found


def compare(expected: str, found: list[str]) -> list[str]:
    """In words, for whom the outcome differs; empty where it is as written."""
    return [
        f"{person.key} ({person.words}): expected {wanted!r}, found {got!r}"
        for person, wanted, got in zip(EVERYBODY, expected, found, strict=True)
        if wanted != got
    ]
