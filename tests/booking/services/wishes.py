"""What tests ask the booking services for."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from telehealth.accounts.services.sign_in import actor_of
from telehealth.booking.domain.appointment import Mode
from telehealth.booking.domain.claim import ClaimState
from telehealth.booking.models import Appointment, AppointmentHistory, Claim, Hold
from telehealth.booking.services.availability import SlotQuery, find_slot
from telehealth.booking.services.booking import BookingRequest
from telehealth.booking.services.holds import hold_slot
from telehealth.booking.services.moving import MoveRequest
from telehealth.clock import now
from tests.factories import Cast, soon

QUARTER = timedelta(minutes=15)


def wish(cast: Cast, **changes: Any) -> BookingRequest:
    return BookingRequest(
        **{
            "patient_id": cast.patient.id,
            "service_id": cast.service.id,
            "schedule_id": cast.schedule.id,
            "starts_at": soon(),
            "appointment_type_id": cast.appointment_type.id,
            "mode": Mode.VIDEO,
            "reason": "Review",
            "idempotency_key": uuid4().hex,
            **changes,
        }
    )


def wish_held(cast: Cast, hold: Hold, **changes: Any) -> BookingRequest:
    """To book what is held."""
    parts = {"schedule_id": None, "starts_at": None, "appointment_type_id": None, "mode": None}
    return wish(cast, **{**parts, "hold_id": hold.id, "hold_owner": hold.owner, **changes})


def move(
    cast: Cast, appointment: Appointment, starts_at: datetime | None = None, **changes: Any
) -> MoveRequest:
    return MoveRequest(
        **{
            "version": appointment.version,
            "idempotency_key": uuid4().hex,
            "schedule_id": cast.schedule.id,
            "starts_at": starts_at,
            **changes,
        }
    )


def hold(
    session: Session, cast: Cast, *, starts_at: datetime | None = None, owner: str = "", **parts: Any
) -> Hold:
    """Reception holds a free time for the cast's patient, or `owner` does."""
    who = actor_of(cast.receptionist)
    wanted = starts_at or soon()
    moves = parts.get("moves")
    slot = find_slot(
        session,
        cast.service,
        SlotQuery(
            type=cast.appointment_type,
            mode=Mode.VIDEO,
            from_date=wanted.date(),
            moves=moves,
        ),
        schedule_id=cast.schedule.id,
        starts_at=wanted,
        now=now(),
    )
    assert slot is not None
    return hold_slot(
        session,
        parts.pop("actor", who),
        cast.service,
        slot,
        type_=cast.appointment_type,
        mode=Mode.VIDEO,
        owner=owner or who.key,
        **parts,
    )


def live_claims(session: Session, appointment: Appointment) -> list[tuple[datetime, datetime]]:
    rows = session.execute(
        select(Claim.starts_at, Claim.ends_at)
        .where(Claim.appointment_id == appointment.id, Claim.state == ClaimState.BOOKED)
        .order_by(Claim.starts_at, Claim.ends_at)
    )
    return [(starts_at, ends_at) for starts_at, ends_at in rows]


def count_held(session: Session) -> int | None:
    return session.scalar(select(func.count()).where(Claim.state == ClaimState.HELD))


def changes_of(session: Session, appointment: Appointment) -> list[tuple[int, str]]:
    rows = session.scalars(
        select(AppointmentHistory)
        .where(AppointmentHistory.appointment_id == appointment.id)
        .order_by(AppointmentHistory.version)
    )
    return [(row.version, row.change.value if row.change else "") for row in rows]
