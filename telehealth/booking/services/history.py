"""What was done to an appointment, by whom: the rows of its history with names."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from telehealth.accounts.models import Account, Practitioner
from telehealth.booking.domain.appointment import CancelReason, Change
from telehealth.booking.models import Appointment, AppointmentHistory, Lane


@dataclass(frozen=True, slots=True)
class Step:
    """One change. `who`: a name, or "" for the service itself and for guests; `owner`: with whom it was from then on."""

    row: AppointmentHistory
    who: str
    owner: str


@dataclass(frozen=True, slots=True)
class Overbooking:
    """Who booked on top of another appointment, and why."""

    who: str
    note: str


def list_steps(session: Session, appointment: Appointment) -> list[Step]:
    """Every change of an appointment that the caller may see, the first one first."""
    rows = session.scalars(
        select(AppointmentHistory)
        .where(AppointmentHistory.appointment_id == appointment.id)
        .order_by(AppointmentHistory.version, AppointmentHistory.changed_at)
    ).all()
    names = names_of_actors(session, {row.changed_by for row in rows})
    people = _names_of_practitioners(session, rows)
    clinics = _names_of_lanes(session, rows)
    return [
        Step(
            row,
            names.get(row.changed_by, ""),
            people.get(row.practitioner_id, "") if row.practitioner_id else clinics.get(row.lane_id, ""),
        )
        for row in rows
    ]


def find_cancel_reason(session: Session, appointment: Appointment) -> CancelReason | None:
    """Why it was cancelled; None where it was not, or nobody said why."""
    code = session.scalar(
        select(AppointmentHistory.reason)
        .where(
            AppointmentHistory.appointment_id == appointment.id,
            AppointmentHistory.change == Change.CANCELLED,
        )
        .order_by(AppointmentHistory.version.desc())
        .limit(1)
    )
    return next((each for each in CancelReason if each.value == code), None)


def find_last_change(session: Session, appointment: Appointment, change: Change) -> datetime | None:
    """When this was done to it last; None where it never was."""
    return session.scalar(
        select(func.max(AppointmentHistory.changed_at)).where(
            AppointmentHistory.appointment_id == appointment.id, AppointmentHistory.change == change
        )
    )


def find_overbookings(session: Session, appointment_ids: Collection[UUID]) -> dict[UUID, Overbooking]:
    """Of those appointments that were booked on top of others; for lists."""
    if not appointment_ids:
        return {}
    rows = session.scalars(
        select(AppointmentHistory).where(
            AppointmentHistory.appointment_id.in_(appointment_ids),
            AppointmentHistory.change == Change.OVERBOOKED,
        )
    ).all()
    names = names_of_actors(session, {row.changed_by for row in rows})
    return {row.appointment_id: Overbooking(names.get(row.changed_by, ""), row.note) for row in rows}


def names_of_actors(session: Session, keys: Iterable[str]) -> Mapping[str, str]:
    """The display names behind actors' keys (`account:…`)."""
    ids = {}
    for key in keys:
        kind, _, value = key.partition(":")
        if kind == "account":
            ids[UUID(value)] = key
    if not ids:
        return {}
    rows = session.execute(select(Account.id, Account.display_name).where(Account.id.in_(ids)))
    return {ids[account_id]: name for account_id, name in rows}


def _names_of_practitioners(session: Session, rows: Sequence[AppointmentHistory]) -> dict[UUID | None, str]:
    keys = {row.practitioner_id for row in rows if row.practitioner_id}
    found = session.scalars(select(Practitioner).where(Practitioner.id.in_(keys))) if keys else ()
    return {person.id: person.display_name for person in found}


def _names_of_lanes(session: Session, rows: Sequence[AppointmentHistory]) -> dict[UUID | None, str]:
    keys = {row.lane_id for row in rows if row.lane_id}
    found = session.scalars(select(Lane).where(Lane.id.in_(keys))) if keys else ()
    return {lane.id: lane.shared_clinic.name for lane in found}
