"""What can go wrong in the domain, in words that the person can act on.

A message is a plain English sentence and the key of its translation (`N_` marks it for extraction);
`error_pages` translates it and fills in `params`. It says what to do next and holds nobody else's data.
"""

from collections.abc import Mapping


def N_(message: str) -> str:  # noqa: N802 - the customary name of gettext's marker
    """Mark a message for translation at the edge; returns it unchanged."""
    return message


class DomainError(Exception):
    """A refusal that the person can understand. `code` is stable and for machines."""

    status = 400

    def __init__(self, code: str, message: str, params: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.params: Mapping[str, object] = params or {}


class NotFound(DomainError):
    """It does not exist, or it is not for this person: the answer is the same (404)."""

    status = 404

    def __init__(self, code: str = "not-found", message: str = N_("We could not find that page.")) -> None:
        super().__init__(code, message)


class NotSignedIn(DomainError):
    """The sign-in has ended; for scripts of a page that is still open (401)."""

    status = 401

    def __init__(self) -> None:
        super().__init__(
            "not-signed-in",
            N_(
                "You are signed out. Sign in again in a new tab, then come back here: what you typed is still on this page."
            ),
        )


class ProofNeeded(DomainError):
    """The person must sign in once more before this (403, code `proof-needed`): scripts ask for it over the page."""

    status = 403

    def __init__(self) -> None:
        super().__init__(
            "proof-needed",
            N_("To make sure that it is still you, sign in again. Then do this once more."),
        )


class NotAllowed(DomainError):
    """The person is known and may not do this (403)."""

    status = 403

    def __init__(
        self, code: str = "not-allowed", message: str = N_("You do not have permission to do that.")
    ) -> None:
        super().__init__(code, message)


class Conflict(DomainError):
    """Somebody else was faster, or the state moved on (409)."""

    status = 409


class InvalidInput(DomainError):
    """What was sent cannot be accepted as it is (422). `field` names the form field, if one is to blame."""

    status = 422

    def __init__(
        self,
        code: str,
        message: str,
        params: Mapping[str, object] | None = None,
        *,
        field: str | None = None,
    ) -> None:
        super().__init__(code, message, params)
        self.field = field


class TooManyTries(DomainError):
    """A limit was reached; the message says for how long, or whom to phone (429)."""

    status = 429


class Busy(DomainError):
    """The service cannot take this now: try again in a moment (503)."""

    status = 503
