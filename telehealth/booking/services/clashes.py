"""Which other sessions a wished one would meet: of the same people, in any of their services, or in the same room."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from telehealth.accounts.models import HealthcareService
from telehealth.booking.domain.appointment import Mode
from telehealth.booking.domain.session_plan import ONE_DAY, Occurrence, SessionPlan, SessionRule
from telehealth.booking.models import Schedule
from telehealth.booking.services.schedule_impact import PlannedChange, load_plan, services_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """Another session at the same time; `on` is the first date on which they meet.

    `is_same_owner`: of the same clinician or shared clinic, so that no time is offered twice. `shares_room`: only the
    room is the same.
    """

    schedule: Schedule
    service: HealthcareService
    on: date
    is_same_owner: bool
    shares_room: bool


def find_clashes(
    session: Session,
    service: HealthcareService,
    change: PlannedChange,
    *,
    room_id: UUID | None,
    first: date,
    days: int,
    now: datetime,
) -> list[Clash]:
    """What the sessions that `change` adds would meet in `days` from `first`, each other session once, in order of time."""
    plan = change.apply(load_plan(session, service, since=now))
    owners = {rule.owner_id for rule in change.adds if rule.owner_id is not None}
    people = {person for owner_id in owners for person in _people(plan, owner_id)}
    last = first + timedelta(days=days) - ONE_DAY
    ours = [one for one in plan.occurrences(first, last, change.adds) if one.pieces]
    others = {each.id: each for person in people for each in services_of(session, person)}
    others.pop(service.id, None)
    plans = [(service, plan), *((each, load_plan(session, each, since=now)) for each in others.values())]
    found: dict[UUID, tuple[HealthcareService, Occurrence, bool, bool]] = {}
    for of_service, each in plans:
        for rule in each.rules:
            if rule in change.adds or rule.key is None or rule.owner_id is None:
                continue
            is_same_owner = rule.owner_id in owners
            is_same_people = is_same_owner or not people.isdisjoint(_people(each, rule.owner_id))
            # Rooms belong to one service.
            in_room = room_id is not None and rule.room_id == room_id and Mode.IN_PERSON in rule.modes
            if (is_same_people or in_room) and (met := _first_met(each, rule, ours, first, last)):
                found[rule.key] = (of_service, met, is_same_owner, not is_same_people)
    schedules = _load(session, list(found))
    return sorted(
        (
            Clash(
                schedule=schedules[key],
                service=of_service,
                on=met.on,
                is_same_owner=is_same_owner,
                shares_room=shares_room,
            )
            for key, (of_service, met, is_same_owner, shares_room) in found.items()
        ),
        key=lambda clash: (clash.on, clash.schedule.starts, clash.schedule.id),
    )


def _people(plan: SessionPlan, owner_id: UUID) -> frozenset[UUID]:
    """The clinician, or who sits in the shared clinic."""
    members = plan.members.get(owner_id)
    return members.working if members is not None else frozenset([owner_id])


def _first_met(
    plan: SessionPlan, rule: SessionRule, ours: Sequence[Occurrence], first: date, last: date
) -> Occurrence | None:
    # One that began the evening before may still run.
    for theirs in plan.occurrences(first - ONE_DAY, last, [rule]):
        pieces = theirs.pieces
        if any(mine.overlaps(other) for one in ours for mine in one.pieces for other in pieces):
            return theirs
    return None


def _load(session: Session, keys: Sequence[UUID]) -> dict[UUID, Schedule]:
    rows = session.scalars(
        select(Schedule)
        .where(Schedule.id.in_(keys))
        .options(
            joinedload(Schedule.practitioner),
            joinedload(Schedule.shared_clinic),
            joinedload(Schedule.room),
            selectinload(Schedule.types),
        )
    )
    return {row.id: row for row in rows}
