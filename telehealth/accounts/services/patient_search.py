"""Find a patient by what somebody says on the phone, also where it is misheard or mistyped."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.accounts.domain.names import SHORTEST_TYPO, is_one_mistake, name_words
from telehealth.accounts.domain.nhs_number import plain_nhs_number
from telehealth.accounts.domain.patient_query import Asked, read_query
from telehealth.accounts.models import Patient
from telehealth.accounts.models.name_word import sound_of
from telehealth.accounts.services.merges import find_survivors
from telehealth.accounts.services.patient_lookup import (
    MOST_CANDIDATES,
    NHS_NUMBER_DIGITS,
    SHORTEST_SOUND,
    Candidate,
    find_candidates,
)
from telehealth.accounts.services.protection import find_hidden, is_hidden
from telehealth.actor import Actor
from telehealth.clock import uk_today
from telehealth.errors import NotFound

SEARCH_LIMIT = 20


class Fit(IntEnum):
    """How well a patient fits what was typed; the smaller, the better."""

    EXACT = 0
    START = 1  # the start of a name
    TYPO = 2  # one letter is different
    SOUND = 3  # it sounds the same
    PART = 6  # something that was typed does not fit


@dataclass(frozen=True, slots=True)
class Found:
    """One person. `is_swapped`: the day and the month of birth were typed the other way round."""

    patient: Patient
    fit: Fit
    is_swapped: bool = False
    # The name in another record of the same person, where that is the one that fits; "" otherwise.
    also_known_as: str = ""


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Up to 20 people, the best first. `has_more`: others fit too. `is_hidden`: see `has_hidden_match`."""

    found: tuple[Found, ...] = ()
    has_more: bool = False
    is_hidden: bool = False


@dataclass(frozen=True, slots=True)
class _Ranked:
    row: Candidate
    score: int
    fit: Fit
    is_swapped: bool

    @property
    def order(self) -> tuple[Any, ...]:
        row = self.row
        return (self.score, row.family_name.casefold(), row.given_name.casefold(), row.birth_date, row.id)


def search_patients(session: Session, actor: Actor, query: str) -> SearchResult:
    """Who fits every part of `query`; where few do, also who nearly does.

    A part is the start of a name, a date of birth, an NHS number or its start, a phone number, its last four digits,
    or an e-mail address. Phone and e-mail are stored sealed: they are found whole, by their hashes.
    Those whom another service protects are not among them: that they match would tell their name.
    """
    asked = read_query(query, uk_today())
    if asked.is_nothing:
        return SearchResult()
    ranked = _best(asked, find_candidates(session, _organisation(actor), asked))
    found, is_cut = _people(session, actor, ranked)
    has_more = is_cut or len(ranked) >= MOST_CANDIDATES
    return SearchResult(found, has_more, not found and has_hidden_match(session, actor, query))


def find_patients(session: Session, actor: Actor, query: str) -> list[Found]:
    """The people of `search_patients`."""
    return list(search_patients(session, actor, query).found)


def has_hidden_match(session: Session, actor: Actor, query: str) -> bool:
    """Whether `query` is the whole NHS number of a patient whom another service protects.

    Who knows that number may know that there is a record, so that they do not register the patient again.
    """
    number = plain_nhs_number(query)
    if len(number) != NHS_NUMBER_DIGITS:
        return False
    found = session.scalar(
        select(Patient.id).where(
            Patient.organisation_id == _organisation(actor), Patient.nhs_number == number
        )
    )
    return found is not None and is_hidden(session, actor, found)


def _best(asked: Asked, rows: Sequence[Candidate]) -> list[_Ranked]:
    ranked = [_rank(asked, row) for row in {row.id: row for row in rows}.values()]
    return sorted(ranked, key=lambda each: each.order)


def _rank(asked: Asked, row: Candidate) -> _Ranked:
    own = name_words(row.given_name, row.family_name)
    fits = [_fit(word, own) for word in asked.words]
    is_swapped = any(
        row.birth_date in {born.on for born in births if born.is_swapped} for births in asked.births
    )
    return _Ranked(row, sum(fits) + is_swapped, max(fits, default=Fit.EXACT), is_swapped)


def _fit(word: str, own: Sequence[str]) -> Fit:
    if word in own:
        return Fit.EXACT
    if any(other.startswith(word) for other in own):
        return Fit.START
    if len(word) >= SHORTEST_TYPO and any(is_one_mistake(word, other) for other in own):
        return Fit.TYPO
    sound = sound_of(word)
    if sound and len(word) >= SHORTEST_SOUND and any(sound_of(other) == sound for other in own):
        return Fit.SOUND
    return Fit.PART


def _people(session: Session, actor: Actor, ranked: Sequence[_Ranked]) -> tuple[tuple[Found, ...], bool]:
    """The best 20 as people: of two records of one person the one that stands for them; and whether there are more."""
    hidden = find_hidden(session, actor, [each.row.id for each in ranked])
    shown = [each for each in ranked if each.row.id not in hidden]
    # Some are records of one person: more than are shown are looked at.
    survivors = find_survivors(session, [each.row.id for each in shown])
    best: dict[UUID, _Ranked] = {}
    for each in shown:
        best.setdefault(survivors[each.row.id], each)
    keys = list(best)[:SEARCH_LIMIT]
    patients = {
        patient.id: patient for patient in session.scalars(select(Patient).where(Patient.id.in_(keys)))
    }
    found = tuple(_found(patients[key], best[key]) for key in keys)
    return found, len(best) > SEARCH_LIMIT


def _found(patient: Patient, best: _Ranked) -> Found:
    name = f"{best.row.given_name} {best.row.family_name}"
    is_other = best.row.id != patient.id and name.casefold() != patient.display_name.casefold()
    return Found(patient, best.fit, best.is_swapped, name if is_other else "")


def _organisation(actor: Actor) -> UUID:
    if actor.organisation_id is None:
        raise NotFound
    return actor.organisation_id
