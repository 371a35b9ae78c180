import re
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from telehealth.accounts.models import Patient
from telehealth.clock import now
from tests.factories import Cast, make_patient, sign_in
from tests.page_checks import CheckedClient, fields_of

pytestmark = pytest.mark.web

NEW = "/desk/patients/new"
TYPED: dict[str, Any] = {
    "given_name": "Gwen",
    "family_name": "Parry",
    "birth_date-day": "5",
    "birth_date-month": "3",
    "birth_date-year": "1948",
    "nhs_number": "999 000 0018",
    "phone": "07700 900123",
    "email": "gwen@example.org",
}
HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>"


@pytest.fixture(autouse=True)
def _at_the_desk(client: CheckedClient, cast: Cast) -> None:
    sign_in(client, cast.receptionist)


def count_patients(session: Session) -> int | None:
    return session.scalar(select(func.count()).select_from(Patient))


def date_of(day: str, month: str, year: str) -> dict[str, str]:
    return {"birth_date-day": day, "birth_date-month": month, "birth_date-year": year}


def test_a_registered_patient_can_be_booked_at_once(client: CheckedClient, session: Session) -> None:
    page = client.submit(NEW, TYPED)
    assert "The patient is registered" in page
    assert 'name="slot"' in page
    patient = session.scalars(select(Patient).where(Patient.family_name == "Parry")).one()
    assert (patient.nhs_number, patient.phone, patient.email) == (
        "9990000018",
        "+447700900123",
        "gwen@example.org",
    )


def test_names_and_the_date_of_birth_are_enough(client: CheckedClient, session: Session) -> None:
    client.submit(NEW, {**TYPED, "nhs_number": "", "phone": "", "email": ""})
    patient = session.scalars(select(Patient).where(Patient.family_name == "Parry")).one()
    assert (patient.nhs_number, patient.phone, patient.email) == (None, "", "")


@pytest.mark.parametrize(
    "wrong",
    [
        {"given_name": ""},
        {"family_name": ""},
        {"given_name": "   "},
        {"family_name": "\t\u00a0"},
        {"family_name": "x" * 101},
        {"given_name": "\N{GRINNING FACE}" * 101},
        {"nhs_number": "999 000 0019"},
        {"nhs_number": "999 000 001"},
        {"nhs_number": "99900000180"},
        {"nhs_number": "abcdefghij"},
        {"nhs_number": "٩٩٩٠٠٠٠٠١٨"},
        {"nhs_number": "9" * 5000},
        {"phone": "phone"},
        {"phone": "123"},
        {"phone": "0" * 300},
        {"email": "gwen"},
        {"email": "gwen@"},
        {"email": "gwen@exa mple.org"},
        {"email": f"{'g' * 300}@example.org"},
        {"email": "gwen@example.org\nBcc: all@example.org"},
        date_of("", "", ""),
        date_of("5", "", "1948"),
        date_of("31", "2", "2000"),
        date_of("29", "2", "1900"),
        date_of("0", "3", "1948"),
        date_of("5", "13", "1948"),
        date_of("-5", "3", "1948"),
        date_of("abc", "3", "1948"),
        date_of("5", "Marching", "1948"),
        date_of("5.0", "3", "1948"),
        date_of("٥", "3", "1948"),
        date_of("5", "3", "48"),
        date_of("5", "3", "0048"),
        date_of("5", "3", "1889"),
        date_of("5", "3", "9999"),
        date_of("5", "3", "9" * 5000),
    ],
)
def test_what_cannot_be_right_is_refused_and_shown_again(
    client: CheckedClient, session: Session, wrong: dict[str, str]
) -> None:
    before = count_patients(session)
    page = client.submit(NEW, {**TYPED, **wrong}, status=422)
    assert "There is a problem" in page
    shown = fields_of(page)
    expected = {name: value.strip() for name, value in {**TYPED, **wrong}.items()}
    assert {name: shown[name] for name in TYPED if name != "email"} == {
        n: v for n, v in expected.items() if n != "email"
    }
    assert count_patients(session) == before


def test_the_month_may_be_typed_by_its_name(client: CheckedClient, session: Session) -> None:
    client.submit(NEW, {**TYPED, "birth_date-month": "march"})
    made = session.scalars(select(Patient).where(Patient.family_name == TYPED["family_name"])).one()
    assert made.birth_date.month == 3


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"given_name": " "}, "Enter the first name"),
        ({"family_name": ""}, "Enter the last name"),
        ({"nhs_number": "123"}, "The NHS number must have 10 digits"),
        ({"phone": "x"}, "Enter a phone number"),
        ({"email": "x"}, "Enter an email address"),
        (date_of("", "", ""), "Enter the date of birth"),
        (date_of("5", "3", "48"), "Enter the year of birth with four digits"),
    ],
)
def test_each_problem_is_named_beside_its_field_and_at_the_top(
    client: CheckedClient, wrong: dict[str, str], words: str
) -> None:
    page = client.submit(NEW, {**TYPED, **wrong}, status=422)
    assert page.count(words) == 2


def test_the_future_is_refused(client: CheckedClient) -> None:
    page = client.submit(NEW, {**TYPED, **date_of("1", "1", f"{now().year + 1}")}, status=422)
    assert "must be in the past" in page


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Siân-Élodie O’Neill", "Siân-Élodie O’Neill"),
        ("\N{GRINNING FACE}", "\N{GRINNING FACE}"),
        ("نور", "نور"),
        ("nul\x00byte", "nulbyte"),
        ("  spaces  ", "spaces"),
        ("100% %s {7*7} &amp;", "100% %s {7*7} &amp;"),
        (HOSTILE, HOSTILE),
        ("x" * 100, "x" * 100),
    ],
)
def test_any_name_is_kept_and_shown_as_it_is_written(
    client: CheckedClient, session: Session, typed: str, kept: str
) -> None:
    page = client.submit(NEW, {**TYPED, "given_name": typed})
    assert "<script>alert" not in page
    patient = session.scalars(select(Patient).where(Patient.family_name == "Parry")).one()
    assert patient.given_name == kept
    for address in (f"/desk/patients/{patient.id}", f"/desk/patients/{patient.id}/book"):
        assert "<script>alert" not in client.get_page(address)
    assert "<script>alert" not in client.submit("/desk", {"q": "Parry"})


def test_no_field_lets_a_script_through(client: CheckedClient) -> None:
    """The client's own check finds a script without nonce, an inline handler and a broken attribute."""
    page = client.submit(NEW, dict.fromkeys(TYPED, HOSTILE), status=422)
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_a_number_that_is_known_leads_to_its_record(
    client: CheckedClient, cast: Cast, session: Session
) -> None:
    known = make_patient(session, cast.service, given_name="Megan", nhs_number="9990000018")
    session.commit()
    page = client.submit(NEW, TYPED, status=409)
    assert f'href="/desk/patients/{known.id}"' in page
    assert fields_of(page)["given_name"] == "Gwen"


def test_a_number_of_another_organisation_is_no_clash(
    client: CheckedClient, cast: Cast, session: Session
) -> None:
    make_patient(session, cast.other_organisation_service, given_name="Megan", nhs_number="9990000018")
    session.commit()
    assert "The patient is registered" in client.submit(NEW, TYPED)


@pytest.mark.parametrize(
    "query",
    [
        HOSTILE,
        "%",
        "_",
        "\\",
        "' OR 1=1 --",
        "\x00",
        "\N{GRINNING FACE}",
        "0" * 5000,
        "31/02/2000",
        "00/00/0000",
        "word " * 500,
        ",",
        "   ",
    ],
)
def test_no_search_finds_what_was_not_asked_for(client: CheckedClient, query: str) -> None:
    text = client.submit("/desk", {"q": query})
    assert not re.search(r"/desk/patients/[0-9a-f-]{36}", text)
    assert "<script>alert" not in text


@pytest.mark.parametrize(
    "query", ["morgan", "MORGAN eirlys", "Morgan, Eir", "05/03/1948", "1948-03-05", "morg 5.3.1948"]
)
def test_a_patient_is_found_by_what_reception_is_told(client: CheckedClient, cast: Cast, query: str) -> None:
    assert f"/desk/patients/{cast.patient.id}" in client.submit("/desk", {"q": query})


def test_patients_of_another_organisation_are_not_found(
    client: CheckedClient, cast: Cast, session: Session
) -> None:
    stranger = make_patient(session, cast.other_organisation_service, given_name="Zoe", family_name="Zimmer")
    session.commit()
    assert f"{stranger.id}" not in client.submit("/desk", {"q": "Zimmer"})
    for address in (f"/desk/patients/{stranger.id}", f"/desk/patients/{stranger.id}/book"):
        client.get_page(address, status=404)
