"""Reception's desk: find a patient, or register one after a look at who may be the same person."""

from datetime import timedelta
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from telehealth.accounts.forms import set_error
from telehealth.accounts.services.duplicates import find_duplicates
from telehealth.accounts.services.patients import NhsNumberTaken, PatientDetails
from telehealth.accounts.session import BACKGROUND_HEADER
from telehealth.audit.services import record_event, was_recorded_since
from telehealth.booking.desk.desks import desk_choice, desk_service
from telehealth.booking.desk.routes import bp
from telehealth.booking.desk.search_forms import RegisterForm, typed_query
from telehealth.booking.desk.search_presenters import ResultsCard, duplicate_cards, results_card, typed_card
from telehealth.booking.policies import DESK
from telehealth.booking.services.desk_search import search_desk
from telehealth.booking.services.registration import LikelyDuplicates, register_at_desk
from telehealth.booking.services.schedule_impact import count_outside
from telehealth.clock import now, uk_today
from telehealth.error_pages import message_of
from telehealth.extensions import actor, reading, transaction
from telehealth.guards import guarded

# Somebody who types searches with every letter: it is one look at the patients.
ONE_SEARCH = timedelta(minutes=1)
# How far ahead the desk counts the appointments that a change of sessions left outside.
OUTSIDE_DAYS = 7


@bp.get("")
@guarded(DESK)
def desk() -> ResponseReturnValue:
    with reading() as session:
        service = desk_service(session)
        outside = count_outside(session, service, now=now(), days=OUTSIDE_DAYS)
        choice = desk_choice(session, service, url_for("booking.desk"))
    return render_template(
        "booking/desk.html", results=ResultsCard(), outside=outside, service_id=service.id, desk=choice
    )


@bp.post("", endpoint="search")
@guarded(DESK)
def search_patients() -> ResponseReturnValue:
    """Posted: what is searched for is a name, a date of birth or a number, which no address and no log may hold.

    A page's script asks for the results alone, with every letter in the background.
    """
    query = typed_query()
    is_part = "part" in request.form
    if not query and not is_part:
        return redirect(url_for("booking.desk"), 303)
    card = _search(query) if query else ResultsCard()
    name = "booking/_search_results.html" if is_part else "booking/desk.html"
    return render_template(name, results=card)


@bp.route("/patients/new", methods=["GET", "POST"], endpoint="register_patient")
@guarded(DESK)
def register_patient_page() -> ResponseReturnValue:
    form = RegisterForm()
    if request.method != "POST":
        return _register_page(form), 200
    if "typed" in request.form:
        # From a search that found nobody.
        form.fill_from(request.form["typed"], uk_today())
        return _register_page(form), 200
    details = form.details(now().date())
    if details is None:
        return _register_page(form), 422
    try:
        with transaction() as session:
            desk_service(session)
            patient = register_at_desk(
                session,
                actor(),
                details,
                form_key=form.idempotency_key.data or "",
                not_these=form.not_these(),
            )
    except NhsNumberTaken as error:
        set_error(form.nhs_number, message_of(error))
        return _register_page(form, known_id=error.patient_id), 409
    except LikelyDuplicates:
        return _duplicates_page(form, details), 409
    # A message travels in the cookie: it names nobody.
    flash(gettext("The patient is registered. Book a time below."))
    return redirect(url_for("booking.book", patient_id=patient.id), 303)


def _search(query: str) -> ResultsCard:
    """Recorded before anything is shown; what is searched while typing once a minute."""
    if not request.headers.get(BACKGROUND_HEADER):
        with transaction() as session:
            service = desk_service(session)
            result = search_desk(session, actor(), query)
            _record_search(session, len(result.people.found), service.id)
            return results_card(session, query, result, service)
    with reading() as session:
        service = desk_service(session)
        result = search_desk(session, actor(), query)
        card = results_card(session, query, result, service)
        is_recorded = was_recorded_since(session, actor(), "patients.searched", None, now() - ONE_SEARCH)
    if not is_recorded:
        with transaction() as session:
            _record_search(session, len(card.people), service.id)
    return card


def _register_page(form: RegisterForm, *, known_id: UUID | None = None) -> str:
    with reading() as session:
        desk_service(session)
    return render_template("booking/register_patient.html", form=form, known_id=known_id, duplicates=[])


def _duplicates_page(form: RegisterForm, details: PatientDetails) -> str:
    with transaction() as session:
        service = desk_service(session)
        duplicates = find_duplicates(session, actor(), details)
        _record_search(session, len(duplicates), service.id)
        cards = duplicate_cards(session, duplicates, service)
        typed = typed_card(details, service)
    return render_template(
        "booking/register_patient.html", form=form, known_id=None, duplicates=cards, typed=typed
    )


def _record_search(session: Session, number: int, service_id: UUID) -> None:
    """How many were found, not what was searched for."""
    record_event(
        session,
        actor(),
        "patients.searched",
        subject_kind="patient",
        subject_id=None,
        reason=str(number),
        service_id=service_id,
    )
