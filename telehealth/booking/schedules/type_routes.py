"""What a service offers: appointment types, shared clinics, rooms and skills."""

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from telehealth.accounts.models import Practitioner
from telehealth.accounts.policies import ADMINISTRATOR
from telehealth.booking.domain.appointment import Mode
from telehealth.booking.domain.appointment_type import Booker, Priority
from telehealth.booking.form_fields import show_refusal
from telehealth.booking.presenters import mode_text
from telehealth.booking.schedules.pages import Preview, agreed, confirm_page, list_owner_names, step
from telehealth.booking.schedules.presenters import (
    booker_text,
    clinic_line,
    priority_text,
    seats_text,
    type_line,
)
from telehealth.booking.schedules.type_forms import ClinicForm, RoomForm, SkillsForm, TypeForm
from telehealth.booking.services.appointment_types import change_type, create_type, find_type
from telehealth.booking.services.rooms import add_room, list_rooms, set_room_active
from telehealth.booking.services.schedule_access import find_service_to_set_up, list_clinicians
from telehealth.booking.services.schedule_impact import WouldStrand, find_stranded
from telehealth.booking.services.shared_clinics import (
    ClinicWish,
    change_shared_clinic,
    create_shared_clinic,
    find_shared_clinic,
    plan_clinic_change,
    state_of,
)
from telehealth.booking.services.skills import list_asked_skills, list_skills, set_skills
from telehealth.clock import now
from telehealth.error_pages import message_of
from telehealth.errors import Conflict, InvalidInput, NotFound
from telehealth.extensions import actor, reading, transaction
from telehealth.guards import guarded
from telehealth.page_service import speak_for

bp = Blueprint("offer", __name__, url_prefix="/schedules")


@bp.route("/<uuid:service_id>/types/new", methods=["GET", "POST"])
@guarded(ADMINISTRATOR)
def add_type(service_id: UUID) -> ResponseReturnValue:
    form = TypeForm()
    if not form.is_submitted():
        form.fill_new()
        return _type_page(form, service_id, None)
    return _save_type(form, service_id, None)


@bp.route("/<uuid:service_id>/types/<uuid:type_id>", methods=["GET", "POST"], endpoint="change_type")
@guarded(ADMINISTRATOR)
def change_type_page(service_id: UUID, type_id: UUID) -> ResponseReturnValue:
    form = TypeForm()
    if not form.is_submitted():
        with reading() as session:
            form.fill(find_type(session, actor(), service_id, type_id))
        return _type_page(form, service_id, type_id)
    return _save_type(form, service_id, type_id)


@bp.route("/<uuid:service_id>/clinics/new", methods=["GET", "POST"])
@guarded(ADMINISTRATOR)
def add_clinic(service_id: UUID) -> ResponseReturnValue:
    form = ClinicForm()
    if not form.is_submitted():
        form.lanes.data = "2"
        return _clinic_page(form, service_id, None)
    wish = form.wish()
    if wish is None:
        return _clinic_page(form, service_id, None), 422
    return _save_clinic(form, wish, service_id, None)


@bp.route("/<uuid:service_id>/clinics/<uuid:clinic_id>", methods=["GET", "POST"])
@guarded(ADMINISTRATOR)
def change_clinic(service_id: UUID, clinic_id: UUID) -> ResponseReturnValue:
    form = ClinicForm()
    if not form.is_submitted():
        with reading() as session:
            form.fill(find_shared_clinic(session, actor(), service_id, clinic_id))
            return _clinic_page(form, service_id, clinic_id)
    wish = form.wish()
    if step() == "change":
        return _clinic_page(form, service_id, clinic_id)
    if wish is None:
        return _clinic_page(form, service_id, clinic_id), 422
    try:
        return _save_clinic(form, wish, service_id, clinic_id)
    except WouldStrand as error:
        # Pressed for the first time, it is no mistake yet.
        problem = error if step() == "save" else None
        with transaction() as session:
            shown = _clinic_preview(session, service_id, clinic_id, wish, problem=problem)
        return shown, 200 if problem is None else 409 if error.is_changed else 422


@bp.route("/<uuid:service_id>/rooms", methods=["GET", "POST"])
@guarded(ADMINISTRATOR)
def rooms(service_id: UUID) -> ResponseReturnValue:
    form = RoomForm()
    if not form.is_submitted():
        return _rooms_page(form, service_id)
    if not form.validate():
        return _rooms_page(form, service_id), 422
    try:
        with transaction() as session:
            add_room(session, actor(), service_id, form.name.data or "")
    except Conflict as error:
        form.name.errors = [message_of(error)]
        return _rooms_page(form, service_id), 409
    flash(gettext("The room can be used."))
    return redirect(url_for("offer.rooms", service_id=service_id), 303)


@bp.post("/<uuid:service_id>/rooms/<uuid:room_id>")
@guarded(ADMINISTRATOR)
def use_room(service_id: UUID, room_id: UUID) -> ResponseReturnValue:
    is_active = request.form.get("is_active") == "1"
    try:
        with transaction() as session:
            set_room_active(session, actor(), service_id, room_id, is_active=is_active)
    except Conflict as error:
        form = RoomForm()
        form.form_errors = [message_of(error)]
        return _rooms_page(form, service_id), error.status
    flash(gettext("The room can be used.") if is_active else gettext("The room is out of use."))
    return redirect(url_for("offer.rooms", service_id=service_id), 303)


@bp.route("/<uuid:service_id>/skills/<uuid:practitioner_id>", methods=["GET", "POST"])
@guarded(ADMINISTRATOR)
def skills(service_id: UUID, practitioner_id: UUID) -> ResponseReturnValue:
    form = SkillsForm()
    with reading() as session:
        service = find_service_to_set_up(session, actor(), service_id)
        speak_for(service)
        person = _person(list_clinicians(session, service), practitioner_id)
        held = list_skills(session, actor(), service_id).get(practitioner_id, [])
        asked = list_asked_skills(session, actor(), service_id)

    def page() -> str:
        return render_template(
            "schedules/skills.html", form=form, service_id=service_id, name=person.display_name, asked=asked
        )

    if not form.is_submitted():
        form.skills.data = "\n".join(held)
        return page()
    if not form.validate():
        return page(), 422
    try:
        with transaction() as session:
            set_skills(session, actor(), service_id, practitioner_id, form.typed())
    except InvalidInput as error:
        show_refusal(form, error, message_of(error))
        return page(), 422
    flash(gettext("The skills are saved."))
    return redirect(url_for("schedules.overview", service_id=service_id), 303)


def _save_type(form: TypeForm, service_id: UUID, type_id: UUID | None) -> ResponseReturnValue:
    wish = form.wish()
    if wish is None:
        return _type_page(form, service_id, type_id), 422
    try:
        with transaction() as session:
            if type_id is None:
                key = form.idempotency_key.data or ""
                create_type(session, actor(), service_id, wish, idempotency_key=key)
            else:
                version = form.version.data or 0
                change_type(session, actor(), service_id, type_id, wish, version=version)
    except InvalidInput as error:
        show_refusal(form, error, message_of(error))
        return _type_page(form, service_id, type_id), 422
    except Conflict as error:
        if error.code == "type-name-taken":
            form.name.errors = [message_of(error)]
        else:
            form.form_errors = [message_of(error)]
        return _type_page(form, service_id, type_id, is_stale=error.code == "type-changed"), 409
    flash(gettext("The appointment type is saved."))
    return redirect(url_for("schedules.overview", service_id=service_id), 303)


def _type_page(form: TypeForm, service_id: UUID, type_id: UUID | None, *, is_stale: bool = False) -> str:
    line = None
    with reading() as session:
        speak_for(find_service_to_set_up(session, actor(), service_id))
        if type_id is not None:
            type_ = find_type(session, actor(), service_id, type_id)
            line = type_line(type_)
            if is_stale:
                form.version.data = type_.version
    form.modes.choices = [(mode.value, mode_text(mode)) for mode in Mode]
    form.priority.choices = [(one.value, priority_text(one)) for one in Priority]
    form.booker.choices = [(one.value, booker_text(one)) for one in Booker]
    return render_template("schedules/type.html", form=form, service_id=service_id, line=line)


def _save_clinic(
    form: ClinicForm, wish: ClinicWish, service_id: UUID, clinic_id: UUID | None
) -> ResponseReturnValue:
    try:
        with transaction() as session:
            if clinic_id is None:
                key = form.idempotency_key.data or ""
                create_shared_clinic(session, actor(), service_id, wish, idempotency_key=key)
            else:
                seen = form.seen.data or ""
                change_shared_clinic(
                    session, actor(), service_id, clinic_id, wish, seen=seen, agreed=agreed()
                )
    except WouldStrand:
        raise
    except InvalidInput as error:
        show_refusal(form, error, message_of(error))
        return _clinic_page(form, service_id, clinic_id), 422
    except Conflict as error:
        if error.code == "clinic-name-taken":
            form.name.errors = [message_of(error)]
        else:
            form.form_errors = [message_of(error)]
        return _clinic_page(form, service_id, clinic_id, is_stale=error.code == "clinic-changed"), 409
    flash(gettext("The shared clinic is saved."))
    return redirect(url_for("schedules.overview", service_id=service_id), 303)


def _clinic_preview(
    session: Session, service_id: UUID, clinic_id: UUID, wish: ClinicWish, *, problem: WouldStrand | None
) -> str:
    service = find_service_to_set_up(session, actor(), service_id)
    clinic = find_shared_clinic(session, actor(), service_id, clinic_id)
    found = find_stranded(session, plan_clinic_change(service, clinic, wish), now=now())
    names = list_owner_names(session, service)
    preview = Preview(
        title=gettext("Check the shared clinic"),
        save=gettext("Save the shared clinic"),
        facts=[wish.name, seats_text([names[key] for key in wish.practitioner_ids], wish.lanes)],
    )
    return confirm_page(session, service, preview, found, problem=problem)


def _clinic_page(
    form: ClinicForm, service_id: UUID, clinic_id: UUID | None, *, is_stale: bool = False
) -> str:
    line = None
    with reading() as session:
        service = find_service_to_set_up(session, actor(), service_id)
        speak_for(service)
        if clinic_id is not None:
            clinic = find_shared_clinic(session, actor(), service_id, clinic_id)
            line = clinic_line(clinic)
            if is_stale:
                form.seen.data = state_of(clinic)
        people = [(str(person.id), person.display_name) for person in list_clinicians(session, service)]
    form.leader.choices = form.members.choices = people
    return render_template("schedules/clinic.html", form=form, service_id=service_id, line=line)


def _rooms_page(form: RoomForm, service_id: UUID) -> str:
    with reading() as session:
        speak_for(find_service_to_set_up(session, actor(), service_id))
        found = list_rooms(session, actor(), service_id)
    return render_template("schedules/rooms.html", form=form, service_id=service_id, rooms=found)


def _person(people: list[Practitioner], practitioner_id: UUID) -> Practitioner:
    for person in people:
        if person.id == practitioner_id:
            return person
    raise NotFound
