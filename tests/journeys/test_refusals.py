"""What goes wrong before a call, and what the person sees then."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.journeys import people, stored
from tests.journeys.accessibility import expect_accessible
from tests.journeys.people import IN_WAITING_ROOM, Person
from tests.media import media_calls
from tests.server import LiveServer

pytestmark = pytest.mark.journey


HOUR = timedelta(hours=1)


def book(desk: Page, person: Person, server: LiveServer, *, starts_in: timedelta = timedelta()) -> str:
    """Book through the desk, then move it: the demo clinic has one or two free times around now."""
    people.open_desk(desk)
    people.register(desk, person)
    link = people.book_first_slot(desk, reason="Review")
    stored.move_appointment(server.database_path, people.appointment_id(desk), datetime.now(UTC) + starts_in)
    return link


def test_camera_and_microphone_refused(
    desk: Page, refusing_patient: Page, clinician: Page, live_server: LiveServer
) -> None:
    """The patient still gets into the waiting room, reads how to allow it, and the clinician sees it."""
    person = Person("Kerensa", "Nance", date(1972, 8, 1))
    link = book(desk, person, live_server)
    people.open_clinic(clinician)

    people.enter_waiting_room(refusing_patient, link, person.birth_date)

    expect(refusing_patient.get_by_text(IN_WAITING_ROOM).first).to_be_visible()
    assert media_calls(refusing_patient) >= 1
    expect(refusing_patient.get_by_text("Your camera and microphone are not allowed")).to_be_visible()
    expect(refusing_patient.get_by_text("How to allow them in Chrome or Edge")).to_be_visible()
    expect_accessible(refusing_patient)
    row = people.row_of(clinician, people.appointment_id(desk))
    expect(row).to_contain_text("Waiting")
    expect(row).to_contain_text("Camera and microphone not allowed")


def test_the_camera_is_not_asked_for_before_the_patient_says_so(
    desk: Page, patient: Page, live_server: LiveServer
) -> None:
    person = Person("Jory", "Hosking", date(2001, 2, 28))
    people.prove_birth_date(patient, book(desk, person, live_server), person.birth_date)
    assert media_calls(patient) == 0


def test_the_link_is_not_used_up_by_looking_at_it(desk: Page, patient: Page, live_server: LiveServer) -> None:
    person = Person("Derwa", "Penhaligon", date(1990, 12, 31))
    link = book(desk, person, live_server)
    patient.goto(link)
    people.enter_waiting_room(patient, link, person.birth_date)
    expect(patient.locator("a[href^='tel:']").first).to_be_visible()
    patient.reload()
    expect(patient.get_by_text(IN_WAITING_ROOM).first).to_be_visible()


@pytest.mark.parametrize(("hours", "words"), [(26, "early|opens|come back"), (-26, "over|passed|ended")])
def test_a_link_at_the_wrong_time(
    desk: Page, patient: Page, live_server: LiveServer, hours: int, words: str
) -> None:
    early, late = Person("Tamsyn", "Early", date(1960, 6, 30)), Person("Jowan", "Late", date(1973, 1, 8))
    person = early if hours > 0 else late
    link = book(desk, person, live_server, starts_in=hours * HOUR)
    if hours > 0:
        # The date of birth leads to the appointment, which can be moved or cancelled before its time.
        patient.goto(link)
        expect(patient.locator("main")).to_contain_text(re.compile(words, re.IGNORECASE))
        expect_accessible(patient)
        assert media_calls(patient) == 0
        return
    expect_plain_refusal(patient, link, words)


def test_a_link_of_a_cancelled_appointment(desk: Page, patient: Page, live_server: LiveServer) -> None:
    link = book(desk, Person("Petroc", "Rowe", date(1985, 4, 4)), live_server)
    people.cancel(desk)
    expect_plain_refusal(patient, link, "cancelled")


def test_an_altered_link(desk: Page, patient: Page, live_server: LiveServer) -> None:
    link = book(desk, Person("Loveday", "Bolitho", date(1999, 9, 9)), live_server)
    expect_plain_refusal(patient, link[:-3] + ("aaa" if not link.endswith("aaa") else "bbb"), "link")


def expect_plain_refusal(page: Page, link: str, words: str) -> None:
    page.goto(link)
    expect(page.locator("main")).to_contain_text(re.compile(words, re.IGNORECASE))
    expect(page.locator("input[name^='birth_date']")).to_have_count(0)
    expect_accessible(page)
    assert media_calls(page) == 0
