"""Reception's desk: find or register a patient, book, show the appointment with its link, cancel."""

from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from telehealth.accounts.forms import PatientForm, set_error
from telehealth.accounts.models import HealthcareService, Patient
from telehealth.accounts.services.authorities import find_authorities, list_authorities
from telehealth.accounts.services.contact_changes import find_pending
from telehealth.accounts.services.patients import (
    NhsNumberTaken,
    find_patients,
    get_patient,
    has_hidden_match,
    register_patient,
)
from telehealth.accounts.services.protection import find_hidden, find_protections
from telehealth.accounts.services.staff import list_practitioners, list_services
from telehealth.actor import Role
from telehealth.audit.services import record_event
from telehealth.booking.forms import BookingForm, CancelForm, read_slot
from telehealth.booking.models import Appointment, JoinLink
from telehealth.booking.policies import DESK
from telehealth.booking.presenters import (
    PatientCard,
    appointment_card,
    day_after_last,
    patient_card,
    record_line,
    slot_groups,
    whole_days,
)
from telehealth.booking.safety_presenters import carer_cards, carer_text, change_card, send_lines
from telehealth.booking.services.appointments import (
    BookingRequest,
    SlotTaken,
    book_appointment,
    cancel_appointment,
    get_appointment,
)
from telehealth.booking.services.availability import find_free_slots
from telehealth.booking.services.claims import PatientBusy
from telehealth.booking.services.links import LinkSigner, count_tries, find_carer_links, make_link
from telehealth.booking.services.protection import where_to_send
from telehealth.booking.services.restricted import Busy, list_record_appointments, see_busy
from telehealth.clock import now, uk_today
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
    with reading() as session:
        desk_service(session)
    return render_template("booking/desk.html", query="", patients=[], is_hidden=False)


@bp.post("", endpoint="search")
@guarded(DESK)
def search_patients() -> ResponseReturnValue:
    """Posted: what is searched for is a name, a date of birth or a number, which no address and no log may hold."""
    query = request.form.get("q", "").replace("\x00", "").strip()[:200]
    if not query:
        return redirect(url_for("booking.desk"), 303)
    with transaction() as session:
        service = desk_service(session)
        found = find_patients(session, actor(), query)
        # How many were found, not what was searched for.
        record_event(
            session,
            actor(),
            "patients.searched",
            subject_kind="patient",
            subject_id=None,
            reason=str(len(found)),
            service_id=service.id,
        )
        protections = find_protections(session, [patient.id for patient in found])
        patients = [
            patient_card(patient, now(), service.time_zone, protections=protections.get(patient.id, ()))
            for patient in found
        ]
        is_hidden = not found and has_hidden_match(session, actor(), query)
    return render_template("booking/desk.html", query=query, patients=patients, is_hidden=is_hidden)


@bp.route("/patients/new", methods=["GET", "POST"], endpoint="register_patient")
@guarded(DESK)
def register_patient_page() -> ResponseReturnValue:
    form = PatientForm()
    with reading() as session:
        desk_service(session)
    if request.method != "POST":
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
    # A message travels in the cookie: it names nobody.
    flash(gettext("The patient is registered. Book a time below."))
    return redirect(url_for("booking.book", patient_id=patient.id), 303)


@bp.get("/patients/<uuid:patient_id>")
@guarded(DESK)
def patient_record(patient_id: UUID) -> ResponseReturnValue:
    with transaction() as session:
        service = desk_service(session)
        patient = get_patient(session, actor(), patient_id)
        _record_opening(session, "patient.opened", patient.id, service.id)
        card = known_patient_card(session, patient, service)
        lines = [record_line(line) for line in list_record_appointments(session, actor(), patient)]
        changes = [change_card(change, service.time_zone) for change in find_pending(session, patient.id)]
        carers = carer_cards(list_authorities(session, patient.id), uk_today(), service.time_zone)
    return render_template(
        "booking/patient_record.html", patient=card, lines=lines, changes=changes, carers=carers
    )


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
                    is_confidential=bool(form.is_confidential.data),
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
    with transaction() as session:
        service = desk_service(session)
        patient = get_patient(session, actor(), patient_id)
        _record_opening(session, "booking.opened", patient.id, service.id)
        card = known_patient_card(session, patient, service)
        first_day = _day_in(request.values.get("from") or request.values.get("shown_from", ""))
        found = find_free_slots(session, service, now=now(), from_date=first_day)
        slots = whole_days(found, service, at_least=SLOTS_SHOWN)
        names = {person.id: person.display_name for person in list_practitioners(session, service.id)}
    return render_template(
        "booking/book.html",
        form=form,
        patient=card,
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
        _record_opening(session, "appointment.opened", found.patient_id, found.service_id, found.id)
        card = appointment_card(found)
        protections = find_protections(session, [found.patient_id]).get(found.patient_id, [])
        is_hidden = found.patient_id in find_hidden(session, actor(), [found.patient_id])
        patient = patient_card(
            found.patient, now(), found.service.time_zone, protections=protections, is_hidden=is_hidden
        )
        link = make_link(session, found)
        context = {
            "join_link": join_address(link),
            "is_locked": count_tries(session, link).is_locked_for_good,
            "is_protected": bool(protections),
            "is_hidden": is_hidden,
            "sending": []
            if is_hidden
            else send_lines(where_to_send(session, found), found.patient, found.service.time_zone),
            "carers": _carer_links(session, found),
        }
    return render_template(
        "booking/appointment.html", form=form, appointment=card, patient=patient, **context
    )


def known_patient_card(session: Session, patient: Patient, service: HealthcareService) -> PatientCard:
    """The banner of a patient whom this member of staff may know."""
    protections = find_protections(session, [patient.id]).get(patient.id, [])
    return patient_card(patient, now(), service.time_zone, protections=protections)


def join_address(link: JoinLink) -> str:
    return config().base_url + url_for("video.join", token=link_signer().sign(link.id))


def _carer_links(session: Session, appointment: Appointment) -> list[dict[str, Any]]:
    """Who may act for the patient today, each with the link that they have; nobody for a confidential appointment."""
    if appointment.is_confidential:
        return []
    links = find_carer_links(session, appointment)
    authorities = find_authorities(session, [appointment.patient_id]).get(appointment.patient_id, [])
    return [
        {
            "related_person_id": authority.related_person_id,
            "text": carer_text(authority, appointment.service.time_zone),
            "link": join_address(links[authority.related_person_id])
            if authority.related_person_id in links
            else "",
        }
        for authority in authorities
    ]


def _record_opening(
    session: Session, action: str, patient_id: UUID, service_id: UUID, appointment_id: UUID | None = None
) -> None:
    """Somebody at the desk saw this patient's details; with `appointment_id`: those of an appointment."""
    record_event(
        session,
        actor(),
        action,
        subject_kind="appointment" if appointment_id else "patient",
        subject_id=appointment_id or patient_id,
        patient_id=patient_id,
        service_id=service_id,
    )


def _refusal(error: SlotTaken | PatientBusy) -> str:
    """For staff: which appointment is in the way, where it is one that they may see."""
    message = message_of(error)
    other_id = error.appointment_id if isinstance(error, PatientBusy) else None
    if other_id is None:
        return message
    with transaction() as session:
        other = see_busy(session, actor(), other_id)
        if other is None:
            return message
        if isinstance(other, Busy):
            if other.service_name is None:
                return gettext("The patient is busy then. Choose another time.")
            return gettext(
                "The patient already has an appointment then, with %(service)s. Choose another time.",
                service=other.service_name,
            )
        _record_opening(session, "appointment.opened", other.patient_id, other.service_id, other.id)
        card = appointment_card(other)
    return gettext(
        "The patient already has an appointment then: %(when)s with %(name)s. Choose another time.",
        when=card.when,
        name=card.practitioner,
    )


def _day_in(text: str) -> date | None:
    """The day from which to show free times; None for today, and for anything that is no day of the next year."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 0 < (day - now().date()).days <= FARTHEST_DAY else None
