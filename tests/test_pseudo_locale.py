"""Every page, refusal and message in a language of brackets: what is outside of them was not handed to gettext."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import Engine, String, Text, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from telehealth.db import Base
from telehealth.messages.models import Message
from telehealth.video.relay import Relay
from tests.permissions.errands import (
    admin,
    clinic,
    day_sheet,
    desk,
    desk_booking,
    find_patients,
    follow_ups,
    registry,
    schedules,
    self_service,
    sign_in,
    visit,
)
from tests.permissions.outcomes import Outcome, read_tables
from tests.permissions.people import EVERYBODY, GROUPS, Person
from tests.permissions.scene import Scene, open_scene
from tests.permissions.situations import SITUATIONS
from tests.permissions.stage import Errand, send, undone
from tests.pseudo_locale import (
    PseudoTranslations,
    find_untranslated,
    sentences_of_json,
    texts_of_csv,
    texts_of_page,
)
from tests.video.callers import PATIENT, Clinic

pytestmark = pytest.mark.web

# Declaring their errands is what importing them does.
assert all(
    (
        schedules,
        admin,
        clinic,
        desk,
        desk_booking,
        sign_in,
        visit,
        day_sheet,
        find_patients,
        follow_ups,
        self_service,
    )
)

EXPECTED = read_tables()
BY_KEY = {person.key: person for person in EVERYBODY}
# The service's own name, and names of products and formats that no language changes.
NAMES = (
    "Dr",
    "Online consultations",
    "NHS",
    "Hillside Health",
    "Lakeside Health",
    "Morgan",
    "CSV",
    "Chrome",
    "Edge",
    "Firefox",
    "Safari",
    "Android",
    "iPhone",
    "iPad",
    "Werkzeug",
    "otpauth",
    "BSL",
)
NAME_COLUMNS = frozenset(
    {
        "name",
        "display_name",
        "given_name",
        "family_name",
        "prefix",
        "email",
        "reference",
        "phone",
        "relationship_text",
        "actor_name",
        "signer_name",
        "browser",
        "reason",
    }
)
TYPED = ("Blood pressure review", "Review", "Rest.", "Well.", clinic.WHY, "Showed their staff card")


@pytest.fixture(scope="module")
def scene(application: Flask, engine: Engine) -> Iterator[Scene]:
    with open_scene(application, engine) as made:
        yield made


@pytest.fixture(autouse=True)
def _brackets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flask_babel.Domain.get_translations", lambda _self: PseudoTranslations())


def names_in(scene: Scene) -> set[str]:
    """What people and services are called, and what was typed: data, in whatever language the page is."""
    found = {*NAMES, *TYPED}
    for table in Base.metadata.sorted_tables:
        columns = [
            column
            for column in table.columns
            if column.name in NAME_COLUMNS and isinstance(column.type, String | Text)
        ]
        if columns:
            for row in scene.connection.execute(select(*columns)):
                found |= {value for value in row if isinstance(value, str) and any(map(str.isalpha, value))}
    # Single letters and codes would blank out parts of words.
    return {name for name in found if len(name) > 2 or name in NAMES}


def faults_of(scene: Scene, response: TestResponse) -> list[str]:
    names = names_in(scene)
    if response.mimetype == "text/html":
        texts = texts_of_page(response.get_data(as_text=True))
    elif response.is_json:
        texts = list(sentences_of_json(response.get_json()))
    elif response.mimetype == "text/csv":
        texts = texts_of_csv(response.text)
    else:
        raise AssertionError(f"nobody said how to read {response.mimetype}")
    return find_untranslated([*texts, *texts_of_messages(scene)], names)


def texts_of_messages(scene: Scene) -> list[str]:
    with Session(scene.connection) as session:
        messages = session.scalars(select(Message)).all()
        return [
            text
            for message in messages
            for text in (message.subject or "", *(message.body or "").split("\n"))
        ]


def follow(scene: Scene, person: Person, method: str, errand: Errand) -> TestResponse:
    """The request, then the page to which it leads."""
    response = send(scene, person, method, errand)
    while response.status_code in (302, 303):
        client = scene.app.test_client()
        for cookie in response.headers.getlist("Set-Cookie"):
            name, _, value = cookie.partition(";")[0].partition("=")
            client.set_cookie(name, value, domain="localhost")
        if not response.headers.getlist("Set-Cookie"):
            client.set_cookie("session", scene.cookies[person.key], domain="localhost")
        response = client.get(response.headers["Location"])
    return response


CARRIED = frozenset({"hold", "type", "mode"})


def garbled(errand: Errand, person: Person) -> Errand:
    """The same form with something in each field that no language can be blamed for."""
    form = errand.form(person) if callable(errand.form) else errand.form
    # What the page itself carries stays: else it is another page that answers.
    typed = {name: value if name in CARRIED else "9" * 600 for name, value in form.items()}
    return Errand(errand.address, typed, headers=errand.headers, kept=errand.kept)


@pytest.mark.parametrize("what", sorted(EXPECTED))
def test_everything_that_is_shown_was_handed_to_gettext(scene: Scene, what: str) -> None:
    """One person of each group who may, with the valid request, an empty one and a garbled one."""
    method = what.split(" ", 1)[0]
    letters = dict(zip((person.key for person in EVERYBODY), EXPECTED[what].letters, strict=True))
    faults: dict[str, str] = {}
    with undone(scene):
        errand = registry.arrange(scene, what)
        for group in GROUPS:
            person = next((each for each in group if letters[each.key] in (Outcome.DONE, "0")), None)
            if person is None:
                continue
            asked = [errand]
            if method == "POST":
                asked += [
                    Errand(errand.address, headers=errand.headers, kept=errand.kept),
                    garbled(errand, person),
                ]
            for request in asked:
                with undone(scene):
                    response = follow(scene, person, method, request)
                    assert response.status_code < 500, (person.key, request)
                    faults |= dict.fromkeys(faults_of(scene, response), person.key)
    assert not faults, f"{what}: not translated:\n" + "\n".join(
        f"{who}: {text}" for text, who in faults.items()
    )


# ---- what the valid requests do not show -----------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(SITUATIONS))
def test_every_situation_is_told_in_the_language_of_the_page(scene: Scene, name: str) -> None:
    arrange, pages = SITUATIONS[name]
    faults: list[str] = []
    with undone(scene):
        arrange(scene)
        for key, rule in pages:
            address = rule(scene) if callable(rule) else registry.address_of(scene, rule)
            response = follow(scene, BY_KEY[key], "GET", Errand(address))
            assert response.status_code < 500
            faults += [f"{key} at {address}: {text}" for text in faults_of(scene, response)]
    assert not faults, "not translated:\n" + "\n".join(sorted(set(faults)))


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_every_refusal_is_told_in_the_language_of_the_page(scene: Scene, accept: str) -> None:
    """Of each kind once: nobody there, too large, a stale form, another method."""
    faults: list[str] = []
    app = scene.app
    with undone(scene):
        client = app.test_client()
        answers = [
            client.get("/no-such-page", headers={"Accept": accept}),
            client.post("/sign-in", data={"email": "9"}, headers={"Accept": accept}),
            client.post("/healthz", headers={"Accept": accept}),
            client.post("/sign-in", data={"email": "9" * 2_000_000}, headers={"Accept": accept}),
            client.get("/clinic/token", headers={"Accept": accept}, follow_redirects=True),
        ]
        for answer in answers:
            faults += faults_of(scene, answer)
    assert not faults, "not translated:\n" + "\n".join(faults)


def test_every_answer_of_the_room_is_told_in_the_language_of_the_page(own_app: Flask) -> None:
    """What a page shows of the acks and snapshots that it gets; a refused signal has no language, and no page shows it."""
    clinic = Clinic.open(own_app)
    appointment_id = clinic.book()
    caller = clinic.caller(appointment_id, PATIENT)
    answers = [
        caller.send("media", {}),
        caller.send("join", {"page": 9}),
        caller.send("leave", {}),
        caller.join(),
    ]
    clinic.admit(appointment_id)
    answers += [caller.send("connected", {"peer": 9}), caller.send("media", {"audio": 9})]
    late = clinic.caller(appointment_id, PATIENT)
    clinic.end(appointment_id)
    answers += [caller.heard("snapshot"), late.join()]
    said = list(sentences_of_json(answers))
    assert len(said) >= 3
    table: Relay = own_app.extensions["telehealth.relay"]
    for entry in table.joined():
        table.drop(entry.sid)
    assert find_untranslated(said, {*TYPED, "Dr Nia Pritchard", "Eirlys Morgan"}) == []


# ---- the test itself -------------------------------------------------------------------------------------------


def test_a_word_that_was_forgotten_is_found(scene: Scene) -> None:
    """In a page of the application as it runs, not in a string of this file alone."""
    with undone(scene):
        page = follow(scene, BY_KEY["anonymous"], "GET", Errand("/privacy"))
        assert faults_of(scene, page) == []
        text = page.get_data(as_text=True)
        for planted in (
            "<p>Forgotten words</p>",
            '<button type="submit" value="x" aria-label="Forgotten words"></button>',
            '<img src="/favicon.svg" alt="Forgotten words">',
            '<script type="application/json" nonce="x">{"a": ["Forgotten words"]}</script>',
            '<p data-text="Forgotten words"></p>',
            "<p>⟦Found⟧ Forgotten words</p>",
        ):
            page.set_data(text.replace("</main>", f"{planted}</main>", 1))
            assert any("Forgotten words" in fault for fault in faults_of(scene, page)), planted


def test_names_dates_and_addresses_are_no_words() -> None:
    said = ["Nia Pritchard", "Tuesday 12 January 2027, 2:30pm", "nia@example.org", "⟦Born⟧ 5 March 1948"]
    assert find_untranslated(said, {"Nia Pritchard"}) == []
    assert find_untranslated(["Nia Pritchard waits"], {"Nia Pritchard"}) == ["Nia Pritchard waits"]
