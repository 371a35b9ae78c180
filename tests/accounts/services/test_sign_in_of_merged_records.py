"""Two records of one person are one person at the sign-in too; but only by the address of the one that was kept."""

from datetime import date

import pytest
from sqlalchemy.orm import Session

from telehealth.accounts.models import LinkReason, Patient
from telehealth.accounts.services.contacts import set_contact
from telehealth.accounts.services.merges import link_records, unlink_records
from telehealth.accounts.services.patient_sign_in import LinkAnswer, send_sign_in_link, sign_in_by_link
from telehealth.accounts.services.sign_in import actor_of
from telehealth.actor import ANONYMOUS
from tests.factories import Cast, make_patient

pytestmark = pytest.mark.service

EMAIL = "eirlys@example.org"
BORN = date(1948, 3, 5)


@pytest.fixture
def twin(session: Session, cast: Cast) -> Patient:
    """A second record with the same address and date of birth."""
    made = make_patient(session, cast.service, given_name="Eirlis", birth_date=BORN)
    for patient in (cast.patient, made):
        set_contact(session, patient, email=EMAIL)
    session.flush()
    return made


def merge(session: Session, cast: Cast, replaced: Patient, into: Patient) -> None:
    link_records(session, actor_of(cast.receptionist), replaced, into, LinkReason.REGISTERED_TWICE)


def sign_in(session: Session, email: str = EMAIL) -> LinkAnswer:
    """Ask for a link, open it, and give the date of birth."""
    tokens: list[str] = []

    def make_link(token: str) -> str:
        tokens.append(token)
        return f"http://localhost/{token}"

    send_sign_in_link(session, ANONYMOUS, email, make_link)
    return sign_in_by_link(session, ANONYMOUS, tokens[0], BORN) if tokens else LinkAnswer("over")


def test_two_records_are_told_apart_by_nobody_until_they_are_merged(
    session: Session, cast: Cast, twin: Patient
) -> None:
    assert sign_in(session).outcome == "several"
    merge(session, cast, twin, cast.patient)
    answer = sign_in(session)
    assert answer.outcome == "signed-in"
    assert answer.account is not None
    assert answer.account.patient_id == cast.patient.id
    unlink_records(session, actor_of(cast.receptionist), twin)
    assert sign_in(session).outcome == "several"


def test_the_address_of_a_record_that_was_replaced_opens_nothing(
    session: Session, cast: Cast, twin: Patient
) -> None:
    """Anybody can ask for an appointment under the name of somebody else, with an address of their own."""
    set_contact(session, twin, email="stranger@example.org")
    session.flush()
    assert sign_in(session, "stranger@example.org").outcome == "signed-in"
    merge(session, cast, twin, cast.patient)
    assert sign_in(session, "stranger@example.org").outcome == "over"
