"""Reception's pages about safety: changed contacts, protected patients, carers, links and confidential appointments."""

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from telehealth.accounts.models import HealthcareService, Patient, Protection, Verification
from telehealth.accounts.services.authorities import list_authorities, record_authority, revoke_authority
from telehealth.accounts.services.contact_changes import (
    find_pending,
    get_change,
    list_changes,
    request_contact_change,
    send_code,
    verify_contact_change,
    withdraw_contact_change,
)
from telehealth.accounts.services.patients import get_patient
from telehealth.accounts.services.protection import end_protection, find_protections
from telehealth.audit.services import record_event
from telehealth.booking.desk.desks import desk_arguments, desk_service
from telehealth.booking.desk.routes import known_patient_card
from telehealth.booking.desk.safety_forms import (
    CarerForm,
    ConfidentialForm,
    ContactForm,
    ProtectionForm,
    RevokeForm,
    VerifyForm,
)
from telehealth.booking.policies import DESK
from telehealth.booking.presenters import PatientCard
from telehealth.booking.safety_presenters import carer_cards, change_card
from telehealth.booking.services.appointments import get_appointment
from telehealth.booking.services.confidential import set_confidential
from telehealth.booking.services.links import make_carer_link, renew_link
from telehealth.booking.services.protection import protect_patient
from telehealth.clock import uk_today
from telehealth.error_pages import message_of
from telehealth.errors import N_, DomainError, InvalidInput, NotFound
from telehealth.extensions import actor, transaction
from telehealth.guards import guarded

bp = Blueprint("safety", __name__, url_prefix="/desk")


# ---- phone and e-mail -----------------------------------------------------------------------------------------


@bp.route("/patients/<uuid:patient_id>/contact", methods=["GET", "POST"])
@guarded(DESK)
def contact(patient_id: UUID) -> ResponseReturnValue:
    form = ContactForm()
    if not form.is_submitted():
        return _contact_page(form, patient_id)
    wanted = form.wanted()
    if wanted is None:
        return _contact_page(form, patient_id), 422
    try:
        with transaction() as session:
            patient = _own_patient(session, patient_id)[0]
            change = request_contact_change(session, actor(), patient, *wanted)
    except InvalidInput as error:
        form.value.errors = [message_of(error)]
        return _contact_page(form, patient_id), error.status
    return redirect(url_for("safety.verify", patient_id=patient_id, change_id=change.id), 303)


@bp.route("/patients/<uuid:patient_id>/contact/<uuid:change_id>", methods=["GET", "POST"])
@guarded(DESK)
def verify(patient_id: UUID, change_id: UUID) -> ResponseReturnValue:
    form = VerifyForm()
    if not form.is_submitted():
        return _verify_page(form, patient_id, change_id)
    if not form.validate_on_submit():
        return _verify_page(form, patient_id, change_id), 422
    try:
        with transaction() as session:
            patient = _own_patient(session, patient_id)[0]
            change = get_change(session, actor(), patient, change_id)
            is_done = verify_contact_change(
                session, actor(), change, Verification(form.verification.data), form.code.data
            )
    except NotFound:
        raise
    except DomainError as error:
        form.code.errors = [message_of(error)]
        return _verify_page(form, patient_id, change_id), error.status
    if not is_done:
        form.code.errors = [
            gettext("That is not the code that we sent. Ask the patient to read it out again.")
        ]
        return _verify_page(form, patient_id, change_id), 422
    flash(gettext("The new contact is in use. Links and messages go there from now on."))
    return redirect(url_for("booking.patient_record", patient_id=patient_id), 303)


@bp.post("/patients/<uuid:patient_id>/contact/<uuid:change_id>/code", endpoint="send_code")
@guarded(DESK)
def send_code_to_new_contact(patient_id: UUID, change_id: UUID) -> ResponseReturnValue:
    with transaction() as session:
        patient = _own_patient(session, patient_id)[0]
        send_code(session, actor(), get_change(session, actor(), patient, change_id))
    flash(gettext("A code is on its way to the new contact. Ask the patient to read it out."))
    return redirect(url_for("safety.verify", patient_id=patient_id, change_id=change_id), 303)


@bp.post("/patients/<uuid:patient_id>/contact/<uuid:change_id>/withdraw")
@guarded(DESK)
def withdraw(patient_id: UUID, change_id: UUID) -> ResponseReturnValue:
    with transaction() as session:
        patient = _own_patient(session, patient_id)[0]
        withdraw_contact_change(session, actor(), get_change(session, actor(), patient, change_id))
    flash(gettext("The change is withdrawn. The old contact stays in use."))
    return redirect(url_for("booking.patient_record", patient_id=patient_id), 303)


# ---- protection -----------------------------------------------------------------------------------------------


@bp.route("/patients/<uuid:patient_id>/protection", methods=["GET", "POST"])
@guarded(DESK)
def protection(patient_id: UUID) -> ResponseReturnValue:
    form = ProtectionForm()
    if not form.is_submitted():
        return _protection_page(form, patient_id)
    ways = form.ways()
    if ways is None:
        return _protection_page(form, patient_id), 422
    try:
        with transaction() as session:
            patient, service = _own_patient(session, patient_id)
            protect_patient(session, actor(), patient, service.id, ways)
    except InvalidInput as error:
        form[error.field or "safe_from"].errors = [message_of(error)]
        return _protection_page(form, patient_id), error.status
    flash(gettext("The patient is protected. Other services do not see who they are."))
    return redirect(url_for("booking.patient_record", patient_id=patient_id), 303)


@bp.post("/patients/<uuid:patient_id>/protection/end", endpoint="end_protection")
@guarded(DESK)
def end_protection_of_patient(patient_id: UUID) -> ResponseReturnValue:
    with transaction() as session:
        patient, service = _own_patient(session, patient_id)
        end_protection(session, actor(), patient, service.id)
    flash(gettext("The patient is not protected by your service any more."))
    return redirect(url_for("booking.patient_record", patient_id=patient_id), 303)


# ---- parents and carers ---------------------------------------------------------------------------------------


@bp.route("/patients/<uuid:patient_id>/carers", methods=["GET", "POST"])
@guarded(DESK)
def carers(patient_id: UUID) -> ResponseReturnValue:
    form = CarerForm()
    if not form.is_submitted():
        return _carers_page(form, patient_id)
    details = form.details(uk_today())
    if details is None:
        return _carers_page(form, patient_id), 422
    try:
        with transaction() as session:
            record_authority(session, actor(), _own_patient(session, patient_id)[0], details)
    except NotFound:
        raise
    except DomainError as error:
        form.relationship_text.errors = [message_of(error)]
        return _carers_page(form, patient_id), error.status
    flash(gettext("Recorded. The list below says until when this person may act for the patient."))
    return redirect(url_for("safety.carers", patient_id=patient_id), 303)


@bp.route("/patients/<uuid:patient_id>/carers/<uuid:authority_id>/end", methods=["GET", "POST"])
@guarded(DESK)
def end_authority(patient_id: UUID, authority_id: UUID) -> ResponseReturnValue:
    form = RevokeForm()
    if not form.is_submitted():
        return _end_authority_page(form, patient_id, authority_id)
    if not form.validate_on_submit():
        return _end_authority_page(form, patient_id, authority_id), 422
    with transaction() as session:
        patient = _own_patient(session, patient_id)[0]
        if authority_id not in {each.id for each in list_authorities(session, patient.id)}:
            raise NotFound
        revoke_authority(session, actor(), authority_id, reason=form.reason.data or "")
    flash(gettext("Ended. This person is signed out of the patient’s visits."))
    return redirect(url_for("safety.carers", patient_id=patient_id), 303)


# ---- links and confidential appointments ----------------------------------------------------------------------


@bp.post("/appointments/<uuid:appointment_id>/link", endpoint="renew_link")
@guarded(DESK)
def renew_link_of_appointment(appointment_id: UUID) -> ResponseReturnValue:
    with transaction() as session:
        renew_link(session, actor(), get_appointment(session, actor(), appointment_id))
    flash(gettext("There is a new link. The old one does not work any more: send the patient the new one."))
    return redirect(url_for("booking.appointment", appointment_id=appointment_id), 303)


@bp.post("/appointments/<uuid:appointment_id>/carers/<uuid:related_person_id>/link")
@guarded(DESK)
def carer_link(appointment_id: UUID, related_person_id: UUID) -> ResponseReturnValue:
    with transaction() as session:
        make_carer_link(
            session, actor(), get_appointment(session, actor(), appointment_id), related_person_id
        )
    flash(gettext("There is a link for this person. It asks for the patient’s date of birth."))
    return redirect(url_for("booking.appointment", appointment_id=appointment_id), 303)


@bp.post("/appointments/<uuid:appointment_id>/confidential")
@guarded(DESK)
def confidential(appointment_id: UUID) -> ResponseReturnValue:
    form = ConfidentialForm()
    if not form.validate_on_submit():
        raise InvalidInput("form-incomplete", N_("Go back, reload the page, and try again."))
    with transaction() as session:
        changed = set_confidential(
            session,
            actor(),
            appointment_id,
            is_confidential=form.is_confidential.data == "yes",
            version=form.version.data or 0,
        )
    flash(
        gettext("The appointment is confidential. Nothing about it goes to a parent or carer.")
        if changed.is_confidential
        else gettext("The appointment is not confidential any more.")
    )
    return redirect(url_for("booking.appointment", appointment_id=appointment_id), 303)


# ---- pages ----------------------------------------------------------------------------------------------------


def _own_patient(session: Session, patient_id: UUID) -> tuple[Patient, HealthcareService]:
    """A patient whom this desk may know, and the desk's service. Raises NotFound."""
    service = desk_service(session)
    return get_patient(session, actor(), patient_id), service


def _opened(
    session: Session, patient_id: UUID, action: str
) -> tuple[Patient, HealthcareService, PatientCard]:
    """The same for a page that shows details; its opening is recorded."""
    patient, service = _own_patient(session, patient_id)
    record_event(
        session,
        actor(),
        action,
        subject_kind="patient",
        subject_id=patient.id,
        patient_id=patient.id,
        service_id=service.id,
    )
    return patient, service, known_patient_card(session, patient, service)


def _contact_page(form: ContactForm, patient_id: UUID) -> str:
    with transaction() as session:
        patient, service, card = _opened(session, patient_id, "contacts.opened")
        changes = [change_card(each, service.time_zone) for each in list_changes(session, patient.id)]
    return render_template("booking/contact.html", form=form, patient=card, changes=changes)


def _verify_page(form: VerifyForm, patient_id: UUID, change_id: UUID) -> str:
    with transaction() as session:
        patient, service, card = _opened(session, patient_id, "contacts.opened")
        pending = {each.id: each for each in find_pending(session, patient.id)}
        if change_id not in pending:
            raise NotFound
        change = change_card(pending[change_id], service.time_zone)
    return render_template("booking/verify_contact.html", form=form, patient=card, change=change)


def _protection_page(form: ProtectionForm, patient_id: UUID) -> str:
    with transaction() as session:
        patient, service, card = _opened(session, patient_id, "protection.opened")
        held = find_protections(session, [patient.id]).get(patient.id, [])
        own = next((each for each in held if each.service_id == service.id), None)
        if own is not None and not form.is_submitted():
            _fill(form, own)
    return render_template(
        "booking/protection.html",
        form=form,
        patient=card,
        stays=desk_arguments(service),
        is_held=own is not None,
    )


def _fill(form: ProtectionForm, own: Protection) -> None:
    form.is_phone_safe.data, form.is_email_safe.data = own.is_phone_safe, own.is_email_safe
    for field, hour in ((form.safe_from, own.safe_from), (form.safe_until, own.safe_until)):
        field.data = hour.strftime("%H:%M") if hour else ""


def _carers_page(form: CarerForm, patient_id: UUID) -> str:
    with transaction() as session:
        patient, service, card = _opened(session, patient_id, "carers.opened")
        cards = carer_cards(list_authorities(session, patient.id), uk_today(), service.time_zone)
    return render_template("booking/carers.html", form=form, patient=card, carers=cards)


def _end_authority_page(form: RevokeForm, patient_id: UUID, authority_id: UUID) -> str:
    with transaction() as session:
        patient, service, card = _opened(session, patient_id, "carers.opened")
        cards = carer_cards(list_authorities(session, patient.id), uk_today(), service.time_zone)
    carer = next((each for each in cards if each.id == authority_id and each.is_valid), None)
    if carer is None:
        raise NotFound
    return render_template("booking/end_authority.html", form=form, patient=card, carer=carer)
