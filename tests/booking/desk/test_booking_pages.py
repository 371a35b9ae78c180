"""Reception books: a time is kept while the details are typed, then it is booked once."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from telehealth.accounts.services.sign_in import actor_of
from telehealth.booking.domain.appointment import CancelReason, Mode
from telehealth.booking.domain.interpreter import InterpreterJoins
from telehealth.booking.models import (
    FollowUpRequest,
    IdempotencyKey,
    Room,
)
from telehealth.booking.services.cancelling import cancel_appointment
from tests.booking.desk.desk_forms import choice, count_appointments, count_holds, hold, let_lapse, only
from tests.factories import (
    SLOT,
    Cast,
    make_appointment,
    make_cast,
    make_shared_clinic,
    make_type,
    sign_in,
    soon,
)
from tests.page_checks import CheckedClient, fields_of, posted_forms

pytestmark = pytest.mark.web


@pytest.fixture(autouse=True)
def _at_the_desk(client: CheckedClient, cast: Cast) -> None:
    sign_in(client, cast.receptionist)


@pytest.fixture
def booking_page(cast: Cast) -> str:
    return f"/desk/patients/{cast.patient.id}/book"


def test_three_actions_from_the_record_to_the_booking(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    record = client.get_page(f"/desk/patients/{cast.patient.id}")
    assert f"/desk/patients/{cast.patient.id}/book" in record
    details = client.submit(f"/desk/patients/{cast.patient.id}/book", {"slot": choice(cast)})
    assert "We are holding this time for the patient until" in details
    answer = client.post(posted_forms(details)[0].get("action") or "", data=fields_of(details))
    page = client.get_page(answer.headers["Location"])
    assert "data-join-link" in page
    assert "/join/" in page
    assert "Dr Nia Pritchard" in page
    assert count_holds(session) == 0


def test_what_is_typed_stands_with_the_appointment(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    page = client.submit(
        hold(client, cast),
        {
            "reason": "Knee",
            "interpreter_language": "Polish",
            "interpreter_joins": "phone",
            "is_confidential": "y",
        },
    )
    assert "Interpreter needed: Polish" in page
    assert "nothing goes to a parent or carer" in page
    booked = only(session)
    assert (booked.reason, booked.interpreter_joins) == ("Knee", InterpreterJoins.PHONE)


def test_the_patients_language_is_offered_again(client: CheckedClient, session: Session, cast: Cast) -> None:
    cast.patient.interpreter_language = "Somali"
    session.add(cast.patient)
    session.commit()
    assert fields_of(client.get_page(hold(client, cast)))["interpreter_language"] == "Somali"


def test_an_interpreter_needs_a_way_to_join(client: CheckedClient, session: Session, cast: Cast) -> None:
    page = client.submit(hold(client, cast), {"reason": "Knee", "interpreter_language": "Polish"}, status=422)
    assert "Choose how the interpreter joins" in page
    assert fields_of(page)["reason"] == "Knee"
    assert count_appointments(session) == 0


def test_the_emergency_advice_stands_before_the_reason(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    page = client.get_page(hold(client, cast))
    assert page.index("call 999") < page.index('name="reason"')
    cast.service.emergency_advice = "Ring the bell"
    session.add(cast.service)
    session.commit()
    assert "Ring the bell" in client.get_page(hold(client, cast, 1))


def test_a_held_time_is_not_offered_to_others_and_is_free_again_when_given_back(
    client: CheckedClient, session: Session, cast: Cast, booking_page: str
) -> None:
    details = hold(client, cast)
    other_page = f"/desk/patients/{cast.other_patient.id}/book"
    assert choice(cast) not in client.get_page(other_page)
    fields = fields_of(client.get_page(details))
    answer = client.post(details.partition("?")[0] + "/release", data=fields)
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(booking_page)
    assert choice(cast) in client.get_page(other_page)
    assert count_holds(session) == 0


def test_what_was_typed_goes_along_when_another_time_is_wanted(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    details = hold(client, cast)
    typed = {**fields_of(client.get_page(details)), "reason": "My <b>knee</b>", "is_confidential": "y"}
    chooser = client.post(details.partition("?")[0] + "/release", data=typed)
    assert chooser.status_code == 200
    times = posted_forms(chooser.text)
    later = next(form for form in times if (form.get("action") or "").endswith("/hold"))
    number = times.index(later)
    again = client.post(
        later.get("action") or "", data={**fields_of(chooser.text, form=number), "slot": choice(cast, 1)}
    )
    assert fields_of(again.text)["reason"] == "My <b>knee</b>"
    answer = client.post(posted_forms(again.text)[0].get("action") or "", data=fields_of(again.text))
    assert answer.status_code == 303
    booked = only(session)
    assert (booked.reason, booked.is_confidential) == ("My <b>knee</b>", True)
    assert booked.starts_at == soon() + SLOT


def test_choosing_the_same_time_twice_keeps_it_once(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    assert hold(client, cast).partition("?")[0] == hold(client, cast).partition("?")[0]
    assert count_holds(session) == 1


def test_whoever_goes_back_sees_what_they_keep_and_goes_on_or_gives_it_back(
    client: CheckedClient, session: Session, cast: Cast, booking_page: str
) -> None:
    """The browser's own button: nothing tells the service that the page was left."""
    kept = hold(client, cast)
    for page in (booking_page, f"/desk/patients/{cast.patient.id}"):
        shown = client.get_page(page)
        assert "You are keeping a time" in shown
        assert "Nobody else can book it until" in shown
    # It still stands among the times, and pressed again it is the same.
    assert choice(cast) in client.get_page(booking_page)
    assert hold(client, cast).partition("?")[0] == kept.partition("?")[0]
    other = client.get_page(f"/desk/patients/{cast.other_patient.id}/book")
    assert choice(cast) not in other
    assert "You are keeping a time" not in other
    address = kept.partition("?")[0]
    assert f'href="{address}">Go on with this time' in shown
    assert "Book this time" in client.get_page(address)
    assert (
        client.post(f"{address}/release", data={"csrf_token": fields_of(shown)["csrf_token"]}).status_code
        == 303
    )
    assert count_holds(session) == 0
    assert "You are keeping a time" not in client.get_page(booking_page)


def test_a_time_that_is_kept_no_more_is_not_said_to_be(
    client: CheckedClient, session: Session, cast: Cast, booking_page: str
) -> None:
    hold(client, cast)
    let_lapse(session)
    assert "You are keeping a time" not in client.get_page(booking_page)


def test_choosing_another_time_gives_the_first_one_back(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    first = hold(client, cast)
    assert hold(client, cast, 1) != first
    assert count_holds(session) == 1
    # What is kept for somebody else stays.
    client.post(
        f"/desk/patients/{cast.other_patient.id}/hold",
        data={
            **fields_of(client.get_page(f"/desk/patients/{cast.other_patient.id}/book")),
            "slot": choice(cast),
        },
    )
    assert count_holds(session) == 2


def test_a_lapsed_hold_whose_time_is_free_is_booked(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    details = hold(client, cast)
    let_lapse(session)
    assert "If it is still free, you can book it" in client.get_page(details)
    assert "data-join-link" in client.submit(details, {"reason": "Knee"})


def test_a_forgotten_hold_is_booked_by_its_time(client: CheckedClient, session: Session, cast: Cast) -> None:
    details = hold(client, cast)
    form = fields_of(client.get_page(details))
    client.post(details.partition("?")[0] + "/release", data=form)
    answer = client.post(details.partition("?")[0], data=form)
    assert answer.status_code == 303
    assert only(session).starts_at == soon()
    # Back to the page of what is not kept any more: it is done, and not lost.
    again = client.get(details)
    assert again.headers["Location"] == f"/desk/appointments/{only(session).id}"
    page = client.get_page(again.headers["Location"])
    assert "You have just booked this appointment" in page
    # What was flashed for the booking itself is said in green; this is not.
    assert "Important" in page


def test_a_hold_that_was_given_back_leads_to_the_free_times(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    """Also where the patient has an appointment that was booked a moment ago."""
    make_appointment(session, cast, starts_at=soon() + 8 * SLOT)
    session.commit()
    details = hold(client, cast)
    client.post(details.partition("?")[0] + "/release", data=fields_of(client.get_page(details)))
    page = client.get_page(details)
    assert "not kept for the patient any more" in page
    assert "Success" not in page


def test_a_hold_of_somebody_else_is_not_there(client: CheckedClient, session: Session, cast: Cast) -> None:
    details = hold(client, cast).partition("?")[0]
    form = fields_of(client.get_page(details))
    colleague = cast.other_service_receptionist
    sign_in(client, colleague)
    client.get_page(details, status=404)
    for address in (details, f"{details}/release"):
        assert client.post(address, data=form).status_code == 404
    assert count_holds(session) == 1


def test_a_reason_that_is_too_long_is_kept(client: CheckedClient, cast: Cast) -> None:
    page = client.submit(hold(client, cast), {"reason": "x" * 501}, status=422)
    assert "500 characters" in page
    assert fields_of(page)["reason"] == "x" * 501


def test_a_double_click_books_once(client: CheckedClient, session: Session, cast: Cast) -> None:
    details = hold(client, cast)
    form = fields_of(client.get_page(details))
    answers = [client.post(details, data=form) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert count_appointments(session) == 1
    assert session.scalar(select(func.count()).select_from(IdempotencyKey)) == 1


def test_two_clicks_at_once_hold_once_for_one_of_two_receptionists(own_app: Flask) -> None:
    from tests.booking.services.test_races import at_once

    with own_app.extensions["telehealth.database"].transaction() as session:
        cast = make_cast(session)

    def choose(patient_id: UUID) -> Any:
        client = own_app.test_client()
        sign_in(client, cast.receptionist)
        form = fields_of(client.get_page(f"/desk/patients/{patient_id}/book"))  # type: ignore[attr-defined]
        address = f"/desk/patients/{patient_id}/hold"
        return lambda: client.post(address, data={**form, "slot": choice(cast)}).status_code

    answers = at_once(choose(cast.patient.id), choose(cast.other_patient.id))
    assert sorted(answers, key=str) == [303, 409]


def test_a_place_in_a_shared_clinic_is_booked_without_a_clinician(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    _, schedule = make_shared_clinic(session, cast)
    session.commit()
    page = client.submit(hold(client, cast, slot=f"{schedule.id}/{soon():%Y-%m-%dT%H:%M:%SZ}"), {})
    assert "Diabetes clinic (not yet taken by a clinician)" in page
    assert only(session).practitioner_id is None


def test_the_request_that_it_is_for_is_completed(client: CheckedClient, session: Session, cast: Cast) -> None:
    fallen_out = make_appointment(session, cast, starts_at=soon() + 8 * SLOT)
    review = make_type(session, cast.service, name="Review")
    cancel_appointment(
        session, actor_of(cast.receptionist), fallen_out.id, version=1, reason=CancelReason.PATIENT
    )
    session.commit()
    request = session.scalars(select(FollowUpRequest)).one()
    details = hold(client, cast, appointment_type_id=str(review.id), follow_up=str(request.id))
    page = client.get_page(details)
    assert fields_of(page)["follow_up"] == str(request.id)
    client.submit(details, {})
    session.refresh(request)
    assert request.status.value == "completed"


def test_what_a_booking_ends_is_seen_and_can_be_left_open(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    fallen_out = make_appointment(session, cast, starts_at=soon() + 8 * SLOT)
    reception = actor_of(cast.receptionist)
    cancel_appointment(session, reception, fallen_out.id, version=1, reason=CancelReason.PATIENT)
    session.commit()
    request = session.scalars(select(FollowUpRequest)).one()
    details = hold(client, cast)
    # The request that a booking of this type would end is chosen already.
    assert fields_of(client.get_page(details))["follow_up"] == str(request.id)
    client.submit(details, {"follow_up": "none", "reason": "Something else"})
    session.refresh(request)
    assert request.status.value == "active"


def test_a_request_that_was_booked_meanwhile(client: CheckedClient, session: Session, cast: Cast) -> None:
    details = hold(client, cast)
    page = client.submit(details, {"follow_up": str(uuid4()), "reason": "Knee"}, status=404)
    assert page
    assert count_appointments(session) == 0


def test_in_person_says_the_room(client: CheckedClient, session: Session, cast: Cast) -> None:
    room = Room(organisation_id=cast.service.organisation_id, service_id=cast.service.id, name="Room 2")
    session.add(room)
    session.flush()
    cast.schedule.room_id = room.id
    session.add(cast.schedule)
    session.commit()
    details = hold(client, cast, mode="in-person")
    assert "Room 2" in client.get_page(details)
    assert "Room 2" in client.submit(details, {})
    assert only(session).mode is Mode.IN_PERSON
