"""Reception's desk: find or register a patient, and the record. Other modules add the pages that book."""

from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from telehealth.accounts.blueprint import local_path
from telehealth.accounts.models import HealthcareService, Patient
from telehealth.accounts.services.authorities import list_authorities
from telehealth.accounts.services.contact_changes import find_pending
from telehealth.accounts.services.patients import get_patient
from telehealth.accounts.services.protection import find_protections
from telehealth.audit.services import record_event
from telehealth.booking.desk.desks import choose_desk, desk_choice, desk_service
from telehealth.booking.desk.kept_times import kept_contexts
from telehealth.booking.desk.merge_presenters import record_links
from telehealth.booking.follow_ups.presenters import follow_up_cards
from telehealth.booking.form_fields import read_key
from telehealth.booking.policies import DESK
from telehealth.booking.presenters import (
    PatientCard,
    patient_card,
    record_lines,
)
from telehealth.booking.safety_presenters import carer_cards, change_card
from telehealth.booking.services.desk_holds import list_kept_for_patient
from telehealth.booking.services.follow_up_work import find_left_behind, list_patients_follow_ups
from telehealth.booking.services.restricted import list_record_appointments
from telehealth.clock import now, uk_today
from telehealth.errors import NotFound
from telehealth.extensions import actor, transaction
from telehealth.guards import guarded

bp = Blueprint("booking", __name__, url_prefix="/desk")


@bp.post("/choose")
@guarded(DESK)
def choose() -> ResponseReturnValue:
    """Somebody who is at several desks goes over to another one; back to the page on which they chose it."""
    service_id = read_key(request.form.get("service_id"))
    if service_id is None:
        raise NotFound
    choose_desk(service_id)
    return redirect(local_path(request.form.get("next")) or url_for("booking.desk"), 303)


@bp.get("/patients/<uuid:patient_id>")
@guarded(DESK)
def patient_record(patient_id: UUID) -> ResponseReturnValue:
    with transaction() as session:
        service = desk_service(session)
        patient = get_patient(session, actor(), patient_id)
        record_opening(session, "patient.opened", patient.id, service.id)
        card = known_patient_card(session, patient, service)
        found = list_record_appointments(session, actor(), patient)
        upcoming, past = record_lines(found.lines, now(), patient)
        requests = list_patients_follow_ups(session, actor(), patient.id)
        cards = follow_up_cards(
            requests, actor(), now(), hidden=(), left_behind=find_left_behind(session, requests)
        )
        changes = [change_card(change, service.time_zone) for change in find_pending(session, patient.id)]
        carers = carer_cards(list_authorities(session, patient.id), uk_today(), service.time_zone)
        records = record_links(session, patient, service)
        kept = kept_contexts(session, list_kept_for_patient(session, actor(), patient.id))
        desk = desk_choice(session, service, url_for("booking.patient_record", patient_id=patient_id))
    return render_template(
        "booking/patient_record.html",
        patient=card,
        upcoming=upcoming,
        past=past,
        has_older=found.has_older,
        follow_ups=cards,
        changes=changes,
        carers=carers,
        records=records,
        kept=kept,
        desk=desk,
    )


def known_patient_card(session: Session, patient: Patient, service: HealthcareService) -> PatientCard:
    """The banner of a patient whom this member of staff may know."""
    protections = find_protections(session, [patient.id]).get(patient.id, [])
    return patient_card(patient, now(), service.time_zone, protections=protections)


def record_opening(
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
