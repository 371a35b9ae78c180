"""The page that says who of a shared clinic has taken a patient, and offers to take over."""

from uuid import UUID

from flask import render_template, url_for
from flask.typing import ResponseReturnValue

from telehealth.clinic.services.shared import STILL_TO_SEE, get_shared
from telehealth.dates import time_text
from telehealth.errors import DomainError
from telehealth.extensions import actor, reading
from telehealth.page_service import speak_for


def taken_page(appointment_id: UUID, error: DomainError | None = None) -> ResponseReturnValue:
    """Says nothing about the patient. Raises NotFound for somebody who does not sit in the clinic."""
    with reading() as session:
        appointment = get_shared(session, actor(), appointment_id)
        speak_for(appointment.service)
        context = {
            "starts_text": time_text(appointment.starts_at, appointment.service.time_zone),
            "clinic_name": appointment.lane.shared_clinic.name if appointment.lane else "",
            "taken_by": appointment.practitioner.display_name if appointment.practitioner else "",
            "is_mine": appointment.practitioner_id == actor().practitioner_id,
            "can_take": appointment.status in STILL_TO_SEE,
            "take_url": url_for("clinic.take", appointment_id=appointment_id),
        }
    return render_template("clinic/take_over.html", **context), error.status if error else 200
