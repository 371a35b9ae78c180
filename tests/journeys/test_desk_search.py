"""Finding a patient by keyboard alone, on the way back too; and merging two records of one person."""

import re
from collections.abc import Iterator
from datetime import date

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from tests import chromium
from tests.journeys import people
from tests.journeys.accessibility import expect_accessible
from tests.journeys.people import Person
from tests.server import RECEPTIONIST, LiveServer

pytestmark = pytest.mark.journey

RECORD = re.compile(r"/desk/patients/[0-9a-f-]{36}$")
ONE = Person("Ottilie", "Featherstonehaugh", date(1951, 6, 9))
OTHER = Person("Ottilie", "Featherstone-Haugh", date(1951, 9, 6))
BRAN = Person("Bran", "Quillfeather", date(1990, 2, 3))


@pytest.fixture(params=[(1280, 900), (360, 740)], ids=["wide", "narrow"])
def reception(
    request: pytest.FixtureRequest, staff_browser: Browser, live_server: LiveServer
) -> Iterator[Page]:
    width, height = request.param
    with chromium.person(staff_browser, live_server.url, width=width, height=height) as page:
        yield page


def test_results_appear_while_typing_and_are_there_again_on_the_way_back(reception: Page) -> None:
    page = reception
    people.open_desk(page)
    people.register(page, BRAN)
    page.goto("/desk")
    box, results, said = page.locator("#q"), page.locator("[data-result]"), page.locator("[data-search-said]")
    expect(box).to_be_focused()
    page.keyboard.type("quillf bran")
    expect(results.first).to_have_text("Bran Quillfeather")
    expect(said).to_have_text(re.compile("patients? found"))
    expect_accessible(page)
    assert page.url.endswith("/desk")
    page.keyboard.press("ArrowDown")
    expect(results.first).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(box).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(RECORD)
    page.go_back()
    # Neither a page to be sent again nor an empty one.
    expect(page.locator("#q")).to_have_value("quillf bran")
    expect(page.locator("[data-result]").first).to_have_text("Bran Quillfeather")


def test_enter_searches_without_leaving_the_page_and_what_found_nobody_is_taken_along(desk: Page) -> None:
    page = desk
    people.open_desk(page)
    page.keyboard.type("Zephyrine Umbrage 7/8/1970")
    page.keyboard.press("Enter")
    expect(page.locator("#results")).to_contain_text("No patient found")
    page.locator("#results").get_by_role("button", name="Register a new patient with these details").click()
    expect(page.locator('[name="given_name"]')).to_have_value("Zephyrine")
    expect(page.locator('[name="family_name"]')).to_have_value("Umbrage")
    expect(page.locator('[name="birth_date-year"]')).to_have_value("1970")
    expect_accessible(page)


def test_without_its_script_the_search_is_a_form(staff_browser: Browser, live_server: LiveServer) -> None:
    with chromium.person(staff_browser, live_server.url) as page:
        people.sign_in(page, RECEPTIONIST)
        page.route(re.compile(r"/search-[0-9a-f]+\.js"), lambda route: route.abort())
        page.goto("/desk")
        page.locator("#q").fill("nobody of this name")
        page.keyboard.press("Enter")
        expect(page.locator("#results")).to_contain_text("No patient found")
        assert page.url.endswith("/desk")


def test_what_is_typed_is_asked_for_in_the_background_and_posted(desk: Page) -> None:
    page = desk
    people.open_desk(page)
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request) if request.method == "POST" else None)
    page.keyboard.type("quill")
    expect(page.locator("#results h2")).to_be_visible()
    assert asked
    assert {request.headers.get("x-background") for request in asked} == {"1"}
    assert all("quill" not in request.url for request in asked)


def test_two_records_of_one_person_are_found_compared_and_merged(desk: Page) -> None:
    page = desk
    people.open_desk(page)
    people.register(page, ONE)
    record = page.url.removesuffix("/book")
    people.register(page, OTHER)
    other = page.url.removesuffix("/book")
    page.goto(other)
    page.get_by_role("link", name="This is a duplicate of another record").click()
    expect_accessible(page)
    page.get_by_role("link", name=re.compile("Compare the two records")).first.click()
    expect_accessible(page)
    page.get_by_label(re.compile("The second record")).check()
    page.get_by_label("The patient was registered twice").check()
    people.press(page, "Merge the two records")
    expect(page).to_have_url(record)
    expect(page.locator("main")).to_contain_text("Merged with the record of")
    expect_accessible(page)
    page.goto(other)
    expect(page.locator("main")).to_contain_text("This record was merged into another")
    page.get_by_role("link", name="Undo the merge").click()
    expect_accessible(page)
    people.press(page, "Undo the merge")
    expect(page.locator("main")).to_contain_text("The records are separate again")
