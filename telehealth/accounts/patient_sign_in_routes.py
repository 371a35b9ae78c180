"""Patients and carers sign in: by a link to their e-mail and the date of birth, or with a passkey."""

from flask import Blueprint, jsonify, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import EmailField, HiddenField
from wtforms.validators import InputRequired, Length, ValidationError

from telehealth.accounts.blueprint import local_path, party
from telehealth.accounts.domain.account import AccountKind
from telehealth.accounts.domain.session import Stage
from telehealth.accounts.forms import TEXT_FILTERS, BirthDateForm, PageForm, set_error
from telehealth.accounts.services.contacts import normal_email_or_none
from telehealth.accounts.services.passkeys import assertion_options, verify_assertion
from telehealth.accounts.services.patient_sign_in import (
    find_sign_in_link,
    record_sign_in_of_patient,
    send_sign_in_link,
    sign_in_by_link,
)
from telehealth.accounts.session import open_session
from telehealth.accounts.sign_in_forms import PasskeyForm
from telehealth.clock import now
from telehealth.error_pages import message_of
from telehealth.errors import TooManyTries
from telehealth.extensions import actor, config, reading, transaction
from telehealth.guards import ANYONE, guarded
from telehealth.page_service import speak_for_the_only_service

bp = Blueprint("patient_sign_in", __name__, url_prefix="/my/sign-in")

# The page of `booking`, which stands above this feature.
HOME = "my.appointments"
NEXT = "patient-next"
KINDS = {kind.value: kind for kind in (AccountKind.PATIENT, AccountKind.RELATED)}


class OwnBirthDateForm(BirthDateForm):
    """The date of birth; for somebody who is a patient and acts for others too, also for whom."""

    wanted = HiddenField()


class EmailForm(PageForm):
    email = EmailField(
        _l("Your email address"),
        filters=TEXT_FILTERS,
        validators=[InputRequired(_l("Enter your email address")), Length(max=254)],
    )

    def validate_email(self, field: EmailField) -> None:
        if normal_email_or_none(field.data or "") is None:
            raise ValidationError(str(_l("Enter an email address, for example name@example.com")))


@bp.route("", methods=["GET", "POST"], endpoint="ask")
@guarded(ANYONE)
def ask_for_link() -> ResponseReturnValue:
    form = EmailForm()
    speak_for_the_only_service()
    if request.method != "POST":
        # The link is opened in this browser as a rule: it then leads on to where somebody wanted to go.
        if wanted := local_path(request.args.get("next")):
            session[NEXT] = wanted
        return _ask_page(form)
    if not form.validate_on_submit():
        return _ask_page(form), 422
    try:
        with transaction() as database_session:
            send_sign_in_link(
                database_session, actor(), normal_email_or_none(form.email.data or "") or "", _link_of
            )
    except TooManyTries as error:
        form.email.errors = [message_of(error)]
        return _ask_page(form), error.status
    return redirect(url_for("patient_sign_in.sent"), 303)


@bp.get("/sent")
@guarded(ANYONE)
def sent() -> ResponseReturnValue:
    """The same for everybody: it does not say whether the address is known."""
    speak_for_the_only_service()
    return render_template("accounts/patient_link_sent.html", is_demo=config().is_demo)


@bp.route("/<token>", methods=["GET", "POST"])
@guarded(ANYONE)
def open_link(token: str) -> ResponseReturnValue:
    """A GET changes nothing (mail scanners follow links); the date of birth opens it."""
    form = OwnBirthDateForm()
    speak_for_the_only_service()
    if request.method != "POST":
        with reading() as database_session:
            is_usable = find_sign_in_link(database_session, token) is not None
        return _birth_date_page(form) if is_usable else _refused("over")
    born = form.born(now().date()) if form.validate_on_submit() else None
    if born is None:
        return _birth_date_page(form), 422
    wanted = local_path(session.get(NEXT))
    with transaction() as database_session:
        answer = sign_in_by_link(database_session, actor(), token, born, KINDS.get(form.wanted.data or ""))
        if answer.account is not None:
            open_session(database_session, answer.account, Stage.SIGNED_IN)
    if answer.account is not None:
        return redirect(wanted or url_for(HOME), 303)
    if answer.outcome == "choose":
        return render_template("accounts/patient_choice.html", form=form)
    if answer.outcome == "wrong" and answer.tries_left:
        set_error(
            form.birth_date,
            gettext("That is not the date of birth we have with this email address. Check it and try again."),
        )
        return _birth_date_page(form, answer.tries_left), 422
    return _refused("several" if answer.outcome == "several" else "over")


@bp.post("/passkey/options")
@guarded(ANYONE)
def passkey_options() -> ResponseReturnValue:
    """What the browser needs to ask for a passkey of this service."""
    with transaction() as database_session:
        return jsonify(assertion_options(database_session, None, party()))


@bp.post("/passkey", endpoint="passkey")
@guarded(ANYONE)
def sign_in_with_passkey() -> ResponseReturnValue:
    """A passkey alone signs in a patient or carer: it checks the person (finger, face or PIN)."""
    form, given = EmailForm(), PasskeyForm()
    speak_for_the_only_service()
    wanted = local_path(session.get(NEXT))
    with transaction() as database_session:
        account = verify_assertion(database_session, None, party(), given.passkey.data or "")
        if account is not None:
            record_sign_in_of_patient(database_session, actor(), account)
            open_session(database_session, account, Stage.SIGNED_IN)
    if account is not None:
        return redirect(wanted or url_for(HOME), 303)
    form.email.errors = [gettext("That passkey did not work here. Ask for a link to your email instead.")]
    return _ask_page(form), 422


def _link_of(token: str) -> str:
    # From the settings, not from the request: whoever asks could name another host.
    path = url_for("patient_sign_in.open_link", token=token)
    return config().base_url + path


def _ask_page(form: EmailForm) -> str:
    return render_template("accounts/patient_sign_in.html", form=form, given=PasskeyForm())


def _birth_date_page(form: OwnBirthDateForm, tries_left: int | None = None) -> str:
    return render_template("accounts/patient_birth_date.html", form=form, tries_left=tries_left)


def _refused(why: str) -> ResponseReturnValue:
    return render_template("accounts/patient_link_refused.html", why=why), 410 if why == "over" else 409
