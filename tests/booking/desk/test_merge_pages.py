"""Merging two records, undoing it, and people to verify: the pages."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.accounts.models import Patient
from telehealth.accounts.services.merges import survivor_of
from telehealth.accounts.services.sign_in import actor_of
from telehealth.booking.domain.appointment import AppointmentStatus
from telehealth.booking.models import Appointment
from telehealth.booking.services.appointments import place_appointment
from telehealth.dates import instant_text
from tests.factories import (
    SLOT,
    Cast,
    make_appointment,
    make_own_account,
    make_patient,
    make_schedule,
    protect,
    sign_in,
    slot_at,
    soon,
)
from tests.page_checks import CheckedClient, fields_of, posted_forms

pytestmark = pytest.mark.web


@pytest.fixture(autouse=True)
def _at_the_desk(client: CheckedClient, cast: Cast) -> None:
    sign_in(client, cast.receptionist)


@pytest.fixture
def twin(session: Session, cast: Cast) -> Patient:
    made = make_patient(session, cast.service, given_name="Eirlis", nhs_number="9990000018")
    session.commit()
    return made


def merge_address(one: Patient, other: Patient) -> str:
    return f"/desk/patients/{one.id}/merge/{other.id}"


def merge(client: CheckedClient, replaced: Patient, kept: Patient, *, status: int = 200) -> str:
    form = {"keep": str(kept.id), "reason": "registered-twice"}
    return client.submit(merge_address(replaced, kept), form, status=status)


def test_from_the_record_to_the_merge_and_back(
    client: CheckedClient, cast: Cast, session: Session, twin: Patient
) -> None:
    first = make_appointment(session, cast)
    second = make_appointment(session, cast, starts_at=soon() + SLOT, patient=twin)
    session.commit()
    record = client.get_page(f"/desk/patients/{twin.id}")
    assert f'href="/desk/patients/{twin.id}/duplicate"' in record
    found = client.get_page(f"/desk/patients/{twin.id}/duplicate")
    assert f'href="{merge_address(twin, cast.patient)}"' in found
    compared = client.get_page(merge_address(twin, cast.patient))
    for words in ("999 000 0018", "Eirlis Morgan", "Eirlys Morgan", "Different", "Same"):
        assert words in compared
    assert "keep" not in fields_of(compared)
    page = merge(client, twin, cast.patient)
    assert "The two records are merged" in page
    for appointment in (first, second):
        assert appointment.reference in page
    assert "From the record of Eirlis Morgan" in page
    old = client.get_page(f"/desk/patients/{twin.id}")
    assert "This record was merged into another" in old
    assert f'href="/desk/patients/{cast.patient.id}"' in old
    assert second.reference in old
    assert first.reference not in old
    assert "Undo the merge" in client.get_page(f"/desk/patients/{twin.id}/unmerge")
    page = client.submit(f"/desk/patients/{twin.id}/unmerge", {})
    assert "The records are separate again" in page
    assert second.reference not in client.get_page(f"/desk/patients/{cast.patient.id}")
    client.get_page(f"/desk/patients/{twin.id}/unmerge", status=404)


def test_the_other_record_is_searched_for(
    client: CheckedClient, cast: Cast, session: Session, twin: Patient
) -> None:
    other = make_patient(session, cast.service, given_name="Gwen", family_name="Vaughan")
    session.commit()
    address = f"/desk/patients/{twin.id}/duplicate"
    page = client.submit(address, {"q": "vaughan"})
    assert f'href="{merge_address(twin, other)}"' in page
    assert "No other record found" in client.submit(address, {"q": "nobody such"})
    # Never itself.
    assert merge_address(twin, twin) not in client.submit(address, {"q": "999 000 0018"})
    assert "Enter a name" in client.submit(address, {"q": " "}, status=422)


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"reason": "registered-twice"}, "Choose which record to keep"),
        ({"keep": "first"}, "Choose why there are two records"),
        ({"keep": "nonsense", "reason": "registered-twice"}, "Choose which record to keep"),
        ({"keep": "first", "reason": "nonsense"}, "Choose one of the options"),
    ],
)
def test_what_is_missing_is_named(
    client: CheckedClient, cast: Cast, session: Session, twin: Patient, form: dict[str, str], words: str
) -> None:
    keys = {"first": str(cast.patient.id)}
    typed = {name: keys.get(value, value) for name, value in form.items()}
    page = client.submit(merge_address(twin, cast.patient), typed, status=422)
    assert words in page
    assert survivor_of(session, twin.id) == twin.id


def test_a_record_that_is_neither_of_the_two_is_not_kept(
    client: CheckedClient, cast: Cast, session: Session, twin: Patient
) -> None:
    form = {"keep": str(cast.other_patient.id), "reason": "registered-twice"}
    client.submit(merge_address(twin, cast.patient), form, status=422)
    assert survivor_of(session, twin.id) == twin.id


def test_appointments_at_the_same_time_are_shown_and_nothing_is_merged(
    client: CheckedClient, cast: Cast, session: Session, twin: Patient
) -> None:
    first = make_appointment(session, cast)
    second = appointment_with_colleague(session, cast, twin)
    session.commit()
    page = merge(client, twin, cast.patient, status=409)
    assert "Appointments at the same time" in page
    for appointment in (first, second):
        assert f'href="/desk/appointments/{appointment.id}"' in page
    assert survivor_of(session, twin.id) == twin.id


def appointment_with_colleague(session: Session, cast: Cast, patient: Patient) -> Appointment:
    schedule = make_schedule(session, cast.service, cast.colleague.practitioner_id)
    slot = slot_at(cast, soon())._replace(
        practitioner_id=cast.colleague.practitioner_id, schedule_id=schedule.id
    )
    return place_appointment(
        session,
        actor_of(cast.receptionist),
        session.merge(cast.service),
        session.merge(patient),
        slot,
        type_=session.merge(cast.appointment_type),
    )


def test_merging_twice_is_refused_in_words(client: CheckedClient, cast: Cast, twin: Patient) -> None:
    merge(client, twin, cast.patient)
    assert "merged already" in merge(client, twin, cast.patient, status=409)


def test_a_record_that_another_service_protects_is_not_there(
    client: CheckedClient, cast: Cast, session: Session, twin: Patient
) -> None:
    protect(session, cast, twin)
    session.commit()
    sign_in(client, cast.other_service_receptionist)
    client.get_page(merge_address(cast.patient, twin), status=404)
    client.get_page(f"/desk/patients/{twin.id}/duplicate", status=404)
    assert f"{twin.id}" not in client.get_page(f"/desk/patients/{cast.patient.id}/duplicate")


def test_the_patient_sees_both_histories_and_whoever_has_the_old_record_only_its_own(
    client: CheckedClient, cast: Cast, session: Session, twin: Patient
) -> None:
    first = make_appointment(session, cast)
    second = make_appointment(session, cast, starts_at=soon() + SLOT, patient=twin)
    own, old = (make_own_account(session, session.merge(each)) for each in (cast.patient, twin))
    session.commit()
    merge(client, twin, cast.patient)
    sign_in(client, own)
    page = client.get_page("/my")
    assert all(f"{each.id}" in page for each in (first, second))
    sign_in(client, old)
    page = client.get_page("/my")
    assert f"{second.id}" in page
    assert f"{first.id}" not in page


# ---- people to verify -----------------------------------------------------------------------------------------


@pytest.fixture
def newcomer(session: Session, cast: Cast) -> Patient:
    made = make_patient(session, cast.service, given_name="Eirlis")
    made.is_verified = False
    made.claimed_nhs_number = "9990000018"
    make_appointment(session, cast, patient=made).status = AppointmentStatus.PENDING
    session.commit()
    return made


def confirm(client: CheckedClient, newcomer: Patient, *, status: int = 200) -> str:
    """Press the last button of the page: none of the records is theirs."""
    address = f"/desk/verify/{newcomer.id}"
    last = len(posted_forms(client.get_page(address))) - 1
    return client.submit(address, form=last, status=status)


def test_who_asked_online_is_listed_and_confirmed_as_new(client: CheckedClient, newcomer: Patient) -> None:
    assert f'href="/desk/verify/{newcomer.id}"' in client.get_page("/desk/verify")
    page = client.get_page(f"/desk/verify/{newcomer.id}")
    for words in ("999 000 0018", "Similar name", "Same date of birth", "Blood pressure review"):
        assert words in page
    assert f'href="/desk/verify/{newcomer.id}"' in client.get_page(f"/desk/patients/{newcomer.id}")
    assert "the appointment is booked" in confirm(client, newcomer)
    assert "Nobody waits" in client.get_page("/desk/verify")


def test_who_is_known_is_linked_to_the_record(
    client: CheckedClient, cast: Cast, session: Session, newcomer: Patient
) -> None:
    page = client.submit(f"/desk/verify/{newcomer.id}", {"record_id": str(cast.patient.id)})
    assert "the appointment is booked" in page
    assert "From the record of Eirlis Morgan" in page
    assert survivor_of(session, newcomer.id) == cast.patient.id
    # The button pressed a second time, from an old page.
    again = client.submit(f"/desk/verify/{newcomer.id}", {"record_id": str(cast.patient.id)}, status=409)
    assert "merged already" in again


def test_a_number_that_is_taken_leads_to_its_record(
    client: CheckedClient, cast: Cast, session: Session, newcomer: Patient
) -> None:
    known = make_patient(session, cast.service, given_name="Mali", nhs_number="9990000018")
    session.commit()
    page = confirm(client, newcomer, status=409)
    assert f'href="/desk/patients/{known.id}"' in page
    assert not session.get_one(Patient, newcomer.id).is_verified
    # They are not the same person: somebody typed the number of a letter to their partner.
    last = client.get_page(f"/desk/verify/{newcomer.id}")
    assert "without the NHS number" not in last
    form = fields_of(page, form=-1)
    assert form["without_number"] == "1"
    answer = client.post(f"/desk/verify/{newcomer.id}", data=form, follow_redirects=True)
    assert "the appointment is booked" in answer.text
    session.expire_all()
    confirmed = session.get_one(Patient, newcomer.id)
    assert (confirmed.is_verified, confirmed.nhs_number, confirmed.claimed_nhs_number) == (True, None, None)
    assert session.get_one(Patient, known.id).nhs_number == "9990000018"


def test_a_record_must_be_chosen(client: CheckedClient, newcomer: Patient) -> None:
    page = client.submit(f"/desk/verify/{newcomer.id}", {"record_id": "nonsense"}, status=422)
    assert "Choose the record of this person" in page


def test_the_desk_leads_to_who_waits(client: CheckedClient) -> None:
    desk = client.get_page("/desk")
    assert 'href="/desk/verify"' in desk
    assert "1 waits" not in desk


def test_the_desk_says_how_many_wait_and_for_when(
    client: CheckedClient, session: Session, newcomer: Patient
) -> None:
    asked = session.scalars(select(Appointment).where(Appointment.patient_id == newcomer.id)).one()
    when = instant_text(asked.starts_at, "Europe/London")
    assert f"1 waits, for {when}" in client.get_page("/desk")
    # And what they asked for can be moved or cancelled, where it cannot be as they wish.
    assert f'href="/desk/appointments/{asked.id}"' in client.get_page(f"/desk/verify/{newcomer.id}")
