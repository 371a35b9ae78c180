"""People and appointments of tests: fixed, readable, and the standing cast that permission tests run through."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from telehealth.accounts.domain.account import AccountKind
from telehealth.accounts.domain.session import Stage
from telehealth.accounts.models import (
    Account,
    AccountRole,
    Authority,
    Basis,
    HealthcareService,
    Organisation,
    Patient,
    Practitioner,
    PractitionerRole,
    Protection,
    RelatedPerson,
)
from telehealth.accounts.services.authorities import CarerDetails, record_authority
from telehealth.accounts.services.contacts import set_contact
from telehealth.accounts.services.protection import SafeWays
from telehealth.accounts.services.sessions import SignIn, add_visit, begin_session, find_sign_in
from telehealth.accounts.services.sign_in import actor_of, hash_password
from telehealth.actor import Actor, Role, guest, system
from telehealth.booking.domain.slots import Slot
from telehealth.booking.models import (
    Appointment,
    AppointmentType,
    JoinLink,
    Lane,
    Schedule,
    SharedClinic,
    SharedClinicMember,
)
from telehealth.booking.services.appointments import place_appointment
from telehealth.booking.services.links import make_link
from telehealth.booking.services.protection import protect_patient
from telehealth.clock import now, uk_today
from telehealth.db import Database
from tests.offers import make_schedule, make_type, type_of

# Handed on: whoever makes people mostly needs what they are offered too.
__all__ = ["make_schedule", "make_type", "type_of"]

PASSWORD = "a long enough password"
_password_hash: list[str] = []
SLOT = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """The standing cast: who belongs here, who is a colleague, and who is a stranger."""

    service: HealthcareService
    other_service: HealthcareService
    other_organisation_service: HealthcareService
    clinician: Account
    colleague: Account
    receptionist: Account
    administrator: Account
    other_service_receptionist: Account
    other_organisation_receptionist: Account
    other_organisation_clinician: Account
    patient: Patient
    other_patient: Patient
    appointment_type: AppointmentType
    schedule: Schedule

    @property
    def practitioner_id(self) -> UUID:
        assert self.clinician.practitioner_id is not None
        return self.clinician.practitioner_id

    def staff(self) -> list[Account]:
        return [
            self.clinician,
            self.colleague,
            self.receptionist,
            self.administrator,
            self.other_service_receptionist,
            self.other_organisation_receptionist,
            self.other_organisation_clinician,
        ]


def make_cast(session: Session) -> Cast:
    organisation, other = Organisation(name="Hillside Health"), Organisation(name="Lakeside Health")
    session.add_all([organisation, other])
    session.flush()
    service = make_service(session, organisation, "Hillside Clinic")
    second = make_service(session, organisation, "Hillside Physiotherapy")
    foreign = make_service(session, other, "Lakeside Clinic")
    clinician = make_clinician(session, service, "Nia", "Pritchard")
    assert clinician.practitioner_id is not None
    return Cast(
        service=service,
        other_service=second,
        other_organisation_service=foreign,
        clinician=clinician,
        colleague=make_clinician(session, service, "Tomos", "Rees"),
        receptionist=make_account(session, service, "reception", Role.RECEPTIONIST),
        administrator=make_account(session, service, "administrator", Role.ADMINISTRATOR),
        other_service_receptionist=make_account(session, second, "reception", Role.RECEPTIONIST),
        other_organisation_receptionist=make_account(session, foreign, "reception", Role.RECEPTIONIST),
        other_organisation_clinician=make_clinician(session, foreign, "Petra", "Novak"),
        patient=make_patient(session, service),
        other_patient=make_patient(session, service, given_name="Aled", birth_date=date(1990, 12, 31)),
        appointment_type=type_of(session, service),
        schedule=make_schedule(session, service, clinician.practitioner_id),
    )


def make_service(session: Session, organisation: Organisation, name: str) -> HealthcareService:
    service = HealthcareService(
        organisation_id=organisation.id,
        name=name,
        time_zone="Europe/London",
        nation="wales",
        phone="01632 960555",
    )
    session.add(service)
    session.flush()
    make_type(session, service)
    return service


def make_account(
    session: Session,
    service: HealthcareService,
    name: str,
    role: Role,
    *,
    practitioner_id: UUID | None = None,
) -> Account:
    """An account whose password is `PASSWORD`; its e-mail is name@service.example."""
    account = Account(
        organisation_id=service.organisation_id,
        email=f"{name}@{service.name.lower().replace(' ', '-')}.example",
        display_name=name.capitalize(),
        password_hash=password_hash(),
        practitioner_id=practitioner_id,
        roles=[AccountRole(organisation_id=service.organisation_id, service_id=service.id, role=role)],
    )
    session.add(account)
    session.flush()
    return account


def password_hash() -> str:
    """Made once: a hash costs a tenth of a second."""
    if not _password_hash:
        _password_hash.append(hash_password(PASSWORD))
    return _password_hash[0]


def make_clinician(
    session: Session, service: HealthcareService, given_name: str, family_name: str
) -> Account:
    person = Practitioner(
        organisation_id=service.organisation_id, prefix="Dr", given_name=given_name, family_name=family_name
    )
    session.add(person)
    session.flush()
    session.add(
        PractitionerRole(
            organisation_id=service.organisation_id, service_id=service.id, practitioner_id=person.id
        )
    )
    return make_account(session, service, given_name.lower(), Role.CLINICIAN, practitioner_id=person.id)


def make_patient(
    session: Session,
    service: HealthcareService,
    *,
    given_name: str = "Eirlys",
    family_name: str = "Morgan",
    birth_date: date = date(1948, 3, 5),
    nhs_number: str | None = None,
) -> Patient:
    patient = Patient(
        organisation_id=service.organisation_id,
        given_name=given_name,
        family_name=family_name,
        birth_date=birth_date,
        nhs_number=nhs_number,
    )
    set_contact(session, patient, phone="+447700900123", email="patient@example.test")
    session.add(patient)
    session.flush()
    return patient


def make_carer(
    session: Session,
    patient: Patient,
    *,
    given_name: str = "Eleri",
    relationship_text: str = "mother",
    phone: str = "",
    email: str = "",
) -> Authority:
    """Somebody with a valid authority for the patient, recorded today."""
    return record_authority(
        session,
        system(patient.organisation_id),
        session.merge(patient),
        CarerDetails(
            given_name=given_name,
            family_name="Morgan",
            birth_date=date(1975, 6, 1),
            phone=phone or None,
            email=email or None,
            relationship_text=relationship_text,
            basis=Basis.PARENTAL_RESPONSIBILITY,
            valid_from=uk_today(),
            valid_until=None,
        ),
    )


def make_own_account(session: Session, person: Patient | RelatedPerson) -> Account:
    """As after a first sign-in of a patient, or of a carer: for `sign_in`."""
    is_patient = isinstance(person, Patient)
    account = Account(
        organisation_id=person.organisation_id,
        kind=AccountKind.PATIENT if is_patient else AccountKind.RELATED,
        display_name=person.display_name,
        patient_id=person.id if is_patient else None,
        related_person_id=None if is_patient else person.id,
    )
    session.add(account)
    session.flush()
    return account


def protect(session: Session, cast: Cast, patient: Patient | None = None, **ways: Any) -> Protection:
    """The cast's service protects a patient; by default the phone is safe at any hour."""
    return protect_patient(
        session,
        actor_of(cast.receptionist),
        session.merge(patient or cast.patient),
        cast.service.id,
        SafeWays(**{"is_phone_safe": True, "is_email_safe": False, **ways}),
    )


def make_shared_clinic(
    session: Session, cast: Cast, *, lanes: int = 2, name: str = "Diabetes clinic"
) -> tuple[SharedClinic, Schedule]:
    """The cast's clinician, who leads it, and the colleague; with a session all day, every day."""
    assert cast.colleague.practitioner_id
    clinic = SharedClinic(
        organisation_id=cast.service.organisation_id,
        service_id=cast.service.id,
        name=name,
        members=[
            SharedClinicMember(practitioner_id=practitioner_id, position=position)
            for position, practitioner_id in enumerate((cast.practitioner_id, cast.colleague.practitioner_id))
        ],
        lanes=[
            Lane(organisation_id=cast.service.organisation_id, number=number)
            for number in range(1, lanes + 1)
        ],
    )
    session.add(clinic)
    session.flush()
    return clinic, make_schedule(session, cast.service, None, shared_clinic_id=clinic.id)


def slot_at(cast: Cast, starts_at: datetime) -> Slot:
    return Slot(
        starts_at=starts_at,
        ends_at=starts_at + SLOT,
        schedule_id=cast.schedule.id,
        practitioner_id=cast.practitioner_id,
    )


def soon() -> datetime:
    """The start of the next quarter of an hour: its waiting room is open."""
    current = now()
    return current.replace(minute=current.minute // 15 * 15, second=0, microsecond=0) + SLOT


def make_appointment(
    session: Session, cast: Cast, *, starts_at: datetime | None = None, patient: Patient | None = None
) -> Appointment:
    """An appointment with the cast's clinician; by default at the next quarter of an hour."""
    return place_appointment(
        session,
        actor_of(cast.receptionist),
        # Merged: the cast may come from a transaction that was committed.
        session.merge(cast.service),
        session.merge(patient or cast.patient),
        slot_at(cast, starts_at or soon()),
        type_=session.merge(cast.appointment_type),
        reason="Blood pressure review",
    )


def make_join_link(session: Session, appointment: Appointment) -> JoinLink:
    return make_link(session, appointment)


def guest_of(appointment: Appointment) -> Actor:
    return guest([appointment.id])


def email_of(account: Account) -> str:
    """Of a member of staff: they have one."""
    assert account.email is not None
    return account.email


def sign_in(client: FlaskClient, account: Account) -> None:
    """As after a right password and second factor: hashing it in every test would cost a tenth of a second each."""
    with _database_of(client).transaction() as session:
        before = _sign_in_of(client, session)
        token = begin_session(
            session, account, Stage.SIGNED_IN, replaces=before.session_id if before else None
        )
    _take_cookie(client, token)


def open_visit(client: FlaskClient, *appointments: Appointment, carer: RelatedPerson | None = None) -> None:
    """As after the right dates of birth behind these appointments' links in this browser."""
    with _database_of(client).transaction() as session:
        found = _sign_in_of(client, session)
        if found is None:
            token = begin_session(session, None, Stage.GUEST)
            found = find_sign_in(session, token)
            _take_cookie(client, token)
        assert found is not None
        for appointment in appointments:
            add_visit(
                session,
                found.session_id,
                appointment.id,
                related_person_id=carer.id if carer else None,
                patient_id=appointment.patient_id,
            )


def _sign_in_of(client: FlaskClient, session: Session) -> SignIn | None:
    with client.session_transaction() as browser:
        token = browser.get("_user_id")
    return find_sign_in(session, token) if token else None


def _database_of(client: FlaskClient) -> Database:
    database: Database = client.application.extensions["telehealth.database"]
    return database


def _take_cookie(client: FlaskClient, token: str) -> None:
    with client.session_transaction() as browser:
        browser["_user_id"], browser["_fresh"] = token, True


def at(text: str) -> datetime:
    """An instant written as "2027-01-12 14:30", in UTC."""
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
