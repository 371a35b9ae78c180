"""The way back to the list of appointments with no session, for whoever came from it to move or cancel one of them."""

from typing import Any
from uuid import UUID

from flask import request
from flask import session as cookie

from telehealth.booking.desk.routes import bp
from telehealth.booking.form_fields import read_key

_KEY = "desk_stranded"


@bp.before_request
def remember_origin() -> None:
    """The list's links name its service; the pages after them, on which something is moved or cancelled, do not."""
    appointment_id = (request.view_args or {}).get("appointment_id")
    service_id = read_key(request.args.get("stranded"))
    if service_id is not None and isinstance(appointment_id, UUID):
        cookie[_KEY] = [appointment_id.hex, service_id.hex]


@bp.app_context_processor
def stranded_origin() -> dict[str, Any]:
    return {"stranded_list_of": find_list}


def find_list(appointment_id: UUID) -> UUID | None:
    """The service from whose list the person came to this appointment."""
    kept: list[str] = cookie.get(_KEY) or ["", ""]
    return UUID(kept[1]) if kept[0] == appointment_id.hex else None
