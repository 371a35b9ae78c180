"""The services of an organisation: the list, a new one, and what each is called. How they are booked: `/schedules`."""

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from telehealth.accounts.session import require_recent_sign_in
from telehealth.admin.policies import ADMIN
from telehealth.admin.service_forms import NewServiceForm, ServiceForm
from telehealth.admin.services import settings
from telehealth.admin.services.staff import list_own_services
from telehealth.booking.form_fields import show_refusal
from telehealth.booking.schedules.presenters import nation_choices, nation_text
from telehealth.error_pages import message_of
from telehealth.errors import Conflict, InvalidInput, ProofNeeded
from telehealth.extensions import actor, reading, transaction
from telehealth.guards import guarded
from telehealth.page_service import speak_for_the_only_service

bp = Blueprint("admin_services", __name__, url_prefix="/admin/services")


@bp.before_request
def speak() -> None:
    speak_for_the_only_service()


@bp.get("")
@guarded(ADMIN)
def services() -> ResponseReturnValue:
    with reading() as session:
        found = list_own_services(session, actor())
    return render_template("admin/services.html", services=found)


@bp.route("/new", methods=["GET", "POST"])
@guarded(ADMIN)
def add_service() -> ResponseReturnValue:
    form = NewServiceForm()
    form.nation.choices = nation_choices()

    def page(*, is_proof_needed: bool = False) -> str:
        return render_template("admin/new_service.html", form=form, is_proof_needed=is_proof_needed)

    if not form.is_submitted():
        # It gives whoever makes it a role; asked for before anything is typed.
        require_recent_sign_in()
        return page()
    if not form.validate_on_submit():
        return page(), 422
    try:
        require_recent_sign_in()
        with transaction() as session:
            made = settings.add_service(
                session,
                actor(),
                name=form.name.data or "",
                phone=form.phone.data or "",
                nation=form.nation.data or "",
                is_restricted=bool(form.is_restricted.data),
                idempotency_key=form.idempotency_key.data or "",
            )
            service_id = made.id
    except ProofNeeded as error:
        form.form_errors = [message_of(error)]
        return page(is_proof_needed=True), error.status
    except Conflict as error:
        form.name.errors = [message_of(error)]
        return page(), error.status
    except InvalidInput as error:
        show_refusal(form, error, message_of(error))
        return page(), error.status
    flash(gettext("The service is made, and you are its administrator."))
    return redirect(url_for("schedules.overview", service_id=service_id), 303)


@bp.route("/<uuid:service_id>", methods=["GET", "POST"])
@guarded(ADMIN)
def service(service_id: UUID) -> ResponseReturnValue:
    form = ServiceForm()
    with reading() as session:
        found = settings.find_service(session, actor(), service_id)
        title, nation = found.name, nation_text(found.nation)

    def page() -> str:
        return render_template(
            "admin/service.html", form=form, title=title, nation=nation, service_id=service_id
        )

    if not form.is_submitted():
        form.name.data, form.phone.data = found.name, found.phone
        form.is_restricted.data = found.is_restricted
        return page()
    if not form.validate_on_submit():
        return page(), 422
    try:
        with transaction() as session:
            settings.change_service(
                session,
                actor(),
                service_id,
                name=form.name.data or "",
                phone=form.phone.data or "",
                is_restricted=bool(form.is_restricted.data),
            )
    except Conflict as error:
        form.name.errors = [message_of(error)]
        return page(), error.status
    flash(gettext("The service is changed."))
    return redirect(url_for("admin_services.services"), 303)
