"""One server with demo data and three browser processes for all journeys; each journey gets fresh profiles."""

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from tests import chromium
from tests.capture import GREEN, MAGENTA
from tests.server import LiveServer

ROOT = Path(__file__).parents[2]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failed journey shows what the service logged besides the requests that went well."""
    report = yield
    server = item.funcargs.get("live_server")
    if report.failed and isinstance(server, LiveServer):
        lines = [line for line in server.read_log().splitlines() if '"status": 2' not in line]
        report.sections.append(("log of the service", "\n".join(line[:2000] for line in lines[-30:])))
    return report


@pytest.fixture(scope="session")
def live_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with LiveServer(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as made:
        yield made


@pytest.fixture(scope="session")
def patient_browser(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A process whose camera is green."""
    browser = chromium.launch(playwright, GREEN, tmp_path_factory.mktemp("patient"))
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def staff_browser(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A process whose camera is magenta."""
    browser = chromium.launch(playwright, MAGENTA, tmp_path_factory.mktemp("staff"))
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def refusing_browser(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A process that answers every question for the camera or the microphone with no."""
    folder = tmp_path_factory.mktemp("refusing")
    browser = chromium.launch(playwright, GREEN, folder, is_permission_given=False)
    yield browser
    browser.close()


@pytest.fixture
def desk(staff_browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    with chromium.person(staff_browser, live_server.url) as page:
        yield page


@pytest.fixture
def clinician(staff_browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    with chromium.person(staff_browser, live_server.url) as page:
        yield page


@pytest.fixture
def patient(patient_browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    """On a phone."""
    with chromium.person(patient_browser, live_server.url, width=390, height=844) as page:
        yield page


@pytest.fixture
def refusing_patient(refusing_browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    with chromium.person(refusing_browser, live_server.url, width=390, height=844) as page:
        yield page


@pytest.fixture(scope="session")
def pictures() -> Path:
    """Where screenshots go: `make pictures` names the folder of the README's."""
    folder = ROOT / os.environ.get("TELEHEALTH_PICTURES", "test-results/pictures")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
