import pytest
from hypothesis import given
from hypothesis import strategies as st

from telehealth.accounts.domain.password import (
    PasswordProblem,
    find_problem,
    normal_password,
    own_words,
    rests_on,
)

pytestmark = pytest.mark.domain


@pytest.mark.parametrize(
    ("password", "score", "is_leaked", "problem"),
    [
        ("x" * 11, 4, False, PasswordProblem.TOO_SHORT),
        ("x" * 12, 4, False, None),
        ("x" * 1024, 3, False, None),
        ("x" * 1025, 4, False, PasswordProblem.TOO_LONG),
        ("x" * 12, 2, False, PasswordProblem.GUESSABLE),
        ("x" * 12, 4, True, PasswordProblem.LEAKED),
        # Eleven characters, however they were typed: an accent is no character of its own.
        ("e\u0301" * 11, 4, False, PasswordProblem.TOO_SHORT),
    ],
)
def test_what_is_refused(password: str, score: int, is_leaked: bool, problem: PasswordProblem | None) -> None:
    assert find_problem(password, score=score, is_leaked=is_leaked) is problem


@given(st.text())
def test_a_password_has_one_form(text: str) -> None:
    assert normal_password(normal_password(text)) == normal_password(text)


@pytest.mark.parametrize(
    ("password", "is_refused"),
    [
        ("hillside clinic", True),
        ("Nia.Pritchard.2027", True),
        ("pritchard-pritchard", True),
        ("hillside walnut orbit", False),
        ("!!!!!!!!!!!!", True),
    ],
)
def test_names_alone_are_no_password(password: str, is_refused: bool) -> None:
    assert rests_on(["nia", "pritchard", "hillside", "clinic"], password) is is_refused


def test_composed_and_combining_accents_are_one_password() -> None:
    assert normal_password("cafe\u0301 mañana") == normal_password("café man\u0303ana")


def test_words_near_somebody_are_found_once() -> None:
    words = own_words(["Dr Nia Pritchard", "nia@hillside.example", "Hillside Clinic"])
    assert {"nia", "pritchard", "hillside", "example", "clinic"} <= set(words)
    assert "dr" not in words
    assert len(words) == len(set(words))
