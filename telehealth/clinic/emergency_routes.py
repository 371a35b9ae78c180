"""Records in an emergency: opened by a clinician with a reason, and reviewed by an administrator."""

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from telehealth.accounts.services.protection import find_hidden
from telehealth.accounts.session import require_recent_sign_in
from telehealth.audit.services import record_refusal
from telehealth.booking.presenters import patient_card
from telehealth.clinic.emergency_presenters import access_rows, record_entries
from telehealth.clinic.forms import EmergencyForm
from telehealth.clinic.policies import EMERGENCY, EMERGENCY_REVIEW
from telehealth.clinic.services.emergency import grant_access, list_accesses, read_record, review_access
from telehealth.clinic.services.today import own_service
from telehealth.clock import UK, now, uk_today
from telehealth.dates import time_text
from telehealth.error_pages import message_of
from telehealth.errors import InvalidInput, ProofNeeded
from telehealth.extensions import actor, reading, transaction
from telehealth.guards import guarded
from telehealth.page_service import speak_for, speak_for_the_only_service

bp = Blueprint("emergency", __name__)


@bp.route("/clinic/emergency", methods=["GET", "POST"])
@guarded(EMERGENCY)
def ask() -> ResponseReturnValue:
    """Whose record, and why. The proof is asked for first, so that nothing typed is lost to it."""
    form = EmergencyForm()
    with reading() as session:
        speak_for(own_service(session, actor()))
    if not form.is_submitted():
        require_recent_sign_in()
        return render_template("clinic/emergency.html", form=form)
    try:
        require_recent_sign_in()
    except ProofNeeded as error:
        form.reason.errors = [message_of(error)]
        return render_template("clinic/emergency.html", form=form, is_proof_needed=True), error.status
    wanted = form.wanted(uk_today()) if form.validate_on_submit() else None
    if wanted is None:
        return render_template("clinic/emergency.html", form=form), 422
    try:
        with transaction() as session:
            access = grant_access(session, actor(), wanted, form.reason.data or "")
    except InvalidInput as error:
        with transaction() as session:
            # Who tries NHS numbers until one is found leaves a trace of each.
            record_refusal(session, actor(), "emergency.ask")
        getattr(form, error.field or "reason").errors = [message_of(error)]
        return render_template("clinic/emergency.html", form=form), error.status
    return redirect(url_for("emergency.record", access_id=access.id), 303)


@bp.get("/clinic/emergency/<uuid:access_id>")
@guarded(EMERGENCY)
def record(access_id: UUID) -> ResponseReturnValue:
    with transaction() as session:
        service = own_service(session, actor())
        speak_for(service)
        access, entries = read_record(session, actor(), access_id)
        context = {
            "banner": patient_card(access.patient, now(), service.time_zone),
            "until": time_text(access.expires_at, service.time_zone),
            "entries": record_entries(entries, service.time_zone),
        }
    return render_template("clinic/emergency_record.html", **context)


@bp.get("/admin/emergency")
@guarded(EMERGENCY_REVIEW)
def review() -> ResponseReturnValue:
    with reading() as session:
        accesses = list_accesses(session, actor())
        hidden = find_hidden(session, actor(), [access.patient_id for access in accesses])
        rows = access_rows(accesses, hidden, actor(), str(UK))
    speak_for_the_only_service()
    return render_template("clinic/emergency_review.html", rows=rows)


@bp.post("/admin/emergency/<uuid:access_id>/reviewed")
@guarded(EMERGENCY_REVIEW)
def mark_reviewed(access_id: UUID) -> ResponseReturnValue:
    with transaction() as session:
        review_access(session, actor(), access_id)
    flash(gettext("Marked as reviewed."))
    return redirect(url_for("emergency.review"), 303)
