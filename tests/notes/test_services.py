import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from telehealth.accounts.services.sign_in import actor_of
from telehealth.errors import InvalidInput, NotFound
from telehealth.notes.domain.headings import MAX_SECTION_LENGTH
from telehealth.notes.models import ConsultationNote
from telehealth.notes.services import (
    StaleDraft,
    draft_of,
    encounters_with_signed_note,
    find_note,
    is_intact,
    open_note,
    save_draft,
    sign_note,
)
from telehealth.topics import clinic_topic, take_topics
from telehealth.video.services.encounters import open_encounter
from tests.factories import Cast, guest_of, make_appointment

pytestmark = pytest.mark.service

HISTORY, FINDINGS = "717121000000105", "715851000000102"


@pytest.fixture
def note(session: Session, cast: Cast) -> ConsultationNote:
    who = actor_of(cast.clinician)
    return open_note(session, who, open_encounter(session, who, make_appointment(session, cast).id))


def test_a_draft_is_kept_and_comes_back(session: Session, cast: Cast, note: ConsultationNote) -> None:
    who = actor_of(cast.clinician)
    save_draft(session, who, note.id, version=0, sections={HISTORY: "Tired"})
    save_draft(session, who, note.id, version=1, sections={HISTORY: "", FINDINGS: "120/80"})
    session.expire_all()
    again = open_note(session, who, note.encounter)
    assert again.id == note.id
    assert (again.draft_version, draft_of(again)) == (2, {HISTORY: "", FINDINGS: "120/80"})


@pytest.mark.parametrize("version", [-1, 0, 2, 999_999_999])
def test_a_draft_that_is_based_on_another_version_is_refused(
    session: Session, cast: Cast, note: ConsultationNote, version: int
) -> None:
    who = actor_of(cast.clinician)
    save_draft(session, who, note.id, version=0, sections={HISTORY: "Tired"})
    for act in (save_draft, sign_note):
        with pytest.raises(StaleDraft) as refusal:
            act(session, who, note.id, version=version, sections={HISTORY: "Other"})
        assert (refusal.value.version, refusal.value.sections) == (1, {HISTORY: "Tired"})


def test_a_note_is_for_its_author_alone(session: Session, cast: Cast, note: ConsultationNote) -> None:
    save_draft(session, actor_of(cast.clinician), note.id, version=0, sections={HISTORY: "Tired"})
    staff = [actor_of(account) for account in cast.staff() if account is not cast.clinician]
    for stranger in [*staff, guest_of(note.encounter.appointment)]:
        for act in (save_draft, sign_note):
            with pytest.raises(NotFound):
                act(session, stranger, note.id, version=1, sections={HISTORY: "Mine"})
        with pytest.raises(NotFound):
            open_note(session, stranger, note.encounter)
        assert find_note(session, stranger, note.encounter_id) is None
    assert draft_of(note) == {HISTORY: "Tired"}


@pytest.mark.parametrize(
    "sections",
    [
        {"unknown": "text"},
        {"": "text"},
        {HISTORY: "x" * (MAX_SECTION_LENGTH + 1)},
        {HISTORY: "fine", "1": ""},
    ],
)
def test_what_cannot_be_kept_is_refused_whole(
    session: Session, cast: Cast, note: ConsultationNote, sections: dict[str, str]
) -> None:
    for act in (save_draft, sign_note):
        with pytest.raises(InvalidInput):
            act(session, actor_of(cast.clinician), note.id, version=0, sections=sections)
    assert (note.draft_version, draft_of(note), note.versions) == (0, {}, [])


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("nul\x00byte", "nulbyte"),
        ("half an emoji \ud83d", "half an emoji ?"),
        ("line\r\nend", "line\nend"),
        ("<script>alert(1)</script> %(x)s {{ 7 * 7 }}", "<script>alert(1)</script> %(x)s {{ 7 * 7 }}"),
        ("Sŵn y môr \N{THERMOMETER}\ufe0f 38.5", "Sŵn y môr \N{THERMOMETER}\ufe0f 38.5"),
        ("x" * MAX_SECTION_LENGTH, "x" * MAX_SECTION_LENGTH),
        ("\r\n" * (MAX_SECTION_LENGTH - 1) + "x", "\n" * (MAX_SECTION_LENGTH - 1) + "x"),
    ],
)
def test_whatever_is_typed_can_be_saved_and_signed(
    session: Session, cast: Cast, note: ConsultationNote, typed: str, kept: str
) -> None:
    who = actor_of(cast.clinician)
    save_draft(session, who, note.id, version=0, sections={HISTORY: typed})
    signed = sign_note(session, who, note.id, version=1, sections={HISTORY: typed})
    session.expire_all()
    assert draft_of(note) == {HISTORY: kept}
    assert [section.text for section in signed.sections] == [kept]
    assert is_intact(note)


@pytest.mark.parametrize("sections", [{}, {HISTORY: ""}, {HISTORY: " \n\t", FINDINGS: "\u00a0"}])
def test_an_empty_note_is_not_signed(
    session: Session, cast: Cast, note: ConsultationNote, sections: dict[str, str]
) -> None:
    with pytest.raises(InvalidInput, match="heading"):
        sign_note(session, actor_of(cast.clinician), note.id, version=0, sections=sections)
    assert note.versions == []


def test_signing_tells_the_clinic_list(session: Session, cast: Cast, note: ConsultationNote) -> None:
    take_topics(session)
    sign_note(session, actor_of(cast.clinician), note.id, version=0, sections={HISTORY: "Well"})
    assert take_topics(session) == {clinic_topic(cast.practitioner_id)}
    assert encounters_with_signed_note(session, [note.encounter_id]) == {note.encounter_id}


def test_an_amendment_is_a_new_version_with_its_reason(
    session: Session, cast: Cast, note: ConsultationNote
) -> None:
    who = actor_of(cast.clinician)
    sign_note(session, who, note.id, version=0, sections={HISTORY: "Well"})
    for missing in ("", "  ", "\x00"):
        with pytest.raises(InvalidInput) as refusal:
            sign_note(session, who, note.id, version=1, sections={HISTORY: "Ill"}, reason=missing)
        assert refusal.value.field == "reason"
    sign_note(session, who, note.id, version=1, sections={HISTORY: "Ill"}, reason="Typing\x00 mistake\ud800")
    session.expire_all()
    first, second = note.versions
    assert [section.text for section in first.sections] == ["Well"]
    assert [section.text for section in second.sections] == ["Ill"]
    assert (first.reason, second.reason) == ("", "Typing mistake?")
    assert second.previous_hash == first.content_hash
    assert is_intact(note)


# Another sealed text, in the place of the signed one.
SMUGGLED = "(SELECT text_sealed FROM note_draft_section)"
OF_THE_FIRST = "version_id = (SELECT id FROM note_version WHERE number = 1)"
TAMPERED: dict[str, str] = {
    "text": f"UPDATE note_version_section SET text_sealed = {SMUGGLED} WHERE {OF_THE_FIRST}",
    "heading": f"UPDATE note_version_section SET code = '{FINDINGS}' WHERE {OF_THE_FIRST}",
    "signer": "UPDATE note_version SET signed_by = 'account:other' WHERE number = 1",
    "reason": f"UPDATE note_version SET reason_sealed = {SMUGGLED} WHERE number = 2",
    "hash": "UPDATE note_version SET content_hash = previous_hash WHERE number = 2",
    "section removed": f"DELETE FROM note_version_section WHERE {OF_THE_FIRST}",
    "version removed": f"DELETE FROM note_version_section WHERE {OF_THE_FIRST}; DELETE FROM note_version WHERE number = 1",
}


@pytest.mark.parametrize("how", TAMPERED)
def test_tampering_past_the_triggers_breaks_the_chain(
    session: Session, cast: Cast, note: ConsultationNote, how: str
) -> None:
    who = actor_of(cast.clinician)
    sign_note(session, who, note.id, version=0, sections={HISTORY: "Well"})
    sign_note(session, who, note.id, version=1, sections={HISTORY: "Ill"}, reason="Typing mistake")
    assert is_intact(note)
    _drop_triggers(session)
    for statement in TAMPERED[how].split("; "):
        session.execute(text(statement))
    session.expire_all()
    assert not is_intact(session.get_one(ConsultationNote, note.id))


def test_a_section_smuggled_into_a_signed_version_breaks_the_chain(
    session: Session, cast: Cast, note: ConsultationNote
) -> None:
    signed = sign_note(session, actor_of(cast.clinician), note.id, version=0, sections={HISTORY: "Well"})
    session.execute(
        text(
            "INSERT INTO note_version_section (id, version_id, code, text_sealed)"
            f" SELECT version_id, version_id, '{FINDINGS}', text_sealed FROM note_version_section"
        )
    )
    session.expire_all()
    assert signed.number == 1
    assert not is_intact(note)


def _drop_triggers(session: Session) -> None:
    """As somebody does who has the rights of the owner; undone with the test's transaction."""
    find_statements = {
        "sqlite": (
            "SELECT 'DROP TRIGGER ' || name FROM sqlite_master"
            " WHERE type = 'trigger' AND tbl_name LIKE 'note_version%'"
        ),
        "postgresql": (
            "SELECT 'ALTER TABLE ' || relname || ' DISABLE TRIGGER USER' FROM pg_class"
            " WHERE relkind = 'r' AND relname LIKE 'note_version%'"
        ),
    }[session.get_bind().dialect.name]
    for statement in list(session.scalars(text(find_statements))):
        session.execute(text(statement))
