"""Appointments, patients and free times as the pages show them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask_babel import gettext

from telehealth.accounts.domain.nhs_number import format_nhs_number
from telehealth.accounts.models import HealthcareService, Patient, Protection
from telehealth.accounts.presenters import phone_text
from telehealth.booking.domain.appointment import AppointmentStatus, Mode
from telehealth.booking.domain.slots import Slot
from telehealth.booking.forms import slot_value
from telehealth.booking.models import Appointment
from telehealth.booking.safety_presenters import busy_text, protection_text
from telehealth.booking.services.restricted import Busy
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
        AppointmentStatus.NOSHOW: gettext("Not reached"),
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
    practitioner: str
    service: str
    mode: str
    status: str
    reason: str
    version: int
    can_cancel: bool
    is_confidential: bool


def appointment_card(appointment: Appointment) -> AppointmentCard:
    zone = appointment.service.time_zone
    return AppointmentCard(
        id=appointment.id,
        reference=appointment.reference,
        when=instant_text(appointment.starts_at, zone),
        time=time_text(appointment.starts_at, zone),
        practitioner=appointment.practitioner.display_name,
        service=appointment.service.name,
        mode=mode_text(appointment.mode),
        status=status_text(appointment.status),
        reason=appointment.reason,
        version=appointment.version,
        can_cancel=appointment.status in (AppointmentStatus.BOOKED, AppointmentStatus.ARRIVED),
        is_confidential=appointment.is_confidential,
    )


def record_line(line: Appointment | Busy) -> dict[str, Any]:
    """A row of a patient's record: an own appointment with its link, or when another service has the patient."""
    if isinstance(line, Busy):
        return {"when": instant_text(line.starts_at, line.time_zone), "busy": busy_text(line)}
    return {"when": instant_text(line.starts_at, line.service.time_zone), "card": appointment_card(line)}


@dataclass(frozen=True, slots=True)
class SlotGroup:
    """A part of a day with its free times, ready for radio buttons."""

    title: str
    items: list[dict[str, Any]] = field(default_factory=list)


def slot_groups(
    slots: list[Slot], practitioners: dict[UUID, str], service: HealthcareService, chosen: str | None
) -> list[SlotGroup]:
    """Free times by day, each with the clinician's name under the time."""
    zone = ZoneInfo(service.time_zone)
    in_order = sorted(slots, key=lambda slot: (slot.starts_at, practitioners.get(slot.practitioner_id, "")))
    return [
        SlotGroup(
            title=date_text(day),
            items=[
                {
                    "value": slot_value(slot),
                    "text": time_text(slot.starts_at, service.time_zone),
                    "hint": {"text": practitioners.get(slot.practitioner_id, "")},
                    "checked": slot_value(slot) == chosen,
                }
                for slot in group
            ],
        )
        for day, group in groupby(in_order, key=lambda slot: slot.starts_at.astimezone(zone).date())
    ]


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
