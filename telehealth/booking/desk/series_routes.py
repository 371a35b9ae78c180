"""Reception books appointments that repeat: the first time, all dates with what is in the way, then all or none."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from sqlalchemy.orm import Session

from telehealth.accounts.forms import set_error
from telehealth.accounts.models import HealthcareService
from telehealth.accounts.services.patients import get_patient
from telehealth.booking.code_texts import emergency_text
from telehealth.booking.desk.booking_forms import SeriesForm
from telehealth.booking.desk.booking_service import booking_service
from telehealth.booking.desk.kept_times import kept_contexts
from telehealth.booking.desk.refusal_presenters import Problem, shown_appointments
from telehealth.booking.desk.routes import bp, known_patient_card, record_opening
from telehealth.booking.desk.series_presenters import date_rows, first_time_text
from telehealth.booking.desk.time_pages import read_wish, times_page_context
from telehealth.booking.desk.time_search import read_search
from telehealth.booking.form_fields import read_key, show_refusal
from telehealth.booking.models import FollowUpRequest
from telehealth.booking.policies import DESK
from telehealth.booking.services.claims import PatientBusy
from telehealth.booking.services.desk_holds import (
    HoldRequest,
    list_kept_for_patient,
    release_kept_for_patient,
)
from telehealth.booking.services.follow_up_work import list_patients_follow_ups
from telehealth.booking.services.links import make_link
from telehealth.booking.services.refusals import Obstacle, see_obstacles
from telehealth.booking.services.series import SeriesDate, SeriesRequest, book_series, preview_series
from telehealth.booking.slot_values import instant_value, read_instant
from telehealth.error_pages import message_of
from telehealth.errors import Conflict, InvalidInput, NotFound
from telehealth.extensions import actor, transaction
from telehealth.guards import guarded


@dataclass(frozen=True, slots=True)
class Preview:
    """Every date, each with what is in its way as far as the actor may know it."""

    dates: Sequence[SeriesDate]
    obstacles: Sequence[Sequence[Obstacle]]


@bp.get("/patients/<uuid:patient_id>/series")
@guarded(DESK)
def series(patient_id: UUID) -> ResponseReturnValue:
    """Choose the first time."""
    with transaction() as session:
        service = booking_service(session)
        patient = get_patient(session, actor(), patient_id)
        record_opening(session, "booking.opened", patient.id, service.id)
        search = read_search(session, service, requests=_requests(session, service, patient.id))
        kept = list_kept_for_patient(session, actor(), patient.id)
        context = times_page_context(session, service, search, patient.id, kept=kept)
        context["kept"] = kept_contexts(session, kept)
        card = known_patient_card(session, patient, service)
    return render_template("booking/series.html", patient=card, typed={}, **context)


@bp.get("/patients/<uuid:patient_id>/series/dates", endpoint="series_dates")
@guarded(DESK)
def dates(patient_id: UUID) -> ResponseReturnValue:
    """All dates of the series that begins at the chosen time."""
    first = read_wish(request.args)
    if first is None:
        return redirect(url_for("booking.series", patient_id=patient_id), 303)
    return _dates_page(SeriesForm(), patient_id, first, is_fresh=True)


@bp.post("/patients/<uuid:patient_id>/series/dates", endpoint="book_series")
@guarded(DESK)
def book_dates(patient_id: UUID) -> ResponseReturnValue:
    first, form = read_wish(), SeriesForm()
    form.fill_choices()
    if first is None:
        return redirect(url_for("booking.series", patient_id=patient_id), 303)
    if "show" in request.form:
        return _dates_page(form, patient_id, first, is_fresh=True)
    if not form.is_complete():
        return _dates_page(form, patient_id, first), 422
    if _unanswered():
        set_error(form.dates, gettext("Choose another time for each date that was taken, or leave it out"))
        return _dates_page(form, patient_id, first), 422
    chosen = _chosen(form)
    with transaction() as session:
        release_kept_for_patient(session, actor(), patient_id)
    try:
        with transaction() as session:
            service = booking_service(session)
            booked = book_series(session, actor(), _wish(form, patient_id, service, first), chosen)
            for appointment in booked:
                make_link(session, appointment)
            count = len(booked)
    except InvalidInput as error:
        show_refusal(form, error, message_of(error))
        return _dates_page(form, patient_id, first), error.status
    except NotFound:
        raise
    except Conflict as error:
        text = gettext("Some of these times cannot be booked any more, so nothing is booked yet.")
        problem = Problem(title=text if isinstance(error, PatientBusy) else message_of(error))
        return _dates_page(form, patient_id, first, problem), error.status
    flash(
        ngettext(
            "%(num)d appointment is booked. Tell the patient when it is.",
            "%(num)d appointments are booked. Tell the patient when they are.",
            count,
        )
    )
    return redirect(url_for("booking.patient_record", patient_id=patient_id), 303)


def _requests(session: Session, service: HealthcareService, patient_id: UUID) -> list[FollowUpRequest]:
    """What this service can book for the patient."""
    found = list_patients_follow_ups(session, actor(), patient_id)
    return [each for each in found if each.service_id == service.id]


def _chosen(form: SeriesForm) -> list[datetime]:
    """The ticked dates, and for those in whose way something is the other time that was chosen."""
    values = [
        *(form.dates.data or []),
        *(request.form[name] for name in request.form if name.startswith("other-")),
    ]
    return [start for value in values if (start := read_instant(value)) is not None]


def _unanswered() -> set[str]:
    """The dates that were taken since they were chosen, without what happens instead."""
    return {name for name in request.form.getlist("lost") if name not in request.form}


def _wish(
    form: SeriesForm, patient_id: UUID, service: HealthcareService, first: HoldRequest
) -> SeriesRequest:
    return SeriesRequest(
        patient_id=patient_id,
        service_id=service.id,
        appointment_type_id=first.appointment_type_id,
        mode=first.mode,
        schedule_id=first.schedule_id,
        starts_at=first.starts_at,
        weeks_between=_number(form.weeks_between.data),
        count=_number(form.count.data),
        idempotency_key=form.idempotency_key.data or "",
        reason=form.reason.data or "",
        is_confidential=bool(form.is_confidential.data),
        interpreter_language=form.interpreter_language.data or "",
        interpreter_joins=form.joins(),
        follow_up_id=form.follow_up_id(),
        is_for_no_request=form.is_for_no_request(),
    )


def _number(text: str | None) -> int:
    """0 for what is no small number: the service refuses that."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= 3 else 0


def _dates_page(
    form: SeriesForm,
    patient_id: UUID,
    first: HoldRequest,
    problem: Problem | None = None,
    *,
    is_fresh: bool = False,
) -> str:
    """`is_fresh`: every date that is free is ticked; else those that were ticked before and are free still."""
    with transaction() as session:
        service = booking_service(session)
        patient = get_patient(session, actor(), patient_id)
        record_opening(session, "booking.opened", patient.id, service.id)
        requests = _requests(session, service, patient.id)
        form.fill_choices(requests)
        if request.method != "POST":
            named = read_key(request.args.get("follow_up"))
            form.offer(patient.interpreter_language, requests, named, first.appointment_type_id)
        kept = list_kept_for_patient(session, actor(), patient.id)
        wish = replace(_wish(form, patient_id, service, first), own_hold=kept[0].id if kept else None)
        preview = _preview(session, form, service, wish)
        chosen = None if is_fresh else {start.astimezone(UTC) for start in _chosen(form)}
        rows = date_rows(preview.dates, preview.obstacles, service.time_zone, chosen, _unanswered())
        context = {
            "patient": known_patient_card(session, patient, service),
            "rows": rows,
            "free_count": sum(row["is_free"] for row in rows),
            "first_text": first_time_text(session, service, first),
            "first_fields": {
                "schedule_id": str(first.schedule_id),
                "starts_at": instant_value(first.starts_at),
                "appointment_type_id": str(first.appointment_type_id),
                "mode": first.mode.value,
            },
            "emergency_text": emergency_text(service),
            "has_requests": bool(requests),
            "kept": kept_contexts(session, kept),
        }
    return render_template("booking/series_dates.html", form=form, problem=problem, **context)


def _preview(session: Session, form: SeriesForm, service: HealthcareService, wish: SeriesRequest) -> Preview:
    """Nothing where the series itself makes no sense; the form says what is to blame then."""
    try:
        found = preview_series(session, actor(), wish)
    except InvalidInput as error:
        if error.field in ("count", "weeks_between"):
            set_error(getattr(form, error.field), message_of(error))
        else:
            form.form_errors = [message_of(error)]
        return Preview([], [])
    obstacles = [see_obstacles(session, actor(), service, wish.schedule_id, each.reasons) for each in found]
    for seen in shown_appointments([one for each in obstacles for one in each]):
        record_opening(session, "appointment.opened", seen.patient_id, seen.service_id, seen.id)
    return Preview(found, obstacles)
