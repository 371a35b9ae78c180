"""The day sheet in browsers: a booking made at one desk appears at the other; all by keyboard; on a phone; on paper."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from telehealth.booking.services.bank_holidays import bank_holiday_on
from telehealth.clock import uk_today
from telehealth.demo.cast import NATION
from tests import chromium
from tests.journeys import people
from tests.journeys.accessibility import expect_accessible
from tests.journeys.people import Person, press
from tests.server import CLINICIAN_NAME, LiveServer

pytestmark = pytest.mark.journey

PAGES_OF_PDF = re.compile(rb"/Type\s*/Page[^s]")
FRIDAY = 4


@pytest.fixture
def other_desk(patient_browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    """In another browser."""
    with chromium.person(patient_browser, live_server.url) as page:
        yield page


def clinic_day() -> date:
    """A working day of next week: the demo's clinicians have their clinics, and nobody has booked yet."""
    day = uk_today() + timedelta(days=7)
    while day.weekday() > FRIDAY or bank_holiday_on(NATION, day):
        day += timedelta(days=1)
    return day


def open_sheet(page: Page, arguments: str = "") -> None:
    page.goto(f"/desk/day/{clinic_day().isoformat()}{arguments}")
    expect(page.locator("[data-live-state]")).to_have_text("Live")


def gaps(page: Page) -> Locator:
    """The free times of the first clinician, of the view that is shown."""
    return page.locator('button[data-cell-action][data-column="0"]:visible')


def record_of(desk: Page, person: Person) -> str:
    """Registers the person; returns the address of their record."""
    people.open_desk(desk)
    people.register(desk, person)
    return re.sub("/book$", "", desk.url)


def test_a_time_is_booked_by_keyboard_in_three_actions_and_the_other_desk_sees_it(
    desk: Page, other_desk: Page, pictures: Path
) -> None:
    person = Person("Tegwen", "Bowen", date(1960, 2, 29))
    record = record_of(desk, person)
    people.open_desk(other_desk)
    open_sheet(other_desk)
    desk.goto(record)

    # One: from the record to the day sheet; the day stands in the address, so it is taken from there.
    desk.get_by_role("link", name="day sheet").first.focus()
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("heading", name=re.compile("^Day sheet"))).to_be_visible()
    patient = re.search(r"patient=[0-9a-f-]{36}", desk.url)
    assert patient is not None
    open_sheet(desk, f"?{patient[0]}")
    expect(desk.locator(".app-patient-banner")).to_contain_text(person.name)
    expect_accessible(desk)

    # Two: a free time, found with the arrow keys.
    gaps(desk).first.focus()
    desk.keyboard.press("ArrowDown")
    desk.keyboard.press("ArrowDown")
    desk.keyboard.press("ArrowUp")
    chosen = gaps(desk).nth(1)
    expect(chosen).to_be_focused()
    gap_id = chosen.get_attribute("id")
    expect(other_desk.locator(f"#{gap_id}")).to_be_visible()
    desk.keyboard.press("Enter")
    expect(desk.locator("main")).to_contain_text("holding this time")
    # The other desk did nothing: it sees that the time is being booked.
    expect(other_desk.get_by_text(re.compile("Being booked")).locator("visible=true")).to_have_count(1)
    expect(other_desk.locator(f"#{gap_id}")).to_have_count(0)

    # Three: book it.
    desk.get_by_role("button", name=re.compile("^Book")).first.focus()
    desk.keyboard.press("Enter")
    expect(desk).to_have_url(re.compile(r"/desk/appointments/[0-9a-f-]{36}"))
    name = other_desk.get_by_role("link", name=re.compile(person.name))
    expect(name).to_be_visible()
    expect(other_desk.get_by_text(re.compile("Being booked")).locator("visible=true")).to_have_count(0)
    expect(other_desk.locator("[data-live-announcer]")).to_have_text(
        re.compile(r"\d+ appointments?, \d+ free times?")
    )
    other_desk.screenshot(path=pictures / "day-sheet.png", full_page=True)


def test_who_has_a_time_in_focus_that_somebody_else_books_stays_in_the_sheet(
    desk: Page, other_desk: Page
) -> None:
    record = record_of(desk, Person("Ffion", "Ellis", date(1977, 7, 7)))
    people.open_desk(other_desk)
    open_sheet(other_desk)
    open_sheet(desk, f"?patient={record.rsplit('/', 1)[1]}")
    chosen = gaps(desk).nth(3)
    gap_id = chosen.get_attribute("id")
    other_desk.locator(f"#{gap_id}").focus()
    chosen.press("Enter")
    expect(other_desk.locator(f"#{gap_id}")).to_have_count(0)
    expect(other_desk.locator(":focus")).to_have_attribute("data-column", "0")


def test_a_free_time_can_be_chosen_before_the_patient_is_found(desk: Page) -> None:
    person = Person("Gethin", "Probert", date(1985, 5, 15))
    record = record_of(desk, person)
    open_sheet(desk)
    gaps(desk).last.click()
    expect(desk).to_have_url(re.compile("/desk$"))
    expect(desk.locator("#chosen-time")).to_contain_text(CLINICIAN_NAME)
    expect_accessible(desk)
    desk.goto(record)
    expect(desk.locator("#chosen-time")).to_be_visible()
    expect_accessible(desk)
    press(desk, "book this time")
    expect(desk.locator("main")).to_contain_text("holding this time")


def test_it_fits_a_phone_as_a_list_and_one_page_of_paper(desk: Page, pictures: Path) -> None:
    people.open_desk(desk)
    open_sheet(desk)
    expect(desk.get_by_role("table")).to_be_visible()
    expect_accessible(desk)
    desk.screenshot(path=pictures / "day-sheet-table.png", full_page=True)
    desk.get_by_role("link", name="Show as list").click()
    expect(desk.get_by_role("table")).to_have_count(0)
    expect_accessible(desk)
    desk.screenshot(path=pictures / "day-sheet-list.png", full_page=True)
    open_sheet(desk)
    for width in (360, 320):
        desk.set_viewport_size({"width": width, "height": 800})
        expect(desk.get_by_role("table")).to_have_count(0)
        expect(gaps(desk).first).to_be_visible()
        assert desk.evaluate("document.documentElement.scrollWidth") <= width
        expect_accessible(desk)
        desk.screenshot(path=pictures / f"day-sheet-{width}.png")
    desk.set_viewport_size({"width": 1280, "height": 900})
    desk.emulate_media(forced_colors="active")
    gaps(desk).first.focus()
    desk.screenshot(path=pictures / "day-sheet-forced-colours.png")
    desk.emulate_media(forced_colors="none")
    printed = desk.pdf(path=pictures / "day-sheet.pdf", prefer_css_page_size=True, print_background=True)
    assert len(PAGES_OF_PDF.findall(printed)) == 1
