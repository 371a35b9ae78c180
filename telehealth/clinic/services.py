"""What booking, video and notes know about a clinician's day, gathered for one page."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session, joinedload

from telehealth.accounts.models import HealthcareService
from telehealth.accounts.services.staff import list_services
from telehealth.actor import Actor, Role
from telehealth.booking.domain.appointment import JOIN_OPENS_BEFORE, AppointmentStatus
from telehealth.booking.models import Appointment
from telehealth.errors import NotFound
from telehealth.notes.services import encounters_with_signed_note
from telehealth.video.domain.encounter import EncounterStatus
from telehealth.video.models import Encounter
from telehealth.video.services.encounters import find_encounters

HIDDEN = (AppointmentStatus.CANCELLED, AppointmentStatus.ENTERED_IN_ERROR)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClinicRow:
    appointment: Appointment
    encounter: Encounter | None
    has_signed_note: bool


def own_service(session: Session, actor: Actor) -> HealthcareService:
    """The service in whose name a clinician works. Raises NotFound."""
    services = list_services(session, actor.services_as(Role.CLINICIAN))
    if not services or actor.practitioner_id is None:
        raise NotFound
    return services[0]


def todays_clinic(session: Session, actor: Actor, now: datetime, time_zone: str) -> list[ClinicRow]:
    """The actor's appointments of today, and those of tonight whose waiting room is open already."""
    zone = ZoneInfo(time_zone)
    today = now.astimezone(zone).date()
    midnight = datetime.combine(today, time(0), zone)
    next_midnight = datetime.combine(today + timedelta(days=1), time(0), zone)
    appointments = list(
        session.scalars(
            select(Appointment)
            .outerjoin(Encounter, Encounter.appointment_id == Appointment.id)
            .where(
                Appointment.practitioner_id == actor.practitioner_id,
                Appointment.service_id.in_(actor.services_as(Role.CLINICIAN)),
                Appointment.status.not_in(HIDDEN),
                or_(
                    and_(
                        Appointment.starts_at >= midnight,
                        Appointment.starts_at < max(next_midnight, now + JOIN_OPENS_BEFORE),
                    ),
                    # A consultation that runs over midnight stays until it is ended.
                    Encounter.status.in_((EncounterStatus.ARRIVED, EncounterStatus.IN_PROGRESS)),
                ),
            )
            .options(joinedload(Appointment.patient), joinedload(Appointment.service))
            .order_by(Appointment.starts_at)
        )
    )
    encounters = find_encounters(session, [appointment.id for appointment in appointments])
    signed = encounters_with_signed_note(session, [encounter.id for encounter in encounters.values()])
    rows = []
    for appointment in appointments:
        encounter = encounters.get(appointment.id)
        has_signed_note = encounter is not None and encounter.id in signed
        rows.append(ClinicRow(appointment=appointment, encounter=encounter, has_signed_note=has_signed_note))
    return rows
