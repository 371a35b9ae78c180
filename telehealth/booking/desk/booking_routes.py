"""Reception books: choose a time, which is kept meanwhile; type what it is about; book."""

from dataclasses import replace
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from telehealth.accounts.models import HealthcareService, Patient
from telehealth.accounts.services.patients import get_patient
from telehealth.booking.code_texts import emergency_text
from telehealth.booking.desk.booking_forms import DetailsForm
from telehealth.booking.desk.booking_service import booking_service
from telehealth.booking.desk.chosen_time import forget_chosen_time
from telehealth.booking.desk.desks import desk_arguments, desk_choice
from telehealth.booking.desk.just_done import find_done, remember_done
from telehealth.booking.desk.kept_times import held_context, kept_contexts
from telehealth.booking.desk.refusal_presenters import Problem
from telehealth.booking.desk.routes import bp, known_patient_card, record_opening
from telehealth.booking.desk.time_pages import explain_choice, read_wish, times_page_context
from telehealth.booking.desk.time_search import TimeSearch, read_search
from telehealth.booking.desk.told import told_text
from telehealth.booking.domain.appointment import Change
from telehealth.booking.form_fields import read_key
from telehealth.booking.models import FollowUpRequest, Hold
from telehealth.booking.policies import DESK
from telehealth.booking.services.booking import BookingRequest, book_appointment
from telehealth.booking.services.claims import PatientBusy, SlotTaken
from telehealth.booking.services.desk_holds import (
    HoldRequest,
    find_hold,
    hold_for_patient,
    list_kept_for_patient,
    release_for_patient,
)
from telehealth.booking.services.follow_up_work import list_patients_follow_ups
from telehealth.booking.services.holds import release_hold
from telehealth.booking.services.links import make_link
from telehealth.error_pages import message_of
from telehealth.errors import Conflict, DomainError, NotFound, TooManyTries
from telehealth.extensions import actor, reading, transaction
from telehealth.guards import guarded
from telehealth.page_messages import NOTICE


@bp.route("/patients/<uuid:patient_id>/book", methods=["GET", "POST"])
@guarded(DESK)
def book(patient_id: UUID) -> ResponseReturnValue:
    """The free times. Posted where something was typed before another time was wanted: it goes along."""
    return _times_page(patient_id)


@bp.post("/patients/<uuid:patient_id>/hold", endpoint="hold")
@guarded(DESK)
def hold_time(patient_id: UUID) -> ResponseReturnValue:
    """A time was chosen, here or on the day sheet: it is kept while the details are typed."""
    wish = read_wish()
    if wish is None:
        return _times_page(patient_id, Problem(title=gettext("Choose a time"))), 422
    form = _details_form()
    try:
        with transaction() as session:
            get_patient(session, actor(), patient_id)
            held = release_for_patient(session, actor(), patient_id, wish)
        if held is None:
            with transaction() as session:
                held = hold_for_patient(session, actor(), booking_service(session).id, patient_id, wish)
    except (SlotTaken, PatientBusy, TooManyTries) as error:
        return _times_page(patient_id, _explain(patient_id, wish, error)), error.status
    forget_chosen_time()
    if not form.is_blank():
        return _details_page(form, patient_id, held.id)
    return redirect(_details_address(patient_id, held.id), 303)


@bp.post("/patients/<uuid:patient_id>/holds/<uuid:hold_id>/release", endpoint="release")
@guarded(DESK)
def release_time(patient_id: UUID, hold_id: UUID) -> ResponseReturnValue:
    """Choose another time: this one is free again at once, and what was typed goes along."""
    with transaction() as session:
        get_patient(session, actor(), patient_id)
        service = booking_service(session, hold_id=hold_id)
        release_hold(session, hold_id, actor().key)
        search = _search(session, service, patient_id)
    if not _details_form().is_blank():
        return _times_page(patient_id)
    return redirect(url_for("booking.book", patient_id=patient_id, **search.arguments), 303)


@bp.get("/patients/<uuid:patient_id>/holds/<uuid:hold_id>", endpoint="book_details")
@guarded(DESK)
def details(patient_id: UUID, hold_id: UUID) -> ResponseReturnValue:
    form = DetailsForm()
    with reading() as session:
        service = booking_service(session, hold_id=hold_id)
        patient = get_patient(session, actor(), patient_id)
        hold = find_hold(session, actor(), service.id, hold_id)
        arguments = {}
        if hold is None:
            arguments = _search(session, service, patient.id).arguments
        else:
            _offer(session, service, patient, form, hold.appointment_type_id)
    if hold is None and (done_id := find_done(hold_id)) is not None:
        flash(
            gettext("You have just booked this appointment. To book another one, start from the patient."),
            NOTICE,
        )
        return redirect(url_for("booking.appointment", appointment_id=done_id), 303)
    if hold is None:
        flash(gettext("That time is not kept for the patient any more. Choose a time."), NOTICE)
        return redirect(url_for("booking.book", patient_id=patient_id, **arguments), 303)
    return _details_page(form, patient_id, hold_id)


@bp.post("/patients/<uuid:patient_id>/holds/<uuid:hold_id>", endpoint="book_held")
@guarded(DESK)
def book_held(patient_id: UUID, hold_id: UUID) -> ResponseReturnValue:
    form = _details_form()
    if not form.is_complete():
        return _details_page(form, patient_id, hold_id), 422
    try:
        appointment_id, told = _book(form, patient_id, hold_id)
    except NotFound:
        raise
    except Conflict as error:
        wish = _wish_of(patient_id, hold_id)
        problem = _explain(patient_id, wish, error, hold_id) if wish else Problem(title=message_of(error))
        return _details_page(form, patient_id, hold_id, problem), error.status
    remember_done(hold_id, appointment_id)
    flash(
        gettext("The appointment is booked. Tell the patient the reference. %(told)s", told=told)
        if told
        else gettext("The appointment is booked. Tell the patient the reference and send them the link.")
    )
    return redirect(url_for("booking.appointment", appointment_id=appointment_id), 303)


def _book(form: DetailsForm, patient_id: UUID, hold_id: UUID) -> tuple[UUID, str]:
    """The appointment, and how the patient hears of it."""
    wish = BookingRequest(
        patient_id=patient_id,
        service_id=UUID(int=0),
        hold_id=hold_id,
        hold_owner=actor().key,
        reason=form.reason.data or "",
        idempotency_key=form.idempotency_key.data or "",
        is_confidential=bool(form.is_confidential.data),
        interpreter_language=form.interpreter_language.data or "",
        interpreter_joins=form.joins(),
        follow_up_id=form.follow_up_id(),
        is_for_no_request=form.is_for_no_request(),
    )
    try:
        return _book_as(wish)
    except NotFound:
        with reading() as session:
            get_patient(session, actor(), patient_id)
            is_gone = (
                find_hold(session, actor(), booking_service(session, hold_id=hold_id).id, hold_id) is None
            )
        chosen = read_wish()
        if not is_gone or chosen is None:
            raise
    # The page was open for so long that the hold is forgotten: the time itself may still be free.
    return _book_as(
        replace(
            wish,
            hold_id=None,
            schedule_id=chosen.schedule_id,
            starts_at=chosen.starts_at,
            appointment_type_id=chosen.appointment_type_id,
            mode=chosen.mode,
        )
    )


def _book_as(wish: BookingRequest) -> tuple[UUID, str]:
    with transaction() as session:
        service = booking_service(session, hold_id=wish.hold_id)
        appointment = book_appointment(session, actor(), replace(wish, service_id=service.id))
        make_link(session, appointment)
        return appointment.id, told_text(session, appointment, Change.BOOKED)


def _details_form() -> DetailsForm:
    """As it was sent; a page that shows it again fills in the choices."""
    form = DetailsForm()
    form.fill_choices()
    return form


def _typed() -> dict[str, str]:
    """What was typed on the page before; nothing where that was only looked at."""
    form = _details_form()
    return form.typed() if request.method == "POST" and not form.is_blank() else {}


def _offer(
    session: Session, service: HealthcareService, patient: Patient, form: DetailsForm, type_id: UUID
) -> None:
    requests = _requests(session, service, patient.id)
    named = read_key(request.args.get("follow_up", ""))
    form.offer(patient.interpreter_language, requests, named, type_id)


def _requests(session: Session, service: HealthcareService, patient_id: UUID) -> list[FollowUpRequest]:
    """What this desk can book for the patient."""
    found = list_patients_follow_ups(session, actor(), patient_id)
    return [each for each in found if each.service_id == service.id]


def _search(session: Session, service: HealthcareService, patient_id: UUID) -> TimeSearch:
    return read_search(session, service, requests=_requests(session, service, patient_id))


def _times_page(patient_id: UUID, problem: Problem | None = None) -> str:
    with transaction() as session:
        service = booking_service(session)
        patient = get_patient(session, actor(), patient_id)
        record_opening(session, "booking.opened", patient.id, service.id)
        search = _search(session, service, patient.id)
        kept = list_kept_for_patient(session, actor(), patient.id)
        context = times_page_context(session, service, search, patient.id, kept=kept)
        context["kept"] = kept_contexts(session, kept)
        card = known_patient_card(session, patient, service)
        desk = desk_choice(session, service, url_for("booking.book", patient_id=patient_id))
    return render_template(
        "booking/book.html",
        patient=card,
        desk=desk,
        stays=desk_arguments(service),
        service_name=service.name,
        problem=problem,
        typed=_typed(),
        **context,
    )


def _details_page(form: DetailsForm, patient_id: UUID, hold_id: UUID, problem: Problem | None = None) -> str:
    with transaction() as session:
        service = booking_service(session, hold_id=hold_id)
        patient = get_patient(session, actor(), patient_id)
        record_opening(session, "booking.opened", patient.id, service.id)
        hold = find_hold(session, actor(), service.id, hold_id)
        requests = _requests(session, service, patient.id)
        form.fill_choices(requests)
        search = _search(session, service, patient.id)
        context = {
            "patient": known_patient_card(session, patient, service),
            "held": held_context(session, hold) if hold else None,
            "emergency_text": emergency_text(service),
            "arguments": search.arguments,
            "has_requests": bool(requests),
        }
    return render_template(
        "booking/book_details.html", form=form, hold_id=hold_id, problem=problem, **context
    )


def _details_address(patient_id: UUID, hold_id: UUID) -> str:
    """With the search, so that another time is chosen from the same list."""
    with reading() as session:
        arguments = _search(session, booking_service(session, hold_id=hold_id), patient_id).arguments
    return url_for("booking.book_details", patient_id=patient_id, hold_id=hold_id, **arguments)


def _wish_of(patient_id: UUID, hold_id: UUID) -> HoldRequest | None:
    """What is or was held."""
    with reading() as session:
        get_patient(session, actor(), patient_id)
        hold: Hold | None = find_hold(session, actor(), booking_service(session, hold_id=hold_id).id, hold_id)
    return HoldRequest.of(hold) if hold else read_wish()


def _explain(
    patient_id: UUID, wish: HoldRequest, error: DomainError, own_hold: UUID | None = None
) -> Problem:
    with transaction() as session:
        service = booking_service(session, hold_id=own_hold)
        get_patient(session, actor(), patient_id)
        search = _search(session, service, patient_id)
        return explain_choice(session, service, search, wish, error, patient_id=patient_id, own_hold=own_hold)
