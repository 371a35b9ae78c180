"""The receptionist's day by keyboard alone: register, book, move, cancel; on a wide screen and on a narrow one."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import chromium
from tests.journeys import people
from tests.journeys.accessibility import expect_accessible
from tests.journeys.people import Person
from tests.server import RECEPTIONIST, LiveServer

pytestmark = pytest.mark.journey

# More than any page of the desk has before what is looked for.
MOST_TABS = 150
WIDE, NARROW = (1280, 900), (360, 740)
APPOINTMENT = re.compile(r"/desk/appointments/[0-9a-f-]{36}$")
FOCUSED = "() => { const a = document.activeElement; return a === document.body ? '' : a.outerHTML }"


@pytest.fixture(params=[WIDE, NARROW], ids=["wide", "narrow"])
def reception(
    request: pytest.FixtureRequest, staff_browser: Browser, live_server: LiveServer
) -> Iterator[Page]:
    width, height = request.param
    with chromium.person(staff_browser, live_server.url, width=width, height=height) as page:
        yield page


def reach(page: Page, selector: str, text: str = "") -> None:
    """Tab until what fits has the focus. `selector` is CSS; `text`: what it says, as a whole."""
    wanted = re.compile(rf"^\s*{re.escape(text)}\s*$") if text else None
    for _ in range(MOST_TABS):
        focused = page.locator(":focus")
        is_there = focused.count() and focused.evaluate("(node, css) => node.matches(css)", selector)
        if is_there and (not wanted or wanted.match(str(focused.evaluate("node => node.innerText")))):
            expect_visible_focus(page)
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} {text!r} is not reached with Tab on {page.url}")


def expect_visible_focus(page: Page) -> None:
    box = page.locator(":focus").bounding_box()
    assert box is not None, page.evaluate(FOCUSED)
    size = page.viewport_size
    assert size is not None
    assert box["y"] + box["height"] > 0
    assert box["y"] < size["height"], "what has the focus is out of sight"


def follow(page: Page, selector: str, text: str = "") -> None:
    reach(page, selector, text)
    page.keyboard.press("Enter")


def fill(page: Page, name: str, text: str) -> None:
    reach(page, f'[name="{name}"]')
    page.keyboard.type(text)


def expect_sound(page: Page) -> None:
    expect_accessible(page)
    width = page.evaluate("document.documentElement.scrollWidth")
    size = page.viewport_size
    assert size is not None
    assert width <= size["width"], f"{page.url} is {width} wide"


def test_register_book_move_and_cancel_by_keyboard(reception: Page, pictures: Path) -> None:
    page, size = reception, reception.viewport_size
    assert size is not None
    # Two people, so that neither looks like a second record of the other.
    wide, narrow = Person("Tegen", "Nance", date(1961, 8, 17)), Person("Ruan", "Opie", date(1984, 2, 5))
    patient = wide if size["width"] == WIDE[0] else narrow
    people.sign_in(page, RECEPTIONIST)
    page.goto("/desk/patients/new")
    fill(page, "given_name", patient.given_name)
    fill(page, "family_name", patient.family_name)
    born = patient.birth_date
    for part, number in (("day", born.day), ("month", born.month), ("year", born.year)):
        fill(page, f"birth_date-{part}", str(number))
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/desk/patients/[0-9a-f-]{36}/book$"))
    record = page.url.removesuffix("/book")

    # Three actions: Book, a time, Book.
    page.goto(record)
    expect_sound(page)
    follow(page, "a.nhsuk-button", "Book an appointment")
    expect(page).to_have_url(re.compile("/book$"))
    expect_sound(page)
    page.screenshot(path=pictures / f"book-{size['width']}.png")
    follow(page, ".app-times__time")
    expect(page).to_have_url(re.compile("/holds/"))
    expect(page.get_by_text("We are holding this time for the patient until")).to_be_visible()
    expect(page.locator("[data-left]")).to_have_text("5 minutes left.")
    expect_sound(page)
    page.screenshot(path=pictures / f"book-details-{size['width']}.png")
    fill(page, "reason", "Stiff shoulder")
    follow(page, "button", "Book appointment")
    expect(page).to_have_url(APPOINTMENT)
    expect(page.locator("[data-join-link]")).to_be_visible()
    expect_sound(page)
    booked = page.locator(".nhsuk-summary-list__value").first.inner_text()

    # Moved: the old time stands on the page until the new one is booked.
    link = people.read_join_link(page)
    follow(page, "a.nhsuk-button", "Move")
    expect(page).to_have_url(re.compile("/move$"))
    expect(page.locator("main")).to_contain_text(booked)
    expect_sound(page)
    reach(page, ".app-times__time")
    # Past the other clinician's at the same hour.
    for _ in range(5):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/holds/"))
    expect(page.locator("main")).to_contain_text(booked)
    expect_sound(page)
    fill(page, "note", "Has no car that day")
    page.keyboard.press("Enter")
    expect(page).to_have_url(APPOINTMENT)
    expect(page.locator("main")).to_contain_text("The appointment is moved")
    expect(page.locator(".nhsuk-summary-list__value").first).not_to_have_text(booked)
    assert people.read_join_link(page) == link

    # Cancelled, with a reason; the patient stands on the list of those to be seen.
    follow(page, "a.nhsuk-button", "Cancel")
    expect(page).to_have_url(re.compile("/cancel$"))
    expect_sound(page)
    reach(page, '[name="reason"]')
    page.keyboard.press("Space")
    fill(page, "note", "Feels better")
    page.keyboard.press("Enter")
    expect(page).to_have_url(APPOINTMENT)
    expect(page.locator("h1")).to_have_text("Appointment: cancelled")
    expect(page.locator("main")).to_contain_text("Feels better")
    expect_sound(page)
    page.goto(record)
    expect(page.locator("#follow-ups")).to_be_visible()
    expect_sound(page)


def test_a_time_that_is_given_back_is_free_for_the_next_caller(
    desk: Page, staff_browser: Browser, live_server: LiveServer
) -> None:
    people.open_desk(desk)
    people.register(desk, Person("Kerensa", "Bolitho", date(1966, 1, 9)))
    last = desk.locator(".app-times__time").last
    value = last.get_attribute("value")
    last.click()
    expect(desk).to_have_url(re.compile("/holds/"))
    held = desk.locator(f'[name="slot"][value="{value}"]')
    with chromium.person(staff_browser, live_server.url) as colleague:
        people.open_desk(colleague)
        people.register(colleague, Person("Merryn", "Hocking", date(1959, 5, 30)))
        offered = colleague.locator(f'.app-times__time[value="{value}"]')
        expect(offered).to_have_count(0)
        desk.locator('[name="reason"]').fill("Typed before")
        people.press(desk, "choose another time")
        expect(desk.get_by_text("What you typed is kept.")).to_be_visible()
        expect(held).to_have_count(1)
        expect_accessible(desk)
        colleague.reload()
        expect(offered).to_have_count(1)
    desk.locator(".app-times__time").last.click()
    expect(desk.locator('[name="reason"]')).to_have_value("Typed before")


def test_the_browsers_back_shows_what_is_kept(reception: Page, pictures: Path) -> None:
    page, size = reception, reception.viewport_size
    assert size is not None
    people.open_desk(page)
    people.register(page, Person("Jowan", f"Tregenza {size['width']}", date(1972, 11, 3)))
    kept = page.locator(".app-times__time").last.get_attribute("value")
    page.locator(".app-times__time").last.click()
    expect(page).to_have_url(re.compile("/holds/"))
    page.go_back()
    expect(page.get_by_role("heading", name="You are keeping a time")).to_be_visible()
    expect_sound(page)
    page.evaluate("scrollTo(0, 0)")
    page.screenshot(path=pictures / f"kept-{size['width']}.png")
    page.get_by_role("link", name="Go on with this time").click()
    expect(page.get_by_role("heading", name="Book this time")).to_be_visible()
    page.go_back()
    # It still stands where it was pressed: pressed again, it is the same.
    page.locator(f'.app-times__time[value="{kept}"]').click()
    expect(page.get_by_role("heading", name="Book this time")).to_be_visible()
    page.go_back()
    people.press(page, "give it back")
    expect(page.locator(f'.app-times__time[value="{kept}"]')).to_have_count(1)
    expect(page.get_by_role("heading", name="You are keeping a time")).to_have_count(0)


def test_a_series_and_an_overbooking_are_within_everybodys_reach(desk: Page) -> None:
    people.open_desk(desk)
    people.register(desk, Person("Jory", "Pascoe", date(1970, 10, 2)))
    record = desk.url.removesuffix("/book")
    desk.goto(f"{record}/overbook")
    expect_sound(desk)
    people.press(desk, "^book on top$")
    expect(desk.locator(".nhsuk-error-summary")).to_be_focused()
    expect_sound(desk)
    desk.goto(f"{record}/series")
    expect_sound(desk)
    desk.locator(".app-times__time").last.click()
    expect(desk.get_by_role("heading", name="Dates to book")).to_be_visible()
    expect_sound(desk)
    desk.set_viewport_size({"width": 360, "height": 740})
    expect_sound(desk)


def test_the_list_of_those_to_be_seen_again_is_live(
    desk: Page, staff_browser: Browser, live_server: LiveServer
) -> None:
    person = Person("Senara", "Tregear", date(1957, 4, 21))
    people.open_desk(desk)
    people.register(desk, person)
    people.book_first_slot(desk, reason="Knee")
    appointment = desk.url
    with chromium.person(staff_browser, live_server.url) as colleague:
        people.open_desk(colleague)
        colleague.goto("/follow-ups")
        expect(colleague.locator("[data-live-state]")).to_have_text("Live")
        colleague.evaluate("window.isSamePage = true")
        row = colleague.get_by_role("row", name=re.compile(person.family_name))
        expect(row).to_have_count(0)

        desk.goto(f"{appointment}/cancel")
        desk.locator('[name="reason"]').first.check(force=True)
        people.press(desk, "^cancel (the )?appointment")
        expect(desk.locator("h1")).to_have_text("Appointment: cancelled")
        expect(row).to_be_visible()
        expect_sound(colleague)

        # Booked again from the list, in the other window: nobody phones the patient a second time.
        desk.goto("/follow-ups")
        desk.get_by_role("link", name=re.compile(f"^Book .*{person.family_name}")).click()
        desk.locator(".app-times__time").last.click()
        people.press(desk, "^book")
        expect(desk).to_have_url(APPOINTMENT)
        expect(row).to_have_count(0)
        assert colleague.evaluate("window.isSamePage"), "the list was reloaded"
