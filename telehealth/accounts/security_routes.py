"""Somebody's own sign-in: password, second factors, and the browsers in which they are signed in."""

from uuid import UUID

from flask import flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from telehealth.accounts.blueprint import bp, party
from telehealth.accounts.factor_pages import app_page, is_app_confirmed, is_passkey_kept, sign_in_id
from telehealth.accounts.models import Account
from telehealth.accounts.policies import SIGNED_IN, STAFF
from telehealth.accounts.security_presenters import present_security
from telehealth.accounts.services.passkeys import list_passkeys, registration_options, rename_passkey
from telehealth.accounts.services.password import check_password, hash_password, set_password, words_near
from telehealth.accounts.services.second_factor import (
    begin_app,
    factors_of,
    make_recovery_codes,
    remove_app,
    remove_own_passkey,
)
from telehealth.accounts.services.security import find_tries, list_own_sessions
from telehealth.accounts.services.sessions import end_session, end_sessions_of
from telehealth.accounts.services.sign_in import begin_password, lock_account, prove_password, verify_password
from telehealth.accounts.session import renew_token, require_recent_sign_in
from telehealth.accounts.sign_in_forms import AppCodeForm, ChangePasswordForm, PasskeyForm, PasskeyNameForm
from telehealth.error_pages import message_of
from telehealth.errors import InvalidInput, NotFound, TooManyTries
from telehealth.extensions import actor, config, reading, transaction
from telehealth.guards import guarded
from telehealth.page_service import speak_for_the_only_service


@bp.get("/account")
@guarded(SIGNED_IN)
def account() -> ResponseReturnValue:
    with reading() as session:
        own = session.get_one(Account, _own_id())
        page = present_security(
            own,
            factors_of(session, own.id),
            list_passkeys(session, own.id),
            list_own_sessions(session, own, actor().session_id),
            find_tries(session, own),
            is_demo=config().is_demo,
        )
    speak_for_the_only_service()
    return render_template("accounts/account.html", page=page)


@bp.route("/account/password", methods=["GET", "POST"])
@guarded(STAFF)
def change_password() -> ResponseReturnValue:
    form = ChangePasswordForm()
    if request.method != "POST":
        form.end_others.data = True
        return _password_page(form)
    if not form.validate_on_submit():
        return _password_page(form, 422)
    typed = form.new_password.data or ""
    with reading() as session:
        own = session.get_one(Account, _own_id())
        words = words_near(session, own)
    try:
        check_password(typed, words)
        with transaction() as session:
            tried = begin_password(session, own.email or "")
    except InvalidInput as error:
        form.new_password.errors = [message_of(error)]
        return _password_page(form, error.status)
    except TooManyTries as error:
        form.password.errors = [message_of(error)]
        return _password_page(form, error.status)
    is_right = verify_password(form.password.data or "", tried.account)
    new_hash = hash_password(typed) if is_right else ""
    with transaction() as session:
        proved = prove_password(session, actor(), tried, is_right=is_right)
        if proved is not None:
            set_password(session, actor(), proved.id, new_hash, ends_others=bool(form.end_others.data))
            # A copy of this browser's cookie ends too. The password alone is no proof where there is a second step.
            renew_token(session)
    if proved is None:
        form.password.errors = [gettext("That is not your present password. Check it, then try again.")]
        return _password_page(form, 422)
    flash(gettext("Your password is changed."))
    return _back()


@bp.route("/account/passkeys", methods=["GET", "POST"])
@guarded(SIGNED_IN)
def add_passkey() -> ResponseReturnValue:
    require_recent_sign_in()
    form = PasskeyForm()
    if request.method != "POST":
        return _passkey_page(form)
    if not form.validate_on_submit():
        return _passkey_page(form, 422)
    with transaction() as session:
        is_kept = is_passkey_kept(session, actor(), _locked(session), form, request.user_agent.string)
        codes_left = factors_of(session, _own_id()).recovery_codes
    if not is_kept:
        return _passkey_page(form, 422)
    flash(gettext("The passkey is added."))
    return _codes_or_back(codes_left)


@bp.post("/account/passkeys/options")
@guarded(SIGNED_IN)
def own_passkey_options() -> ResponseReturnValue:
    require_recent_sign_in()
    with transaction() as session:
        return jsonify(registration_options(session, _locked(session), party()))


@bp.route("/account/passkeys/<uuid:passkey_id>/name", methods=["GET", "POST"])
@guarded(SIGNED_IN)
def name_passkey(passkey_id: UUID) -> ResponseReturnValue:
    form = PasskeyNameForm()
    with reading() as session:
        found = {key.id: key.name for key in list_passkeys(session, _own_id())}
    if passkey_id not in found:
        raise NotFound
    if request.method != "POST":
        form.name.data = found[passkey_id]
    elif form.validate_on_submit():
        with transaction() as session:
            rename_passkey(session, _own_id(), passkey_id, form.name.data or "")
        return _back()
    speak_for_the_only_service()
    page = render_template("accounts/name_passkey.html", form=form, passkey_id=passkey_id)
    return page, 422 if request.method == "POST" else 200


@bp.post("/account/passkeys/<uuid:passkey_id>/remove")
@guarded(SIGNED_IN)
def drop_passkey(passkey_id: UUID) -> ResponseReturnValue:
    require_recent_sign_in()
    with transaction() as session:
        remove_own_passkey(session, actor(), _locked(session), passkey_id, may_be_last=config().is_demo)
    flash(gettext("The passkey is removed."))
    return _back()


@bp.route("/account/app", methods=["GET", "POST"])
@guarded(STAFF)
def add_app() -> ResponseReturnValue:
    """POST makes the secret, GET shows it."""
    require_recent_sign_in()
    if request.method == "POST":
        with transaction() as session:
            begin_app(session, _own_id(), sign_in_id())
        return redirect(url_for("accounts.add_app"), 303)
    return _app_page(AppCodeForm())


@bp.post("/account/app/code")
@guarded(STAFF)
def confirm_own_app() -> ResponseReturnValue:
    require_recent_sign_in()
    form = AppCodeForm()
    if not form.validate_on_submit():
        return _app_page(form, 422)
    with transaction() as session:
        is_confirmed = is_app_confirmed(session, actor(), _locked(session).id, form)
        codes_left = factors_of(session, _own_id()).recovery_codes
    if not is_confirmed:
        return _app_page(form, 422)
    flash(gettext("The authenticator app is set up."))
    return _codes_or_back(codes_left)


@bp.post("/account/app/remove")
@guarded(STAFF)
def drop_app() -> ResponseReturnValue:
    require_recent_sign_in()
    with transaction() as session:
        remove_app(session, actor(), _locked(session), may_be_last=config().is_demo)
    flash(gettext("The authenticator app is removed."))
    return _back()


@bp.route("/account/recovery-codes", methods=["GET", "POST"])
@guarded(STAFF)
def recovery_codes() -> ResponseReturnValue:
    """POST makes new codes and shows them, this once."""
    require_recent_sign_in()
    codes: list[str] = []
    with transaction() as session:
        if not factors_of(session, _own_id()).is_any:
            return _back()
        if request.method == "POST":
            codes = make_recovery_codes(session, actor(), _locked(session).id)
    speak_for_the_only_service()
    return render_template("accounts/recovery_codes.html", codes=codes)


@bp.post("/account/sessions/<uuid:session_id>/end")
@guarded(SIGNED_IN)
def end_own_session(session_id: UUID) -> ResponseReturnValue:
    with transaction() as session:
        end_session(session, actor(), session_id, account_id=_own_id(), reason="revoked")
    flash(gettext("That browser is signed out."))
    return _back()


@bp.post("/account/sessions/end-others")
@guarded(SIGNED_IN)
def end_other_sessions() -> ResponseReturnValue:
    with transaction() as session:
        end_sessions_of(session, actor(), _own_id(), reason="revoked", but=actor().session_id)
    flash(gettext("All other browsers are signed out."))
    return _back()


def _own_id() -> UUID:
    account_id = actor().account_id
    if account_id is None:
        raise NotFound
    return account_id


def _locked(session: Session) -> Account:
    found = lock_account(session, _own_id())
    if found is None:
        raise NotFound
    return found


def _back() -> ResponseReturnValue:
    return redirect(url_for("accounts.account"), 303)


def _codes_or_back(codes_left: int) -> ResponseReturnValue:
    """With a first factor come the codes for the day on which it is lost."""
    if codes_left or not actor().is_staff:
        return _back()
    return redirect(url_for("accounts.recovery_codes"), 303)


def _password_page(form: ChangePasswordForm, status: int = 200) -> ResponseReturnValue:
    speak_for_the_only_service()
    return render_template("accounts/change_password.html", form=form), status


def _passkey_page(form: PasskeyForm, status: int = 200) -> ResponseReturnValue:
    speak_for_the_only_service()
    return render_template("accounts/add_passkey.html", form=form), status


def _app_page(form: AppCodeForm, status: int = 200) -> ResponseReturnValue:
    return app_page(
        form,
        _own_id(),
        action=url_for("accounts.confirm_own_app"),
        back=url_for("accounts.account"),
        status=status,
    )
