"""What stands in the columns of the day sheet: appointments, holds, leave and closures."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from telehealth.accounts.models import HealthcareService, Patient, Practitioner
from telehealth.accounts.services.protection import find_hidden
from telehealth.actor import Actor
from telehealth.booking.domain.appointment import GONE, AppointmentStatus, Mode
from telehealth.booking.domain.claim import LONGEST_CLAIM, ClaimState
from telehealth.booking.domain.intervals import Interval, subtract
from telehealth.booking.domain.session_plan import find_unattended
from telehealth.booking.domain.slots import Slot
from telehealth.booking.models import Appointment, AppointmentType, Claim, Hold, Room
from telehealth.booking.services.crews import load_members
from telehealth.booking.services.history import Overbooking, find_overbookings
from telehealth.booking.services.sessions import BankHoliday, ClinicSession, closure_of, load_exceptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """An appointment of this service. `is_hidden`: the name is not for the reader."""

    span: Interval
    appointment_id: UUID
    given_name: str
    family_name: str
    is_hidden: bool
    status: AppointmentStatus
    mode: Mode
    type_name: str
    is_overbooked: bool
    # Who did it, and why; not of a patient whose name is hidden.
    overbooking: Overbooking | None
    interpreter_language: str
    room_name: str
    # In a shared clinic: who took the patient; "" while nobody has, and for a clinician's own column.
    taken_by: str


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The clinician is with a patient of another service."""

    span: Interval


@dataclass(frozen=True, slots=True)
class Held:
    """Somebody is booking this time; it is free again at `expires_at`."""

    span: Interval
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Closure:
    """Leave, a closure, or a bank holiday by its name."""

    span: Interval
    reason: str
    is_leave: bool


Taken = Meeting | Elsewhere | Held


@dataclass(slots=True, kw_only=True)
class Column:
    """A clinician, or one lane of a shared clinic."""

    key: UUID
    owner_id: UUID  # the clinician or the shared clinic, as it is chosen
    name: str
    lane_number: int | None = None
    lane_count: int = 0
    sessions: list[Interval] = field(default_factory=list)
    closures: list[Closure] = field(default_factory=list)
    taken: list[Taken] = field(default_factory=list)
    slots: list[Slot] = field(default_factory=list)


def add_sessions(columns: Iterable[Column], sessions: Iterable[ClinicSession]) -> None:
    """Each session in its columns; one that falls on a bank holiday as a closure with the holiday's name too."""
    by_owner = group_by_owner(sessions)
    for column in columns:
        own = by_owner.get(column.owner_id, [])
        column.sessions = sorted(each.interval for each in own)
        # An extra session takes place on a bank holiday.
        held = [each.interval for each in own if not bank_holiday_of(each)]
        column.closures = [
            Closure(part, name, is_leave=False)
            for each in own
            if (name := bank_holiday_of(each))
            for part in subtract(each.interval, held)
        ]


def group_by_owner(sessions: Iterable[ClinicSession]) -> Mapping[UUID, list[ClinicSession]]:
    """By clinician or shared clinic."""
    found: dict[UUID, list[ClinicSession]] = {}
    for each in sessions:
        owner_id = each.schedule.practitioner_id or each.schedule.shared_clinic_id
        if owner_id is not None:
            found.setdefault(owner_id, []).append(each)
    return found


def bank_holiday_of(each: ClinicSession) -> str:
    """The name of the bank holiday on which the session does not take place; "" where that is not why."""
    return each.closed_by.name if isinstance(each.closed_by, BankHoliday) else ""


def add_exceptions(
    session: Session, service: HealthcareService, columns: Sequence[Column], span: Interval
) -> None:
    """Leave of the clinicians, closures of the shared clinics and of the service."""
    exceptions = load_exceptions(session, service, span)
    lanes = [column for column in columns if column.lane_number is not None]
    members = load_members(session, service) if lanes else {}
    for column in lanes:
        # While one of several is there the clinic goes on.
        nobody = find_unattended(members.get(column.owner_id), map(closure_of, exceptions), span)
        column.closures += [Closure(each.span, each.reason, is_leave=True) for each in nobody]
    for each in exceptions:
        closure = Closure(
            Interval(each.starts_at, each.ends_at), each.reason, is_leave=each.practitioner_id is not None
        )
        owner_id = each.practitioner_id or each.shared_clinic_id
        for column in columns:
            if owner_id in (None, column.owner_id):
                column.closures.append(closure)


def find_booked(session: Session, service: HealthcareService, span: Interval) -> dict[UUID, str]:
    """Which clinicians and lanes have an appointment of the service, with the clinician's name ("" for a lane)."""
    rows = session.execute(
        select(
            Appointment.lane_id,
            Appointment.practitioner_id,
            Practitioner.prefix,
            Practitioner.given_name,
            Practitioner.family_name,
        )
        .outerjoin(Practitioner, Practitioner.id == Appointment.practitioner_id)
        .where(
            Appointment.service_id == service.id,
            Appointment.status.not_in(GONE),
            *_overlapping(Appointment.starts_at, Appointment.ends_at, span),
        )
        .distinct()
        .order_by(Practitioner.family_name, Practitioner.given_name)
    )
    found: dict[UUID, str] = {}
    for lane_id, practitioner_id, *names in rows:
        key = lane_id or practitioner_id
        # Every appointment is with somebody: the database holds that rule.
        if key is not None:
            found[key] = "" if lane_id else _joined(*names)
    return found


def add_meetings(
    session: Session, actor: Actor, service: HealthcareService, columns: Sequence[Column], span: Interval
) -> None:
    """The appointments of this service, and when the clinicians are with another one.

    Columns of tables, not objects: a name and a status need no sealed text.
    """
    place = {column.key: column for column in columns}
    with_whom = aliased(Practitioner)
    rows = session.execute(
        select(
            Appointment.id,
            Appointment.starts_at,
            Appointment.ends_at,
            Appointment.service_id,
            Appointment.practitioner_id,
            Appointment.lane_id,
            Appointment.patient_id,
            Patient.given_name,
            Patient.family_name,
            Appointment.status,
            Appointment.mode,
            AppointmentType.name.label("type_name"),
            Appointment.is_overbooked,
            Appointment.interpreter_language,
            Room.name.label("room_name"),
            with_whom.prefix,
            with_whom.given_name.label("clinician_given_name"),
            with_whom.family_name.label("clinician_family_name"),
        )
        .join(Patient, Patient.id == Appointment.patient_id)
        .outerjoin(AppointmentType, AppointmentType.id == Appointment.appointment_type_id)
        .outerjoin(Room, Room.id == Appointment.room_id)
        .outerjoin(with_whom, with_whom.id == Appointment.practitioner_id)
        .where(
            Appointment.organisation_id == service.organisation_id,
            or_(
                Appointment.lane_id.in_(list(place)),
                and_(Appointment.practitioner_id.in_(list(place)), Appointment.lane_id.is_(None)),
            ),
            Appointment.status.not_in(GONE),
            *_overlapping(Appointment.starts_at, Appointment.ends_at, span),
        )
        # Not by keys: the order of two at the same time would tell other services' apart.
        .order_by(Appointment.starts_at, Appointment.is_overbooked, Appointment.ends_at)
    ).all()
    hidden = find_hidden(session, actor, {row.patient_id for row in rows if row.service_id == service.id})
    overbookings = find_overbookings(
        session, [row.id for row in rows if row.is_overbooked and row.service_id == service.id]
    )
    for row in rows:
        interval = Interval(row.starts_at, row.ends_at)
        column = place[row.lane_id or row.practitioner_id]
        if row.service_id != service.id:
            column.taken.append(Elsewhere(interval))
            continue
        is_hidden = row.patient_id in hidden
        clinician = _joined(row.prefix, row.clinician_given_name, row.clinician_family_name)
        column.taken.append(
            Meeting(
                span=interval,
                appointment_id=row.id,
                given_name="" if is_hidden else row.given_name,
                family_name="" if is_hidden else row.family_name,
                is_hidden=is_hidden,
                status=row.status,
                mode=row.mode,
                type_name=row.type_name or "",
                is_overbooked=row.is_overbooked,
                overbooking=None if is_hidden else overbookings.get(row.id),
                interpreter_language=row.interpreter_language,
                room_name=row.room_name or "",
                taken_by=clinician if row.lane_id else "",
            )
        )


def _joined(*names: str | None) -> str:
    """As `Practitioner.display_name`."""
    return " ".join(name for name in names if name)


def add_holds(session: Session, columns: Iterable[Column], span: Interval, now: datetime) -> None:
    """The claim says who is held; its time has the buffers in it, so the hold says when."""
    place = {column.key: column for column in columns}
    claims = session.execute(
        select(Claim.practitioner_id, Claim.lane_id, Claim.hold_token).where(
            or_(Claim.practitioner_id.in_(list(place)), Claim.lane_id.in_(list(place))),
            Claim.state == ClaimState.HELD,
            Claim.hold_expires_at > now,
            *_overlapping(Claim.starts_at, Claim.ends_at, span),
        )
    ).all()
    if not claims:
        return
    owner = {UUID(hex=claim.hold_token): claim.lane_id or claim.practitioner_id for claim in claims}
    for hold_id, starts_at, ends_at, expires_at in session.execute(
        select(Hold.id, Hold.starts_at, Hold.ends_at, Hold.expires_at).where(Hold.id.in_(list(owner)))
    ):
        place[owner[hold_id]].taken.append(Held(Interval(starts_at, ends_at), expires_at))


def _overlapping(
    starts_at: InstrumentedAttribute[datetime], ends_at: InstrumentedAttribute[datetime], span: Interval
) -> tuple[ColumnElement[bool], ...]:
    # Nothing is longer than a day: the index need not be read from the beginning of time.
    return starts_at < span.end, ends_at > span.start, starts_at > span.start - LONGEST_CLAIM
