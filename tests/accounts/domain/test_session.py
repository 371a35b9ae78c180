"""How long a sign-in lasts, and when it has to be proved again."""

from datetime import UTC, datetime, timedelta

import pytest

from telehealth.accounts.domain.account import AccountKind
from telehealth.accounts.domain.session import (
    ADMINISTRATOR_LIMITS,
    GUEST_LIMITS,
    LONG_PAUSE,
    PATIENT_LIMITS,
    RECENT_PROOF,
    STAFF_LIMITS,
    UNFINISHED_LIMITS,
    SessionTimes,
    Stage,
    limits_for,
    needs_proof_after,
)

pytestmark = pytest.mark.domain

BEGAN = datetime(2027, 1, 12, 9, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def times(*, seen_after: timedelta = timedelta(), is_proof_needed: bool = False) -> SessionTimes:
    return SessionTimes(
        proved_at=BEGAN,
        last_seen_at=BEGAN + seen_after,
        is_proof_needed=is_proof_needed,
        limits=STAFF_LIMITS,
    )


def test_it_ends_after_the_idle_limit_without_anything_done() -> None:
    assert not times().is_expired(BEGAN + STAFF_LIMITS.idle - SECOND)
    assert times().is_expired(BEGAN + STAFF_LIMITS.idle)


def test_doing_something_puts_the_end_off() -> None:
    assert not times(seen_after=timedelta(minutes=20)).is_expired(BEGAN + STAFF_LIMITS.idle)


def test_it_ends_at_the_absolute_limit_whatever_is_done() -> None:
    busy = times(seen_after=STAFF_LIMITS.absolute - SECOND)
    assert not busy.is_expired(BEGAN + STAFF_LIMITS.absolute - SECOND)
    assert busy.is_expired(BEGAN + STAFF_LIMITS.absolute)
    assert busy.is_expired_by_age(BEGAN + STAFF_LIMITS.absolute)


def test_an_export_needs_a_proof_of_the_last_minutes() -> None:
    assert times().is_recently_proved(BEGAN + RECENT_PROOF)
    assert not times(seen_after=RECENT_PROOF).is_recently_proved(BEGAN + RECENT_PROOF + SECOND)


def test_signing_after_a_long_pause_needs_a_proof() -> None:
    assert not times().must_prove_to_sign(BEGAN + LONG_PAUSE)
    assert times().must_prove_to_sign(BEGAN + LONG_PAUSE + SECOND)


def test_the_pause_is_remembered_by_the_request_after_it() -> None:
    assert needs_proof_after(BEGAN, BEGAN + LONG_PAUSE + SECOND)
    assert not needs_proof_after(BEGAN, BEGAN + LONG_PAUSE)
    assert times(seen_after=timedelta(minutes=15), is_proof_needed=True).must_prove_to_sign(
        BEGAN + timedelta(minutes=15)
    )


@pytest.mark.parametrize(
    ("stage", "kind", "roles", "limits"),
    [
        (Stage.SIGNED_IN, AccountKind.STAFF, ["clinician"], STAFF_LIMITS),
        (Stage.SIGNED_IN, AccountKind.STAFF, ["receptionist", "administrator"], ADMINISTRATOR_LIMITS),
        (Stage.SIGNED_IN, AccountKind.STAFF, [], STAFF_LIMITS),
        (Stage.SIGNED_IN, AccountKind.PATIENT, [], PATIENT_LIMITS),
        (Stage.SECOND_FACTOR, AccountKind.STAFF, ["clinician"], UNFINISHED_LIMITS),
        (Stage.GUEST, None, [], GUEST_LIMITS),
    ],
)
def test_the_limits_go_by_the_role_with_the_shortest(
    stage: Stage, kind: AccountKind | None, roles: list[str], limits: object
) -> None:
    assert limits_for(stage, kind, roles) == limits
