"""Where the attack takes place: few clinicians, few patients, a short day, and times that half overlap."""

from datetime import timedelta
from uuid import UUID, uuid4

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from sqlalchemy.orm import Session

from telehealth.accounts.domain.session import Stage
from telehealth.accounts.models import Account, HealthcareService, Organisation
from telehealth.accounts.services.sessions import begin_session
from telehealth.actor import Role
from telehealth.booking.domain.appointment_type import Booker
from telehealth.booking.models import AppointmentType, Lane, Room, Schedule, SharedClinic, SharedClinicMember
from telehealth.clock import now
from tests.attack.plan import Place, Plan
from tests.attack.servers import SECRET
from tests.factories import (
    make_account,
    make_clinician,
    make_own_account,
    make_patient,
    make_schedule,
    make_service,
    make_type,
)

CLINICIANS = 4
PATIENTS = 10
HOURS = 8
# Minutes, before, after: on grids of 10 and 15 minutes nothing fits to anything.
TYPES = (("Short", 10, 0, 0), ("Review", 15, 0, 5), ("Full", 20, 5, 0), ("Long", 25, 5, 10))
GRIDS = (10, 15)


def make_plan(session: Session, *, port: int, receptionists: int) -> Plan:
    organisation = Organisation(name="Hillside Health")
    session.add(organisation)
    session.flush()
    service = make_service(session, organisation, "Hillside Clinic")
    types = [_make_type(session, service, *parts) for parts in TYPES]
    rooms = [_make_room(session, service, name) for name in ("Room 1", "Room 2")]
    people = [make_clinician(session, service, f"Nia{n}", "Pritchard") for n in range(CLINICIANS)]
    schedules: list[Schedule] = []
    for number, person in enumerate(people):
        for grid in GRIDS:
            room_id = rooms[number % len(rooms)].id
            schedules.append(
                make_schedule(session, service, person.practitioner_id, slot_minutes=grid, room_id=room_id)
            )
    clinic = _make_shared_clinic(session, service, people[:2])
    schedules.append(
        make_schedule(
            session, service, None, shared_clinic_id=clinic.id, slot_minutes=10, room_id=rooms[0].id
        )
    )
    patients = [make_patient(session, service, given_name=f"Aled{n}") for n in range(PATIENTS)]
    desk = [make_account(session, service, f"reception{n}", Role.RECEPTIONIST) for n in range(receptionists)]
    own = [make_own_account(session, patient) for patient in patients]
    # Today's other hours would be too soon for some, and midnight is a test of its own elsewhere.
    first = (now() + timedelta(days=1)).replace(hour=9, minute=0, second=0, microsecond=0)
    return Plan(
        port=port,
        first=first.isoformat(),
        zone=service.time_zone,
        service=str(service.id),
        minutes=HOURS * 60,
        places=[_place(schedule) for schedule in schedules],
        types=[(str(type_.id), type_.minutes) for type_ in types],
        patients=[str(patient.id) for patient in patients],
        desk_cookies=[make_cookie(session, account) for account in desk],
        patient_cookies=[make_cookie(session, account) for account in own],
    )


def _place(schedule: Schedule) -> Place:
    return Place(
        schedule=str(schedule.id),
        clinician=_text(schedule.practitioner_id),
        clinic=_text(schedule.shared_clinic_id),
        grid=schedule.slot_minutes,
    )


def _text(key: UUID | None) -> str | None:
    return str(key) if key else None


def _make_type(
    session: Session, service: HealthcareService, name: str, minutes: int, before: int, after: int
) -> AppointmentType:
    return make_type(
        session,
        service,
        name=name,
        minutes=minutes,
        buffer_before_minutes=before,
        buffer_after_minutes=after,
        booker=Booker.ANYONE,
    )


def _make_room(session: Session, service: HealthcareService, name: str) -> Room:
    room = Room(id=uuid4(), organisation_id=service.organisation_id, service_id=service.id, name=name)
    session.add(room)
    session.flush()
    return room


def _make_shared_clinic(session: Session, service: HealthcareService, people: list[Account]) -> SharedClinic:
    clinic = SharedClinic(
        organisation_id=service.organisation_id,
        service_id=service.id,
        name="Diabetes clinic",
        members=[
            SharedClinicMember(practitioner_id=person.practitioner_id, position=position)
            for position, person in enumerate(people)
        ],
        lanes=[Lane(organisation_id=service.organisation_id, number=number) for number in (1, 2)],
    )
    session.add(clinic)
    session.flush()
    return clinic


def make_cookie(session: Session, account: Account) -> str:
    """What a browser holds after a right password and second factor."""
    token = begin_session(session, account, Stage.SIGNED_IN)
    signing = Flask(__name__)
    signing.secret_key = SECRET
    serializer = SecureCookieSessionInterface().get_signing_serializer(signing)
    assert serializer is not None
    return f"session={serializer.dumps({'_user_id': token, '_fresh': True})}"
