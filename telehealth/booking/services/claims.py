"""Reserve time of clinicians, lanes, patients and rooms. The database decides who was first."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

from sqlalchemy import ColumnElement, Table, and_, bindparam, delete, insert, or_, select, text, true, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from telehealth.accounts.services.merges import survivor_of
from telehealth.booking.domain.appointment import Mode
from telehealth.booking.domain.claim import LIVE_STATES, LONGEST_CLAIM, ClaimState
from telehealth.booking.models import Appointment, AppointmentType, Claim, Hold
from telehealth.clock import now
from telehealth.errors import N_, Conflict

# In the name of PostgreSQL's exclusion constraints and in the text of SQLite's triggers (migrations 0004, 0014).
OVERLAP_MARK = "claim_overlap_"
PRACTITIONER, LANE, PATIENT, ROOM = "practitioner", "lane", "patient", "room"


class SlotTaken(Conflict):
    """The time went to somebody else, or is not offered any more."""

    def __init__(
        self,
        code: str = "slot-taken",
        message: str = N_("Somebody else has just taken this time. Choose one of the next free times below."),
    ) -> None:
        super().__init__(code, message)


class RoomTaken(SlotTaken):
    """The session's room is used by somebody else then."""

    def __init__(self) -> None:
        super().__init__("room-taken", N_("The room is taken at that time. Choose another time."))


class PatientBusy(Conflict):
    """The patient has another appointment then. `appointment_id` is that one, for staff."""

    def __init__(self, appointment_id: UUID | None) -> None:
        super().__init__(
            "patient-busy",
            N_("The patient already has an appointment at that time. Choose another time."),
        )
        self.appointment_id = appointment_id


@dataclass(frozen=True, slots=True)
class Need:
    """One resource over one stretch of time."""

    kind: str
    resource_id: UUID
    starts_at: datetime
    ends_at: datetime
    state: ClaimState = ClaimState.BOOKED


def needs_of(
    session: Session,
    *,
    starts_at: datetime,
    ends_at: datetime,
    type_: AppointmentType | None,
    mode: Mode,
    practitioner_id: UUID | None,
    lane_id: UUID | None,
    room_id: UUID | None,
    patient_id: UUID | None,
    is_overbooked: bool = False,
) -> list[Need]:
    """What an appointment takes. The buffers are the clinician's (or the lane's) alone; the room only in person.

    Of records that were merged the survivor is claimed: one person is not in two places.
    """
    before = timedelta(minutes=type_.buffer_before_minutes if type_ else 0)
    after = timedelta(minutes=type_.buffer_after_minutes if type_ else 0)
    needs = []
    # A patient of a shared clinic keeps the lane, whoever takes them.
    kind, resource_id = (LANE, lane_id) if lane_id else (PRACTITIONER, practitioner_id)
    if resource_id is not None:
        state = ClaimState.OVERBOOKED if is_overbooked else ClaimState.BOOKED
        needs.append(Need(kind, resource_id, starts_at - before, ends_at + after, state))
    if patient_id is not None:
        needs.append(Need(PATIENT, survivor_of(session, patient_id), starts_at, ends_at))
    if room_id is not None and mode is Mode.IN_PERSON:
        state = ClaimState.OVERBOOKED if is_overbooked else ClaimState.BOOKED
        needs.append(Need(ROOM, room_id, starts_at, ends_at, state))
    return needs


def needs_of_appointment(session: Session, appointment: Appointment) -> list[Need]:
    return needs_of(
        session,
        starts_at=appointment.starts_at,
        ends_at=appointment.ends_at,
        type_=appointment.appointment_type,
        mode=appointment.mode,
        practitioner_id=appointment.practitioner_id,
        lane_id=appointment.lane_id,
        room_id=appointment.room_id,
        patient_id=appointment.patient_id,
        is_overbooked=appointment.is_overbooked,
    )


def booked_by(session: Session, appointment: Appointment) -> list[Need]:
    """What is claimed for an appointment so that nobody else can have it: not what was booked on top of others."""
    return list(
        _stored(session, Claim.appointment_id == appointment.id, Claim.state == ClaimState.BOOKED).values()
    )


def claim_for_appointment(session: Session, appointment: Appointment, *, hold: Hold | None = None) -> None:
    """Reserve all that an appointment needs; what `hold` keeps becomes its own. Raises SlotTaken, PatientBusy."""
    needs = _lock_needs(session, appointment)

    def claim() -> None:
        left = needs if hold is None else _take_over(session, appointment, needs, hold)
        _insert(session, appointment.organisation_id, left, appointment_id=appointment.id)

    _claim_all(session, needs, claim, appointment.id)


def hold_claims(session: Session, hold: Hold, needs: Sequence[Need]) -> None:
    """Reserve what a hold keeps, until it lapses. Raises SlotTaken, PatientBusy."""
    lock_resources(session, needs)
    _claim_all(session, needs, lambda: _insert(session, hold.organisation_id, needs, hold=hold), None)


def move_claims(session: Session, appointment: Appointment, *, hold: Hold | None = None) -> None:
    """Give an appointment's claims its new time and resources: all of them, or none. Raises SlotTaken, PatientBusy.

    The rows are the same as before, so the old time is kept until the new one is secured.
    """
    before = _stored(
        session,
        Claim.appointment_id == appointment.id,
        Claim.state.in_((ClaimState.BOOKED, ClaimState.OVERBOOKED)),
    )
    needs = _lock_needs(session, appointment, list(before.values()))

    def claim() -> None:
        if hold is not None:
            drop_hold_claims(session, hold)
        _match(session, appointment, needs, before)

    _claim_all(session, needs, claim, appointment.id)


def release_claims(session: Session, appointment_id: UUID) -> None:
    """Free the time that an appointment held."""
    session.execute(
        update(Claim)
        .where(
            Claim.appointment_id == appointment_id,
            Claim.state.in_((ClaimState.BOOKED, ClaimState.OVERBOOKED)),
        )
        .values(state=ClaimState.RELEASED, version=Claim.version + 1)
    )


def drop_hold_claims(session: Session, hold: Hold) -> None:
    """Free what a hold kept."""
    session.execute(delete(Claim).where(Claim.hold_token == hold.id.hex, Claim.state == ClaimState.HELD))


def lock_resources(session: Session, needs: Iterable[Need]) -> bool:
    """Until the transaction ends nobody else claims these resources. False on SQLite, where the writer is alone anyway.

    Without it two that want the same ones wait for each other inside an exclusion constraint, and PostgreSQL ends one
    after a second.
    """
    if session.get_bind().dialect.name != "postgresql":
        return False
    keys = sorted({(need.resource_id.int & (2**64 - 1)) - 2**63 for need in needs})
    # The order is fixed before a lock is taken: two orders would wait for each other.
    session.execute(
        text(
            "SELECT pg_advisory_xact_lock(key) FROM "
            "(SELECT key FROM unnest(CAST(:keys AS bigint[])) AS key ORDER BY key OFFSET 0) AS in_order"
        ).bindparams(bindparam("keys", keys))
    )
    return True


def _lock_needs(session: Session, appointment: Appointment, others: Sequence[Need] = ()) -> list[Need]:
    """What the appointment needs, with all of it locked; `others` are locked with it.

    Read once more behind the lock: its record may have been merged into another one while we waited.
    """
    needs = needs_of_appointment(session, appointment)
    if not lock_resources(session, [*needs, *others]):
        return needs
    again = needs_of_appointment(session, appointment)
    if again != needs:
        lock_resources(session, again)
    return again


def _claim_all(
    session: Session, needs: Sequence[Need], claim: Callable[[], None], own_id: UUID | None
) -> None:
    """Run `claim`, which claims all of `needs` or nothing. Raises SlotTaken, PatientBusy.

    A lapsed hold is free at once, also for the database, and without any background job: where one is in the way it
    is deleted, and the claim tried once more.
    """
    try:
        with session.begin_nested():
            claim()
        return
    except IntegrityError as error:
        refusal = _refusal(session, error, needs, own_id)
    if not _purge_lapsed(session, needs):
        raise refusal
    try:
        with session.begin_nested():
            claim()
    except IntegrityError as error:
        raise _refusal(session, error, needs, own_id) from None


def _purge_lapsed(session: Session, needs: Sequence[Need]) -> bool:
    """Delete the lapsed holds that are in the way; False where there is none."""
    current = now()
    lapsed = session.scalars(
        select(Claim.id).where(
            Claim.state == ClaimState.HELD,
            Claim.hold_expires_at <= current,
            or_(*(_overlaps(need) for need in needs)),
        )
    ).all()
    if lapsed:
        session.execute(delete(Claim).where(Claim.id.in_(lapsed)))
    return bool(lapsed)


def _take_over(session: Session, appointment: Appointment, needs: Sequence[Need], hold: Hold) -> list[Need]:
    """The hold's claims become the appointment's by a change of state; returns what was not held."""
    kept = _stored(session, Claim.hold_token == hold.id.hex, Claim.state == ClaimState.HELD)
    ids = {need: claim_id for claim_id, need in kept.items()}
    taken = [ids[need] for need in needs if need in ids]
    if taken:
        session.execute(
            update(Claim)
            .where(Claim.id.in_(taken))
            .values(
                state=ClaimState.BOOKED,
                appointment_id=appointment.id,
                hold_token=None,
                hold_expires_at=None,
                version=Claim.version + 1,
            )
            # Claims are never loaded here: there is nothing to keep in step.
            .execution_options(synchronize_session=False)
        )
    if len(taken) < len(kept):
        drop_hold_claims(session, hold)
    return [need for need in needs if need not in ids]


def _match(
    session: Session, appointment: Appointment, needs: Sequence[Need], before: Mapping[UUID, Need]
) -> None:
    """Change the appointment's claims into `needs`: the clinician's row stays the clinician's, and so on."""
    spare = {_role(need.kind): claim_id for claim_id, need in before.items()}
    missing = []
    for need in needs:
        claim_id = spare.pop(_role(need.kind), None)
        if claim_id is None:
            missing.append(need)
            continue
        session.execute(
            update(Claim)
            .where(Claim.id == claim_id)
            .values(
                **_resource(need),
                starts_at=need.starts_at,
                ends_at=need.ends_at,
                state=need.state,
                version=Claim.version + 1,
            )
        )
    if spare:
        session.execute(
            update(Claim)
            .where(Claim.id.in_(list(spare.values())))
            .values(state=ClaimState.RELEASED, version=Claim.version + 1)
        )
    _insert(session, appointment.organisation_id, missing, appointment_id=appointment.id)


def _insert(
    session: Session,
    organisation_id: UUID,
    needs: Sequence[Need],
    *,
    appointment_id: UUID | None = None,
    hold: Hold | None = None,
) -> None:
    rows = [
        {
            "organisation_id": organisation_id,
            **_resource(need),
            "appointment_id": appointment_id,
            "starts_at": need.starts_at,
            "ends_at": need.ends_at,
            "state": ClaimState.HELD if hold else need.state,
            "hold_token": hold.id.hex if hold else None,
            "hold_expires_at": hold.expires_at if hold else None,
            "version": 1,
        }
        for need in needs
    ]
    if rows:
        session.execute(_INSERT, rows)


# Into the table: rows that nobody watches cost a third.
_INSERT = insert(cast("Table", Claim.__table__))
_COLUMNS = {
    PRACTITIONER: Claim.practitioner_id,
    LANE: Claim.lane_id,
    PATIENT: Claim.patient_id,
    ROOM: Claim.room_id,
}


def _resource(need: Need) -> dict[str, UUID | None]:
    """The four columns of which one is filled."""
    return {f"{kind}_id": need.resource_id if kind == need.kind else None for kind in _COLUMNS}


def _role(kind: str) -> str:
    """A move from a clinician to a shared clinic changes one row: both are who sees the patient."""
    return PRACTITIONER if kind == LANE else kind


def _stored(session: Session, *conditions: ColumnElement[bool]) -> dict[UUID, Need]:
    """Claims by their keys; a held one as what it will be when it is booked."""
    rows = session.execute(
        select(Claim.id, Claim.starts_at, Claim.ends_at, Claim.state, *_COLUMNS.values()).where(*conditions)
    )
    found = {}
    for claim_id, starts_at, ends_at, state, *keys in rows:
        kind, resource_id = next((k, key) for k, key in zip(_COLUMNS, keys, strict=True) if key is not None)
        booked = ClaimState.BOOKED if state is ClaimState.HELD else state
        found[claim_id] = Need(kind, resource_id, starts_at, ends_at, booked)
    return found


def _overlaps(need: Need) -> ColumnElement[bool]:
    return and_(
        _COLUMNS[need.kind] == need.resource_id,
        Claim.starts_at < need.ends_at,
        Claim.ends_at > need.starts_at,
        # No claim is longer: the index need not be read from the beginning of time.
        Claim.starts_at > need.starts_at - LONGEST_CLAIM,
    )


def _refusal(
    session: Session, error: IntegrityError, needs: Sequence[Need], own_id: UUID | None
) -> Exception:
    """What a broken rule of the database means; the error itself where it is none of those."""
    told = str(error.orig)
    broken = next((kind for kind in _COLUMNS if OVERLAP_MARK + kind in told), None)
    if broken is None:
        return error
    if broken == PATIENT:
        need = next(need for need in needs if need.kind == PATIENT)
        return PatientBusy(_in_the_way(session, need, own_id))
    return RoomTaken() if broken == ROOM else SlotTaken()


def _in_the_way(session: Session, need: Need, own_id: UUID | None) -> UUID | None:
    return session.scalar(
        select(Claim.appointment_id)
        .where(
            _overlaps(need),
            Claim.state.in_(LIVE_STATES),
            Claim.appointment_id.is_not(None),
            Claim.appointment_id != own_id if own_id else true(),
        )
        .limit(1)
    )
