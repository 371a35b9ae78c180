"""What somebody types to find a patient."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telehealth.accounts.domain.patient_query import (
    Asked,
    Born,
    read_query,
    read_six_digits,
    swap_day_and_month,
)

pytestmark = pytest.mark.domain

TODAY = date(2027, 1, 12)
BORN = date(1948, 3, 5)


def births_in(text: str) -> list[date]:
    """The dates that are meant as they are typed, day first."""
    return [born.on for births in read_query(text, TODAY).births for born in births if not born.is_swapped]


@pytest.mark.parametrize(
    "typed",
    [
        "5/3/1948",
        "05/03/1948",
        "5.3.1948",
        "5-3-1948",
        "5.3.48",
        "1948-03-05",
        "1948/03/05",
        "1948.3.5",
        "5 March 1948",
        "5th march 1948",
        "5th of March 1948",
        "5 of Mar 48",
        "5 Mar 48",
        "5-Mar-1948",
        "March 5, 1948",
        "5 Mawrth 1948",
        "5 3 1948",
        "05031948",
        "5\N{EN DASH}3\N{EN DASH}1948",
        "(05/03/1948)",
        "(5 March 1948)",
        "[1948-03-05]",
        "5 Mar '48",
        "5 Mar \N{RIGHT SINGLE QUOTATION MARK}48",
        "\N{FULLWIDTH DIGIT FIVE}/\N{FULLWIDTH DIGIT THREE}/1948",
    ],
)
def test_a_date_of_birth_is_read_in_the_usual_ways(typed: str) -> None:
    assert births_in(typed) == [BORN]
    with_name = read_query(f"morgan {typed}", TODAY)
    assert with_name.words == ("morgan",)
    assert births_in(f"{typed} morgan, eirlys") == [BORN]


def test_day_and_month_the_other_way_round_are_tried_and_marked() -> None:
    assert read_query("5/3/1948", TODAY).births == ((Born(BORN), Born(date(1948, 5, 3), is_swapped=True)),)
    assert read_query("13/5/1948", TODAY).births == ((Born(date(1948, 5, 13)),),)
    assert read_query("5/13/1948", TODAY).births == ((Born(date(1948, 5, 13), is_swapped=True),),)
    assert read_query("4/4/1948", TODAY).births == ((Born(date(1948, 4, 4)),),)
    assert read_query("1948-03-05", TODAY).births == ((Born(BORN),),)


def test_two_digits_of_a_year_are_of_either_century_that_has_come() -> None:
    assert births_in("13/5/26") == [date(2026, 5, 13), date(1926, 5, 13)]
    assert births_in("13/5/28") == [date(1928, 5, 13)]


@pytest.mark.parametrize("typed", ["31/02/2000", "00/00/0000", "29 Feb 1900", "32/1/1948", "0" * 300])
def test_what_cannot_be_fits_nobody(typed: str) -> None:
    asked = read_query(f"morgan {typed}", TODAY)
    assert asked.is_impossible
    assert asked.is_nothing


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("999 123 4560", "9991234560"),
        ("999-123-4560", "9991234560"),
        ("9991234560", "9991234560"),
        ("(01632) 960 555", "01632960555"),
        ("+44 7700 900123", "+447700900123"),
        ("0123", "0123"),
        # As it stands on a letter, on a web page, and as it is copied from one.
        ("999.123.4560", "9991234560"),
        ("07700.900.123", "07700900123"),
        ("07700/900123", "07700900123"),
        ("tel:07700900123", "07700900123"),
        ("Tel:+44 (0)7700 900123", "+4407700900123"),
        ("(999 123 4560)", "9991234560"),
        ("\uff19\uff19\uff19\uff11\uff12\uff13\uff14\uff15\uff16\uff10", "9991234560"),
    ],
)
def test_a_number_is_read_as_people_write_it(typed: str, number: str) -> None:
    assert read_query(typed, TODAY) == Asked(numbers=(number,))
    assert read_query(f"{typed} morgan", TODAY) == Asked(numbers=(number,), words=("morgan",))


@pytest.mark.parametrize(
    ("number", "days"),
    [
        ("050348", [BORN]),
        ("130526", [date(2026, 5, 13), date(1926, 5, 13)]),
        ("943476", []),
        ("05034", []),
        ("+50348", []),
        ("05\u0663348", []),
    ],
)
def test_six_digits_may_be_a_date_of_birth(number: str, days: list[date]) -> None:
    assert list(read_six_digits(number, TODAY)) == days


@pytest.mark.parametrize("typed", ["Morgan;Eirlys", "MORGAN/EIRLYS", "morgan (eirlys)"])
def test_names_are_told_apart_at_what_stands_between_them(typed: str) -> None:
    assert read_query(typed, TODAY).words == ("morgan", "eirlys")


@pytest.mark.parametrize(
    ("typed", "words"), [("J.R. Ng", ("jr", "ng")), ("Kumar s/o Raju", ("kumar", "so", "raju"))]
)
def test_what_belongs_together_stays_one_word(typed: str, words: tuple[str, ...]) -> None:
    assert read_query(typed, TODAY).words == words


def test_an_email_is_no_name() -> None:
    assert read_query("eirlys one@example.test", TODAY) == Asked(
        words=("eirlys",), emails=("one@example.test",)
    )


@pytest.mark.parametrize("typed", ["april may", "June", "mai ellis"])
def test_a_month_without_a_day_is_a_name(typed: str) -> None:
    asked = read_query(typed, TODAY)
    assert asked.births == ()
    assert asked.words == tuple(typed.lower().split())


@given(st.text(st.characters(codec="utf-8"), max_size=200))
def test_anything_can_be_typed(text: str) -> None:
    asked = read_query(text, TODAY)
    assert len(asked.words) <= 8
    assert all(asked.words)


@given(st.dates(min_value=date(1890, 1, 1), max_value=TODAY))
def test_every_date_is_read_as_it_is_written(on: date) -> None:
    for form in ("%d/%m/%Y", "%Y-%m-%d", "%d %B %Y", "%d %m %Y", "%d%m%Y"):
        assert births_in(on.strftime(form)) == [on], form


@given(st.dates(min_value=date(1890, 1, 1), max_value=TODAY))
def test_swapping_twice_is_the_same_date(on: date) -> None:
    other = swap_day_and_month(on)
    assert other is None or (other != on and swap_day_and_month(other) == on)
