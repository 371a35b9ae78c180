"""The words by which patients are found: written with each patient, whoever writes it."""

from typing import Any
from uuid import UUID

import jellyfish
from sqlalchemy import Connection, ForeignKey, Index, String, delete, event, insert, inspect
from sqlalchemy.orm import Mapped, Mapper, mapped_column

from telehealth.accounts.domain.names import LONGEST_WORD, name_words
from telehealth.accounts.models.people import Patient
from telehealth.db import Base

LONGEST_SOUND = 20
# In the order of its characters' numbers, whatever the language of the database: a start of a word is a range.
_WORD = String(LONGEST_WORD).with_variant(String(LONGEST_WORD, collation="C"), "postgresql")


class PatientNameWord(Base):
    """A word of a patient's name, as `domain/names.py` makes it, and how it sounds."""

    __tablename__ = "patient_name_word"

    patient_id: Mapped[UUID] = mapped_column(ForeignKey("patient.id"), primary_key=True)
    word: Mapped[str] = mapped_column(_WORD, primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    # "" where the word is not written in Latin letters.
    sound: Mapped[str] = mapped_column(String(LONGEST_SOUND))

    __table_args__ = (
        # What tells most stands first: a planner without statistics would read all words of an organisation.
        Index("ix_patient_name_word_word", "word", "organisation_id", "patient_id"),
        Index("ix_patient_name_word_sound", "sound", "organisation_id", "word"),
    )


def sound_of(word: str) -> str:
    """How a word sounds in English (Metaphone), for example "SM0" for "smith" and "smyth"."""
    return jellyfish.metaphone(word)[:LONGEST_SOUND] if word.isascii() else ""


def name_rows(
    organisation_id: UUID, patient_id: UUID, given_name: str, family_name: str
) -> list[dict[str, Any]]:
    """The rows of a patient's name. For those who write many patients at once, without the models."""
    return [
        {
            "organisation_id": organisation_id,
            "patient_id": patient_id,
            "word": word,
            "sound": sound_of(word),
        }
        for word in name_words(given_name, family_name)
    ]


# With the patient's own row, so that nobody can forget it.
@event.listens_for(Patient, "after_insert")
def _add_words(_mapper: Mapper[Patient], connection: Connection, patient: Patient) -> None:
    rows = name_rows(patient.organisation_id, patient.id, patient.given_name, patient.family_name)
    if rows:
        connection.execute(insert(PatientNameWord), rows)


@event.listens_for(Patient, "after_update")
def _change_words(mapper: Mapper[Patient], connection: Connection, patient: Patient) -> None:
    state = inspect(patient)
    if state.attrs.given_name.history.has_changes() or state.attrs.family_name.history.has_changes():
        _drop_words(mapper, connection, patient)
        _add_words(mapper, connection, patient)


@event.listens_for(Patient, "before_delete")
def _drop_words(_mapper: Mapper[Patient], connection: Connection, patient: Patient) -> None:
    connection.execute(delete(PatientNameWord).where(PatientNameWord.patient_id == patient.id))
