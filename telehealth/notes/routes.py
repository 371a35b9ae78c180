"""Autosave of a draft, and signing."""

from uuid import UUID

from flask import Blueprint, current_app, flash, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from telehealth.accounts.session import require_proof_to_sign
from telehealth.error_pages import error_json, message_of
from telehealth.errors import DomainError, NotFound, ProofNeeded
from telehealth.extensions import actor, reading, transaction, wants_json
from telehealth.guards import guarded
from telehealth.notes.models import ConsultationNote
from telehealth.notes.policies import AUTHOR
from telehealth.notes.services import StaleDraft, save_draft, sign_note

bp = Blueprint("notes", __name__, url_prefix="/notes")

SECTION = "section-"


@bp.put("/<uuid:note_id>/draft", endpoint="save_draft")
@guarded(AUTHOR)
def save_draft_page(note_id: UUID) -> ResponseReturnValue:
    """Keep what was typed. 428 without If-Match, 409 with the current text where it is stale, 422 for bad input."""
    if "If-Match" not in request.headers:
        return jsonify(
            error_json("if-match-missing", gettext("Send the version that the text is based on."))
        ), 428
    version = request.headers["If-Match"].strip().strip('"')
    try:
        body = request.get_json(silent=True)
    except RecursionError:  # brackets in brackets, without end
        body = None
    sections = _sections_in(body)
    if not (version.isascii() and version.isdigit() and len(version) < 10) or sections is None:
        return jsonify(error_json("malformed", gettext("The note could not be read. Reload the page."))), 422
    try:
        with transaction() as session:
            note = save_draft(session, actor(), note_id, version=int(version), sections=sections)
    except StaleDraft as error:
        refusal = error_json(error.code, message_of(error))
        return jsonify({**refusal, "version": error.version, "sections": error.sections}), 409
    except NotFound:
        raise
    except DomainError as error:
        return jsonify(error_json(error.code, message_of(error))), error.status
    saved_at = note.draft_saved_at.isoformat() if note.draft_saved_at else None
    return jsonify(version=note.draft_version, saved_at=saved_at)


@bp.post("/<uuid:note_id>/sign")
@guarded(AUTHOR)
def sign(note_id: UUID) -> ResponseReturnValue:
    """Freeze the note. A refusal shows the consultation again with everything that was typed."""
    # NUL is no character of HTML: what is refused is shown again.
    typed = {name: text.replace("\x00", "") for name, text in request.form.items()}
    sections = {name.removeprefix(SECTION): text for name, text in typed.items() if name.startswith(SECTION)}
    version, reason = typed.get("version", ""), typed.get("reason", "")
    with reading() as session:
        note = session.get(ConsultationNote, note_id)
        if note is None or note.author_id != actor().practitioner_id:
            raise NotFound
        appointment_id = note.encounter.appointment_id
    try:
        require_proof_to_sign()
        with transaction() as session:
            sign_note(
                session,
                actor(),
                note_id,
                version=_number(version),
                sections=sections,
                reason=reason,
            )
    except NotFound:
        raise
    except ProofNeeded:
        if not wants_json():
            # Kept before the page leads away: what was typed is there again after signing in.
            _keep_draft(note_id, version, sections)
        raise
    except DomainError as error:
        field = getattr(error, "field", None) or "note"
        show = current_app.extensions["telehealth.consultation_page"]
        page: ResponseReturnValue = show(
            appointment_id,
            typed=sections,
            note_errors={field: message_of(error)},
            reason=reason,
            status=error.status,
        )
        return page
    flash(gettext("The note is signed."))
    return redirect(url_for("clinic.consultation", appointment_id=appointment_id), 303)


def _keep_draft(note_id: UUID, version: str, sections: dict[str, str]) -> None:
    with transaction() as session:
        save_draft(session, actor(), note_id, version=_number(version), sections=sections)


def _number(version: str) -> int:
    return int(version) if version.isascii() and version.isdigit() and len(version) < 10 else -1


def _sections_in(body: object) -> dict[str, str] | None:
    """The texts by heading code, or None where the body is not of that shape."""
    sections = body.get("sections") if isinstance(body, dict) else None
    if not isinstance(sections, dict):
        return None
    if not all(isinstance(code, str) and isinstance(text, str) for code, text in sections.items()):
        return None
    return sections
