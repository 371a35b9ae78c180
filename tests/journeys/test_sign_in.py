"""Signing in with real authenticators, and signing in again over a page that goes on."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from telehealth.accounts.models import Account, SetUpPurpose
from telehealth.accounts.services.set_up import make_set_up_link
from telehealth.actor import system
from telehealth.db import Database, make_engine
from tests import chromium
from tests.capture import GREEN, MAGENTA
from tests.journeys import people
from tests.journeys.accessibility import expect_accessible
from tests.journeys.people import Person, press
from tests.media import expect_call
from tests.server import CLINICIAN, PASSWORD, RECEPTIONIST, SECOND_CLINICIAN, LiveServer

pytestmark = pytest.mark.journey

NEW_PASSWORD = "orbit-walnut-parade-42"
PHONE = {"width": 360, "height": 780}
DESKTOP = {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """Second factors are given to its accounts: other journeys sign in without."""
    with LiveServer(tmp_path_factory.mktemp("sign-in")) as server:
        yield server


@pytest.fixture
def staff(staff_browser: Browser, own_server: LiveServer) -> Iterator[Page]:
    with chromium.person(staff_browser, own_server.url) as page:
        yield page


def move_sign_ins(server: LiveServer, email: str, *, idle: timedelta, since_proof: timedelta) -> None:
    """As after so long: the clock of a running service cannot be turned."""
    now = datetime.now(UTC)
    seen, proved = ((now - ago).strftime("%Y-%m-%d %H:%M:%S.%f") for ago in (idle, since_proof))
    with closing(sqlite3.connect(server.database_path, timeout=10)) as connection, connection:
        connection.execute(
            """
            UPDATE browser_session SET last_seen_at = ?, proved_at = ?
            WHERE ended_at IS NULL AND account_id = (SELECT id FROM account WHERE email = ?)
            """,
            (seen, proved, email),
        )


def wake(page: Page) -> None:
    """As when the tab comes to the front again: the page asks how its sign-in is."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def look(page: Page, folder: Path, name: str) -> None:
    """Accessible, no wider than the window, and photographed, on a phone and on a desk."""
    for size in (PHONE, DESKTOP):
        page.set_viewport_size({"width": size["width"], "height": size["height"]})
        expect_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} is too wide"
        page.screenshot(path=folder / f"sign-in-{name}-{size['width']}.png", full_page=size is PHONE)


def give_password(page: Page, email: str, password: str = PASSWORD) -> None:
    page.goto("/sign-in")
    page.locator('[name="email"]').fill(email)
    page.locator('[name="password"]').fill(password)
    press(page, "^sign in$")


def sign_out(page: Page) -> None:
    press(page, "^sign out$")
    expect(page.get_by_role("link", name="Staff sign in")).to_be_visible()


def test_a_passkey_is_added_and_then_signs_in(staff: Page, pictures: Path) -> None:
    devtools = staff.context.new_cdp_session(staff)
    devtools.send("WebAuthn.enable")
    devtools.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    give_password(staff, RECEPTIONIST)
    expect(staff.get_by_text("you can sign in without a second step")).to_be_visible()
    staff.screenshot(path=pictures / "sign-in-offer-1280.png")
    staff.get_by_role("link", name="Set one up").click()
    look(staff, pictures, "account-empty")

    staff.get_by_role("link", name="Add a passkey").click()
    staff.locator('[name="name"]').fill("Reception computer")
    look(staff, pictures, "add-passkey")
    press(staff, "add a passkey")
    expect(staff.get_by_role("heading", name="Recovery codes")).to_be_visible()
    press(staff, "make new codes")
    expect(staff.locator(".app-codes li")).to_have_count(10)
    look(staff, pictures, "codes")
    recovery_code = staff.locator(".app-codes li").first.inner_text()
    staff.get_by_role("link", name="back to your sign-in").click()
    expect(staff.get_by_text("Reception computer").first).to_be_visible()
    look(staff, pictures, "account")
    sign_out(staff)

    give_password(staff, RECEPTIONIST)
    expect(staff.get_by_role("heading", name="Show that it is you")).to_be_visible()
    look(staff, pictures, "second-factor")
    staff.goto("/desk")
    expect(staff).to_have_url(re.compile("/sign-in"))
    give_password(staff, RECEPTIONIST)
    press(staff, "use a passkey")
    expect(staff).to_have_url(re.compile("/desk"))
    sign_out(staff)

    # The passkey is at home: a recovery code, once.
    give_password(staff, RECEPTIONIST)
    staff.locator('[name="code"]').fill(recovery_code.upper())
    press(staff, "continue")
    expect(staff).to_have_url(re.compile("/desk"))
    sign_out(staff)
    give_password(staff, RECEPTIONIST)
    staff.locator('[name="code"]').fill(recovery_code)
    press(staff, "continue")
    expect(staff.get_by_text("used already").first).to_be_visible()


def test_a_first_sign_in_leads_from_the_link_to_the_first_page(
    staff: Page, own_server: LiveServer, pictures: Path
) -> None:
    database = Database(make_engine(f"sqlite:///{own_server.database_path}"))
    with database.transaction() as session:
        account = session.scalars(select(Account).where(Account.email == SECOND_CLINICIAN)).one()
        token = make_set_up_link(session, system(), account, SetUpPurpose.FIRST_SIGN_IN)
    database.engine.dispose()

    staff.goto(f"/welcome/{token}")
    look(staff, pictures, "welcome")
    staff.locator('[name="new_password"]').fill("password1234")
    press(staff, "continue")
    expect(staff.get_by_text("leaked passwords").first).to_be_visible()
    expect_accessible(staff)
    staff.locator('[name="new_password"]').fill(NEW_PASSWORD)
    press(staff, "continue")

    expect(staff.get_by_role("heading", name="Choose a second step")).to_be_visible()
    look(staff, pictures, "set-up")
    press(staff, "use an authenticator app")
    look(staff, pictures, "add-app")
    expect(staff.get_by_role("img", name="QR code")).to_be_visible()
    key = staff.locator("dd.app-code").inner_text().replace(" ", "")
    app = pyotp.TOTP(key)
    staff.locator('[name="code"]').fill("000000")
    press(staff, "continue")
    expect(staff.get_by_text("That code is not right").first).to_be_visible()
    staff.locator('[name="code"]').fill(app.now())
    press(staff, "continue")
    press(staff, "show my recovery codes")
    look(staff, pictures, "set-up-codes")
    press(staff, "go on")
    expect(staff).to_have_url(re.compile("/clinic"))
    staff.goto(f"/welcome/{token}")
    expect(staff.get_by_role("heading", name="This link does not work any more")).to_be_visible()


def test_a_warning_comes_in_time_and_one_press_stays(
    staff: Page, own_server: LiveServer, pictures: Path
) -> None:
    people.sign_in(staff, CLINICIAN)
    staff.goto("/account/password")
    staff.locator('[name="new_password"]').fill("half typed")
    move_sign_ins(
        own_server, CLINICIAN, idle=timedelta(minutes=28, seconds=30), since_proof=timedelta(hours=1)
    )
    wake(staff)
    warning = staff.get_by_role("dialog", name="You will be signed out soon")
    expect(warning).to_be_visible()
    look(staff, pictures, "warning")
    press(staff, "stay signed in")
    expect(warning).to_be_hidden()
    expect(staff.locator('[name="new_password"]')).to_have_value("half typed")

    # Nobody answered: what is on the page is covered until the same person is back.
    move_sign_ins(own_server, CLINICIAN, idle=timedelta(minutes=31), since_proof=timedelta(hours=1))
    wake(staff)
    again = staff.get_by_role("dialog", name="You are signed out")
    expect(again.locator('[name="password"]')).to_be_focused()
    look(staff, pictures, "again")
    staff.keyboard.press("Escape")
    expect(again).to_be_visible()
    again.locator('[name="password"]').fill("not the password")
    staff.keyboard.press("Enter")
    expect(again.get_by_text("That is not the password")).to_be_visible()
    again.locator('[name="password"]').fill(PASSWORD)
    staff.keyboard.press("Enter")
    expect(again).to_be_hidden()
    expect(staff.locator('main [name="new_password"]')).to_have_value("half typed")
    # The forms of the page work on: its tokens are of the present sign-in.
    sign_out(staff)


def test_a_form_that_is_sent_too_late_is_sent_after_signing_in(staff: Page, own_server: LiveServer) -> None:
    people.sign_in(staff, CLINICIAN)
    staff.goto("/account/password")
    staff.locator('[name="password"]').first.fill("not the password")
    staff.locator('[name="new_password"]').fill(NEW_PASSWORD)
    # The page's own clock says that it is over, before it asked the server.
    move_sign_ins(own_server, CLINICIAN, idle=timedelta(minutes=31), since_proof=timedelta(hours=1))
    staff.evaluate("Date.now = () => new Date().getTime() + 31 * 60 * 1000")
    press(staff, "change password")
    again = staff.get_by_role("dialog", name="You are signed out")
    staff.evaluate("Date.now = () => new Date().getTime()")
    again.locator('[name="password"]').fill(PASSWORD)
    again.get_by_role("button", name="Sign in again").click()
    expect(staff.get_by_text("That is not your present password").first).to_be_visible()


def test_the_longest_time_ends_during_a_call_and_nothing_stops(
    staff: Page, staff_browser: Browser, patient_browser: Browser, own_server: LiveServer, pictures: Path
) -> None:
    person = Person("Demelza", "Rosevear", date(1971, 6, 2))
    with (
        chromium.person(staff_browser, own_server.url) as desk,
        chromium.person(patient_browser, own_server.url, width=390, height=844) as patient,
    ):
        book_as_receptionist(desk, own_server)
        people.register(desk, person)
        link = people.book_first_slot(desk, reason="Tablets")
        people.open_clinic(staff)
        people.enter_waiting_room(patient, link, person.birth_date)
        row = people.row_of(staff, people.appointment_id(desk))
        row.get_by_role("button", name=re.compile("admit", re.IGNORECASE)).click()
        expect_call(staff, shows=GREEN)
        expect_call(patient, shows=MAGENTA)
        staff.evaluate("window.isSamePage = true; window.madeBefore = window.__peers.length")

        move_sign_ins(own_server, CLINICIAN, idle=timedelta(0), since_proof=timedelta(hours=13))
        note = staff.locator('textarea[name^="section-"]').first
        note.fill("Typed after the sign-in had ended.")
        again = staff.get_by_role("dialog", name="You are signed out")
        expect(again.locator('[name="password"]')).to_be_visible()
        staff.screenshot(path=pictures / "sign-in-over-a-call-1280.png")
        # Put off: the call can be muted or ended, and a line says what is missing.
        press(staff, "not now")
        expect(staff.get_by_text("is not saved").first).to_be_visible()
        expect_call(patient, shows=MAGENTA)
        staff.locator("[data-session-back]").click()
        again.locator('[name="password"]').fill(PASSWORD)
        staff.keyboard.press("Enter")
        expect(again).to_be_hidden()
        expect(note).to_have_value("Typed after the sign-in had ended.")
        expect(staff.locator("[data-save-state]")).to_have_attribute("data-save-state", "saved")
        expect_call(staff, shows=GREEN)
        expect_call(patient, shows=MAGENTA)
        assert staff.evaluate("window.isSamePage && window.__peers.length === window.madeBefore")

        # After a long pause signing is proved first, over the page too.
        with closing(sqlite3.connect(own_server.database_path, timeout=10)) as connection, connection:
            connection.execute("UPDATE browser_session SET is_proof_needed = 1 WHERE ended_at IS NULL")
        press(staff, "sign note")
        proof = staff.get_by_role("dialog", name="Show that it is still you")
        proof.locator('[name="password"]').fill(PASSWORD)
        staff.keyboard.press("Enter")
        expect(staff.get_by_text("The note is signed.").first).to_be_visible()
        expect_call(patient, shows=MAGENTA)
        assert staff.evaluate("window.isSamePage && window.__peers.length === window.madeBefore")


def book_as_receptionist(page: Page, server: LiveServer) -> None:
    """The receptionist of this server may have a passkey by now: only this browser signs in without."""
    with closing(sqlite3.connect(server.database_path, timeout=10)) as connection, connection:
        connection.execute("DELETE FROM passkey")
        connection.execute("DELETE FROM recovery_code")
    people.open_desk(page)
