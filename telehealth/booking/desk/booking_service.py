"""In which service reception books: what the booking is about says so, and only then the desk that was chosen."""

from uuid import UUID

from flask import request
from sqlalchemy.orm import Session

from telehealth.accounts.models import HealthcareService
from telehealth.booking.desk.desks import desk_ids, desk_service
from telehealth.booking.desk.time_pages import read_wish
from telehealth.booking.form_fields import read_key
from telehealth.booking.models import AppointmentType, FollowUpRequest, Hold, Schedule
from telehealth.page_service import speak_for


def booking_service(session: Session, *, hold_id: UUID | None = None) -> HealthcareService:
    """That of the time that is held or chosen, else of the request that is named, else of the type; else the desk's.

    So a page that stays open books where it said, whatever desk was chosen on another page meanwhile. A service at
    whose desk the actor is not is passed over. Raises NotFound for someone who is at no desk.
    """
    desks = desk_ids()
    if len(desks) > 1:
        wish = read_wish(request.values)
        request_id = read_key(request.values.get("follow_up"))
        type_id = read_key(request.values.get("type") or request.values.get("appointment_type_id"))
        about = (
            session.get(Hold, hold_id) if hold_id else None,
            session.get(Schedule, wish.schedule_id) if wish else None,
            session.get(FollowUpRequest, request_id) if request_id else None,
            session.get(AppointmentType, type_id) if type_id else None,
        )
        for found in about:
            if found is not None and found.service_id in desks:
                service = session.get_one(HealthcareService, found.service_id)
                speak_for(service)
                return service
    return desk_service(session)
