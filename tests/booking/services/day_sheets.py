"""What tests of the day sheet put on it, and how they look at it."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from telehealth.accounts.models import Patient
from telehealth.accounts.services.sign_in import actor_of
from telehealth.actor import Actor
from telehealth.booking.domain.appointment import Mode
from telehealth.booking.domain.slots import Slot
from telehealth.booking.models import Appointment, Schedule, ScheduleException
from telehealth.booking.services.appointments import place_appointment
from telehealth.booking.services.day_columns import Column
from telehealth.booking.services.day_sheet import DaySheet, Wanted, day_sheet
from telehealth.clock import now, uk_today
from tests.factories import Cast

LONDON = ZoneInfo("Europe/London")
QUARTER = timedelta(minutes=15)


def a_day() -> date:
    """Soon, and all of it still to come."""
    return uk_today() + timedelta(days=2)


def at(clock: str, day: date | None = None) -> datetime:
    return datetime.combine(day or a_day(), time.fromisoformat(clock), LONDON)


def sheet_of(
    session: Session, cast: Cast, *, day: date | None = None, actor: Actor | None = None, **parts: object
) -> DaySheet:
    wanted = Wanted(type=cast.appointment_type, mode=Mode.VIDEO)
    return day_sheet(
        session,
        actor or actor_of(cast.receptionist),
        cast.service,
        day or a_day(),
        **{"wanted": wanted, "now": now(), **parts},  # type: ignore[arg-type]
    )


def column_of(sheet: DaySheet, name: str, lane: int | None = None) -> Column:
    return next(each for each in sheet.columns if each.name == name and each.lane_number == lane)


def place(
    session: Session, cast: Cast, schedule: Schedule, starts_at: datetime, patient: Patient, **parts: object
) -> Appointment:
    slot = Slot(
        starts_at=starts_at,
        ends_at=starts_at + QUARTER,
        schedule_id=schedule.id,
        practitioner_id=schedule.practitioner_id,
        lane_id=parts.pop("lane_id", None),  # type: ignore[arg-type]
        room_id=schedule.room_id,
    )
    return place_appointment(
        session,
        actor_of(cast.receptionist),
        cast.service,
        patient,
        slot,
        **{"type_": cast.appointment_type, **parts},  # type: ignore[arg-type]
    )


def take_leave(
    session: Session, cast: Cast, starts_at: datetime, ends_at: datetime, **whose: object
) -> ScheduleException:
    leave = ScheduleException(
        organisation_id=cast.service.organisation_id,
        starts_at=starts_at,
        ends_at=ends_at,
        reason="Annual leave",
        created_by="test",
        **(whose or {"practitioner_id": cast.practitioner_id}),
    )
    session.add(leave)
    session.flush()
    return leave
