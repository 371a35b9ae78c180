"""Reception's desk: find or register a patient, book, show the appointment with its link, cancel."""

from datetime import date
from uuid import UUID

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from telehealth.accounts.domain.nhs_number import plain_nhs_number
from telehealth.accounts.forms import PatientForm, set_error
from telehealth.accounts.models import HealthcareService
from telehealth.accounts.services.patients import (
    NhsNumberTaken,
    find_patients,
    get_patient,
    register_patient,
)
from telehealth.accounts.services.staff import list_practitioners, list_services
from telehealth.actor import Role
from telehealth.booking.forms import BookingForm, CancelForm, read_slot
from telehealth.booking.policies import DESK
from telehealth.booking.presenters import (
    appointment_card,
    day_after_last,
    patient_card,
    slot_groups,
    whole_days,
)
from telehealth.booking.services.appointments import (
    BookingRequest,
    SlotTaken,
    book_appointment,
    cancel_appointment,
    get_appointment,
    list_patient_appointments,
)
from telehealth.booking.services.availability import find_free_slots
from telehealth.booking.services.claims import PatientBusy
from telehealth.booking.services.links import LinkSigner, make_link
from telehealth.clock import now
from telehealth.error_pages import message_of
from telehealth.errors import DomainError, NotFound
from telehealth.extensions import actor, config, reading, transaction
from telehealth.guards import guarded
from telehealth.page_service import speak_for

bp = Blueprint("booking", __name__, url_prefix="/desk")

SLOTS_SHOWN = 24
FARTHEST_DAY = 366


def link_signer() -> LinkSigner:
    signer: LinkSigner = current_app.extensions["telehealth.link_signer"]
    return signer


def desk_service(session: Session) -> HealthcareService:
    """The service whose desk this is. Raises NotFound for someone who is at no desk."""
    services = list_services(session, actor().services_as(Role.RECEPTIONIST))
    if not services:
        raise NotFound
    speak_for(services[0])
    return services[0]


@bp.get("")
@guarded(DESK)
def desk() -> ResponseReturnValue:
    query = request.args.get("q", "").replace("\x00", "").strip()[:200]
    with reading() as session:
        service = desk_service(session)
        found = find_patients(session, actor(), query) if query else []
        patients = [patient_card(patient, now(), service.time_zone) for patient in found]
    return render_template("booking/desk.html", query=query, patients=patients)


@bp.route("/patients/new", methods=["GET", "POST"], endpoint="register_patient")
@guarded(DESK)
def register_patient_page() -> ResponseReturnValue:
    form = PatientForm()
    with reading() as session:
        desk_service(session)
    if request.method != "POST":
        form.nhs_number.data = _number_in(request.args.get("q", ""))
        return render_template("booking/register_patient.html", form=form)
    details = form.details(now().date())
    if details is None:
        return render_template("booking/register_patient.html", form=form), 422
    try:
        with transaction() as session:
            patient = register_patient(session, actor(), details)
    except NhsNumberTaken as error:
        set_error(form.nhs_number, message_of(error))
        return render_template("booking/register_patient.html", form=form, known_id=error.patient_id), 409
    flash(gettext("%(name)s is registered. Book a time below.", name=patient.display_name))
    return redirect(url_for("booking.book", patient_id=patient.id), 303)


@bp.get("/patients/<uuid:patient_id>")
@guarded(DESK)
def patient_record(patient_id: UUID) -> ResponseReturnValue:
    with reading() as session:
        service = desk_service(session)
        patient = get_patient(session, actor(), patient_id)
        card = patient_card(patient, now(), service.time_zone)
        appointments = [
            appointment_card(appointment)
            for appointment in list_patient_appointments(session, actor(), patient)
        ]
    return render_template("booking/patient_record.html", patient=card, appointments=appointments)


@bp.route("/patients/<uuid:patient_id>/book", methods=["GET", "POST"])
@guarded(DESK)
def book(patient_id: UUID) -> ResponseReturnValue:
    form = BookingForm()
    if request.method != "POST":
        return _booking_page(form, patient_id), 200
    if "from" in request.form:
        return _booking_page(form, patient_id), 200
    if not form.validate_on_submit():
        return _booking_page(form, patient_id), 422
    choice = read_slot(form.slot.data)
    if choice is None:
        form.slot.errors = [gettext("Choose a time")]
        return _booking_page(form, patient_id), 422
    try:
        with transaction() as session:
            appointment = book_appointment(
                session,
                actor(),
                BookingRequest(
                    patient_id=patient_id,
                    service_id=desk_service(session).id,
                    schedule_id=choice[0],
                    starts_at=choice[1],
                    reason=form.reason.data or "",
                    idempotency_key=form.idempotency_key.data or "",
                ),
            )
            make_link(session, appointment)
    except (SlotTaken, PatientBusy) as error:
        form.slot.errors = [_refusal(error)]
        form.slot.data = None
        return _booking_page(form, patient_id), 409
    flash(gettext("The appointment is booked. Tell the patient the reference and send them the link."))
    return redirect(url_for("booking.appointment", appointment_id=appointment.id), 303)


@bp.get("/appointments/<uuid:appointment_id>")
@guarded(DESK)
def appointment(appointment_id: UUID) -> ResponseReturnValue:
    return _appointment_page(appointment_id, CancelForm())


@bp.post("/appointments/<uuid:appointment_id>/cancel")
@guarded(DESK)
def cancel(appointment_id: UUID) -> ResponseReturnValue:
    form = CancelForm()
    if not form.validate_on_submit():
        return _appointment_page(appointment_id, form), 422
    try:
        with transaction() as session:
            cancel_appointment(
                session,
                actor(),
                appointment_id,
                version=form.version.data or 0,
                reason=form.reason.data or "",
            )
    except NotFound:
        raise
    except DomainError as error:
        form.reason.errors = [message_of(error)]
        return _appointment_page(appointment_id, form), error.status
    flash(gettext("The appointment is cancelled and its time is free again."))
    return redirect(url_for("booking.appointment", appointment_id=appointment_id), 303)


def _booking_page(form: BookingForm, patient_id: UUID) -> str:
    with reading() as session:
        service = desk_service(session)
        patient = get_patient(session, actor(), patient_id)
        first_day = _day_in(request.values.get("from") or request.values.get("shown_from", ""))
        found = find_free_slots(session, service, now=now(), from_date=first_day)
        slots = whole_days(found, service, at_least=SLOTS_SHOWN)
        names = {person.id: person.display_name for person in list_practitioners(session, service.id)}
    return render_template(
        "booking/book.html",
        form=form,
        patient=patient_card(patient, now(), service.time_zone),
        service_name=service.name,
        groups=slot_groups(slots, names, service, form.slot.data),
        shown_from=first_day.isoformat() if first_day else "",
        next_day=day_after_last(slots, service),
    )


def _appointment_page(appointment_id: UUID, form: CancelForm) -> str:
    with transaction() as session:
        desk_service(session)
        found = get_appointment(session, actor(), appointment_id)
        speak_for(found.service)
        card = appointment_card(found)
        patient = patient_card(found.patient, now(), found.service.time_zone)
        token = link_signer().sign(make_link(session, found).id)
    return render_template(
        "booking/appointment.html",
        form=form,
        appointment=card,
        patient=patient,
        join_link=config().base_url + url_for("video.join", token=token),
    )


def _refusal(error: SlotTaken | PatientBusy) -> str:
    """For staff: which appointment is in the way, where it is one that they may see."""
    message = message_of(error)
    other_id = error.appointment_id if isinstance(error, PatientBusy) else None
    if other_id is None:
        return message
    with reading() as session:
        try:
            other = appointment_card(get_appointment(session, actor(), other_id))
        except NotFound:
            return message
    return gettext(
        "The patient already has an appointment then: %(when)s with %(name)s. Choose another time.",
        when=other.when,
        name=other.practitioner,
    )


def _day_in(text: str) -> date | None:
    """The day from which to show free times; None for today, and for anything that is no day of the next year."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 0 < (day - now().date()).days <= FARTHEST_DAY else None


def _number_in(query: str) -> str:
    digits = plain_nhs_number(query)
    return digits if digits.isascii() and digits.isdigit() else ""
