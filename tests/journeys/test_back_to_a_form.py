"""Whoever goes back from a page that asks once more finds the form as they sent it."""

from datetime import timedelta

import pytest
from playwright.sync_api import Browser, expect

from telehealth.clock import uk_today
from tests import chromium
from tests.journeys import people
from tests.journeys.people import press
from tests.server import ADMINISTRATOR, LiveServer

pytestmark = pytest.mark.journey

FAR = uk_today() + timedelta(weeks=20)


def test_going_back_in_the_browser_keeps_what_was_typed(
    patient_browser: Browser, live_server: LiveServer
) -> None:
    with chromium.person(patient_browser, live_server.url) as page:
        people.sign_in(page, ADMINISTRATOR)
        page.goto("/schedules")
        page.get_by_role("link", name="Add leave or a closure").click()
        page.get_by_label("Who is away, or what is closed?").select_option(label="The whole service")
        people.type_date(page, "first_date", FAR)
        people.type_date(page, "last_date", FAR)
        page.get_by_label("Reason").fill("Fire drill")
        press(page, "continue")
        expect(page.get_by_role("heading", level=1)).to_have_text("Check the leave or closure")
        page.go_back()
        expect(page.get_by_label("Reason")).to_have_value("Fire drill")
        press(page, "continue")
        expect(page.get_by_role("heading", level=1)).to_have_text("Check the leave or closure")

        page.goto("/schedules")
        page.get_by_role("link", name="Add leave or a closure").click()
        expect(page.get_by_label("Reason")).to_have_value("")
