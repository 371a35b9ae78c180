"""Look up in the indexes who may be meant by a search. Who fits how well is for `patient_search.py`."""

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, false, or_, select, union_all
from sqlalchemy.orm import Session, aliased

from telehealth.accounts.domain.names import SHORTEST_TYPO, query_words, variants
from telehealth.accounts.domain.patient_query import Asked, read_six_digits
from telehealth.accounts.models import Patient, PatientNameWord
from telehealth.accounts.models.name_word import sound_of
from telehealth.accounts.services.contacts import e164, hash_of_email, hash_of_last_four, hash_of_phone
from telehealth.clock import uk_today

NHS_NUMBER_DIGITS = 10
SHORTEST_PHONE = 10
# Of a name that thousands have only so many are looked at: the date of birth tells them apart.
MOST_CANDIDATES = 200
# With fewer than these, names that are nearly the same are looked for too.
FEW = 5
# In part, a search fits either some or far too many.
MOST_IN_PART = 20
SHORTEST_SOUND = 3
# Of a birth: nobody is older.
FIRST_YEAR = 1890
# Nobody's name has more words of which several are misheard.
MOST_NEAR = 4
# Behind every character that a word can have: the end of the range of its beginnings.
_LAST = "\U0010ffff"

# What a word of a name must be: asked of an alias of the table of words.
_Way = Callable[[type[PatientNameWord]], ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class Candidate:
    id: UUID
    given_name: str
    family_name: str
    birth_date: date


def find_candidates(session: Session, organisation_id: UUID, asked: Asked) -> list[Candidate]:
    """Who may be meant: in exact words first, then nearly, then in part. Each step is some probes of an index."""
    look = _Look(organisation_id, _facts(session, organisation_id, asked), asked.words)
    rows = look.up(session, [_starts_with(word) for word in asked.words])
    if len(rows) >= FEW or not asked.words:
        return rows
    near = [_near(session, organisation_id, word) for word in asked.words[:MOST_NEAR]]
    near += [[_starts_with(word)] for word in asked.words[MOST_NEAR:]]
    rows += look.near(session, near)
    return rows or look.in_part(session)


def select_by_names(organisation_id: UUID, typed: str) -> list[Select[Any]]:
    """The statements that look a typed name up, exactly and nearly; their plans must use the index (a test)."""
    words = query_words(typed)
    look = _Look(organisation_id, (), words)
    exact = [_starts_with(word) for word in words]
    near = [[way, _is_one_of({word})] for way, word in zip(exact, words, strict=True)]
    return [
        look.keys(exact, words),
        *(look.keys(ways, words) for ways in look.near_ways(near, words)),
        *(statement for word in words for statement in _select_near(organisation_id, word)),
    ]


@dataclass(frozen=True, slots=True)
class _Look:
    """Looks up candidates by the facts and the words that were typed."""

    organisation_id: UUID
    facts: Sequence[ColumnElement[bool]]
    words: Sequence[str]

    def up(self, session: Session, ways: Sequence[_Way]) -> list[Candidate]:
        """Of whose words each way fits one."""
        return self._rows(session, ways, self.words)

    def near(self, session: Session, near: Sequence[Sequence[_Way]]) -> list[Candidate]:
        """Of whose words for each one fits in one of its ways."""
        if self.facts:
            return self._rows(session, [_either(ways) for ways in near], self.words)
        rows: list[Candidate] = []
        for ways in self.near_ways(near, self.words):
            rows += self._rows(session, ways, self.words)
            if len(rows) >= FEW:
                break
        return rows

    def near_ways(self, near: Sequence[Sequence[_Way]], words: Sequence[str]) -> Iterator[list[_Way]]:
        """One way of being near at a time: each has its own index."""
        first = _most_telling(words)
        either = [_either(ways) for ways in near]
        for way in near[first]:
            yield [way if at == first else both for at, both in enumerate(either)]

    def in_part(self, session: Session) -> list[Candidate]:
        """Nobody fits it all: a name may have changed, or be another than the one on record."""
        rows: list[Candidate] = []
        if self.facts:
            rows = self._rows(session, (), ())
        elif len(self.words) > 1:
            for left_out in range(len(self.words)):
                kept = [word for at, word in enumerate(self.words) if at != left_out]
                rows += self._rows(session, [_starts_with(word) for word in kept], kept)
        # In a whole list of people nobody is told apart by half of what was said.
        return rows if len({row.id for row in rows}) <= MOST_IN_PART else []

    def _rows(self, session: Session, ways: Sequence[_Way], words: Sequence[str]) -> list[Candidate]:
        columns = select(Patient.id, Patient.given_name, Patient.family_name, Patient.birth_date)
        if self.facts:
            # They tell more than names.
            found = columns.where(*self.facts, *(_has_word(Patient.id, way) for way in ways))
            return [Candidate(*row) for row in session.execute(found.limit(MOST_CANDIDATES))]
        keys = session.scalars(self.keys(ways, words)).all()
        if not keys:
            return []
        return [Candidate(*row) for row in session.execute(columns.where(Patient.id.in_(keys)))]

    def keys(self, ways: Sequence[_Way], words: Sequence[str]) -> Select[UUID]:
        """The statement that finds patients by their names alone: the most telling word by its index, then the rest."""
        first = _most_telling(words)
        word = aliased(PatientNameWord)
        others = [_has_word(word.patient_id, way) for at, way in enumerate(ways) if at != first]
        return (
            select(word.patient_id)
            .where(word.organisation_id == self.organisation_id, ways[first](word), *others)
            .limit(MOST_CANDIDATES)
        )


def _most_telling(words: Sequence[str]) -> int:
    return max(range(len(words)), key=lambda at: len(words[at]))


def _has_word(patient_id: Any, way: _Way) -> ColumnElement[bool]:
    word = aliased(PatientNameWord)
    return select(word.patient_id).where(word.patient_id == patient_id, way(word)).exists()


def _starts_with(start: str) -> _Way:
    return lambda row: and_(row.word >= start, row.word < start + _LAST)


def _near(session: Session, organisation_id: UUID, word: str) -> list[_Way]:
    """The ways of being nearly a word: its start, or one of the names here that are one mistake away or sound the same.

    Which names those are is asked first: they are few, and then as cheap to look for as the word itself.
    """
    others = {
        other for statement in _select_near(organisation_id, word) for other in session.scalars(statement)
    }
    return [_starts_with(word), *([_is_one_of(others)] if others else [])]


def _select_near(organisation_id: UUID, word: str) -> list[Select[str]]:
    """The names of this organisation that are nearly a word. Each statement reads an index alone."""
    names = select(PatientNameWord.word).where(PatientNameWord.organisation_id == organisation_id).distinct()
    found = []
    if len(word) >= SHORTEST_TYPO and word.isascii():
        found.append(names.where(PatientNameWord.word.in_(variants(word))))
    sound = sound_of(word)
    if sound and len(word) >= SHORTEST_SOUND:
        found.append(names.where(PatientNameWord.sound == sound))
    return found


def _is_one_of(words: AbstractSet[str]) -> _Way:
    return lambda row: row.word.in_(sorted(words))


def _either(ways: Sequence[_Way]) -> _Way:
    return lambda row: or_(*(way(row) for way in ways))


def _facts(session: Session, organisation_id: UUID, asked: Asked) -> list[ColumnElement[bool]]:
    """What a patient must have besides a name. Each is a list of keys: looked up by its own index, whatever else there is."""
    either: list[list[ColumnElement[bool]]] = [
        [Patient.birth_date.in_([born.on for born in births])] for births in asked.births
    ]
    either += [[Patient.email_hash == hash_of_email(session, email)] for email in asked.emails]
    either += [
        [*_has_number(session, number), *_born_on(number), *(_born_in(number) if asked.words else ())]
        for number in asked.numbers
    ]
    return [
        Patient.id.in_(
            union_all(
                *(select(Patient.id).where(Patient.organisation_id == organisation_id, way) for way in ways)
            )
        )
        if ways
        else false()
        for ways in either
    ]


def _has_number(session: Session, number: str) -> list[ColumnElement[bool]]:
    """An NHS number or its start, a phone number, or the last four digits of one."""
    ways: list[ColumnElement[bool]] = []
    if number.isdigit() and len(number) <= NHS_NUMBER_DIGITS:
        # A range of whole numbers, not LIKE: for this every database uses the index, in whatever language it sorts.
        first, last = (number.ljust(NHS_NUMBER_DIGITS, digit) for digit in "09")
        ways.append(Patient.nhs_number.between(first, last))
        if len(number) == 4:
            ways.append(Patient.phone_last_four_hash == hash_of_last_four(session, number))
    if len(number) >= SHORTEST_PHONE and (phone := e164(number)):
        ways.append(Patient.phone_hash == hash_of_phone(session, phone))
    return ways


def _born_on(number: str) -> list[ColumnElement[bool]]:
    days = read_six_digits(number, uk_today())
    return [Patient.birth_date.in_(days)] if days else []


def _born_in(number: str) -> list[ColumnElement[bool]]:
    """A year of birth, which is too little to find anybody by, and enough beside a name."""
    if not (number.isdigit() and len(number) == 4 and int(number) >= FIRST_YEAR):
        return []
    return [Patient.birth_date.between(date(int(number), 1, 1), date(int(number), 12, 31))]
