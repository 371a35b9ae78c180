"""Words are planted in a whole journey, and searched for in every place where they must not be."""

import json
import re
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys import people, stored
from tests.journeys.people import Person, press, type_date
from tests.journeys.watching import Watched, watch
from tests.server import ADMINISTRATOR, CLINICIAN_NAME, PASSWORD, RECEPTIONIST, LiveServer

pytestmark = pytest.mark.journey

BORN = date(1948, 3, 27)
NOT_BORN = date(1951, 11, 23)
NHS_NUMBER = "9998887704"
PATIENT = Person("Xanthippe", "Quillfeather", BORN, NHS_NUMBER)
EMAIL = "xanthippe.q@example.org"
PHONE = "07700 900987"
NEW_STAFF_EMAIL = "ptolemy.w@example.org"
WRONG_PASSWORD = "wrong wombat password 99"
NEW_PASSWORD = "gallant turnip 41 mercury"

REASON = "Quokkalike rash on both elbows"
NOTE = "Zephyranthine wheeze at both bases"
OTHER_NOTE = "Marzipanic pulse of eighty"
NEXT_STEPS = "Ptarmiganish rest for a fortnight"
CANCELLED = "Wombatesque fear of cameras"
MOVED = "Axolotlish dialysis on Mondays"
OVERBOOKED = "Pangolinesque pain since noon"
EMERGENCY = "Narwhalian collapse at the bus stop"
# What was written about the patient's health.
CLINICAL = (REASON, NOTE, OTHER_NOTE, NEXT_STEPS, CANCELLED, MOVED, OVERBOOKED, EMERGENCY)
# Sealed in the database.
SEALED = (*CLINICAL, EMAIL, PHONE, "447700900987")
WAITS_S = 10.0


def spellings(day: date) -> list[str]:
    """A date in all usual ways of writing it."""
    numbers = [f"{day:%d %m %Y}", f"{day.day} {day.month} {day.year}"]
    joined = [text.replace(" ", mark) for text in numbers for mark in " /.-"]
    words = [
        f"{day.day} {day:%B} {day.year}",
        f"{day.day} {day:%b} {day.year}",
        f"{day:%B} {day.day}, {day.year}",
    ]
    return [*joined, *words, f"{day:%Y-%m-%d}", f"{day:%Y/%m/%d}", f"{day:%Y%m%d}", f"{day:%d%m%Y}"]


PRIVATE = (
    *CLINICAL,
    *spellings(BORN),
    *spellings(NOT_BORN),
    NHS_NUMBER,
    "999 888 7704",
    PHONE,
    PHONE.replace(" ", ""),
    "447700900987",
    EMAIL,
)
NAMES = (PATIENT.given_name, PATIENT.family_name)
PASSWORDS = (WRONG_PASSWORD, NEW_PASSWORD)


@dataclass
class Journey:
    """Who takes part, in which browser, and the secrets that the service made on the way."""

    server: LiveServer
    desk: Watched
    clinician: Watched
    patient: Watched
    administrator: Watched
    # Tokens by the one path that may hold them.
    links: dict[str, str] = field(default_factory=dict)

    @property
    def everybody(self) -> tuple[Watched, ...]:
        return self.desk, self.clinician, self.patient, self.administrator

    @property
    def tokens(self) -> set[str]:
        return {*self.links.values(), *(token for watched in self.everybody for token in watched.tokens)}

    def newest_mail(self, kind: str, to: str) -> str:
        """The text of the mail, as soon as it is there."""
        deadline = time.monotonic() + WAITS_S
        while time.monotonic() < deadline:
            for path in mails_of(self.server):
                text = path.read_text(encoding="utf-8")
                if path.name.startswith(kind) and f"To: {to}\n" in text:
                    return text
        raise AssertionError(f"no {kind} to {to}")


def mails_of(server: LiveServer) -> list[Path]:
    return sorted((server.folder / "instance" / "outbox").glob("*.txt"))


@pytest.fixture(scope="module")
def journey(
    staff_browser: Browser, patient_browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Journey]:
    """The whole of it, once; the tests look at what it left."""
    with (
        LiveServer(tmp_path_factory.mktemp("watched")) as server,
        watch(staff_browser, server.url) as desk,
        watch(staff_browser, server.url) as clinician,
        watch(patient_browser, server.url, width=390) as patient,
        watch(staff_browser, server.url) as administrator,
    ):
        made = Journey(server, desk, clinician, patient, administrator)
        play(made)
        for watched in made.everybody:
            watched.read_headers()
        yield made


def play(journey: Journey) -> None:
    desk, clinician = journey.desk.open_page(), journey.clinician.open_page()
    patient = journey.patient.open_page()
    link = book(journey, desk)
    consult(journey, clinician, patient, link)
    cancel_another(journey, desk)
    sign_in_by_email(journey, patient)
    add_staff(journey, journey.administrator.open_page())
    for watched, page in ((journey.desk, desk), (journey.clinician, clinician), (journey.patient, patient)):
        page.goto("/no-such-page")
        watched.look(page)
        sign_out(page)
        watched.look(page)


def sign_out(page: Page) -> None:
    page.goto("/?show=1")
    page.get_by_role("banner").get_by_role("button", name="Sign out").click()


def book(journey: Journey, page: Page) -> str:
    """Wrong password, right password, searches, a new patient, an appointment; returns the join link."""
    page.goto("/sign-in")
    page.locator('[name="email"]').fill(RECEPTIONIST)
    page.locator('[name="password"]').fill(WRONG_PASSWORD)
    press(page, "sign in")
    expect(page.locator(".nhsuk-error-summary")).to_be_visible()
    people.sign_in(page, RECEPTIONIST)
    page.goto("/desk")
    for words in (PATIENT.name, "27/3/1948", NHS_NUMBER, PHONE, EMAIL):
        page.locator('[name="q"]').fill(words)
        press(page, "^search")
        expect(page.locator("main")).to_contain_text(re.compile("No patient found"))
    page.get_by_role("button", name="Register a new patient").or_(
        page.get_by_role("link", name="Register a new patient")
    ).first.click()
    page.locator('[name="given_name"]').fill(PATIENT.given_name)
    page.locator('[name="family_name"]').fill(PATIENT.family_name)
    type_date(page, "birth_date", PATIENT.birth_date)
    page.locator('[name="nhs_number"]').fill(NHS_NUMBER)
    page.locator('[name="phone"]').fill(PHONE)
    page.locator('[name="email"]').fill(EMAIL)
    press(page, "register")
    journey.desk.look(page)
    link = people.book_first_slot(page, reason=REASON)
    journey.desk.look(page)
    stored.move_appointment(journey.server.database_path, people.appointment_id(page), datetime.now(UTC))
    page.goto("/desk")
    page.locator('[name="q"]').fill(PATIENT.name)
    press(page, "^search")
    page.get_by_role("link", name=PATIENT.name).click()
    expect(page.locator("main")).to_contain_text("booked", ignore_case=True)
    journey.links["/join/"] = link.rsplit("/", 1)[1]
    return link


def consult(journey: Journey, clinician: Page, patient: Page, link: str) -> None:
    patient.goto(link)
    type_date(patient, "birth_date", NOT_BORN)
    press(patient, "continue")
    expect(patient.locator(".nhsuk-error-summary")).to_be_visible()
    people.enter_waiting_room(patient, link, PATIENT.birth_date)
    journey.patient.look(patient)
    people.open_clinic(clinician)
    row = clinician.locator("li, article, section, div").filter(has_text=PATIENT.name)
    row.get_by_role("button", name=re.compile("admit", re.IGNORECASE)).first.click()
    expect(clinician).to_have_url(re.compile("/clinic/consultations/"))
    write_note(journey, clinician)
    clinician.locator('input[name="outcome"]').first.check(force=True)
    clinician.locator('textarea[name="next_steps"]').fill(NEXT_STEPS)
    press(clinician, "end (the )?consultation")
    expect(patient).to_have_url(re.compile("/after$"))
    expect(patient.get_by_text(NEXT_STEPS)).to_be_visible()
    journey.patient.look(patient)
    clinician.goto("/clinic/emergency")
    clinician.locator('[name="nhs_number"]').fill(NHS_NUMBER)
    clinician.locator('[name="reason"]').fill(EMERGENCY)
    press(clinician, "open the record")
    expect(clinician.locator("main")).to_contain_text(NOTE)
    journey.clinician.look(clinician)


def write_note(journey: Journey, page: Page) -> None:
    """Saved by itself, in conflict with another window, then signed."""
    other = journey.clinician.open_page()
    other.goto(page.url)
    area = 'textarea[name^="section-"]'
    saved = re.compile("^Saved")
    other.locator(area).first.fill(OTHER_NOTE)
    expect(other.get_by_text(saved).first).to_be_visible()
    journey.clinician.look(other)
    page.locator(area).first.fill(NOTE)
    expect(page.locator(".app-note-other")).to_be_visible()
    journey.clinician.look(page)
    press(page, "keep")
    expect(page.get_by_text(saved).first).to_be_visible()
    other.close()
    press(page, "^sign note")
    expect(page.locator(".app-signed-text").get_by_text(NOTE)).to_be_visible()


def cancel_another(journey: Journey, page: Page) -> None:
    """Books once more, moves that, cancels it, and books on top of another appointment."""
    page.goto("/desk")
    page.locator('[name="q"]').fill("27/3/1948")
    press(page, "^search")
    page.get_by_role("link", name=PATIENT.name).click()
    page.locator("main").locator("a[href$='/book']").first.click()
    people.book_first_slot(page, reason=REASON)
    people.move_to_next(page, note=MOVED)
    journey.desk.look(page)
    people.cancel(page, note=CANCELLED)
    journey.desk.look(page)
    overbook(journey, page)


def overbook(journey: Journey, page: Page) -> None:
    page.get_by_role("link", name="Book another").click()
    page.get_by_role("link", name="Book on top of another appointment").click()
    soon = datetime.now(ZoneInfo("Europe/London")) + timedelta(days=2)
    page.locator('[name="owner"]').select_option(label=CLINICIAN_NAME)
    type_date(page, "day", soon.date())
    # Between two times that are offered: those are booked as any other.
    page.locator('[name="clock"]').fill("3:05pm")
    page.locator('[name="note"]').fill(OVERBOOKED)
    press(page, "book on top")
    expect(page.locator("main")).to_contain_text(OVERBOOKED)
    journey.desk.look(page)


def sign_in_by_email(journey: Journey, page: Page) -> None:
    page.goto("/my/sign-in")
    page.locator('[name="email"]').fill(EMAIL)
    press(page, "send me a link")
    mail = journey.newest_mail("sign-in-link", EMAIL)
    found = re.search(r"http://\S+(/my/sign-in/)(\S+)", mail)
    assert found
    journey.links[found[1]] = found[2]
    page.goto(f"{found[1]}{found[2]}")
    type_date(page, "birth_date", BORN)
    press(page, "sign in")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your appointments")
    for address in ("/my/details", "/my/access"):
        page.goto(address)
        journey.patient.look(page)


def add_staff(journey: Journey, page: Page) -> None:
    people.sign_in(page, ADMINISTRATOR)
    page.goto("/admin/staff/new")
    page.locator('[name="given_name"]').fill("Ptolemy")
    page.locator('[name="family_name"]').fill("Wren")
    page.locator('[name="email"]').fill(NEW_STAFF_EMAIL)
    page.locator('[name="roles"]').first.check(force=True)
    press(page, "add and make")
    journey.administrator.look(page)
    found = re.search(r"http://\S+(/welcome/)(\S+)", journey.newest_mail("set-up-link", NEW_STAFF_EMAIL))
    assert found
    journey.links[found[1]] = found[2]
    page.goto("/admin/audit")
    page.locator("#patient").fill(PATIENT.name)
    press(page, "^search the audit")
    expect(page.locator("main")).to_contain_text(PATIENT.family_name)
    journey.administrator.look(page)
    sign_out(page)
    page.goto(f"{found[1]}{found[2]}")
    page.locator('[name="new_password"]').fill(NEW_PASSWORD)
    press(page, "^continue")
    expect(page).to_have_url(re.compile("/sign-in/set-up"))
    journey.administrator.look(page)


def found_in(text: str, words: Iterable[str]) -> list[str]:
    folded = text.casefold()
    return [word for word in words if word.casefold() in folded]


def test_the_logs_tell_of_requests_and_never_of_people(journey: Journey) -> None:
    log = journey.server.read_log()
    assert found_in(log, (*PRIVATE, *NAMES, *PASSWORDS, *journey.tokens)) == []
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    requests = [line for line in lines if line.get("event") == "request"]
    assert len(requests) > 50
    assert [line for line in requests if not line.get("request_id")] == []
    assert {line["level"] for line in lines} <= {"info", "warning"}


def test_no_address_holds_a_word_or_a_token(journey: Journey) -> None:
    for watched in journey.everybody:
        for url in watched.urls:
            assert found_in(url, (*PRIVATE, *NAMES, *PASSWORDS)) == [], url
            held = found_in(url, journey.tokens)
            for token in held:
                assert any(url.endswith(path + token) for path in journey.links), url
        for url in watched.sockets:
            assert found_in(url, (*PRIVATE, *NAMES, *journey.tokens, "token")) == [], url
    # What is looked for would be seen: each link was opened at its own address.
    seen = "\n".join(url for watched in journey.everybody for url in watched.urls)
    assert found_in(seen, journey.links.values()) == list(journey.links.values())
    assert sum(len(watched.sockets) for watched in journey.everybody) >= 2


def test_no_referrer_hands_a_token_on(journey: Journey) -> None:
    """To the page itself, whose own form it is, at most: the service asks nobody else for anything."""
    for watched in journey.everybody:
        for request in watched.requests:
            assert request.url.startswith((journey.server.url, "blob:", "data:", "ws:")), request.url
        for referrer in watched.referrers:
            assert found_in(referrer, (*PRIVATE, *NAMES)) == [], referrer
            assert not referrer or referrer.startswith(journey.server.url)
        assert watched.referrers - {""}


def test_no_title_names_anybody(journey: Journey) -> None:
    titles = {title for watched in journey.everybody for title in watched.titles}
    assert len(titles) > 10
    assert found_in("\n".join(titles), ("Patient record", "Waiting room")) == [
        "Patient record",
        "Waiting room",
    ]
    assert found_in("\n".join(titles), (*PRIVATE, *NAMES, *journey.tokens)) == []


def test_browsers_keep_nothing(journey: Journey) -> None:
    for watched in journey.everybody:
        assert watched.tokens
        kept = "\n".join([*watched.storage, *watched.cookies])
        assert found_in(kept, (*PRIVATE, *NAMES, *PASSWORDS, *journey.tokens)) == []
        for dump in watched.storage:
            held = json.loads(dump)
            assert (held["databases"], held["caches"], held["name"]) == ([], [], "")
        assert len(watched.storage) >= 2
        assert any("csrf_token" in cookie for cookie in watched.cookies), "the cookie could not be read"


def test_mails_say_nothing_about_the_patient(journey: Journey) -> None:
    mails = mails_of(journey.server)
    assert len(mails) >= 2
    for path in mails:
        text = path.read_text(encoding="utf-8")
        to, _, body = text.partition("\n")
        assert to in (f"To: {EMAIL}", f"To: {NEW_STAFF_EMAIL}")
        assert found_in(body, (*PRIVATE, *NAMES, *PASSWORDS)) == []


def test_the_database_holds_no_sealed_word_and_no_token(journey: Journey) -> None:
    folder = journey.server.database_path.parent
    names = [path for path in folder.iterdir() if path.name.startswith(journey.server.database_path.name)]
    assert len(names) >= 2, "the write-ahead log is missing"
    for path in names:
        content = path.read_bytes().decode("latin-1")
        secret = (*SEALED, PASSWORD, *PASSWORDS, *journey.tokens)
        assert found_in(content, secret) == [], path.name
        # The search itself finds what is there in clear.
    assert any(PATIENT.family_name.encode() in path.read_bytes() for path in names)


def test_the_audit_trail_tells_who_and_what_and_no_content(journey: Journey) -> None:
    with closing(sqlite3.connect(journey.server.database_path)) as connection:
        rows = connection.execute("SELECT * FROM audit_event").fetchall()
    assert len(rows) > 30
    text = "\n".join(str(row) for row in rows)
    assert found_in(text, (*PRIVATE, *PASSWORDS, *journey.tokens)) == []


@pytest.mark.parametrize("place", ["urls", "titles", "storage", "cookies"])
def test_a_planted_word_is_found(place: str) -> None:
    held = json.dumps({place: f"… {NOTE.upper()} …"})
    assert found_in(held, PRIVATE) == [NOTE]
    assert found_in("born 27/3/1948", PRIVATE) == ["27/3/1948"]
