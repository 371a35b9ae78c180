"""What a clinician does with a row of the list: take a patient of a shared clinic, say that nobody came."""

from uuid import UUID

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from telehealth.booking.services.attendance import TakenByColleague, mark_noshow, undo_noshow
from telehealth.clinic.policies import CLINIC
from telehealth.clinic.routes import bp
from telehealth.clinic.services.shared import leave_to_clinic, take
from telehealth.clinic.take_pages import taken_page
from telehealth.extensions import actor, transaction
from telehealth.guards import guarded

_BASE = "/appointments/<uuid:appointment_id>"


@bp.post(f"{_BASE}/take", endpoint="take")
@guarded(CLINIC)
def take_patient(appointment_id: UUID) -> ResponseReturnValue:
    """With `takes_over` also from a colleague: that was asked on a page of its own."""
    try:
        with transaction() as session:
            take(session, actor(), appointment_id, takes_over="takes_over" in request.form)
    except TakenByColleague as error:
        return taken_page(appointment_id, error)
    return redirect(url_for("clinic.today"), 303)


@bp.get(f"{_BASE}/take-over", endpoint="take_over")
@guarded(CLINIC)
def ask_to_take_over(appointment_id: UUID) -> ResponseReturnValue:
    return taken_page(appointment_id)


@bp.post(f"{_BASE}/give-back", endpoint="give_back")
@guarded(CLINIC)
def give_patient_back(appointment_id: UUID) -> ResponseReturnValue:
    with transaction() as session:
        leave_to_clinic(session, actor(), appointment_id)
    return redirect(url_for("clinic.today"), 303)


@bp.post(f"{_BASE}/did-not-attend", endpoint="mark_noshow")
@guarded(CLINIC)
def mark_as_missed(appointment_id: UUID) -> ResponseReturnValue:
    with transaction() as session:
        mark_noshow(session, actor(), appointment_id, version=_version())
    flash(gettext("Marked as did not attend. Reception is asked to book another time."))
    return redirect(url_for("clinic.today"), 303)


@bp.post(f"{_BASE}/did-attend", endpoint="undo_noshow")
@guarded(CLINIC)
def undo_missed(appointment_id: UUID) -> ResponseReturnValue:
    with transaction() as session:
        undo_noshow(session, actor(), appointment_id, version=_version())
    flash(gettext("The appointment is open again."))
    return redirect(url_for("clinic.today"), 303)


def _version() -> int:
    """0, which no appointment has, for what is no number."""
    text = request.form.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
