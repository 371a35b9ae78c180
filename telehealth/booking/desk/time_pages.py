"""What the pages have in common on which reception chooses a time: to book, to move, for a series."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from flask import request
from sqlalchemy.orm import Session

from telehealth.accounts.models import HealthcareService
from telehealth.booking.desk.booking_presenters import (
    TIMES_SHOWN,
    search_context,
    times_context,
)
from telehealth.booking.desk.refusal_presenters import Problem, problem_of, shown_appointments
from telehealth.booking.desk.routes import record_opening
from telehealth.booking.desk.time_search import TimeSearch
from telehealth.booking.domain.appointment import Mode
from telehealth.booking.domain.slots import Slot
from telehealth.booking.form_fields import read_key
from telehealth.booking.models import Appointment, AppointmentType, Hold
from telehealth.booking.services.availability import SlotQuery, find_slots
from telehealth.booking.services.booking import FARTHEST
from telehealth.booking.services.claims import PatientBusy, SlotTaken
from telehealth.booking.services.desk_holds import HoldRequest
from telehealth.booking.services.refusals import explain_refusal
from telehealth.booking.slot_values import read_slot
from telehealth.clock import now
from telehealth.error_pages import message_of
from telehealth.errors import DomainError
from telehealth.extensions import actor

# The first week mostly has enough; nobody looks through months of free times at once.
SEARCHED_DAYS = (7, 28, 84)


def read_wish(values: Mapping[str, str] | None = None) -> HoldRequest | None:
    """The chosen time as a form sends it: `slot`, or as from the day sheet `schedule_id` and `starts_at`."""
    form = request.form if values is None else values
    slot = form.get("slot") or f"{form.get('schedule_id', '')}/{form.get('starts_at', '')}"
    choice = read_slot(slot[:100])
    type_id = read_key(form.get("appointment_type_id") or form.get("type"))
    mode = next((each for each in Mode if each.value == form.get("mode")), None)
    if choice is None or type_id is None or mode is None:
        return None
    return HoldRequest(schedule_id=choice[0], starts_at=choice[1], appointment_type_id=type_id, mode=mode)


def times_page_context(
    session: Session,
    service: HealthcareService,
    search: TimeSearch,
    patient_id: UUID,
    *,
    kept: Sequence[Hold] = (),
    moves: Appointment | None = None,
) -> dict[str, Any]:
    """`kept`: what the reader keeps for this: it stands among the free times, and chosen again it is gone on with.

    `moves`: the appointment that is to be moved; its own time counts as free, but is no other time.
    """
    slots: list[Slot] = []
    if search.type:
        query = search.query(
            search.type,
            patient_id=patient_id,
            moves=moves,
            own_hold=kept[0].id if kept else None,
        )
        slots = _find_times(session, service, query)
    if moves is not None and search.mode is moves.mode:
        slots = [slot for slot in slots if not _is_own(slot, moves, search)]
    return {
        "search": search_context(search),
        "times": times_context(slots, search.owners, service, is_first=search.from_date is None),
    }


def explain_choice(
    session: Session,
    service: HealthcareService,
    search: TimeSearch,
    wish: HoldRequest,
    error: DomainError,
    *,
    patient_id: UUID,
    moves: Appointment | None = None,
    own_hold: UUID | None = None,
) -> Problem:
    """Why the chosen time was refused, and the next free ones; of other refusals their own words.

    Appointments that the words tell of are recorded as seen.
    """
    type_ = session.get(AppointmentType, wish.appointment_type_id)
    is_about_time = isinstance(error, SlotTaken | PatientBusy) and abs(wish.starts_at - now()) < FARTHEST
    if not is_about_time or type_ is None or type_.service_id != service.id:
        return Problem(title=message_of(error))
    refused = explain_refusal(
        session,
        actor(),
        service,
        search.query(type_, patient_id=patient_id, moves=moves, own_hold=own_hold, is_open=True),
        schedule_id=wish.schedule_id,
        starts_at=wish.starts_at,
    )
    for seen in shown_appointments(refused.obstacles):
        record_opening(session, "appointment.opened", seen.patient_id, seen.service_id, seen.id)
    return problem_of(refused, search.owners, service.time_zone, message_of(error))


def _is_own(slot: Slot, appointment: Appointment, search: TimeSearch) -> bool:
    """Whether a time is the one that the appointment has; in another room than it has, it is another one."""
    if slot.starts_at != appointment.starts_at:
        return False
    if appointment.mode is Mode.IN_PERSON and slot.room_id != appointment.room_id:
        return False
    if appointment.lane is not None:
        return slot.lane_id is not None and search.owners.name_of(slot) == appointment.lane.shared_clinic.name
    return slot.practitioner_id == appointment.practitioner_id


def _find_times(session: Session, service: HealthcareService, query: SlotQuery) -> list[Slot]:
    found: list[Slot] = []
    for days in SEARCHED_DAYS:
        found = find_slots(session, service, replace(query, days=days), now=now())
        if len(found) >= TIMES_SHOWN:
            break
    return found
