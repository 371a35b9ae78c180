"""A protected patient's call: through a real relay, no address anywhere; and the phone where there is no relay."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, WebSocket, expect

from tests import chromium
from tests.capture import GREEN, MAGENTA
from tests.journeys import people
from tests.journeys.accessibility import expect_accessible
from tests.journeys.people import Person, press
from tests.media import expect_call, media_calls
from tests.server import LiveServer
from tests.turn import SECRET, TurnServer

pytestmark = pytest.mark.journey

PATIENT = Person("Seren", "Llewellyn", date(1991, 4, 17))
RECORDER = Path(__file__).parents[1] / "candidates.js"
IPV4 = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
# What stands for "no address", and the relay's own, which is the loopback address here.
PLACEHOLDERS = {"0.0.0.0", "127.0.0.1"}  # noqa: S104


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[TurnServer]:
    with TurnServer(tmp_path) as server:
        yield server


@pytest.fixture
def relayed_server(tmp_path: Path, relay: TurnServer) -> Iterator[LiveServer]:
    folder = tmp_path / "server"
    folder.mkdir()
    settings = {"TELEHEALTH_TURN_URLS": relay.url, "TELEHEALTH_TURN_SECRET": SECRET}
    with LiveServer(folder, settings) as server:
        yield server


class Listener:
    """A page whose candidates, descriptions and socket messages are all recorded."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.sent: list[str] = []
        page.add_init_script(path=RECORDER)
        page.on("websocket", self._listen)

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framesent", lambda frame: self.sent.append(str(frame)))

    def recorded(self, name: str) -> list[Any]:
        found: list[Any] = self.page.evaluate(f"window.__{name}")
        return found


def book_protected(desk: Page, pictures: Path, *, name: Person) -> str:
    """Register, protect, book; returns the join link."""
    people.open_desk(desk)
    people.register(desk, name)
    record = re.sub("/book$", "", desk.url)
    desk.goto(f"{record}/protection")
    expect_accessible(desk)
    desk.get_by_label("It is safe to phone or text the patient").check(force=True)
    desk.screenshot(path=pictures / "protect-patient.png", full_page=True)
    press(desk, "save the protection")
    expect(desk.locator(".app-patient-banner")).to_contain_text("Protected. Safe: phone")
    expect_accessible(desk)
    desk.goto(f"{record}/book")
    return people.book_first_slot(desk, reason="Follow-up")


def expect_no_address(listener: Listener) -> None:
    """Every candidate of both sides is a relay's that says nothing of what is behind it; so is every description."""
    candidates = [each for each in listener.recorded("candidates") if each["text"]]
    assert {each["side"] for each in candidates} == {"own", "other"}
    for candidate in candidates:
        assert re.search(r" typ relay raddr (0\.0\.0\.0|::) rport 0( |$)", candidate["text"]), candidate
    descriptions = listener.recorded("descriptions")
    assert {each["side"] for each in descriptions} == {"own", "other"}
    signals = [frame for frame in listener.sent if '"signal"' in frame]
    assert any("candidates" in frame for frame in signals)
    for text in [*(each["sdp"] for each in descriptions), *signals]:
        assert not re.search(r"typ (host|srflx|prflx)", text), text
        assert ".local" not in text
        assert set(IPV4.findall(text)) <= PLACEHOLDERS, text
    assert set(listener.recorded("configurations")) == {"relay"}


def expect_relayed(page: Page) -> None:
    """The pair that carries the call goes through the relay on this side."""
    kinds = page.evaluate(
        """async () => {
            const peer = window.__peers.at(-1);
            const report = await peer.getStats();
            const pairs = [...report.values()].filter((each) => each.type === "candidate-pair" && each.nominated);
            return pairs.map((pair) => [
                report.get(pair.localCandidateId).candidateType, report.get(pair.remoteCandidateId).candidateType]);
        }"""
    )
    assert kinds
    assert all(local == "relay" and remote != "host" for local, remote in kinds), kinds


def test_a_protected_patients_call_shows_no_address(
    relayed_server: LiveServer,
    staff_browser: Browser,
    patient_browser: Browser,
    pictures: Path,
) -> None:
    url = relayed_server.url
    with (
        chromium.person(staff_browser, url) as desk,
        chromium.person(staff_browser, url) as clinician,
        chromium.person(patient_browser, url, width=390, height=844) as patient,
    ):
        link = book_protected(desk, pictures, name=PATIENT)
        staff_side, patient_side = Listener(clinician), Listener(patient)
        people.open_clinic(clinician)
        row = people.row_of(clinician, people.appointment_id(desk))
        expect(row).to_contain_text("Protected. Safe: phone")
        people.enter_waiting_room(patient, link, PATIENT.birth_date)
        row.get_by_role("button", name=re.compile("admit", re.IGNORECASE)).click()
        for page, colour in ((clinician, GREEN), (patient, MAGENTA)):
            expect_call(page, shows=colour)
            expect_relayed(page)
        for listener in (staff_side, patient_side):
            expect_no_address(listener)
        # The page is loaded anew: the connection that is made then is of the same sort.
        patient.reload()
        expect_call(patient, shows=MAGENTA)
        expect_call(clinician, shows=GREEN)
        expect_relayed(patient)
        for listener in (staff_side, patient_side):
            expect_no_address(listener)
    assert "address-not-relayed" not in relayed_server.read_log()


def test_without_a_relay_the_phone_is_offered_before_the_camera_is_asked_for(
    tmp_path: Path, staff_browser: Browser, patient_browser: Browser, pictures: Path
) -> None:
    # A server of its own: a time that is booked here would be missing for the other journeys.
    with (
        LiveServer(tmp_path) as server,
        chromium.person(staff_browser, server.url) as desk,
        chromium.person(staff_browser, server.url) as clinician,
        chromium.person(patient_browser, server.url, width=390, height=844) as patient,
    ):
        link = book_protected(desk, pictures, name=PATIENT)
        appointment_id = people.appointment_id(desk)
        people.prove_birth_date(patient, link, PATIENT.birth_date)
        expect(patient.get_by_role("heading", name="We will phone you")).to_be_visible()
        patient.screenshot(path=pictures / "we-will-phone-you.png", full_page=True)
        patient.goto(f"/visits/{appointment_id}/room")
        expect(patient.get_by_role("heading", name="We will phone you")).to_be_visible()
        assert media_calls(patient) == 0
        people.open_clinic(clinician)
        clinician.goto(f"/clinic/consultations/{appointment_id}")
        expect(clinician.locator("#phone-instead")).to_contain_text("07700 900123")
        expect_accessible(clinician)
        clinician.screenshot(path=pictures / "phone-instead.png", full_page=True)
        assert media_calls(clinician) == 0
        assert clinician.locator("[data-module=room]").count() == 0
