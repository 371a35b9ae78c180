"""What patients and carers with an account see: theirs, all of theirs, and nothing else."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.accounts.domain.account import AccountKind
from telehealth.accounts.models import Account, Authority, Patient, RelatedPerson
from telehealth.accounts.services.authorities import revoke_authority
from telehealth.accounts.services.sign_in import actor_of
from telehealth.audit.models import AuditEvent
from telehealth.booking.domain.appointment import AppointmentStatus
from telehealth.booking.models import Appointment
from telehealth.booking.services import own_appointments
from telehealth.clock import now, uk_today
from tests.factories import (
    Cast,
    make_appointment,
    make_carer,
    make_own_account,
    make_patient,
    protect,
    sign_in,
    soon,
)
from tests.page_checks import CheckedClient

pytestmark = pytest.mark.web

PAGES = ("/my", "/my/details", "/my/access")


def account_of(session: Session, person: Patient | RelatedPerson) -> Account:
    made = make_own_account(session, person)
    session.commit()
    return made


@pytest.fixture
def appointment(session: Session, cast: Cast) -> Appointment:
    made = make_appointment(session, cast)
    session.commit()
    return made


@pytest.fixture
def authority(session: Session, cast: Cast) -> Authority:
    made = make_carer(session, cast.patient, email="carer@example.org")
    session.commit()
    return made


@pytest.fixture
def as_patient(client: CheckedClient, session: Session, cast: Cast) -> CheckedClient:
    sign_in(client, account_of(session, cast.patient))
    return client


@pytest.fixture
def as_carer(client: CheckedClient, session: Session, authority: Authority) -> CheckedClient:
    sign_in(client, account_of(session, authority.related_person))
    return client


def restrict(session: Session, cast: Cast) -> None:
    session.merge(cast.service).is_restricted = True
    session.commit()


def test_a_patient_sees_their_appointments_and_joins(
    as_patient: CheckedClient, appointment: Appointment
) -> None:
    page = as_patient.get_page("/my")
    assert appointment.reference in page
    assert "Dr Nia Pritchard" in page
    assert f"/visits/{appointment.id}" in page
    assert "Get ready" in as_patient.get_page(f"/visits/{appointment.id}")


def test_an_appointment_of_tomorrow_says_from_when_it_can_be_joined(
    as_patient: CheckedClient, session: Session, cast: Cast
) -> None:
    later = make_appointment(session, cast, starts_at=soon() + timedelta(days=1))
    session.commit()
    page = as_patient.get_page("/my")
    assert "You can join here from" in page
    assert f"/visits/{later.id}" not in page


def test_what_is_over_stands_below(as_patient: CheckedClient, session: Session, cast: Cast) -> None:
    first = make_appointment(session, cast)
    second = make_appointment(session, cast, starts_at=soon() + timedelta(days=1))
    first.status = AppointmentStatus.CANCELLED
    session.commit()
    page = as_patient.get_page("/my")
    assert page.index("To come") < page.index(second.reference) < page.index("Before")
    assert page.index("Before") < page.index(first.reference)
    assert f"/visits/{first.id}" not in page


def test_nobody_sees_the_appointments_of_others(
    client: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    other = make_patient(session, cast.service, given_name="Owain")
    foreign = make_patient(session, cast.other_organisation_service)
    for person in (other, foreign):
        sign_in(client, account_of(session, person))
        page = client.get_page("/my")
        assert appointment.reference not in page
        assert "Nothing is booked" in page
        assert client.get(f"/visits/{appointment.id}").status_code == 404
        assert client.get(f"/desk/appointments/{appointment.id}").status_code == 404


def test_a_patient_sees_what_is_confidential_or_restricted(
    as_patient: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    appointment.is_confidential = True
    restrict(session, cast)
    page = as_patient.get_page("/my")
    assert appointment.reference in page
    assert cast.service.name in page


def test_a_carer_sees_the_patient_by_name(
    as_carer: CheckedClient, cast: Cast, appointment: Appointment, authority: Authority
) -> None:
    page = as_carer.get_page("/my")
    assert f">{cast.patient.display_name}</h2>" in page
    assert appointment.reference in page
    assert authority.related_person.display_name in page
    assert "Get ready" in as_carer.get_page(f"/visits/{appointment.id}")
    details = as_carer.get_page("/my/details")
    assert "You may act for" in details
    assert cast.patient.display_name in details
    assert "c•••@example.org" in details


def test_a_carer_does_not_see_what_is_confidential(
    as_carer: CheckedClient, session: Session, appointment: Appointment
) -> None:
    appointment.is_confidential = True
    session.commit()
    page = as_carer.get_page("/my")
    assert appointment.reference not in page
    assert "Nothing is booked" in page
    assert as_carer.get(f"/visits/{appointment.id}").status_code == 404


def test_a_carer_does_not_see_what_is_in_a_restricted_service(
    as_carer: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    restrict(session, cast)
    page = as_carer.get_page("/my")
    assert appointment.reference not in page
    assert cast.service.name not in page
    assert as_carer.get(f"/visits/{appointment.id}").status_code == 404


def test_a_carer_sees_nobody_else(
    as_carer: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    theirs = make_appointment(
        session, cast, patient=cast.other_patient, starts_at=soon() + timedelta(hours=1)
    )
    session.commit()
    page = as_carer.get_page("/my")
    assert theirs.reference not in page
    assert cast.other_patient.display_name not in page
    assert as_carer.get(f"/visits/{theirs.id}").status_code == 404


def test_an_authority_that_is_revoked_ends_at_once(
    as_carer: CheckedClient, session: Session, cast: Cast, appointment: Appointment, authority: Authority
) -> None:
    assert appointment.reference in as_carer.get_page("/my")
    revoke_authority(session, actor_of(cast.receptionist), authority.id, reason="The patient asked for it")
    session.commit()
    page = as_carer.get_page("/my")
    assert appointment.reference not in page
    assert cast.patient.display_name not in page
    assert "You cannot act for anybody" in page
    assert as_carer.get(f"/visits/{appointment.id}").status_code == 404


@pytest.mark.parametrize(
    ("valid_from", "valid_until"),
    [(timedelta(days=-9), timedelta(days=-1)), (timedelta(days=1), None)],
)
def test_an_authority_holds_on_its_days_only(
    as_carer: CheckedClient,
    session: Session,
    appointment: Appointment,
    authority: Authority,
    valid_from: timedelta,
    valid_until: timedelta | None,
) -> None:
    authority.valid_from = uk_today() + valid_from
    authority.valid_until = uk_today() + valid_until if valid_until is not None else None
    session.commit()
    assert appointment.reference not in as_carer.get_page("/my")
    assert as_carer.get(f"/visits/{appointment.id}").status_code == 404


def test_no_carer_sees_a_protected_patient(
    as_carer: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    protect(session, cast)
    session.commit()
    page = as_carer.get_page("/my")
    assert cast.patient.display_name not in page
    assert appointment.reference not in page


def test_what_a_carer_does_is_recorded_as_theirs_for_the_patient(
    as_carer: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    as_carer.get_page("/my")
    as_carer.get_page(f"/visits/{appointment.id}")
    account = session.scalars(select(Account).where(Account.kind == AccountKind.RELATED)).one()
    for action in ("own-appointments.opened", "visit.opened"):
        event = session.scalars(select(AuditEvent).where(AuditEvent.action == action)).one()
        assert event.actor == f"account:{account.id}"
        assert event.patient_id == cast.patient.id
        assert event.on_behalf_of == cast.patient.id


def test_what_a_patient_does_is_for_nobody_else(
    as_patient: CheckedClient, session: Session, cast: Cast
) -> None:
    as_patient.get_page("/my")
    event = session.scalars(select(AuditEvent).where(AuditEvent.action == "own-appointments.opened")).one()
    assert (event.patient_id, event.on_behalf_of) == (cast.patient.id, None)


def test_contact_details_are_masked(as_patient: CheckedClient, cast: Cast) -> None:
    page = as_patient.get_page("/my/details")
    assert "5 March 1948" in page
    assert "…23" in page
    assert "p•••@example.test" in page
    assert "patient@example.test" not in page
    assert "900123" not in page


def test_patients_see_who_opened_their_record(
    client: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    account = account_of(session, cast.patient)
    authority = make_carer(session, cast.patient)
    carer = account_of(session, authority.related_person)
    sign_in(client, cast.receptionist)
    client.get_page(f"/desk/patients/{cast.patient.id}")
    sign_in(client, carer)
    client.get_page("/my")
    sign_in(client, account)
    client.get_page("/my")
    page = " ".join(client.get_page("/my/access").split())
    assert "Reception, receptionist" in page
    assert "Opened your record" in page
    assert "Eleri Morgan, on your behalf" in page
    assert "You" in page
    assert cast.colleague.display_name not in page


def test_carers_do_not_see_who_opened_the_record(as_carer: CheckedClient) -> None:
    assert as_carer.get("/my/access").status_code == 404
    assert "Who opened your record" not in as_carer.get_page("/my")


@pytest.mark.parametrize("address", PAGES)
def test_who_is_not_signed_in_is_asked_to(client: CheckedClient, cast: Cast, address: str) -> None:
    answer = client.get(address)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/my/sign-in?next={address}")


@pytest.mark.parametrize("address", PAGES)
def test_staff_have_no_such_pages(client: CheckedClient, cast: Cast, address: str) -> None:
    for account in cast.staff():
        sign_in(client, account)
        assert client.get(address).status_code == 404


def test_patients_have_no_pages_of_staff(as_patient: CheckedClient, cast: Cast) -> None:
    for address in ("/desk", f"/desk/patients/{cast.patient.id}", "/clinic", "/admin/audit"):
        assert as_patient.get(address).status_code == 404


def test_the_header_leads_a_patient_home_and_out(as_patient: CheckedClient, cast: Cast) -> None:
    page = as_patient.get_page("/my/details")
    assert cast.patient.display_name in page
    assert 'href="/my"' in page
    assert "Sign out" in page
    assert as_patient.get("/").headers["Location"] == "/my"


def test_the_start_page_leads_to_the_appointments(client: CheckedClient, cast: Cast) -> None:
    assert 'href="/my"' in client.get_page("/")


def test_an_old_appointment_is_no_longer_to_come(
    as_patient: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    appointment.starts_at, appointment.ends_at = (
        now() - timedelta(days=2),
        now() - timedelta(days=2, hours=-1),
    )
    session.commit()
    page = as_patient.get_page("/my")
    assert "Nothing is booked" in page
    assert appointment.reference in page


def test_what_is_still_to_come_is_never_left_out(
    as_patient: CheckedClient, session: Session, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of what is over only the latest are shown, and the page says so."""
    monkeypatch.setattr(own_appointments, "PAST_SHOWN", 1)
    to_come = [make_appointment(session, cast, starts_at=soon() + timedelta(days=days)) for days in (1, 2, 3)]
    late = make_appointment(session, cast, starts_at=soon() - timedelta(days=2))
    session.commit()
    page = as_patient.get_page("/my")
    assert all(each.reference in page for each in (*to_come, late))
    assert "Older appointments are not shown" not in page
    early = make_appointment(session, cast, starts_at=soon() - timedelta(days=3))
    session.commit()
    page = as_patient.get_page("/my")
    assert all(each.reference in page for each in (*to_come, late))
    assert early.reference not in page
    assert "Older appointments are not shown" in page
