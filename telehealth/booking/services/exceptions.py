"""Leave of a clinician, and closures of a shared clinic or a service: times at which no session takes place."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, joinedload

from telehealth.accounts.models import HealthcareService, PractitionerRole
from telehealth.actor import Actor
from telehealth.audit.services import record_event
from telehealth.booking.domain.intervals import Interval
from telehealth.booking.domain.session_plan import Closure
from telehealth.booking.models import ScheduleException, SharedClinic
from telehealth.booking.services.idempotency import key_of, remember_key
from telehealth.booking.services.schedule_access import (
    check_owner,
    find_service,
    may_change_exception,
    only_own,
)
from telehealth.booking.services.schedule_impact import (
    PlannedChange,
    mark_changed,
    refuse_stranding,
    services_of,
)
from telehealth.clock import now
from telehealth.errors import N_, InvalidInput, NotFound

LONGEST = timedelta(days=732)
FARTHEST = timedelta(days=5 * 366)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExceptionWish:
    """Who is away, or what is closed: a clinician, a shared clinic, or (neither) the whole service."""

    practitioner_id: UUID | None = None
    shared_clinic_id: UUID | None = None
    starts_at: datetime
    ends_at: datetime
    # Staff read it; patients do not.
    reason: str

    def parts(self) -> tuple[object, ...]:
        """What tells two wishes of one form apart."""
        return (self.practitioner_id or self.shared_clinic_id, self.starts_at, self.ends_at, self.reason)


def list_exceptions(session: Session, actor: Actor, service_id: UUID) -> Sequence[ScheduleException]:
    """What is not over and was not taken back, in order: of the service and of its people, or the actor's own."""
    service = find_service(session, actor, service_id)
    own = only_own(actor, service)
    clinicians = select(PractitionerRole.practitioner_id).where(PractitionerRole.service_id == service.id)
    clinics = select(SharedClinic.id).where(SharedClinic.service_id == service.id)
    whose = (
        ScheduleException.practitioner_id == own
        if own is not None
        else or_(
            ScheduleException.service_id == service.id,
            ScheduleException.practitioner_id.in_(clinicians),
            ScheduleException.shared_clinic_id.in_(clinics),
        )
    )
    return session.scalars(
        select(ScheduleException)
        .where(
            ScheduleException.organisation_id == service.organisation_id,
            ScheduleException.ended_at.is_(None),
            ScheduleException.ends_at > now(),
            whose,
        )
        .options(joinedload(ScheduleException.practitioner))
        .order_by(ScheduleException.starts_at, ScheduleException.id)
    ).all()


def plan_exception(session: Session, service: HealthcareService, wish: ExceptionWish) -> PlannedChange:
    """A clinician's leave holds in every service in which they work."""
    span = Interval(wish.starts_at, wish.ends_at)
    if wish.practitioner_id is not None:
        return PlannedChange(
            services=services_of(session, wish.practitioner_id),
            closes=(Closure(span, wish.practitioner_id, wish.reason),),
        )
    return PlannedChange(services=(service,), closes=(Closure(span, wish.shared_clinic_id, wish.reason),))


def create_exception(
    session: Session,
    actor: Actor,
    service_id: UUID,
    wish: ExceptionWish,
    *,
    idempotency_key: str,
    agreed: str = "",
) -> ScheduleException:
    """Raises InvalidInput; WouldStrand (see `refuse_stranding`); NotFound where it is not theirs to say."""
    service = check_exception(session, actor, service_id, wish)
    change = plan_exception(session, service, wish)
    # Sent twice, it strands nobody any more.
    refuse_stranding(session, change, agreed, now=now())
    exception_id, is_repeat = remember_key(
        session, actor.key, key_of(idempotency_key, "exception", *wish.parts())
    )
    if is_repeat:
        return session.get_one(ScheduleException, exception_id)
    is_of_service = wish.practitioner_id is None and wish.shared_clinic_id is None
    exception = ScheduleException(
        id=exception_id,
        organisation_id=service.organisation_id,
        practitioner_id=wish.practitioner_id,
        shared_clinic_id=wish.shared_clinic_id,
        service_id=service.id if is_of_service else None,
        starts_at=wish.starts_at,
        ends_at=wish.ends_at,
        reason=wish.reason,
        created_by=actor.key,
    )
    session.add(exception)
    session.flush()
    _record(session, actor, service, "schedule-exception.created", exception)
    mark_changed(session, change.services)
    return exception


def end_exception(session: Session, actor: Actor, service_id: UUID, exception_id: UUID) -> ScheduleException:
    """Take it back: its times can be booked again. Done twice is done once. Raises NotFound."""
    service = find_service(session, actor, service_id)
    exception = session.scalar(
        select(ScheduleException)
        .where(ScheduleException.id == exception_id)
        .with_for_update(of=ScheduleException)
        .execution_options(populate_existing=True)
    )
    if (
        exception is None
        or not may_change_exception(actor, service, exception)
        or not _belongs_to(session, exception, service)
    ):
        raise NotFound
    if exception.ended_at is None:
        exception.ended_at = now()
        session.flush()
        _record(session, actor, service, "schedule-exception.ended", exception)
        mark_changed(session, _services_of(session, service, exception))
    return exception


def check_exception(
    session: Session, actor: Actor, service_id: UUID, wish: ExceptionWish
) -> HealthcareService:
    """The service in which it may be said. Raises InvalidInput, NotFound."""
    service = find_service(session, actor, service_id)
    is_of_service = wish.practitioner_id is None and wish.shared_clinic_id is None
    if not is_of_service:
        check_owner(
            session,
            actor,
            service,
            practitioner_id=wish.practitioner_id,
            shared_clinic_id=wish.shared_clinic_id,
        )
    elif only_own(actor, service) is not None:
        raise NotFound
    if wish.ends_at <= wish.starts_at:
        raise InvalidInput("times-in-order", N_("Choose an end that is after the start."), field="last_date")
    if wish.ends_at <= now():
        raise InvalidInput(
            "time-past",
            N_("Choose a time that is still to come: what took place stays as it was."),
            field="last_date",
        )
    if wish.starts_at > now() + FARTHEST or wish.ends_at - wish.starts_at > LONGEST:
        raise InvalidInput("date-far", N_("Choose a date within the next two years."), field="last_date")
    if not wish.reason:
        raise InvalidInput(
            "reason-missing", N_("Enter what staff will read, for example: Annual leave."), field="reason"
        )
    return service


def _belongs_to(session: Session, exception: ScheduleException, service: HealthcareService) -> bool:
    if exception.service_id is not None:
        return exception.service_id == service.id
    if exception.shared_clinic_id is not None:
        clinic = session.get(SharedClinic, exception.shared_clinic_id)
        return clinic is not None and clinic.service_id == service.id
    works_there = select(PractitionerRole.id).where(
        PractitionerRole.service_id == service.id,
        PractitionerRole.practitioner_id == exception.practitioner_id,
    )
    return session.scalar(works_there) is not None


def _services_of(
    session: Session, service: HealthcareService, exception: ScheduleException
) -> Sequence[HealthcareService]:
    if exception.practitioner_id is None:
        return (service,)
    return services_of(session, exception.practitioner_id)


def _record(
    session: Session, actor: Actor, service: HealthcareService, action: str, exception: ScheduleException
) -> None:
    record_event(
        session,
        actor,
        action,
        subject_kind="schedule-exception",
        subject_id=exception.id,
        organisation_id=service.organisation_id,
        service_id=service.id,
    )
