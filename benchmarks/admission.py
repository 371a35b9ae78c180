"""From the click on Admit to the call, and the messages that it takes: two browser processes, the whole product."""

import re
import tempfile
from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path
from string import Template
from typing import Any

from playwright.sync_api import Browser, Page, expect, sync_playwright

from benchmarks.figures import Figure, percentile
from tests import chromium
from tests.capture import GREEN, MAGENTA
from tests.journeys import people, stored
from tests.media import REMOTE_VIDEO
from tests.server import LiveServer

# All pages are on one machine, so their clocks agree: instants are milliseconds of Unix time.
NOTE_CLICK = """
addEventListener("click", (event) => {
    if (event.target.closest("button")) {
        sessionStorage.setItem("clicked", performance.timeOrigin + performance.now());
    }
}, {capture: true});
"""
NOTE_CHANGE = """() => {
    const room = document.querySelector("#room");
    new MutationObserver((_, observer) => {
        if (room.dataset.view === "call") {
            window.__changedAt = performance.timeOrigin + performance.now();
            observer.disconnect();
        }
    }).observe(room, {attributeFilter: ["data-view"]});
}"""
NOTE_FIRST_FRAME = Template("""
const waitForVideo = () => {
    const video = document.querySelector('$selector');
    if (video) {
        video.requestVideoFrameCallback((now) => { window.__firstFrameAt ??= performance.timeOrigin + now; });
    } else {
        requestAnimationFrame(waitForVideo);
    }
};
waitForVideo();
""").substitute(selector=REMOTE_VIDEO)
COUNTED_FOR_MS = 2000
# An engine.io message (4) that holds a Socket.IO event (2) or acknowledgement (3), binary ones (5, 6) included.
APPLICATION_MESSAGES = ("42", "43", "45", "46")


class MessageCounter:
    """Application messages of one page's room sockets: what a browser sends and gets is what the server gets and sends."""

    def __init__(self, page: Page) -> None:
        self.messages: list[str] = []
        self._session = page.context.new_cdp_session(page)
        for event, arrow in (("Network.webSocketFrameSent", ">"), ("Network.webSocketFrameReceived", "<")):
            self._session.on(event, lambda frame, arrow=arrow: self._take(frame, arrow))
        self._session.send("Network.enable")

    def _take(self, frame: dict[str, Any], arrow: str) -> None:
        payload: str = frame["response"]["payloadData"]
        # `changed` goes to every open clinic list, call or no call.
        if payload.startswith(APPLICATION_MESSAGES) and '["changed"' not in payload:
            self.messages.append(f"{arrow} {payload[:60]}")


def measure(runs: int) -> list[Figure]:
    changes: list[float] = []
    clinician_frames: list[float] = []
    patient_frames: list[float] = []
    counts: list[int] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(LiveServer(folder))
        playwright = stack.enter_context(sync_playwright())
        staff = chromium.launch(playwright, MAGENTA, folder)
        patients = chromium.launch(playwright, GREEN, folder)
        for number in range(runs):
            clicked, changed, frames, count = _one_run(number, staff, patients, server)
            changes.append(changed - clicked)
            clinician_frames.append(frames[0] - clicked)
            patient_frames.append(frames[1] - clicked)
            counts.append(count)
        staff.close()
        patients.close()
    slower = [max(pair) for pair in zip(clinician_frames, patient_frames, strict=True)]
    return [
        Figure(f"Admit: the patient's page changes, p50 of {runs}", percentile(changes, 50), 500, "ms"),
        Figure("Admit: the patient's page changes, p95", percentile(changes, 95), 500, "ms"),
        Figure("Admit: first frame displayed on both sides, p50", percentile(slower, 50), 1000, "ms"),
        Figure("Admit: first frame displayed on both sides, p95", percentile(slower, 95), 2000, "ms"),
        Figure("messages of a call set-up, both browsers, most of all runs", max(counts), 20, "messages"),
    ]


def _one_run(
    number: int, staff: Browser, patients: Browser, server: LiveServer
) -> tuple[float, float, tuple[float, float], int]:
    person = people.Person("Bench", f"Number {number}", date(1980, 1, 2))
    with ExitStack() as stack:
        desk = stack.enter_context(chromium.person(staff, server.url))
        clinician = stack.enter_context(chromium.person(staff, server.url))
        patient = stack.enter_context(chromium.person(patients, server.url, width=390, height=844))
        people.open_desk(desk)
        people.register(desk, person)
        link = people.book_first_slot(desk, reason="Bench")
        # The clinic has only so many free times around now, and all these runs take place now.
        appointment_id = people.appointment_id(desk)
        stored.move_appointment(server.database_path, appointment_id, datetime.now(UTC))
        for page in (clinician, patient):
            page.add_init_script(NOTE_FIRST_FRAME)
        clinician.add_init_script(NOTE_CLICK)
        people.open_clinic(clinician)
        # From the patient's way into the waiting room on: both joins count.
        counters = (MessageCounter(clinician), MessageCounter(patient))
        people.enter_waiting_room(patient, link, person.birth_date)
        row = people.row_of(clinician, appointment_id)
        expect(row).to_contain_text("Waiting")
        patient.evaluate(NOTE_CHANGE)
        row.get_by_role("button", name=re.compile("^Admit")).click()
        patient.wait_for_function(
            "() => window.__changedAt !== undefined && window.__firstFrameAt !== undefined"
        )
        clinician.wait_for_function("() => window.__firstFrameAt !== undefined")
        # The tail of the set-up (last candidates, `connected`) comes after the first frame.
        patient.evaluate(
            "milliseconds => new Promise(done => setTimeout(done, milliseconds))", COUNTED_FOR_MS
        )
        clicked = float(clinician.evaluate("sessionStorage.getItem('clicked')"))
        frames = (
            float(clinician.evaluate("window.__firstFrameAt")),
            float(patient.evaluate("window.__firstFrameAt")),
        )
        count = sum(len(counter.messages) for counter in counters)
        return clicked, float(patient.evaluate("window.__changedAt")), frames, count
