"""What services offer in tests: types of appointments and schedules."""

from datetime import time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.accounts.models import HealthcareService
from telehealth.booking.domain.appointment_type import Booker
from telehealth.booking.models import AppointmentType, Schedule
from telehealth.clock import now


def make_type(
    session: Session,
    service: HealthcareService,
    *,
    name: str = "Consultation",
    minutes: int = 15,
    **rules: Any,
) -> AppointmentType:
    """A type of appointment by every way of meeting, that anybody who is known may book until it starts."""
    type_ = AppointmentType(
        organisation_id=service.organisation_id,
        service_id=service.id,
        name=name,
        minutes=minutes,
        **{
            "is_by_phone": True,
            "is_in_person": True,
            "booker": Booker.KNOWN,
            "notice_minutes": 0,
            "change_minutes": 0,
            **rules,
        },
    )
    session.add(type_)
    session.flush()
    return type_


def type_of(session: Session, service: HealthcareService) -> AppointmentType:
    """The type that each service of the tests has from the start."""
    return session.scalars(
        select(AppointmentType).where(
            AppointmentType.service_id == service.id, AppointmentType.name == "Consultation"
        )
    ).one()


def make_schedule(
    session: Session,
    service: HealthcareService,
    practitioner_id: UUID | None,
    *,
    slot_minutes: int = 15,
    **parts: Any,
) -> Schedule:
    """A clinic that runs all day, every day, on bank holidays too: tests choose their own hour."""
    schedule = Schedule(
        organisation_id=service.organisation_id,
        service_id=service.id,
        practitioner_id=practitioner_id,
        slot_minutes=slot_minutes,
        **{
            "rrule": "FREQ=DAILY",
            "first_date": now().date() - timedelta(days=7),
            "last_date": None,
            "starts": time(0),
            "ends": time(0),
            "is_by_phone": True,
            "is_in_person": True,
            "is_extra": True,
            **parts,
        },
    )
    session.add(schedule)
    session.flush()
    return schedule
