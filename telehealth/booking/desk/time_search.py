"""For which free times reception looks: read from the address or a form, and remembered for the next patient."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from flask import request
from flask import session as cookie
from sqlalchemy.orm import Session

from telehealth.accounts.models import HealthcareService
from telehealth.booking.domain.appointment import Mode
from telehealth.booking.domain.slots import PartOfDay
from telehealth.booking.form_fields import read_key
from telehealth.booking.models import Appointment, AppointmentType, FollowUpRequest
from telehealth.booking.services.availability import SlotQuery
from telehealth.booking.services.day_sheet import list_types
from telehealth.booking.services.owners import Owners, find_owners
from telehealth.clock import now

_TYPE, _MODE = "book_type", "book_mode"
FARTHEST_DAYS = 366


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeSearch:
    """What is chosen, with what there is to choose from. `type` is None where the service offers nothing."""

    types: Sequence[AppointmentType]
    owners: Owners
    type: AppointmentType | None
    mode: Mode
    # The way that was asked for, where the type is not offered in that way.
    refused_mode: Mode | None
    owner_id: UUID | None
    part: PartOfDay | None
    from_date: date | None
    follow_up_id: UUID | None

    @property
    def arguments(self) -> dict[str, Any]:
        """What an address carries so that the same search is shown again: keys and choices, nothing personal."""
        chosen = {
            "type": str(self.type.id) if self.type else "",
            "mode": self.mode.value,
            "who": str(self.owner_id or ""),
            "part": self.part.value if self.part else "",
            "from": self.from_date.isoformat() if self.from_date else "",
            "follow_up": str(self.follow_up_id or ""),
        }
        return {name: value for name, value in chosen.items() if value}

    def query(
        self,
        type_: AppointmentType,
        *,
        patient_id: UUID,
        moves: Appointment | None = None,
        own_hold: UUID | None = None,
        is_open: bool = False,
    ) -> SlotQuery:
        """`is_open`: whatever the part of the day, and from today."""
        is_clinic = self.owner_id in self.owners.clinics
        return SlotQuery(
            type=type_,
            mode=self.mode,
            from_date=None if is_open else self.from_date,
            practitioner_id=None if is_clinic else self.owner_id,
            shared_clinic_id=self.owner_id if is_clinic else None,
            part_of_day=None if is_open else self.part,
            patient_id=patient_id,
            moves=moves,
            own_hold=own_hold,
        )


def read_search(
    session: Session,
    service: HealthcareService,
    *,
    requests: Sequence[FollowUpRequest] = (),
    only_type: AppointmentType | None = None,
    mode: Mode | None = None,
    near: date | None = None,
) -> TimeSearch:
    """What this request asks for; without words of its own what was chosen last.

    `requests`: what the patient is to be seen for, which decides the type if one of them is named.
    `only_type`, `mode`, `near`: of the appointment that is to be moved. Its day is looked at first.
    """
    types = list_types(session, service) if only_type is None else [only_type]
    owners = find_owners(session, service)
    follow_up = _named(requests)
    type_ = only_type or _chosen_type(types, follow_up)
    asked = _read_mode("mode") or mode or (_remembered_mode() if only_type is None else None)
    chosen = _mode_of(type_, asked)
    owner_id = read_key(_value("who"))
    if only_type is None and type_ is not None:
        cookie[_TYPE], cookie[_MODE] = type_.id.hex, chosen.value
    return TimeSearch(
        types=types,
        owners=owners,
        type=type_,
        mode=chosen,
        refused_mode=_read_mode("mode") if _read_mode("mode") not in (None, chosen) else None,
        owner_id=owner_id if owner_id in owners.names else None,
        part=next((part for part in PartOfDay if part.value == _value("part")), None),
        from_date=_read_day(_value("from")) if "from" in request.values else _ahead(near),
        follow_up_id=follow_up.id if follow_up else None,
    )


def _value(name: str) -> str:
    return str(request.values.get(name, ""))[:100]


def _named(requests: Sequence[FollowUpRequest]) -> FollowUpRequest | None:
    key = read_key(_value("follow_up"))
    return next((each for each in requests if each.id == key), None)


def _chosen_type(
    types: Sequence[AppointmentType], follow_up: FollowUpRequest | None
) -> AppointmentType | None:
    asked = read_key(_value("type") or _value("appointment_type_id"))
    wished = (
        asked,
        follow_up.appointment_type_id if follow_up else None,
        read_key(cookie.get(_TYPE, "")),
    )
    for key in wished:
        found = next((type_ for type_ in types if type_.id == key), None)
        if found is not None:
            return found
    return types[0] if types else None


def _read_mode(name: str) -> Mode | None:
    return next((mode for mode in Mode if mode.value == _value(name)), None)


def _remembered_mode() -> Mode | None:
    return next((mode for mode in Mode if mode.value == cookie.get(_MODE)), None)


def _mode_of(type_: AppointmentType | None, asked: Mode | None) -> Mode:
    offered = type_.modes if type_ else ()
    if asked in offered and asked is not None:
        return asked
    return offered[0] if offered else Mode.VIDEO


def _read_day(text: str) -> date | None:
    """None for today and before, and for what is no day of the next year."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return _ahead(day)


def _ahead(day: date | None) -> date | None:
    if day is None:
        return None
    return day if timedelta(0) < day - now().date() <= timedelta(days=FARTHEST_DAYS) else None
