"""A note as the consultation page shows it."""

from collections.abc import Mapping
from typing import Any

from flask import url_for
from flask_babel import gettext

from telehealth.clock import now
from telehealth.dates import ago_text, instant_text
from telehealth.notes.domain.headings import BY_CODE, HEADINGS
from telehealth.notes.models import ConsultationNote
from telehealth.notes.services import draft_of


def note_context(
    note: ConsultationNote,
    time_zone: str,
    *,
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    reason: str = "",
) -> dict[str, Any]:
    """`typed` is what a refused form held: it is shown again instead of the draft."""
    texts = dict(typed) if typed is not None else draft_of(note)
    return {
        "id": str(note.id),
        "version": note.draft_version,
        "state_text": _state_text(note),
        "autosave_url": url_for("notes.save_draft", note_id=note.id),
        "sign_url": url_for("notes.sign", note_id=note.id),
        "sections": [
            {
                "code": heading.code,
                "title": gettext(heading.title),
                "hint": gettext(heading.hint),
                "text": texts.get(heading.code, ""),
            }
            for heading in HEADINGS
        ],
        "signed": [
            {
                "number": version.number,
                "signed_text": gettext(
                    "Signed by %(name)s, %(when)s",
                    name=version.signer_name,
                    when=instant_text(version.signed_at, time_zone),
                ),
                "reason": version.reason,
                "sections": [
                    {"title": gettext(BY_CODE[section.code].title), "text": section.text}
                    for section in sorted(
                        version.sections, key=lambda section: list(BY_CODE).index(section.code)
                    )
                ],
            }
            for version in reversed(note.versions)
        ],
        "is_signed": bool(note.versions),
        "reason": reason,
        "errors": dict(errors or {}),
    }


def _state_text(note: ConsultationNote) -> str:
    if note.draft_saved_at is None:
        return gettext("Nothing written yet")
    return gettext("Saved %(ago)s", ago=ago_text(note.draft_saved_at, now()))
