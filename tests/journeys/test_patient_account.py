"""A patient, then a carer: the link in the e-mail, the date of birth, their appointments, and on to the consultation."""

import re
import time
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from telehealth.demo import cast
from tests.journeys.accessibility import expect_accessible
from tests.journeys.people import press, type_date
from tests.server import LiveServer

pytestmark = pytest.mark.journey

LINK = re.compile(r"http://localhost:\d+(/my/sign-in/\S+)")
# The dispatcher is woken by the commit: it takes tenths of a second.
LEAVES_WITHIN_S = 3.0


def emails_to(server: LiveServer, address: str) -> set[Path]:
    folder = server.folder / "instance" / "outbox"
    found = folder.glob("sign-in-link-*.txt") if folder.exists() else []
    return {path for path in found if f"To: {address}\n" in path.read_text(encoding="utf-8")}


def new_link(server: LiveServer, address: str, before: set[Path]) -> str:
    """What the newest e-mail to this address has, as soon as it is there."""
    deadline = time.monotonic() + LEAVES_WITHIN_S
    while time.monotonic() < deadline:
        for path in emails_to(server, address) - before:
            assert path.stat().st_mode & 0o777 == 0o600
            if found := LINK.search(path.read_text(encoding="utf-8")):
                return found[1]
    raise AssertionError(f"no email to {address} within {LEAVES_WITHIN_S} s")


def sign_in_by_email(page: Page, server: LiveServer, address: str, born: date) -> str:
    """From the start page to "Your appointments"; returns the link's path."""
    page.goto("/")
    page.get_by_role("link", name="See, move or cancel your appointments").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in to see your appointments")
    expect_accessible(page)
    before = emails_to(server, address)
    page.locator('[name="email"]').fill(address)
    press(page, "send me a link")
    expect(page.get_by_role("heading", level=1)).to_have_text("Look at your email")
    expect_accessible(page)
    link = new_link(server, address, before)
    page.goto(link)
    expect_accessible(page)
    type_date(page, "birth_date", born)
    press(page, "sign in")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your appointments")
    expect_accessible(page)
    return link


def test_a_patient_signs_in_by_email_and_joins(patient: Page, live_server: LiveServer) -> None:
    margaret = next(iter(cast.PATIENTS))
    assert margaret.email
    link = sign_in_by_email(patient, live_server, margaret.email, margaret.birth_date)
    expect(patient).to_have_url(re.compile("/my$"))

    for name in ("Your details", "Who opened your record"):
        patient.get_by_role("navigation", name="Your pages").get_by_role("link", name=name).click()
        expect(patient.get_by_role("heading", level=1)).to_have_text(name)
        expect_accessible(patient)
    expect(patient.locator("main")).to_contain_text("You")

    patient.get_by_role("banner").get_by_role("link", name="Your appointments").click()
    # A link that looks like a button, and is announced as one.
    patient.get_by_role("button", name=re.compile("^Join")).first.click()
    expect(patient.get_by_role("heading", level=1)).to_have_text("Get ready for your consultation")

    # Used: whoever finds the e-mail later does not get in.
    patient.get_by_role("banner").get_by_role("button", name="Sign out").click()
    patient.goto(link)
    expect(patient.get_by_role("heading", level=1)).to_have_text("This link does not work any more")
    expect_accessible(patient)
    assert link.rsplit("/", 1)[1] not in live_server.read_log()


def test_a_carer_sees_the_person_they_act_for(patient: Page, live_server: LiveServer) -> None:
    carer = cast.CARER
    assert carer.email
    sign_in_by_email(patient, live_server, carer.email, carer.birth_date)
    cared_for = next(each for each in cast.PATIENTS if each.nhs_number == cast.CARED_FOR)
    expect(
        patient.get_by_role("heading", name=f"{cared_for.given_name} {cared_for.family_name}")
    ).to_be_visible()
    patient.goto("/my/details")
    expect(patient.locator("main")).to_contain_text("You may act for")
    expect_accessible(patient)


def test_a_patient_comes_back_with_a_passkey(patient: Page, live_server: LiveServer) -> None:
    chloe = next(each for each in cast.PATIENTS if each.given_name == "Chloe")
    assert chloe.email
    devtools = patient.context.new_cdp_session(patient)
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
    sign_in_by_email(patient, live_server, chloe.email, chloe.birth_date)
    patient.get_by_role("link", name="Your sign-in", exact=True).click()
    expect_accessible(patient)
    patient.get_by_role("link", name="Add a passkey").click()
    press(patient, "add a passkey")
    expect(patient.locator("main")).to_contain_text("The passkey is added.")
    patient.get_by_role("banner").get_by_role("button", name="Sign out").click()

    patient.goto("/my/details")
    press(patient, "use a passkey")
    # Where they wanted to go, without an email.
    expect(patient.get_by_role("heading", level=1)).to_have_text("Your details")
    expect(patient.locator("main")).to_contain_text("Chloe Davies")
