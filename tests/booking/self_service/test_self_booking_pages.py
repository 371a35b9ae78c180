"""Patients book themselves, one question a page; somebody unknown asks. Nobody gets more than the rules give."""

from uuid import uuid4

import pytest
from sqlalchemy.orm import Session

from telehealth.booking.domain.appointment import AppointmentStatus, Mode
from telehealth.booking.domain.appointment_type import Booker
from tests.booking.self_service.own_booking import (
    STRANGER,
    address,
    ask,
    choice,
    choose,
    count_appointments,
    count_held,
    count_holds,
    free_start,
    go_back,
    go_on,
    newest,
    open_to_all,
    query,
    send,
    token,
)
from tests.factories import (
    Cast,
    make_appointment,
    make_carer,
    make_own_account,
    make_patient,
    open_visit,
    sign_in,
    type_of,
)
from tests.page_checks import CheckedClient, fields_of, posted_forms

pytestmark = pytest.mark.web


# ---- who may book what ---------------------------------------------------------------------------------------


def test_a_patient_books_from_the_first_question_to_the_reference(
    as_patient: CheckedClient, session: Session, cast: Cast
) -> None:
    page = as_patient.get_page("/book")
    assert "Hillside Clinic" in page
    page = as_patient.get_page(address(cast))
    assert "What do you need?" in page
    page = as_patient.get_page(f"{address(cast)}?type={cast.appointment_type.id}")
    assert "How do you want to meet?" in page
    page = as_patient.get_page(f"{address(cast, '/how')}?type={cast.appointment_type.id}&mode=phone")
    assert "Choose a time" in page
    assert "Next available" in page
    page = choose(as_patient, cast, mode="phone")
    assert "We are holding this time for you until" in page
    page = go_on(as_patient, page, {"reason": "A new rash"})
    assert "Check your answers" in page
    assert "A new rash" in page
    assert count_appointments(session) == 0
    page = go_on(as_patient, page)
    booked = newest(session)
    assert booked.reference in page
    assert (booked.patient_id, booked.status) == (cast.patient.id, AppointmentStatus.BOOKED)
    assert (booked.starts_at, booked.mode, booked.reason) == (free_start(), Mode.PHONE, "A new rash")
    assert booked.reference in as_patient.get_page("/my")
    assert count_holds(session) == 0


def test_a_stranger_asks_and_becomes_a_patient_to_be_verified(
    as_stranger: CheckedClient, session: Session, cast: Cast
) -> None:
    page = ask(as_stranger, cast)
    asked = newest(session)
    assert asked.reference in page
    assert "We have your request" in page
    assert asked.status is AppointmentStatus.PENDING
    assert asked.patient_id != cast.patient.id
    assert not asked.patient.is_verified
    assert (asked.patient.given_name, asked.patient.nhs_number) == ("Dylan", None)
    assert asked.patient.claimed_nhs_number == "9990000018"
    # Nothing of it can be opened before reception knows who it is.
    assert as_stranger.get(f"/appointments/{asked.id}").status_code in (303, 404)
    assert as_stranger.get(f"/visits/{asked.id}").status_code in (303, 404)


def test_what_a_stranger_types_tells_them_nothing_about_who_is_known(
    as_stranger: CheckedClient, session: Session, cast: Cast
) -> None:
    known = session.merge(cast.patient)
    known.nhs_number = "9990000018"
    session.commit()
    page = ask(
        as_stranger,
        cast,
        typed={
            "given_name": known.given_name,
            "family_name": known.family_name,
            "birth_date-day": "5",
            "birth_date-month": "3",
            "birth_date-year": "1948",
        },
    )
    assert "We have your request" in page
    assert newest(session).patient_id != known.id


def test_strangers_see_only_what_is_for_anybody(client: CheckedClient, session: Session, cast: Cast) -> None:
    assert address(cast) not in client.get_page("/book")
    assert "Consultation" not in client.get_page(address(cast))
    assert client.get(address(cast, "/when") + query(cast)).status_code == 404
    forged = {
        "csrf_token": token(client),
        "type": str(cast.appointment_type.id),
        "mode": "video",
        "slot": choice(cast),
    }
    assert client.post(address(cast, "/when"), data=forged).status_code == 404
    assert count_holds(session) == 0
    open_to_all(session, cast)
    assert address(cast) in client.get_page("/book") or "Consultation" in client.get_page("/book")


@pytest.mark.parametrize("booker", [Booker.STAFF, None])
def test_what_is_for_staff_or_not_offered_any_more_is_offered_to_nobody(
    as_patient: CheckedClient, session: Session, cast: Cast, booker: Booker | None
) -> None:
    type_ = session.merge(cast.appointment_type)
    type_.booker, type_.is_active = booker or Booker.ANYONE, booker is not None
    session.commit()
    assert as_patient.get(address(cast, "/when") + query(cast)).status_code == 404


def test_a_type_of_another_service_is_not_there(
    as_patient: CheckedClient, session: Session, cast: Cast
) -> None:
    foreign = type_of(session, session.merge(cast.other_service))
    forged = {
        "csrf_token": token(as_patient),
        "type": str(foreign.id),
        "mode": "video",
        "slot": choice(cast),
    }
    assert as_patient.get(f"{address(cast, '/when')}?type={foreign.id}&mode=video").status_code == 404
    assert as_patient.post(address(cast, "/when"), data=forged).status_code == 404
    assert as_patient.get(f"/book/{cast.other_organisation_service.id}").status_code == 404
    assert as_patient.get(f"/book/{uuid4()}").status_code == 404


def test_a_restricted_service_is_for_those_who_have_been_there(
    client: CheckedClient, second_browser: CheckedClient, session: Session, cast: Cast
) -> None:
    open_to_all(session, cast)
    session.merge(cast.service).is_restricted = True
    session.commit()
    assert "Hillside Clinic" not in client.get_page("/book")
    assert client.get(address(cast)).status_code == 404
    account = make_own_account(session, cast.patient)
    session.commit()
    sign_in(client, account)
    assert client.get(address(cast)).status_code == 404
    appointment = make_appointment(session, cast)
    session.commit()
    assert "Consultation" in client.get_page(address(cast))
    carer = make_carer(session, cast.patient, email="carer@example.org")
    carers_account = make_own_account(session, carer.related_person)
    session.commit()
    sign_in(second_browser, carers_account)
    assert second_browser.get(address(cast)).status_code == 404
    assert "Hillside Clinic" not in second_browser.get_page("/book")
    # By a link of their own neither: it opens one appointment.
    open_visit(second_browser, appointment, carer=carer.related_person)
    assert second_browser.get(address(cast)).status_code == 404


def test_a_carer_says_for_whom_it_is_and_books_for_nobody_else(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    carer = make_carer(session, cast.patient, email="carer@example.org")
    account = make_own_account(session, carer.related_person)
    session.commit()
    sign_in(client, account)
    page = choose(client, cast)
    go_on(client, page, {"patient": str(cast.other_patient.id)}, status=404)
    page = go_on(client, choose(client, cast), {"reason": "A cough"})
    assert "Eirlys Morgan" in page
    # Between the pages the form is the browser's: what it says is checked again.
    sent = {**fields_of(page), "patient": str(cast.other_patient.id)}
    send(client, address(cast, "/confirm"), sent, 404)
    assert count_appointments(session) == 0
    go_on(client, page)
    assert newest(session).patient_id == cast.patient.id


def test_somebody_who_came_by_their_link_is_known(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    appointment = make_appointment(session, cast)
    session.commit()
    open_visit(client, appointment)
    go_on(client, go_on(client, choose(client, cast)))
    booked = newest(session)
    assert booked.id != appointment.id
    assert booked.patient_id == cast.patient.id


def test_somebody_who_is_not_verified_yet_is_a_stranger_although_they_can_sign_in(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    unverified = make_patient(session, cast.service, given_name="Dylan")
    unverified.is_verified = False
    account = make_own_account(session, unverified)
    session.commit()
    sign_in(client, account)
    assert client.get(address(cast, "/when") + query(cast)).status_code == 404


# ---- the time that is kept -----------------------------------------------------------------------------------


def test_going_back_gives_the_time_back_and_keeps_what_was_typed(
    as_stranger: CheckedClient, session: Session, cast: Cast
) -> None:
    page = choose(as_stranger, cast)
    assert count_held(session)
    page = go_back(as_stranger, cast, page, STRANGER)
    assert (count_holds(session), count_held(session)) == (0, 0)
    assert "My knee hurts" in page
    # Its own time is free again.
    assert choice(cast) in page
    page = send(as_stranger, address(cast, "/when"), {**fields_of(page), "slot": choice(cast, 1)})
    for typed in ("Dylan", "Powell", "My knee hurts", "dylan@example.org"):
        assert typed in page


def test_going_back_shows_the_days_that_were_looked_at_and_later_ones_without_losing_a_word(
    as_stranger: CheckedClient, session: Session, cast: Cast
) -> None:
    later = 3 * 24 * 4
    page = go_back(as_stranger, cast, choose(as_stranger, cast, later), STRANGER)
    assert choice(cast, later) in page
    assert choice(cast) not in page
    # Times, other days, from today: three forms, and each takes along what was typed.
    forms = [fields_of(page, form=number) for number in range(len(posted_forms(page)))]
    assert all(each["reason"] == "My knee hurts" for each in forms)
    next_day = next(each for each in forms if each.get("from") and "slot" not in each)
    page = send(as_stranger, address(cast, "/when"), next_day)
    assert "My knee hurts" in page
    page = send(as_stranger, address(cast, "/when"), {**fields_of(page), "from": ""})
    assert choice(cast) in page
    assert "My knee hurts" in page


def test_the_browsers_back_button_shows_the_own_time_as_free(
    as_stranger: CheckedClient, session: Session, cast: Cast
) -> None:
    choose(as_stranger, cast)
    page = as_stranger.get_page(address(cast, "/when") + query(cast))
    assert choice(cast) in page
    choose(as_stranger, cast, 1)
    assert count_holds(session) == 1


def test_a_page_that_shows_another_time_than_the_one_that_is_kept_books_neither(
    as_stranger: CheckedClient, session: Session, cast: Cast
) -> None:
    first = go_on(as_stranger, choose(as_stranger, cast), STRANGER)
    second = go_on(as_stranger, choose(as_stranger, cast, 1), STRANGER)
    page = go_on(as_stranger, first, status=409)
    assert "Choose a time again" in page
    assert count_appointments(session) == 0
    go_on(as_stranger, second)
    assert newest(session).starts_at == free_start(1)


def test_one_person_keeps_one_time(
    as_stranger: CheckedClient, second_browser: CheckedClient, session: Session, cast: Cast
) -> None:
    for number in range(3):
        choose(as_stranger, cast, number)
    choose(second_browser, cast)
    assert count_holds(session) == 2


def test_a_time_that_somebody_else_keeps_is_not_offered_and_not_given(
    as_stranger: CheckedClient, second_browser: CheckedClient, session: Session, cast: Cast
) -> None:
    choose(as_stranger, cast)
    assert choice(cast) not in second_browser.get_page(address(cast, "/when") + query(cast))
    page = choose(second_browser, cast, status=409)
    assert "There is a problem" in page
    assert choice(cast, 1) in page
    assert "01632 960555" in page


def test_nobody_books_what_somebody_else_keeps(
    as_stranger: CheckedClient, second_browser: CheckedClient, session: Session, cast: Cast
) -> None:
    page = go_on(as_stranger, choose(as_stranger, cast), STRANGER)
    with as_stranger.session_transaction() as browser:
        stolen = browser["hold"]
    sent = {**fields_of(page), "csrf_token": token(second_browser)}
    with second_browser.session_transaction() as browser:
        browser["hold"] = stolen
    answer = send(second_browser, address(cast, "/confirm"), sent, 409)
    assert "We do not keep a time for you any more" in answer
    assert count_appointments(session) == 0
    go_on(as_stranger, page)
    assert count_appointments(session) == 1
