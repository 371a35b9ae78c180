"""A first sign-in, or one after a reset: choose a password, then a second factor, then keep the recovery codes."""

from dataclasses import replace

from flask import abort, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from telehealth.accounts.blueprint import bp, lead_on, local_path, offer_second_factor, party, require_stage
from telehealth.accounts.domain.session import Stage
from telehealth.accounts.factor_pages import app_page, is_app_confirmed, is_passkey_kept, sign_in_id
from telehealth.accounts.models import Account, SetUpPurpose
from telehealth.accounts.services.passkeys import registration_options
from telehealth.accounts.services.password import check_password, hash_password, words_near
from telehealth.accounts.services.second_factor import begin_app, factors_of, make_recovery_codes
from telehealth.accounts.services.set_up import (
    LinkClosed,
    end_other_set_ups,
    find_set_up,
    use_set_up_link,
)
from telehealth.accounts.services.sign_in import actor_from, lock_account, record_sign_in
from telehealth.accounts.session import current_sign_in, open_session
from telehealth.accounts.sign_in_forms import AppCodeForm, NewPasswordForm, PasskeyForm
from telehealth.actor import Actor
from telehealth.error_pages import message_of
from telehealth.errors import InvalidInput
from telehealth.extensions import actor, config, reading, transaction
from telehealth.guards import ANYONE, guarded
from telehealth.page_service import speak_for_the_only_service


@bp.route("/welcome/<token>", methods=["GET", "POST"])
@guarded(ANYONE)
def welcome(token: str) -> ResponseReturnValue:
    """Choose a password. A GET changes nothing: programs that check mails follow links."""
    form = NewPasswordForm()
    speak_for_the_only_service()
    try:
        with reading() as session:
            account, purpose = find_set_up(session, token)
            words = words_near(session, account)
        if request.method != "POST":
            return _password_page(form, account, purpose)
        if not form.validate_on_submit():
            return _password_page(form, account, purpose, 422)
        check_password(form.new_password.data or "", words)
        # Outside any transaction, like every hash.
        password_hash = hash_password(form.new_password.data or "")
        with transaction() as session:
            account = use_set_up_link(session, actor(), token, password_hash)
            has_factor = factors_of(session, account.id).is_any
            # A reset gives no way around the second factor.
            open_session(session, account, Stage.SECOND_FACTOR if has_factor else Stage.SET_UP)
    except LinkClosed as error:
        return render_template("accounts/set_up_refused.html", text=message_of(error)), error.status
    except InvalidInput as error:
        form.new_password.errors = [message_of(error)]
        return _password_page(form, account, purpose, 422)
    return redirect(url_for("accounts.second_factor" if has_factor else "accounts.set_up_factor"), 303)


@bp.get("/sign-in/set-up", endpoint="set_up_factor")
@guarded(ANYONE)
def choose_factor() -> ResponseReturnValue:
    require_stage(Stage.SET_UP)
    return _choice_page(PasskeyForm())


@bp.post("/sign-in/set-up/passkey/options")
@guarded(ANYONE)
def set_up_passkey_options() -> ResponseReturnValue:
    require_stage(Stage.SET_UP)
    with transaction() as session:
        account, _ = _person(session)
        return jsonify(registration_options(session, account, party()))


@bp.post("/sign-in/set-up/passkey")
@guarded(ANYONE)
def set_up_passkey() -> ResponseReturnValue:
    require_stage(Stage.SET_UP)
    form = PasskeyForm()
    if not form.validate_on_submit():
        return _choice_page(form, 422)
    with transaction() as session:
        account, who = _person(session)
        is_kept = is_passkey_kept(session, who, account, form, request.user_agent.string)
        if is_kept:
            end_other_set_ups(session, who)
    if not is_kept:
        return _choice_page(form, 422)
    return redirect(url_for("accounts.set_up_codes", next=_next()), 303)


@bp.route("/sign-in/set-up/app", methods=["GET", "POST"])
@guarded(ANYONE)
def set_up_app() -> ResponseReturnValue:
    """POST makes the secret, GET shows it."""
    account_id = require_stage(Stage.SET_UP)
    if request.method == "POST":
        with transaction() as session:
            begin_app(session, account_id, sign_in_id())
        return redirect(url_for("accounts.set_up_app", next=_next()), 303)
    return _app_page(AppCodeForm())


@bp.post("/sign-in/set-up/app/code")
@guarded(ANYONE)
def set_up_app_code() -> ResponseReturnValue:
    require_stage(Stage.SET_UP)
    form = AppCodeForm()
    if not form.validate_on_submit():
        return _app_page(form, 422)
    with transaction() as session:
        account, who = _person(session)
        is_confirmed = is_app_confirmed(session, who, account.id, form)
        if is_confirmed:
            end_other_set_ups(session, who)
    if not is_confirmed:
        return _app_page(form, 422)
    return redirect(url_for("accounts.set_up_codes", next=_next()), 303)


@bp.route("/sign-in/set-up/codes", methods=["GET", "POST"])
@guarded(ANYONE)
def set_up_codes() -> ResponseReturnValue:
    """POST makes the codes and shows them, this once."""
    account_id = require_stage(Stage.SET_UP)
    codes: list[str] = []
    with transaction() as session:
        if not factors_of(session, account_id).is_any:
            return redirect(url_for("accounts.set_up_factor", next=_next()), 303)
        if request.method == "POST":
            account, who = _person(session)
            codes = make_recovery_codes(session, who, account.id)
    speak_for_the_only_service()
    return render_template("accounts/set_up_codes.html", codes=codes, next=_next())


@bp.post("/sign-in/set-up/finish")
@guarded(ANYONE)
def finish_set_up() -> ResponseReturnValue:
    """In with the new second factor; in the demo also without."""
    account_id = require_stage(Stage.SET_UP)
    with transaction() as session:
        account, _ = _person(session)
        has_factor = factors_of(session, account_id).is_any
        if has_factor or config().is_demo:
            record_sign_in(session, actor(), account)
            open_session(session, account, Stage.SIGNED_IN)
    if not has_factor:
        if not config().is_demo:
            return redirect(url_for("accounts.set_up_factor", next=_next()), 303)
        offer_second_factor()
    return lead_on(_next())


def _person(session: Session) -> tuple[Account, Actor]:
    """The account that is being set up, locked, and its actor: nobody is signed in yet."""
    account = lock_account(session, require_stage(Stage.SET_UP))
    found = current_sign_in()
    if account is None or found is None:
        abort(redirect(url_for("accounts.sign_in"), 303))
    return account, actor_from(account, replace(actor(), session_id=found.session_id))


def _next() -> str | None:
    return local_path(request.values.get("next"))


def _password_page(
    form: NewPasswordForm, account: Account, purpose: SetUpPurpose, status: int = 200
) -> ResponseReturnValue:
    is_first = purpose is SetUpPurpose.FIRST_SIGN_IN
    page = render_template("accounts/welcome.html", form=form, account=account, is_first=is_first)
    return page, status


def _choice_page(form: PasskeyForm, status: int = 200) -> ResponseReturnValue:
    speak_for_the_only_service()
    page = render_template("accounts/set_up_factor.html", form=form, next=_next(), is_demo=config().is_demo)
    return page, status


def _app_page(form: AppCodeForm, status: int = 200) -> ResponseReturnValue:
    return app_page(
        form,
        require_stage(Stage.SET_UP),
        action=url_for("accounts.set_up_app_code", next=_next()),
        back=url_for("accounts.set_up_factor", next=_next()),
        status=status,
    )
