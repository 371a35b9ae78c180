"""Two desks have the page of one person open: the second press is told what the first one settled."""

import re

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from telehealth.accounts.models import Patient, PatientLink
from telehealth.accounts.services.merges import survivor_of
from telehealth.audit.models import AuditEvent
from telehealth.booking.domain.appointment import AppointmentStatus
from telehealth.booking.models import Appointment
from tests.booking.services.wishes import changes_of
from tests.factories import Cast, make_appointment, make_patient, sign_in
from tests.page_checks import CheckedClient, fields_of, find_faults, posted_forms

pytestmark = pytest.mark.web


@pytest.fixture(autouse=True)
def _at_the_desk(client: CheckedClient, cast: Cast) -> None:
    sign_in(client, cast.receptionist)


@pytest.fixture
def anna(session: Session, cast: Cast) -> Patient:
    return registered(session, cast, "Eirlys Anna")


@pytest.fixture
def eira(session: Session, cast: Cast) -> Patient:
    return registered(session, cast, "Eirlys Eira")


@pytest.fixture
def stranger(session: Session, cast: Cast, anna: Patient, eira: Patient) -> Patient:
    """Who asked for a time, and looks like both."""
    made = make_patient(session, cast.service, given_name="Eirlis")
    made.is_verified = False
    make_appointment(session, cast, patient=made).status = AppointmentStatus.PENDING
    session.commit()
    return made


def registered(session: Session, cast: Cast, given_name: str) -> Patient:
    made = make_patient(session, cast.service, given_name=given_name)
    session.commit()
    return made


class Desk:
    """A page of the stranger, opened once, with a button for each record that looks alike and one for "new here"."""

    def __init__(self, client: CheckedClient, stranger: Patient) -> None:
        self._client, self._address = client, f"/desk/verify/{stranger.id}"
        self._page = client.get_page(self._address)

    def press(self, record: Patient | None = None, *, status: int = 200) -> str:
        """None: they are new here. Returns the page that comes, without its markup."""
        forms = [fields_of(self._page, form=number) for number in range(len(posted_forms(self._page)))]
        wanted = str(record.id) if record else None
        sent = next(form for form in forms if form.get("record_id") == wanted)
        answer = self._client.post(self._address, data=sent, follow_redirects=True)
        assert answer.status_code == status, answer.text
        assert not find_faults(answer.text)
        return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


@pytest.fixture
def desks(client: CheckedClient, stranger: Patient) -> tuple[Desk, Desk]:
    return Desk(client, stranger), Desk(client, stranger)


def count_events(session: Session, action: str) -> int | None:
    return session.scalar(select(func.count()).where(AuditEvent.action == action))


def changes(session: Session, stranger: Patient) -> list[str]:
    """What happened to what they asked for."""
    session.expire_all()
    asked = session.scalars(select(Appointment).where(Appointment.patient_id == stranger.id)).one()
    assert asked.status is AppointmentStatus.BOOKED
    return [change for _, change in changes_of(session, asked)]


def test_who_was_linked_to_another_record_meanwhile_is_not_linked_to_a_second_one(
    session: Session, stranger: Patient, anna: Patient, eira: Patient, desks: tuple[Desk, Desk]
) -> None:
    first, second = desks
    assert "the appointment is booked" in first.press(anna)
    once = changes(session, stranger)
    page = second.press(eira, status=409)
    assert "Who is Eirlis Morgan?" in page
    assert "One of these records was merged with another one meanwhile." in page
    assert changes(session, stranger) == once
    assert survivor_of(session, stranger.id) == survivor_of(session, anna.id) == anna.id
    assert survivor_of(session, eira.id) == eira.id
    assert session.scalar(select(func.count()).select_from(PatientLink)) == 1


def test_who_was_confirmed_as_new_meanwhile_is_not_linked(
    session: Session, stranger: Patient, anna: Patient, desks: tuple[Desk, Desk]
) -> None:
    first, second = desks
    assert "the appointment is booked" in first.press()
    once = changes(session, stranger)
    page = second.press(anna, status=409)
    assert "Who is Eirlis Morgan?" in page
    assert "A colleague has confirmed this person as a new patient meanwhile." in page
    # The page offers no record any more, and nothing of it is done.
    assert "use this record" not in page
    assert changes(session, stranger) == once
    assert survivor_of(session, stranger.id) == stranger.id
    assert session.scalar(select(func.count()).select_from(PatientLink)) == 0


def test_who_was_linked_meanwhile_is_not_made_a_new_patient(
    session: Session, stranger: Patient, anna: Patient, desks: tuple[Desk, Desk]
) -> None:
    first, second = desks
    first.press(anna)
    once = changes(session, stranger)
    answer = second.press()
    for words in ("This record was merged into another", "A colleague has linked this person"):
        assert words in answer
    assert "The patient is confirmed" not in answer
    assert changes(session, stranger) == once
    assert survivor_of(session, stranger.id) == anna.id
    assert not session.get_one(Patient, stranger.id).is_verified
    assert count_events(session, "patient.verified") == 0


def test_who_is_confirmed_as_new_at_two_desks_is_confirmed_once(
    session: Session, stranger: Patient, desks: tuple[Desk, Desk]
) -> None:
    first, second = desks
    first.press()
    once = changes(session, stranger)
    assert "The patient is confirmed." in second.press()
    assert changes(session, stranger) == once
    assert count_events(session, "patient.verified") == 1


def test_records_that_were_merged_elsewhere_meanwhile_are_compared_anew(
    client: CheckedClient, session: Session, cast: Cast, anna: Patient, eira: Patient
) -> None:
    twin = registered(session, cast, "Eirlis")
    addresses = {each.id: f"/desk/patients/{twin.id}/merge/{each.id}" for each in (anna, eira)}
    opened = {key: fields_of(client.get_page(where)) for key, where in addresses.items()}

    def press(kept: Patient) -> tuple[int, str]:
        sent = {**opened[kept.id], "keep": str(kept.id), "reason": "registered-twice"}
        answer = client.post(addresses[kept.id], data=sent)
        return answer.status_code, answer.text

    assert press(anna)[0] == 303
    status, page = press(eira)
    assert (status, find_faults(page)) == (409, [])
    assert "One of these records was merged with another one meanwhile." in page
    assert survivor_of(session, anna.id) == anna.id
