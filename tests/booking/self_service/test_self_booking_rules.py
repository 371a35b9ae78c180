"""Patients book themselves: the rules that hold them back, and forms that were made by hand."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from telehealth.accounts.models import Patient
from telehealth.audit.models import AuditEvent
from telehealth.booking.domain.appointment_type import Booker
from telehealth.booking.domain.interpreter import InterpreterJoins
from telehealth.booking.models import Hold, IdempotencyKey
from telehealth.booking.services.self_service import MOST_ASKED
from telehealth.booking.slot_values import slot_value
from tests.booking.self_service.own_booking import (
    STRANGER,
    address,
    ask,
    choice,
    choose,
    count_appointments,
    count_holds,
    free_start,
    go_back,
    go_on,
    let_lapse,
    newest,
    open_to_all,
    query,
    send,
    token,
)
from tests.factories import (
    SLOT,
    Cast,
    make_appointment,
    make_schedule,
    slot_at,
    type_of,
)
from tests.page_checks import CheckedClient, fields_of

pytestmark = pytest.mark.web


# ---- who may book what ---------------------------------------------------------------------------------------


def test_a_lapsed_time_is_booked_if_it_is_still_free(
    as_stranger: CheckedClient, session: Session, cast: Cast
) -> None:
    page = go_on(as_stranger, choose(as_stranger, cast), STRANGER)
    let_lapse(session)
    go_on(as_stranger, page)
    assert newest(session).starts_at == free_start()


def test_a_lapsed_time_that_somebody_else_got_leads_to_the_next_three(
    as_stranger: CheckedClient, second_browser: CheckedClient, session: Session, cast: Cast
) -> None:
    page = go_on(as_stranger, choose(as_stranger, cast), STRANGER)
    let_lapse(session)
    ask(second_browser, cast, typed={"email": "second@example.org"})
    page = go_on(as_stranger, page, status=409)
    assert "This time is not free any more" in page
    assert "The next free times" in page
    offered = re.findall(r'name="slot"\s+value="([^"]+)"', page)
    assert len(offered) == 3
    assert choice(cast) not in offered
    assert "My knee hurts" in page
    assert "Powell" in page
    assert "second@example.org" not in page
    # One of them with one press, and on with what was typed.
    page = send(as_stranger, address(cast, "/when"), {**fields_of(page), "slot": offered[0]})
    assert "My knee hurts" in page
    go_on(as_stranger, go_on(as_stranger, page))
    assert count_appointments(session) == 2


@pytest.mark.parametrize("where", ["/check", "/confirm", "/details"])
def test_what_was_typed_survives_a_page_that_was_left_open_for_hours(
    as_stranger: CheckedClient, session: Session, cast: Cast, where: str
) -> None:
    page = go_on(as_stranger, choose(as_stranger, cast), STRANGER)
    session.execute(delete(Hold))
    session.commit()
    answer = send(as_stranger, address(cast, where), fields_of(page), 409)
    assert "Choose a time again" in answer
    assert "My knee hurts" in answer
    assert count_appointments(session) == 0


def test_an_old_confirmation_is_never_shown_for_a_booking_that_did_not_happen(
    as_stranger: CheckedClient, session: Session, cast: Cast
) -> None:
    ask(as_stranger, cast)
    first = newest(session).reference
    page = go_on(as_stranger, choose(as_stranger, cast, 4), STRANGER)
    session.execute(delete(Hold))
    session.commit()
    answer = send(as_stranger, address(cast, "/confirm"), fields_of(page), 409)
    assert first not in answer


# ---- twice, late, forged -------------------------------------------------------------------------------------


def test_pressing_twice_books_once(as_patient: CheckedClient, session: Session, cast: Cast) -> None:
    page = go_on(as_patient, choose(as_patient, cast))
    first = go_on(as_patient, page)
    second = go_on(as_patient, page)
    assert count_appointments(session) == 1
    assert newest(session).reference in first
    assert newest(session).reference in second


def test_a_form_that_is_sent_again_with_its_old_hold_books_nothing_more(
    as_stranger: CheckedClient, session: Session, cast: Cast
) -> None:
    page = go_on(as_stranger, choose(as_stranger, cast), STRANGER)
    with as_stranger.session_transaction() as browser:
        held = browser["hold"]
    go_on(as_stranger, page)
    with as_stranger.session_transaction() as browser:
        browser["hold"] = held
    go_on(as_stranger, page)
    assert count_appointments(session) == 1


@pytest.mark.parametrize(
    "slot",
    [
        "",
        "x",
        "x" * 5000,
        "6a3f0f4e-0b5e-4c8e-9d4f-2f8f6f1f7a10/2027-01-12T14:30:00Z",
        "../../etc/2027-01-12T14:30:00Z",
    ],
)
def test_a_time_that_is_none_is_refused_with_the_free_ones(
    as_stranger: CheckedClient, session: Session, cast: Cast, slot: str
) -> None:
    page = choose(as_stranger, cast, status=409, slot=slot)
    assert "There is a problem" in page
    assert choice(cast) in page
    assert count_holds(session) == 0


@pytest.mark.parametrize("offset", [timedelta(days=-2), timedelta(days=60), timedelta(days=5000), SLOT / 3])
def test_a_time_outside_the_rules_is_refused_in_plain_words(
    as_stranger: CheckedClient, session: Session, cast: Cast, offset: timedelta
) -> None:
    type_ = session.merge(cast.appointment_type)
    type_.days_ahead = 28
    session.commit()
    page = choose(as_stranger, cast, status=409, slot=slot_value(slot_at(cast, free_start() + offset)))
    assert "There is a problem" in page
    assert choice(cast) in page
    assert count_holds(session) == 0


def test_a_time_within_the_notice_is_neither_offered_nor_given(
    as_stranger: CheckedClient, session: Session, cast: Cast
) -> None:
    session.merge(cast.appointment_type).notice_minutes = 24 * 60
    session.commit()
    assert choice(cast) not in as_stranger.get_page(address(cast, "/when") + query(cast))
    page = choose(as_stranger, cast, status=409)
    assert "too soon to book online" in page


def test_rules_that_change_while_somebody_types_hold(
    as_stranger: CheckedClient, session: Session, cast: Cast
) -> None:
    page = go_on(as_stranger, choose(as_stranger, cast), STRANGER)
    session.merge(cast.appointment_type).booker = Booker.STAFF
    session.commit()
    send(as_stranger, address(cast, "/confirm"), fields_of(page), 409)
    assert count_appointments(session) == 0


def test_a_patient_who_is_busy_then_is_told_so_without_anything_else(
    as_patient: CheckedClient, session: Session, cast: Cast
) -> None:
    assert cast.colleague.practitioner_id
    other = make_schedule(session, cast.service, cast.colleague.practitioner_id)
    make_appointment(session, cast, starts_at=free_start())
    session.commit()
    slot = f"{other.id}/{free_start():%Y-%m-%dT%H:%M:%SZ}"
    # A carer for several is asked later for whom it is: the hold cannot know.
    assert slot not in as_patient.get_page(address(cast, "/when") + query(cast))
    page = choose(as_patient, cast, status=409, slot=slot)
    assert "You already have an appointment at that time" in page


def test_a_hold_of_another_service_is_not_used_here(
    as_patient: CheckedClient, session: Session, cast: Cast
) -> None:
    page = go_on(as_patient, choose(as_patient, cast))
    foreign = type_of(session, session.merge(cast.other_service))
    sent = {**fields_of(page), "type": str(foreign.id)}
    answer = send(as_patient, f"/book/{cast.other_service.id}/confirm", sent, 409)
    assert "Choose a time again" in answer
    assert count_appointments(session) == 0


# ---- what is typed -------------------------------------------------------------------------------------------


def test_the_reason_is_preceded_by_the_emergency_advice(
    as_stranger: CheckedClient, session: Session, cast: Cast
) -> None:
    page = choose(as_stranger, cast)
    assert page.index("999") < page.index('name="reason"')
    assert "111" in page
    session.merge(cast.service).emergency_advice = "Go to the surgery at once."
    session.commit()
    page = choose(as_stranger, cast)
    assert page.index("Go to the surgery at once.") < page.index('name="reason"')


def test_an_interpreter_is_not_lost_on_the_way(
    as_patient: CheckedClient, session: Session, cast: Cast
) -> None:
    typed = {"needs_interpreter": "yes", "interpreter_language": "Polish"}
    page = go_on(as_patient, choose(as_patient, cast), status=422, typed=typed)
    assert "Choose how the interpreter will join" in page
    assert "Polish" in page
    page = go_on(as_patient, page, {**typed, "interpreter_joins": "phone"})
    assert "Polish. By phone" in page
    page = go_back(as_patient, cast, page)
    page = send(as_patient, address(cast, "/when"), {**fields_of(page), "slot": choice(cast, 2)})
    go_on(as_patient, go_on(as_patient, page))
    booked = newest(session)
    assert (booked.interpreter_language, booked.interpreter_joins) == ("Polish", InterpreterJoins.PHONE)
    # Offered again the next time.
    assert "Polish" in choose(as_patient, cast, 3)


def test_markup_stays_text(as_stranger: CheckedClient, session: Session, cast: Cast) -> None:
    evil = '"><script>alert(1)</script>'
    page = go_on(as_stranger, choose(as_stranger, cast), {**STRANGER, "given_name": evil, "reason": evil})
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page
    go_on(as_stranger, page)
    assert newest(session).reason == evil


def test_what_is_too_long_or_missing_is_said_and_kept(
    as_stranger: CheckedClient, session: Session, cast: Cast
) -> None:
    page = go_on(
        as_stranger,
        choose(as_stranger, cast),
        {**STRANGER, "reason": "x" * 501, "family_name": "", "phone": "", "email": ""},
        status=422,
    )
    assert "Shorten what it is about" in page
    assert "x" * 501 in page
    assert "so that we can reach you" in page
    assert 'href="#family_name"' in page
    assert "Dylan" in page
    huge = go_on(as_stranger, page, {**STRANGER, "given_name": "x" * 100_000}, status=422)
    assert "There is a problem" in huge
    assert session.scalar(select(Patient.id).where(Patient.given_name == "Dylan")) is None


# ---- how much ------------------------------------------------------------------------------------------------


def test_a_stranger_asks_for_a_few_times_and_not_for_all(
    as_stranger: CheckedClient, session: Session, cast: Cast
) -> None:
    for number in range(MOST_ASKED):
        ask(as_stranger, cast, number)
    page = go_on(as_stranger, choose(as_stranger, cast, MOST_ASKED), STRANGER)
    page = go_on(as_stranger, page, status=429)
    assert "You have asked for several appointments already" in page
    assert "01632 960555" in page
    assert count_appointments(session) == MOST_ASKED


def test_times_are_narrowed_by_clinician_and_part_of_day(
    as_patient: CheckedClient, session: Session, cast: Cast
) -> None:
    assert cast.colleague.practitioner_id
    make_schedule(session, cast.service, cast.colleague.practitioner_id)
    session.commit()
    where = address(cast, "/when") + query(cast)
    page = as_patient.get_page(where)
    assert "Dr Nia Pritchard</span>" in page
    assert "Dr Tomos Rees</span>" in page
    page = as_patient.get_page(f"{where}&who={cast.colleague.practitioner_id}&part=evening")
    assert "Dr Nia Pritchard</span>" not in page
    assert "Morning</h3>" not in page
    assert "Evening" in page
    # What means nothing narrows nothing.
    assert "Dr Nia Pritchard</span>" in as_patient.get_page(f"{where}&who=x&part=night")


def test_nothing_personal_is_in_an_address_or_a_title(
    as_stranger: CheckedClient, session: Session, cast: Cast
) -> None:
    page = choose(as_stranger, cast)
    answer = as_stranger.post(address(cast, "/check"), data={**fields_of(page), **STRANGER})
    title = re.findall("<title>(.*?)</title>", answer.text, re.DOTALL)[0]
    assert "Dylan" not in answer.request.url + title
    answer = as_stranger.post(address(cast, "/confirm"), data={**fields_of(answer.text)})
    assert answer.headers["Location"] == "/book/done"


def test_the_confirmation_is_this_browsers_alone(
    as_stranger: CheckedClient, second_browser: CheckedClient, session: Session, cast: Cast
) -> None:
    ask(as_stranger, cast)
    reference = newest(session).reference
    assert reference in as_stranger.get_page("/book/done")
    assert reference not in second_browser.get_page("/book/done")


def test_the_next_person_at_this_browser_does_not_see_it(
    as_patient: CheckedClient, session: Session, cast: Cast
) -> None:
    go_on(as_patient, go_on(as_patient, choose(as_patient, cast)))
    reference = newest(session).reference
    assert reference in as_patient.get_page("/book/done")
    as_patient.post("/sign-out", data={"csrf_token": token(as_patient)})
    assert reference not in as_patient.get_page("/book/done")


def test_the_trail_knows_who_booked_and_who_asked(
    as_patient: CheckedClient, second_browser: CheckedClient, session: Session, cast: Cast
) -> None:
    open_to_all(session, cast)
    go_on(as_patient, go_on(as_patient, choose(as_patient, cast)))
    ask(second_browser, cast, 1)
    actions = set(session.scalars(select(AuditEvent.action)))
    assert {"appointment.booked", "appointment.asked", "patient.registered-online"} <= actions
    assert session.scalars(select(IdempotencyKey)).all()
