"""What a form books that was filled in, checked and sent: once, however often it is sent."""

from typing import Any
from uuid import UUID

from flask import flash
from flask_babel import gettext
from sqlalchemy.orm import Session

from telehealth.accounts.services.duplicates import details_of
from telehealth.accounts.session import extend_visit
from telehealth.booking.models import Appointment
from telehealth.booking.policies import may_visit
from telehealth.booking.self_service.answers import AnyForm
from telehealth.booking.self_service.forms import OwnBookingForm, read_joins, read_language
from telehealth.booking.self_service.hold_owner import hold_owner
from telehealth.booking.services.booking import (
    BookingRequest,
    ask_for_appointment,
    book_own_appointment,
    is_as_typed,
)
from telehealth.booking.services.links import make_link
from telehealth.clock import uk_today
from telehealth.errors import NotFound
from telehealth.extensions import actor
from telehealth.page_messages import NOTICE


def book_sent(session: Session, form: AnyForm, service_id: UUID, hold_id: UUID) -> Appointment:
    """For themselves, for whom they act for, or as somebody whom nobody knows yet. Raises what booking raises."""
    wish: dict[str, Any] = {
        "service_id": service_id,
        "hold_id": hold_id,
        "hold_owner": hold_owner(),
        "reason": form.reason.data or "",
        "interpreter_language": read_language(form),
        "interpreter_joins": read_joins(form),
        "idempotency_key": form.idempotency_key.data or "",
    }
    if isinstance(form, OwnBookingForm):
        own = BookingRequest(**wish, patient_id=form.patient_id())
        booked = book_own_appointment(session, actor(), own)
        if not is_as_typed(booked, own):
            _say_not_saved()
        make_link(session, booked)
        if not may_visit(actor(), booked):
            # Who came by the link of another appointment has shown who they are.
            extend_visit(session, booked.id)
        return booked
    who = form.details(uk_today())
    if who is None:
        raise NotFound
    asked = ask_for_appointment(session, actor(), BookingRequest(**wish), who)
    if not is_as_typed(asked, BookingRequest(**wish)) or details_of(asked.patient) != who:
        _say_not_saved()
    return asked


def _say_not_saved() -> None:
    """The browser's back shows a form that was sent: changed and sent again it books nothing new."""
    flash(
        gettext(
            "You sent this form before. What you entered then is what we have. "
            "What you have changed since is not saved: to change it, call us and read out the reference."
        ),
        NOTICE,
    )
