"""What makes a password good enough: its length, and that nobody guesses it. No rules about kinds of characters."""

import re
import unicodedata
from collections.abc import Iterable
from enum import StrEnum

MINIMUM_LENGTH = 12
# More costs time to check and helps nobody.
MAXIMUM_LENGTH = 1024
# zxcvbn's scale of 0 to 4; 3 stands for at least 10^8 guesses.
LOWEST_SCORE = 3
# Words of this kind of service that attackers try too.
SERVICE_WORDS = ("telehealth", "consultation", "consultations", "clinic", "doctor", "hospital", "nhs")
# What must be left of a password without the words that stand near its owner.
LEAST_OF_ITS_OWN = 6
_WORD = re.compile(r"\w{3,}")


class PasswordProblem(StrEnum):
    TOO_SHORT = "too-short"
    TOO_LONG = "too-long"
    LEAKED = "leaked"
    GUESSABLE = "guessable"


def normal_password(password: str) -> str:
    """One form of a text that keyboards compose in several ways (é as one sign, or as e and an accent)."""
    return unicodedata.normalize("NFC", password)


def find_length_problem(password: str) -> PasswordProblem | None:
    length = len(normal_password(password))
    if length < MINIMUM_LENGTH:
        return PasswordProblem.TOO_SHORT
    return PasswordProblem.TOO_LONG if length > MAXIMUM_LENGTH else None


def find_problem(
    password: str, *, score: int, is_leaked: bool, words: Iterable[str] = ()
) -> PasswordProblem | None:
    """Why a password is refused, or None. `score` is zxcvbn's; `is_leaked`: it stands on a list of leaked ones."""
    if problem := find_length_problem(password):
        return problem
    if is_leaked:
        return PasswordProblem.LEAKED
    is_guessable = score < LOWEST_SCORE or rests_on(words, password)
    return PasswordProblem.GUESSABLE if is_guessable else None


def rests_on(words: Iterable[str], password: str) -> bool:
    """True where hardly anything is left without these words, such as the names of somebody and their service."""
    rest = password.casefold()
    for word in sorted(words, key=len, reverse=True):
        rest = rest.replace(word.casefold(), " ")
    return sum(character.isalnum() for character in rest) < LEAST_OF_ITS_OWN


def own_words(texts: Iterable[str]) -> list[str]:
    """The words that stand near somebody (name, e-mail, service), which a password must not rest on."""
    found = (word.lower() for text in texts for word in _WORD.findall(text))
    return list(dict.fromkeys([*found, *SERVICE_WORDS]))
