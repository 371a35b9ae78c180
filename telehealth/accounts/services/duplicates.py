"""Who may be the same person: looked for before a second record is made, and when records are compared."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

import jellyfish
from sqlalchemy import ColumnElement, CompoundSelect, and_, literal, select, union_all
from sqlalchemy.orm import Session

from telehealth.accounts.domain.names import plain_text
from telehealth.accounts.domain.patient_query import swap_day_and_month
from telehealth.accounts.models import Patient
from telehealth.accounts.models.name_word import sound_of
from telehealth.accounts.services.contacts import hash_of_email, hash_of_phone
from telehealth.accounts.services.merges import find_group, find_survivors
from telehealth.accounts.services.patients import PatientDetails
from telehealth.accounts.services.protection import find_hidden
from telehealth.actor import Actor
from telehealth.errors import NotFound

# How alike two names are (Jaro-Winkler, 0 to 1) to be taken for one that was written in two ways.
ALIKE = 0.88
SHOWN = 5
# Of those who are likely by their names: nobody reads more.
LOOKED_AT = 500


class Match(StrEnum):
    """What two records have in common; the most telling first."""

    NHS_NUMBER = "nhs-number"
    BIRTH_DATE = "birth-date"
    NAME = "name"
    SWAPPED_NAMES = "swapped-names"
    SIMILAR_NAME = "similar-name"
    GIVEN_NAME = "given-name"
    FAMILY_NAME = "family-name"
    SWAPPED_DATE = "swapped-date"
    PHONE = "phone"
    EMAIL = "email"


_WEIGHTS = {
    Match.NHS_NUMBER: 8,
    Match.BIRTH_DATE: 4,
    Match.NAME: 4,
    Match.SWAPPED_NAMES: 3,
    Match.SIMILAR_NAME: 3,
    Match.SWAPPED_DATE: 2,
    Match.GIVEN_NAME: 2,
    Match.FAMILY_NAME: 1,
    Match.PHONE: 2,
    Match.EMAIL: 2,
}
_DATES = frozenset((Match.BIRTH_DATE, Match.SWAPPED_DATE))
_NAMES = frozenset((Match.NAME, Match.SWAPPED_NAMES, Match.SIMILAR_NAME, Match.GIVEN_NAME))
_CONTACTS = frozenset((Match.PHONE, Match.EMAIL))


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A record that may be of the same person, and why."""

    patient: Patient
    matches: frozenset[Match]

    @property
    def weight(self) -> int:
        return _weigh(self.matches)


def find_duplicates(
    session: Session, actor: Actor, details: PatientDetails, *, but_not: UUID | None = None
) -> list[Duplicate]:
    """Up to five records that may be of the person with these details, the likeliest first.

    `but_not`: a record that is the person's already, with all that were merged with it. Records that the actor may
    not open are not told.
    """
    if actor.organisation_id is None:
        raise NotFound
    candidates = _find_candidates(session, actor.organisation_id, details)
    likely = [
        (patient, matches)
        for patient in session.scalars(select(Patient).where(Patient.id.in_(candidates)))
        if _is_likely(matches := find_matches(session, details, patient))
    ]
    own = find_group(session, [but_not])[but_not] if but_not else frozenset()
    hidden = find_hidden(session, actor, [patient.id for patient, _ in likely])
    survivors = find_survivors(session, [patient.id for patient, _ in likely])
    best: dict[UUID, Duplicate] = {}
    for patient, matches in likely:
        survivor_id = survivors[patient.id]
        if patient.id in hidden or survivor_id in own:
            continue
        found = Duplicate(session.get_one(Patient, survivor_id), matches)
        if survivor_id not in best or found.weight > best[survivor_id].weight:
            best[survivor_id] = found
    in_order = sorted(best.values(), key=lambda found: (-found.weight, found.patient.id))
    return in_order[:SHOWN]


def _find_candidates(session: Session, organisation_id: UUID, details: PatientDetails) -> list[UUID]:
    """The likeliest by all that they have in common with these details.

    1 January is on record for very many: their names are compared here, all of them, before a record is loaded.
    """
    found: dict[UUID, set[Match]] = {}
    for patient_id, given_name, family_name, way in session.execute(
        _select_candidates(session, organisation_id, details)
    ):
        if patient_id not in found:
            name = compare_names(details.given_name, details.family_name, given_name, family_name)
            found[patient_id] = {name} if name else set()
        found[patient_id].add(Match(way))
    weights = {patient_id: _weigh(matches) for patient_id, matches in found.items() if _is_likely(matches)}
    return sorted(weights, key=lambda each: (-weights[each], each))[:LOOKED_AT]


def details_of(patient: Patient) -> PatientDetails:
    """A record as it would be taken down; the NHS number also where it is only claimed."""
    return PatientDetails(
        given_name=patient.given_name,
        family_name=patient.family_name,
        birth_date=patient.birth_date,
        nhs_number=patient.nhs_number or patient.claimed_nhs_number,
        phone=patient.phone or None,
        email=patient.email or None,
    )


def find_matches(session: Session, details: PatientDetails, patient: Patient) -> frozenset[Match]:
    """What a record has in common with these details."""
    found = {
        Match.NHS_NUMBER: details.nhs_number is not None
        and details.nhs_number in (patient.nhs_number, patient.claimed_nhs_number),
        Match.BIRTH_DATE: patient.birth_date == details.birth_date,
        Match.SWAPPED_DATE: patient.birth_date == swap_day_and_month(details.birth_date),
        Match.PHONE: bool(details.phone)
        and patient.phone_hash == hash_of_phone(session, details.phone or ""),
        Match.EMAIL: bool(details.email)
        and patient.email_hash == hash_of_email(session, details.email or ""),
    }
    name = compare_names(details.given_name, details.family_name, patient.given_name, patient.family_name)
    return frozenset(match for match, is_so in found.items() if is_so) | ({name} if name else frozenset())


def compare_names(given: str, family: str, other_given: str, other_family: str) -> Match | None:
    """How like two names are; None where they are not."""
    mine, theirs = _plain(given, family), _plain(other_given, other_family)
    if mine == theirs:
        return Match.NAME
    if mine == theirs[::-1]:
        return Match.SWAPPED_NAMES
    is_given, is_family = (_is_alike(*pair) for pair in zip(mine, theirs, strict=True))
    if is_given and is_family:
        return Match.SIMILAR_NAME
    if all(_is_alike(*pair) for pair in zip(mine, theirs[::-1], strict=True)):
        return Match.SWAPPED_NAMES
    if is_given:
        return Match.GIVEN_NAME
    return Match.FAMILY_NAME if is_family else None


def _weigh(matches: AbstractSet[Match]) -> int:
    return sum(_WEIGHTS[match] for match in matches)


def _is_likely(matches: AbstractSet[Match]) -> bool:
    """The same number; or a name with a date of birth, or with a phone number or an e-mail.

    A last name alone is shared by a household: with the same date of birth it may be "Kate" for "Catherine".
    """
    if Match.NHS_NUMBER in matches or {Match.FAMILY_NAME, Match.BIRTH_DATE} <= matches:
        return True
    return bool(matches & _NAMES) and bool(matches & (_DATES | _CONTACTS))


def _select_candidates(
    session: Session, organisation_id: UUID, details: PatientDetails
) -> CompoundSelect[Any]:
    """Each way is asked on its own: SQLite would read every patient for what are several indexes in one condition."""
    columns = (Patient.id, Patient.given_name, Patient.family_name)
    here = Patient.organisation_id == organisation_id
    return union_all(
        *(select(*columns, literal(match.value)).where(here, way) for match, way in _ways(session, details))
    )


def _ways(session: Session, details: PatientDetails) -> Iterator[tuple[Match, ColumnElement[bool]]]:
    """What leads to a record, and what the two then have in common."""
    yield Match.BIRTH_DATE, Patient.birth_date == details.birth_date
    if swapped := swap_day_and_month(details.birth_date):
        yield Match.SWAPPED_DATE, Patient.birth_date == swapped
    if details.nhs_number:
        # Also only claimed: somebody who registered themselves twice has claimed it twice.
        for column in (Patient.nhs_number, Patient.claimed_nhs_number):
            # That there is one is said too: the index of the claimed ones has no others.
            yield Match.NHS_NUMBER, and_(column.is_not(None), column == details.nhs_number)
    if details.phone:
        yield Match.PHONE, Patient.phone_hash == hash_of_phone(session, details.phone)
    if details.email:
        yield Match.EMAIL, Patient.email_hash == hash_of_email(session, details.email)


def _plain(*names: str) -> tuple[str, ...]:
    return tuple(
        text if text.isalnum() else "".join(c for c in text if c.isalnum()) for text in map(plain_text, names)
    )


def _is_alike(name: str, other: str) -> bool:
    """Written nearly the same, or sounding the same."""
    if jellyfish.jaro_winkler_similarity(name, other) >= ALIKE:
        return True
    sound = sound_of(name)
    return bool(sound) and sound == sound_of(other)
