"""What a journey reads from the service's own SQLite file, past its queries, and the one thing it changes there."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from telehealth.sealing import place_of, unseal
from tests.keys import KEY_RING


@contextmanager
def _connect(database: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(database, timeout=10)) as connection, connection:
        yield connection


def signed_notes(database: Path, family_name: str) -> list[tuple[int, str, str, str]]:
    """Version, text, state of the encounter, what the patient was told; one row for each heading with words."""
    with _connect(database) as connection:
        rows = connection.execute(
            """
            SELECT note_version.number, note_version_section.id, note_version_section.text_sealed, encounter.status,
                encounter.id, encounter.next_steps_sealed
            FROM note_version_section
            JOIN note_version ON note_version.id = note_version_section.version_id
            JOIN consultation_note ON consultation_note.id = note_version.note_id
            JOIN encounter ON encounter.id = consultation_note.encounter_id
            JOIN patient ON patient.id = consultation_note.patient_id
            WHERE patient.family_name = ? AND note_version_section.text_sealed IS NOT NULL
            """,
            (family_name,),
        ).fetchall()
        wrapped = {row_id: key for row_id, *key in connection.execute("SELECT * FROM row_key")}

    def opened(table: str, column: str, row_id: str, sealed: bytes | None) -> str:
        if sealed is None:
            return ""
        key_table, ring_key, sealed_key = wrapped[row_id]
        key = unseal(KEY_RING.keys[ring_key], sealed_key, place_of("row_key", key_table, UUID(row_id)))
        return unseal(key, sealed, place_of(table, column, UUID(row_id))).decode()

    return [
        (
            number,
            opened("note_version_section", "text_sealed", section_id, text),
            status,
            opened("encounter", "next_steps_sealed", encounter_id, next_steps),
        )
        for number, section_id, text, status, encounter_id, next_steps in rows
    ]


def move_appointment(database: Path, appointment_id: UUID, starts_at: datetime) -> None:
    """As if it had been booked for then: the clock of a running service cannot be turned."""
    with _connect(database) as connection:
        before = connection.execute(
            "SELECT starts_at, ends_at FROM appointment WHERE id = ?", (appointment_id.hex,)
        ).fetchone()
        was, ended = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in before)
        moved = [
            instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
            for instant in (starts_at, starts_at + (ended - was))
        ]
        connection.execute(
            "UPDATE appointment SET starts_at = ?, ends_at = ? WHERE id = ?", (*moved, appointment_id.hex)
        )
