"""Adding an authenticator app or a passkey: the same pages in a first sign-in and later in the account."""

from uuid import UUID

import segno
from flask import redirect, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from telehealth.accounts.blueprint import party
from telehealth.accounts.domain.totp import spaced
from telehealth.accounts.models import Account
from telehealth.accounts.security_presenters import passkey_name
from telehealth.accounts.services.passkeys import register_passkey
from telehealth.accounts.services.second_factor import app_address, confirm_app, find_new_secret
from telehealth.accounts.session import current_sign_in
from telehealth.accounts.sign_in_forms import AppCodeForm, PasskeyForm
from telehealth.actor import Actor
from telehealth.error_pages import message_of
from telehealth.errors import InvalidInput
from telehealth.extensions import config, reading
from telehealth.page_service import speak_for_the_only_service


def sign_in_id() -> UUID | None:
    """The sign-in of this browser, also an unfinished one."""
    found = current_sign_in()
    return found.session_id if found else None


def app_page(
    form: AppCodeForm, account_id: UUID, *, action: str, back: str, status: int = 200
) -> ResponseReturnValue:
    """The QR code and the field for its first code. Nothing to scan: back to where it is begun."""
    with reading() as session:
        secret = find_new_secret(session, account_id, sign_in_id())
        account = session.get_one(Account, account_id)
    if secret is None:
        return redirect(back, 303)
    name = account.email or account.display_name
    address = app_address(secret, account_name=name, issuer=config().service_name)
    speak_for_the_only_service()
    page = render_template(
        "accounts/add_app.html",
        form=form,
        picture=segno.make_qr(address, error="m").svg_data_uri(scale=5, border=3),
        key=spaced(secret),
        account_name=name,
        action=action,
        back=back,
    )
    return page, status


def is_app_confirmed(session: Session, who: Actor, account_id: UUID, form: AppCodeForm) -> bool:
    """Take the app into use; sets the form's error where the code is wrong."""
    try:
        confirm_app(session, who, account_id, form.code.data or "", sign_in_id())
    except InvalidInput as error:
        form.code.errors = [message_of(error)]
        return False
    return True


def is_passkey_kept(session: Session, who: Actor, account: Account, form: PasskeyForm, browser: str) -> bool:
    """Keep the passkey that the browser made; sets the form's error where it is not accepted."""
    name = form.name.data or passkey_name(browser)
    if form.passkey.data and register_passkey(session, who, account, party(), form.passkey.data, name):
        return True
    form.name.errors = [
        gettext("The passkey was not kept. Try again; if it fails again, use another device or an app.")
    ]
    return False
