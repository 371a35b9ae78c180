"""Whose desk a page is: somebody may be at the desks of several services. What was chosen is kept with the sign-in."""

from typing import Any
from uuid import UUID

from flask import request
from flask import session as cookie
from sqlalchemy.orm import Session

from telehealth.accounts.models import HealthcareService
from telehealth.accounts.services.staff import list_services
from telehealth.actor import Role
from telehealth.booking.form_fields import read_key
from telehealth.errors import NotFound
from telehealth.extensions import actor
from telehealth.page_service import speak_for

_CHOSEN = "desk"


def desk_ids() -> frozenset[UUID]:
    """The services at whose desks the actor is, asked anew with each request."""
    return actor().services_as(Role.RECEPTIONIST)


def desk_service(session: Session) -> HealthcareService:
    """The service whose desk this is. Raises NotFound for someone who is at no desk.

    Of several: the one that the page names as its own, else the one that was chosen last, else the first by name.
    """
    services = list_services(session, desk_ids())
    if not services:
        raise NotFound
    found = services[0]
    if len(services) > 1:
        wished = (read_key(request.values.get("desk")), read_key(cookie.get(_CHOSEN)))
        by_key = {service.id: service for service in services}
        found = next((by_key[key] for key in wished if key in by_key), found)
    speak_for(found)
    return found


def choose_desk(service_id: UUID) -> None:
    """From now on the desk of this service. Raises NotFound where the actor is not at it."""
    if service_id not in desk_ids():
        raise NotFound
    cookie[_CHOSEN] = service_id.hex


def desk_arguments(service: HealthcareService) -> dict[str, Any]:
    """For the addresses and forms of a page that must stay with its desk, whatever is chosen on another page meanwhile.

    Nothing for somebody who is at one desk alone.
    """
    return {"desk": str(service.id)} if len(desk_ids()) > 1 else {}


def desk_choice(session: Session, service: HealthcareService, back: str) -> dict[str, Any] | None:
    """The control that changes the desk; None for somebody who is at one alone. `back`: where it leads afterwards."""
    if len(desk_ids()) < 2:
        return None
    return {
        "items": [
            {"value": str(each.id), "text": each.name, "selected": each.id == service.id}
            for each in list_services(session, desk_ids())
        ],
        "back": back,
    }
