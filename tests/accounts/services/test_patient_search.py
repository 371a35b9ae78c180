"""Finding a patient by what somebody says on the phone."""

from collections.abc import Iterable
from datetime import date

import pytest
from sqlalchemy import select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from telehealth.accounts.models import LinkReason, Patient, PatientNameWord
from telehealth.accounts.services.contacts import set_contact
from telehealth.accounts.services.merges import link_records
from telehealth.accounts.services.patient_lookup import select_by_names
from telehealth.accounts.services.patient_search import (
    SEARCH_LIMIT,
    Fit,
    Found,
    find_patients,
    search_patients,
)
from telehealth.accounts.services.sign_in import actor_of
from tests.factories import Cast, make_patient, protect

pytestmark = pytest.mark.service

PEOPLE = (
    ("Siân", "O\N{RIGHT SINGLE QUOTATION MARK}Neill", date(1961, 7, 9)),
    ("Catherine", "MacDonald", date(1972, 11, 30)),
    ("Margaret", "Hughes", date(1950, 1, 2)),
    ("Margaret", "Smith-Jones", date(1980, 12, 24)),
    ("Stephen", "Smyth", date(1999, 2, 28)),
    ("Maria", "De Souza", date(1985, 6, 15)),
    ("Nur", "Al-Farsi", date(2001, 10, 10)),
)


@pytest.fixture
def people(session: Session, cast: Cast) -> dict[str, Patient]:
    """By first and last name as they are written above."""
    return {
        f"{given} {family}": make_patient(
            session, cast.service, given_name=given, family_name=family, birth_date=born
        )
        for given, family, born in PEOPLE
    }


def found_by(session: Session, cast: Cast, query: str) -> list[Found]:
    return find_patients(session, actor_of(cast.receptionist), query)


def names(found: Iterable[Found]) -> list[str]:
    return [each.patient.display_name for each in found]


@pytest.mark.parametrize(
    ("query", "family_name"),
    [
        ("sian oneill", "O\N{RIGHT SINGLE QUOTATION MARK}Neill"),
        ("o'neill siân", "O\N{RIGHT SINGLE QUOTATION MARK}Neill"),
        ("O Neill", "O\N{RIGHT SINGLE QUOTATION MARK}Neill"),
        ("McDonald", "MacDonald"),
        ("cath macd", "MacDonald"),
        ("jones 24/12/1980", "Smith-Jones"),
        ("smithjones", "Smith-Jones"),
        ("desouza", "De Souza"),
        ("maria de souza", "De Souza"),
        ("alfarsi nur", "Al-Farsi"),
        ("30 November 1972", "MacDonald"),
    ],
)
def test_a_name_is_found_however_it_is_written(
    session: Session, cast: Cast, people: dict[str, Patient], query: str, family_name: str
) -> None:
    found = found_by(session, cast, query)
    assert [each.patient.family_name for each in found] == [family_name]
    assert found[0].fit in (Fit.EXACT, Fit.START)


@pytest.mark.parametrize(
    ("query", "name", "fit"),
    [
        ("margaret huhges", "Margaret Hughes", Fit.TYPO),
        ("margret hughes", "Margaret Hughes", Fit.TYPO),
        ("margarett hughes", "Margaret Hughes", Fit.TYPO),
        ("hughex", "Margaret Hughes", Fit.TYPO),
        ("stephen smith", "Stephen Smyth", Fit.TYPO),
        ("steven smyth", "Stephen Smyth", Fit.SOUND),
        ("katherine macdonald", "Catherine MacDonald", Fit.TYPO),
        ("kathryn macdonald", "Catherine MacDonald", Fit.SOUND),
        ("huhges 2/1/1950", "Margaret Hughes", Fit.TYPO),
    ],
)
def test_a_mistake_and_a_mishearing_are_forgiven_and_said(
    session: Session, cast: Cast, people: dict[str, Patient], query: str, name: str, fit: Fit
) -> None:
    found = found_by(session, cast, query)
    assert (names(found)[0], found[0].fit) == (name, fit)


def test_who_fits_exactly_stands_before_who_fits_nearly(
    session: Session, cast: Cast, people: dict[str, Patient]
) -> None:
    make_patient(session, cast.service, given_name="Stephen", family_name="Smith")
    make_patient(session, cast.service, given_name="Stephen", family_name="Smithers")
    assert names(found_by(session, cast, "stephen smith")) == [
        "Stephen Smith",
        "Stephen Smithers",
        "Stephen Smyth",
    ]


def test_a_changed_name_is_found_by_the_date_of_birth_and_marked(
    session: Session, cast: Cast, people: dict[str, Patient]
) -> None:
    found = found_by(session, cast, "margaret brown 2/1/1950")
    assert (names(found), found[0].fit) == (["Margaret Hughes"], Fit.PART)


def test_half_of_a_name_finds_somebody_only_where_they_are_few(
    session: Session, cast: Cast, people: dict[str, Patient]
) -> None:
    assert names(found_by(session, cast, "quentin hughes")) == ["Margaret Hughes"]
    for number in range(SEARCH_LIMIT + 1):
        make_patient(session, cast.service, given_name=f"Anna{number}", family_name="Hughes")
    assert found_by(session, cast, "quentin hughes") == []


def test_a_date_the_other_way_round_is_found_and_marked(
    session: Session, cast: Cast, people: dict[str, Patient]
) -> None:
    found = found_by(session, cast, "neill 7/9/1961")
    assert [(each.patient.given_name, each.is_swapped) for each in found] == [("Siân", True)]
    assert not found_by(session, cast, "neill 9/7/1961")[0].is_swapped


def test_the_right_date_stands_before_the_swapped_one(session: Session, cast: Cast) -> None:
    make_patient(session, cast.service, given_name="Ada", family_name="Quick", birth_date=date(1961, 9, 7))
    make_patient(session, cast.service, given_name="Zoe", family_name="Quick", birth_date=date(1961, 7, 9))
    assert names(found_by(session, cast, "9/7/1961")) == ["Zoe Quick", "Ada Quick"]


def test_an_nhs_number_is_found_whole_and_by_its_start(session: Session, cast: Cast) -> None:
    known = make_patient(session, cast.service, given_name="Mali", nhs_number="9990000018")
    for query in ("999 000 0018", "9990000018", "99900", "morgan 999-000-0018"):
        assert known.id in {each.patient.id for each in found_by(session, cast, query)}, query
    assert found_by(session, cast, "999 000 0026") == []


def test_a_phone_number_finds_with_a_name_that_is_misspelt(session: Session, cast: Cast) -> None:
    set_contact(session, cast.patient, phone="+447700900777")
    session.flush()
    assert names(found_by(session, cast, "morgen 0777")) == ["Eirlys Morgan"]


def test_more_than_a_page_says_so(session: Session, cast: Cast) -> None:
    who = actor_of(cast.receptionist)
    for number in range(SEARCH_LIMIT):
        make_patient(session, cast.service, given_name=f"Anna{number:02}", family_name="Llywelyn")
    result = search_patients(session, who, "llywelyn")
    assert (len(result.found), result.has_more) == (SEARCH_LIMIT, False)
    make_patient(
        session, cast.service, given_name="Bella", family_name="Llywelyn", birth_date=date(1930, 1, 31)
    )
    result = search_patients(session, who, "llywelyn")
    assert (len(result.found), result.has_more) == (SEARCH_LIMIT, True)
    assert names(found_by(session, cast, "llywelyn 31/1/1930")) == ["Bella Llywelyn"]


def test_a_renamed_patient_is_found_by_the_new_name_alone(
    session: Session, cast: Cast, people: dict[str, Patient]
) -> None:
    people["Margaret Hughes"].family_name = "Vaughan"
    session.flush()
    assert names(found_by(session, cast, "vaughan")) == ["Margaret Vaughan"]
    assert found_by(session, cast, "hughes") == []


def test_the_words_of_a_patient_go_with_the_record(session: Session, cast: Cast) -> None:
    patient = make_patient(session, cast.service, given_name="Gone", family_name="Away")
    session.delete(patient)
    session.flush()
    assert session.scalars(select(PatientNameWord).where(PatientNameWord.word == "gone")).all() == []


def test_a_merged_record_is_found_as_the_one_that_stands_for_it(
    session: Session, cast: Cast, people: dict[str, Patient]
) -> None:
    kept = people["Margaret Hughes"]
    other = make_patient(
        session, cast.service, given_name="Peggy", family_name="Vaughan", nhs_number="9990000018"
    )
    link_records(session, actor_of(cast.receptionist), other, kept, LinkReason.CHANGED_NAME)
    for query in ("peggy vaughan", "999 000 0018"):
        found = found_by(session, cast, query)
        assert [(each.patient.id, each.also_known_as) for each in found] == [(kept.id, "Peggy Vaughan")]
    assert [each.also_known_as for each in found_by(session, cast, "hughes")] == [""]


def test_no_near_match_names_a_protected_patient(
    session: Session, cast: Cast, people: dict[str, Patient]
) -> None:
    protect(session, cast, people["Margaret Hughes"])
    stranger = actor_of(cast.other_service_receptionist)
    for query in ("huhges", "margaret huhges", "2/1/1950", "hughs", "brown 2/1/1950"):
        assert people["Margaret Hughes"] in [each.patient for each in found_by(session, cast, query)], query
        assert find_patients(session, stranger, query) == [], query


def test_nobody_of_another_organisation_is_found(
    session: Session, cast: Cast, people: dict[str, Patient]
) -> None:
    stranger = actor_of(cast.other_organisation_receptionist)
    for query in ("hughes", "huhges", "2/1/1950", "margaret"):
        assert find_patients(session, stranger, query) == [], query


@pytest.mark.parametrize("query", ["hughes", "margaret hughes", "margaret huhges"])
def test_names_are_looked_up_in_the_index(
    session: Session, cast: Cast, people: dict[str, Patient], query: str
) -> None:
    """With 200,000 patients nothing may read all words: the plan says so with a few, where reading would be cheap."""
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    for statement in select_by_names(cast.service.organisation_id, query):
        dialect = sqlite.dialect() if is_sqlite else postgresql.dialect()  # type: ignore[no-untyped-call]
        words = str(
            statement.compile(
                dialect=dialect, compile_kwargs={"literal_binds": True, "render_postcompile": True}
            )
        )
        if not is_sqlite:
            session.execute(text("SET LOCAL enable_seqscan = off"))
        explain = "EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN "
        plan = "\n".join(
            str(row) for row in session.connection().exec_driver_sql(explain + words.replace("%", "%%"))
        )
        assert "ix_patient_name_word_" in plan, plan
        assert "SCAN patient_name_word" not in plan, plan
        assert "Seq Scan" not in plan, plan


def test_beside_a_name_four_digits_are_a_year_of_birth_too(
    session: Session, cast: Cast, people: dict[str, Patient]
) -> None:
    assert names(found_by(session, cast, "margaret 1950")) == ["Margaret Hughes"]
    assert names(found_by(session, cast, "1980 margret")) == ["Margaret Smith-Jones"]
    set_contact(session, people["Margaret Smith-Jones"], phone="+447700901950", email="")
    session.flush()
    assert names(found_by(session, cast, "margaret 1950")) == ["Margaret Hughes", "Margaret Smith-Jones"]
    # Alone it is the end of a phone number: half a town was born in a year.
    assert names(found_by(session, cast, "1950")) == ["Margaret Smith-Jones"]
    assert found_by(session, cast, "margaret 1951") == []


def test_six_digits_are_a_date_of_birth_or_begin_an_nhs_number(
    session: Session, cast: Cast, people: dict[str, Patient]
) -> None:
    born = people["Margaret Hughes"].birth_date
    six = f"{born:%d%m%y}"
    assert names(found_by(session, cast, six)) == ["Margaret Hughes"]
    people["Margaret Smith-Jones"].nhs_number = f"{six}0000"
    session.flush()
    assert names(found_by(session, cast, six)) == ["Margaret Hughes", "Margaret Smith-Jones"]
    assert names(found_by(session, cast, f"jones {six}")) == ["Margaret Smith-Jones"]
