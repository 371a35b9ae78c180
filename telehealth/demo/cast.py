"""The demo's people. Names are invented; NHS numbers are of the 999 test range; phones of the range kept for drama."""

from dataclasses import dataclass
from datetime import date

ORGANISATION = "Riverside Health"
SERVICE = "Riverside Community Clinic"
TIME_ZONE = "Europe/London"
NATION = "wales"
PHONE = "01632 960123"
DEFAULT_PASSWORD = "river-stone-lantern"  # noqa: S105 - printed at start, exists in demo mode alone


@dataclass(frozen=True, slots=True)
class Clinician:
    prefix: str
    given_name: str
    family_name: str
    email: str


@dataclass(frozen=True, slots=True)
class DemoPatient:
    given_name: str
    family_name: str
    birth_date: date
    nhs_number: str
    phone: str
    email: str
    reason: str


CLINICIANS = (
    Clinician("Dr", "Amara", "Adeyemi", "clinician@demo.example"),
    Clinician("Dr", "Huw", "Bevan", "clinician2@demo.example"),
)
RECEPTIONIST = ("Rhian Price", "reception@demo.example")
ADMINISTRATOR = ("Sam Carter", "admin@demo.example")
PATIENTS = (
    DemoPatient(
        "Margaret",
        "Hughes",
        date(1948, 3, 5),
        "9990000018",
        "+447700900101",
        "margaret.hughes@demo.example",
        "Blood pressure review",
    ),
    DemoPatient(
        "Ibrahim",
        "Khan",
        date(1985, 11, 23),
        "9990000026",
        "+447700900102",
        "ibrahim.khan@demo.example",
        "Follow-up after physiotherapy",
    ),
    DemoPatient(
        "Chloe",
        "Davies",
        date(1999, 7, 14),
        "9990000034",
        "+447700900103",
        "chloe.davies@demo.example",
        "Asthma review",
    ),
    DemoPatient(
        "Owen",
        "Thomas",
        date(1941, 1, 30),
        "9990000042",
        "+447700900104",
        "owen.thomas@demo.example",
        "Medicine review",
    ),
    DemoPatient(
        "Grace",
        "Mensah",
        date(1972, 9, 2),
        "9990000050",
        "+447700900105",
        "grace.mensah@demo.example",
        "Test results",
    ),
)
