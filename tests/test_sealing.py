from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Uuid, bindparam, event, func, select, text
from sqlalchemy.orm import Session, joinedload

from telehealth import migrations, sealing
from telehealth.accounts.models import Patient
from telehealth.accounts.services.contacts import hash_of_phone, set_contact
from telehealth.accounts.services.patient_search import find_patients
from telehealth.accounts.services.sign_in import actor_of
from telehealth.booking.models import Appointment
from telehealth.db import Base, Database, make_engine
from telehealth.keyring import KeyRing, new_key_line
from telehealth.notes.models import NoteDraftSection, NoteVersionSection
from telehealth.notes.services import open_note, save_draft, sign_note
from telehealth.sealing import KeyMissing, RowKey, SealBroken, hash_contact
from telehealth.video.domain.encounter import Outcome
from telehealth.video.services.encounters import end_encounter, open_encounter
from tests.factories import Cast, make_appointment, make_cast, make_patient

pytestmark = pytest.mark.service

HISTORY, FINDINGS = "717121000000105", "715851000000102"
any_text = st.text(st.characters(codec=None))


@pytest.fixture
def two(session: Session, cast: Cast) -> tuple[Patient, Patient]:
    """Two patients with a phone number and an e-mail each."""
    set_contact(session, cast.patient, phone="+447700900001", email="one@example.test")
    set_contact(session, cast.other_patient, phone="+447700900002", email="two@example.test")
    session.flush()
    return cast.patient, cast.other_patient


def read_again(session: Session, patient: Patient) -> Patient:
    """As from the store: no key that was opened before is remembered."""
    patient_id = patient.id
    session.expunge_all()
    return session.get_one(Patient, patient_id)


@given(any_text)
def test_any_text_comes_back(words: str) -> None:
    stored = words.encode("utf-8", "replace").decode()
    assert NoteDraftSection(code=HISTORY, text=words).text == stored


def test_without_text_nothing_is_stored(session: Session, cast: Cast) -> None:
    count = select(func.count()).select_from(RowKey)
    before = session.scalar(count)
    quiet = make_appointment(session, cast)
    quiet.reason = ""
    silent = NoteDraftSection(code=HISTORY, text="")
    assert (quiet.reason, quiet.reason_sealed) == ("", None)
    assert (silent.text, silent.text_sealed, silent.row_key) == ("", None, None)
    plain = Appointment(reason="", reference="x")
    assert plain.row_key is None
    # The one key is of the appointment that had a reason at first.
    assert session.scalar(count) == (before or 0) + 1


def test_a_row_keeps_its_key_and_each_sealing_is_another_ciphertext(session: Session, cast: Cast) -> None:
    patient = cast.patient
    assert patient.row_key is not None
    key, first = patient.row_key.open(), patient.email_sealed
    patient.email = "patient@example.test"
    session.flush()
    patient = read_again(session, patient)
    assert patient.row_key is not None
    assert patient.row_key.open() == key
    assert patient.email_sealed != first
    assert patient.email == "patient@example.test"


def test_rows_come_with_their_keys_in_one_query_and_are_readable_afterwards(
    own_database: Database,
) -> None:
    with own_database.transaction() as session:
        cast = make_cast(session)
        for number in range(5):
            make_patient(session, cast.service, given_name=f"Patient {number}")
    queries: list[str] = []
    event.listen(own_database.engine, "before_cursor_execute", lambda *given: queries.append(given[2]))
    with own_database.reading() as session:
        patients = session.scalars(select(Patient)).all()
    assert {patient.phone for patient in patients} == {"+447700900123"}
    assert len(patients) == 7
    assert len([query for query in queries if query.startswith("SELECT")]) == 1


def test_a_row_can_be_locked_and_found_through_another(session: Session, cast: Cast) -> None:
    appointment = make_appointment(session, cast)
    session.commit()
    session.expunge_all()
    found = session.scalars(
        select(Appointment)
        .where(Appointment.id == appointment.id)
        .options(joinedload(Appointment.patient))
        .with_for_update(of=Appointment)
    ).one()
    assert (found.reason, found.patient.phone) == ("Blood pressure review", "+447700900123")
    assert (
        session.get_one(Patient, found.patient_id, with_for_update={"of": Patient}).phone == "+447700900123"
    )


def test_the_key_goes_with_its_row(session: Session, cast: Cast) -> None:
    patient_id = make_patient(session, cast.service, given_name="Gone").id
    session.commit()
    assert session.get(RowKey, patient_id) is not None
    session.delete(session.get_one(Patient, patient_id))
    session.commit()
    assert session.get(RowKey, patient_id) is None


MOVED = {
    "to another row": (
        "UPDATE patient SET phone_sealed = (SELECT phone_sealed FROM patient WHERE id = :other) WHERE id = :one",
    ),
    "to another column": ("UPDATE patient SET phone_sealed = email_sealed WHERE id = :one",),
    "to another row with its key": (
        "UPDATE patient SET phone_sealed = (SELECT phone_sealed FROM patient WHERE id = :other) WHERE id = :one",
        "UPDATE row_key SET wrapped = (SELECT wrapped FROM row_key WHERE row_id = :other) WHERE row_id = :one",
    ),
    "the key alone": (
        "UPDATE row_key SET wrapped = (SELECT wrapped FROM row_key WHERE row_id = :other) WHERE row_id = :one",
    ),
    "the key gone": ("DELETE FROM row_key WHERE row_id = :one",),
    "the key of another table": ("UPDATE row_key SET table_name = 'appointment' WHERE row_id = :one",),
    "emptied": ("UPDATE patient SET phone_sealed = substr(phone_sealed, 1, 0) WHERE id = :one",),
    "cut to its format": ("UPDATE patient SET phone_sealed = substr(phone_sealed, 1, 1) WHERE id = :one",),
    "without its last byte": (
        "UPDATE patient SET phone_sealed = substr(phone_sealed, 1, length(phone_sealed) - 1) WHERE id = :one",
    ),
}


@pytest.mark.parametrize("how", MOVED)
def test_what_was_moved_or_cut_is_not_read(session: Session, two: tuple[Patient, Patient], how: str) -> None:
    one, other = two
    session.commit()
    keys = [bindparam("one", one.id, Uuid), bindparam("other", other.id, Uuid)]
    for statement in MOVED[how]:
        named = [key for key in keys if f":{key.key}" in statement]
        session.execute(text(statement).bindparams(*named))
    with pytest.raises(SealBroken) as refusal:
        _ = read_again(session, one).phone
    assert f"{one.id}" in str(refusal.value)
    assert "+44" not in str(refusal.value)
    assert read_again(session, other).phone == "+447700900002"


@given(st.data())
def test_no_altered_byte_is_read(data: st.DataObject) -> None:
    section = NoteDraftSection(code=HISTORY, text="Feels well")
    assert section.text_sealed is not None
    position = data.draw(st.integers(0, len(section.text_sealed) - 1))
    altered = bytearray(section.text_sealed)
    altered[position] ^= data.draw(st.integers(1, 255))
    section.text_sealed = bytes(altered)
    with pytest.raises(SealBroken):
        _ = section.text


def test_a_text_that_was_moved_to_another_table_with_its_key_is_not_read() -> None:
    draft = NoteDraftSection(code=HISTORY, text="Not signed")
    signed = NoteVersionSection(id=draft.id, code=HISTORY)
    signed.text_sealed, signed.row_key = draft.text_sealed, draft.row_key
    with pytest.raises(SealBroken, match="note_version_section/text_sealed"):
        _ = signed.text


def test_a_lost_key_of_the_ring_is_named(
    session: Session, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.commit()
    monkeypatch.setattr(sealing, "_installed", [KeyRing.parse(new_key_line("other"))])
    with pytest.raises(KeyMissing, match="lacks the key 'tests'"):
        _ = read_again(session, cast.patient).phone


def test_another_key_of_the_same_name_is_noticed(
    session: Session, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.commit()
    monkeypatch.setattr(sealing, "_installed", [KeyRing.parse(new_key_line("tests"))])
    with pytest.raises(SealBroken, match="has the name of another one"):
        _ = read_again(session, cast.patient).phone


def test_without_a_ring_nothing_is_sealed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "_installed", [])
    with pytest.raises(KeyMissing, match="TELEHEALTH_KEYS"):
        NoteDraftSection(code=HISTORY, text="Feels well")
    NoteDraftSection(code=HISTORY, text="")


PLANTED = (
    "+447700955511",
    "planted.mail",
    "PlantedReason",
    "PlantedStep",
    "PlantedHistory",
    "PlantedAmendment",
)


def plant(own_database: Database) -> None:
    """Words in everything that is sealed."""
    with own_database.transaction() as session:
        cast = make_cast(session)
        set_contact(session, cast.patient, phone=PLANTED[0], email=f"{PLANTED[1]}@example.test")
        appointment = make_appointment(session, cast)
        appointment.reason = PLANTED[2]
        who = actor_of(cast.clinician)
        note = open_note(session, who, open_encounter(session, who, appointment.id))
        save_draft(session, who, note.id, version=0, sections={HISTORY: PLANTED[4]})
        sign_note(session, who, note.id, version=1, sections={HISTORY: PLANTED[4]})
        sign_note(session, who, note.id, version=2, sections={FINDINGS: PLANTED[4]}, reason=PLANTED[5])
        end_encounter(session, who, appointment.id, outcome=Outcome.COMPLETED, next_steps=PLANTED[3])
        session.flush()
        session.expire_all()
        assert [version.reason for version in note.versions] == ["", PLANTED[5]]
        assert note.encounter.next_steps == PLANTED[3]


def test_no_table_holds_a_planted_word(own_database: Database) -> None:
    plant(own_database)
    with own_database.engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            for row in connection.execute(select(table)):
                stored = b"|".join(
                    value if isinstance(value, bytes) else str(value).encode() for value in row
                )
                assert [word for word in PLANTED if word.encode() in stored] == [], table.name


def test_the_database_file_holds_no_planted_word(tmp_path: Path) -> None:
    path = tmp_path / "planted.sqlite3"
    database = Database(make_engine(f"sqlite:///{path}"))
    migrations.upgrade(database.engine)
    plant(database)
    files = [path, *path.parent.glob(f"{path.name}-*")]
    assert any(file.name.endswith("-wal") and file.stat().st_size for file in files)
    assert any(b"Eirlys" in file.read_bytes() for file in files)
    for file in files:
        content = file.read_bytes()
        assert [word for word in PLANTED if word.encode() in content] == [], file.name
    database.engine.dispose()


def test_a_hash_depends_on_its_kind_and_on_the_database(session: Session, own_database: Database) -> None:
    one = hash_contact(session, "phone", "0123")
    assert one == hash_contact(session, "phone", "0123")
    assert one != hash_contact(session, "last-four", "0123")
    assert hash_contact(session, "email", " Ann@Example.test ") == hash_contact(
        session, "email", "ann@example.test"
    )
    with own_database.transaction() as other:
        assert hash_contact(other, "phone", "0123") != one


def test_two_that_need_the_lookup_key_first_make_one(own_database: Database) -> None:
    start = Barrier(2, timeout=30)

    def hashed() -> bytes:
        start.wait()
        with own_database.transaction() as session:
            return hash_of_phone(session, "+447700900123")

    with ThreadPoolExecutor(2) as pool:
        first, second = (pool.submit(hashed) for _ in range(2))
        assert first.result(timeout=30) == second.result(timeout=30)


@pytest.mark.parametrize(
    "query",
    [
        "+447700900001",
        "07700900001",
        "07700 900 001",
        "(07700) 900-001",
        "0001",
        "morgan 0001",
        "one@example.test",
        "ONE@Example.Test",
        "eirlys one@example.test",
    ],
)
def test_a_patient_is_found_by_phone_and_email(
    session: Session, cast: Cast, two: tuple[Patient, Patient], query: str
) -> None:
    assert [found.patient.id for found in find_patients(session, actor_of(cast.receptionist), query)] == [
        two[0].id
    ]


@pytest.mark.parametrize(
    "query",
    [
        "07700 900 003",
        "900001",
        "001",
        "one@",
        "one@example",
        "two@example.test morgan 0001",
        "0001@example.test",
    ],
)
def test_a_part_of_a_phone_or_an_email_finds_nobody(
    session: Session, cast: Cast, two: tuple[Patient, Patient], query: str
) -> None:
    assert find_patients(session, actor_of(cast.receptionist), query) == []


def test_a_changed_contact_is_found_by_the_new_one_alone(
    session: Session, cast: Cast, two: tuple[Patient, Patient]
) -> None:
    who = actor_of(cast.receptionist)
    set_contact(session, two[0], phone="+447700900077")
    session.flush()
    assert [found.patient.id for found in find_patients(session, who, "07700 900077")] == [two[0].id]
    assert find_patients(session, who, "0001") == []
    assert (two[0].phone, two[0].email) == ("+447700900077", "one@example.test")
    set_contact(session, two[0], phone=None, email="")
    session.flush()
    assert (two[0].phone, two[0].email) == ("", "")
    assert find_patients(session, who, "0077") == []
    assert find_patients(session, who, "one@example.test") == []


def test_people_of_another_organisation_are_not_found_by_their_phone(
    session: Session, cast: Cast, two: tuple[Patient, Patient]
) -> None:
    who = actor_of(cast.other_organisation_receptionist)
    assert find_patients(session, who, "07700900001") == find_patients(session, who, "0001") == []
