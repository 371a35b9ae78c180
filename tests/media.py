"""Assertions about a call: media flows both ways, is displayed, and is the other side's. "Connected" proves nothing."""

import json

from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as WaitedTooLong

from tests.capture import Look

REMOTE_VIDEO = "video[data-remote-video]"
REMOTE_AUDIO = "audio[data-remote-audio]"
# Compression and colour conversion move a channel by some 20; the two looks differ by more than 130 in each.
COLOUR_TOLERANCE = 60

# Never an `async` predicate: Playwright takes its promise for true without waiting for it. And always a function:
# our content security policy forbids the `eval` that a plain expression needs.
IS_FLOWING = """([before, colour, tolerance]) => {
    const now = window.__call;
    return Boolean(now) && now.connections === 1
        && now.framesDecoded >= before.framesDecoded + 15
        && now.displayedFrames >= before.displayedFrames + 10
        && now.audioPackets >= before.audioPackets + 25
        && now.audioEnergy > before.audioEnergy
        && now.directions.video === "sendrecv" && now.directions.audio === "sendrecv"
        && now.isAudible && now.heardSeconds > before.heardSeconds + 0.5
        && now.colour !== null
        && now.colour.every((value, at) => Math.abs(value - colour[at]) <= tolerance);
}"""
NOTHING_YET = {
    "framesDecoded": 0,
    "displayedFrames": 0,
    "audioPackets": 0,
    "audioEnergy": 0,
    "heardSeconds": 0,
}


def expect_call(page: Page, *, shows: Look) -> None:
    """Sound and picture keep arriving, the picture is displayed, and it is that person's."""
    expect(page.locator(REMOTE_VIDEO)).to_be_visible()
    page.evaluate("([picture, sound]) => window.__watchCall(picture, sound)", [REMOTE_VIDEO, REMOTE_AUDIO])
    before = NOTHING_YET
    # First until there is anything, then that much again: media that has stopped does not pass.
    for _ in range(2):
        try:
            page.wait_for_function(IS_FLOWING, arg=[before, list(shows.colour), COLOUR_TOLERANCE])
        except WaitedTooLong:
            after = json.dumps(page.evaluate("window.__call"))
            raise AssertionError(
                f"{page.url} has no call with {shows.name}: {after}, at first {before}"
            ) from None
        before = page.evaluate("window.__call")


def media_calls(page: Page) -> int:
    """How often the page asked for the camera or the microphone since it was loaded."""
    return int(page.evaluate("window.__mediaCalls.length"))
