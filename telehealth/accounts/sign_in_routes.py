"""Staff sign in: the password first, then the second factor."""

from flask import jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from telehealth.accounts.blueprint import bp, lead_on, local_path, offer_second_factor, party, require_stage
from telehealth.accounts.domain.session import Stage
from telehealth.accounts.services.passkeys import assertion_options
from telehealth.accounts.services.second_factor import Factors, factors_of
from telehealth.accounts.services.sign_in import (
    answer_second_factor,
    begin_password,
    finish_password,
    lock_account,
    record_sign_in,
    verify_password,
)
from telehealth.accounts.session import current_sign_in, open_session
from telehealth.accounts.sign_in_forms import SecondFactorForm, SignInForm
from telehealth.clock import now
from telehealth.error_pages import message_of
from telehealth.errors import NotSignedIn, TooManyTries
from telehealth.extensions import actor, config, reading, transaction
from telehealth.guards import ANYONE, guarded
from telehealth.page_service import speak_for_the_only_service


@bp.route("/sign-in", methods=["GET", "POST"])
@guarded(ANYONE)
def sign_in() -> ResponseReturnValue:
    form = SignInForm()
    if request.method != "POST":
        form.next.data = request.args.get("next", "")
        return _password_page(form)
    if not form.validate_on_submit():
        return _password_page(form, 422)
    try:
        with transaction() as session:
            tried = begin_password(session, form.email.data or "")
    except TooManyTries as error:
        form.password.errors = [message_of(error)]
        return _password_page(form, error.status)
    # Outside any transaction: a hash takes a tenth of a second, and writers would queue behind it.
    is_right = verify_password(form.password.data or "", tried.account)
    with transaction() as session:
        let_in = finish_password(
            session, actor(), tried, is_right=is_right, is_factor_forced=not config().is_demo
        )
        if let_in is not None:
            open_session(session, *let_in)
    if let_in is None:
        form.password.errors = [
            gettext("The email address or the password is not right. Check both, then try again.")
        ]
        return _password_page(form, 422)
    _, stage = let_in
    wanted = local_path(form.next.data)
    if stage is Stage.SECOND_FACTOR:
        return redirect(url_for("accounts.second_factor", next=wanted), 303)
    if stage is Stage.SET_UP:
        return redirect(url_for("accounts.set_up_factor", next=wanted), 303)
    offer_second_factor()
    return lead_on(wanted)


@bp.route("/sign-in/second-factor", methods=["GET", "POST"])
@guarded(ANYONE)
def second_factor() -> ResponseReturnValue:
    account_id = require_stage(Stage.SECOND_FACTOR)
    form = SecondFactorForm()
    with reading() as session:
        factors = factors_of(session, account_id)
    if request.method != "POST":
        form.next.data = request.args.get("next", "")
        return _factor_page(form, factors)
    if not (form.validate_on_submit() and form.require_answer()):
        return _factor_page(form, factors, 422)
    try:
        with transaction() as session:
            account = lock_account(session, account_id)
            is_right = account is not None and answer_second_factor(
                session,
                actor(),
                account,
                party(),
                code=form.code.data or "",
                passkey=form.passkey.data or "",
            )
            if account is not None and is_right:
                record_sign_in(session, actor(), account)
                open_session(session, account, Stage.SIGNED_IN)
    except TooManyTries as error:
        form.code.errors = [message_of(error)]
        return _factor_page(form, factors, error.status)
    if not is_right:
        form.code.errors = [words_for_wrong_factor(form)]
        return _factor_page(form, factors, 422)
    return lead_on(form.next.data)


@bp.post("/sign-in/passkey/options")
@guarded(ANYONE)
def passkey_options() -> ResponseReturnValue:
    """For the second factor, and for proving again who somebody is. Says nothing without a sign-in."""
    found = current_sign_in()
    is_unfinished = found is not None and found.stage is Stage.SECOND_FACTOR
    if found is None or found.account_id is None or found.stage is Stage.SET_UP:
        raise NotSignedIn
    if is_unfinished and found.times.is_expired(now()):
        raise NotSignedIn
    with transaction() as session:
        account = lock_account(session, found.account_id)
        if account is None:
            raise NotSignedIn
        return jsonify(assertion_options(session, account, party()))


def words_for_wrong_factor(form: SecondFactorForm) -> str:
    if form.passkey.data:
        return gettext("That passkey was not accepted. Try again, or use a code.")
    return gettext("That code is not right, or it was used already. Enter the code that your app shows now.")


def _password_page(form: SignInForm, status: int = 200) -> ResponseReturnValue:
    speak_for_the_only_service()
    return render_template("accounts/sign_in.html", form=form), status


def _factor_page(form: SecondFactorForm, factors: Factors, status: int = 200) -> ResponseReturnValue:
    speak_for_the_only_service()
    return render_template("accounts/second_factor.html", form=form, factors=factors), status
