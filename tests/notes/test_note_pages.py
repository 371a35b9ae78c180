import json
import re
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from telehealth.accounts.services.sign_in import actor_of
from telehealth.booking.models import Appointment
from telehealth.notes.domain.headings import HEADINGS, MAX_SECTION_LENGTH
from telehealth.notes.models import ConsultationNote
from telehealth.notes.services import draft_of, open_note
from telehealth.video.services.encounters import open_encounter
from tests.factories import Cast, make_appointment, open_visit, sign_in
from tests.page_checks import CheckedClient, fields_of, posted_forms

pytestmark = pytest.mark.web

HISTORY, FINDINGS = HEADINGS[0].code, HEADINGS[1].code


@pytest.fixture
def appointment(session: Session, cast: Cast) -> Appointment:
    return make_appointment(session, cast)


@pytest.fixture
def note(session: Session, cast: Cast, appointment: Appointment) -> ConsultationNote:
    who = actor_of(cast.clinician)
    made = open_note(session, who, open_encounter(session, who, appointment.id))
    session.commit()
    return made


@pytest.fixture
def page(client: CheckedClient, cast: Cast, appointment: Appointment, note: ConsultationNote) -> str:
    """The consultation, as its clinician has it open."""
    sign_in(client, cast.clinician)
    return client.get_page(f"/clinic/consultations/{appointment.id}")


def csrf_of(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found
    return found[1]


def save(
    client: CheckedClient, page: str, note_id: object, body: object, version: str | None = "0"
) -> TestResponse:
    headers = {"X-CSRFToken": csrf_of(page), **({"If-Match": version} if version is not None else {})}
    sent = body if isinstance(body, (str, bytes)) else json.dumps(body)
    return client.put(f"/notes/{note_id}/draft", data=sent, headers=headers, content_type="application/json")


def sections(**texts: str) -> dict[str, Any]:
    return {"sections": {HISTORY: texts.get("history", ""), FINDINGS: texts.get("findings", "")}}


def sign_form(page: str) -> dict[str, str]:
    for number, form in enumerate(posted_forms(page)):
        if "/sign" in form.get("action", ""):
            return fields_of(page, form=number)
    raise AssertionError("the page has no form to sign the note")


def test_autosave_answers_with_the_new_version(
    client: CheckedClient, page: str, note: ConsultationNote, session: Session
) -> None:
    for version in range(3):
        answer = save(client, page, note.id, sections(history=f"Tired {version}"), f"{version}")
        assert answer.status_code == 200
        assert set(answer.get_json()) == {"version", "saved_at"}
        assert answer.get_json()["version"] == version + 1
    session.refresh(note)
    assert draft_of(note)[HISTORY] == "Tired 2"


def test_autosave_needs_the_version_that_it_is_based_on(
    client: CheckedClient, page: str, note: ConsultationNote
) -> None:
    answer = save(client, page, note.id, sections(history="Tired"), None)
    assert answer.status_code == 428
    assert set(answer.get_json()["error"]) == {"code", "message"}


def test_a_stale_autosave_gets_what_is_there_now(
    client: CheckedClient, page: str, note: ConsultationNote
) -> None:
    save(client, page, note.id, sections(history="From the other window"))
    answer = save(client, page, note.id, sections(history="From here"))
    assert answer.status_code == 409
    body = answer.get_json()
    assert (body["error"]["code"], body["version"]) == ("draft-stale", 1)
    assert body["sections"][HISTORY] == "From the other window"


@pytest.mark.parametrize("version", ["", "x", "-1", "1.0", "*", '"', "²", "9" * 30, 'W/"0"'])
def test_a_version_that_is_no_number_is_refused(
    client: CheckedClient, page: str, note: ConsultationNote, version: str
) -> None:
    answer = save(client, page, note.id, sections(history="Tired"), version.encode().decode("latin-1"))
    assert answer.status_code in (409, 422)
    assert set(answer.get_json()["error"]) == {"code", "message"}


BODIES: list[object] = [
    "",
    "{",
    "null",
    "[]",
    "7",
    '"text"',
    "NaN",
    "[" * 100_000,
    '{"a":' * 50_000,
    b"\xff\xfe",
    {},
    {"sections": None},
    {"sections": []},
    {"sections": "text"},
    {"sections": {HISTORY: None}},
    {"sections": {HISTORY: ["text"]}},
    {"sections": {HISTORY: 1}},
    {"sections": {"unknown": "text"}},
    {"sections": {"": ""}},
    {"sections": {HISTORY: "x" * (MAX_SECTION_LENGTH + 1)}},
]


@pytest.mark.parametrize("body", BODIES, ids=[f"{number}" for number in range(len(BODIES))])
def test_what_is_no_draft_is_refused_in_json(
    client: CheckedClient, session: Session, page: str, note: ConsultationNote, body: object
) -> None:
    answer = save(client, page, note.id, body)
    assert answer.status_code == 422
    assert set(answer.get_json()["error"]) == {"code", "message"}
    session.refresh(note)
    assert note.draft_version == 0


def test_odd_characters_do_not_break_autosave(
    client: CheckedClient, page: str, note: ConsultationNote
) -> None:
    body = f'{{"sections": {{"{HISTORY}": "half \\ud83d nul \\u0000 whole \\ud83d\\ude00"}}}}'
    assert save(client, page, note.id, body).status_code == 200


def test_a_body_that_is_too_large_is_refused(
    client: CheckedClient, page: str, note: ConsultationNote
) -> None:
    assert save(client, page, note.id, "x" * 2_000_000).status_code == 413


def test_autosave_without_the_token_of_the_page_is_refused_in_json(
    client: CheckedClient, page: str, note: ConsultationNote
) -> None:
    assert page
    answer = client.put(f"/notes/{note.id}/draft", json=sections(), headers={"If-Match": "0"})
    assert answer.status_code == 400
    assert answer.get_json()["error"]["code"] == "form-stale"


def test_a_note_does_not_exist_for_anybody_else(
    app: Flask, cast: Cast, appointment: Appointment, note: ConsultationNote
) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    for account in cast.staff():
        if account is cast.clinician:
            continue
        other = app.test_client()
        sign_in(other, account)
        open_visit(other, appointment)
        for answer in (
            other.put(f"/notes/{note.id}/draft", json=sections(history="x"), headers={"If-Match": "0"}),
            other.post(f"/notes/{note.id}/sign", data={f"section-{HISTORY}": "x", "version": "0"}),
            other.get(f"/clinic/consultations/{appointment.id}"),
        ):
            assert answer.status_code == 404, (account.email, answer.request.path)
    assert (note.draft_version, note.versions) == (0, [])


def test_an_unknown_note_is_not_found(client: CheckedClient, page: str) -> None:
    assert save(client, page, uuid4(), sections()).status_code == 404
    sent = {"csrf_token": csrf_of(page), "version": "0"}
    assert client.post(f"/notes/{uuid4()}/sign", data=sent).status_code == 404


def test_a_draft_returns_to_its_author(
    client: CheckedClient, page: str, note: ConsultationNote, appointment: Appointment
) -> None:
    save(client, page, note.id, sections(history='<b>Tired</b> & "ill"'))
    again = client.get_page(f"/clinic/consultations/{appointment.id}")
    assert sign_form(again)[f"section-{HISTORY}"] == '<b>Tired</b> & "ill"'
    assert "Saved" in again


def post_note(client: CheckedClient, page: str, note: ConsultationNote, **values: str) -> TestResponse:
    return client.post(f"/notes/{note.id}/sign", data={**sign_form(page), **values})


def test_signing_shows_the_signed_note(
    client: CheckedClient, session: Session, page: str, note: ConsultationNote, appointment: Appointment
) -> None:
    answer = post_note(client, page, note, **{f"section-{HISTORY}": "Feels\r\nwell"})
    assert answer.status_code == 303
    shown = client.get_page(f"/clinic/consultations/{appointment.id}")
    assert "Signed by" in shown
    session.refresh(note)
    assert [part.text for part in note.versions[0].sections] == ["Feels\nwell"]


@pytest.mark.parametrize(
    ("values", "status", "words"),
    [
        ({}, 422, "Write something under at least one heading"),
        ({f"section-{HISTORY}": "x" * 20_001}, 422, "20,000 characters"),
        ({f"section-{HISTORY}": "Kept", "version": "7"}, 409, "changed in another window"),
        ({f"section-{HISTORY}": "Kept", "version": ""}, 409, "changed in another window"),
        ({f"section-{HISTORY}": "Kept", "version": "9" * 5000}, 409, "changed in another window"),
        ({f"section-{HISTORY}": "Kept", "section-unknown": "x"}, 422, "does not know"),
        (
            {f"section-{HISTORY}": "<script>alert(1)</script>", "version": "7"},
            409,
            "changed in another window",
        ),
    ],
)
def test_a_note_that_is_refused_keeps_what_was_typed(
    client: CheckedClient,
    session: Session,
    page: str,
    note: ConsultationNote,
    values: dict[str, str],
    status: int,
    words: str,
) -> None:
    answer = post_note(client, page, note, **values)
    shown = answer.get_data(as_text=True)
    assert answer.status_code == status
    assert words in shown
    assert sign_form(shown)[f"section-{HISTORY}"] == values.get(f"section-{HISTORY}", "")
    assert "<script>alert" not in shown
    session.refresh(note)
    assert note.versions == []


def test_an_amendment_without_a_reason_keeps_what_was_typed(
    client: CheckedClient, session: Session, page: str, note: ConsultationNote, appointment: Appointment
) -> None:
    post_note(client, page, note, **{f"section-{HISTORY}": "Well"})
    signed = client.get_page(f"/clinic/consultations/{appointment.id}")
    for reason in ("", "   ", "\x00"):
        answer = post_note(client, signed, note, **{f"section-{HISTORY}": "Ill", "reason": reason})
        assert answer.status_code == 422
        assert sign_form(answer.get_data(as_text=True))[f"section-{HISTORY}"] == "Ill"
    amended = post_note(client, signed, note, **{f"section-{HISTORY}": "Ill", "reason": "Mis\x00heard"})
    assert amended.status_code == 303
    session.refresh(note)
    assert [version.reason for version in note.versions] == ["", "Misheard"]
