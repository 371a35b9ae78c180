"""Why a time cannot be booked, with what staff may be told: which appointment, whose leave, what else is free."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from telehealth.accounts.models import HealthcareService
from telehealth.actor import Actor
from telehealth.booking.domain.slots import Slot
from telehealth.booking.models import Appointment, Schedule
from telehealth.booking.services.availability import SlotQuery, find_slots
from telehealth.booking.services.explanations import Reason, ReasonCode, explain
from telehealth.booking.services.restricted import Busy, see_busy
from telehealth.clock import now

OTHERS = 3
_LOOK_AHEAD_DAYS = (7, 28, 84)


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """One rule that says no. `appointment`: what is in the way as far as the actor may see it; `owner`: whose session."""

    reason: Reason
    appointment: Appointment | Busy | None = None
    owner: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedTime:
    """A time that was wanted, every obstacle, and the next times that are free."""

    starts_at: datetime
    owner: str
    obstacles: Sequence[Obstacle]
    others: Sequence[Slot]


def explain_refusal(
    session: Session,
    actor: Actor,
    service: HealthcareService,
    query: SlotQuery,
    *,
    schedule_id: UUID,
    starts_at: datetime,
) -> RefusedTime:
    """`query`: what was looked for when the time was chosen; the next free times are of the same search."""
    reasons = explain(session, service, query, schedule_id=schedule_id, starts_at=starts_at, now=now())
    return RefusedTime(
        starts_at=starts_at,
        owner=owner_of(session, service, schedule_id),
        obstacles=see_obstacles(session, actor, service, schedule_id, reasons),
        others=find_next(session, service, query, starts_at),
    )


def see_obstacles(
    session: Session,
    actor: Actor,
    service: HealthcareService,
    schedule_id: UUID,
    reasons: Sequence[Reason],
) -> list[Obstacle]:
    owner = owner_of(session, service, schedule_id)
    found: list[Obstacle] = []
    for reason in reasons:
        seen = see_busy(session, actor, reason.appointment_id) if reason.appointment_id else None
        # The clinician's claim is known by the appointment; the patient's own is told once.
        if reason.code is ReasonCode.BOOKED and any(each.appointment == seen for each in found if seen):
            continue
        found.append(Obstacle(reason=reason, appointment=seen, owner=owner))
    return found


def find_next(
    session: Session, service: HealthcareService, query: SlotQuery, starts_at: datetime, most: int = OTHERS
) -> list[Slot]:
    """The next free times from `starts_at` on; where the search ends before, the first there are."""
    zone = ZoneInfo(service.time_zone)
    first = max(starts_at, now()).astimezone(zone).date()
    slots: list[Slot] = []
    for days in _LOOK_AHEAD_DAYS:
        wanted = replace(query, from_date=first, days=days, limit=None)
        slots = [
            slot for slot in find_slots(session, service, wanted, now=now()) if slot.starts_at >= starts_at
        ]
        if len(slots) >= most:
            break
    return slots[:most]


def owner_of(session: Session, service: HealthcareService, schedule_id: UUID) -> str:
    """Whose session a schedule is, by name; "" for one of another service, or none."""
    schedule = session.get(Schedule, schedule_id)
    if schedule is None or schedule.service_id != service.id:
        return ""
    if schedule.practitioner is not None:
        return schedule.practitioner.display_name
    return schedule.shared_clinic.name if schedule.shared_clinic else ""
