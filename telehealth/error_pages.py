"""One mapping from what went wrong to what the person sees: a page, JSON, or a socket's ack."""

import traceback
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import structlog
from flask import Flask, Response, jsonify, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, SecurityError

from telehealth.actor import ActorKind
from telehealth.audit.services import record_refusal
from telehealth.errors import N_, Busy, DomainError, NotAllowed, NotFound, ProofNeeded
from telehealth.extensions import actor, transaction, wants_json

log = structlog.get_logger()

# Titles by status; the text below them comes from the error where it has one.
TITLES = {
    400: N_("We could not read what was sent"),
    403: N_("You do not have permission to see this page"),
    404: N_("Page not found"),
    405: N_("Page not found"),
    409: N_("Something has changed meanwhile"),
    413: N_("That is too large to send"),
    422: N_("We could not accept what was sent"),
    429: N_("Too many tries"),
    500: N_("Sorry, there is a problem with the service"),
    503: N_("The service is busy"),
}
TEXTS = {
    400: N_("Go back to the page before, reload it, and try again."),
    403: N_("If you think you should see it, ask the administrator of your service."),
    404: N_("Check the address. If you came from a link, it may be incomplete."),
    405: N_("Check the address. If you came from a link, it may be incomplete."),
    409: N_("Reload the page to see how it is now, then try again."),
    413: N_("Send something smaller."),
    422: N_("Go back, check what you entered, and try again."),
    429: N_("Wait some minutes, then try again."),
    500: N_("Try again in a few minutes. What you saved before is safe."),
    503: N_("Wait a moment, then try again. What you saved before is safe."),
}
PAGES = {403: "403", 404: "404", 405: "404", 422: "422", 500: "500", 503: "503"}


def register(app: Flask) -> None:
    app.register_error_handler(DomainError, show_domain_error)
    app.register_error_handler(CSRFError, show_stale_form)
    app.register_error_handler(HTTPException, show_http_error)
    app.register_error_handler(OperationalError, show_database_trouble)
    app.register_error_handler(PoolTimeout, show_database_trouble)
    app.register_error_handler(Exception, show_unexpected_error)


def message_of(error: DomainError) -> str:
    """The error's sentence in the language of the page."""
    message = gettext(error.message)
    return message % error.params if error.params else message


def error_json(code: str, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}


def error_ack(code: str, message: str) -> dict[str, Any]:
    """The answer to a socket event that was refused."""
    return {"ok": False, **error_json(code, message)}


def show_domain_error(error: DomainError) -> ResponseReturnValue:
    if isinstance(error, ProofNeeded) and not wants_json():
        # Without a script the proof is a page of its own; it leads back to where the button was.
        return redirect(url_for("accounts.sign_in_again", next=_page_before()), 303)
    if isinstance(error, NotFound | NotAllowed):
        _remember_refusal()
    return _answer(error.status, error.code, message_of(error))


def _remember_refusal() -> None:
    """Somebody whom we know asked for what is not there for them. Strangers and scanners stay in the log alone."""
    who = actor()
    if request.endpoint is None or who.kind is ActorKind.ANONYMOUS:
        return
    asked = {name: key for name, key in (request.view_args or {}).items() if isinstance(key, UUID)}
    name, key = next(iter(asked.items()), ("", None))
    try:
        with transaction() as session:
            record_refusal(session, who, request.endpoint, name.removesuffix("_id"), key)
    except (OperationalError, PoolTimeout):
        log.warning("refusal-not-recorded")


def _page_before() -> str | None:
    """The page from which this request was sent, as a path of this service."""
    if request.method == "GET":
        return request.full_path.rstrip("?")
    try:
        before = urlsplit(request.referrer or "")
    except ValueError:  # whoever asks may write anything there
        return None
    return before.path if before.netloc == request.host else None


def show_stale_form(_error: CSRFError) -> ResponseReturnValue:
    return _answer(
        400,
        "form-stale",
        gettext(
            "This page was open for too long, or was opened before you signed in. Reload it, then try again."
        ),
    )


def show_http_error(error: HTTPException) -> ResponseReturnValue:
    if isinstance(error.response, Response):
        return error.response
    if isinstance(error, SecurityError):
        # Asked under a name that is not ours: no page, because its links would carry that name.
        return Response("This service is not at this address.\n", status=400, mimetype="text/plain")
    status = error.code or 500
    response = make_response(_answer(status, error.name.lower().replace(" ", "-"), None))
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def show_database_trouble(error: Exception) -> ResponseReturnValue:
    log.warning("database-busy", **_what_failed(error))
    busy = Busy("busy", N_("Wait a moment, then try again. What you saved before is safe."))
    response = make_response(_answer(busy.status, busy.code, message_of(busy)))
    response.headers["Retry-After"] = "5"
    return response


def show_unexpected_error(error: Exception) -> ResponseReturnValue:
    if isinstance(error, SQLAlchemyError):
        log.error("unexpected-error", **_what_failed(error))
    else:
        log.error("unexpected-error", exc_info=error)
    return _answer(500, "unexpected", None)


def _what_failed(error: Exception) -> dict[str, Any]:
    """A database error without its message: drivers put the values of the row into it."""
    driver_error = getattr(error, "orig", None)
    return {
        "error": type(error).__name__,
        "sqlstate": getattr(driver_error, "sqlstate", None),
        "places": [
            f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)[-8:]
        ],
    }


def _answer(status: int, code: str, message: str | None) -> ResponseReturnValue:
    title = gettext(TITLES.get(status, TITLES[400 if status < 500 else 500]))
    text = message or gettext(TEXTS.get(status, TEXTS[400 if status < 500 else 500]))
    if wants_json():
        return jsonify(error_json(code, text)), status
    page = PAGES.get(status, "other")
    return render_template(f"errors/{page}.html", title=title, text=text, status=status), status
