"""The demo's people. Names are invented; NHS numbers are of the 999 test range; phones of the range kept for drama."""

from dataclasses import dataclass
from datetime import date

from telehealth.accounts.models import Basis
from telehealth.accounts.services.authorities import CarerDetails
from telehealth.accounts.services.patients import PatientDetails
from telehealth.booking.domain.appointment import Mode
from telehealth.booking.domain.appointment_type import Booker

ORGANISATION = "Riverside Health"
SERVICE = "Riverside Community Clinic"
TIME_ZONE = "Europe/London"
NATION = "wales"
PHONE = "01632 960123"
DOMAIN = "@demo.example"
DEFAULT_PASSWORD = "river-stone-lantern"  # noqa: S105 - printed at start, exists in demo mode alone


@dataclass(frozen=True, slots=True)
class Clinician:
    prefix: str
    given_name: str
    family_name: str
    email: str


@dataclass(frozen=True, slots=True)
class Offer:
    """A type of appointment."""

    name: str
    minutes: int
    modes: tuple[Mode, ...]
    booker: Booker
    # How long before the start a patient may still move or cancel it.
    change_minutes: int


TYPES = (
    Offer("Consultation", 10, (Mode.VIDEO, Mode.PHONE), Booker.KNOWN, 60),
    Offer("First appointment", 20, (Mode.VIDEO, Mode.PHONE), Booker.ANYONE, 24 * 60),
    Offer("Phone review", 10, (Mode.PHONE,), Booker.KNOWN, 60),
)
SHARED_CLINIC = "Diabetes clinic"
CLINICIANS = (
    Clinician("Dr", "Amara", "Adeyemi", "clinician@demo.example"),
    Clinician("Dr", "Huw", "Bevan", "clinician2@demo.example"),
)
RECEPTIONIST = ("Rhian Price", "reception@demo.example")
ADMINISTRATOR = ("Sam Carter", "admin@demo.example")
# What they come for, by patient.
PATIENTS = {
    PatientDetails(
        given_name="Margaret",
        family_name="Hughes",
        birth_date=date(1948, 3, 5),
        nhs_number="9990000018",
        phone="+447700900101",
        email="margaret.hughes@demo.example",
    ): "Blood pressure review",
    PatientDetails(
        given_name="Ibrahim",
        family_name="Khan",
        birth_date=date(1985, 11, 23),
        nhs_number="9990000026",
        phone="+447700900102",
        email="ibrahim.khan@demo.example",
    ): "Follow-up after physiotherapy",
    PatientDetails(
        given_name="Chloe",
        family_name="Davies",
        birth_date=date(1999, 7, 14),
        nhs_number="9990000034",
        phone="+447700900103",
        email="chloe.davies@demo.example",
    ): "Asthma review",
    PatientDetails(
        given_name="Owen",
        family_name="Thomas",
        birth_date=date(1941, 1, 30),
        nhs_number="9990000042",
        phone="+447700900104",
        email="owen.thomas@demo.example",
    ): "Medicine review",
    PatientDetails(
        given_name="Grace",
        family_name="Mensah",
        birth_date=date(1972, 9, 2),
        nhs_number="9990000050",
        phone="+447700900105",
        email="grace.mensah@demo.example",
    ): "Test results",
}
# A daughter, who may act for her father; his NHS number.
CARER = CarerDetails(
    given_name="Carys",
    family_name="Thomas",
    birth_date=date(1969, 5, 18),
    phone="+447700900106",
    email="carys.thomas@demo.example",
    relationship_text="daughter",
    basis=Basis.POWER_OF_ATTORNEY,
    valid_from=date(2026, 1, 1),
    valid_until=None,
)
CARED_FOR = "9990000042"
