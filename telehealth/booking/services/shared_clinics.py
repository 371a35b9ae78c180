"""Clinics of several clinicians with one list: who sits in them, and how many patients they see at a time."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from telehealth.accounts.models import HealthcareService, PractitionerRole
from telehealth.actor import Actor
from telehealth.audit.services import record_event
from telehealth.booking.domain.crew import Members
from telehealth.booking.models import Lane, SharedClinic, SharedClinicMember
from telehealth.booking.services.idempotency import key_of, remember_key
from telehealth.booking.services.schedule_access import find_service, find_service_to_set_up, only_own
from telehealth.booking.services.schedule_impact import PlannedChange, mark_changed, refuse_stranding
from telehealth.booking.services.taken_names import find_same_name
from telehealth.clock import now
from telehealth.errors import N_, Conflict, InvalidInput, NotFound
from telehealth.topics import clinic_topic, mark_topic

MOST_LANES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ClinicWish:
    """`practitioner_ids` in order: the first leads the clinic. `lanes`: patients at a time."""

    name: str
    practitioner_ids: tuple[UUID, ...]
    lanes: int


def list_shared_clinics(session: Session, actor: Actor, service_id: UUID) -> Sequence[SharedClinic]:
    """Of a service, by name; for a clinician those in which they sit. Raises NotFound."""
    service = find_service(session, actor, service_id)
    statement = (
        select(SharedClinic)
        .where(SharedClinic.service_id == service.id)
        .options(
            selectinload(SharedClinic.members).joinedload(SharedClinicMember.practitioner),
            selectinload(SharedClinic.lanes),
        )
        .order_by(SharedClinic.name)
    )
    own = only_own(actor, service)
    found = session.scalars(statement).all()
    return [clinic for clinic in found if own is None or own in clinic.practitioner_ids]


def find_shared_clinic(session: Session, actor: Actor, service_id: UUID, clinic_id: UUID) -> SharedClinic:
    """Raises NotFound."""
    service = find_service_to_set_up(session, actor, service_id)
    clinic = session.get(SharedClinic, clinic_id)
    if clinic is None or clinic.service_id != service.id:
        raise NotFound
    return clinic


def count_open_lanes(clinic: SharedClinic) -> int:
    return sum(lane.is_open for lane in clinic.lanes)


def create_shared_clinic(
    session: Session, actor: Actor, service_id: UUID, wish: ClinicWish, *, idempotency_key: str
) -> SharedClinic:
    """Raises InvalidInput, Conflict where the name is taken, NotFound."""
    service = find_service_to_set_up(session, actor, service_id)
    _check(session, service, wish)
    clinic_id, is_repeat = remember_key(
        session, actor.key, key_of(idempotency_key, "shared-clinic", *astuple(wish))
    )
    if is_repeat:
        return session.get_one(SharedClinic, clinic_id)
    _refuse_same_name(session, service, wish.name)
    clinic = SharedClinic(id=clinic_id, organisation_id=service.organisation_id, service_id=service.id)
    _fill(clinic, wish)
    session.add(clinic)
    session.flush()
    _record(session, actor, service, "shared-clinic.created", clinic)
    return clinic


def change_shared_clinic(
    session: Session,
    actor: Actor,
    service_id: UUID,
    clinic_id: UUID,
    wish: ClinicWish,
    *,
    seen: str,
    agreed: str = "",
) -> SharedClinic:
    """A lane fewer takes nothing new; what is booked in it stays. `seen`: the `state_of` that the person changed.

    Raises what `check_clinic_change` raises, and WouldStrand (see `refuse_stranding`).
    """
    service, clinic = check_clinic_change(session, actor, service_id, clinic_id, wish, seen=seen)
    refuse_stranding(session, plan_clinic_change(service, clinic, wish), agreed, now=now())
    told = clinic.practitioner_ids | frozenset(wish.practitioner_ids)
    _fill(clinic, wish)
    session.flush()
    _record(session, actor, service, "shared-clinic.changed", clinic)
    for practitioner_id in told:
        mark_topic(session, clinic_topic(practitioner_id))
    return clinic


def check_clinic_change(
    session: Session, actor: Actor, service_id: UUID, clinic_id: UUID, wish: ClinicWish, *, seen: str
) -> tuple[HealthcareService, SharedClinic]:
    """The clinic, locked. Raises InvalidInput, Conflict (a taken name, or changed meanwhile), NotFound."""
    service = find_service_to_set_up(session, actor, service_id)
    _check(session, service, wish)
    clinic = session.scalar(
        select(SharedClinic)
        .where(SharedClinic.id == clinic_id, SharedClinic.service_id == service.id)
        .with_for_update(of=SharedClinic)
        .execution_options(populate_existing=True)
    )
    if clinic is None:
        raise NotFound
    if state_of(clinic) != seen:
        raise Conflict(
            "clinic-changed",
            N_("Somebody has changed this shared clinic meanwhile. Look at it as it is now, then try again."),
        )
    _refuse_same_name(session, service, wish.name, but=clinic.id)
    return service, clinic


def plan_clinic_change(service: HealthcareService, clinic: SharedClinic, wish: ClinicWish) -> PlannedChange:
    """Fewer lanes, or fewer people while some of them are away, leave patients for whom nobody is there."""
    members = Members(
        size=len(wish.practitioner_ids),
        working=frozenset(wish.practitioner_ids),
        seats=wish.lanes if wish.lanes < len(clinic.lanes) else None,
    )
    return PlannedChange(services=(service,), staffs={clinic.id: members})


def state_of(clinic: SharedClinic) -> str:
    """A text that differs when the clinic was changed: it has no version of its own."""
    members = ",".join(member.practitioner_id.hex for member in clinic.members)
    return f"{clinic.name}/{members}/{count_open_lanes(clinic)}"


def _check(session: Session, service: HealthcareService, wish: ClinicWish) -> None:
    if not wish.name:
        raise InvalidInput("name-missing", N_("Enter a name."), field="name")
    if not wish.practitioner_ids:
        raise InvalidInput("nobody", N_("Choose at least one clinician."), field="members")
    if not 1 <= wish.lanes <= MOST_LANES:
        raise InvalidInput(
            "lanes",
            N_("Enter a number from %(least)s to %(most)s."),
            {"least": 1, "most": MOST_LANES},
            field="lanes",
        )
    working = session.scalars(
        select(PractitionerRole.practitioner_id).where(
            PractitionerRole.service_id == service.id,
            PractitionerRole.practitioner_id.in_(wish.practitioner_ids),
        )
    ).all()
    if len(set(wish.practitioner_ids)) != len(wish.practitioner_ids) or len(working) != len(
        wish.practitioner_ids
    ):
        raise NotFound


def _refuse_same_name(
    session: Session, service: HealthcareService, name: str, *, but: UUID | None = None
) -> None:
    if find_same_name(session, SharedClinic, service, name, but=but):
        raise Conflict(
            "clinic-name-taken",
            N_("There is a shared clinic with this name already. Choose another name."),
        )


def _fill(clinic: SharedClinic, wish: ClinicWish) -> None:
    clinic.name = wish.name
    known = {member.practitioner_id: member for member in clinic.members}
    members = []
    for position, practitioner_id in enumerate(wish.practitioner_ids):
        member = known.get(practitioner_id) or SharedClinicMember(practitioner_id=practitioner_id)
        member.position = position
        members.append(member)
    clinic.members = members
    for number in range(1, max(wish.lanes, len(clinic.lanes)) + 1):
        if number > len(clinic.lanes):
            clinic.lanes.append(Lane(organisation_id=clinic.organisation_id, number=number))
        clinic.lanes[number - 1].is_open = number <= wish.lanes


def _record(
    session: Session, actor: Actor, service: HealthcareService, action: str, clinic: SharedClinic
) -> None:
    record_event(
        session,
        actor,
        action,
        subject_kind="shared-clinic",
        subject_id=clinic.id,
        organisation_id=service.organisation_id,
        service_id=service.id,
    )
    mark_changed(session, [service])
