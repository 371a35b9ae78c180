"""The patient moves and cancels an appointment, signed in or from the link; nobody else does."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.accounts.services.sign_in import actor_of
from telehealth.booking.domain.appointment import AppointmentStatus, Mode
from telehealth.booking.models import Appointment, AppointmentHistory, FollowUpRequest
from telehealth.booking.services.appointments import place_appointment
from telehealth.booking.services.links import make_link
from telehealth.booking.services.moving import move_appointment
from telehealth.booking.slot_values import slot_value
from tests.booking.self_service.own_booking import (
    at,
    choice,
    choose,
    count_held,
    count_holds,
    free_start,
    go_on,
    let_lapse,
    pick,
    reloaded,
    send,
    token,
)
from tests.booking.services.wishes import live_claims, move
from tests.factories import (
    SLOT,
    Cast,
    make_appointment,
    make_carer,
    make_own_account,
    make_schedule,
    open_visit,
    sign_in,
    slot_at,
)
from tests.page_checks import CheckedClient, fields_of

pytestmark = pytest.mark.web


# ---- moving --------------------------------------------------------------------------------------------------


def test_a_patient_moves_from_the_link_and_link_and_reference_stay(
    by_link: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    link, reference, first = make_link(session, appointment).id, appointment.reference, appointment.starts_at
    page = by_link.get_page(at(appointment))
    assert at(appointment, "/move") in page
    page = pick(by_link, appointment, choice(cast, 3))
    assert "We are holding this time for you until" in page
    # The old time is kept until the new one is secured.
    assert reloaded(session, appointment).starts_at == first
    assert live_claims(session, appointment)[0][0] == first
    page = go_on(by_link, page)
    assert "Your appointment is moved" in page
    moved = reloaded(session, appointment)
    assert (moved.starts_at, moved.reference, moved.status) == (
        free_start(3),
        reference,
        AppointmentStatus.BOOKED,
    )
    assert make_link(session, moved).id == link
    assert count_holds(session) == 0
    assert {starts_at for starts_at, _ in live_claims(session, moved)} == {free_start(3)}


def test_half_a_slot_later_is_a_move_too(
    by_link: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    """Its own time counts as free for it."""
    session.merge(cast.schedule).slot_minutes = 5
    session.commit()
    later = free_start() + timedelta(minutes=5)
    go_on(by_link, pick(by_link, appointment, slot_value(slot_at(cast, later))))
    moved = reloaded(session, appointment)
    assert (moved.starts_at, moved.ends_at) == (later, later + SLOT)


def test_the_time_that_it_has_is_no_new_time_but_by_phone_it_is(
    by_link: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    assert choice(cast) not in by_link.get_page(at(appointment, "/move"))
    page = by_link.get_page(at(appointment, "/move?mode=phone"))
    assert choice(cast) in page
    go_on(by_link, send(by_link, at(appointment, "/move"), {**fields_of(page), "slot": choice(cast)}))
    moved = reloaded(session, appointment)
    assert (moved.starts_at, moved.mode) == (free_start(), Mode.PHONE)


def test_a_carer_moves_and_a_stranger_finds_nothing(
    client: CheckedClient,
    second_browser: CheckedClient,
    session: Session,
    cast: Cast,
    appointment: Appointment,
) -> None:
    carer = make_carer(session, cast.patient, email="carer@example.org")
    account = make_own_account(session, carer.related_person)
    stranger = make_own_account(session, cast.other_patient)
    session.commit()
    sign_in(client, account)
    go_on(client, pick(client, appointment, choice(cast, 2)))
    assert reloaded(session, appointment).starts_at == free_start(2)
    sign_in(second_browser, stranger)
    csrf = token(second_browser)
    for page in ("", "/move", "/move/check", "/cancel"):
        assert second_browser.get(at(appointment, page)).status_code == 404
    for page in ("/move", "/move/check", "/move/back", "/cancel"):
        values = {"csrf_token": csrf, "version": 2, "slot": choice(cast, 5)}
        assert second_browser.post(at(appointment, page), data=values).status_code == 404
    assert reloaded(session, appointment).status is AppointmentStatus.BOOKED


@pytest.mark.parametrize("secret", ["confidential", "restricted"])
def test_a_carer_does_not_find_what_is_the_patients_alone(
    client: CheckedClient, session: Session, cast: Cast, appointment: Appointment, secret: str
) -> None:
    carer = make_carer(session, cast.patient, email="carer@example.org")
    account = make_own_account(session, carer.related_person)
    if secret == "confidential":
        appointment.is_confidential = True
    else:
        session.merge(cast.service).is_restricted = True
    session.commit()
    sign_in(client, account)
    for page in ("", "/move", "/cancel"):
        assert client.get(at(appointment, page)).status_code == 404


def test_a_hold_of_another_browser_moves_nothing(
    by_link: CheckedClient,
    second_browser: CheckedClient,
    session: Session,
    cast: Cast,
    appointment: Appointment,
) -> None:
    page = pick(by_link, appointment, choice(cast, 3))
    with by_link.session_transaction() as browser:
        stolen = browser["hold"]
    open_visit(second_browser, appointment)
    sent = {**fields_of(page), "csrf_token": token(second_browser)}
    with second_browser.session_transaction() as browser:
        browser["hold"] = stolen
    answer = send(second_browser, at(appointment, "/move/check"), sent)
    assert "Choose a time again" in answer
    assert reloaded(session, appointment).starts_at == free_start()


def test_a_hold_for_a_booking_moves_nothing_and_the_other_way_round(
    by_link: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    other = make_appointment(session, cast, starts_at=free_start(6))
    session.commit()
    open_visit(by_link, other)
    page = pick(by_link, appointment, choice(cast, 3))
    sent = fields_of(page)
    assert "Choose a time again" in send(by_link, at(other, "/move/check"), sent)
    sent |= {"type": str(cast.appointment_type.id), "mode": "video"}
    send(by_link, f"/book/{cast.service.id}/confirm", sent, 409)
    assert reloaded(session, other).starts_at == free_start(6)


def test_going_back_frees_the_new_time_and_keeps_the_old_one(
    by_link: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    page = pick(by_link, appointment, choice(cast, 3))
    held = count_held(session)
    page = send(by_link, at(appointment, "/move/back"), fields_of(page))
    assert held
    assert count_held(session) == 0
    assert choice(cast, 3) in page
    assert live_claims(session, appointment)[0][0] == free_start()


def test_a_new_time_that_somebody_else_got_leads_to_the_next_three(
    by_link: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    page = pick(by_link, appointment, choice(cast, 3))
    let_lapse(session)
    make_appointment(session, cast, starts_at=free_start(3), patient=cast.other_patient)
    session.commit()
    page = go_on(by_link, page, status=409)
    assert "There is a problem" in page
    assert "The next free times" in page
    assert "Aled" not in page
    assert reloaded(session, appointment).starts_at == free_start()


def test_what_reception_moved_meanwhile_is_shown_as_it_is_now(
    by_link: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    page = pick(by_link, appointment, choice(cast, 3))
    move_appointment(
        session, actor_of(cast.receptionist), appointment.id, move(cast, appointment, free_start(9))
    )
    session.commit()
    page = go_on(by_link, page, status=409)
    assert "changed meanwhile" in page
    assert reloaded(session, appointment).starts_at == free_start(9)
    go_on(by_link, page)
    assert reloaded(session, appointment).starts_at == free_start(3)


def test_sending_a_move_twice_moves_once(
    by_link: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    page = pick(by_link, appointment, choice(cast, 3))
    go_on(by_link, page)
    assert "Your appointment is moved" in go_on(by_link, page)
    moves = session.scalars(
        select(AppointmentHistory).where(AppointmentHistory.appointment_id == appointment.id)
    ).all()
    assert len(moves) == 2
    assert reloaded(session, appointment).starts_at == free_start(3)


def test_the_patient_is_not_moved_into_their_own_other_appointment(
    by_link: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    assert cast.colleague.practitioner_id
    other = make_schedule(session, cast.service, cast.colleague.practitioner_id)
    make_appointment(session, cast, starts_at=free_start(3))
    session.commit()
    slot = f"{other.id}/{free_start(3):%Y-%m-%dT%H:%M:%SZ}"
    page = pick(by_link, appointment, slot, status=409)
    assert "already have an appointment" in page


def test_a_carer_by_link_is_not_told_of_what_is_confidential(
    client: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    """To them the time is taken, as any other: why is nobody's but the patient's."""
    carer = make_carer(session, cast.patient, email="carer@example.org")
    there = slot_at(cast, free_start(6))._replace(practitioner_id=cast.colleague.practitioner_id)
    place_appointment(
        session,
        actor_of(cast.receptionist),
        cast.service,
        cast.patient,
        there,
        type_=cast.appointment_type,
        is_confidential=True,
    )
    session.commit()
    open_visit(client, appointment, carer=carer.related_person)
    page = pick(client, appointment, choice(cast, 6), status=409)
    assert "This time is not free any more" in page
    assert "already have" not in page


def test_a_way_of_meeting_that_the_type_does_not_offer_is_not_taken(
    by_link: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    appointment.appointment_type.is_in_person = False  # type: ignore[union-attr]
    session.commit()
    go_on(by_link, pick(by_link, appointment, choice(cast, 3), mode="in-person"))
    assert reloaded(session, appointment).mode is Mode.VIDEO


# ---- cancelling ----------------------------------------------------------------------------------------------


def test_a_patient_cancels_and_is_not_forgotten(
    by_link: CheckedClient, session: Session, cast: Cast, appointment: Appointment
) -> None:
    page = by_link.get_page(at(appointment, "/cancel"))
    assert page.index("999") < page.index('name="note"')
    page = by_link.submit(at(appointment, "/cancel"), {"note": "I am better"})
    assert "This appointment is cancelled" in page
    assert at(appointment, "/move") not in page
    cancelled = reloaded(session, appointment)
    assert cancelled.status is AppointmentStatus.CANCELLED
    assert live_claims(session, cancelled) == []
    assert session.scalar(select(FollowUpRequest.id).where(FollowUpRequest.appointment_id == appointment.id))
    # Sent again it changes nothing, and says how it is.
    assert "This appointment is cancelled" in by_link.get_page(at(appointment, "/cancel"))


def test_whoever_came_by_a_link_opens_and_cancels_what_they_booked_next(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    earlier = make_appointment(session, cast, starts_at=free_start(20))
    session.commit()
    open_visit(client, earlier)
    check = go_on(client, choose(client, cast), {"reason": "Knee", "needs_interpreter": "no"})
    done = go_on(client, check)
    # A second press of the button finds the same appointment.
    again = go_on(client, check)
    booked = session.scalars(select(Appointment).where(Appointment.id != earlier.id)).one()
    for page in (done, again):
        assert f'href="/appointments/{booked.id}"' in page
    page = client.get_page(f"/appointments/{booked.id}/cancel")
    answer = client.post(f"/appointments/{booked.id}/cancel", data=fields_of(page, form=-1))
    assert answer.status_code == 303
    # The one by whose link they came is still theirs to open.
    assert client.get(f"/appointments/{earlier.id}").status_code == 200
