"""All that is still to come in a service, as text: there may be a hundred thousand, and objects of them take a second."""

from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import String, func, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.functions import FunctionElement

from telehealth.accounts.models import HealthcareService
from telehealth.booking.domain.appointment import AppointmentStatus
from telehealth.booking.domain.coverage import Bookings, find_outside
from telehealth.booking.domain.session_plan import SessionPlan
from telehealth.booking.models import Appointment, Lane, SharedClinic

# What still has to happen; a visit that has begun goes on without a session.
UPCOMING = (AppointmentStatus.PENDING, AppointmentStatus.BOOKED, AppointmentStatus.ARRIVED)


class Upcoming:
    """What is booked in a service from now on: read once, and compared with its sessions as they are or would be."""

    def __init__(
        self, session: Session, service: HealthcareService, *, now: datetime, until: datetime | None = None
    ) -> None:
        zone = ZoneInfo(service.time_zone)
        self._first = now.astimezone(zone).date()
        self._bookings, last_start = _read(session, service, now=now, until=until)
        self._last: date = last_start.astimezone(zone).date() if last_start else self._first

    def outside(self, plan: SessionPlan) -> set[UUID]:
        """The keys of the appointments that lie in no session of the plan."""
        return {UUID(hex=key) for key in find_outside(plan, self._bookings, self._first, self._last)}


def _read(
    session: Session, service: HealthcareService, *, now: datetime, until: datetime | None
) -> tuple[list[Bookings], datetime | None]:
    whom = (
        Appointment.practitioner_id,
        Appointment.lane_id,
        Appointment.mode,
        Appointment.appointment_type_id,
        Appointment.room_id,
    )
    statement = (
        select(*whom, func.max(Appointment.starts_at).label("last_start"), _BookingsText())
        .where(
            Appointment.service_id == service.id,
            Appointment.starts_at > now,
            Appointment.status.in_(UPCOMING),
        )
        .group_by(*whom)
    )
    if until is not None:
        statement = statement.where(Appointment.starts_at < until)
    rows = session.execute(statement).all()
    lanes = _lanes(session, service) if any(row.lane_id for row in rows) else {}
    found = []
    for practitioner_id, lane_id, mode, type_id, room_id, _, text in rows:
        # In a shared clinic the clinic is booked, also after somebody took the patient.
        owner_id, lane = lanes[lane_id] if lane_id is not None else (practitioner_id, 0)
        # Every appointment is with somebody: the database holds that rule.
        if owner_id is not None:
            found.append(
                Bookings(owner_id=owner_id, mode=mode, type_id=type_id, room_id=room_id, lane=lane, text=text)
            )
    return found, max((row.last_start for row in rows), default=None)


def _lanes(session: Session, service: HealthcareService) -> dict[UUID, tuple[UUID, int]]:
    """The clinic and the number of each lane."""
    rows = session.execute(
        select(Lane.id, Lane.shared_clinic_id, Lane.number)
        .join(SharedClinic, SharedClinic.id == Lane.shared_clinic_id)
        .where(SharedClinic.service_id == service.id)
    )
    return {lane_id: (clinic_id, number) for lane_id, clinic_id, number in rows}


class _BookingsText(FunctionElement[str]):
    """All appointments of a group as the text of `Bookings`."""

    type = String()
    inherit_cache = True


@compiles(_BookingsText, "sqlite")
def _text_on_sqlite(_element: _BookingsText, _compiler: object, **_options: object) -> str:
    instants = "substr(appointment.starts_at, 1, 19) || substr(appointment.ends_at, 1, 19)"
    return f"group_concat({instants} || appointment.id, '')"


@compiles(_BookingsText, "postgresql")
def _text_on_postgresql(_element: _BookingsText, _compiler: object, **_options: object) -> str:
    instant = "to_char(appointment.{} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')"
    parts = f"{instant.format('starts_at')} || {instant.format('ends_at')}"
    return f"string_agg({parts} || replace(CAST(appointment.id AS text), '-', ''), '')"
