"""What a journey reads from the service's own SQLite file, past all of our code, and the one thing it changes there."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID


@contextmanager
def _connect(database: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(database, timeout=10)) as connection, connection:
        yield connection


def signed_notes(database: Path, family_name: str) -> list[tuple[int, str, str, str]]:
    """Version, text, state of the encounter, what the patient was told; one row for each heading with words."""
    with _connect(database) as connection:
        return connection.execute(
            """
            SELECT note_version.number, note_version_section.text, encounter.status, encounter.next_steps
            FROM note_version_section
            JOIN note_version ON note_version.id = note_version_section.version_id
            JOIN consultation_note ON consultation_note.id = note_version.note_id
            JOIN encounter ON encounter.id = consultation_note.encounter_id
            JOIN patient ON patient.id = consultation_note.patient_id
            WHERE patient.family_name = ? AND note_version_section.text <> ''
            """,
            (family_name,),
        ).fetchall()


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
