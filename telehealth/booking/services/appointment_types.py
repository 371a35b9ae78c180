"""What can be booked in a service, as an administrator sets it up."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.accounts.models import HealthcareService
from telehealth.actor import Actor
from telehealth.audit.services import record_event
from telehealth.booking.domain.appointment import Mode
from telehealth.booking.domain.appointment_type import Booker, Priority
from telehealth.booking.models import AppointmentType
from telehealth.booking.services.idempotency import key_of, remember_key
from telehealth.booking.services.schedule_access import find_service, find_service_to_set_up
from telehealth.booking.services.schedule_impact import mark_changed
from telehealth.booking.services.taken_names import find_same_name
from telehealth.errors import N_, Conflict, InvalidInput, NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeWish:
    """An appointment type as somebody describes it. Times are minutes, but for `days_ahead`."""

    name: str
    minutes: int
    modes: frozenset[Mode]
    buffer_before_minutes: int = 0
    buffer_after_minutes: int = 0
    required_skill: str = ""
    priority: Priority = Priority.ROUTINE
    booker: Booker = Booker.KNOWN
    notice_minutes: int = 60
    days_ahead: int = 84
    change_minutes: int = 24 * 60
    # False: nothing new is booked as this; what was, stays.
    is_active: bool = True


# field: (least, most), as the database checks them.
LIMITS = {
    "minutes": (1, 480),
    "buffer_before_minutes": (0, 240),
    "buffer_after_minutes": (0, 240),
    "notice_minutes": (0, 60 * 24 * 365),
    "days_ahead": (1, 730),
    "change_minutes": (0, 60 * 24 * 365),
}


def list_types(session: Session, actor: Actor, service_id: UUID) -> Sequence[AppointmentType]:
    """All types of a service: those in use first, by name. Raises NotFound."""
    service = find_service(session, actor, service_id)
    return session.scalars(
        select(AppointmentType)
        .where(AppointmentType.service_id == service.id)
        .order_by(AppointmentType.is_active.desc(), AppointmentType.name)
    ).all()


def find_type(session: Session, actor: Actor, service_id: UUID, type_id: UUID) -> AppointmentType:
    """Raises NotFound."""
    service = find_service_to_set_up(session, actor, service_id)
    type_ = session.get(AppointmentType, type_id)
    if type_ is None or type_.service_id != service.id:
        raise NotFound
    return type_


def create_type(
    session: Session, actor: Actor, service_id: UUID, wish: TypeWish, *, idempotency_key: str
) -> AppointmentType:
    """Raises InvalidInput with the field that is to blame, Conflict where the name is taken, NotFound."""
    service = find_service_to_set_up(session, actor, service_id)
    _check(wish)
    parts = [sorted(value) if isinstance(value, frozenset) else value for value in astuple(wish)]
    type_id, is_repeat = remember_key(session, actor.key, key_of(idempotency_key, "type", *parts))
    if is_repeat:
        return session.get_one(AppointmentType, type_id)
    _refuse_same_name(session, service, wish.name)
    type_ = AppointmentType(id=type_id, organisation_id=service.organisation_id, service_id=service.id)
    _fill(type_, wish)
    session.add(type_)
    session.flush()
    _record(session, actor, service, "appointment-type.created", type_)
    return type_


def change_type(
    session: Session, actor: Actor, service_id: UUID, type_id: UUID, wish: TypeWish, *, version: int
) -> AppointmentType:
    """What is booked keeps its length and its time; the rules hold from now on.

    Raises InvalidInput, Conflict (a taken name, the last type in use, or changed meanwhile), NotFound.
    """
    service = find_service_to_set_up(session, actor, service_id)
    _check(wish)
    # Locked all: of the last two that are in use, only one may be put out of use.
    types = {
        type_.id: type_
        for type_ in session.scalars(
            select(AppointmentType)
            .where(AppointmentType.service_id == service.id)
            .order_by(AppointmentType.id)
            .with_for_update(of=AppointmentType)
            .execution_options(populate_existing=True)
        )
    }
    type_ = types.get(type_id)
    if type_ is None:
        raise NotFound
    if type_.version != version:
        raise Conflict(
            "type-changed",
            N_(
                "Somebody has changed this appointment type meanwhile. Look at it as it is now, then try again."
            ),
        )
    if not wish.is_active and not any(one.is_active for one in types.values() if one.id != type_id):
        raise Conflict(
            "last-type", N_("A service needs one appointment type that can be booked. Add another one first.")
        )
    _refuse_same_name(session, service, wish.name, but=type_.id)
    _fill(type_, wish)
    if session.is_modified(type_):
        session.flush()
        _record(session, actor, service, "appointment-type.changed", type_)
    return type_


def _check(wish: TypeWish) -> None:
    if not wish.name:
        raise InvalidInput("name-missing", N_("Enter a name."), field="name")
    if not wish.modes:
        raise InvalidInput("no-mode", N_("Choose at least one way of meeting."), field="modes")
    for name, (least, most) in LIMITS.items():
        if not least <= getattr(wish, name) <= most:
            raise InvalidInput(
                "out-of-limits",
                N_("Enter a number from %(least)s to %(most)s."),
                {"least": least, "most": most},
                field=name,
            )


def _refuse_same_name(
    session: Session, service: HealthcareService, name: str, *, but: UUID | None = None
) -> None:
    with session.no_autoflush:
        if find_same_name(session, AppointmentType, service, name, but=but):
            raise Conflict(
                "type-name-taken",
                N_("There is an appointment type with this name already. Choose another name."),
            )


def _fill(type_: AppointmentType, wish: TypeWish) -> None:
    for name in (
        "name",
        "minutes",
        "buffer_before_minutes",
        "buffer_after_minutes",
        "required_skill",
        "priority",
        "booker",
        "notice_minutes",
        "days_ahead",
        "change_minutes",
        "is_active",
    ):
        setattr(type_, name, getattr(wish, name))
    type_.is_by_video = Mode.VIDEO in wish.modes
    type_.is_by_phone = Mode.PHONE in wish.modes
    type_.is_in_person = Mode.IN_PERSON in wish.modes


def _record(
    session: Session, actor: Actor, service: HealthcareService, action: str, type_: AppointmentType
) -> None:
    record_event(
        session,
        actor,
        action,
        subject_kind="appointment-type",
        subject_id=type_.id,
        organisation_id=service.organisation_id,
        service_id=service.id,
    )
    mark_changed(session, [service])
