"""Migration 0006 on a database that holds people, appointments and signed notes in plain text."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from telehealth import migrations, sealing
from telehealth.accounts.models import Patient
from telehealth.accounts.services.contacts import hash_of_email, hash_of_last_four, hash_of_phone
from telehealth.booking.models import Appointment
from telehealth.notes.models import ConsultationNote
from telehealth.notes.services import draft_of, is_intact
from telehealth.sealing import KeyMissing, RowKey
from tests.databases import older_database

pytestmark = pytest.mark.service

HISTORY, FINDINGS = "717121000000105", "715851000000102"
PLANTED = (
    "+447700955511",
    "planted.mail",
    "PlantedReason",
    "PlantedStep",
    "PlantedHistory",
    "PlantedAmendment",
)
MOMENT = "2027-01-12 14:30:00.123456"
ROWS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("organisation", {"id": 1, "name": "Hillside Health"}),
    (
        "healthcare_service",
        {
            "id": 2,
            "organisation_id": 1,
            "name": "Clinic",
            "time_zone": "Europe/London",
            "nation": "wales",
            "phone": "",
        },
    ),
    (
        "practitioner",
        {"id": 3, "organisation_id": 1, "prefix": "Dr", "given_name": "Nia", "family_name": "Rees"},
    ),
    *(
        (
            "patient",
            {
                "id": number,
                "organisation_id": 1,
                "given_name": "Eirlys",
                "family_name": "Morgan",
                "birth_date": "1948-03-05",
                "phone": phone,
                "email": email,
                "created_at": MOMENT,
            },
        )
        for number, phone, email in ((4, PLANTED[0], f"{PLANTED[1]}@example.test"), (14, None, None))
    ),
    *(
        (
            "appointment",
            {
                "id": number,
                "organisation_id": 1,
                "service_id": 2,
                "reference": f"ABC-{number}",
                "practitioner_id": 3,
                "patient_id": 4,
                "status": "fulfilled",
                "mode": "video",
                "starts_at": MOMENT,
                "ends_at": "2027-01-12 14:45:00.123456",
                "reason": reason,
                "version": 1,
                "created_at": MOMENT,
            },
        )
        for number, reason in ((5, PLANTED[2]), (15, ""))
    ),
    (
        "encounter",
        {
            "id": 6,
            "organisation_id": 1,
            "service_id": 2,
            "appointment_id": 5,
            "status": "finished",
            "outcome": "completed",
            "next_steps": PLANTED[3],
            "version": 1,
        },
    ),
    (
        "consultation_note",
        {
            "id": 7,
            "organisation_id": 1,
            "service_id": 2,
            "encounter_id": 6,
            "patient_id": 4,
            "author_id": 3,
            "created_at": MOMENT,
            "draft_version": 3,
        },
    ),
    ("note_draft_section", {"id": 8, "note_id": 7, "code": HISTORY, "text": PLANTED[4]}),
    ("note_draft_section", {"id": 18, "note_id": 7, "code": FINDINGS, "text": ""}),
    *(
        (
            "note_version",
            {
                "id": 9 + number,
                "note_id": 7,
                "number": number,
                "signed_at": MOMENT,
                "signed_by": "account:1",
                "signer_name": "Dr Nia Rees",
                "reason": PLANTED[5] if number > 1 else "",
                "content_hash": f"{number}" * 64,
                "previous_hash": f"{number - 1}" * 64 if number > 1 else "",
            },
        )
        for number in (1, 2)
    ),
    ("note_version_section", {"id": 20, "version_id": 10, "code": HISTORY, "text": PLANTED[4]}),
    ("note_version_section", {"id": 21, "version_id": 11, "code": HISTORY, "text": f"{PLANTED[4]} later"}),
)


@pytest.fixture
def before(own_database_url: str) -> Iterator[Engine]:
    """A database at the revision before, with rows."""
    engine = older_database(own_database_url, "0005")
    with engine.execution_options(is_writer=True).begin() as connection:
        for table, row in ROWS:
            stored = {
                name: UUID(int=value).hex if name.endswith("id") and isinstance(value, int) else value
                for name, value in row.items()
            }
            marks = ", ".join(f":{name}" for name in stored)
            connection.execute(text(f"INSERT INTO {table} ({', '.join(stored)}) VALUES ({marks})"), stored)
    yield engine
    engine.dispose()


def test_everything_is_sealed_and_reads_as_before(before: Engine) -> None:
    migrations.upgrade(before)
    assert migrations.is_current(before)
    with Session(before) as session:
        patient, other = (session.get_one(Patient, UUID(int=number)) for number in (4, 14))
        assert (patient.phone, patient.email) == (PLANTED[0], f"{PLANTED[1]}@example.test")
        assert patient.phone_hash == hash_of_phone(session, PLANTED[0])
        assert patient.phone_last_four_hash == hash_of_last_four(session, "5511")
        assert patient.email_hash == hash_of_email(session, patient.email)
        assert (other.phone, other.email, other.phone_hash, other.row_key) == ("", "", None, None)
        reasons = [session.get_one(Appointment, UUID(int=number)).reason for number in (5, 15)]
        assert reasons == [PLANTED[2], ""]
        note = session.get_one(ConsultationNote, UUID(int=7))
        assert draft_of(note) == {HISTORY: PLANTED[4], FINDINGS: ""}
        assert note.encounter.next_steps == PLANTED[3]
        assert [version.reason for version in note.versions] == ["", PLANTED[5]]
        assert [[part.text for part in version.sections] for version in note.versions] == [
            [PLANTED[4]],
            [f"{PLANTED[4]} later"],
        ]
        assert is_intact(note)
        # A key for each row with text, and the one of the lookups.
        assert len(session.scalars(select(RowKey)).all()) == 8


def test_signed_notes_are_append_only_again(before: Engine) -> None:
    migrations.upgrade(before)
    for statement in (
        "UPDATE note_version SET signer_name = 'other'",
        "DELETE FROM note_version",
        "UPDATE note_version_section SET code = '1'",
        "DELETE FROM note_version_section",
    ):
        with (
            pytest.raises(DBAPIError, match="append_only"),
            before.execution_options(is_writer=True).begin() as connection,
        ):
            connection.execute(text(statement))


def test_no_plain_text_is_left_in_the_file(before: Engine) -> None:
    """On PostgreSQL the rows of before stay in its files until it tidies up; what can be queried is gone."""
    migrations.upgrade(before)
    if before.dialect.name == "postgresql":
        with before.connect() as connection:
            tables = connection.scalars(
                text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            ).all()
            stored = [
                str(connection.scalars(text(f"SELECT t::text FROM {table} t")).all()).encode()
                for table in tables
            ]
    else:
        path = Path(str(before.url.database))
        before.dispose()
        stored = [file.read_bytes() for file in path.parent.glob(f"{path.name}*")]
    assert any(b"Eirlys" in content for content in stored)
    assert [word for word in PLANTED for content in stored if word.encode() in content] == []


def test_without_a_key_ring_it_says_so_and_changes_nothing(
    before: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(sealing, "_installed", [])
        with pytest.raises(KeyMissing, match="TELEHEALTH_KEYS"):
            migrations.upgrade(before)
    with before.connect() as connection:
        assert connection.scalars(text("SELECT phone FROM patient WHERE phone <> ''")).all() == [PLANTED[0]]
    migrations.upgrade(before)
    assert migrations.is_current(before)
