"""The start page, and signing in and out."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from telehealth.accounts.forms import SignInForm
from telehealth.accounts.policies import SIGNED_IN
from telehealth.accounts.services.sign_in import (
    find_account,
    load_account,
    record_sign_in,
    verify_password,
)
from telehealth.accounts.session import sign_in as start_session
from telehealth.accounts.session import sign_out as end_session
from telehealth.actor import Actor, Role
from telehealth.error_pages import message_of
from telehealth.errors import TooManyTries
from telehealth.extensions import actor, reading, transaction
from telehealth.guards import ANYONE, guarded
from telehealth.page_service import speak_for_the_only_service

bp = Blueprint("accounts", __name__)


@bp.get("/")
@guarded(ANYONE)
def start() -> ResponseReturnValue:
    """Three doors: join, book, check; staff go on to their own first page."""
    if actor().is_signed_in and "show" not in request.args:
        return redirect(home_of(actor()))
    speak_for_the_only_service()
    return render_template("accounts/start.html")


@bp.route("/sign-in", methods=["GET", "POST"])
@guarded(ANYONE)
def sign_in() -> ResponseReturnValue:
    form = SignInForm()
    speak_for_the_only_service()
    if request.method != "POST":
        form.next.data = request.args.get("next", "")
        return render_template("accounts/sign_in.html", form=form)
    if not form.validate_on_submit():
        return render_template("accounts/sign_in.html", form=form), 422
    email = form.email.data or ""
    try:
        with reading() as session:
            account = find_account(session, email)
    except TooManyTries as error:
        form.password.errors = [message_of(error)]
        return render_template("accounts/sign_in.html", form=form), 429
    # Outside any transaction: a hash takes a tenth of a second, and writers would queue behind it.
    is_right = verify_password(form.password.data or "", account)
    with transaction() as session:
        loaded = load_account(session, account.id) if account and is_right else None
        record_sign_in(session, email, loaded or account, succeeded=loaded is not None)
    if loaded is None:
        form.password.errors = [
            gettext("The email address or the password is not right. Check both, then try again.")
        ]
        return render_template("accounts/sign_in.html", form=form), 422
    start_session(loaded)
    return redirect(local_path(form.next.data) or url_for("accounts.start"), 303)


@bp.post("/sign-out")
@guarded(SIGNED_IN)
def sign_out() -> ResponseReturnValue:
    end_session()
    return redirect(url_for("accounts.start"), 303)


def home_of(who: Actor) -> str:
    """The page on which somebody's working day starts."""
    if who.has_role(Role.CLINICIAN):
        return url_for("clinic.today")
    if who.has_role(Role.RECEPTIONIST):
        return url_for("booking.desk")
    return url_for("accounts.start", show="1")


def local_path(text: str | None) -> str | None:
    """A path of this service, or None: a sign-in never leads to another site."""
    if (
        not text
        or not text.startswith("/")
        or text.startswith("//")
        or "\\" in text
        or not text.isprintable()
    ):
        return None
    return text


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
