"""The administrator sets up schedules in a browser, and reception books by them: by keyboard, and on a phone.

Everything is weeks ahead, with types of its own that meet in person: what the other journeys search stays as it is.
"""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from telehealth.booking.services.bank_holidays import bank_holiday_on
from telehealth.clock import uk_today
from telehealth.demo import cast
from tests import chromium
from tests.journeys import people
from tests.journeys.people import Person, press, type_date
from tests.journeys.test_reception import APPOINTMENT, NARROW, WIDE, expect_sound, fill, follow, reach
from tests.server import ADMINISTRATOR, LiveServer

pytestmark = pytest.mark.journey

WEEK = timedelta(days=7)
FRIDAY = 4
# Not the one with whom the other journeys book.
COLLEAGUE = f"{cast.CLINICIANS[1].prefix} {cast.CLINICIANS[1].given_name} {cast.CLINICIANS[1].family_name}"
TIMES = ["5pm", "5:15pm", "5:30pm", "5:45pm"]


@pytest.fixture
def admin(patient_browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    with chromium.person(patient_browser, live_server.url) as page:
        people.sign_in(page, ADMINISTRATOR)
        page.goto("/schedules")
        yield page


def is_open_day(day: date) -> bool:
    return day.weekday() <= FRIDAY and not bank_holiday_on(cast.NATION, day)


def clinic_day(weeks: int) -> date:
    """A working day that many weeks from now, or the next one after it."""
    day = uk_today() + weeks * WEEK
    while not is_open_day(day):
        day += timedelta(days=1)
    return day


def short(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def long(day: date) -> str:
    return f"{day:%A} {short(day)}"


def expect_page(page: Page, heading: str | re.Pattern[str]) -> None:
    """The page is there, and it is sound on a wide screen and on a phone."""
    expect(page.get_by_role("heading", level=1)).to_contain_text(heading)
    before = page.viewport_size
    assert before is not None
    for width, height in (NARROW, WIDE):
        page.set_viewport_size({"width": width, "height": height})
        expect_sound(page)
    page.set_viewport_size(before)


def main(page: Page) -> Locator:
    return page.locator("main")


def line_of(page: Page, text: str | re.Pattern[str]) -> Locator:
    return page.locator(".app-lines__line").filter(has_text=text)


def change_link(page: Page, name: str) -> Locator:
    """By its whole name, of which most is hidden."""
    return page.get_by_role("link", name=re.compile(rf"^Change\W+{re.escape(name)}$"))


def tick(page: Page, name: str, *values: str) -> None:
    """Exactly these of the boxes with the name."""
    for box in page.locator(f'[name="{name}"]').all():
        box.set_checked(box.get_attribute("value") in values)


def add_type(admin: Page, name: str) -> None:
    """A quarter of an hour in person, booked by staff."""
    admin.get_by_role("link", name="Add an appointment type").click()
    admin.get_by_label("Name", exact=True).fill(name)
    tick(admin, "modes", "in-person")
    admin.get_by_label("Staff only").check()
    press(admin, "^save$")
    expect(main(admin)).to_contain_text("The appointment type is saved.")


def add_extra_session(admin: Page, type_name: str, day: date) -> None:
    """The colleague's, on one day, 5pm to 6pm, for one type."""
    admin.get_by_role("link", name="Add a session").click()
    admin.get_by_label("Whose session is it?").select_option(label=COLLEAGUE)
    admin.get_by_label("On one date only").check()
    type_date(admin, "first_date", day)
    admin.get_by_label("From what time?").fill("5pm")
    admin.get_by_label("Until what time?").fill("6pm")
    tick(admin, "modes", "in-person")
    admin.get_by_label(type_name, exact=True).check()
    press(admin, "^continue$")
    expect(main(admin)).to_contain_text(f"Once, on {long(day)}, 5pm to 6pm")
    press(admin, "save the session")
    expect(main(admin)).to_contain_text("The session is saved.")


def put_out_of_use(admin: Page, type_name: str) -> None:
    admin.goto("/schedules")
    change_link(admin, type_name).click()
    admin.get_by_label("It can be booked").uncheck()
    press(admin, "^save$")
    expect(line_of(admin, type_name).filter(has_text="Not in use")).to_be_visible()


def search(desk: Page, type_name: str, first: date) -> None:
    """From the page with the free times to those of one type from a day on."""
    desk.locator("#type").select_option(label=f"{type_name}, 15 minutes")
    desk.locator("#from").fill(first.isoformat())
    press(desk, "show times")
    expect(desk.locator("#type option:checked")).to_have_text(f"{type_name}, 15 minutes")


def test_a_type_and_a_session_are_set_up_by_keyboard_and_reception_books_by_them(
    admin: Page, desk: Page, pictures: Path
) -> None:
    first = clinic_day(6)
    dates = [first, first + 2 * WEEK, first + 4 * WEEK]
    expect_page(admin, "Schedules")

    follow(admin, "a", "Add an appointment type")
    expect_page(admin, "Add an appointment type")
    fill(admin, "name", "Foot check")
    reach(admin, '[name="modes"][value="video"]')
    admin.keyboard.press("Space")
    reach(admin, '[name="modes"][value="in-person"]')
    admin.keyboard.press("Space")
    reach(admin, '[name="booker"]')
    admin.keyboard.press("ArrowUp")
    follow(admin, "button", "Save")
    expect(main(admin)).to_contain_text("The appointment type is saved.")
    expect(line_of(admin, "Foot check")).to_contain_text(
        "15 minutes, in person, routine, booked by staff only."
    )

    follow(admin, "a", "Add a session")
    expect_page(admin, "Add a session")
    reach(admin, '[name="owner"]')
    admin.keyboard.type(COLLEAGUE)
    reach(admin, '[name="repeat"]')
    admin.keyboard.press("ArrowDown")
    reach(admin, f'[name="weekdays"][value="{first.weekday()}"]')
    admin.keyboard.press("Space")
    for field, day in (("first_date", dates[0]), ("last_date", dates[-1])):
        for part, number in (("day", day.day), ("month", day.month), ("year", day.year)):
            fill(admin, f"{field}-{part}", str(number))
    fill(admin, "starts", "5pm")
    fill(admin, "ends", "18:00")
    reach(admin, '[name="modes"][value="video"]')
    admin.keyboard.press("Space")
    reach(admin, '[name="modes"][value="in-person"]')
    admin.keyboard.press("Space")
    value = admin.get_by_label("Foot check", exact=True).get_attribute("value")
    reach(admin, f'[name="types"][value="{value}"]')
    admin.keyboard.press("Space")
    follow(admin, "button", "Continue")

    # Looked at first: the rule in a sentence, and eight weeks, every other one of them with the session.
    expect_page(admin, "Check the session")
    sentence = (
        f"Every other week on {first:%A}, 5pm to 6pm, from {short(dates[0])}, until {short(dates[-1])},"
        " in person, every 15 minutes."
    )
    expect(admin.locator(".nhsuk-inset-text p")).to_have_text(
        [re.compile(f"^{COLLEAGUE} in "), sentence, "It lasts 1 hour.", "Only: Foot check."]
    )
    expect(main(admin)).to_contain_text("No appointment is affected.")
    weeks = admin.get_by_role("heading", level=3)
    monday = first - timedelta(days=first.weekday())
    expect(weeks).to_have_text([f"Week from {short(monday + number * WEEK)}" for number in range(8)])
    shown = main(admin).get_by_role("listitem")
    expect(shown).to_have_text([re.compile(f"{long(day)}, 5pm to 6pm") for day in dates])
    for day, line in zip(dates, shown.all(), strict=True):
        expect(line.get_by_text("no session")).to_have_count(0 if is_open_day(day) else 1)
    admin.screenshot(path=pictures / "schedule-preview.png", full_page=True)
    follow(admin, "button", "Save the session")
    expect(main(admin)).to_contain_text("The session is saved.")
    expect(line_of(admin, sentence)).to_contain_text("Only: Foot check.")

    # Reception is offered just these times.
    people.open_desk(desk)
    people.register(desk, Person("Elowen", "Trevithick", date(1953, 2, 11)))
    record = desk.url
    search(desk, "Foot check", first)
    expect_sound(desk)
    days = [day for day in dates if is_open_day(day)]
    times = desk.locator("#times")
    expect(times.get_by_role("heading", level=3)).to_have_text([long(day) for day in days])
    expect(times.locator(".app-times__time strong")).to_have_text(TIMES * len(days))
    times.locator(".app-times__time").first.click()
    expect(main(desk)).to_contain_text(f"{long(first)}, 5pm")
    expect(main(desk)).to_contain_text(COLLEAGUE)
    press(desk, "choose another time")
    expect(times.locator(".app-times__time strong")).to_have_text(TIMES * len(days))

    # Taken away again, before it has taken place: nothing is offered any more.
    end = line_of(admin, sentence).get_by_role("link", name="End").get_attribute("href")
    follow(admin, f'a[href="{end}"]')
    expect_page(admin, "End a session")
    reach(admin, '[name="how"]')
    admin.keyboard.press("ArrowUp")
    expect(admin.locator('[name="how"]:checked')).to_have_value("never")
    follow(admin, "button", "Continue")
    expect_page(admin, "Check the end of the session")
    follow(admin, "button", "End the session")
    expect(main(admin)).to_contain_text("The end of the session is saved.")
    expect(line_of(admin, sentence)).to_have_count(0)
    desk.goto(record)
    search(desk, "Foot check", first)
    expect(desk.locator("#no-times")).to_be_visible()
    put_out_of_use(admin, "Foot check")
    desk.goto(record)
    expect(desk.locator("#type option", has_text="Foot check")).to_have_count(0)


def test_leave_over_an_appointment_names_it_before_and_after_and_reception_moves_it(
    admin: Page, desk: Page, pictures: Path
) -> None:
    patient = Person("Branok", "Carveth", date(1949, 9, 3))
    away, other = clinic_day(7), clinic_day(9)
    admin.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
    add_type(admin, "Wound check")
    add_extra_session(admin, "Wound check", away)
    add_extra_session(admin, "Wound check", other)
    people.open_desk(desk)
    people.register(desk, patient)
    search(desk, "Wound check", away)
    desk.locator(".app-times__time").first.click()
    desk.locator('[name="reason"]').fill("Wound")
    press(desk, "book appointment")
    expect(desk).to_have_url(APPOINTMENT)
    appointment = desk.url
    expect(main(desk)).to_contain_text(f"{long(away)}, 5pm")

    admin.get_by_role("link", name="Add leave or a closure").click()
    expect_page(admin, "Add leave or a closure")
    admin.get_by_label("Who is away, or what is closed?").select_option(label=COLLEAGUE)
    for field in ("first_date", "last_date"):
        type_date(admin, field, away)
    admin.get_by_label("Reason").fill("Study leave")
    press(admin, "^continue$")

    # Before it is saved: who is affected, and what is to be done about it.
    expect_page(admin, "Check the leave or closure")
    expect(main(admin)).to_contain_text(f"{COLLEAGUE}: {long(away)}")
    expect(main(admin)).to_contain_text("1 appointment would have no session")
    row = line_of(admin, patient.name)
    expect(row).to_contain_text(f"{long(away)}, 5pm")
    expect(row).to_contain_text("Wound check")
    expect(row).to_contain_text("Reference")
    expect(main(admin)).to_contain_text(f"{long(away)}, 5pm to 6pm (Study leave, no session)")
    admin.screenshot(path=pictures / "schedule-leave-360.png", full_page=True)
    press(admin, "^save$")
    expect(admin.locator(".nhsuk-error-summary")).to_be_focused()
    expect_page(admin, "Check the leave or closure")
    admin.keyboard.press("Tab")
    admin.keyboard.press("Enter")
    agreed = admin.get_by_label("This appointment stays as it is")
    expect(agreed).to_be_focused()
    admin.keyboard.press("Space")
    expect(agreed).to_be_checked()
    press(admin, "^save$")
    expect(main(admin)).to_contain_text("It is saved. No time in it can be booked.")
    leave = line_of(admin, "Study leave")
    expect(leave).to_contain_text(f"{COLLEAGUE} {long(away)}. Study leave")
    admin.locator("#outside").get_by_role("link").click()
    expect_page(admin, "Appointments with no session")
    expect(row).to_be_visible()

    # Reception finds it from the desk, and moves it to the other day.
    desk.goto("/desk")
    desk.get_by_role("link", name="Appointments with no session").click()
    expect_page(desk, "Appointments with no session")
    outside = line_of(desk, patient.name)
    expect(outside).to_contain_text(f"{long(away)}, 5pm")
    outside.get_by_role("link", name="Move").click()
    expect(desk).to_have_url(re.compile(r"/move\?stranded=[0-9a-f-]+$"))
    expect_page(desk, "Move")
    expect(desk.locator("#times").get_by_role("heading", level=3)).to_have_text([long(other)])
    desk.locator(".app-times__time").first.click()
    press(desk, "move appointment")
    expect(desk).to_have_url(appointment)
    expect(main(desk)).to_contain_text(f"{long(other)}, 5pm")
    desk.goto("/desk")
    desk.get_by_role("link", name="Appointments with no session").click()
    expect(outside).to_have_count(0)
    admin.reload()
    expect(row).to_have_count(0)

    # Back from leave: the day can be booked again.
    admin.goto("/schedules")
    leave.get_by_role("button", name="Remove leave").click()
    expect(main(admin)).to_contain_text("It is removed.")
    expect(leave).to_have_count(0)
    put_out_of_use(admin, "Wound check")


def test_what_is_refused_is_kept_and_led_to(admin: Page) -> None:
    day = clinic_day(8)
    admin.get_by_role("link", name="Add a session").click()
    admin.get_by_label("Whose session is it?").select_option(label=COLLEAGUE)
    admin.get_by_label("Once a month").check()
    admin.get_by_label("Which one of the month?").select_option(label="last")
    tick(admin, "weekdays", "1")
    type_date(admin, "first_date", day)
    type_date(admin, "last_date", day - WEEK)
    admin.get_by_label("From what time?").fill("9.20")
    admin.get_by_label("Until what time?").fill("midday")
    tick(admin, "modes", "phone", "in-person")
    press(admin, "^continue$")
    expect(admin).to_have_title(re.compile("^Error: Add a session"))
    expect(admin.locator(".nhsuk-error-summary")).to_be_focused()
    expect_page(admin, "Add a session")
    admin.get_by_role("link", name="Choose a last date that is not before the first one.").click()
    expect(admin.locator('[name="last_date-day"]')).to_be_focused()
    expect(admin.locator('[name="last_date-day"]')).to_have_value(str((day - WEEK).day))
    expect(admin.get_by_label("Whose session is it?").locator("option:checked")).to_have_text(COLLEAGUE)
    expect(admin.get_by_label("Once a month")).to_be_checked()
    expect(admin.get_by_label("Which one of the month?").locator("option:checked")).to_have_text("last")
    expect(admin.get_by_label("Tuesday")).to_be_checked()
    expect(admin.get_by_label("From what time?")).to_have_value("9.20")
    expect(admin.get_by_label("Until what time?")).to_have_value("midday")
    expect(admin.locator('[name="modes"]:checked')).to_have_count(2)

    # Mended, looked at, and changed once more: what was typed goes to and fro.
    type_date(admin, "last_date", day + 8 * WEEK)
    press(admin, "^continue$")
    expect_page(admin, "Check the session")
    expect(main(admin)).to_contain_text("The last Tuesday of each month, 9:20am to midday")
    press(admin, "go back and change it")
    expect_page(admin, "Add a session")
    expect(admin.get_by_label("From what time?")).to_have_value("9.20")

    admin.goto("/schedules")
    admin.get_by_role("link", name="Add leave or a closure").click()
    admin.get_by_label("Who is away, or what is closed?").select_option(label="The whole service")
    for field in ("first_date", "last_date"):
        type_date(admin, field, day)
    admin.get_by_label("From what time?").fill("3pm")
    admin.get_by_label("Until what time?").fill("1pm")
    admin.get_by_label("Reason").fill("Training")
    press(admin, "^continue$")
    expect(admin.locator(".nhsuk-error-summary")).to_be_focused()
    expect_page(admin, "Add leave or a closure")
    admin.get_by_role("link", name="Choose an end that is after the start.").click()
    expect(admin.get_by_label("Until what time?")).to_be_focused()
    expect(admin.get_by_label("Until what time?")).to_have_value("1pm")
    expect(admin.get_by_label("Reason")).to_have_value("Training")


def test_every_other_page_of_schedules_is_sound(admin: Page) -> None:
    overview = admin.get_by_role("link", name="Add a session").get_attribute("href")
    assert overview is not None
    overview = overview.removesuffix("/sessions/new")
    for address, heading in (
        ("clinics/new", "Add a shared clinic"),
        ("rooms", "Rooms"),
        ("rules", "Bank holidays and emergency advice"),
        ("stranded", "Appointments with no session"),
    ):
        admin.goto(f"{overview}/{address}")
        expect_page(admin, heading)
    for name, heading in (
        (COLLEAGUE, "Skills"),
        (cast.SHARED_CLINIC, "Change a shared clinic"),
        ("Consultation", "Change an appointment type"),
    ):
        admin.goto(overview)
        change_link(admin, name).click()
        expect_page(admin, heading)
    admin.goto(overview)
    admin.get_by_role("link", name=re.compile(r"^Change\W+Every")).first.click()
    expect_page(admin, "Change a session")
    # Nothing is saved.
    admin.goto(f"{overview}/rules")
    admin.get_by_label("Yes: sessions take place").check()
    press(admin, "^save$")
    expect_page(admin, "Check the bank holidays")
