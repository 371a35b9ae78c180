"""Patients with an account change their own phone number or e-mail: asked for, proved with a code, then in use."""

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session
from wtforms import RadioField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import InputRequired, Length

from telehealth.accounts.domain.contact import mask_email, mask_phone
from telehealth.accounts.forms import TEXT_FILTERS, PageForm
from telehealth.accounts.models import ContactChange, ContactKind, Patient, Verification
from telehealth.accounts.policies import OWN_DETAILS
from telehealth.accounts.services.contact_changes import (
    find_pending,
    get_change,
    request_contact_change,
    send_code,
    verify_contact_change,
)
from telehealth.accounts.services.contacts import e164, normal_email_or_none
from telehealth.error_pages import message_of
from telehealth.errors import DomainError, NotFound
from telehealth.extensions import actor, reading, transaction
from telehealth.guards import guarded

bp = Blueprint("contact", __name__, url_prefix="/my/details")

# The page of `booking`, which stands above this feature.
DETAILS_PAGE = "/my/details"


class OwnContactForm(PageForm):
    kind = RadioField(
        _l("What has changed?"),
        choices=[
            SelectChoice(ContactKind.PHONE.value, _l("My phone number")),
            SelectChoice(ContactKind.EMAIL.value, _l("My email address")),
        ],
        validators=[InputRequired(_l("Choose what has changed"))],
    )
    value = StringField(
        _l("Your new phone number or email address"),
        filters=TEXT_FILTERS,
        validators=[InputRequired(_l("Enter the new phone number or email address")), Length(max=254)],
    )

    def wanted(self) -> tuple[ContactKind, str] | None:
        """Kind and normal value, or None with the errors set."""
        if not self.validate_on_submit():
            return None
        kind = ContactKind(self.kind.data)
        typed = self.value.data or ""
        value = e164(typed) if kind is ContactKind.PHONE else normal_email_or_none(typed)
        if value:
            return kind, value
        self.value.errors = [
            _l("Enter a phone number, for example 07700 900123")
            if kind is ContactKind.PHONE
            else _l("Enter an email address, for example name@example.com")
        ]
        return None


class CodeForm(PageForm):
    code = StringField(
        _l("The code"), filters=TEXT_FILTERS, validators=[InputRequired(_l("Enter the code")), Length(max=20)]
    )


@bp.route("/change", methods=["GET", "POST"])
@guarded(OWN_DETAILS)
def change() -> ResponseReturnValue:
    form = OwnContactForm()
    if not form.is_submitted():
        return render_template("accounts/change_contact.html", form=form)
    wanted = form.wanted()
    if wanted is None:
        return render_template("accounts/change_contact.html", form=form), 422
    try:
        with transaction() as session:
            made = request_contact_change(session, actor(), _own(session), *wanted)
            send_code(session, actor(), made)
    except NotFound:
        raise
    except DomainError as error:
        form.value.errors = [message_of(error)]
        return render_template("accounts/change_contact.html", form=form), error.status
    return redirect(url_for("contact.verify", change_id=made.id), 303)


@bp.route("/change/<uuid:change_id>", methods=["GET", "POST"])
@guarded(OWN_DETAILS)
def verify(change_id: UUID) -> ResponseReturnValue:
    form = CodeForm()
    if not form.is_submitted():
        return _verify_page(form, change_id)
    if not form.validate_on_submit():
        return _verify_page(form, change_id), 422
    try:
        with transaction() as session:
            wanted = get_change(session, actor(), _own(session), change_id)
            is_done = verify_contact_change(session, actor(), wanted, Verification.CODE, form.code.data)
    except NotFound:
        raise
    except DomainError as error:
        form.code.errors = [message_of(error)]
        return _verify_page(form, change_id), error.status
    if not is_done:
        form.code.errors = [gettext("That is not the code that we sent. Check it and try again.")]
        return _verify_page(form, change_id), 422
    flash(gettext("Your new contact is in use. Links and messages go there from now on."))
    return redirect(DETAILS_PAGE, 303)


@bp.post("/change/<uuid:change_id>/code", endpoint="send_code")
@guarded(OWN_DETAILS)
def send_another_code(change_id: UUID) -> ResponseReturnValue:
    with transaction() as session:
        send_code(session, actor(), get_change(session, actor(), _own(session), change_id))
    flash(gettext("A new code is on its way. The old one does not work any more."))
    return redirect(url_for("contact.verify", change_id=change_id), 303)


def _own(session: Session) -> Patient:
    """The signed-in patient. Raises NotFound."""
    patient = session.get(Patient, actor().patient_id) if actor().patient_id else None
    if patient is None:
        raise NotFound
    return patient


def _verify_page(form: CodeForm, change_id: UUID) -> str:
    with reading() as session:
        waiting = {each.id: each for each in find_pending(session, _own(session).id)}
        if change_id not in waiting:
            raise NotFound
        shown = _masked(waiting[change_id])
    return render_template("accounts/verify_contact.html", form=form, shown=shown, change_id=change_id)


def _masked(wanted: ContactChange) -> str:
    return mask_phone(wanted.value) if wanted.kind is ContactKind.PHONE else mask_email(wanted.value)
