"""What people do in the service, in their words: each function is one visit to one page."""

import re
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from playwright.sync_api import Locator, Page, expect

from tests.journeys.accessibility import expect_accessible
from tests.server import CLINICIAN, CLINICIAN_NAME, PASSWORD, RECEPTIONIST

IN_WAITING_ROOM = "You are in the waiting room"


@dataclass(frozen=True, slots=True)
class Person:
    given_name: str
    family_name: str
    birth_date: date
    nhs_number: str = ""

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.family_name}"


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=re.compile(name, re.IGNORECASE)).first.click()


def type_date(page: Page, field: str, value: date) -> None:
    for part, number in (("day", value.day), ("month", value.month), ("year", value.year)):
        page.locator(f'[name="{field}-{part}"]').fill(str(number))


def sign_in(page: Page, email: str) -> None:
    page.goto("/sign-in")
    expect_accessible(page)
    page.locator('[name="email"]').fill(email)
    page.locator('[name="password"]').fill(PASSWORD)
    press(page, "sign in")
    expect(page).not_to_have_url(re.compile("/sign-in"))


def open_desk(page: Page) -> None:
    sign_in(page, RECEPTIONIST)
    page.goto("/desk")
    expect_accessible(page)


def register(page: Page, person: Person) -> None:
    page.goto("/desk/patients/new")
    expect_accessible(page)
    page.locator('[name="given_name"]').fill(person.given_name)
    page.locator('[name="family_name"]').fill(person.family_name)
    type_date(page, "birth_date", person.birth_date)
    page.locator('[name="nhs_number"]').fill(person.nhs_number)
    page.locator('[name="phone"]').fill("07700 900123")
    page.locator('[name="email"]').fill("patient@example.org")
    press(page, "register|save|continue")
    # Journeys share a server: somebody with this name or phone number may be there already.
    none_of_these = page.get_by_role("button", name="None of these")
    expect(none_of_these.or_(page.get_by_text("The patient is registered"))).to_be_visible()
    if none_of_these.is_visible():
        expect_accessible(page)
        none_of_these.click()
    expect(page).to_have_url(re.compile(r"/desk/patients/[0-9a-f-]{36}/book"))


def book_first_slot(page: Page, *, reason: str) -> str:
    """From the page with the free times, which follows registering, to the confirmation with the first free time
    of the clinician of these journeys; returns the join link.
    """
    expect_accessible(page)
    page.locator(".app-times__time").filter(has_text=CLINICIAN_NAME).first.click()
    expect(page).to_have_url(re.compile(r"/holds/[0-9a-f-]{36}"))
    expect_accessible(page)
    page.locator('[name="reason"]').fill(reason)
    press(page, "book appointment")
    expect(page).to_have_url(re.compile(r"/desk/appointments/[0-9a-f-]{36}"))
    expect_accessible(page)
    return read_join_link(page)


def appointment_id(page: Page) -> UUID:
    """Of the confirmation that the receptionist looks at."""
    return UUID(page.url.split("/appointments/")[1][:36])


def read_join_link(page: Page) -> str:
    shown = page.locator("[data-join-link]").first
    expect(shown).to_be_visible()
    words: str = shown.evaluate(
        "node => node.dataset.joinLink || node.value || node.href || node.textContent"
    )
    return words.strip()


def prove_birth_date(page: Page, link: str, birth_date: date) -> None:
    """Open the link from the text message, give the date of birth, land on "get ready"."""
    page.goto(link)
    expect_accessible(page)
    type_date(page, "birth_date", birth_date)
    press(page, "continue")
    expect(page).to_have_url(re.compile(r"/visits/[0-9a-f-]{36}$"))
    expect_accessible(page)


def enter_waiting_room(page: Page, link: str, birth_date: date) -> None:
    prove_birth_date(page, link, birth_date)
    # Looks like a button and is announced as one, but is a link: it works before any script runs.
    press(page, "^continue$")
    expect(page.get_by_text(IN_WAITING_ROOM).first).to_be_visible()


def open_clinic(page: Page) -> None:
    sign_in(page, CLINICIAN)
    page.goto("/clinic")
    expect_accessible(page)


def row_of(page: Page, appointment: UUID) -> Locator:
    """The appointment's line of the clinic list."""
    return page.locator(f"#row-{appointment}")


def move_to_next(page: Page, note: str = "") -> None:
    """From the appointment's page to the next free time there is; back on the page."""
    page.locator("main").get_by_role("link", name="Move", exact=True).click()
    expect(page).to_have_url(re.compile(r"/move"))
    expect_accessible(page)
    page.locator(".app-times__time").last.click()
    expect(page).to_have_url(re.compile(r"/holds/[0-9a-f-]{36}"))
    expect_accessible(page)
    page.locator('[name="note"]').fill(note)
    press(page, "move appointment")
    expect(page).to_have_url(re.compile(r"/desk/appointments/[0-9a-f-]{36}$"))
    expect(page.locator("main")).to_contain_text("The appointment is moved")


def cancel(page: Page, note: str = "The patient phoned") -> None:
    """From the appointment's page."""
    page.locator("main").get_by_role("link", name="Cancel", exact=True).click()
    expect(page).to_have_url(re.compile(r"/cancel$"))
    expect_accessible(page)
    page.locator('[name="reason"]').first.check()
    page.locator('[name="note"]').fill(note)
    press(page, "cancel appointment")
    expect(page).to_have_url(re.compile(r"/desk/appointments/[0-9a-f-]{36}$"))
    expect(page.locator("main")).to_contain_text(re.compile("cancelled", re.IGNORECASE))
    expect_accessible(page)
