from uuid import UUID

import pytest

from telehealth.notes.domain.chain import version_hash
from telehealth.notes.domain.headings import HEADINGS, is_empty
from tests.factories import at

pytestmark = pytest.mark.domain

SIGNED = {
    "note_id": UUID(int=1),
    "number": 1,
    "sections": {"1": b"Feels well", "2": b"120/80"},
    "signed_by": "account:1",
    "signed_at": at("2027-01-12 14:30"),
    "reason": b"",
    "previous_hash": "",
}


def test_the_hash_does_not_depend_on_the_order_of_the_sections() -> None:
    turned = {**SIGNED, "sections": {"2": b"120/80", "1": b"Feels well"}}
    assert version_hash(**SIGNED) == version_hash(**turned)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [
        {"sections": {"1": b"Feels ill", "2": b"120/80"}},
        {"number": 2},
        {"signed_by": "account:2"},
        {"signed_at": at("2027-01-12 14:31")},
        {"reason": b"typing mistake"},
        {"previous_hash": "a" * 64},
        {"note_id": UUID(int=2)},
    ],
)
def test_every_part_of_a_version_is_in_its_hash(change: dict[str, object]) -> None:
    assert version_hash(**{**SIGNED, **change}) != version_hash(**SIGNED)  # type: ignore[arg-type]


def test_headings_have_different_snomed_codes() -> None:
    assert len({heading.code for heading in HEADINGS}) == len(HEADINGS)


def test_white_space_is_an_empty_note() -> None:
    assert is_empty({"1": " \n", "2": ""})
    assert not is_empty({"1": " ", "2": "x"})
