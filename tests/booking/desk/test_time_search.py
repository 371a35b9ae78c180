"""Which free times reception sees: by type, way, clinician, part of the day and date."""

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session

from telehealth.booking.slot_values import read_slot
from telehealth.clock import now
from tests.booking.desk.desk_forms import hold
from tests.factories import (
    Cast,
    make_schedule,
    make_shared_clinic,
    make_type,
    sign_in,
    soon,
)
from tests.page_checks import CheckedClient, fields_of

pytestmark = pytest.mark.web


@pytest.fixture(autouse=True)
def _at_the_desk(client: CheckedClient, cast: Cast) -> None:
    sign_in(client, cast.receptionist)


@pytest.fixture
def booking_page(cast: Cast) -> str:
    return f"/desk/patients/{cast.patient.id}/book"


def test_the_search_is_remembered_for_the_next_patient(
    client: CheckedClient, session: Session, cast: Cast, booking_page: str
) -> None:
    review = make_type(session, cast.service, name="Review", minutes=30)
    session.commit()
    client.get_page(f"{booking_page}?type={review.id}&mode=phone")
    fields = fields_of(client.get_page(f"/desk/patients/{cast.other_patient.id}/book"))
    assert (fields["appointment_type_id"], fields["mode"]) == (str(review.id), "phone")


def test_a_way_that_the_type_does_not_offer_is_said(
    client: CheckedClient, session: Session, cast: Cast, booking_page: str
) -> None:
    only_video = make_type(session, cast.service, name="Online", is_by_phone=False, is_in_person=False)
    session.commit()
    page = client.get_page(f"{booking_page}?type={only_video.id}&mode=phone")
    assert "is not offered this way: Phone" in page
    assert fields_of(page)["mode"] == "video"


def test_times_of_one_clinician_or_clinic(
    client: CheckedClient, session: Session, cast: Cast, booking_page: str
) -> None:
    assert cast.colleague.practitioner_id
    make_schedule(session, cast.service, cast.colleague.practitioner_id)
    clinic, _ = make_shared_clinic(session, cast)
    session.commit()
    everybody = client.get_page(booking_page)
    for owner, name in ((cast.colleague.practitioner_id, "Dr Tomos Rees"), (clinic.id, "Diabetes clinic")):
        page = client.get_page(f"{booking_page}?who={owner}")
        buttons = set(re.findall(r"</strong> <span>([^<]+)</span>", page))
        assert buttons == {name}
        assert name in re.findall(r"</strong> <span>([^<]+)</span>", everybody)


def test_part_of_the_day(client: CheckedClient, cast: Cast, booking_page: str) -> None:
    tomorrow = (now() + timedelta(days=1)).date().isoformat()
    zone = ZoneInfo(cast.service.time_zone)
    page = client.get_page(f"{booking_page}?part=evening&from={tomorrow}")
    starts = [
        chosen[1]
        for value in re.findall(r'name="slot"\s+value="([^"]+)"', page)
        if (chosen := read_slot(value))
    ]
    assert starts
    assert {start.astimezone(zone).hour for start in starts} == set(range(17, 24))


def test_the_times_end_where_the_schedule_ends(
    client: CheckedClient, session: Session, cast: Cast, booking_page: str
) -> None:
    cast.schedule.last_date = soon().date() - timedelta(days=2)
    session.commit()
    assert "No free times" in client.get_page(booking_page)


def test_a_remembered_type_without_free_times_is_named_and_the_others_are_offered(
    client: CheckedClient, session: Session, cast: Cast, booking_page: str
) -> None:
    review = make_type(session, cast.service, name="Asthma review", minutes=20, required_skill="Spirometry")
    session.commit()
    client.get_page(f"{booking_page}?type={review.id}&mode=phone")
    next_patient = f"/desk/patients/{cast.other_patient.id}/book"
    page = client.get_page(next_patient)
    assert "Nothing is free for: Asthma review, 20 minutes, phone." in page
    link = re.search(rf'href="({next_patient}\?type=[^"]+)">Consultation, 15 minutes', page)
    assert link
    assert "No free times" not in client.get_page(link.group(1))


def test_a_service_without_types_says_so(
    client: CheckedClient, session: Session, cast: Cast, booking_page: str
) -> None:
    cast.appointment_type.is_active = False
    session.add(cast.appointment_type)
    session.commit()
    assert "Nothing can be booked" in client.get_page(booking_page)


def test_later_days_are_shown_and_can_be_booked(
    client: CheckedClient, session: Session, cast: Cast, booking_page: str
) -> None:
    first = client.get_page(booking_page)
    later = re.findall(r'name="from"\s+value="(\d[^"]+)"', first)[0]
    page = client.get_page(f"{booking_page}?from={later}")
    value = re.findall(r'name="slot"\s+value="([^"]+)"', page)[0]
    choice_made = read_slot(value)
    assert choice_made is not None
    assert choice_made[1].astimezone(ZoneInfo(cast.service.time_zone)).date().isoformat() == later
    assert "data-join-link" in client.submit(hold(client, cast, slot=value), {})


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "2026-13-01", "tomorrow", "1e9"])
def test_a_day_that_makes_no_sense_shows_the_next_free_times(
    client: CheckedClient, booking_page: str, day: str
) -> None:
    assert 'name="slot"' in client.get_page(f"{booking_page}?from={day}")
