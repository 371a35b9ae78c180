from datetime import UTC, datetime, timedelta

import pytest

from telehealth.messages.domain.delivery import MOST_TRIES, is_too_late, next_try

pytestmark = pytest.mark.domain

NOW = datetime(2027, 1, 12, 14, 30, tzinfo=UTC)


def test_the_pauses_grow_and_end() -> None:
    minutes = []
    for attempts in range(1, MOST_TRIES):
        again_at = next_try(attempts, NOW)
        assert again_at is not None
        minutes.append((again_at - NOW) // timedelta(minutes=1))
    assert minutes == [1, 5, 25, 125, 625]
    assert next_try(MOST_TRIES, NOW) is None
    assert next_try(MOST_TRIES + 1, NOW) is None


def test_a_link_that_has_run_out_is_too_late() -> None:
    assert not is_too_late(None, NOW)
    assert not is_too_late(NOW + timedelta(seconds=1), NOW)
    assert is_too_late(NOW, NOW)
