"""The product with one page more: free times as JSON, so that the search is measured without the page around it."""

from datetime import date
from uuid import UUID

from flask import jsonify, request
from flask.typing import ResponseReturnValue

from telehealth.booking.desk.desks import desk_service
from telehealth.booking.models import AppointmentType
from telehealth.booking.policies import DESK
from telehealth.booking.services.availability import SlotQuery, find_slots
from telehealth.clock import now
from telehealth.extensions import reading
from telehealth.guards import guarded
from wsgi import app


@guarded(DESK)
def list_slots() -> ResponseReturnValue:
    """All free times of `type`, `days` long, of one clinician (`who`) or of everybody."""
    who = request.args.get("who")
    with reading() as session:
        query = SlotQuery(
            type=session.get_one(AppointmentType, UUID(request.args["type"])),
            practitioner_id=UUID(who) if who else None,
            from_date=date.fromisoformat(request.args["from"]),
            days=int(request.args["days"]),
        )
        found = find_slots(session, desk_service(session), query, now=now())
    return jsonify([[slot.starts_at.isoformat(), str(slot.practitioner_id)] for slot in found])


app.add_url_rule("/bench/slots", view_func=list_slots)
