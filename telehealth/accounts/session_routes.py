"""A sign-in goes on: its times, staying signed in, and proving again who somebody is, also over an open page."""

from collections.abc import Mapping
from dataclasses import replace

from flask import g, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_wtf.csrf import generate_csrf

from telehealth.accounts.blueprint import bp, lead_on, party
from telehealth.accounts.domain.account import AccountKind
from telehealth.accounts.domain.session import Stage
from telehealth.accounts.models import Account
from telehealth.accounts.policies import SIGNED_IN
from telehealth.accounts.services.second_factor import Factors, factors_of
from telehealth.accounts.services.sign_in import (
    answer_second_factor,
    begin_password,
    load_account,
    prove_password,
    record_proof,
    verify_password,
)
from telehealth.accounts.session import current_sign_in, renew_session
from telehealth.accounts.sign_in_forms import AgainForm
from telehealth.accounts.sign_in_routes import words_for_wrong_factor
from telehealth.clock import now
from telehealth.error_pages import error_json, message_of
from telehealth.errors import NotSignedIn, TooManyTries
from telehealth.extensions import actor, reading, transaction, wants_json
from telehealth.guards import ANYONE, guarded
from telehealth.page_service import speak_for_the_only_service


@bp.app_context_processor
def session_limits() -> dict[str, object]:
    """When the sign-in of this page ends, for the script that warns before."""
    return {"session_ends": g.get("session_ends"), "session_now": now()}


@bp.get("/sign-in/state")
@guarded(ANYONE)
def sign_in_state() -> ResponseReturnValue:
    """For a page that is about to warn: another tab may have gone on. Asked in the background, it keeps nothing alive."""
    return jsonify(is_signed_in=actor().is_signed_in, csrf_token=generate_csrf(), **_times())


@bp.post("/sign-in/stay")
@guarded(SIGNED_IN)
def stay_signed_in() -> ResponseReturnValue:
    """Somebody pressed *Stay signed in*: like every request that is not in the background, it counts as activity."""
    return jsonify(ok=True, **_times(is_seen_now=True))


@bp.route("/sign-in/again", methods=["GET", "POST"])
@guarded(ANYONE)
def sign_in_again() -> ResponseReturnValue:
    """The person whose sign-in this browser holds, also an expired one, gives their proof once more."""
    found = current_sign_in()
    if found is None or found.stage is not Stage.SIGNED_IN or found.account_id is None:
        if wants_json():
            raise NotSignedIn
        return redirect(url_for("accounts.sign_in", next=request.args.get("next")), 303)
    form = AgainForm()
    with reading() as session:
        account = load_account(session, found.account_id)
        factors = factors_of(session, found.account_id)
    if account is None:
        raise NotSignedIn
    if request.method != "POST":
        form.next.data = request.args.get("next", "")
        return _page(form, account, factors)
    if not _is_filled_in(form, account, factors):
        return _refuse(form, account, factors, 422)
    try:
        is_proved = _prove(form, account, factors)
    except TooManyTries as error:
        form.password.errors = [message_of(error)]
        return _refuse(form, account, factors, error.status)
    if not is_proved:
        return _refuse(form, account, factors, 422)
    if wants_json():
        return jsonify(ok=True, csrf_token=generate_csrf(), **_times())
    return lead_on(form.next.data)


def _is_filled_in(form: AgainForm, account: Account, factors: Factors) -> bool:
    """Whether everything that this account needs was given; sets the errors where not."""
    if not form.validate_on_submit():
        return False
    if account.kind is AccountKind.STAFF and not form.password.data:
        form.password.errors = [gettext("Enter your password")]
        return False
    if account.kind is AccountKind.STAFF:
        return not factors.is_any or form.require_answer()
    if not form.passkey.data:
        form.passkey.errors = [gettext("Use your passkey, or sign in with a new link to your email")]
        return False
    return True


def _prove(form: AgainForm, account: Account, factors: Factors) -> bool:
    """Check password and second factor, and renew the sign-in. Raises TooManyTries; sets the errors on False."""
    code, passkey = form.code.data or "", form.passkey.data or ""
    proved: Account | None = account
    if account.kind is AccountKind.STAFF:
        with transaction() as session:
            tried = begin_password(session, account.email or "")
        is_right = verify_password(form.password.data or "", tried.account)
    with transaction() as session:
        if account.kind is AccountKind.STAFF:
            proved = prove_password(session, actor(), tried, is_right=is_right)
        if proved is None:
            form.password.errors = [gettext("That is not the password. Check it, then try again.")]
            return False
        # For a patient or carer the passkey is the only proof there is.
        is_answer_needed = factors.is_any or account.kind is not AccountKind.STAFF
        if is_answer_needed and not answer_second_factor(
            session, actor(), proved, party(), code=code, passkey=passkey
        ):
            form.code.errors = [words_for_wrong_factor(form)]
            return False
        renew_session(session)
        record_proof(session, actor(), proved)
    return True


def _page(form: AgainForm, account: Account, factors: Factors, status: int = 200) -> ResponseReturnValue:
    speak_for_the_only_service()
    is_staff = account.kind is AccountKind.STAFF
    page = render_template(
        "accounts/again.html", form=form, account=account, factors=factors, is_staff=is_staff
    )
    return page, status


def _refuse(form: AgainForm, account: Account, factors: Factors, status: int) -> ResponseReturnValue:
    if not wants_json():
        return _page(form, account, factors, status)
    errors: Mapping[str, object] = form.errors
    field, messages = next(iter(errors.items()), ("", []))
    words = str(messages[0]) if isinstance(messages, list | tuple) and messages else ""
    return jsonify({**error_json("not-proved", words), "field": field}), status


def _times(*, is_seen_now: bool = False) -> dict[str, object]:
    """Of the present sign-in, as ISO 8601; `who` tells a page whether it is still the same person."""
    found = current_sign_in()
    if found is None or found.account_id is None or found.stage is not Stage.SIGNED_IN:
        return {"who": None, "expires_at": None, "ends_at": None, "now": now().isoformat()}
    times = replace(found.times, last_seen_at=now()) if is_seen_now else found.times
    return {
        "who": str(found.account_id),
        "expires_at": times.expires_at.isoformat(),
        "ends_at": times.ends_at.isoformat(),
        # The computer's own clock may be wrong by hours.
        "now": now().isoformat(),
    }
