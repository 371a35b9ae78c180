"""Reception's pages about contacts, protection, carers, links and confidential appointments."""

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.accounts.models import Authority, ContactChange, HealthcareService, Protection
from telehealth.accounts.services import notices
from telehealth.accounts.services.notices import Notice
from telehealth.booking.models import Appointment, JoinAttempt, JoinLink
from telehealth.booking.services.links import make_link
from telehealth.clock import now
from tests.booking.services.test_restricted import book_elsewhere
from tests.factories import Cast, make_appointment, make_carer, make_patient, protect, sign_in
from tests.page_checks import CheckedClient, fields_of, posted_forms, without_random

pytestmark = pytest.mark.web


@pytest.fixture
def desk(client: CheckedClient, cast: Cast) -> CheckedClient:
    sign_in(client, cast.receptionist)
    return client


@pytest.fixture
def stranger(app: Flask, cast: Cast) -> CheckedClient:
    """Reception of another service of the same organisation."""
    made = app.test_client()
    assert isinstance(made, CheckedClient)
    sign_in(made, cast.other_service_receptionist)
    return made


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Notice]:
    found: list[Notice] = []
    monkeypatch.setattr(notices, "senders", [lambda _session, notice: found.append(notice)])
    return found


@pytest.fixture
def appointment(session: Session, cast: Cast) -> Appointment:
    made = make_appointment(session, cast)
    session.commit()
    return made


def words(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def record(cast: Cast, place: str = "") -> str:
    return f"/desk/patients/{cast.patient.id}{place}"


def form_with(page: str, action: str) -> int:
    """Which of the page's posted forms goes to an address that ends so."""
    actions = [form.get("action") or "" for form in posted_forms(page)]
    found = [at for at, address in enumerate(actions) if address.endswith(action)]
    assert found, (action, actions)
    return found[0]


def test_a_changed_phone_number_is_verified_and_the_old_one_told(
    desk: CheckedClient, session: Session, cast: Cast, sent: list[Notice]
) -> None:
    page = desk.submit(record(cast, "/contact"), {"kind": "phone", "value": "07700 900167"})
    assert "…67" in page
    assert "900167" not in page
    change = session.scalars(select(ContactChange)).unique().one()
    assert "a change to …67 waits" in words(desk.get_page(record(cast)))
    verify = record(cast, f"/contact/{change.id}")
    desk.submit(verify, form=form_with(desk.get_page(verify), "/code"))
    code = sent[-1].values["code"]
    at = next(number for number in range(3) if "code" in fields_of(desk.get_page(verify), form=number))
    wrong = "000000" if code != "000000" else "111111"
    page = desk.submit(verify, {"verification": "code", "code": wrong}, form=at, status=422)
    assert "That is not the code that we sent" in page
    session.refresh(change)
    assert change.failures == 1
    page = desk.submit(verify, {"verification": "code", "code": code}, form=at)
    assert "The new contact is in use" in page
    session.refresh(cast.patient)
    assert cast.patient.phone == "+447700900167"
    assert sent[-1].to == "+447700900123"
    history = words(desk.get_page(record(cast, "/contact")))
    assert "the code was read back, the old contact was told. Before: …23" in history


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({}, "Choose what has changed"),
        ({"kind": "phone", "value": "x"}, "Enter a phone number"),
        ({"kind": "email", "value": "x"}, "Enter an email address"),
        ({"kind": "phone", "value": ""}, "Enter a phone number"),
        ({"kind": "phone", "value": "07700 900123"}, "the one that we have already"),
    ],
)
def test_a_contact_that_is_none_is_shown_again(
    desk: CheckedClient, cast: Cast, typed: dict[str, str], message: str
) -> None:
    page = desk.submit(record(cast, "/contact"), typed, status=422)
    assert message in page
    assert fields_of(page).get("value", "") == typed.get("value", "")


def test_protecting_a_patient_hides_them_from_other_services(
    desk: CheckedClient, stranger: CheckedClient, session: Session, cast: Cast
) -> None:
    assert "Morgan" in stranger.get_page(record(cast))
    form = {"is_phone_safe": "y", "safe_from": "09:00", "safe_until": "17:00"}
    page = desk.submit(record(cast, "/protection"), form)
    assert "Protected. Safe: phone, 9am to 5pm" in words(page)
    assert "Protected. Safe: phone, 9am to 5pm" in words(desk.submit("/desk", {"q": "eirlys"}))
    for place in ("", "/book", "/contact", "/protection", "/carers"):
        stranger.get_page(record(cast, place), status=404)
    for query in ("eirlys", "morgan", "5/3/1948", "07700 900123"):
        page = stranger.submit("/desk", {"q": query})
        assert "1948 (" not in page
        assert str(cast.patient.id) not in page
    held = session.scalars(select(Protection)).one()
    assert (held.is_phone_safe, held.is_email_safe) == (True, False)
    shown = fields_of(desk.get_page(record(cast, "/protection")))
    assert (shown["safe_from"], shown.get("is_phone_safe"), shown.get("is_email_safe")) == (
        "09:00",
        "y",
        None,
    )
    ending = form_with(desk.get_page(record(cast, "/protection")), "/end")
    desk.submit(record(cast, "/protection"), form=ending)
    assert "Morgan" in stranger.get_page(record(cast))


def test_hours_that_are_none_are_shown_again(desk: CheckedClient, cast: Cast) -> None:
    for typed, message in (
        ({"safe_from": "25:00"}, "Enter a time"),
        ({"safe_from": "09:00"}, "Enter both the first and the last safe time"),
        ({"safe_from": "09:00", "safe_until": "09:00"}, "must differ"),
    ):
        assert message in desk.submit(record(cast, "/protection"), typed, status=422)


def test_the_whole_nhs_number_tells_that_a_record_is_there_and_not_whose(
    stranger: CheckedClient, session: Session, cast: Cast
) -> None:
    known = make_patient(session, cast.service, given_name="Mali", nhs_number="9990000018")
    protect(session, cast, known)
    session.commit()
    page = stranger.submit("/desk", {"q": "999 000 0018"})
    assert "Protected patient" in page
    assert "Mali" not in page
    page = stranger.submit(
        "/desk/patients/new",
        {
            "given_name": "A",
            "family_name": "B",
            "birth_date-day": "1",
            "birth_date-month": "1",
            "birth_date-year": "1990",
            "nhs_number": "9990000018",
        },
        status=409,
    )
    assert "A protected patient has this NHS number" in page
    assert str(known.id) not in page


def test_another_services_appointment_page_names_no_protected_patient(
    stranger: CheckedClient, session: Session, cast: Cast
) -> None:
    appointment = book_elsewhere(session, cast)
    protect(session, cast)
    session.commit()
    page = stranger.get_page(f"/desk/appointments/{appointment.id}")
    assert "Protected patient" in page
    for secret in ("Morgan", "Eirlys", "1948", "900123", "data-join-link", "patient@example"):
        assert secret not in without_random(page)


def test_the_desk_says_where_a_protected_patients_link_may_be_sent(
    desk: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    make_carer(session, cast.patient)
    protect(session, cast)
    session.commit()
    page = words(desk.get_page(f"/desk/appointments/{appointment.id}"))
    assert "Phone number 07700 900123: You can use it now" in page
    assert "Email address patient@example.test: Do not use" in page
    assert "Eleri" not in page


def add_carer(typed: dict[str, str] | None = None) -> dict[str, str]:
    return {
        "given_name": "Eleri",
        "family_name": "Morgan",
        "birth_date-day": "1",
        "birth_date-month": "6",
        "birth_date-year": "1975",
        "relationship_text": "mother",
        "basis": "parental-responsibility",
        **(typed or {}),
    }


def test_a_carer_is_recorded_gets_a_link_and_is_ended(
    desk: CheckedClient, app: Flask, session: Session, cast: Cast, appointment: Appointment
) -> None:
    page = desk.submit(record(cast, "/carers"), add_carer())
    assert "Eleri Morgan, mother (parental responsibility, recorded" in words(page)
    authority = session.scalars(select(Authority)).unique().one()
    address = f"/desk/appointments/{appointment.id}"
    page = desk.get_page(address)
    assert "data-carer-link" not in page
    page = desk.submit(address, form=form_with(page, f"/carers/{authority.related_person_id}/link"))
    found = re.search(r"data-carer-link>http://[^/]+(/join/[^<]+)<", page)
    assert found is not None
    link = found[1]
    parent = app.test_client()
    assert isinstance(parent, CheckedClient)
    assert "What is the patient’s date of birth?" in parent.get_page(link)
    born = {"birth_date-day": "5", "birth_date-month": "3", "birth_date-year": "1948"}
    assert "/room" in parent.submit(link, born)
    ending = record(cast, f"/carers/{authority.id}/end")
    desk.submit(ending, {"reason": ""}, status=422)
    desk.submit(ending, {"reason": "A court order"})
    assert parent.get(f"/visits/{appointment.id}").status_code in (303, 404)
    parent.get_page(link, status=404)
    assert "Ended on" in desk.get_page(record(cast, "/carers"))
    desk.get_page(ending, status=404)


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({"given_name": ""}, "Enter the first name"),
        ({"relationship_text": ""}, "Enter who they are"),
        ({"birth_date-day": "31", "birth_date-month": "2"}, "real date"),
        (
            {"valid_until-day": "1", "valid_until-month": "1", "valid_until-year": "2020"},
            "must not be before",
        ),
        ({"valid_from-day": "99", "valid_from-month": "1", "valid_from-year": "2020"}, "Enter a real date"),
        ({"phone": "x"}, "Enter a phone number"),
        ({"email": "x"}, "Enter an email address"),
    ],
)
def test_a_carer_who_is_not_complete_is_shown_again(
    desk: CheckedClient, cast: Cast, typed: dict[str, str], message: str
) -> None:
    page = desk.submit(record(cast, "/carers"), add_carer(typed), status=422)
    assert message in page


def test_a_locked_link_is_shown_and_replaced(
    desk: CheckedClient, app: Flask, session: Session, appointment: Appointment
) -> None:
    old = make_link(session, appointment)
    for _ in range(10):
        session.add(JoinAttempt(join_link_id=old.id, attempted_at=now() - timedelta(days=1), succeeded=False))
    session.commit()
    signer = app.extensions["telehealth.link_signer"]
    guest = app.test_client()
    assert isinstance(guest, CheckedClient)
    page = guest.get_page(f"/join/{signer.sign(old.id)}", status=429)
    assert "This link is locked" in page
    assert "01632 960555" in page
    address = f"/desk/appointments/{appointment.id}"
    page = desk.get_page(address)
    assert "The link is locked" in page
    assert "data-join-link" not in page
    page = desk.submit(address, form=form_with(page, "/link"))
    assert "data-join-link" in page
    guest.get_page(f"/join/{signer.sign(old.id)}", status=404)
    links = session.scalars(select(JoinLink).where(JoinLink.revoked_at.is_(None))).all()
    assert [guest.get(f"/join/{signer.sign(link.id)}").status_code for link in links] == [200]


def test_a_confidential_appointment_is_marked_at_booking_and_later(
    desk: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    make_carer(session, cast.patient, phone="+447700900123")
    session.commit()
    address = f"/desk/appointments/{appointment.id}"
    page = desk.get_page(address)
    assert "Eleri" in page
    page = words(desk.submit(address, form=form_with(page, "/confidential")))
    assert "Nothing about it goes to a parent or carer" in page
    assert "Eleri" not in page
    # The number is the mother's too.
    assert "Phone number 07700 900123: Do not use" in page
    assert "Email address patient@example.test: You can use it now" in page
    session.refresh(appointment)
    assert appointment.is_confidential


def test_a_stale_mark_is_refused(desk: CheckedClient, appointment: Appointment) -> None:
    address = f"/desk/appointments/{appointment.id}"
    at = form_with(desk.get_page(address), "/confidential")
    desk.submit(address, {"version": "7"}, form=at, status=409)


def test_another_service_is_busy_or_named(desk: CheckedClient, session: Session, cast: Cast) -> None:
    elsewhere = book_elsewhere(session, cast)
    session.commit()
    booking = record(cast, "/book")
    slot = f"{cast.schedule.id}/{elsewhere.starts_at:%Y-%m-%dT%H:%M:%SZ}"
    secrets = ("Physiotherapy", "Gwen", "Very private", elsewhere.reference, str(elsewhere.id))
    page = words(desk.get_page(record(cast)))
    assert "Hillside Physiotherapy" in page
    assert not any(secret in page for secret in secrets[1:])
    refused = words(desk.submit(booking, {"slot": slot}, status=409))
    assert "with Hillside Physiotherapy" in refused
    session.get_one(HealthcareService, cast.other_service.id).is_restricted = True
    session.commit()
    for shown in (
        desk.get_page(record(cast)),
        desk.submit(booking, {"slot": slot}, status=409),
        desk.submit("/desk", {"q": "eirlys"}),
    ):
        assert not any(secret in shown for secret in secrets)
    assert "Busy" in desk.get_page(record(cast))
    assert "The patient is busy then" in desk.submit(booking, {"slot": slot}, status=409)


def test_a_restricted_services_link_names_it_to_nobody_before_the_date_of_birth(
    client: CheckedClient, app: Flask, session: Session, cast: Cast, appointment: Appointment
) -> None:
    session.get_one(HealthcareService, cast.service.id).is_restricted = True
    link = f"/join/{app.extensions['telehealth.link_signer'].sign(make_link(session, appointment).id)}"
    session.commit()
    page = client.get_page(link)
    assert "Hillside Clinic" not in page
    assert "01632 960555" in page


def places(cast: Cast, appointment: Appointment, other: Any) -> list[tuple[str, str]]:
    own = record(cast)
    return [
        *(("GET", f"{own}{place}") for place in ("/contact", "/protection", "/carers")),
        *(
            ("POST", f"{own}{place}")
            for place in (
                "/contact",
                f"/contact/{other}",
                f"/contact/{other}/code",
                f"/contact/{other}/withdraw",
                "/protection",
                "/protection/end",
                "/carers",
                f"/carers/{other}/end",
            )
        ),
        *(
            ("POST", f"/desk/appointments/{appointment.id}{place}")
            for place in ("/link", f"/carers/{other}/link", "/confidential")
        ),
    ]


def test_strangers_change_nothing(app: Flask, session: Session, cast: Cast, appointment: Appointment) -> None:
    change_id = make_carer(session, cast.patient).id
    session.commit()
    for account in (cast.other_organisation_receptionist, cast.clinician):
        person = app.test_client()
        assert isinstance(person, CheckedClient)
        sign_in(person, account)
        token = (
            fields_of(person.get_page("/desk/patients/new")).get("csrf_token", "")
            if account is not cast.clinician
            else ""
        )
        form = {
            "csrf_token": token,
            "kind": "phone",
            "value": "07700 900167",
            "verification": "seen-in-person",
            "reason": "Mine",
            "version": str(appointment.version),
            "is_confidential": "yes",
            **add_carer(),
        }
        for method, place in places(cast, appointment, change_id):
            status = person.open(place, method=method, data=form if method == "POST" else None).status_code
            assert status in (400, 404), (account.email, method, place, status)
            assert status == 404 or account is cast.clinician, (method, place, status)
    assert session.scalars(select(ContactChange)).unique().all() == []
    assert session.scalars(select(Protection)).all() == []
