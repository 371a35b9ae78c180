"""What booking, video and notes know about a clinician's day, gathered for one page."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session, joinedload

from telehealth.accounts.models import Authority, HealthcareService, Protection
from telehealth.accounts.services.authorities import find_authorities
from telehealth.accounts.services.protection import find_hidden, find_protections
from telehealth.accounts.services.staff import list_services
from telehealth.actor import Actor, Role
from telehealth.booking.domain.appointment import JOIN_CLOSES_AFTER, JOIN_OPENS_BEFORE, AppointmentStatus
from telehealth.booking.models import Appointment, Lane, SharedClinicMember
from telehealth.booking.policies import is_clinician_of
from telehealth.booking.services.history import Overbooking, find_overbookings
from telehealth.errors import NotFound
from telehealth.notes.services import encounters_with_signed_note
from telehealth.video.domain.encounter import EncounterStatus
from telehealth.video.models import Encounter
from telehealth.video.services.encounters import find_encounters

HIDDEN = (AppointmentStatus.CANCELLED, AppointmentStatus.ENTERED_IN_ERROR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Safety:
    """Who protects a patient, who may act for them today, and whether their name is not for this clinician."""

    protections: tuple[Protection, ...] = ()
    authorities: tuple[Authority, ...] = ()
    is_hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ClinicRow:
    appointment: Appointment
    encounter: Encounter | None
    has_signed_note: bool
    safety: Safety
    # False where a colleague of the shared clinic has taken the patient.
    is_open_to_actor: bool = True
    # Who booked it on top of another appointment, and why; None where nobody did.
    overbooking: Overbooking | None = None


def own_service(session: Session, actor: Actor) -> HealthcareService:
    """The service in whose name a clinician works. Raises NotFound."""
    services = list_services(session, actor.services_as(Role.CLINICIAN))
    if not services or actor.practitioner_id is None:
        raise NotFound
    return services[0]


def todays_clinic(session: Session, actor: Actor, now: datetime, time_zone: str) -> list[ClinicRow]:
    """The actor's appointments of today, those of the shared clinics in which they sit, and those of tonight whose
    waiting room is open already.
    """
    zone = ZoneInfo(time_zone)
    today = now.astimezone(zone).date()
    midnight = datetime.combine(today, time(0), zone)
    next_midnight = datetime.combine(today + timedelta(days=1), time(0), zone)
    own_lanes = (
        select(Lane.id)
        .join(SharedClinicMember, SharedClinicMember.shared_clinic_id == Lane.shared_clinic_id)
        .where(SharedClinicMember.practitioner_id == actor.practitioner_id)
    )
    appointments = list(
        session.scalars(
            select(Appointment)
            .outerjoin(Encounter, Encounter.appointment_id == Appointment.id)
            .where(
                # Of a shared clinic everybody sees the whole list, also whom a colleague has taken.
                or_(
                    Appointment.practitioner_id == actor.practitioner_id,
                    Appointment.lane_id.in_(own_lanes),
                ),
                Appointment.service_id.in_(actor.services_as(Role.CLINICIAN)),
                Appointment.status.not_in(HIDDEN),
                or_(
                    and_(
                        # Somebody may still join yesterday's last appointment for an hour.
                        or_(
                            Appointment.starts_at >= midnight,
                            Appointment.ends_at > now - JOIN_CLOSES_AFTER,
                        ),
                        Appointment.starts_at < max(next_midnight, now + JOIN_OPENS_BEFORE),
                    ),
                    # A consultation that runs over midnight stays until it is ended.
                    Encounter.status.in_((EncounterStatus.ARRIVED, EncounterStatus.IN_PROGRESS)),
                ),
            )
            .options(
                joinedload(Appointment.patient),
                joinedload(Appointment.service),
                joinedload(Appointment.practitioner),
                joinedload(Appointment.appointment_type),
                joinedload(Appointment.lane).joinedload(Lane.shared_clinic),
            )
            .order_by(Appointment.starts_at, Appointment.id)
        )
    )
    encounters = find_encounters(session, [appointment.id for appointment in appointments])
    signed = encounters_with_signed_note(session, [encounter.id for encounter in encounters.values()])
    safeties = find_safety(session, actor, [appointment.patient_id for appointment in appointments])
    overbookings = find_overbookings(session, [each.id for each in appointments if each.is_overbooked])
    rows = []
    for appointment in appointments:
        encounter = encounters.get(appointment.id)
        has_signed_note = encounter is not None and encounter.id in signed
        rows.append(
            ClinicRow(
                appointment=appointment,
                encounter=encounter,
                has_signed_note=has_signed_note,
                safety=safeties[appointment.patient_id],
                is_open_to_actor=is_clinician_of(actor, appointment),
                overbooking=overbookings.get(appointment.id),
            )
        )
    return rows


def find_safety(session: Session, actor: Actor, patient_ids: Iterable[UUID]) -> dict[UUID, Safety]:
    """What staff must know about each patient before they admit. Three queries for a whole list."""
    ids = list(patient_ids)
    protections = find_protections(session, ids)
    authorities = find_authorities(session, ids)
    hidden = find_hidden(session, actor, protections)
    return {
        patient_id: Safety(
            protections=tuple(protections.get(patient_id, ())),
            authorities=tuple(authorities.get(patient_id, ())),
            is_hidden=patient_id in hidden,
        )
        for patient_id in ids
    }
