"""Patients and carers sign in by a link to their e-mail and their date of birth."""

import re
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from telehealth.accounts.domain.account import AccountKind
from telehealth.accounts.domain.sign_in_link import LINK_TRIES, LINKS_FROM_A_PLACE, LINKS_TO_AN_ADDRESS
from telehealth.accounts.models import Account, BrowserSession, ContactKind, Protection, SignInLink
from telehealth.accounts.services.contacts import hash_of_email, set_contact
from telehealth.accounts.services.sessions import hash_token, make_token
from telehealth.audit.models import AuditEvent
from telehealth.clock import now
from telehealth.messages.domain.delivery import MessageState
from telehealth.messages.models import Message
from tests.factories import Cast, make_carer, make_patient
from tests.page_checks import CheckedClient, fields_of

pytestmark = pytest.mark.web

EMAIL = "eirlys@example.org"
BORN = date(1948, 3, 5)
WRONG = date(1948, 3, 6)
ASK = "/my/sign-in"
OVER = "This link does not work any more"


def typed(born: date) -> dict[str, str]:
    return {
        "birth_date-day": str(born.day),
        "birth_date-month": str(born.month),
        "birth_date-year": str(born.year),
    }


@pytest.fixture
def ask(client: CheckedClient, session: Session, cast: Cast) -> Callable[..., str]:
    """Ask for a link as a person does; returns its path, as the e-mail has it."""
    set_contact(session, cast.patient, email=EMAIL)
    session.commit()

    def send(email: str = EMAIL) -> str:
        client.submit(ASK, {"email": email})
        return link_in(latest(session))

    return send


def latest(session: Session) -> Message:
    return session.scalars(select(Message).order_by(Message.created_at.desc())).first() or pytest.fail(
        "no message"
    )


def link_in(message: Message) -> str:
    found = re.search(r"http://localhost:5000(/my/sign-in/\S+)", message.body)
    assert found
    return found[1]


def is_signed_in(client: CheckedClient) -> bool:
    return client.get("/my").status_code == 200


def test_the_link_and_the_date_of_birth_sign_a_patient_in(
    client: CheckedClient, session: Session, cast: Cast, ask: Callable[..., str]
) -> None:
    path = ask()
    message = latest(session)
    assert (message.channel, message.to, message.patient_id) == (ContactKind.EMAIL, EMAIL, cast.patient.id)
    page = client.submit(path, typed(BORN))
    assert "Your appointments" in page
    assert cast.patient.display_name in page
    account = session.scalars(select(Account).where(Account.patient_id == cast.patient.id)).one()
    assert (account.kind, account.email, account.password_hash) == (AccountKind.PATIENT, None, None)
    signed_in = session.scalars(select(AuditEvent).where(AuditEvent.action == "account.signed-in")).one()
    assert (signed_in.actor, signed_in.patient_id) == (f"account:{account.id}", cast.patient.id)


def test_the_second_sign_in_uses_the_same_account(
    app: Flask, client: CheckedClient, session: Session, cast: Cast, ask: Callable[..., str]
) -> None:
    client.submit(ask(), typed(BORN))
    other = app.test_client()
    assert isinstance(other, CheckedClient)
    other.submit(ask(), typed(BORN))
    assert session.scalar(select(func.count()).where(Account.patient_id == cast.patient.id)) == 1
    assert is_signed_in(other)


def test_a_known_and_an_unknown_address_get_the_same_answer(
    client: CheckedClient, session: Session, ask: Callable[..., str]
) -> None:
    ask()
    known = client.submit(ASK, {"email": EMAIL})
    before = session.scalar(select(func.count()).select_from(Message))
    unknown = client.submit(ASK, {"email": "nobody@example.org"})
    nonce = re.compile(r'nonce="[^"]*"|name="csrf_token" value="[^"]*"')
    assert nonce.sub("", known) == nonce.sub("", unknown)
    assert session.scalar(select(func.count()).select_from(Message)) == before
    assert "nobody@example.org" not in unknown


@pytest.mark.parametrize("email", [EMAIL, "nobody@example.org"])
def test_an_address_is_throttled_whether_somebody_has_it_or_not(
    client: CheckedClient, ask: Callable[..., str], email: str
) -> None:
    del ask
    for _ in range(LINKS_TO_AN_ADDRESS.limit):
        client.submit(ASK, {"email": email})
    page = client.submit(ASK, {"email": email.upper()}, status=429)
    assert "Too many links were asked for" in page
    client.submit(ASK, {"email": "somebody.else@example.org"})


def test_a_network_address_is_throttled(client: CheckedClient, session: Session, cast: Cast) -> None:
    session.add_all(
        SignInLink(
            email_hash=hash_of_email(session, f"p{number}@example.org"),
            token_hash=hash_token(make_token()),
            created_at=now(),
            expires_at=now(),
            address="127.0.0.1",
        )
        for number in range(LINKS_FROM_A_PLACE.limit)
    )
    session.commit()
    client.submit(ASK, {"email": EMAIL}, status=429)


def test_opening_the_link_changes_nothing(
    client: CheckedClient, session: Session, ask: Callable[..., str]
) -> None:
    """Mail scanners follow links, more than once."""
    path = ask()
    for _ in range(3):
        assert "date of birth" in client.get_page(path)
    assert client.head(path).status_code == 200
    link = session.scalars(select(SignInLink)).one()
    assert (link.closed_at, link.failures) == (None, 0)
    assert not is_signed_in(client)
    client.submit(path, typed(BORN))
    assert is_signed_in(client)


def test_a_link_works_once(app: Flask, client: CheckedClient, ask: Callable[..., str]) -> None:
    path = ask()
    form = {**fields_of(client.get_page(path)), **typed(BORN)}
    client.post(path, data=form)
    thief = app.test_client()
    assert isinstance(thief, CheckedClient)
    assert OVER in thief.get_page(path, status=410)
    form = {**fields_of(thief.get_page(ASK)), **typed(BORN)}
    assert thief.post(path, data=form).status_code == 410
    assert not is_signed_in(thief)


def test_a_newer_link_replaces_the_older_one(client: CheckedClient, ask: Callable[..., str]) -> None:
    older, newer = ask(), ask()
    assert OVER in client.get_page(older, status=410)
    client.submit(newer, typed(BORN))
    assert is_signed_in(client)


def test_a_link_runs_out_after_ten_minutes(
    client: CheckedClient, session: Session, ask: Callable[..., str]
) -> None:
    path = ask()
    link = session.scalars(select(SignInLink)).one()
    assert link.expires_at - link.created_at == timedelta(minutes=10)
    link.expires_at = now()
    session.commit()
    assert OVER in client.get_page(path, status=410)
    client.post(path, data=typed(BORN))
    assert not is_signed_in(client)


def test_a_link_is_closed_after_five_wrong_dates_of_birth(
    client: CheckedClient, session: Session, ask: Callable[..., str]
) -> None:
    path = ask()
    for left in range(LINK_TRIES - 1, 0, -1):
        page = client.submit(path, typed(WRONG), status=422)
        assert f"Tries left for this link: {left}" in " ".join(page.split())
    assert OVER in client.submit(path, typed(WRONG), status=410)
    assert OVER in client.get_page(path, status=410)
    assert not is_signed_in(client)
    refused = session.scalars(select(AuditEvent).where(AuditEvent.action == "sign-in-link.refused")).all()
    assert len(refused) == LINK_TRIES


@pytest.mark.parametrize("parts", [("", "", ""), ("31", "2", "1948"), ("x", "3", "1948"), ("5", "3", "9999")])
def test_what_is_no_date_is_no_wrong_answer(
    client: CheckedClient, session: Session, ask: Callable[..., str], parts: tuple[str, str, str]
) -> None:
    names = ("birth_date-day", "birth_date-month", "birth_date-year")
    path = ask()
    assert "There is a problem" in client.submit(path, dict(zip(names, parts, strict=True)), status=422)
    assert session.scalars(select(SignInLink)).one().failures == 0


@pytest.mark.parametrize("token", ["x", "a" * 500, "%00", "é"])
def test_a_made_up_link_is_over(client: CheckedClient, cast: Cast, token: str) -> None:
    assert OVER in client.get_page(f"{ASK}/{token}", status=410)


@pytest.mark.parametrize("email", ["", "x", "a@b@c", "x" * 300, "<script>alert(1)</script>", "\x00"])
def test_what_is_no_address(client: CheckedClient, session: Session, cast: Cast, email: str) -> None:
    page = client.submit(ASK, {"email": email}, status=422)
    assert "There is a problem" in page
    assert "<script>alert" not in page
    assert session.scalars(select(SignInLink)).all() == []


def test_two_patients_with_one_address_are_told_apart_by_their_date_of_birth(
    client: CheckedClient, session: Session, cast: Cast, ask: Callable[..., str]
) -> None:
    child = make_patient(
        session, cast.service, given_name="Mali", family_name="Morgan", birth_date=date(2015, 4, 2)
    )
    set_contact(session, child, email=EMAIL)
    session.commit()
    page = client.submit(ask(), typed(date(2015, 4, 2)))
    assert "Mali Morgan" in page
    assert cast.patient.display_name not in page


def test_twins_with_one_address_are_asked_to_call(
    client: CheckedClient, session: Session, cast: Cast, ask: Callable[..., str]
) -> None:
    twin = make_patient(session, cast.service, given_name="Gwen", birth_date=BORN)
    set_contact(session, twin, email=EMAIL)
    session.commit()
    path = ask()
    assert "Call us to sign in" in client.submit(path, typed(BORN), status=409)
    assert not is_signed_in(client)
    assert session.scalar(select(func.count()).where(Account.kind != AccountKind.STAFF)) == 0
    assert OVER in client.get_page(path, status=410)


def test_an_account_that_was_disabled_does_not_sign_in(
    client: CheckedClient, session: Session, cast: Cast, ask: Callable[..., str]
) -> None:
    client.submit(ask(), typed(BORN))
    session.scalars(select(Account).where(Account.patient_id == cast.patient.id)).one().is_active = False
    session.commit()
    assert not is_signed_in(client)
    client.submit(ask(), typed(BORN), status=409)
    assert not is_signed_in(client)


def test_a_carer_signs_in_with_their_own_date_of_birth(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    carer = make_carer(session, cast.patient, email="carer@example.org").related_person
    session.commit()
    client.submit(ASK, {"email": "Carer@Example.org"})
    path = link_in(latest(session))
    assert latest(session).patient_id is None
    client.submit(path, typed(BORN), status=422)
    page = client.submit(path, typed(carer.birth_date))
    assert carer.display_name in page
    account = session.scalars(select(Account).where(Account.related_person_id == carer.id)).one()
    assert account.kind is AccountKind.RELATED


def test_staff_do_not_come_in_by_a_link(client: CheckedClient, session: Session, cast: Cast) -> None:
    assert cast.receptionist.email is not None
    client.submit(ASK, {"email": cast.receptionist.email})
    assert session.scalars(select(Message)).all() == []


def test_no_link_goes_where_it_is_not_safe(
    client: CheckedClient, session: Session, cast: Cast, ask: Callable[..., str]
) -> None:
    del ask
    session.add(
        Protection(
            organisation_id=cast.service.organisation_id,
            service_id=cast.service.id,
            patient_id=cast.patient.id,
            is_phone_safe=True,
            is_email_safe=False,
            set_at=now(),
            set_by="test",
        )
    )
    session.commit()
    assert "Look at your email" in client.submit(ASK, {"email": EMAIL})
    assert latest(session).state is MessageState.WITHHELD


def test_signing_in_makes_a_new_session_and_leads_on(
    client: CheckedClient, session: Session, ask: Callable[..., str]
) -> None:
    answer = client.get("/my/details")
    assert answer.headers["Location"] == "/my/sign-in?next=/my/details"
    client.get_page(answer.headers["Location"])
    before = client.get_cookie("session")
    path = ask()
    form = {**fields_of(client.get_page(path)), **typed(BORN)}
    answer = client.post(path, data=form)
    assert answer.headers["Location"] == "/my/details"
    after = client.get_cookie("session")
    assert before is not None
    assert after is not None
    assert before.value != after.value
    assert session.scalars(select(BrowserSession)).one().ended_at is None


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:x"]
)
def test_no_sign_in_leads_to_another_site(
    client: CheckedClient, ask: Callable[..., str], target: str
) -> None:
    client.get(ASK, query_string={"next": target})
    path = ask()
    form = {**fields_of(client.get_page(path)), **typed(BORN)}
    assert client.post(path, data=form).headers["Location"] == "/my"


def test_the_link_is_made_from_the_settings_not_from_the_request(
    client: CheckedClient, session: Session, ask: Callable[..., str]
) -> None:
    del ask
    form = {**fields_of(client.get_page(ASK)), "email": EMAIL}
    client.post(ASK, data=form, headers={"Host": "localhost:9999", "X-Forwarded-Host": "evil.example"})
    assert "http://localhost:5000/my/sign-in/" in latest(session).body


def test_neither_token_nor_date_of_birth_is_recorded(
    client: CheckedClient, session: Session, ask: Callable[..., str]
) -> None:
    path = ask()
    client.submit(path, typed(WRONG), status=422)
    client.submit(path, typed(BORN))
    told = " ".join(
        f"{event.action} {event.reason} {event.subject_kind}" for event in session.scalars(select(AuditEvent))
    )
    assert path.rsplit("/", 1)[1] not in told
    assert "1948" not in told
    link = session.scalars(select(SignInLink)).one()
    assert link.token_hash == hash_token(path.rsplit("/", 1)[1])


@pytest.mark.parametrize("given", ["", "{}", "[]", "x", '{"rawId": 1, "response": 2}', "x" * 30_000])
def test_a_passkey_that_is_none_is_refused(client: CheckedClient, cast: Cast, given: str) -> None:
    form = {**fields_of(client.get_page(ASK)), "passkey": given}
    answer = client.post(f"{ASK}/passkey", data=form)
    assert answer.status_code == 422
    assert "That passkey did not work here" in answer.get_data(as_text=True)
    assert not is_signed_in(client)


@pytest.mark.parametrize(("wanted", "sees_own"), [("patient", True), ("related", False)])
def test_a_patient_who_acts_for_others_too_says_as_whom_they_come(
    client: CheckedClient,
    session: Session,
    cast: Cast,
    ask: Callable[..., str],
    wanted: str,
    sees_own: bool,
) -> None:
    carer = make_carer(session, cast.other_patient, given_name=cast.patient.given_name, email=EMAIL)
    carer.related_person.birth_date = BORN
    carer.related_person.family_name = cast.patient.family_name
    session.commit()
    path = ask()
    page = client.submit(path, typed(BORN))
    assert "For whom do you sign in?" in page
    assert not is_signed_in(client)
    form = fields_of(page, form=0 if wanted == "patient" else 1)
    assert form["wanted"] == wanted
    client.post(path, data=form)
    page = client.get_page("/my")
    assert (f"{cast.other_patient.display_name}</h2>" in page) is not sees_own
    assert OVER in client.get_page(path, status=410)


def test_a_made_up_choice_helps_nobody(
    client: CheckedClient, session: Session, cast: Cast, ask: Callable[..., str]
) -> None:
    client.submit(ask(), {**typed(BORN), "wanted": "staff"})
    account = session.scalars(select(Account).where(Account.kind != AccountKind.STAFF)).one()
    assert account.patient_id == cast.patient.id
