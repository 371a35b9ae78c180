"""What reception's pages about one appointment have in common: the banner, the card, and the trail."""

from typing import Any

from sqlalchemy.orm import Session

from telehealth.accounts.services.protection import find_hidden, find_protections
from telehealth.booking.desk.routes import record_opening
from telehealth.booking.models import Appointment
from telehealth.booking.presenters import appointment_card, patient_card
from telehealth.clock import now
from telehealth.extensions import actor
from telehealth.page_service import speak_for


def open_appointment(session: Session, found: Appointment) -> dict[str, Any]:
    """The appointment and its patient; that they were seen is recorded.

    `is_hidden`: another service protects the patient, so that nothing tells who it is.
    """
    speak_for(found.service)
    record_opening(session, "appointment.opened", found.patient_id, found.service_id, found.id)
    protections = find_protections(session, [found.patient_id]).get(found.patient_id, [])
    is_hidden = found.patient_id in find_hidden(session, actor(), [found.patient_id])
    return {
        "appointment": appointment_card(found),
        "patient": patient_card(
            found.patient, now(), found.service.time_zone, protections=protections, is_hidden=is_hidden
        ),
        "is_protected": bool(protections),
        "is_hidden": is_hidden,
    }
