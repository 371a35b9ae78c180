"""Reception books on top of another appointment: an act of a named person, with a reason."""

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from telehealth.accounts.models import HealthcareService
from telehealth.accounts.services.patients import get_patient
from telehealth.booking.code_texts import emergency_text
from telehealth.booking.desk.booking_forms import OverbookForm
from telehealth.booking.desk.booking_presenters import type_text
from telehealth.booking.desk.booking_service import booking_service
from telehealth.booking.desk.kept_times import kept_contexts
from telehealth.booking.desk.refusal_presenters import Problem, obstacle_lines, shown_appointments
from telehealth.booking.desk.routes import bp, known_patient_card, record_opening
from telehealth.booking.desk.time_search import TimeSearch, read_search
from telehealth.booking.desk.told import told_text
from telehealth.booking.domain.appointment import Change, Mode
from telehealth.booking.form_fields import fill_date, read_key, show_refusal
from telehealth.booking.policies import DESK
from telehealth.booking.presenters import mode_text
from telehealth.booking.services.booking import FARTHEST
from telehealth.booking.services.claims import PatientBusy
from telehealth.booking.services.desk_holds import list_kept_for_patient, release_kept_for_patient
from telehealth.booking.services.explanations import Reason, ReasonCode
from telehealth.booking.services.follow_up_work import list_patients_follow_ups
from telehealth.booking.services.links import make_link
from telehealth.booking.services.overbooking import (
    NO_SCHEDULE,
    OverbookRequest,
    is_free,
    is_in_session,
    overbook_appointment,
    refuse_lacking_skill,
)
from telehealth.booking.services.refusals import see_obstacles
from telehealth.clock import now
from telehealth.error_pages import message_of
from telehealth.errors import Conflict, InvalidInput
from telehealth.extensions import actor, reading, transaction
from telehealth.guards import guarded


@bp.route("/patients/<uuid:patient_id>/overbook", methods=["GET", "POST"])
@guarded(DESK)
def overbook(patient_id: UUID) -> ResponseReturnValue:
    form = OverbookForm()
    if request.method != "POST":
        return _page(form, patient_id)
    form.fill_choices()
    wish = _wish(form, patient_id)
    if wish is None:
        return _page(form, patient_id), 422
    if not _is_for_overbooking(wish, form):
        return _page(form, patient_id), 422
    with transaction() as session:
        release_kept_for_patient(session, actor(), patient_id)
    try:
        with transaction() as session:
            appointment = overbook_appointment(session, actor(), wish)
            make_link(session, appointment)
            told = told_text(session, appointment, Change.OVERBOOKED)
    except InvalidInput as error:
        field = "clock" if error.field == "starts_at" else error.field
        show_refusal(form, InvalidInput(error.code, error.message, field=field), message_of(error))
        return _page(form, patient_id), error.status
    except Conflict as error:
        return _page(form, patient_id, _problem(error)), error.status
    flash(
        gettext(
            "The appointment is booked on top of another one. Your name and reason stand with it. %(told)s",
            told=told,
        )
        if told
        else gettext("The appointment is booked on top of another one. Your name and reason stand with it.")
    )
    return redirect(url_for("booking.appointment", appointment_id=appointment.id), 303)


def _wish(form: OverbookForm, patient_id: UUID) -> OverbookRequest | None:
    """What was typed; None with an error beside each field that is to blame."""
    with transaction() as session:
        service = booking_service(session)
        search = read_search(session, service)
    starts_at: datetime | None = form.starts_at(ZoneInfo(service.time_zone))
    errors_of_time = (list(form.day.form.day.errors), list(form.clock.errors))
    is_complete = form.is_complete()
    form.day.form.day.errors, form.clock.errors = errors_of_time
    owner_id = read_key(form.owner.data)
    if owner_id not in search.owners.names:
        form.owner.errors = [gettext("Choose with whom")]
        owner_id = None
    type_ = next((each for each in search.types if str(each.id) == form.type.data), None)
    if type_ is None:
        form.type.errors = [gettext("Choose the appointment type")]
    mode = next((each for each in Mode if each.value == form.mode.data), None)
    if mode is None or (type_ is not None and mode not in type_.modes):
        form.mode.errors = [gettext("Choose a way that this appointment type offers")]
        mode = None
    if not form.note.data:
        form.note.errors = [gettext("Enter why you book on top of another appointment.")]
        is_complete = False
    if not is_complete or starts_at is None or owner_id is None or type_ is None or mode is None:
        return None
    is_clinic = owner_id in search.owners.clinics
    return OverbookRequest(
        patient_id=patient_id,
        service_id=service.id,
        appointment_type_id=type_.id,
        mode=mode,
        starts_at=starts_at,
        note=form.note.data or "",
        idempotency_key=form.idempotency_key.data or "",
        practitioner_id=None if is_clinic else owner_id,
        shared_clinic_id=owner_id if is_clinic else None,
        reason=form.reason.data or "",
        is_confidential=bool(form.is_confidential.data),
        interpreter_language=form.interpreter_language.data or "",
        interpreter_joins=form.joins(),
        follow_up_id=form.follow_up_id(),
        is_for_no_request=form.is_for_no_request(),
    )


def _is_for_overbooking(wish: OverbookRequest, form: OverbookForm) -> bool:
    """False with an error beside the field: for a free time, for somebody without the skill that the type needs, and
    for a time outside the sessions until that is agreed.
    """
    if abs(wish.starts_at - now()) >= FARTHEST:
        # Refused with words of its own.
        return True
    with reading() as session:
        service = booking_service(session)
        try:
            refuse_lacking_skill(session, service, wish)
        except InvalidInput as error:
            show_refusal(form, error, message_of(error))
            return False
        kept = list_kept_for_patient(session, actor(), wish.patient_id)
        if is_free(session, service, wish, own_hold=kept[0].id if kept else None):
            form.clock.errors = [gettext("This time is free. Go back to the free times and book it there.")]
            return False
        if not form.is_outside.data and not is_in_session(session, service, wish):
            form.is_outside.errors = [
                gettext(
                    "There is no session then. Check the day and the time, and tick this if they are right"
                )
            ]
            return False
    return True


def _page(form: OverbookForm, patient_id: UUID, problem: Problem | None = None) -> str:
    with transaction() as session:
        service = booking_service(session)
        patient = get_patient(session, actor(), patient_id)
        record_opening(session, "booking.opened", patient.id, service.id)
        found = list_patients_follow_ups(session, actor(), patient.id)
        requests = [each for each in found if each.service_id == service.id]
        search = read_search(session, service, requests=requests)
        form.fill_choices(requests)
        _fill(form, search)
        if request.method != "POST":
            form.offer(patient.interpreter_language, requests, search.follow_up_id)
            form.owner.data = str(search.owner_id or "")
            form.type.data = str(search.type.id) if search.type else ""
            form.mode.data = search.mode.value
            fill_date(form.day, search.from_date or now().astimezone(ZoneInfo(service.time_zone)).date())
        kept = kept_contexts(session, list_kept_for_patient(session, actor(), patient.id))
        card = known_patient_card(session, patient, service)
    return render_template(
        "booking/overbook.html",
        kept=kept,
        form=form,
        patient=card,
        problem=problem,
        has_requests=bool(requests),
        emergency_text=emergency_text(service),
    )


def _fill(form: OverbookForm, search: TimeSearch) -> None:
    form.owner.choices = [
        ("", gettext("Choose with whom")),
        *((str(key), name) for key, name in search.owners.names.items()),
    ]
    form.type.choices = [(str(each.id), type_text(each)) for each in search.types]
    offered = {mode for type_ in search.types for mode in type_.modes}
    form.mode.choices = [(mode.value, mode_text(mode)) for mode in Mode if mode in offered]


def _problem(error: Conflict) -> Problem:
    """The one thing that stands in the way of overbooking: the patient is somewhere else then."""
    if not isinstance(error, PatientBusy):
        return Problem(title=message_of(error))
    with transaction() as session:
        service: HealthcareService = booking_service(session)
        return _busy_problem(session, service, error)


def _busy_problem(session: Session, service: HealthcareService, error: PatientBusy) -> Problem:
    reason = Reason(code=ReasonCode.PATIENT_BUSY, appointment_id=error.appointment_id)
    obstacles = see_obstacles(session, actor(), service, NO_SCHEDULE, [reason])
    for seen in shown_appointments(obstacles):
        record_opening(session, "appointment.opened", seen.patient_id, seen.service_id, seen.id)
    return Problem(
        title=gettext("This time cannot be booked"), lines=obstacle_lines(obstacles, service.time_zone)
    )
