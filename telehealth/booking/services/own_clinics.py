"""The shared clinics in which a clinician sits: theirs to know of, an administrator's to change."""

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from telehealth.accounts.models import HealthcareService
from telehealth.actor import Actor
from telehealth.booking.models import Schedule, SharedClinic, SharedClinicMember
from telehealth.booking.services.schedule_wishes import local_today


def list_own_clinics(
    session: Session, actor: Actor, service: HealthcareService
) -> list[tuple[SharedClinic, list[Schedule]]]:
    """By name, each with its sessions that have dates still to come; none for whoever is no clinician."""
    if actor.practitioner_id is None:
        return []
    clinics = session.scalars(
        select(SharedClinic)
        .join(SharedClinicMember, SharedClinicMember.shared_clinic_id == SharedClinic.id)
        .where(
            SharedClinic.service_id == service.id, SharedClinicMember.practitioner_id == actor.practitioner_id
        )
        .order_by(SharedClinic.name)
    ).all()
    found: dict[SharedClinic, list[Schedule]] = {clinic: [] for clinic in clinics}
    for schedule in session.scalars(
        select(Schedule)
        .where(
            Schedule.shared_clinic_id.in_([clinic.id for clinic in clinics]),
            or_(Schedule.last_date.is_(None), Schedule.last_date >= local_today(service)),
        )
        .options(joinedload(Schedule.shared_clinic), joinedload(Schedule.room), selectinload(Schedule.types))
        .order_by(Schedule.first_date, Schedule.starts, Schedule.id)
    ):
        if schedule.shared_clinic is not None:
            found[schedule.shared_clinic].append(schedule)
    return list(found.items())
