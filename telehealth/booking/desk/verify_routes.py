"""People who asked for an appointment and whom nobody knows yet: who they are is for a person to say."""

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext

from telehealth.accounts.services.duplicates import details_of, find_duplicates
from telehealth.accounts.services.merges import survivor_of
from telehealth.accounts.services.patients import NhsNumberTaken
from telehealth.booking.desk.desks import desk_service
from telehealth.booking.desk.merge_presenters import clash_texts, to_verify_card, verify_text
from telehealth.booking.desk.routes import bp, record_opening
from telehealth.booking.desk.search_presenters import claimed_number, duplicate_cards, patient_cards
from telehealth.booking.form_fields import read_key
from telehealth.booking.policies import DESK
from telehealth.booking.services.record_merges import MergeClash
from telehealth.booking.services.verification import (
    confirm_person,
    count_waiting,
    get_to_verify,
    link_person,
    list_to_verify,
)
from telehealth.error_pages import message_of
from telehealth.errors import N_, Conflict, DomainError, InvalidInput
from telehealth.extensions import actor, reading, transaction
from telehealth.guards import guarded


@bp.app_context_processor
def count_at_the_desk() -> dict[str, Any]:
    """For the links of the desk: asked only where it is shown."""
    return {"verify_line": _verify_line}


@bp.get("/verify")
@guarded(DESK)
def verify_list() -> ResponseReturnValue:
    with transaction() as session:
        service = desk_service(session)
        people = list_to_verify(session, actor())
        cards = patient_cards(session, [each.patient for each in people], service)
        for each in people:
            record_opening(session, "patient.opened", each.patient.id, service.id)
        rows = [to_verify_card(each, cards[each.patient.id]) for each in people]
    return render_template("booking/verify_list.html", people=rows)


@bp.route("/verify/<uuid:patient_id>", methods=["GET", "POST"])
@guarded(DESK)
def verify_person(patient_id: UUID) -> ResponseReturnValue:
    """Posted with a record, they are known already; without one, they are new here, and so is their NHS number or not."""
    if request.method != "POST":
        return _verify_page(patient_id)
    record_id = read_key(request.form.get("record_id", ""))
    if "record_id" in request.form and record_id is None:
        error = InvalidInput("no-record", N_("Choose the record of this person"))
        return _verify_page(patient_id, error=error), error.status
    try:
        with transaction() as session:
            desk_service(session)
            if record_id is None:
                confirmed = confirm_person(
                    session, actor(), patient_id, without_number="without_number" in request.form
                )
                is_linked = survivor_of(session, patient_id) != patient_id
            else:
                confirmed = link_person(session, actor(), patient_id, record_id)
                is_linked = False
    except Conflict as error:
        return _verify_page(patient_id, error=error), error.status
    if is_linked and not confirmed:
        flash(gettext("A colleague has linked this person to another record. Nothing is left to confirm."))
    else:
        _say_confirmed(len(confirmed))
    return redirect(url_for("booking.patient_record", patient_id=record_id or patient_id), 303)


def _verify_page(patient_id: UUID, *, error: DomainError | None = None) -> str:
    pairs = error.pairs if isinstance(error, MergeClash) else ()
    with transaction() as session:
        service = desk_service(session)
        found = get_to_verify(session, actor(), patient_id)
        record_opening(session, "patient.opened", found.patient.id, service.id)
        duplicates = find_duplicates(session, actor(), details_of(found.patient), but_not=found.patient.id)
        for each in duplicates:
            record_opening(session, "patient.opened", each.patient.id, service.id)
        cards = patient_cards(session, [found.patient], service)
        context = {
            "person": to_verify_card(found, cards[found.patient.id]),
            "patient": cards[found.patient.id],
            "claimed_number": claimed_number(found.patient),
            "duplicates": duplicate_cards(session, duplicates, service),
            "clashes": clash_texts(session, actor(), pairs),
            "problem": message_of(error) if error else "",
            "is_number_taken": isinstance(error, NhsNumberTaken),
            # Of a hidden record nobody is told where it is.
            "known_id": error.patient_id if isinstance(error, NhsNumberTaken) else None,
        }
    return render_template("booking/verify_person.html", **context)


def _verify_line() -> str:
    with reading() as session:
        service = desk_service(session)
        return verify_text(count_waiting(session, service.id), service.time_zone)


def _say_confirmed(number: int) -> None:
    if number:
        flash(
            ngettext(
                "The patient is confirmed and the appointment is booked.",
                "The patient is confirmed and %(num)d appointments are booked.",
                number,
            )
        )
    else:
        flash(gettext("The patient is confirmed."))
