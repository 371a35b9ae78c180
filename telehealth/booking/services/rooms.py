"""Consulting rooms of a service."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.accounts.models import HealthcareService
from telehealth.actor import Actor
from telehealth.audit.services import record_event
from telehealth.booking.models import Room
from telehealth.booking.services.schedule_access import find_service, find_service_to_set_up
from telehealth.booking.services.schedule_impact import mark_changed
from telehealth.booking.services.taken_names import find_same_name
from telehealth.errors import N_, Conflict, InvalidInput, NotFound


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
    """Out of use, it is offered for no new session; sessions and appointments that have it keep it. Raises NotFound."""
    service = find_service_to_set_up(session, actor, service_id)
    room = session.get(Room, room_id)
    if room is None or room.service_id != service.id:
        raise NotFound
    if room.is_active != is_active:
        room.is_active = is_active
        session.flush()
        _record(session, actor, service, room)
    return room


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
