"""What somebody may book themselves: which services, which types, for whom."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from telehealth.accounts.models import HealthcareService, Patient
from telehealth.accounts.services.authorities import find_carer
from telehealth.accounts.services.merges import find_records, find_survivors
from telehealth.actor import Actor
from telehealth.audit.models import AuditEvent
from telehealth.booking.domain.appointment import AppointmentStatus
from telehealth.booking.domain.appointment_type import Booker
from telehealth.booking.models import Appointment, AppointmentType, IdempotencyKey
from telehealth.clock import now
from telehealth.errors import N_, NotFound, TooManyTries

# Of somebody whom the service does not know: waiting to be confirmed, from one browser; and in an hour from one place.
MOST_ASKED = 3
MOST_ASKED_FROM_ADDRESS = 20
ASKED_WITHIN = timedelta(hours=1)


def find_bookable_people(session: Session, actor: Actor) -> list[Patient]:
    """For whom this person may book: themselves, whom they act for, whose own link they opened; nobody for a stranger."""
    keys = set(actor.represents)
    if actor.patient_id is not None:
        keys.add(actor.patient_id)
    opened = session.execute(
        select(Appointment.id, Appointment.patient_id).where(Appointment.id.in_(actor.appointment_ids))
    )
    # A carer's link opens one appointment, not the patient's whole calendar.
    keys |= {patient_id for key, patient_id in opened if find_carer(session, actor, key) is None}
    if not keys:
        return []
    survivors = find_survivors(session, keys)
    # Whom reception has not identified is a stranger, also with a sign-in: they typed the address themselves.
    people = [
        person
        for person in session.scalars(select(Patient).where(Patient.id.in_(keys))).unique()
        # A record that was replaced may have been opened by somebody else: reception books for them.
        if person.is_verified and survivors[person.id] == person.id
    ]
    return sorted(
        people, key=lambda person: (person.id != actor.patient_id, person.given_name, person.id.bytes)
    )


def list_bookable_services(
    session: Session, actor: Actor, people: Sequence[Patient]
) -> list[HealthcareService]:
    """Services that offer something to these people. A restricted one is for those who have been there, and unlisted."""
    found = session.scalars(
        select(HealthcareService).order_by(HealthcareService.name, HealthcareService.id)
    ).all()
    return [
        service
        for service in found
        if _is_open_to(session, actor, service, people)
        and list_bookable_types(session, service, is_known=bool(people))
    ]


def get_bookable_service(
    session: Session, actor: Actor, people: Sequence[Patient], service_id: UUID
) -> HealthcareService:
    """Raises NotFound for a restricted service, but for those who have been there."""
    service = session.get(HealthcareService, service_id)
    if service is None or not _is_open_to(session, actor, service, people):
        raise NotFound
    return service


def list_bookable_types(
    session: Session, service: HealthcareService, *, is_known: bool
) -> Sequence[AppointmentType]:
    """What may be booked online: by those whom the service knows, or by anybody."""
    bookers = (Booker.KNOWN, Booker.ANYONE) if is_known else (Booker.ANYONE,)
    return session.scalars(
        select(AppointmentType)
        .where(
            AppointmentType.service_id == service.id,
            AppointmentType.is_active,
            AppointmentType.booker.in_(bookers),
        )
        .order_by(AppointmentType.name, AppointmentType.id)
    ).all()


def refuse_many_requests(session: Session, owner: str, address: str) -> None:
    """Somebody unknown may ask for a few appointments, not for all. Raises TooManyTries."""
    waiting = session.scalar(
        select(func.count())
        .select_from(Appointment)
        .join(IdempotencyKey, IdempotencyKey.subject_id == Appointment.id)
        .where(IdempotencyKey.actor == owner, Appointment.status == AppointmentStatus.PENDING)
    )
    from_here = session.scalar(
        select(func.count()).where(
            AuditEvent.action == "appointment.asked",
            AuditEvent.address == address,
            AuditEvent.recorded_at > now() - ASKED_WITHIN,
        )
    )
    if (waiting or 0) >= MOST_ASKED or (address and (from_here or 0) >= MOST_ASKED_FROM_ADDRESS):
        raise TooManyTries(
            "too-many-requests",
            N_("You have asked for several appointments already. Call us if you need another one."),
        )


def _is_open_to(
    session: Session, actor: Actor, service: HealthcareService, people: Sequence[Patient]
) -> bool:
    if people and service.organisation_id not in {person.organisation_id for person in people}:
        return False
    if not service.is_restricted:
        return True
    # A carer never learns of it: it is for the patient alone, at a browser where nobody else is spoken to.
    is_alone = len(people) == 1 and people[0].id not in actor.represents
    return is_alone and bool(
        session.scalar(
            select(Appointment.id)
            .where(
                Appointment.service_id == service.id,
                # Also under a record that was merged with theirs.
                Appointment.patient_id.in_(find_records(session, people[0].id)),
            )
            .limit(1)
        )
    )
