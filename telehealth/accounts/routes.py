"""The start page, signing out, and the pages that say what the service promises."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from telehealth.accounts import security_routes, session_routes, set_up_routes, sign_in_routes
from telehealth.accounts.blueprint import bp, home_of, local_path
from telehealth.accounts.session import close_session, current_sign_in
from telehealth.extensions import actor, transaction
from telehealth.guards import ANYONE, guarded
from telehealth.page_service import speak_for_the_only_service

# The modules put their pages on `bp`.
__all__ = [
    "bp",
    "home_of",
    "local_path",
    "security_routes",
    "session_routes",
    "set_up_routes",
    "sign_in_routes",
]


@bp.get("/")
@guarded(ANYONE)
def start() -> ResponseReturnValue:
    """Three doors: join, book, check; staff go on to their own first page."""
    if actor().is_signed_in and "show" not in request.args:
        return redirect(home_of(actor()))
    speak_for_the_only_service()
    return render_template("accounts/start.html")


@bp.post("/sign-out")
@guarded(ANYONE)
def sign_out() -> ResponseReturnValue:
    """Also for guests by link, half a sign-in and one that has expired: whoever uses this browser can leave it."""
    if current_sign_in() is None:
        return redirect(url_for("accounts.sign_in"), 303)
    with transaction() as session:
        close_session(session)
    return redirect(url_for("accounts.start"), 303)


@bp.get("/accessibility")
@guarded(ANYONE)
def accessibility() -> ResponseReturnValue:
    speak_for_the_only_service()
    return render_template("accounts/accessibility.html")


@bp.get("/privacy")
@guarded(ANYONE)
def privacy() -> ResponseReturnValue:
    speak_for_the_only_service()
    return render_template("accounts/privacy.html")
