"""What patients and carers with an account see: their appointments, their details, who opened their record."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from telehealth.accounts.policies import OWN_DETAILS, PATIENT_ACCOUNT
from telehealth.booking.self_service.my_presenters import (
    authority_texts,
    opening_rows,
    own_details,
    own_groups,
)
from telehealth.booking.services.own_appointments import (
    get_own_details,
    list_own_appointments,
    list_own_authorities,
    list_who_opened,
)
from telehealth.clock import now
from telehealth.extensions import actor, transaction
from telehealth.guards import guarded
from telehealth.page_service import speak_for_the_only_service

bp = Blueprint("my", __name__, url_prefix="/my")


# All of them write: who looked is recorded.
@bp.get("")
@guarded(PATIENT_ACCOUNT)
def appointments() -> ResponseReturnValue:
    speak_for_the_only_service()
    with transaction() as session:
        groups = own_groups(list_own_appointments(session, actor()), actor(), now())
    return render_template("booking/my_appointments.html", groups=groups)


@bp.get("/details")
@guarded(PATIENT_ACCOUNT)
def details() -> ResponseReturnValue:
    speak_for_the_only_service()
    with transaction() as session:
        rows = own_details(get_own_details(session, actor()))
        represented = authority_texts(list_own_authorities(session, actor()))
    return render_template("booking/my_details.html", rows=rows, represented=represented)


@bp.get("/access")
@guarded(OWN_DETAILS)
def access() -> ResponseReturnValue:
    speak_for_the_only_service()
    with transaction() as session:
        rows = opening_rows(list_who_opened(session, actor()), actor())
    return render_template("booking/my_access.html", rows=rows)
