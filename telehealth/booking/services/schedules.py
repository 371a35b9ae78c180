"""Recurring sessions, set up by an administrator or by a clinician for themselves. What took place is never rewritten."""

from datetime import date
from uuid import UUID, uuid4

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload
from sqlalchemy.orm.attributes import flag_modified

from telehealth.accounts.models import HealthcareService
from telehealth.actor import Actor
from telehealth.audit.services import record_event
from telehealth.booking.domain.appointment import Mode
from telehealth.booking.domain.session_plan import ONE_DAY
from telehealth.booking.models import AppointmentType, Hold, Schedule
from telehealth.booking.services.idempotency import key_of, remember_key
from telehealth.booking.services.schedule_access import find_service, may_change_schedule, only_own
from telehealth.booking.services.schedule_impact import mark_changed, refuse_stranding
from telehealth.booking.services.schedule_wishes import (
    ScheduleWish,
    check_end,
    check_start,
    check_wish,
    in_step,
    kept_of,
    local_today,
    plan_change,
    plan_end,
    rule_before,
)
from telehealth.clock import now
from telehealth.errors import N_, Conflict, NotFound


def list_schedules(session: Session, actor: Actor, service_id: UUID) -> list[Schedule]:
    """The service's sessions that have dates still to come, or the actor's own; in order of their times."""
    service = find_service(session, actor, service_id)
    own = only_own(actor, service)
    statement = (
        select(Schedule)
        .where(
            Schedule.service_id == service.id,
            or_(Schedule.last_date.is_(None), Schedule.last_date >= local_today(service)),
        )
        .options(
            joinedload(Schedule.practitioner),
            joinedload(Schedule.shared_clinic),
            joinedload(Schedule.room),
            selectinload(Schedule.types),
        )
        .order_by(Schedule.first_date, Schedule.starts, Schedule.id)
    )
    if own is not None:
        statement = statement.where(Schedule.practitioner_id == own)
    return list(session.scalars(statement))


def find_schedule(session: Session, actor: Actor, service_id: UUID, schedule_id: UUID) -> Schedule:
    """Raises NotFound for a session that the actor may not change."""
    service = find_service(session, actor, service_id)
    schedule = session.get(Schedule, schedule_id)
    if schedule is None or not may_change_schedule(actor, service, schedule):
        raise NotFound
    return schedule


def create_schedule(
    session: Session, actor: Actor, service_id: UUID, wish: ScheduleWish, *, idempotency_key: str
) -> Schedule:
    """Raises InvalidInput with the field that is to blame; NotFound where it would be somebody else's session."""
    service = check_wish(session, actor, service_id, wish)
    schedule_id, is_repeat = remember_key(session, actor.key, key_of(idempotency_key, *wish.parts()))
    if is_repeat:
        return session.get_one(Schedule, schedule_id)
    schedule = _new_schedule(service, wish, schedule_id)
    _fill(session, schedule, wish)
    session.add(schedule)
    session.flush()
    _record(session, actor, service, "schedule.created", schedule)
    return schedule


def change_schedule(
    session: Session,
    actor: Actor,
    service_id: UUID,
    schedule_id: UUID,
    wish: ScheduleWish,
    *,
    version: int,
    agreed: str = "",
) -> Schedule:
    """This and future sessions, from `wish.first_date` on; every other week in step (`in_step`). `agreed`: see `refuse_stranding`.

    Raises InvalidInput, WouldStrand, NotFound, and Conflict where somebody else changed it meanwhile.
    """
    service = check_wish(session, actor, service_id, wish)
    schedule = _lock(session, actor, service, schedule_id, version=version)
    check_start(service, schedule, wish.first_date)
    wish = in_step(schedule, wish)
    refuse_stranding(session, plan_change(service, schedule, wish), agreed, now=now())
    kept = kept_of(service, schedule, wish.first_date)
    if kept is None:
        changed = schedule
        changed.practitioner_id, changed.shared_clinic_id = wish.practitioner_id, wish.shared_clinic_id
    else:
        schedule.last_date = kept.last_date
        changed = _new_schedule(service, wish, uuid4())
        session.add(changed)
    _fill(session, changed, wish)
    # A new version also where its types alone are others: a form of before is stale.
    flag_modified(schedule, "rrule")
    session.flush()
    _record(session, actor, service, "schedule.changed", changed)
    return changed


def end_schedule(
    session: Session,
    actor: Actor,
    service_id: UUID,
    schedule_id: UUID,
    *,
    last_date: date | None,
    version: int,
    agreed: str = "",
) -> None:
    """The last session is on or before `last_date`; None: it is taken away, which is refused once it took place.

    Raises InvalidInput, WouldStrand, NotFound, Conflict.
    """
    service = find_service(session, actor, service_id)
    schedule = _lock(session, actor, service, schedule_id, version=version)
    check_end(service, schedule, last_date)
    refuse_stranding(session, plan_end(service, schedule, last_date), agreed, now=now())
    kept = rule_before(schedule, last_date + ONE_DAY) if last_date is not None else None
    if kept is None:
        _take_away(session, schedule)
    else:
        schedule.last_date = kept.last_date
        session.flush()
    _record(session, actor, service, "schedule.ended", schedule)


def _new_schedule(service: HealthcareService, wish: ScheduleWish, schedule_id: UUID) -> Schedule:
    return Schedule(
        id=schedule_id,
        organisation_id=service.organisation_id,
        service_id=service.id,
        practitioner_id=wish.practitioner_id,
        shared_clinic_id=wish.shared_clinic_id,
    )


def _fill(session: Session, schedule: Schedule, wish: ScheduleWish) -> None:
    rule = wish.as_rule()
    schedule.rrule = rule.rrule
    schedule.first_date, schedule.last_date = rule.first_date, rule.last_date
    schedule.starts, schedule.ends = rule.starts, rule.ends
    schedule.slot_minutes = wish.slot_minutes
    schedule.is_by_video = Mode.VIDEO in wish.modes
    schedule.is_by_phone = Mode.PHONE in wish.modes
    schedule.is_in_person = Mode.IN_PERSON in wish.modes
    schedule.is_extra = rule.is_extra
    schedule.room_id = wish.room_id
    with session.no_autoflush:
        schedule.types = list(
            session.scalars(select(AppointmentType).where(AppointmentType.id.in_(wish.type_ids)))
        )


def _lock(
    session: Session, actor: Actor, service: HealthcareService, schedule_id: UUID, *, version: int
) -> Schedule:
    schedule = session.scalar(
        select(Schedule)
        .where(Schedule.id == schedule_id)
        .with_for_update(of=Schedule)
        .execution_options(populate_existing=True)
    )
    if schedule is None or not may_change_schedule(actor, service, schedule):
        raise NotFound
    if schedule.version != version:
        raise Conflict(
            "schedule-changed",
            N_("Somebody has changed this session meanwhile. Look at it as it is now, then try again."),
        )
    return schedule


def _take_away(session: Session, schedule: Schedule) -> None:
    """A session that never took place leaves no trace but in the audit trail."""
    held = select(Hold.id).where(Hold.schedule_id == schedule.id, Hold.expires_at > now())
    if session.scalar(held.limit(1)) is not None:
        raise Conflict(
            "schedule-held",
            N_("Somebody is booking a time of this session right now. Try again in five minutes."),
        )
    # Those that have lapsed say no more than that they did.
    session.execute(delete(Hold).where(Hold.schedule_id == schedule.id))
    session.delete(schedule)
    session.flush()


def _record(
    session: Session, actor: Actor, service: HealthcareService, action: str, schedule: Schedule
) -> None:
    record_event(
        session,
        actor,
        action,
        subject_kind="schedule",
        subject_id=schedule.id,
        organisation_id=service.organisation_id,
        service_id=service.id,
    )
    mark_changed(session, [service])
