"""Who may be the same person."""

import re
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from telehealth.accounts.models import LinkReason, Patient
from telehealth.accounts.services.contacts import set_contact
from telehealth.accounts.services.duplicates import (
    LOOKED_AT,
    Match,
    compare_names,
    details_of,
    find_duplicates,
)
from telehealth.accounts.services.merges import link_records
from telehealth.accounts.services.patients import PatientDetails
from telehealth.accounts.services.sign_in import actor_of
from tests.factories import Cast, make_patient, protect

pytestmark = pytest.mark.service

DETAILS = PatientDetails(
    given_name="Margaret",
    family_name="Hughes",
    birth_date=date(1950, 1, 2),
    nhs_number=None,
    phone=None,
    email=None,
)


@pytest.fixture
def known(session: Session, cast: Cast) -> Patient:
    """Margaret Hughes, whose phone number and e-mail nobody else has."""
    patient = make_patient(
        session,
        cast.service,
        given_name="Margaret",
        family_name="Hughes",
        birth_date=date(1950, 1, 2),
        nhs_number="9990000018",
    )
    set_contact(session, patient, phone="+447700900777", email="margaret@example.test")
    session.flush()
    return patient


def matches(session: Session, cast: Cast, **changes: Any) -> dict[str, frozenset[Match]]:
    found = find_duplicates(session, actor_of(cast.receptionist), replace(DETAILS, **changes))
    return {each.patient.display_name: each.matches for each in found}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {Match.NAME, Match.BIRTH_DATE}),
        ({"given_name": "MARGARET"}, {Match.NAME, Match.BIRTH_DATE}),
        ({"given_name": "Margret", "family_name": "Huges"}, {Match.SIMILAR_NAME, Match.BIRTH_DATE}),
        ({"given_name": "Hughes", "family_name": "Margaret"}, {Match.SWAPPED_NAMES, Match.BIRTH_DATE}),
        ({"family_name": "Vaughan"}, {Match.GIVEN_NAME, Match.BIRTH_DATE}),
        ({"given_name": "Peggy"}, {Match.FAMILY_NAME, Match.BIRTH_DATE}),
        ({"birth_date": date(1950, 2, 1)}, {Match.NAME, Match.SWAPPED_DATE}),
        (
            {"family_name": "Brown", "birth_date": date(1999, 9, 9), "phone": "+447700900777"},
            {Match.GIVEN_NAME, Match.PHONE},
        ),
        (
            {"birth_date": date(1999, 9, 9), "email": "Margaret@Example.test"},
            {Match.NAME, Match.EMAIL},
        ),
        (
            {
                "given_name": "Quentin",
                "family_name": "Brown",
                "birth_date": date(1999, 9, 9),
                "nhs_number": "9990000018",
            },
            {Match.NHS_NUMBER},
        ),
    ],
)
def test_a_likely_duplicate_is_found_and_says_why(
    session: Session, cast: Cast, known: Patient, changes: dict[str, Any], expected: set[Match]
) -> None:
    assert matches(session, cast, **changes) == {"Margaret Hughes": frozenset(expected)}


@pytest.mark.parametrize(
    "changes",
    [
        {"birth_date": date(1950, 1, 3)},
        {"given_name": "Quentin", "family_name": "Brown"},
        {"given_name": "Quentin", "birth_date": date(1950, 2, 1)},
        {"given_name": "Quentin", "birth_date": date(1999, 9, 9), "phone": "+447700900777"},
        {"given_name": "Quentin", "family_name": "Brown", "phone": "+447700900777"},
        {"given_name": "Quentin", "family_name": "Brown", "email": "margaret@example.test"},
    ],
)
def test_somebody_else_of_the_household_or_of_the_same_day_is_no_duplicate(
    session: Session, cast: Cast, known: Patient, changes: dict[str, Any]
) -> None:
    assert matches(session, cast, **changes) == {}


def test_a_duplicate_is_found_among_many_of_one_date_of_birth(
    session: Session, cast: Cast, known: Patient
) -> None:
    """1 January is on record for very many whose date of birth nobody knows."""
    known.birth_date = date(1950, 1, 1)
    session.add_all(
        Patient(
            organisation_id=cast.service.organisation_id,
            given_name=f"Given{number}",
            family_name="Hughes" if number % 2 else f"Family{number}",
            birth_date=known.birth_date,
        )
        for number in range(LOOKED_AT * 3)
    )
    session.flush()
    found = find_duplicates(
        session, actor_of(cast.receptionist), replace(DETAILS, birth_date=known.birth_date)
    )
    assert (found[0].patient.id, found[0].matches) == (
        known.id,
        frozenset((Match.NAME, Match.BIRTH_DATE)),
    )


def test_among_more_namesakes_of_one_day_than_are_read_the_one_of_the_same_phone_is_found(
    session: Session, cast: Cast, known: Patient
) -> None:
    session.add_all(
        # Numbered, so that `known` does not happen to come first.
        Patient(
            id=UUID(int=number),
            organisation_id=cast.service.organisation_id,
            given_name="Margaret",
            family_name=f"Family{number}",
            birth_date=known.birth_date,
        )
        for number in range(1, LOOKED_AT + 2)
    )
    session.flush()
    renamed = replace(DETAILS, family_name="Quaye")
    for again in (replace(renamed, phone="+447700900777"), replace(renamed, email="margaret@example.test")):
        found = find_duplicates(session, actor_of(cast.receptionist), again)
        assert found[0].patient.id == known.id, again


def test_candidates_are_looked_up_in_the_indexes(session: Session, cast: Cast) -> None:
    """With 200,000 patients none of the ways may read them all: one that does makes the whole question slow."""
    engine = session.get_bind()
    is_sqlite = engine.dialect.name == "sqlite"
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    try:
        matches(session, cast, nhs_number="9990000018", phone="+447700900777", email="margaret@example.test")
    finally:
        event.remove(engine, "before_cursor_execute", note)
    (statement, parameters), *_ = [each for each in asked if "claimed_nhs_number =" in each[0]]
    if not is_sqlite:
        session.execute(text("SET LOCAL enable_seqscan = off"))
    explain = "EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN "
    rows = session.connection().exec_driver_sql(explain + statement, parameters)
    plan = [str(row) for row in rows]
    assert not [step for step in plan if "SCAN patient" in step or "Seq Scan" in step], plan
    if is_sqlite:  # PostgreSQL plans by what is in the table, and there is nothing
        by_index = " ".join(step for step in plan if "SEARCH patient" in step)
        for column in ("birth_date", "nhs_number", "claimed_nhs_number", "phone_hash", "email_hash"):
            assert re.search(rf"\b{column}=", by_index), plan


def test_the_likeliest_stands_first(session: Session, cast: Cast, known: Patient) -> None:
    make_patient(
        session, cast.service, given_name="Margaret", family_name="Hewes", birth_date=date(1950, 1, 2)
    )
    assert list(matches(session, cast)) == ["Margaret Hughes", "Margaret Hewes"]


def test_people_of_other_organisations_and_protected_ones_are_not_told(
    session: Session, cast: Cast, known: Patient
) -> None:
    stranger = actor_of(cast.other_organisation_receptionist)
    assert find_duplicates(session, stranger, DETAILS) == []
    protect(session, cast, known)
    assert find_duplicates(session, actor_of(cast.other_service_receptionist), DETAILS) == []
    assert "Margaret Hughes" in matches(session, cast)


def test_records_of_one_person_are_one_duplicate(session: Session, cast: Cast, known: Patient) -> None:
    actor = actor_of(cast.receptionist)
    twin = make_patient(
        session, cast.service, given_name="Maggie", family_name="Hughes", birth_date=date(1950, 1, 2)
    )
    link_records(session, actor, twin, known, LinkReason.REGISTERED_TWICE)
    assert [each.patient.id for each in find_duplicates(session, actor, DETAILS)] == [known.id]
    for own in (known, twin):
        assert find_duplicates(session, actor, details_of(own), but_not=own.id) == []


@pytest.mark.parametrize(
    ("name", "other", "match"),
    [
        (("Sian", "O'Neill"), ("Siân", "ONeill"), Match.NAME),
        (("Katherine", "Price"), ("Catherine", "Price"), Match.SIMILAR_NAME),
        (("Margaret", "Hughes"), ("Margaret", "Vaughan"), Match.GIVEN_NAME),
        (("Jon", "Smyth"), ("John", "Smith"), Match.SIMILAR_NAME),
        (("نور", "علي"), ("علي", "نور"), Match.SWAPPED_NAMES),
        (("Ann", "Lee"), ("Bob", "Ray"), None),
    ],
)
def test_names_are_compared_as_they_sound_and_look(
    name: tuple[str, str], other: tuple[str, str], match: Match | None
) -> None:
    assert compare_names(*name, *other) is match


def test_whoever_registered_themselves_twice_is_known_by_the_number_that_they_typed(
    session: Session, cast: Cast
) -> None:
    asked = make_patient(session, cast.service, given_name="Rhiannon", family_name="Powell")
    asked.nhs_number, asked.claimed_nhs_number, asked.is_verified = None, "9434765919", False
    again = PatientDetails(
        given_name="Ron",
        family_name="Vaughan",
        birth_date=date(1931, 5, 4),
        nhs_number="9434765919",
        phone=None,
        email=None,
    )
    found = find_duplicates(session, actor_of(cast.receptionist), again)
    assert [(each.patient.id, each.matches) for each in found] == [(asked.id, frozenset([Match.NHS_NUMBER]))]
