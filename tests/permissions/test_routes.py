"""Everybody asks for every page and sends every form, with everything that makes it valid: what comes of it is written
down in `expected/`. A route that is not written down there fails here."""

import pytest

from telehealth.app import create_app
from tests.permissions import errands
from tests.permissions.errands import (
    admin,
    clinic,
    day_sheet,
    desk,
    desk_booking,
    find_patients,
    follow_ups,
    registry,
    schedules,
    self_service,
    sign_in,
    visit,
)
from tests.permissions.outcomes import Expected, Outcome, compare, read_tables
from tests.permissions.people import EVERYBODY
from tests.permissions.scene import Scene
from tests.permissions.stage import Result, Snapshot, try_errand, undone

pytestmark = pytest.mark.web

# Declaring their errands is what importing them does.
assert all(
    (
        errands,
        schedules,
        admin,
        clinic,
        day_sheet,
        desk,
        desk_booking,
        find_patients,
        sign_in,
        visit,
        create_app,
        follow_ups,
        self_service,
    )
)

EXPECTED = read_tables()
SERVES_FILES = frozenset({"static"})


def test_every_route_is_written_down(scene: Scene) -> None:
    routes = {
        f"{method} {rule.rule}"
        for rule in scene.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.endpoint not in SERVES_FILES
    }
    written = {what.partition("?")[0] for what in EXPECTED}
    assert sorted(routes - written) == [], "say in tests/permissions/expected who may do this"
    assert sorted(written - routes) == [], "there is no such route any more"
    assert sorted(registry.named_errands() - set(EXPECTED)) == []


@pytest.mark.parametrize("what", sorted(EXPECTED))
def test_everybody_gets_what_is_written_down(scene: Scene, what: str) -> None:
    expected = EXPECTED[what]
    method = what.split(" ", 1)[0]
    with undone(scene):
        errand = registry.arrange(scene, what)
        before = Snapshot.take(scene)
        results = [try_errand(scene, person, method, errand, before) for person in EVERYBODY]
    differences = compare(expected.letters, [result.outcome for result in results])
    assert not differences, "\n".join([what, *differences])
    faults = [
        f"{person.key}: {fault}"
        for person, result in zip(EVERYBODY, results, strict=True)
        for fault in faults_of(
            expected, result, is_known=person.is_known, session=scene.sessions.get(person.key)
        )
    ]
    assert not faults, "\n".join([what, *faults])


def faults_of(expected: Expected, result: Result, *, is_known: bool, session: object) -> list[str]:
    """What is wrong although the answer was right: something changed, or the audit trail is silent."""
    told = [action for action, who in result.events if who == session or not is_known]
    if result.outcome == Outcome.DONE:
        is_told = not expected.action or expected.action in [action for action, _ in result.events]
        return [] if is_told else [f"{expected.action} is not in the trail: {result.events}"]
    faults = [f"{table} was changed" for table in sorted(result.changed)]
    if result.outcome == Outcome.NOT_FOUND and is_known and told != ["access.refused"]:
        faults.append(f"the trail says {result.events} of the refusal")
    return faults
