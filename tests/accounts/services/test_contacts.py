"""Which phone numbers can be somebody's."""

import pytest

from telehealth.accounts.services.contacts import e164

pytestmark = pytest.mark.domain


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("07700 900123", "+447700900123"),
        ("+44 7700 900123", "+447700900123"),
        ("(01632) 960 123", "+441632960123"),
        ("020 7946 0123", "+442079460123"),
        # Some places have nine digits after the 0.
        ("016977 2345", "+44169772345"),
        ("+33 1 99 00 12 34", "+33199001234"),
    ],
)
def test_a_number_is_stored_with_its_country(typed: str, stored: str) -> None:
    assert e164(typed) == stored


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "doctor",
        # One digit forgotten, or two.
        "07700 90012",
        "07700 9001",
        "07700 9001234",
        # Without the code of the place it is somebody else's elsewhere.
        "960123",
        "999",
        "+33 1 99 00",
    ],
)
def test_what_cannot_be_called_is_none(typed: str) -> None:
    assert e164(typed) is None
