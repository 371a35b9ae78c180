"""Appointments, patients and free times as the pages show them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask_babel import gettext

from telehealth.accounts.domain.nhs_number import format_nhs_number
from telehealth.accounts.models import HealthcareService, Patient, Protection
from telehealth.accounts.presenters import phone_text
from telehealth.booking.domain.appointment import JOIN_CLOSES_AFTER, AppointmentStatus, Mode
from telehealth.booking.domain.slots import Slot
from telehealth.booking.interpreter_presenters import interpreter_text
from telehealth.booking.models import Appointment
from telehealth.booking.safety_presenters import busy_text, protection_text
from telehealth.booking.services.owners import Owners
from telehealth.booking.services.restricted import Busy
from telehealth.booking.slot_values import slot_value
from telehealth.dates import birth_date_text, date_text, instant_text, time_text


def status_text(status: AppointmentStatus) -> str:
    return {
        AppointmentStatus.PROPOSED: gettext("Proposed"),
        AppointmentStatus.PENDING: gettext("To be confirmed"),
        AppointmentStatus.BOOKED: gettext("Booked"),
        AppointmentStatus.ARRIVED: gettext("In the waiting room"),
        AppointmentStatus.CHECKED_IN: gettext("Checked in"),
        AppointmentStatus.FULFILLED: gettext("Seen"),
        AppointmentStatus.CANCELLED: gettext("Cancelled"),
        AppointmentStatus.NOSHOW: gettext("Did not attend"),
        AppointmentStatus.WAITLIST: gettext("On the waiting list"),
        AppointmentStatus.ENTERED_IN_ERROR: gettext("Entered in error"),
    }[status]


def mode_text(mode: Mode) -> str:
    return {
        Mode.VIDEO: gettext("Video"),
        Mode.PHONE: gettext("Phone"),
        Mode.IN_PERSON: gettext("In person"),
    }[mode]


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientCard:
    """The banner of a patient's record and a row of the search."""

    id: UUID
    name: str
    birth_date: str
    nhs_number: str
    phone: str
    email: str
    # What is safe, for those who may know that the patient is protected.
    protection_text: str = ""


def patient_card(
    patient: Patient,
    now: datetime,
    time_zone: str,
    *,
    protections: Sequence[Protection] = (),
    is_hidden: bool = False,
) -> PatientCard:
    """`is_hidden`: another service protects the patient, so that nothing tells who it is."""
    if is_hidden:
        unknown = gettext("not shown")
        return PatientCard(
            id=patient.id,
            name=gettext("Protected patient"),
            birth_date=unknown,
            nhs_number=unknown,
            phone=unknown,
            email=unknown,
        )
    return PatientCard(
        id=patient.id,
        name=patient.display_name,
        birth_date=birth_date_text(patient.birth_date, now.astimezone(ZoneInfo(time_zone)).date()),
        nhs_number=format_nhs_number(patient.nhs_number) if patient.nhs_number else gettext("not known"),
        phone=phone_text(patient.phone),
        email=patient.email or gettext("not known"),
        protection_text=protection_text(protections),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentCard:
    """One appointment, in words."""

    id: UUID
    reference: str
    when: str
    time: str
    # With the word that nobody has taken the patient yet, where that is so.
    practitioner: str
    # As the patient is told.
    clinician: str
    service: str
    type: str
    mode: str
    room: str
    status: str
    reason: str
    # "" where none is needed.
    interpreter: str
    version: int
    is_by_video: bool
    is_by_phone: bool
    is_confidential: bool
    is_overbooked: bool
    is_in_series: bool
    is_pending: bool
    is_noshow: bool
    # It stands, so that the patient is told of it; and what may be done with it.
    is_to_come: bool
    can_move: bool
    can_cancel: bool


_STANDS = (AppointmentStatus.BOOKED, AppointmentStatus.ARRIVED, AppointmentStatus.CHECKED_IN)
_MOVABLE = (AppointmentStatus.BOOKED, AppointmentStatus.PENDING)
_CANCELLABLE = (*_STANDS, AppointmentStatus.PENDING)


def appointment_card(appointment: Appointment) -> AppointmentCard:
    zone = appointment.service.time_zone
    status, type_ = appointment.status, appointment.appointment_type
    return AppointmentCard(
        id=appointment.id,
        reference=appointment.reference,
        when=instant_text(appointment.starts_at, zone),
        time=time_text(appointment.starts_at, zone),
        practitioner=clinician_text(appointment),
        clinician=appointment.clinician_name,
        service=appointment.service.name,
        type=type_.name if type_ else "",
        mode=mode_text(appointment.mode),
        room=appointment.room.name if appointment.room else "",
        status=status_text(status),
        reason=appointment.reason,
        interpreter=interpreter_text(appointment.interpreter_language, appointment.interpreter_joins),
        version=appointment.version,
        is_by_video=appointment.mode is Mode.VIDEO,
        is_by_phone=appointment.mode is Mode.PHONE,
        is_confidential=appointment.is_confidential,
        is_overbooked=appointment.is_overbooked,
        is_in_series=appointment.series_id is not None,
        is_pending=status is AppointmentStatus.PENDING,
        is_noshow=status is AppointmentStatus.NOSHOW,
        is_to_come=status in _STANDS,
        can_move=status in _MOVABLE and type_ is not None,
        can_cancel=status in _CANCELLABLE,
    )


def clinician_text(appointment: Appointment) -> str:
    """With whom it is; of a shared clinic also who took the patient, or that nobody has yet."""
    if appointment.lane is None:
        return appointment.clinician_name
    clinic = appointment.lane.shared_clinic.name
    if appointment.practitioner is None:
        return gettext("%(clinic)s (not yet taken by a clinician)", clinic=clinic)
    return gettext("%(name)s, in %(clinic)s", name=appointment.practitioner.display_name, clinic=clinic)


def record_lines(
    found: Sequence[Appointment | Busy], now: datetime, patient: Patient
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The rows of a patient's record, given the latest first: what is still to come, the next on top; and what was.

    What stands in another record of the patient says in which.
    """
    upcoming = [line for line in found if _is_upcoming(line, now)]
    past = [line for line in found if not _is_upcoming(line, now)]
    return (
        [_record_line(line, patient) for line in reversed(upcoming)],
        [_record_line(line, patient) for line in past],
    )


def _is_upcoming(line: Appointment | Busy, now: datetime) -> bool:
    is_open = isinstance(line, Busy) or line.status in _CANCELLABLE
    return is_open and now < line.ends_at + JOIN_CLOSES_AFTER


def _record_line(line: Appointment | Busy, patient: Patient) -> dict[str, Any]:
    """An own appointment, or when another service has the patient."""
    if isinstance(line, Busy):
        return {"when": instant_text(line.starts_at, line.time_zone), "busy": busy_text(line)}
    return {
        "when": instant_text(line.starts_at, line.service.time_zone),
        "card": appointment_card(line),
        "record": "" if line.patient_id == patient.id else line.patient.display_name,
    }


def time_item(slot: Slot, owners: Owners, time_zone: str) -> dict[str, Any]:
    """A free time as a button."""
    return {
        "value": slot_value(slot),
        "text": time_text(slot.starts_at, time_zone),
        "when": instant_text(slot.starts_at, time_zone),
        "name": owners.name_of(slot),
    }


def day_after_last(slots: list[Slot], service: HealthcareService) -> dict[str, str] | None:
    """The day on which a longer list would go on, for its address and in words; None for an empty list."""
    if not slots:
        return None
    day = slots[-1].starts_at.astimezone(ZoneInfo(service.time_zone)).date() + timedelta(days=1)
    return {"value": day.isoformat(), "text": date_text(day)}


def whole_days(slots: list[Slot], service: HealthcareService, *, at_least: int) -> list[Slot]:
    """The first days with `at_least` free times together; a day is never cut, so none of its times is out of reach."""
    if len(slots) <= at_least:
        return slots
    zone = ZoneInfo(service.time_zone)
    last_day = slots[at_least - 1].starts_at.astimezone(zone).date()
    return [slot for slot in slots if slot.starts_at.astimezone(zone).date() <= last_day]
