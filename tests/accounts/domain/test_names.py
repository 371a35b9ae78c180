"""Names as they are looked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telehealth.accounts.domain.names import (
    LONGEST_WORD,
    MOST_WORDS,
    is_one_mistake,
    name_words,
    plain_text,
    query_words,
    variants,
)

pytestmark = pytest.mark.domain

any_name = st.text(st.characters(codec="utf-8"), max_size=100)
short_word = st.text("abcdef", max_size=7)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("Siân", ("sian",)),
        ("O\N{RIGHT SINGLE QUOTATION MARK}Neill", ("oneill",)),
        ("O'Neill", ("oneill",)),
        ("Smith-Jones", ("smithjones",)),
        ("Morgan, Eir", ("morgan", "eir")),
        ("STRAUSS strau\N{LATIN SMALL LETTER SHARP S}", ("strauss",)),
        ("S\N{LATIN SMALL LETTER O WITH STROKE}ren", ("soren",)),
        ("- ' %", ()),
        ("", ()),
    ],
)
def test_case_accents_and_punctuation_do_not_matter(typed: str, words: tuple[str, ...]) -> None:
    assert query_words(typed) == words


@pytest.mark.parametrize(
    ("name", "found_by"),
    [
        ("Smith-Jones", {"smithjones", "smith", "jones"}),
        ("O'Neill", {"oneill", "neill"}),
        ("De Souza", {"de", "souza", "desouza"}),
        ("MacDonald", {"macdonald", "mcdonald"}),
        ("McDonald", {"macdonald", "mcdonald"}),
        ("Mace", {"mace"}),
        ("van der Berg", {"van", "der", "berg", "vanderberg"}),
    ],
)
def test_a_name_is_found_whole_and_in_its_parts(name: str, found_by: set[str]) -> None:
    assert set(name_words(name)) == found_by


@given(st.text(st.characters(codec="ascii")))
def test_a_name_without_accents_is_read_like_one_with_them(name: str) -> None:
    assert plain_text(name + "\N{LATIN SMALL LETTER E WITH ACUTE}") == plain_text(name) + "e"


def test_the_words_of_both_names_are_there_once() -> None:
    assert name_words("Owen", "Owen") == ("owen",)
    assert name_words("Eirlys", "Morgan") == ("eirlys", "morgan")


@given(any_name, any_name)
def test_any_name_has_words_that_fit_into_the_index(given_name: str, family_name: str) -> None:
    words = name_words(given_name, family_name)
    assert len(words) == len(set(words)) <= MOST_WORDS
    assert all(0 < len(word) <= LONGEST_WORD for word in words)


@given(any_name)
def test_whoever_types_a_name_as_it_is_written_finds_it(name: str) -> None:
    words = name_words(name)
    if len(words) < MOST_WORDS:
        assert set(query_words(name)) <= set(words)


@given(short_word, short_word)
def test_one_mistake_is_what_the_variants_are(word: str, other: str) -> None:
    assert is_one_mistake(word, other) == (other in variants(word))


@given(short_word)
def test_a_mistake_goes_both_ways(word: str) -> None:
    assert word not in variants(word)
    assert all(is_one_mistake(other, word) for other in variants(word))
