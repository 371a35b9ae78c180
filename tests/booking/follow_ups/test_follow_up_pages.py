"""Who is still to be seen: the list, one request, and closing it."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from telehealth.accounts.services.sign_in import actor_of
from telehealth.actor import Role
from telehealth.admin.services.staff import change_roles, set_active
from telehealth.audit.models import AuditEvent
from telehealth.booking.domain.appointment import AppointmentStatus, CancelReason
from telehealth.booking.domain.follow_up import FollowUpReason, FollowUpStatus
from telehealth.booking.domain.interpreter import InterpreterJoins
from telehealth.booking.models import Appointment, FollowUpRequest
from telehealth.booking.services import unresolved
from telehealth.booking.services.cancelling import cancel_appointment
from telehealth.booking.services.follow_up_work import close_follow_up
from telehealth.booking.services.follow_ups import make_follow_up
from telehealth.clock import uk_today
from telehealth.dates import birth_date_text, date_text
from tests.factories import SLOT, Cast, make_appointment, protect, sign_in, soon
from tests.page_checks import CheckedClient, fields_of

pytestmark = pytest.mark.web


@pytest.fixture
def request_(session: Session, cast: Cast) -> FollowUpRequest:
    made = make_follow_up(
        session,
        actor_of(cast.clinician),
        make_appointment(session, cast),
        FollowUpReason.SEE_AGAIN,
        note="Bloods first",
        see_by=uk_today() + timedelta(days=10),
    )
    session.commit()
    return made


def words_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_reception_sees_whom_to_book_and_until_when(
    client: CheckedClient, cast: Cast, request_: FollowUpRequest
) -> None:
    sign_in(client, cast.receptionist)
    page = client.get_page("/follow-ups")
    words = words_of(page)
    for expected in (
        "1 patient to be seen again",
        "Eirlys Morgan",
        birth_date_text(cast.patient.birth_date, uk_today()),
        "Phone:",
        date_text(request_.see_by),
        "The clinician wants to see them again",
        "Dr Nia Pritchard",
        "Bloods first",
    ):
        assert expected in words
    assert f"/desk/patients/{request_.patient_id}/book?follow_up={request_.id}" in page


def test_a_clinician_is_led_to_the_request_and_books_nothing(
    client: CheckedClient, cast: Cast, request_: FollowUpRequest
) -> None:
    sign_in(client, cast.clinician)
    page = client.get_page("/follow-ups?owner=me")
    assert "Change or close" in page
    assert "/book" not in page
    assert "1 of your patients to be seen again" in client.get_page("/clinic")


def test_overdue_is_said_in_words(
    client: CheckedClient, session: Session, cast: Cast, request_: FollowUpRequest
) -> None:
    request_.see_by = uk_today() - timedelta(days=3)
    session.commit()
    sign_in(client, cast.receptionist)
    page = words_of(client.get_page("/follow-ups"))
    assert "3 days overdue" in page
    assert "1 patient to be seen again, 1 overdue" in page


def test_the_list_is_narrowed_down(client: CheckedClient, cast: Cast, request_: FollowUpRequest) -> None:
    sign_in(client, cast.receptionist)
    for query, is_shown in (
        (f"owner={cast.practitioner_id}", True),
        (f"owner={cast.colleague.practitioner_id}", False),
        ("reason=see-again", True),
        ("reason=noshow", False),
        ("overdue=yes", False),
        ("owner=nobody&reason=none", True),
    ):
        page = client.get_page(f"/follow-ups?{query}")
        assert ("Eirlys Morgan" in page) is is_shown, query
        assert ("No request fits" in page) is not is_shown, query


def test_an_empty_list_says_what_will_appear(client: CheckedClient, cast: Cast) -> None:
    sign_in(client, cast.receptionist)
    assert "appears here until they are booked" in client.get_page("/follow-ups")


def test_the_interpreter_stands_with_the_request(
    client: CheckedClient, session: Session, cast: Cast, request_: FollowUpRequest
) -> None:
    request_.interpreter_language, request_.interpreter_joins = "Polish", InterpreterJoins.PHONE
    session.commit()
    sign_in(client, cast.receptionist)
    assert "Interpreter needed: Polish. By phone" in words_of(client.get_page("/follow-ups"))


def test_a_patient_whom_another_service_protects_is_not_named(
    client: CheckedClient, session: Session, cast: Cast, request_: FollowUpRequest
) -> None:
    protect(session, cast)
    # The request is of a service that does not protect the patient.
    request_.service_id = cast.other_service.id
    session.commit()
    sign_in(client, cast.other_service_receptionist)
    for address in ("/follow-ups", f"/follow-ups/{request_.id}"):
        page = client.get_page(address)
        assert "Protected patient" in page
        assert "Morgan" not in page
        assert "/book" not in page


def test_whoever_decides_reads_why_it_was_cancelled(
    client: CheckedClient, session: Session, cast: Cast, request_: FollowUpRequest
) -> None:
    appointment = make_appointment(session, cast, starts_at=soon() + 3 * SLOT)
    cancel_appointment(
        session,
        actor_of(cast.receptionist),
        appointment.id,
        version=appointment.version,
        reason=CancelReason.NOT_NEEDED,
        note="",
    )
    session.commit()
    made = session.scalars(
        select(FollowUpRequest).where(FollowUpRequest.appointment_id == appointment.id)
    ).one()
    sign_in(client, cast.clinician)
    why = "Why it was cancelled: The patient does not need it any more"
    assert why in words_of(client.get_page(f"/follow-ups/{made.id}"))
    assert "Why it was cancelled" not in client.get_page(f"/follow-ups/{request_.id}")


def test_a_clinician_closes_a_request(
    client: CheckedClient, session: Session, cast: Cast, request_: FollowUpRequest
) -> None:
    sign_in(client, cast.colleague)
    page = client.submit(f"/follow-ups/{request_.id}", {"reason": "Seen by the heart clinic"}, form=1)
    assert "The request is closed" in page
    session.refresh(request_)
    assert (request_.status, request_.close_reason) == (FollowUpStatus.REVOKED, "Seen by the heart clinic")
    page = client.get_page(f"/follow-ups/{request_.id}")
    assert "Closed on" in page
    assert "Seen by the heart clinic" in page
    assert "Eirlys Morgan" not in client.get_page("/follow-ups")


def test_it_is_not_closed_without_a_reason(
    client: CheckedClient, session: Session, cast: Cast, request_: FollowUpRequest
) -> None:
    sign_in(client, cast.clinician)
    page = client.submit(f"/follow-ups/{request_.id}", {"reason": "  "}, form=1, status=422)
    assert "There is a problem" in page
    assert "Enter why the patient does not need to be seen for this" in page
    session.refresh(request_)
    assert request_.status is FollowUpStatus.ACTIVE


def test_two_who_close_it_the_second_is_told(
    client: CheckedClient, session: Session, cast: Cast, request_: FollowUpRequest
) -> None:
    sign_in(client, cast.clinician)
    address = f"/follow-ups/{request_.id}"
    typed = {**fields_of(client.get_page(address), form=1), "reason": "Died"}
    close_follow_up(session, actor_of(cast.colleague), request_.id, version=1, reason="Moved away")
    session.commit()
    answer = client.post(f"{address}/close", data=typed)
    assert answer.status_code == 409
    assert "This request was booked or closed already" in answer.text
    assert "Moved away" in answer.text


def test_a_clinician_hands_it_over_with_another_date(
    client: CheckedClient, session: Session, cast: Cast, request_: FollowUpRequest
) -> None:
    sign_in(client, cast.clinician)
    until = uk_today() + timedelta(days=30)
    page = client.submit(
        f"/follow-ups/{request_.id}",
        {
            "owner_id": str(cast.colleague.practitioner_id),
            "see_by-day": str(until.day),
            "see_by-month": str(until.month),
            "see_by-year": str(until.year),
        },
    )
    assert "Dr Tomos Rees" in page
    session.refresh(request_)
    assert (request_.owner_id, request_.see_by) == (cast.colleague.practitioner_id, until)


def test_a_request_of_one_who_left_is_given_to_somebody_else(
    client: CheckedClient, session: Session, cast: Cast, request_: FollowUpRequest
) -> None:
    account = session.merge(cast.clinician)
    admin, roles = actor_of(cast.administrator), {(cast.service.id, Role.RECEPTIONIST)}
    change_roles(session, admin, account.id, roles, version=account.rights_version)
    session.commit()
    sign_in(client, cast.colleague)
    page = client.get_page("/follow-ups?owner=left")
    assert "Dr Nia Pritchard No longer works here" in words_of(page)
    assert f"/follow-ups/{request_.id}" in page
    address = f"/follow-ups/{request_.id}"
    page = client.get_page(address)
    assert "Dr Nia Pritchard no longer works here. Choose who answers for it now." in words_of(page)
    form = fields_of(page)
    assert form["owner_id"] == ""
    answer = client.post(f"{address}/change", data=form)
    assert answer.status_code == 422
    assert "Choose who answers for it" in answer.text
    form["owner_id"] = str(cast.colleague.practitioner_id)
    assert client.post(f"{address}/change", data=form).status_code == 303
    assert "No longer works here" not in client.get_page("/follow-ups")
    assert "No request fits this choice." in client.get_page("/follow-ups?owner=left")


def test_a_patients_record_says_that_nobody_answers_for_a_request(
    client: CheckedClient, session: Session, cast: Cast, request_: FollowUpRequest
) -> None:
    sign_in(client, cast.receptionist)
    address = f"/desk/patients/{request_.patient_id}"
    assert "No longer works here" not in client.get_page(address)
    set_active(session, actor_of(cast.administrator), cast.clinician.id, is_active=False)
    session.commit()
    assert "Dr Nia Pritchard No longer works here" in words_of(client.get_page(address))


@pytest.mark.parametrize(
    ("day", "year"),
    [("31", "2031"), ("", "2031"), ("x", "2031"), ("1", "1999"), ("1", "9999"), ("1", "99999")],
)
def test_a_date_that_cannot_be_is_asked_for_again(
    client: CheckedClient, session: Session, cast: Cast, request_: FollowUpRequest, day: str, year: str
) -> None:
    sign_in(client, cast.clinician)
    typed = {"see_by-day": day, "see_by-month": "2", "see_by-year": year}
    page = client.submit(f"/follow-ups/{request_.id}", typed, status=422)
    assert 'href="#see_by-day"' in page
    assert f'value="{year}"' in page
    session.refresh(request_)
    assert request_.version == 1


def test_an_owner_from_elsewhere_is_refused(
    client: CheckedClient, cast: Cast, request_: FollowUpRequest
) -> None:
    sign_in(client, cast.clinician)
    for owner in (str(cast.other_organisation_clinician.practitioner_id), "nobody", ""):
        page = client.submit(f"/follow-ups/{request_.id}", {"owner_id": owner}, status=422)
        assert 'href="#owner_id"' in page


def test_reception_sees_no_form_that_decides(
    client: CheckedClient, cast: Cast, request_: FollowUpRequest
) -> None:
    sign_in(client, cast.receptionist)
    page = client.get_page(f"/follow-ups/{request_.id}")
    assert "/close" not in page
    assert "Book an appointment" in page


def test_the_page_says_when_somebody_is_on_no_list(
    client: CheckedClient, session: Session, cast: Cast, request_: FollowUpRequest
) -> None:
    lost = make_appointment(session, cast, patient=cast.other_patient, starts_at=soon() + SLOT)
    session.execute(
        update(Appointment).where(Appointment.id == lost.id).values(status=AppointmentStatus.CANCELLED)
    )
    session.commit()
    sign_in(client, cast.receptionist)
    assert 'id="fallen-out"' in client.get_page("/follow-ups")
    sign_in(client, cast.other_service_receptionist)
    assert 'id="fallen-out"' not in client.get_page("/follow-ups")


def test_a_past_appointment_without_an_end_is_shown_to_whoever_can_end_it(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    """Failure 13: no job decides that somebody did not come, so a person is asked to."""
    old = make_appointment(session, cast, starts_at=soon() - timedelta(days=2))
    make_appointment(session, cast, patient=cast.other_patient)
    session.commit()
    for account, address in (
        (cast.receptionist, f"/desk/appointments/{old.id}"),
        (cast.clinician, f"/clinic/consultations/{old.id}"),
    ):
        sign_in(client, account)
        page = client.get_page("/follow-ups")
        assert "Past appointments without an end" in page
        assert address in page
        assert "Aled" not in page
        assert client.get(address).status_code == 200
    for stranger in (cast.colleague, cast.other_service_receptionist):
        sign_in(client, stranger)
        assert "Past appointments without an end" not in client.get_page("/follow-ups")


def test_the_page_says_how_many_past_appointments_it_does_not_show(
    client: CheckedClient, session: Session, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        make_appointment(session, cast, starts_at=soon() - timedelta(days=120) + number * SLOT)
    session.commit()
    sign_in(client, cast.receptionist)
    assert 'id="unresolved-shown"' not in client.get_page("/follow-ups")
    monkeypatch.setattr(unresolved, "SHOWN", 1)
    assert "The oldest 1 of 3 are shown." in client.get_page("/follow-ups")
    monkeypatch.setattr(unresolved, "COUNTED", 2)
    assert "The oldest 1 of 2 or more are shown." in client.get("/follow-ups/list").text


def test_opening_is_recorded(
    client: CheckedClient, session: Session, cast: Cast, request_: FollowUpRequest
) -> None:
    sign_in(client, cast.receptionist)
    client.get_page("/follow-ups")
    client.get_page(f"/follow-ups/{request_.id}")
    events = {
        event.action: event
        for event in session.scalars(
            select(AuditEvent).where(AuditEvent.action.in_(("follow-ups.opened", "follow-up.opened")))
        )
    }
    assert events["follow-ups.opened"].reason == "1"
    assert events["follow-up.opened"].patient_id == request_.patient_id


def test_the_live_fragment_is_the_list_of_the_page(
    client: CheckedClient, session: Session, cast: Cast, request_: FollowUpRequest
) -> None:
    sign_in(client, cast.receptionist)
    page = client.get_page("/follow-ups?reason=see-again")
    assert "/follow-ups/list?reason=see-again" in page
    fragment = client.get("/follow-ups/list?reason=see-again").text
    assert fragment.startswith('<div id="follow-up-list" data-live-fragment>')
    assert str(request_.id) in fragment
    assert words_of(fragment) in words_of(page)
    # Narrowed as the page is.
    assert str(request_.id) not in client.get("/follow-ups/list?reason=cancelled").text
    openings = select(AuditEvent).where(AuditEvent.action == "follow-ups.opened")
    assert len(session.scalars(openings).all()) == 1


def test_the_fragment_alone_is_an_opening_too(
    client: CheckedClient, session: Session, cast: Cast, request_: FollowUpRequest
) -> None:
    sign_in(client, cast.receptionist)
    for _again in range(2):
        assert str(request_.id) in client.get("/follow-ups/list").text
    openings = select(AuditEvent).where(AuditEvent.action == "follow-ups.opened")
    assert len(session.scalars(openings).all()) == 1
