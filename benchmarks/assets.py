"""Compressed bytes of styles and scripts that pages really load, taken from the browser's own network log."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect, sync_playwright

from benchmarks.figures import Figure
from tests import chromium
from tests.capture import GREEN
from tests.journeys import people
from tests.server import LiveServer

ORDINARY_KB, ROOM_KB = 55, 90
PATIENT = people.Person("Bench", "Bytes", date(1980, 1, 2))


def measure() -> list[Figure]:
    with (
        tempfile.TemporaryDirectory() as name,
        LiveServer(Path(name)) as server,
        sync_playwright() as playwright,
    ):
        browser = chromium.launch(playwright, GREEN, Path(name))
        with chromium.person(browser, server.url) as desk:
            people.open_desk(desk)
            people.register(desk, PATIENT)
            link = people.book_first_slot(desk, reason="Bench")
        with chromium.person(browser, server.url) as page, counting(page) as ordinary:
            page.goto("/sign-in", wait_until="load")
            ordinary_bytes = sum(ordinary.values())
        with chromium.person(browser, server.url) as page:
            people.prove_birth_date(page, link, PATIENT.birth_date)
            address = f"{page.url}/room"
            # A cold cache, as for somebody whose phone never saw us.
            session = page.context.new_cdp_session(page)
            session.send("Network.clearBrowserCache")
            session.detach()
            with counting(page) as room:
                page.goto(address, wait_until="load")
                expect(page.get_by_text(people.IN_WAITING_ROOM).first).to_be_visible()
                room_bytes = sum(room.values())
        browser.close()
    return [
        Figure("styles and scripts of an ordinary page, as sent", ordinary_bytes / 1000, ORDINARY_KB, "kB"),
        Figure("styles and scripts of the room page, as sent", room_bytes / 1000, ROOM_KB, "kB"),
    ]


@contextmanager
def counting(page: Page) -> Iterator[dict[str, int]]:
    """Bytes of the bodies as they came over the wire (compressed), by address."""
    session = page.context.new_cdp_session(page)
    kinds: dict[str, str] = {}
    sizes: dict[str, int] = {}

    def on_answer(event: dict[str, Any]) -> None:
        if event["type"] in ("Stylesheet", "Script"):
            kinds[event["requestId"]] = event["response"]["url"]

    def on_data(event: dict[str, Any]) -> None:
        address = kinds.get(event["requestId"])
        if address:
            sizes[address] = sizes.get(address, 0) + int(event["encodedDataLength"])

    session.on("Network.responseReceived", on_answer)
    session.on("Network.dataReceived", on_data)
    session.send("Network.enable")
    yield sizes
    session.detach()
