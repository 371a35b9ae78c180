"""Keep a chosen time for somebody while they type. A hold lapses by itself; nobody else's can be booked."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from telehealth.accounts.models import HealthcareService
from telehealth.actor import Actor
from telehealth.booking.domain.appointment import Mode
from telehealth.booking.domain.claim import HOLD_FOR
from telehealth.booking.domain.intervals import Interval, subtract
from telehealth.booking.domain.slots import Slot
from telehealth.booking.models import Appointment, AppointmentType, Claim, Hold, Schedule
from telehealth.booking.services.claims import (
    Need,
    SlotTaken,
    booked_by,
    drop_hold_claims,
    hold_claims,
    lock_resources,
    needs_of,
)
from telehealth.clock import now
from telehealth.errors import N_, NotFound, TooManyTries
from telehealth.topics import clinic_topic, desk_topic, mark_topic

# At once. A receptionist may have several calls; nobody may keep a clinic to themselves.
MOST_BY_STAFF = 10
MOST_BY_PATIENT = 1
# Many people may share one address; more than these do not book in the same five minutes.
MOST_BY_ADDRESS = 20
# How long a lapsed hold is remembered, so that its owner is told what happened.
FORGOTTEN_AFTER = timedelta(hours=1)


def hold_slot(
    session: Session,
    actor: Actor,
    service: HealthcareService,
    slot: Slot,
    *,
    type_: AppointmentType,
    mode: Mode,
    owner: str,
    address: str = "",
    patient_id: UUID | None = None,
    moves: Appointment | None = None,
    replaces: UUID | None = None,
) -> Hold:
    """Keep a time that was found free for five minutes. Raises SlotTaken, PatientBusy, TooManyTries.

    `replaces`: the hold that this one follows, which is released. A patient has one hold: an earlier one is released.
    For a move only that is claimed which is not the appointment's own already.
    """
    if moves is not None:
        _keep_appointment(session, moves)
    _keep_schedule(session, slot.schedule_id)
    _forget_old(session, owner)
    given_back = list(_owned(session, owner, Hold.id == replaces)) if replaces is not None else []
    if not actor.is_staff:
        known = {hold.id for hold in given_back}
        given_back += [
            each for each in _owned(session, owner, Hold.expires_at > now()) if each.id not in known
        ]
    needs = needs_of(
        session,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        type_=type_,
        mode=mode,
        practitioner_id=slot.practitioner_id,
        lane_id=slot.lane_id,
        room_id=slot.room_id,
        patient_id=moves.patient_id if moves else patient_id,
    )
    # All at once, what is given back and what is taken: two that change over would wait for each other.
    lock_resources(session, [*needs, *(need for hold in given_back for need in _claimed(session, hold))])
    _release(session, given_back)
    _refuse_hoarding(session, actor, owner, address)
    hold = Hold(
        id=uuid4(),
        organisation_id=service.organisation_id,
        service_id=service.id,
        owner=owner,
        address="" if actor.is_staff else address,
        schedule_id=slot.schedule_id,
        appointment_type_id=type_.id,
        practitioner_id=slot.practitioner_id,
        lane_id=slot.lane_id,
        mode=mode,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        expires_at=now() + HOLD_FOR,
        moves_appointment_id=moves.id if moves else None,
    )
    if moves is not None:
        needs = _without_own(needs, booked_by(session, moves))
    session.add(hold)
    session.flush()
    hold_claims(session, hold, needs)
    _tell(session, hold)
    return hold


def release_hold(session: Session, hold_id: UUID, owner: str) -> None:
    """Give a held time back. Does nothing where it is gone already; raises NotFound for somebody else's."""
    found = session.get(Hold, hold_id)
    if found is None:
        return
    if found.owner != owner:
        raise NotFound
    _release(session, [found])


def release_all(session: Session, owner: str) -> None:
    """Give back everything that somebody keeps."""
    _release(session, _owned(session, owner))


def get_hold(session: Session, hold_id: UUID, owner: str) -> Hold:
    """A hold of this owner, also one that has lapsed. Raises NotFound."""
    found = session.get(Hold, hold_id)
    if found is None or found.owner != owner:
        raise NotFound
    return found


def find_live_hold(session: Session, owner: str) -> Hold | None:
    """What somebody keeps right now; of several the one that was made last."""
    return session.scalar(
        select(Hold)
        .where(Hold.owner == owner, Hold.expires_at > now())
        .order_by(Hold.expires_at.desc())
        .limit(1)
    )


def is_lapsed(hold: Hold, current: datetime) -> bool:
    return hold.expires_at <= current


def chosen_at(hold: Hold | None) -> datetime:
    """When the time was chosen: who was told that it is kept for them is not refused for the minutes of typing."""
    current = now()
    return hold.expires_at - HOLD_FOR if hold is not None and not is_lapsed(hold, current) else current


def use_hold(session: Session, hold: Hold) -> None:
    """Its claims belong to an appointment now: the hold itself is done."""
    session.execute(delete(Hold).where(Hold.id == hold.id))


def _owned(session: Session, owner: str, *conditions: object) -> Sequence[Hold]:
    return session.scalars(select(Hold).where(Hold.owner == owner, *conditions)).all()  # type: ignore[arg-type]


def _release(session: Session, holds: Sequence[Hold]) -> None:
    for hold in holds:
        lock_resources(session, _claimed(session, hold))
        drop_hold_claims(session, hold)
        # It may be gone already: somebody presses on two devices.
        session.execute(delete(Hold).where(Hold.id == hold.id))
        _tell(session, hold)
    if holds:
        session.flush()


def _tell(session: Session, hold: Hold) -> None:
    """The desks of the clinician's other services see that the time is kept too."""
    mark_topic(session, desk_topic(hold.service_id))
    if hold.practitioner_id is not None:
        mark_topic(session, clinic_topic(hold.practitioner_id))


def _claimed(session: Session, hold: Hold) -> list[Need]:
    keys = session.execute(
        select(Claim.practitioner_id, Claim.lane_id, Claim.patient_id, Claim.room_id).where(
            Claim.hold_token == hold.id.hex
        )
    )
    return [
        Need("", next(key for key in row if key is not None), hold.starts_at, hold.ends_at) for row in keys
    ]


def _keep_appointment(session: Session, appointment: Appointment) -> None:
    """The hold will name it, and whoever changes it locks it before its time: the same order here, or both wait."""
    kept = select(Appointment.id).where(Appointment.id == appointment.id)
    session.execute(kept.with_for_update(read=True, key_share=True))


def _keep_schedule(session: Session, schedule_id: UUID) -> None:
    """Until this is over the session is not taken away. Raises SlotTaken where it was since the time was found.

    Before any hold is touched: whoever takes a session away locks it first, and its holds then.
    """
    kept = select(Schedule.id).where(Schedule.id == schedule_id)
    if session.scalar(kept.with_for_update(read=True, key_share=True)) is None:
        raise SlotTaken


def _forget_old(session: Session, owner: str) -> None:
    session.execute(delete(Hold).where(Hold.owner == owner, Hold.expires_at < now() - FORGOTTEN_AFTER))


def _refuse_hoarding(session: Session, actor: Actor, owner: str, address: str) -> None:
    most = MOST_BY_STAFF if actor.is_staff else MOST_BY_PATIENT
    if _count(session, Hold.owner == owner) >= most or (
        not actor.is_staff and address and _count(session, Hold.address == address) >= MOST_BY_ADDRESS
    ):
        raise TooManyTries(
            "too-many-holds",
            N_("Too many times are being kept for you. Finish or cancel one, or wait five minutes."),
        )


def _count(session: Session, condition: object) -> int:
    return (
        session.scalar(
            select(func.count()).select_from(Hold).where(condition, Hold.expires_at > now())  # type: ignore[arg-type]
        )
        or 0
    )


def _without_own(needs: Sequence[Need], own: Sequence[Need]) -> list[Need]:
    """What of `needs` the appointment that is to be moved does not have already: half of a short move is its own."""
    left = []
    for need in needs:
        kept = [
            Interval(mine.starts_at, mine.ends_at)
            for mine in own
            if (mine.kind, mine.resource_id) == (need.kind, need.resource_id)
        ]
        left += [
            Need(need.kind, need.resource_id, piece.start, piece.end)
            for piece in subtract(Interval(need.starts_at, need.ends_at), kept)
        ]
    return left
