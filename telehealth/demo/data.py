"""Make the demo's people once, and its clinic anew at each start."""

from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.accounts.models import (
    Account,
    HealthcareService,
    Organisation,
    Patient,
    Practitioner,
    PractitionerRole,
)
from telehealth.accounts.services.authorities import list_authorities, record_authority
from telehealth.accounts.services.password import hash_password, verify_password
from telehealth.accounts.services.patients import register_patient
from telehealth.accounts.services.staff import create_account
from telehealth.actor import Role, system
from telehealth.booking.domain.appointment import AppointmentStatus, Mode, join_window
from telehealth.booking.domain.intervals import Interval, subtract
from telehealth.booking.domain.slots import Slot
from telehealth.booking.models import (
    Appointment,
    AppointmentType,
    Lane,
    Room,
    Schedule,
    SharedClinic,
    SharedClinicMember,
)
from telehealth.booking.services.appointments import place_appointment
from telehealth.booking.services.claims import PatientBusy, SlotTaken
from telehealth.booking.services.links import make_link
from telehealth.booking.services.sessions import find_sessions
from telehealth.demo import cast
from telehealth.errors import N_, Conflict

SLOT = timedelta(minutes=10)
CLINIC_BEFORE, CLINIC_AFTER = timedelta(hours=1), timedelta(hours=8)
# Which slots from the running one on are booked already; the next one is left for you.
BOOKED_AHEAD = (0, 2, 4)


def make_demo(session: Session, password: str, now: datetime) -> HealthcareService:
    """The demo's service with its people, and a clinic around `now`. Repeatable."""
    service = _find_service(session)
    if service is None:
        if session.scalar(select(Organisation.id).limit(1)):
            raise Conflict(
                "not-a-demo", N_("This database holds real data. The demo needs a database of its own.")
            )
        service = _make_people(session, password, now)
    else:
        _keep_password(session, password)
    _make_carer(session, service)
    _make_types(session, service)
    _make_shared_clinic(session, service, now)
    _make_clinic(session, service, now)
    return service


def demo_service(session: Session) -> HealthcareService:
    """The service that `make_demo` made. Raises LookupError before that."""
    service = _find_service(session)
    if service is None:
        raise LookupError("the demo is not made yet")
    return service


def default_accounts(session: Session) -> list[str]:
    """The e-mails of demo accounts that are in the database: their password is known to everybody."""
    return list(
        session.scalars(
            select(Account.email).where(Account.email.endswith(cast.DOMAIN)).order_by(Account.email)
        )
    )


def _find_service(session: Session) -> HealthcareService | None:
    """The demo's service, also after it was renamed."""
    return session.scalar(
        select(HealthcareService)
        .join(Organisation, Organisation.id == HealthcareService.organisation_id)
        .where(Organisation.name == cast.ORGANISATION)
        .order_by(HealthcareService.name != cast.SERVICE, HealthcareService.id)
        .limit(1)
    )


def _keep_password(session: Session, password: str) -> None:
    """The password that is printed is the one that works, also where an earlier start had another."""
    accounts = session.scalars(select(Account).where(Account.email.endswith(cast.DOMAIN))).all()
    if all(verify_password(password, account) for account in accounts if account.is_active):
        return
    made = hash_password(password)
    for account in accounts:
        account.password_hash = made


def open_appointments(session: Session, service: HealthcareService, now: datetime) -> list[Appointment]:
    """Appointments that are still to come or whose waiting room is open, in order of time."""
    return list(
        session.scalars(
            select(Appointment)
            .where(
                Appointment.service_id == service.id,
                Appointment.status.in_((AppointmentStatus.BOOKED, AppointmentStatus.ARRIVED)),
                Appointment.ends_at > now - SLOT,
                Appointment.starts_at < now + CLINIC_AFTER,
            )
            .order_by(Appointment.starts_at)
        )
    )


def _make_people(session: Session, password: str, now: datetime) -> HealthcareService:
    organisation = Organisation(name=cast.ORGANISATION)
    session.add(organisation)
    session.flush()
    service = HealthcareService(
        organisation_id=organisation.id,
        name=cast.SERVICE,
        time_zone=cast.TIME_ZONE,
        nation=cast.NATION,
        phone=cast.PHONE,
    )
    session.add(service)
    session.flush()
    maker = system(organisation.id)
    for clinician in cast.CLINICIANS:
        person = Practitioner(
            organisation_id=organisation.id,
            prefix=clinician.prefix,
            given_name=clinician.given_name,
            family_name=clinician.family_name,
        )
        session.add(person)
        session.flush()
        session.add(
            PractitionerRole(
                organisation_id=organisation.id, service_id=service.id, practitioner_id=person.id
            )
        )
        session.add(_weekday_clinic(service, person.id, now))
        create_account(
            session,
            maker,
            organisation_id=organisation.id,
            email=clinician.email,
            display_name=person.display_name,
            password=password,
            roles=[(service.id, Role.CLINICIAN)],
            practitioner_id=person.id,
        )
    for (name, email), role in (
        (cast.RECEPTIONIST, Role.RECEPTIONIST),
        (cast.ADMINISTRATOR, Role.ADMINISTRATOR),
    ):
        create_account(
            session,
            maker,
            organisation_id=organisation.id,
            email=email,
            display_name=name,
            password=password,
            roles=[(service.id, role)],
        )
    for details in cast.PATIENTS:
        register_patient(session, maker, details)
    return service


def _make_types(session: Session, service: HealthcareService) -> None:
    """Once, also in a demo that was made before there were types."""
    known = set(session.scalars(select(AppointmentType.name).where(AppointmentType.service_id == service.id)))
    for made in cast.TYPES:
        if made.name not in known:
            session.add(
                AppointmentType(
                    organisation_id=service.organisation_id,
                    service_id=service.id,
                    name=made.name,
                    minutes=made.minutes,
                    is_by_video=Mode.VIDEO in made.modes,
                    is_by_phone=Mode.PHONE in made.modes,
                    is_in_person=Mode.IN_PERSON in made.modes,
                    booker=made.booker,
                    change_minutes=made.change_minutes,
                )
            )
    session.flush()


def _make_shared_clinic(session: Session, service: HealthcareService, now: datetime) -> None:
    """A weekly clinic of both clinicians, in a room of its own."""
    if session.scalar(select(SharedClinic.id).where(SharedClinic.service_id == service.id)):
        return
    people = session.scalars(
        select(PractitionerRole.practitioner_id)
        .join(Practitioner, Practitioner.id == PractitionerRole.practitioner_id)
        .where(PractitionerRole.service_id == service.id)
        .order_by(Practitioner.family_name)
    ).all()
    owned = {"organisation_id": service.organisation_id, "service_id": service.id}
    room = Room(**owned, name="Room 2")
    clinic = SharedClinic(
        **owned,
        name=cast.SHARED_CLINIC,
        members=[
            SharedClinicMember(practitioner_id=key, position=position) for position, key in enumerate(people)
        ],
        lanes=[
            Lane(organisation_id=service.organisation_id, number=number)
            for number in range(1, len(people) + 1)
        ],
    )
    session.add_all([room, clinic])
    session.flush()
    session.add(
        Schedule(
            **owned,
            shared_clinic_id=clinic.id,
            room_id=room.id,
            rrule="FREQ=WEEKLY;BYDAY=SA",
            first_date=now.astimezone(ZoneInfo(service.time_zone)).date() + timedelta(days=1),
            starts=time(9),
            ends=time(12),
            slot_minutes=20,
            is_by_phone=True,
        )
    )


def _make_carer(session: Session, service: HealthcareService) -> None:
    """Once, also in a demo that was made before there were carers."""
    patient = session.scalar(
        select(Patient).where(
            Patient.organisation_id == service.organisation_id, Patient.nhs_number == cast.CARED_FOR
        )
    )
    if patient is not None and not list_authorities(session, patient.id):
        record_authority(session, system(service.organisation_id), patient, cast.CARER)


def _weekday_clinic(service: HealthcareService, practitioner_id: UUID, now: datetime) -> Schedule:
    tomorrow = now.astimezone(ZoneInfo(service.time_zone)).date() + timedelta(days=1)
    return Schedule(
        organisation_id=service.organisation_id,
        service_id=service.id,
        practitioner_id=practitioner_id,
        rrule="FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
        first_date=tomorrow,
        starts=time(9),
        ends=time(16, 30),
        slot_minutes=SLOT // timedelta(minutes=1),
        is_by_phone=True,
    )


def _make_clinic(session: Session, service: HealthcareService, now: datetime) -> None:
    practitioner_ids = session.scalars(
        select(PractitionerRole.practitioner_id)
        .join(Practitioner, Practitioner.id == PractitionerRole.practitioner_id)
        .where(PractitionerRole.service_id == service.id)
        .order_by(Practitioner.family_name)
    ).all()
    type_ = session.scalars(
        select(AppointmentType)
        .where(AppointmentType.service_id == service.id)
        .order_by(AppointmentType.name != "Consultation", AppointmentType.id)
    ).first()
    hour = now.replace(minute=0, second=0, microsecond=0)
    for practitioner_id in practitioner_ids:
        _cover_with_sessions(
            session, service, practitioner_id, Interval(hour - CLINIC_BEFORE, hour + CLINIC_AFTER)
        )
    session.flush()
    if any(
        join_window(a.starts_at, a.ends_at, now) == "open" for a in open_appointments(session, service, now)
    ):
        return
    patients = {
        patient.nhs_number: patient
        for patient in session.scalars(
            select(Patient).where(Patient.organisation_id == service.organisation_id)
        )
    }
    # In the order of the cast, not of the database's indexes: the first one can always join at once.
    ready = [
        (patients[details.nhs_number], reason)
        for details, reason in cast.PATIENTS.items()
        if details.nhs_number in patients
    ]
    first_start = hour + SLOT * ((now - hour) // SLOT)
    for number, (patient, reason) in enumerate(ready):
        practitioner_id = practitioner_ids[0 if number < len(BOOKED_AHEAD) else 1]
        starts_at = first_start + SLOT * BOOKED_AHEAD[number % len(BOOKED_AHEAD)]
        try:
            with session.begin_nested():
                appointment = place_appointment(
                    session,
                    system(service.organisation_id),
                    service,
                    patient,
                    Slot(starts_at, starts_at + SLOT, UUID(int=0), practitioner_id),
                    type_=type_,
                    reason=reason,
                )
                make_link(session, appointment)
        except (SlotTaken, PatientBusy):
            continue  # that time was booked in an earlier run


def _cover_with_sessions(
    session: Session, service: HealthcareService, practitioner_id: UUID, wanted: Interval
) -> None:
    """Add one-off sessions so that the clinician has clinic during all of `wanted`."""
    zone = ZoneInfo(service.time_zone)
    existing = [
        each.interval
        for each in find_sessions(session, service, wanted, practitioner_ids=[practitioner_id])
        if each.closed_by is None
    ]
    for piece in subtract(wanted, existing):
        start, end = piece.start.astimezone(zone), piece.end.astimezone(zone)
        session.add(
            Schedule(
                organisation_id=service.organisation_id,
                service_id=service.id,
                practitioner_id=practitioner_id,
                rrule="FREQ=DAILY;COUNT=1",
                first_date=start.date(),
                last_date=start.date(),
                starts=start.time().replace(tzinfo=None),
                ends=end.time().replace(tzinfo=None),
                slot_minutes=SLOT // timedelta(minutes=1),
                is_by_phone=True,
                # A demo clinic takes place today, whatever day it is.
                is_extra=True,
            )
        )
