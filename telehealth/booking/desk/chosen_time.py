"""A free time that reception chose before the patient was found. It is kept in the cookie: keys and instants only."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import session as cookie
from flask_babel import gettext
from sqlalchemy.orm import Session

from telehealth.accounts.models import HealthcareService
from telehealth.actor import Role
from telehealth.booking.domain.appointment import Mode
from telehealth.booking.models import AppointmentType, Schedule
from telehealth.booking.presenters import mode_text
from telehealth.booking.slot_values import instant_value
from telehealth.clock import now
from telehealth.dates import instant_text
from telehealth.extensions import actor, reading

_KEY = "chosen_time"
# Who went to do something else is not asked about it for ever.
REMEMBERED_FOR = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenTime:
    """In words; the local day; and the fields of the form that holds it."""

    text: str
    day: str
    fields: dict[str, str]


def remember_chosen_time(schedule_id: UUID, starts_at: datetime, type_: AppointmentType, mode: Mode) -> None:
    cookie[_KEY] = {
        "schedule_id": str(schedule_id),
        "starts_at": starts_at.isoformat(),
        "appointment_type_id": str(type_.id),
        "mode": mode.value,
        "until": (now() + REMEMBERED_FOR).isoformat(),
    }


def forget_chosen_time() -> None:
    cookie.pop(_KEY, None)


def find_chosen_time() -> ChosenTime | None:
    """The time that was chosen a few minutes ago; None where there is none, or it is not of the actor's desk."""
    kept: dict[str, Any] = cookie.get(_KEY) or {}
    if not kept or datetime.fromisoformat(kept["until"]) < now():
        return None
    with reading() as session:
        return _in_words(session, kept)


def _in_words(session: Session, kept: dict[str, Any]) -> ChosenTime | None:
    schedule = session.get(Schedule, UUID(kept["schedule_id"]))
    type_ = session.get(AppointmentType, UUID(kept["appointment_type_id"]))
    desks = actor().services_as(Role.RECEPTIONIST)
    if schedule is None or type_ is None or {schedule.service_id, type_.service_id} - desks:
        return None
    service = session.get_one(HealthcareService, schedule.service_id)
    starts_at = datetime.fromisoformat(kept["starts_at"])
    owner = schedule.practitioner.display_name if schedule.practitioner else ""
    return ChosenTime(
        text=gettext(
            "%(when)s with %(name)s: %(type)s, %(mode)s",
            when=instant_text(starts_at, service.time_zone),
            name=owner or (schedule.shared_clinic.name if schedule.shared_clinic else ""),
            type=type_.name,
            mode=mode_text(Mode(kept["mode"])).lower(),
        ),
        day=starts_at.astimezone(ZoneInfo(service.time_zone)).date().isoformat(),
        fields={
            "schedule_id": kept["schedule_id"],
            "starts_at": instant_value(starts_at),
            "appointment_type_id": kept["appointment_type_id"],
            "mode": kept["mode"],
        },
    )
