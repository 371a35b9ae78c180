"""Consulting rooms of a service."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.accounts.models import HealthcareService
from telehealth.actor import Actor
from telehealth.audit.services import record_event
from telehealth.booking.domain.appointment import Mode
from telehealth.booking.domain.session_plan import ONE_DAY
from telehealth.booking.models import Room
from telehealth.booking.services.schedule_access import find_service, find_service_to_set_up
from telehealth.booking.services.schedule_impact import load_plan, mark_changed
from telehealth.booking.services.schedule_wishes import local_today
from telehealth.booking.services.taken_names import find_same_name
from telehealth.clock import now
from telehealth.errors import N_, Conflict, InvalidInput, NotFound

# Every rule has a date within them.
NEXT_DATES = timedelta(days=62)


def list_rooms(session: Session, actor: Actor, service_id: UUID) -> Sequence[Room]:
    """All rooms of a service, those in use first, by name. Raises NotFound."""
    service = find_service(session, actor, service_id)
    return session.scalars(
        select(Room).where(Room.service_id == service.id).order_by(Room.is_active.desc(), Room.name)
    ).all()


def add_room(session: Session, actor: Actor, service_id: UUID, name: str) -> Room:
    """A room that was out of use comes back into use. Raises InvalidInput, Conflict where there is one, NotFound."""
    service = find_service_to_set_up(session, actor, service_id)
    if not name:
        raise InvalidInput("name-missing", N_("Enter the name of the room."), field="name")
    known = find_same_name(session, Room, service, name)
    room = session.get(Room, known, populate_existing=True) if known else None
    if room is not None and room.is_active:
        raise Conflict("room-known", N_("There is a room with this name already."))
    if room is None:
        room = Room(id=uuid4(), organisation_id=service.organisation_id, service_id=service.id, name=name)
        session.add(room)
    room.is_active = True
    session.flush()
    _record(session, actor, service, room)
    return room


def set_room_active(
    session: Session, actor: Actor, service_id: UUID, room_id: UUID, *, is_active: bool
) -> Room:
    """Out of use, no session has it; appointments that were left in it keep it, and are listed as outside every session.

    Raises Conflict while sessions are to come in it: a change of these says whom it affects. NotFound.
    """
    service = find_service_to_set_up(session, actor, service_id)
    room = session.get(Room, room_id)
    if room is None or room.service_id != service.id:
        raise NotFound
    if not is_active and _is_used(session, service, room):
        raise Conflict(
            "room-used",
            N_(
                "Sessions still take place in %(room)s. Give them another room first: there you see who is booked in it."
            ),
            {"room": room.name},
        )
    if room.is_active != is_active:
        room.is_active = is_active
        session.flush()
        _record(session, actor, service, room)
    return room


def _is_used(session: Session, service: HealthcareService, room: Room) -> bool:
    """Whether a session in which people meet in person there runs or is to come; leave may be taken back."""
    current, today = now(), local_today(service)
    plan = load_plan(session, service, since=current)
    rules = [each for each in plan.rules if each.room_id == room.id and Mode.IN_PERSON in each.modes]
    # Without an end it goes on: the next dates are enough.
    last = max((each.last_date or max(each.first_date, today) + NEXT_DATES for each in rules), default=today)
    # One that began yesterday evening may still run.
    return any(each.span.end > current for each in plan.occurrences(today - ONE_DAY, last, rules))


def _record(session: Session, actor: Actor, service: HealthcareService, room: Room) -> None:
    record_event(
        session,
        actor,
        "room.changed",
        subject_kind="room",
        subject_id=room.id,
        organisation_id=service.organisation_id,
        service_id=service.id,
    )
    mark_changed(session, [service])
