"""A patient with an account changes their own phone number or e-mail."""

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.accounts.domain.account import AccountKind
from telehealth.accounts.models import Account, ContactChange, Patient
from telehealth.accounts.services import notices
from telehealth.accounts.services.notices import Notice
from tests.factories import Cast, make_carer, protect, sign_in
from tests.page_checks import CheckedClient, posted_forms

pytestmark = pytest.mark.web

CHANGE = "/my/details/change"


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Notice]:
    found: list[Notice] = []
    monkeypatch.setattr(notices, "senders", [lambda _session, notice: found.append(notice)])
    return found


def account_of(session: Session, patient: Patient) -> Account:
    account = Account(
        organisation_id=patient.organisation_id,
        kind=AccountKind.PATIENT,
        display_name=patient.display_name,
        patient_id=patient.id,
    )
    session.add(account)
    session.commit()
    return account


@pytest.fixture
def mine(client: CheckedClient, session: Session, cast: Cast) -> CheckedClient:
    sign_in(client, account_of(session, cast.patient))
    return client


def test_the_code_from_the_new_contact_puts_it_into_use(
    mine: CheckedClient, session: Session, cast: Cast, sent: list[Notice]
) -> None:
    page = mine.submit(CHANGE, {"kind": "email", "value": "new@example.test"})
    assert "n•••@example.test" in page
    assert "new@example.test" not in page
    change = session.scalars(select(ContactChange)).unique().one()
    address = f"{CHANGE}/{change.id}"
    code = sent[-1].values["code"]
    wrong = "000000" if code != "000000" else "111111"
    assert "That is not the code" in mine.submit(address, {"code": wrong}, status=422)
    session.refresh(change)
    assert change.failures == 1
    assert cast.patient.email == "patient@example.test"
    form = {"code": code}
    answer = mine.post(address, data={**form, "csrf_token": token_of(mine.get_page(address))})
    assert (answer.status_code, answer.location) == (303, "/my/details")
    session.refresh(cast.patient)
    assert cast.patient.email == "new@example.test"
    assert sent[-1].to == "patient@example.test"


def token_of(page: str) -> str:
    return next(field.get("value", "") for field in posted_forms(page)[0].iter("input"))


def test_what_is_no_contact_is_shown_again(mine: CheckedClient, sent: list[Notice]) -> None:
    for typed in ({}, {"kind": "phone"}, {"kind": "phone", "value": "x"}, {"kind": "email", "value": "x"}):
        mine.submit(CHANGE, typed, status=422)
    assert sent == []


def test_another_patients_change_does_not_exist(
    mine: CheckedClient, app: Flask, session: Session, cast: Cast, sent: list[Notice]
) -> None:
    mine.submit(CHANGE, {"kind": "email", "value": "new@example.test"})
    change = session.scalars(select(ContactChange)).unique().one()
    other = app.test_client()
    assert isinstance(other, CheckedClient)
    sign_in(other, account_of(session, cast.other_patient))
    other.get_page(f"{CHANGE}/{change.id}", status=404)
    form = {"csrf_token": token_of(other.get_page(CHANGE)), "code": sent[-1].values["code"]}
    for place in ("", "/code"):
        assert other.post(f"{CHANGE}/{change.id}{place}", data=form).status_code == 404
    session.refresh(change)
    assert (change.failures, change.verified_at) == (0, None)


def test_staff_and_carers_have_no_such_page(
    client: CheckedClient, session: Session, cast: Cast, app: Flask
) -> None:
    carer = make_carer(session, cast.patient).related_person
    account = Account(
        organisation_id=carer.organisation_id,
        kind=AccountKind.RELATED,
        display_name=carer.display_name,
        related_person_id=carer.id,
    )
    session.add(account)
    session.commit()
    for who in (account, cast.receptionist):
        person = app.test_client()
        sign_in(person, who)
        assert person.get(CHANGE).status_code == 404


def test_a_protected_patient_is_asked_to_call(
    mine: CheckedClient, session: Session, cast: Cast, sent: list[Notice]
) -> None:
    protect(session, cast)
    session.commit()
    page = mine.submit(CHANGE, {"kind": "email", "value": "new@example.test"}, status=409)
    assert "Call us to change" in page
    assert sent == []
