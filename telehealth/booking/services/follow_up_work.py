"""Work with requests to see a patient: the list, who answers for one, by when, and closing it unbooked."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.orm import Session, joinedload

from telehealth.accounts.models import Practitioner, PractitionerRole
from telehealth.accounts.services.merges import find_records
from telehealth.actor import Actor, Role
from telehealth.booking.domain.follow_up import FollowUpReason, FollowUpStatus
from telehealth.booking.models import Appointment, FollowUpRequest, Lane
from telehealth.booking.policies import may_decide_follow_up, may_follow_up
from telehealth.booking.services.follow_ups import remember_follow_up
from telehealth.clock import now
from telehealth.errors import N_, Conflict, InvalidInput, NotFound
from telehealth.topics import clinic_topic, mark_topic

SHOWN = 200
# Nobody is asked back for longer.
FARTHEST = timedelta(days=5 * 366)
MAX_REASON = 500


class FollowUpOver(Conflict):
    """It was booked or closed meanwhile."""

    def __init__(self) -> None:
        super().__init__("follow-up-over", N_("This request was booked or closed already. Reload the page."))


class FollowUpChanged(Conflict):
    """Somebody else changed it since the page was made."""

    def __init__(self) -> None:
        super().__init__(
            "follow-up-changed",
            N_("This request was changed meanwhile. Check what it says now, then try again."),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpFilter:
    """Which of the open requests to show; None: all."""

    owner_id: UUID | None = None
    reason: FollowUpReason | None = None
    is_overdue: bool = False
    # Only those whose owner does not work in the service any more.
    is_left_behind: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpCount:
    """How many are open, how many of these are past their date, and how many are the actor's own."""

    open: int
    overdue: int
    own: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpList:
    """The most pressing requests that fit the filter, and how many there are altogether."""

    requests: list[FollowUpRequest]
    total: int


def list_follow_ups(session: Session, actor: Actor, wanted: FollowUpFilter, *, today: date) -> FollowUpList:
    """The open requests of the services in whose reception or clinics the actor works; the earliest date first."""
    statement = _open_for(select(FollowUpRequest), actor)
    if wanted.owner_id is not None:
        statement = statement.where(FollowUpRequest.owner_id == wanted.owner_id)
    if wanted.reason is not None:
        statement = statement.where(FollowUpRequest.reason == wanted.reason)
    if wanted.is_left_behind:
        statement = statement.where(~_owner_works_there())
    if wanted.is_overdue:
        statement = statement.where(FollowUpRequest.see_by < today)
    total = session.scalar(statement.with_only_columns(func.count(FollowUpRequest.id))) or 0
    found = session.scalars(
        _with_details(statement)
        .order_by(FollowUpRequest.see_by, FollowUpRequest.created_at, FollowUpRequest.id)
        .limit(SHOWN)
    )
    return FollowUpList(requests=list(found), total=total)


def list_patients_follow_ups(session: Session, actor: Actor, patient_id: UUID) -> list[FollowUpRequest]:
    """The open requests for one patient that the actor may see; with those of records merged into this one."""
    statement = _open_for(select(FollowUpRequest), actor).where(
        FollowUpRequest.patient_id.in_(find_records(session, patient_id))
    )
    return list(
        session.scalars(_with_details(statement).order_by(FollowUpRequest.see_by, FollowUpRequest.id))
    )


def find_left_behind(session: Session, requests: Iterable[FollowUpRequest]) -> frozenset[UUID]:
    """The keys of those whose owner does not work in the service any more: somebody else has to answer for them."""
    keys = [request.id for request in requests]
    if not keys:
        return frozenset()
    return frozenset(
        session.scalars(select(FollowUpRequest.id).where(FollowUpRequest.id.in_(keys), ~_owner_works_there()))
    )


def count_follow_ups(session: Session, actor: Actor, *, today: date) -> FollowUpCount:
    """For the pages that lead to the list."""
    rows = session.execute(
        _open_for(select(FollowUpRequest), actor).with_only_columns(
            func.count(FollowUpRequest.id),
            func.count(FollowUpRequest.id).filter(FollowUpRequest.see_by < today),
            func.count(FollowUpRequest.id).filter(FollowUpRequest.owner_id == actor.practitioner_id),
        )
    ).one()
    return FollowUpCount(open=rows[0], overdue=rows[1], own=rows[2])


def get_follow_up(session: Session, actor: Actor, follow_up_id: UUID) -> FollowUpRequest:
    """A request, also one that is over. Raises NotFound for a stranger's."""
    found = session.scalar(_with_details(select(FollowUpRequest)).where(FollowUpRequest.id == follow_up_id))
    if found is None or not may_follow_up(actor, found):
        raise NotFound
    return found


def list_owners(session: Session, actor: Actor) -> list[Practitioner]:
    """Who may answer for a request in the actor's services."""
    services = actor.services_as(Role.RECEPTIONIST, Role.CLINICIAN)
    return list(
        session.scalars(
            select(Practitioner)
            .where(
                Practitioner.id.in_(
                    select(PractitionerRole.practitioner_id).where(PractitionerRole.service_id.in_(services))
                )
            )
            .order_by(Practitioner.family_name, Practitioner.given_name, Practitioner.id)
        )
    )


def close_follow_up(
    session: Session, actor: Actor, follow_up_id: UUID, *, version: int, reason: str
) -> FollowUpRequest:
    """A clinician of the service decides that the patient need not be seen for it.

    Raises InvalidInput without a reason, FollowUpOver, FollowUpChanged, NotFound.
    """
    found = _lock_to_decide(session, actor, follow_up_id)
    _require_open(found, version)
    if not reason.strip():
        raise InvalidInput(
            "reason-missing", N_("Enter why the patient does not need to be seen for this."), field="reason"
        )
    if len(reason.strip()) > MAX_REASON:
        raise InvalidInput(
            "reason-long", N_("Shorten the reason to 500 characters or fewer."), field="reason"
        )
    found.status = FollowUpStatus.REVOKED
    found.close_reason = reason.strip()
    found.closed_at = now()
    found.closed_by = actor.key
    session.flush()
    remember_follow_up(session, actor, found, "follow-up.closed")
    return found


def change_follow_up(
    session: Session,
    actor: Actor,
    follow_up_id: UUID,
    *,
    version: int,
    owner_id: UUID,
    see_by: date,
) -> FollowUpRequest:
    """Another clinician answers for it from now on, or another date. By a clinician of the service.

    Raises InvalidInput (a date that is past or too far away, an owner who does not work in the service),
    FollowUpOver, FollowUpChanged, NotFound.
    """
    found = _lock_to_decide(session, actor, follow_up_id)
    _require_open(found, version)
    today = now().astimezone(ZoneInfo(found.service.time_zone)).date()
    # What is overdue already may stay so while somebody else takes it.
    if see_by != found.see_by and not today <= see_by <= today + FARTHEST:
        raise InvalidInput(
            "see-by-impossible", N_("Enter a date from today to 5 years ahead."), field="see_by"
        )
    if owner_id != found.owner_id and not _works_in(session, owner_id, found.service_id):
        raise InvalidInput("owner-unknown", N_("Choose a clinician of this service."), field="owner_id")
    if (owner_id, see_by) == (found.owner_id, found.see_by):
        return found
    before = found.owner_id
    found.owner_id, found.see_by = owner_id, see_by
    session.flush()
    session.refresh(found, ["owner"])
    remember_follow_up(session, actor, found, "follow-up.changed")
    if before != owner_id:
        mark_topic(session, clinic_topic(before))
    return found


def _lock_to_decide(session: Session, actor: Actor, follow_up_id: UUID) -> FollowUpRequest:
    found = session.scalar(
        select(FollowUpRequest)
        .where(FollowUpRequest.id == follow_up_id)
        .with_for_update(of=FollowUpRequest)
        .execution_options(populate_existing=True)
    )
    if found is None or not may_decide_follow_up(actor, found):
        raise NotFound
    return found


def _require_open(found: FollowUpRequest, version: int) -> None:
    if found.status is not FollowUpStatus.ACTIVE:
        raise FollowUpOver
    if found.version != version:
        raise FollowUpChanged


def _works_in(session: Session, practitioner_id: UUID, service_id: UUID) -> bool:
    return (
        session.scalar(
            select(PractitionerRole.id).where(
                PractitionerRole.practitioner_id == practitioner_id,
                PractitionerRole.service_id == service_id,
            )
        )
        is not None
    )


def _owner_works_there() -> ColumnElement[bool]:
    return exists(
        select(PractitionerRole.id).where(
            PractitionerRole.practitioner_id == FollowUpRequest.owner_id,
            PractitionerRole.service_id == FollowUpRequest.service_id,
        )
    )


def _open_for(statement: Select[FollowUpRequest], actor: Actor) -> Select[FollowUpRequest]:
    return statement.where(
        FollowUpRequest.status == FollowUpStatus.ACTIVE,
        FollowUpRequest.service_id.in_(actor.services_as(Role.RECEPTIONIST, Role.CLINICIAN)),
    )


def _with_details(statement: Select[FollowUpRequest]) -> Select[FollowUpRequest]:
    return statement.options(
        joinedload(FollowUpRequest.patient),
        joinedload(FollowUpRequest.owner),
        joinedload(FollowUpRequest.service),
        joinedload(FollowUpRequest.appointment_type),
        joinedload(FollowUpRequest.appointment).joinedload(Appointment.practitioner),
        joinedload(FollowUpRequest.appointment).joinedload(Appointment.lane).joinedload(Lane.shared_clinic),
    )
