"""Times as forms send them, and what others make of them."""

from uuid import UUID

import pytest

from telehealth.booking.slot_values import instant_value, read_instant, read_slot

pytestmark = pytest.mark.domain

KEY = UUID("8d7d1bd8-2d68-4a30-9d3c-0a6a3c5f2d11")


def test_what_a_button_sends_is_read_as_it_was_written() -> None:
    read = read_instant("2026-10-25T01:30:00Z")
    assert read is not None
    assert instant_value(read) == "2026-10-25T01:30:00Z"
    assert read_slot(f"{KEY}/2026-10-25T01:30:00Z") == (KEY, read)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "tomorrow",
        "2026-02-30T09:00:00Z",
        "2026-10-25T01:30:00",
        # Dates that another zone, or a week more, has no place for.
        "0001-01-01T00:00:00Z",
        "1999-12-31T23:59:59Z",
        "2201-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
    ],
)
def test_what_is_no_time_of_a_clinic_is_nothing(value: str) -> None:
    assert read_instant(value) is None
    assert read_slot(f"{KEY}/{value}") is None
