"""Write, save, sign and amend notes. Signed versions are only ever added."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.actor import Actor
from telehealth.audit.services import record_event
from telehealth.booking.policies import is_clinician_of
from telehealth.clock import now
from telehealth.errors import N_, Conflict, InvalidInput, NotFound
from telehealth.notes.domain.chain import version_hash
from telehealth.notes.domain.headings import BY_CODE, MAX_SECTION_LENGTH, is_empty
from telehealth.notes.models import ConsultationNote, NoteDraftSection, NoteVersion, NoteVersionSection
from telehealth.video.models import Encounter
from telehealth.video.services.encounters import mark_clinic_lists


class StaleDraft(Conflict):
    """The draft was saved elsewhere since: in another tab, or on another computer."""

    def __init__(self, note: ConsultationNote) -> None:
        super().__init__(
            "draft-stale",
            N_(
                "This note was changed in another window. Nothing of yours is lost: "
                "compare both texts, then save again."
            ),
        )
        self.version = note.draft_version
        self.sections = draft_of(note)


def open_note(session: Session, actor: Actor, encounter: Encounter) -> ConsultationNote:
    """The actor's note of a consultation, made when first opened. Raises NotFound for anyone but its clinician."""
    if not is_clinician_of(actor, encounter.appointment) or actor.practitioner_id is None:
        raise NotFound
    note = find_note(session, actor, encounter.id)
    if note is None:
        note = ConsultationNote(
            organisation_id=encounter.organisation_id,
            service_id=encounter.service_id,
            encounter=encounter,
            patient_id=encounter.appointment.patient_id,
            author_id=actor.practitioner_id,
            created_at=now(),
        )
        session.add(note)
        session.flush()
    return note


def find_note(session: Session, actor: Actor, encounter_id: UUID) -> ConsultationNote | None:
    """The actor's own note of a consultation: drafts return to their author only."""
    return session.scalar(
        select(ConsultationNote).where(
            ConsultationNote.encounter_id == encounter_id,
            ConsultationNote.author_id == actor.practitioner_id,
        )
    )


def encounters_with_signed_note(session: Session, encounter_ids: list[UUID]) -> frozenset[UUID]:
    """Which of these consultations have a signed note."""
    return frozenset(
        session.scalars(
            select(ConsultationNote.encounter_id)
            .join(NoteVersion, NoteVersion.note_id == ConsultationNote.id)
            .where(ConsultationNote.encounter_id.in_(encounter_ids))
        )
    )


def draft_of(note: ConsultationNote) -> dict[str, str]:
    """What is typed so far, by heading code."""
    return {section.code: section.text for section in note.draft_sections}


def save_draft(
    session: Session, actor: Actor, note_id: UUID, *, version: int, sections: Mapping[str, str]
) -> ConsultationNote:
    """Keep what was typed. Raises StaleDraft where `version` is not the current one, InvalidInput, NotFound."""
    note = _lock_own_note(session, actor, note_id)
    if note.draft_version != version:
        raise StaleDraft(note)
    _write_draft(note, _checked(sections))
    session.flush()
    record_event(
        session,
        actor,
        "note.saved",
        subject_kind="note",
        subject_id=note.id,
        patient_id=note.patient_id,
        service_id=note.service_id,
    )
    return note


def sign_note(
    session: Session,
    actor: Actor,
    note_id: UUID,
    *,
    version: int,
    sections: Mapping[str, str],
    reason: str = "",
) -> NoteVersion:
    """Freeze the note as a new signed version.

    Raises StaleDraft, InvalidInput (nothing written; an amendment without its reason) and NotFound.
    """
    note = _lock_own_note(session, actor, note_id)
    checked, reason = _checked(sections), _storable(reason)
    if note.draft_version != version:
        raise StaleDraft(note)
    if is_empty(checked):
        raise InvalidInput("note-empty", N_("Write something under at least one heading before you sign."))
    previous = note.versions[-1] if note.versions else None
    if previous and not reason.strip():
        raise InvalidInput(
            "reason-missing", N_("Enter why you are changing the signed note."), field="reason"
        )
    _write_draft(note, checked)
    kept = {code: text for code, text in checked.items() if text.strip()}
    number = previous.number + 1 if previous else 1
    signed = NoteVersion(
        note_id=note.id,
        number=number,
        signed_at=now(),
        signed_by=actor.key,
        signer_name=actor.display_name,
        reason=reason.strip()[:500] if previous else "",
        previous_hash=previous.content_hash if previous else "",
        sections=[NoteVersionSection(code=code, text=text) for code, text in kept.items()],
    )
    signed.content_hash = _hash_of(signed)
    note.versions.append(signed)
    session.flush()
    record_event(
        session,
        actor,
        "note.signed" if number == 1 else "note.amended",
        subject_kind="note",
        subject_id=note.id,
        reason=f"version {number}",
        patient_id=note.patient_id,
        service_id=note.service_id,
    )
    mark_clinic_lists(session, note.encounter)
    return signed


def is_intact(note: ConsultationNote) -> bool:
    """True where every signed version still has the content that was signed, in an unbroken chain."""
    previous_hash = ""
    for number, signed in enumerate(note.versions, start=1):
        is_next = signed.number == number and signed.previous_hash == previous_hash
        if not is_next or signed.content_hash != _hash_of(signed):
            return False
        previous_hash = signed.content_hash
    return True


def _hash_of(signed: NoteVersion) -> str:
    return version_hash(
        note_id=signed.note_id,
        number=signed.number,
        sections={section.code: section.text_sealed or b"" for section in signed.sections},
        signed_by=signed.signed_by,
        signed_at=signed.signed_at,
        reason=signed.reason_sealed or b"",
        previous_hash=signed.previous_hash,
    )


def _lock_own_note(session: Session, actor: Actor, note_id: UUID) -> ConsultationNote:
    note = session.scalar(
        select(ConsultationNote)
        .where(ConsultationNote.id == note_id, ConsultationNote.author_id == actor.practitioner_id)
        .with_for_update(of=ConsultationNote)
    )
    if note is None or actor.practitioner_id is None:
        raise NotFound
    return note


def _checked(sections: Mapping[str, str]) -> dict[str, str]:
    # Before their length is measured: a browser counts a line's end as one character, and sends two.
    stored = {code: _storable(text) for code, text in sections.items()}
    for code, text in stored.items():
        if code not in BY_CODE:
            raise InvalidInput(
                "heading-unknown", N_("The note has a heading that this service does not know.")
            )
        if len(text) > MAX_SECTION_LENGTH:
            raise InvalidInput(
                "section-long", N_("Shorten this part to 20,000 characters or fewer."), field=code
            )
    return stored


def _storable(text: str) -> str:
    """PostgreSQL's text has no NUL, UTF-8 no half of a surrogate pair; browsers send \\r\\n."""
    plain = text.replace("\r\n", "\n").replace("\x00", "")
    return plain.encode("utf-8", "replace").decode("utf-8")


def _write_draft(note: ConsultationNote, sections: Mapping[str, str]) -> None:
    existing = {section.code: section for section in note.draft_sections}
    for code, text in sections.items():
        if code in existing:
            existing[code].text = text
        elif text:
            note.draft_sections.append(NoteDraftSection(code=code, text=text))
    note.draft_version += 1
    note.draft_saved_at = now()
