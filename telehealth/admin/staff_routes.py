"""An administrator's first page, and staff. Changes of somebody's rights ask for a recent sign-in."""

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from telehealth.accounts.models import Account, ContactKind
from telehealth.accounts.services.notices import Notice, NoticeKind, send_notice
from telehealth.accounts.session import require_recent_sign_in
from telehealth.admin.policies import ADMIN
from telehealth.admin.services import staff
from telehealth.admin.services.overview import find_use
from telehealth.admin.staff_forms import FactorForm, NewStaffForm, RolesForm, role_choices
from telehealth.admin.staff_presenters import member_page, staff_rows
from telehealth.error_pages import message_of
from telehealth.errors import Conflict, InvalidInput, ProofNeeded
from telehealth.extensions import actor, config, reading, transaction
from telehealth.guards import guarded
from telehealth.page_service import speak_for_the_only_service

bp = Blueprint("admin", __name__, url_prefix="/admin")


@bp.before_request
def speak() -> None:
    speak_for_the_only_service()


@bp.get("")
@guarded(ADMIN)
def home() -> ResponseReturnValue:
    return render_template("admin/home.html")


@bp.get("/staff", endpoint="staff")
@guarded(ADMIN)
def list_staff() -> ResponseReturnValue:
    query = request.args.get("q", "").replace("\x00", "").strip()[:100]
    with reading() as session:
        accounts = staff.list_staff(session, actor(), query)
        use = find_use(session, [account.id for account in accounts])
        rows = staff_rows(accounts, staff.list_own_services(session, actor()), use)
    return render_template("admin/staff.html", rows=rows, query=query)


@bp.route("/staff/new", methods=["GET", "POST"])
@guarded(ADMIN)
def add_staff() -> ResponseReturnValue:
    form = NewStaffForm()
    # Asked for before anything is typed.
    require_recent_sign_in()
    if not form.is_submitted():
        return _new_staff_page(form)
    if not form.validate_on_submit():
        return _new_staff_page(form), 422
    try:
        with transaction() as session:
            account, token = staff.add_staff(session, actor(), form.new_staff())
            link = _hand_over(session, account, token)
    except (Conflict, InvalidInput) as error:
        field = form.email if error.code == "email-taken" else form.roles
        field.errors = [message_of(error)]
        return _new_staff_page(form), error.status
    return render_template("admin/set_up_link.html", name=account.display_name, id=account.id, link=link)


@bp.get("/staff/<uuid:account_id>")
@guarded(ADMIN)
def member(account_id: UUID) -> ResponseReturnValue:
    return _member_page(account_id)


@bp.post("/staff/<uuid:account_id>/roles")
@guarded(ADMIN)
def change_roles(account_id: UUID) -> ResponseReturnValue:
    form = RolesForm()
    if not form.validate_on_submit():
        return _member_page(account_id, roles=form), 422
    try:
        require_recent_sign_in()
        with transaction() as session:
            staff.change_roles(session, actor(), account_id, form.held(), version=form.version.data or 0)
    except (Conflict, InvalidInput, ProofNeeded) as error:
        form.roles.errors = [message_of(error)]
        is_proof_needed = isinstance(error, ProofNeeded)
        return _member_page(account_id, roles=form, is_proof_needed=is_proof_needed), error.status
    flash(gettext("The roles are changed. They hold from the next page on."))
    return _back(account_id)


@bp.post("/staff/<uuid:account_id>/active")
@guarded(ADMIN)
def set_active(account_id: UUID) -> ResponseReturnValue:
    require_recent_sign_in()
    is_active = request.form.get("is_active") == "1"
    try:
        with transaction() as session:
            staff.set_active(session, actor(), account_id, is_active=is_active)
    except Conflict as error:
        return _member_page(account_id, problem=message_of(error)), error.status
    flash(
        gettext("The account is enabled.")
        if is_active
        else gettext("The account is disabled and signed out.")
    )
    return _back(account_id)


@bp.post("/staff/<uuid:account_id>/password")
@guarded(ADMIN)
def reset_password(account_id: UUID) -> ResponseReturnValue:
    require_recent_sign_in()
    with transaction() as session:
        account, token = staff.reset_password(session, actor(), account_id)
        link = _hand_over(session, account, token)
    return render_template("admin/set_up_link.html", name=account.display_name, id=account.id, link=link)


@bp.post("/staff/<uuid:account_id>/second-factor")
@guarded(ADMIN)
def remove_second_factor(account_id: UUID) -> ResponseReturnValue:
    form = FactorForm()
    if not form.validate_on_submit():
        return _member_page(account_id, factor=form), 422
    try:
        require_recent_sign_in()
        with transaction() as session:
            staff.remove_second_factor(session, actor(), account_id, reason=form.reason.data or "")
    except ProofNeeded as error:
        form.reason.errors = [message_of(error)]
        return _member_page(account_id, factor=form, is_proof_needed=True), error.status
    flash(gettext("The second step is removed. They set up a new one when they sign in next."))
    return _back(account_id)


@bp.post("/staff/<uuid:account_id>/sessions/<uuid:session_id>/end")
@guarded(ADMIN)
def end_session(account_id: UUID, session_id: UUID) -> ResponseReturnValue:
    with transaction() as session:
        staff.end_member_session(session, actor(), account_id, session_id)
    flash(gettext("That browser is signed out."))
    return _back(account_id)


@bp.post("/staff/<uuid:account_id>/sessions/end")
@guarded(ADMIN)
def end_sessions(account_id: UUID) -> ResponseReturnValue:
    with transaction() as session:
        staff.end_member_sessions(session, actor(), account_id)
    flash(gettext("All browsers of this person are signed out."))
    return _back(account_id)


def _hand_over(session: Session, account: Account, token: str) -> str:
    """Send the link to the person's own e-mail; it is shown once too, to be handed over."""
    link = config().base_url + url_for("accounts.welcome", token=token)
    send_notice(
        session,
        Notice(
            kind=NoticeKind.SET_UP_LINK,
            organisation_id=account.organisation_id,
            channel=ContactKind.EMAIL,
            to=account.email or "",
            values={"link": link},
        ),
    )
    return link


def _new_staff_page(form: NewStaffForm) -> str:
    with reading() as session:
        groups = role_choices(staff.list_own_services(session, actor()), form.roles.data or [])
    return render_template("admin/new_staff.html", form=form, groups=groups)


def _member_page(
    account_id: UUID,
    *,
    roles: RolesForm | None = None,
    factor: FactorForm | None = None,
    problem: str = "",
    is_proof_needed: bool = False,
) -> str:
    with reading() as session:
        found = staff.find_member(session, actor(), account_id)
        own_services = staff.list_own_services(session, actor())
    page = member_page(found, own_services, actor())
    chosen = roles.roles.data or [] if roles is not None else page["held"]
    return render_template(
        "admin/member.html",
        member=page,
        groups=role_choices(own_services, chosen),
        roles_form=roles,
        factor_form=factor or FactorForm(),
        problem=problem,
        is_proof_needed=is_proof_needed,
    )


def _back(account_id: UUID) -> ResponseReturnValue:
    return redirect(url_for("admin.member", account_id=account_id), 303)
