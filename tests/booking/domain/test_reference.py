import pytest
from hypothesis import given
from hypothesis import strategies as st

from telehealth.booking.domain.reference import SYMBOLS, make_reference, parse_reference

pytestmark = pytest.mark.domain


def test_a_reference_is_read_back_however_it_is_said() -> None:
    reference = make_reference()
    assert parse_reference(reference) == reference
    assert parse_reference(reference.lower().replace("-", " ")) == reference
    assert parse_reference(reference.replace("0", "O").replace("1", "l")) == reference


@pytest.mark.parametrize(
    "written",
    [
        "{0}.",
        "#{0}",
        "({0})",
        "ref {0}",
        "Ref: {0}",
        "REF#{0}",
        "reference no. {0}",
        "Appointment reference {0}",
        "\u200b{0}\n",
    ],
)
@pytest.mark.parametrize("dash", ["-", "\u2011", "\u2013", "\u2014", "\u2212", "\u00a0", "/", ""])
def test_a_reference_is_read_however_it_is_written_down(written: str, dash: str) -> None:
    for reference in (make_reference(), "REF0-0000-P"):
        assert parse_reference(written.format(reference.replace("-", dash))) == reference


@given(place=st.sampled_from((0, 1, 2, 3, 5, 6, 7, 8)), symbol=st.sampled_from(SYMBOLS))
def test_one_wrong_character_is_noticed(place: int, symbol: str) -> None:
    reference = make_reference()
    wrong = reference[:place] + symbol + reference[place + 1 :]
    assert parse_reference(wrong) == (reference if wrong == reference else None)


@pytest.mark.parametrize("text", ["", "4F7K", "4F7K-9QZ2-HH", "ÅÅÅÅ-ÅÅÅÅ-Å", "UUUU-UUUU-U"])
def test_what_is_no_reference_is_none(text: str) -> None:
    assert parse_reference(text) is None
