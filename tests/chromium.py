"""Real Chromium: one browser process per person, each with its own camera and microphone files."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect

from tests.capture import Look, make_picture, make_sound

WAIT_MS = 15_000
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A machine with no network card but loopback gathers no candidates otherwise.
    "--allow-loopback-in-peer-connection",
    "--autoplay-policy=no-user-gesture-required",
)
RECORDER = Path(__file__).with_name("recorder.js")

expect.set_options(timeout=WAIT_MS)


def find_chromium() -> str:
    """The browser to drive: CHROMIUM, else what is on PATH. A missing browser fails the test, it never skips it."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    assert found, "no Chromium: install it (make system) or set CHROMIUM=/path/to/chromium"
    return found


def launch(playwright: Playwright, look: Look, folder: Path, *, is_permission_given: bool = True) -> Browser:
    """Start a browser process whose camera shows `look`. Without permission every prompt is answered with no."""
    flags = [
        *FLAGS,
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={make_picture(look, folder)}",
        f"--use-file-for-fake-audio-capture={make_sound(look, folder)}",
        "--use-fake-ui-for-media-stream" if is_permission_given else "--deny-permission-prompts",
    ]
    if os.geteuid() == 0:
        flags.append("--no-sandbox")
    return playwright.chromium.launch(executable_path=find_chromium(), args=flags)


@contextmanager
def person(browser: Browser, base_url: str, *, width: int = 1280, height: int = 900) -> Iterator[Page]:
    """A page of a fresh profile, in which every peer connection and every question for the camera is recorded."""
    context = new_context(browser, base_url, width=width, height=height)
    try:
        yield context.new_page()
    finally:
        context.close()


def new_context(browser: Browser, base_url: str, *, width: int = 1280, height: int = 900) -> BrowserContext:
    context = browser.new_context(
        base_url=base_url,
        locale="en-GB",
        timezone_id="Europe/London",
        viewport={"width": width, "height": height},
        reduced_motion="reduce",
    )
    context.set_default_timeout(WAIT_MS)
    context.add_init_script(path=RECORDER)
    return context
