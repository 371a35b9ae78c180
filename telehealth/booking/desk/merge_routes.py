"""Two records of one person: look for the other, compare them, merge them, undo it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from telehealth.accounts.models import LinkReason
from telehealth.accounts.services.duplicates import details_of, find_duplicates, find_matches
from telehealth.accounts.services.merges import find_link, survivor_of
from telehealth.accounts.services.patient_search import search_patients
from telehealth.accounts.services.patients import get_patient
from telehealth.audit.services import record_event
from telehealth.booking.desk.desks import desk_service
from telehealth.booking.desk.merge_presenters import clash_texts, kept_choices, replaced_card, side_by_side
from telehealth.booking.desk.routes import bp, record_opening
from telehealth.booking.desk.search_forms import MergeForm, SearchForm
from telehealth.booking.desk.search_presenters import duplicate_cards, match_texts, patient_cards
from telehealth.booking.policies import MERGE
from telehealth.booking.services.record_merges import MergeClash, merge_records, unmerge_records
from telehealth.error_pages import message_of
from telehealth.errors import Conflict, NotFound
from telehealth.extensions import actor, transaction
from telehealth.guards import guarded


@bp.get("/patients/<uuid:patient_id>/duplicate")
@guarded(MERGE)
def find_duplicate(patient_id: UUID) -> ResponseReturnValue:
    """Likely ones are shown at once; others are searched for."""
    return _duplicate_page(patient_id, SearchForm())


@bp.post("/patients/<uuid:patient_id>/duplicate", endpoint="search_duplicate")
@guarded(MERGE)
def search_for_duplicate(patient_id: UUID) -> ResponseReturnValue:
    form = SearchForm()
    if not form.validate_on_submit():
        return _duplicate_page(patient_id, form), 422
    return _duplicate_page(patient_id, form)


@bp.route("/patients/<uuid:patient_id>/merge/<uuid:other_id>", methods=["GET", "POST"])
@guarded(MERGE)
def merge(patient_id: UUID, other_id: UUID) -> ResponseReturnValue:
    form = MergeForm()
    if not form.is_submitted():
        return _merge_page(form, patient_id, other_id)
    keys = {patient_id: other_id, other_id: patient_id}
    kept_id = form.kept()
    if not form.validate_on_submit():
        return _merge_page(form, patient_id, other_id), 422
    if kept_id not in keys or patient_id == other_id:
        form.keep.errors = [gettext("Choose which record to keep")]
        return _merge_page(form, patient_id, other_id), 422
    try:
        with transaction() as session:
            desk_service(session)
            link = merge_records(session, actor(), keys[kept_id], kept_id, LinkReason(form.reason.data))
    except Conflict as error:
        form.keep.errors = [message_of(error)]
        pairs = error.pairs if isinstance(error, MergeClash) else ()
        return _merge_page(form, patient_id, other_id, pairs), error.status
    flash(
        gettext("The two records are merged. Both histories are below. You can undo it from the old record.")
    )
    return redirect(url_for("booking.patient_record", patient_id=link.into_id), 303)


@bp.route("/patients/<uuid:patient_id>/unmerge", methods=["GET", "POST"])
@guarded(MERGE)
def unmerge(patient_id: UUID) -> ResponseReturnValue:
    """The page says what it means; the button does it."""
    form = SearchForm()
    if not form.is_submitted():
        with transaction() as session:
            service = desk_service(session)
            patient = get_patient(session, actor(), patient_id)
            link = find_link(session, patient.id)
            if link is None:
                raise NotFound
            record_opening(session, "patient.opened", patient.id, service.id)
            context = {
                "patient": patient_cards(session, [patient], service)[patient.id],
                "replaced": replaced_card(link, service),
            }
        return render_template("booking/unmerge.html", **context)
    with transaction() as session:
        desk_service(session)
        unmerge_records(session, actor(), patient_id)
    flash(gettext("The records are separate again. Check the appointments of both."))
    return redirect(url_for("booking.patient_record", patient_id=patient_id), 303)


def _duplicate_page(patient_id: UUID, form: SearchForm) -> str:
    with transaction() as session:
        service = desk_service(session)
        patient = get_patient(session, actor(), patient_id)
        survivor_id = survivor_of(session, patient.id)
        record_opening(session, "patient.opened", patient.id, service.id)
        context: dict[str, Any] = {"found": None, "has_more": False, "likely": []}
        if form.is_submitted() and not form.errors:
            result = search_patients(session, actor(), form.q.data or "")
            _record_search(session, len(result.found), service.id)
            others = [each.patient for each in result.found if each.patient.id != survivor_id]
            context["found"] = list(patient_cards(session, others, service).values())
            context["has_more"] = result.has_more
        else:
            duplicates = find_duplicates(session, actor(), details_of(patient), but_not=patient.id)
            _record_search(session, len(duplicates), service.id)
            context["likely"] = duplicate_cards(session, duplicates, service)
        card = patient_cards(session, [patient], service)[patient.id]
    return render_template("booking/find_duplicate.html", form=form, patient=card, **context)


def _merge_page(
    form: MergeForm, patient_id: UUID, other_id: UUID, pairs: Sequence[tuple[UUID, UUID]] = ()
) -> str:
    with transaction() as session:
        service = desk_service(session)
        patient, other = (get_patient(session, actor(), key) for key in (patient_id, other_id))
        for each in (patient, other):
            record_opening(session, "patient.opened", each.id, service.id)
        cards = patient_cards(session, [patient, other], service)
        form.keep.choices = kept_choices(cards[patient.id], cards[other.id])
        context = {
            "patient": cards[patient.id],
            "other": cards[other.id],
            "rows": side_by_side((patient, other), cards, service),
            "matches": match_texts(find_matches(session, details_of(patient), other)),
            "clashes": clash_texts(session, actor(), pairs),
        }
    return render_template("booking/merge.html", form=form, **context)


def _record_search(session: Session, number: int, service_id: UUID) -> None:
    record_event(
        session,
        actor(),
        "patients.searched",
        subject_kind="patient",
        subject_id=None,
        reason=str(number),
        service_id=service_id,
    )
