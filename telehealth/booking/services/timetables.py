"""Schedules as plain facts: a search reads all of a service, and a booking reads one, without objects that are watched."""

from dataclasses import dataclass
from datetime import date, time
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, bindparam, exists, or_, select
from sqlalchemy.orm import Session

from telehealth.accounts.models import PractitionerRole
from telehealth.booking.domain.appointment import Mode
from telehealth.booking.models import Schedule, ScheduleAppointmentType
from telehealth.booking.models.schedule import modes_of


@dataclass(frozen=True, slots=True)
class Timetable:
    """A schedule, asked for one type of appointment."""

    id: UUID
    service_id: UUID
    practitioner_id: UUID | None
    shared_clinic_id: UUID | None
    room_id: UUID | None
    rrule: str
    first_date: date
    last_date: date | None
    starts: time
    ends: time
    slot_minutes: int
    is_extra: bool
    # Whether the type is one of its own, or it has none of its own and takes all.
    lists_type: bool
    is_by_video: bool
    is_by_phone: bool
    is_in_person: bool

    @property
    def modes(self) -> tuple[Mode, ...]:
        return modes_of(self.is_by_video, self.is_by_phone, self.is_in_person)

    @property
    def owner_id(self) -> UUID:
        """Whose sessions they are: a clinician, or a shared clinic."""
        # One of the two is there: the table says so.
        return self.practitioner_id or self.shared_clinic_id or self.id


def load_timetables(
    session: Session,
    service_id: UUID,
    type_id: UUID,
    *,
    practitioner_id: UUID | None = None,
    shared_clinic_id: UUID | None = None,
) -> list[Timetable]:
    """Those of a service; with a clinician or a shared clinic, theirs alone."""
    statement = _statement(practitioner_id is not None, shared_clinic_id is not None)
    wanted = {"service": service_id, "type": type_id}
    if practitioner_id is not None:
        wanted["practitioner"] = practitioner_id
    if shared_clinic_id is not None:
        wanted["clinic"] = shared_clinic_id
    return [Timetable(*row) for row in session.execute(statement, wanted)]


def load_timetable(session: Session, service_id: UUID, type_id: UUID, schedule_id: UUID) -> Timetable | None:
    """One schedule of the service."""
    wanted = {"service": service_id, "type": type_id, "schedule": schedule_id}
    row = session.execute(_ONE, wanted).one_or_none()
    return Timetable(*row) if row is not None else None


def _all() -> Select[*tuple[Any, ...]]:
    own = select(ScheduleAppointmentType.schedule_id).where(
        ScheduleAppointmentType.schedule_id == Schedule.id
    )
    lists_type = or_(
        ~exists(own), exists(own.where(ScheduleAppointmentType.appointment_type_id == bindparam("type")))
    )
    # In the order of the fields of `Timetable`.
    return select(
        Schedule.id,
        Schedule.service_id,
        Schedule.practitioner_id,
        Schedule.shared_clinic_id,
        Schedule.room_id,
        Schedule.rrule,
        Schedule.first_date,
        Schedule.last_date,
        Schedule.starts,
        Schedule.ends,
        Schedule.slot_minutes,
        Schedule.is_extra,
        lists_type,
        Schedule.is_by_video,
        Schedule.is_by_phone,
        Schedule.is_in_person,
    ).where(Schedule.service_id == bindparam("service"), works_there())


def works_there() -> ColumnElement[bool]:
    """A condition on schedules: sessions of somebody who does not work in the service any more are none."""
    role = select(PractitionerRole.id).where(
        PractitionerRole.service_id == Schedule.service_id,
        PractitionerRole.practitioner_id == Schedule.practitioner_id,
    )
    return or_(Schedule.practitioner_id.is_(None), exists(role))


@cache
def _statement(has_practitioner: bool, has_clinic: bool) -> Select[*tuple[Any, ...]]:
    # Made once: it is sent with every search.
    owners = []
    if has_practitioner:
        owners.append(Schedule.practitioner_id == bindparam("practitioner"))
    if has_clinic:
        owners.append(Schedule.shared_clinic_id == bindparam("clinic"))
    return _all().where(or_(*owners)) if owners else _all()


_ONE = _all().where(Schedule.id == bindparam("schedule"))
