"""Somebody at the desks of two services: whose desk it is, changing it, and what never follows the wrong one."""

import re
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from telehealth.accounts.models import Account, AccountRole, Protection
from telehealth.accounts.services.sign_in import actor_of
from telehealth.actor import Role
from telehealth.booking.domain.appointment import AppointmentStatus, Mode
from telehealth.booking.domain.follow_up import FollowUpReason, FollowUpStatus
from telehealth.booking.domain.slots import Slot
from telehealth.booking.models import Appointment, FollowUpRequest, Schedule
from telehealth.booking.services import restricted
from telehealth.booking.services.appointments import place_appointment
from telehealth.booking.services.follow_ups import make_follow_up
from telehealth.booking.slot_values import slot_value
from telehealth.clock import uk_today
from tests.booking.desk.desk_forms import choice
from tests.factories import (
    SLOT,
    Cast,
    make_appointment,
    make_clinician,
    make_schedule,
    make_type,
    sign_in,
    slot_at,
    soon,
    type_of,
)
from tests.page_checks import CheckedClient, fields_of, parse_page, posted_forms

pytestmark = pytest.mark.web

CLINIC, PHYSIO = "Hillside Clinic", "Hillside Physiotherapy"


@dataclass(frozen=True)
class Physio:
    """The second service: its clinician, sessions, a type of its own, and a patient whom she wants to see again."""

    schedule: Schedule
    seen: Appointment
    request: FollowUpRequest


@pytest.fixture
def physio(session: Session, cast: Cast) -> Physio:
    made = make_clinician(session, cast.other_service, "Gwen", "Hall")
    assert made.practitioner_id
    schedule = make_schedule(session, cast.other_service, made.practitioner_id)
    slot = slot_at(cast, soon() - timedelta(days=1))._replace(
        schedule_id=schedule.id, practitioner_id=made.practitioner_id
    )
    seen = place_appointment(
        session,
        actor_of(cast.other_service_receptionist),
        cast.other_service,
        cast.patient,
        slot,
        type_=type_of(session, cast.other_service),
    )
    seen.status = AppointmentStatus.FULFILLED
    request = make_follow_up(session, actor_of(made), seen, FollowUpReason.SEE_AGAIN)
    session.commit()
    return Physio(schedule, seen, request)


@pytest.fixture
def at_both(client: CheckedClient, session: Session, cast: Cast, physio: Physio) -> CheckedClient:
    """The browser of somebody who sits at both desks; the first by name is shown until another is chosen."""
    account = session.get_one(Account, cast.receptionist.id)
    account.roles.append(
        AccountRole(
            organisation_id=account.organisation_id,
            service_id=cast.other_service.id,
            role=Role.RECEPTIONIST,
        )
    )
    session.commit()
    sign_in(client, account)
    return client


def desk_of(page: str) -> str:
    """What the control says; "" where there is none."""
    selects = [field for field in parse_page(page).iter("select") if field.get("name") == "service_id"]
    chosen = [option for field in selects for option in field.iter("option") if "selected" in option.attrib]
    return " ".join("".join(option.itertext()).strip() for option in chosen)


def change_desk(client: CheckedClient, address: str, service_id: UUID) -> str:
    """With the control on a page, as a browser would."""
    page = client.get_page(address)
    number = next(
        number for number, form in enumerate(posted_forms(page)) if form.get("action") == "/desk/choose"
    )
    return client.submit(address, {"service_id": str(service_id)}, form=number)


def send(client: CheckedClient, address: str, data: dict[str, str]) -> TestResponse:
    """What a page of the desk would send, without its other fields."""
    token = fields_of(client.get_page("/desk"))["csrf_token"]
    return client.post(address, data={"csrf_token": token, **data})


def physio_slot(physio: Physio) -> str:
    schedule = physio.schedule
    return slot_value(Slot(soon(), soon() + SLOT, schedule.id, schedule.practitioner_id))


def pages_of(cast: Cast) -> tuple[str, ...]:
    record = f"/desk/patients/{cast.patient.id}"
    return ("/desk", f"/desk/day/{uk_today()}", record, f"{record}/book")


def test_with_one_desk_there_is_nothing_to_choose(
    client: CheckedClient, session: Session, cast: Cast, physio: Physio
) -> None:
    sign_in(client, cast.receptionist)
    for address in (*pages_of(cast), f"/desk/patients/{cast.patient.id}/protection"):
        page = client.get_page(address)
        assert "Change desk" not in page, address
        assert 'name="desk"' not in page, address
        assert "desk=" not in page, address


def test_whose_desk_it_is_stands_on_each_page_and_is_changed_there(
    at_both: CheckedClient, cast: Cast
) -> None:
    for address in pages_of(cast):
        assert desk_of(at_both.get_page(address)) == CLINIC, address
        page = change_desk(at_both, address, cast.other_service.id)
        assert desk_of(page) == PHYSIO, address
        # Back to the page on which it was chosen, and so it stays.
        assert desk_of(at_both.get_page(address)) == PHYSIO
        change_desk(at_both, address, cast.service.id)


def test_the_second_service_has_its_day_sheet_and_its_times(at_both: CheckedClient, cast: Cast) -> None:
    sheet, book = f"/desk/day/{uk_today()}", f"/desk/patients/{cast.patient.id}/book"
    first = [at_both.get_page(address) for address in (sheet, book)]
    change_desk(at_both, "/desk", cast.other_service.id)
    second = [at_both.get_page(address) for address in (sheet, book)]
    assert all("Pritchard" in page and "Gwen Hall" not in page for page in first)
    assert all("Pritchard" not in page and "Gwen Hall" in page for page in second)


def test_nobody_goes_over_to_a_desk_at_which_they_do_not_sit(
    at_both: CheckedClient, session: Session, cast: Cast
) -> None:
    for service_id in (cast.other_organisation_service.id, "x", ""):
        answer = send(at_both, "/desk/choose", {"service_id": str(service_id)})
        assert answer.status_code == 404
    assert desk_of(at_both.get_page("/desk")) == CLINIC
    # Asked anew with each request: a role that was taken away takes the desk with it.
    change_desk(at_both, "/desk", cast.other_service.id)
    role = select(AccountRole).where(
        AccountRole.account_id == cast.receptionist.id, AccountRole.service_id == cast.other_service.id
    )
    session.delete(session.scalars(role).one())
    session.commit()
    page = at_both.get_page(f"/desk/patients/{cast.patient.id}/book")
    assert "Gwen Hall" not in page
    assert "Change desk" not in page
    assert "Gwen Hall" not in at_both.get_page(f"/desk/day/{uk_today()}?desk={cast.other_service.id}")


@pytest.mark.parametrize("address", ["https://elsewhere.example/", "//elsewhere.example", "x", ""])
def test_the_choice_leads_to_no_other_site(at_both: CheckedClient, cast: Cast, address: str) -> None:
    data = {"service_id": str(cast.other_service.id), "next": address}
    assert send(at_both, "/desk/choose", data).headers["Location"] == "/desk"


def test_a_request_is_booked_in_its_own_service(
    at_both: CheckedClient, session: Session, cast: Cast, physio: Physio
) -> None:
    """From the list, at the desk of the other service: times, hold, details and booking are the request's."""
    page = at_both.get_page("/follow-ups")
    [book] = set(re.findall(r'href="(/desk/patients/[^"]+/book[^"]*)"', page))
    times = at_both.get_page(book.replace("&amp;", "&"))
    assert desk_of(times) == PHYSIO
    assert "Pritchard" not in times
    number = next(n for n, form in enumerate(posted_forms(times)) if (form.get("id")) == "times")
    details = at_both.submit(book.replace("&amp;", "&"), {"slot": physio_slot(physio)}, form=number)
    assert f'value="{physio.request.id}"' in details
    assert "Gwen Hall" in details
    answer = at_both.post(posted_forms(details)[0].get("action") or "", data=fields_of(details))
    assert "Gwen Hall" in at_both.get_page(answer.headers["Location"])
    session.expire_all()
    assert physio.request.status is FollowUpStatus.COMPLETED
    assert physio.request.booked_appointment
    assert physio.request.booked_appointment.service_id == cast.other_service.id
    # Somebody else's business changed nothing at the own desk.
    assert desk_of(at_both.get_page("/desk")) == CLINIC


def test_a_page_that_stayed_open_books_where_it_said(
    at_both: CheckedClient, session: Session, cast: Cast
) -> None:
    """On another page the desk was changed meanwhile: before the time was chosen, and again while it was kept."""
    book = f"/desk/patients/{cast.patient.id}/book"
    times = at_both.get_page(book)
    number = next(n for n, form in enumerate(posted_forms(times)) if form.get("id") == "times")
    fields = fields_of(times, form=number)
    change_desk(at_both, "/desk", cast.other_service.id)
    answer = at_both.post(f"/desk/patients/{cast.patient.id}/hold", data={**fields, "slot": choice(cast)})
    details = at_both.get_page(answer.headers["Location"])
    assert "Pritchard" in details
    change_desk(at_both, "/desk", cast.service.id)
    change_desk(at_both, "/desk", cast.other_service.id)
    answer = at_both.post(posted_forms(details)[0].get("action") or "", data=fields_of(details))
    assert answer.status_code == 303
    [booked] = session.scalars(select(Appointment).where(Appointment.service_id == cast.service.id))
    assert booked.practitioner_id == cast.practitioner_id


def test_another_time_is_looked_for_in_the_service_of_the_first(
    at_both: CheckedClient, cast: Cast, physio: Physio
) -> None:
    kind = {"appointment_type_id": str(physio.seen.appointment_type_id), "mode": "video"}
    address = f"/desk/patients/{cast.patient.id}/hold"
    details = send(at_both, address, {"slot": physio_slot(physio), **kind}).headers["Location"]
    page = at_both.get_page(details)
    release = re.findall(r'formaction="([^"]+/release)"', page)[0]
    for reason in ("", "Knee"):
        answer = at_both.post(release, data={**fields_of(page), "reason": reason}, follow_redirects=True)
        assert "Gwen Hall" in answer.text
        assert "Pritchard" not in answer.text
        # What was typed would be lost.
        assert ("Change desk" in answer.text) is (not reason)


def test_on_top_of_another_appointment_and_several_at_once_in_the_service_of_the_request(
    at_both: CheckedClient, session: Session, cast: Cast, physio: Physio
) -> None:
    record = f"/desk/patients/{cast.patient.id}"
    overbook = at_both.get_page(f"{record}/overbook?follow_up={physio.request.id}")
    assert "Gwen Hall" in overbook
    assert f'value="{physio.request.id}" checked' in " ".join(overbook.split())
    first = at_both.get_page(f"{record}/series?follow_up={physio.request.id}")
    assert "Gwen Hall" in first
    dates = f"{record}/series/dates?follow_up={physio.request.id}&slot={physio_slot(physio)}"
    kind = f"&appointment_type_id={physio.seen.appointment_type_id}&mode=video"
    page = at_both.get_page(dates + kind)
    ticked = re.findall(r'name="dates"\s+type="checkbox"\s+value="([^"]+)"', page)
    answer = at_both.post(f"{record}/series/dates", data={**fields_of(page), "dates": ticked[:2]})
    assert answer.status_code == 303, answer.text
    session.expire_all()
    assert physio.request.status is FollowUpStatus.COMPLETED
    booked = physio.request.booked_appointment
    assert booked
    assert (booked.service_id, booked.series_id is not None) == (cast.other_service.id, True)


def test_the_day_sheet_that_is_open_stays_with_its_desk(
    at_both: CheckedClient, cast: Cast, physio: Physio
) -> None:
    """A live page fetches itself again: it must not turn into another service's sheet."""
    page = at_both.get_page(f"/desk/day/{uk_today()}")
    change_desk(at_both, "/desk", cast.other_service.id)
    [url] = re.findall(r'data-live-url="([^"]+)"', page)
    fragment = at_both.get(url.replace("&amp;", "&")).text
    assert "Pritchard" in fragment
    assert "Gwen Hall" not in fragment
    for rel in ("prev", "next"):
        [link] = re.findall(rf'href="([^"]+)" rel="{rel}"', page)
        assert desk_of(at_both.get_page(link.replace("&amp;", "&"))) == CLINIC
    # A free time of it is one of its own service.
    form = {
        "schedule_id": str(cast.schedule.id),
        "starts_at": f"{soon():%Y-%m-%dT%H:%M:%SZ}",
        "appointment_type_id": str(cast.appointment_type.id),
        "mode": Mode.VIDEO.value,
    }
    assert send(at_both, "/desk/day/choose", form).status_code == 303
    assert "Pritchard" in at_both.get_page(f"/desk/patients/{cast.patient.id}")


def test_an_appointment_is_moved_in_its_own_service(
    at_both: CheckedClient, session: Session, cast: Cast, physio: Physio
) -> None:
    physio.seen.status = AppointmentStatus.BOOKED
    physio.seen.starts_at, physio.seen.ends_at = soon() + SLOT, soon() + 2 * SLOT
    session.merge(cast.other_service).emergency_advice = "Physio: ring 999."
    session.commit()
    page = at_both.get_page(f"/desk/appointments/{physio.seen.id}/move")
    assert "Gwen Hall" in page
    assert "Pritchard" not in page
    assert "Physio: ring 999." in at_both.get_page(f"/desk/appointments/{physio.seen.id}/details")


def test_a_patient_is_protected_by_the_service_that_the_page_named(
    at_both: CheckedClient, session: Session, cast: Cast
) -> None:
    address = f"/desk/patients/{cast.patient.id}/protection"
    fields = fields_of(at_both.get_page(address))
    change_desk(at_both, "/desk", cast.other_service.id)
    assert at_both.post(address, data={**fields, "is_phone_safe": "y"}).status_code == 303
    [held] = session.scalars(select(Protection))
    assert held.service_id == cast.service.id


def test_the_types_and_the_clinicians_of_the_one_are_none_of_the_other(
    at_both: CheckedClient, session: Session, cast: Cast
) -> None:
    """What was chosen on the sheet of one service is remembered, and does no harm on the other's."""
    make_type(session, cast.other_service, name="Gait analysis")
    session.commit()
    sheet = f"/desk/day/{uk_today()}"
    at_both.get(f"/desk/day?chosen=1&who={cast.practitioner_id}&kind={cast.appointment_type.id}.video")
    page = change_desk(at_both, f"{sheet}?who={cast.practitioner_id}&view=list", cast.other_service.id)
    assert "Gwen Hall" in page
    assert "Gait analysis" in page
    assert "Show as table" in page


def test_an_appointment_of_the_second_service_is_found_at_the_first_desk(
    at_both: CheckedClient, session: Session, cast: Cast, physio: Physio
) -> None:
    made = make_appointment(session, cast)
    session.commit()
    page = at_both.get_page(f"/desk/patients/{cast.patient.id}")
    assert made.reference in page
    assert physio.seen.reference in page
    assert f"/book?follow_up={physio.request.id}" in page


def test_the_record_says_when_older_appointments_are_not_shown(
    at_both: CheckedClient, session: Session, cast: Cast, physio: Physio, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_appointment(session, cast, starts_at=soon() - timedelta(days=3))
    session.commit()
    address = f"/desk/patients/{cast.patient.id}"
    assert "Older appointments are not shown" not in at_both.get_page(address)
    monkeypatch.setattr(restricted, "PAST_SHOWN", 1)
    page = at_both.get_page(address)
    assert "Older appointments are not shown" in page
    assert physio.seen.reference in page
