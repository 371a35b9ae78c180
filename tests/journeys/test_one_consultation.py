"""The proof: one consultation from the phone call to the signed note, in two browsers, with real sound and picture."""

import re
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.capture import GREEN, MAGENTA
from tests.journeys import people, stored
from tests.journeys.accessibility import expect_accessible
from tests.journeys.people import Person, press
from tests.media import expect_call, media_calls
from tests.server import LiveServer

PATIENT = Person("Morwenna", "Trelawney", date(1948, 3, 5))
NOTE = "Blood pressure is well controlled at home: 128 over 76."
NEXT_STEPS = "We will phone you in three months to see how the new tablets suit you."

pytestmark = pytest.mark.journey


def connections_made(page: Page) -> int:
    """How many peer connections the page has made since it was loaded."""
    return int(page.evaluate("window.__peers.length"))


def test_a_consultation_from_booking_to_the_signed_note(
    desk: Page, patient: Page, clinician: Page, live_server: LiveServer, pictures: Path
) -> None:
    # The receptionist registers the patient and books the first free time.
    people.open_desk(desk)
    people.register(desk, PATIENT)
    link = people.book_first_slot(desk, reason="Tablets for high blood pressure")

    # The clinician has the list open before the patient comes.
    people.open_clinic(clinician)
    row = people.row_of(clinician, people.appointment_id(desk))
    expect(row).to_be_visible()
    expect(row).to_contain_text("Not here yet")
    clinician.evaluate("window.isSamePage = true")

    people.enter_waiting_room(patient, link, PATIENT.birth_date)
    expect_accessible(patient)
    patient.wait_for_function("() => document.querySelector('[data-self-video]').videoWidth > 0")
    patient.screenshot(path=pictures / "waiting-room.png")

    expect(row).to_contain_text("Waiting")
    expect(row).to_contain_text("Sound and picture fine")
    assert clinician.evaluate("window.isSamePage"), "the list was reloaded"
    expect_accessible(clinician)
    clinician.screenshot(path=pictures / "clinic-list.png")

    row.get_by_role("button", name=re.compile("admit", re.IGNORECASE)).click()
    expect(clinician).to_have_url(re.compile("/clinic/consultations/"))
    expect_call(clinician, shows=GREEN)
    expect_call(patient, shows=MAGENTA)
    expect_accessible(clinician)
    expect_accessible(patient)
    assert (connections_made(patient), connections_made(clinician)) == (1, 1)
    clinician.screenshot(path=pictures / "call.png")
    patient.screenshot(path=pictures / "call-patient.png")

    # A reload of either page comes back into the call, without being admitted again.
    for reloaded, other in ((patient, clinician), (clinician, patient)):
        before = connections_made(other)
        reloaded.reload()
        expect_call(reloaded, shows=MAGENTA if reloaded is patient else GREEN)
        expect_call(clinician, shows=GREEN)
        expect_call(patient, shows=MAGENTA)
        assert media_calls(reloaded) >= 1
        # One new connection for each side: no more was tried and thrown away.
        assert (connections_made(reloaded), connections_made(other)) == (1, before + 1)
    expect(clinician).to_have_url(re.compile("/clinic/consultations/"))

    # The note is written beside the picture and signed, while the call goes on: same page, same connection.
    for page in (patient, clinician):
        page.evaluate("window.peerBefore = window.__peers.at(-1); window.callBefore = window.__call")
    made_before = (connections_made(patient), connections_made(clinician))
    clinician.locator('textarea[name^="section-"]').first.fill(NOTE)
    expect(clinician.get_by_text(re.compile("^Saved")).first).to_be_visible()
    press(clinician, "^sign note")
    expect(clinician.locator(".app-signed-text").get_by_text(NOTE)).to_be_visible()
    expect(clinician.locator(".nhsuk-notification-banner")).to_be_focused()
    expect_accessible(clinician)
    expect_call(clinician, shows=GREEN)
    expect_call(patient, shows=MAGENTA)
    assert (connections_made(patient), connections_made(clinician)) == made_before
    for page in (patient, clinician):
        # The element goes on counting the frames that it displays; a page that was loaded anew would start at none.
        assert page.evaluate(
            """() => window.__peers.at(-1) === window.peerBefore
                && window.peerBefore.connectionState === "connected"
                && window.__call.displayedFrames > window.callBefore.displayedFrames"""
        )

    clinician.locator('input[name="outcome"]').first.check(force=True)
    clinician.locator('textarea[name="next_steps"]').fill(NEXT_STEPS)
    press(clinician, "end (the )?consultation")

    expect(patient).to_have_url(re.compile("/after$"))
    expect(patient.get_by_text(NEXT_STEPS)).to_be_visible()
    expect_accessible(patient)
    notes = stored.signed_notes(live_server.database_path, PATIENT.family_name)
    assert notes == [(1, NOTE, "finished", NEXT_STEPS)]
