"""The desk's search, and registering after a look at who may be the same person."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from telehealth.accounts.models import Patient
from telehealth.accounts.services.contacts import set_contact
from telehealth.audit.models import AuditEvent
from telehealth.booking.models import Appointment
from tests.factories import Cast, make_appointment, make_patient, protect, sign_in
from tests.page_checks import CheckedClient, fields_of

pytestmark = pytest.mark.web

NEW = "/desk/patients/new"
BACKGROUND = {"X-Background": "1"}
TYPED: dict[str, Any] = {
    "given_name": "Eirlis",
    "family_name": "Morgan",
    "birth_date-day": "5",
    "birth_date-month": "3",
    "birth_date-year": "1948",
    "nhs_number": "",
    "phone": "",
    "email": "",
    "idempotency_key": "one form",
}


@pytest.fixture(autouse=True)
def _at_the_desk(client: CheckedClient, cast: Cast) -> None:
    sign_in(client, cast.receptionist)


def count_patients(session: Session) -> int | None:
    return session.scalar(select(func.count()).select_from(Patient))


def count_searches(session: Session) -> int | None:
    return session.scalar(
        select(func.count()).select_from(AuditEvent).where(AuditEvent.action == "patients.searched")
    )


def ask_for_part(client: CheckedClient, query: str, **headers: str) -> str:
    """The results alone, as the page's script asks for them."""
    token = fields_of(client.get_page("/desk"))["csrf_token"]
    form = {"q": query, "part": "results", "csrf_token": token}
    response = client.post("/desk", data=form, headers=headers)
    assert response.status_code == 200
    return response.get_data(as_text=True)


def test_what_was_typed_does_not_stand_in_the_address(client: CheckedClient, cast: Cast) -> None:
    page = client.submit("/desk", {"q": "morgan 5/3/1948"})
    assert 'value="morgan 5/3/1948"' in page
    assert "1 patient found" in page
    assert f'href="/desk/patients/{cast.patient.id}"' in page
    assert "morgan" not in client.get_page("/desk").lower().partition("<main")[2].partition("<form")[0]


def test_the_script_gets_the_results_alone(client: CheckedClient, cast: Cast) -> None:
    part = ask_for_part(client, "morgan 5/3/1948")
    assert "<html" not in part
    assert f'href="/desk/patients/{cast.patient.id}"' in part
    assert "data-result" in part
    assert "The patients that match appear here" in ask_for_part(client, "  ")


def test_typing_is_recorded_once_a_minute_and_a_search_each_time(
    client: CheckedClient, session: Session
) -> None:
    for query in ("mo", "mor", "morg"):
        ask_for_part(client, query, **BACKGROUND)
    assert count_searches(session) == 1
    client.submit("/desk", {"q": "morgan"})
    client.submit("/desk", {"q": "morgan"})
    assert count_searches(session) == 3


def test_a_reference_leads_to_its_appointment(client: CheckedClient, cast: Cast, session: Session) -> None:
    appointment = make_appointment(session, cast)
    session.commit()
    reference = appointment.reference
    for typed in (reference, reference.lower(), reference.replace("-", ""), reference.replace("-", " ")):
        page = client.submit("/desk", {"q": typed})
        assert f'href="/desk/appointments/{appointment.id}"' in page
        assert f'href="/desk/patients/{cast.patient.id}"' in page


def test_a_reference_of_another_service_leads_to_the_patient_unless_it_is_restricted(
    client: CheckedClient, cast: Cast, session: Session
) -> None:
    appointment = make_appointment(session, cast)
    session.commit()
    sign_in(client, cast.other_service_receptionist)
    page = client.submit("/desk", {"q": appointment.reference})
    assert f"/desk/appointments/{appointment.id}" not in page
    assert f'href="/desk/patients/{cast.patient.id}"' in page
    session.get_one(Appointment, appointment.id).service.is_restricted = True
    session.commit()
    assert f"{cast.patient.id}" not in client.submit("/desk", {"q": appointment.reference})


def test_a_reference_of_a_protected_patient_names_nobody_elsewhere(
    client: CheckedClient, cast: Cast, session: Session
) -> None:
    appointment = make_appointment(session, cast)
    protect(session, cast)
    session.commit()
    sign_in(client, cast.other_service_receptionist)
    page = client.submit("/desk", {"q": appointment.reference})
    assert f"{cast.patient.id}" not in page
    assert "Eirlys" not in page


def test_what_does_not_fit_exactly_is_said(client: CheckedClient, cast: Cast) -> None:
    assert "Similar name" in client.submit("/desk", {"q": "eirlis morgan"})
    assert "Day and month of birth the other way round" in client.submit("/desk", {"q": "morgan 3/5/1948"})


def test_too_many_say_what_to_add(client: CheckedClient, cast: Cast, session: Session) -> None:
    for number in range(21):
        make_patient(session, cast.service, given_name=f"Anna{number}", family_name="Llywelyn")
    session.commit()
    assert "There are more: add the date of birth" in client.submit("/desk", {"q": "llywelyn"})


@pytest.mark.parametrize(
    ("query", "given_name", "family_name", "rest"),
    [
        ("gwen vaughan", "Gwen", "Vaughan", {}),
        ("Vaughan, Gwen", "Gwen", "Vaughan", {}),
        ("gwen van der berg 6/3/1948", "Gwen", "Van Der Berg", {"birth_date-year": "1948"}),
        ("gwen 999 000 0018", "Gwen", "", {"nhs_number": "9990000018"}),
        ("vaughan 07700 900999", "Vaughan", "", {"phone": "07700900999"}),
        ("gwen@example.test", "", "", {"email": "gwen@example.test"}),
    ],
)
def test_what_found_nobody_is_taken_along_to_the_registration(
    client: CheckedClient,
    session: Session,
    query: str,
    given_name: str,
    family_name: str,
    rest: dict[str, str],
) -> None:
    before = count_patients(session)
    page = client.submit("/desk", {"q": query})
    assert "No patient found" in page
    assert f'name="typed" value="{query}"' in page
    shown = fields_of(client.submit(NEW, {"typed": query}))
    assert (shown["given_name"], shown["family_name"]) == (given_name, family_name)
    assert {name: shown[name] for name in rest} == rest
    assert count_patients(session) == before


def test_a_likely_duplicate_is_shown_before_a_second_record_is_made(
    client: CheckedClient, cast: Cast, session: Session
) -> None:
    before = count_patients(session)
    page = client.submit(NEW, TYPED, status=409)
    assert count_patients(session) == before
    assert "Is the patient registered already?" in page
    assert f'href="/desk/patients/{cast.patient.id}"' in page
    for words in ("Same date of birth", "Similar name", "Eirlis Morgan", "Eirlys Morgan"):
        assert words in page
    shown = fields_of(page)
    assert {name: shown[name] for name in TYPED} == TYPED


def test_none_of_these_makes_the_record(client: CheckedClient, cast: Cast, session: Session) -> None:
    client.submit(NEW, TYPED, status=409)
    page = client.submit(NEW, {**TYPED, "not_these": str(cast.patient.id)})
    assert "The patient is registered" in page
    assert session.scalars(select(Patient).where(Patient.given_name == "Eirlis")).one()


def test_a_duplicate_that_was_not_shown_is_shown_first(
    client: CheckedClient, cast: Cast, session: Session
) -> None:
    """Registered by a colleague while this page was open."""
    other = make_patient(session, cast.service, given_name="Eirliss")
    session.commit()
    page = client.submit(NEW, {**TYPED, "not_these": str(cast.patient.id)}, status=409)
    assert f'href="/desk/patients/{other.id}"' in page


def test_a_double_click_makes_one_record(client: CheckedClient, session: Session) -> None:
    form = {**TYPED, "given_name": "Quentin", "family_name": "Brown"}
    client.submit(NEW, form)
    before = count_patients(session)
    assert "The patient is registered" in client.submit(NEW, form)
    assert count_patients(session) == before


def test_the_same_phone_and_first_name_are_a_likely_duplicate(
    client: CheckedClient, cast: Cast, session: Session
) -> None:
    set_contact(session, session.get_one(Patient, cast.patient.id), phone="+447700900999")
    session.commit()
    form = {
        **TYPED,
        "given_name": "Eirlys",
        "family_name": "Price",
        "birth_date-year": "1950",
        "phone": "07700 900999",
    }
    assert "Same phone number" in client.submit(NEW, form, status=409)


def test_nobody_is_told_of_a_protected_duplicate(client: CheckedClient, cast: Cast, session: Session) -> None:
    protect(session, cast)
    session.commit()
    sign_in(client, cast.other_service_receptionist)
    assert "The patient is registered" in client.submit(NEW, TYPED)


def test_a_day_and_month_the_other_way_round_are_a_likely_duplicate(
    client: CheckedClient, cast: Cast, session: Session
) -> None:
    known = make_patient(session, cast.service, given_name="Gwen", birth_date=date(1960, 7, 9))
    session.commit()
    form = {
        **TYPED,
        "given_name": "Gwen",
        "birth_date-day": "7",
        "birth_date-month": "9",
        "birth_date-year": "1960",
    }
    page = client.submit(NEW, form, status=409)
    assert f'href="/desk/patients/{known.id}"' in page
    assert "Day and month of birth the other way round" in page
