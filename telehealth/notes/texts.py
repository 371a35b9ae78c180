"""The words that the note's autosave script shows. Values in braces are filled in by the script."""

from flask_babel import gettext as _

__all__ = ["note_texts"]


def note_texts() -> dict[str, str]:
    """Every text of the autosave, by the key under which the script asks for it."""
    return {
        "saved": _("Saved at {time}"),
        "saving": _("Saving"),
        "failed": _("Not saved: we are still trying. Do not close this page."),
        "refused": _("Not saved. Copy your text, then load this page again."),
        "conflict": _("Not saved: this note was changed somewhere else. Choose which text to keep."),
        "other_title": _("The text that is saved now"),
        "other_empty": _("(nothing)"),
        "signed_out": _(
            "You are signed out. Your text is still on this page. Sign in in another window, then sign the note here."
        ),
        "unproved": _("The note is not signed. Sign again, and show that it is still you."),
        "sign_in": _("Sign in in another window"),
        "signing": _("Signing the note"),
        "sign_failed": _(
            "The note is not signed: we could not reach the service. Your text is still on this page. "
            "Check your connection, then sign again."
        ),
        "sign_refused": _("The note is not signed. {message} Your text is still on this page."),
        "keep_mine": _("Keep my text"),
        "take_other": _("Use this text"),
    }
