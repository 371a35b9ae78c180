"""Patients book by themselves: a stranger on a phone without scripts; a patient by keyboard, from the link to the end."""

import re
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import chromium
from tests.journeys import people
from tests.journeys.accessibility import expect_accessible
from tests.journeys.people import Person, press, type_date
from tests.journeys.test_reception import fill, follow, reach
from tests.server import CLINICIAN_NAME, LiveServer

pytestmark = pytest.mark.journey

NARROWEST = 320
LINK = re.compile(r"http://localhost:\d+(/join/\S+)")
OWN_PAGE = re.compile(r"/appointments/[0-9a-f-]{36}$")
# The dispatcher is woken by the commit: it takes tenths of a second.
TOLD_WITHIN_S = 5.0


@pytest.fixture
def stranger(patient_browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    """On a small phone whose browser runs no scripts."""
    context = patient_browser.new_context(
        base_url=live_server.url,
        locale="en-GB",
        timezone_id="Europe/London",
        viewport={"width": 360, "height": 740},
        java_script_enabled=False,
    )
    context.set_default_timeout(chromium.WAIT_MS)
    yield context.new_page()
    context.close()


@pytest.fixture
def inspector(patient_browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    """Shows what another browser shows: axe is a script."""
    with chromium.person(patient_browser, live_server.url, width=360, height=740) as page:
        # As the page came: our own scripts change nothing.
        page.route("**/*.js", lambda route: route.abort())
        yield page


def expect_sound(page: Page, inspector: Page | None = None) -> None:
    """Nothing for axe to say; and nothing to scroll sideways, on the narrowest screen neither."""
    size = page.viewport_size
    assert size is not None
    for width in (size["width"], NARROWEST):
        page.set_viewport_size({"width": width, "height": size["height"]})
        needed = page.evaluate("document.documentElement.scrollWidth")
        assert needed <= width, f"{page.url} needs {needed} of {width}"
    page.set_viewport_size(size)
    if inspector is None:
        expect_accessible(page)
        return
    shown = page.content()
    inspector.route(
        page.url, lambda route: route.fulfill(body=shown, content_type="text/html; charset=utf-8")
    )
    inspector.goto(page.url)
    expect_accessible(inspector)
    inspector.unroute(page.url)


def expect_page(page: Page, heading: str, inspector: Page | None = None) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(heading)
    expect_sound(page, inspector)


def read_message(server: LiveServer, kind: str, reference: str) -> str:
    """What was sent about an appointment, as soon as it is there."""
    deadline = time.monotonic() + TOLD_WITHIN_S
    while time.monotonic() < deadline:
        for path in (server.folder / "instance" / "outbox").glob(f"appointment-{kind}-*.txt"):
            if reference in (words := path.read_text(encoding="utf-8")):
                return words
        time.sleep(0.1)
    raise AssertionError(f"nobody was told within {TOLD_WITHIN_S} s that {reference} is {kind}")


def test_a_stranger_asks_for_an_appointment_without_scripts(
    stranger: Page, inspector: Page, live_server: LiveServer, pictures: Path
) -> None:
    page = stranger
    page.goto("/")
    page.get_by_role("link", name="Book an appointment").click()
    expect_page(page, "What do you need?", inspector)
    press(page, "^continue$")
    expect(page.get_by_role("alert")).to_contain_text("Choose what you need")
    expect_sound(page, inspector)
    page.get_by_label("First appointment").check()
    press(page, "^continue$")
    expect_page(page, "How do you want to meet?", inspector)
    page.get_by_label("By video").check()
    press(page, "^continue$")
    expect_page(page, "Choose a time", inspector)
    page.screenshot(path=pictures / "self-booking-times.png")
    page.locator(".app-times__time").first.click()
    expect_page(page, "Tell us more", inspector)
    expect(page.locator("main")).to_contain_text("We are holding this time for you until")

    # Nothing typed: each thing that is missing is named, and the time is still held.
    press(page, "^continue$")
    expect(page.get_by_role("alert")).to_contain_text("Enter your last name")
    expect_sound(page, inspector)
    page.locator('[name="given_name"]').fill("Demelza")
    page.locator('[name="family_name"]').fill("Carne")
    type_date(page, "birth_date", date(1979, 4, 23))
    page.locator('[name="email"]').fill("demelza.carne@example.org")
    page.locator('[name="reason"]').fill("A cough that does not go away")
    language = page.locator('[name="interpreter_language"]')
    expect(language).to_be_hidden()
    page.locator('[name="needs_interpreter"][value="yes"]').check()
    expect(language).to_be_visible()
    page.locator('[name="needs_interpreter"][value="no"]').check()
    expect(language).to_be_hidden()
    page.screenshot(path=pictures / "self-booking-details.png", full_page=True)
    press(page, "^continue$")
    expect_page(page, "Check your answers", inspector)

    # Another time: what was typed goes along.
    press(page, "choose another time")
    expect_page(page, "Choose a time", inspector)
    page.locator(".app-times__time").nth(1).click()
    expect(page.locator('[name="family_name"]')).to_have_value("Carne")
    press(page, "^continue$")
    expect_page(page, "Check your answers", inspector)
    expect(page.locator("main")).to_contain_text("A cough that does not go away")
    press(page, "ask for this appointment")
    expect_page(page, "We have your request", inspector)
    page.screenshot(path=pictures / "self-booking-done.png")

    shown = page.locator(".nhsuk-panel").inner_text()
    reference = shown.split("Your reference:")[1].strip()
    message = read_message(live_server, "asked", reference)
    assert "To: demelza.carne@example.org\nSubject: We have your request\n" in message
    assert not LINK.search(message)
    assert "Demelza" not in message.split("Subject")[1]


def book_for_later(desk: Page, person: Person) -> None:
    """Reception books the last time that the page shows: late enough to be moved by the patient."""
    people.open_desk(desk)
    people.register(desk, person)
    desk.locator(".app-times__time").filter(has_text=CLINICIAN_NAME).last.click()
    desk.locator('[name="reason"]').fill("Review")
    press(desk, "book appointment")
    expect(desk).to_have_url(re.compile(r"/desk/appointments/[0-9a-f-]{36}"))


def test_a_patient_moves_and_cancels_from_the_message_by_keyboard(
    desk: Page, patient_browser: Browser, live_server: LiveServer, pictures: Path
) -> None:
    person = Person("Wenna", "Trelawny", date(1958, 11, 2))
    book_for_later(desk, person)
    reference = desk.locator(".app-reference").first.inner_text().strip()
    booked = LINK.search(read_message(live_server, "booked", reference))
    assert booked
    assert people.read_join_link(desk).endswith(booked[1])

    with chromium.person(patient_browser, live_server.url, width=1280) as page:
        # A phone whose clock is three hours ahead: a held time counts down by what is left of it.
        page.add_init_script("const real = Date.now; Date.now = () => real() + 3 * 3600 * 1000")
        # The link is opened long before: it leads to the appointment itself.
        page.goto(booked[1])
        expect_sound(page)
        born = person.birth_date
        for part, number in (("day", born.day), ("month", born.month), ("year", born.year)):
            fill(page, f"birth_date-{part}", str(number))
        page.keyboard.press("Enter")
        expect(page).to_have_url(OWN_PAGE)
        expect_page(page, "Your appointment")
        page.screenshot(path=pictures / "own-appointment.png")
        before = page.locator("main .nhsuk-body-l").inner_text().splitlines()[0]

        follow(page, "a.nhsuk-button", "Move")
        expect_page(page, "Choose a new time")
        expect(page.locator("main")).to_contain_text("You keep this time until you have the new one")
        follow(page, ".app-times__time")
        expect_page(page, "Move your appointment")
        expect(page.locator("[data-left]")).to_have_text(re.compile("minutes left"))
        expect(page.locator("main")).to_contain_text(before)
        page.screenshot(path=pictures / "own-move.png")
        follow(page, "button", "Move appointment")
        expect(page).to_have_url(OWN_PAGE)
        expect_page(page, "Your appointment")
        expect(page.locator("body")).to_contain_text("Your appointment is moved")
        expect(page.locator("main .nhsuk-body-l")).not_to_contain_text(before)
        after = page.locator("main .nhsuk-body-l").inner_text().splitlines()[0]
        moved = read_message(live_server, "moved", reference)
        assert after in moved
        assert booked[1] in moved

        follow(page, "a.nhsuk-button", "Cancel appointment")
        expect_page(page, "Cancel your appointment")
        expect(page.locator("main")).to_contain_text("999")
        reach(page, '[name="note"]')
        page.keyboard.type("I feel better")
        follow(page, "button", "Cancel appointment")
        expect(page).to_have_url(OWN_PAGE)
        expect_page(page, "Your appointment")
        expect(page.locator("main")).to_contain_text("This appointment is cancelled.")
        cancelled = read_message(live_server, "cancelled", reference)
        assert after in cancelled
        assert "I feel better" not in cancelled

    desk.reload()
    expect(desk.get_by_role("heading", level=1)).to_have_text("Appointment: cancelled")
    expect(desk.locator("main")).to_contain_text("I feel better")


def test_the_interpreters_questions_come_with_yes(patient_browser: Browser, live_server: LiveServer) -> None:
    with chromium.person(patient_browser, live_server.url, width=360, height=740) as page:
        page.goto("/book")
        page.get_by_label("First appointment").check()
        press(page, "^continue$")
        page.get_by_label("By video").check()
        press(page, "^continue$")
        page.locator(".app-times__time").first.click()
        language = page.locator('[name="interpreter_language"]')
        expect(language).to_be_hidden()
        page.locator('[name="needs_interpreter"][value="yes"]').check()
        expect(language).to_be_visible()
        expect_sound(page)
        page.locator('[name="needs_interpreter"][value="no"]').check()
        expect(language).to_be_hidden()
