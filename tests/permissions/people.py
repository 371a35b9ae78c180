"""The standing cast: everybody who may stand before a page, in the order of the columns of `expected/`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    key: str
    words: str
    # False for browsers of which the service does not know who sits there: their refusals stay in the log.
    is_known: bool = True


STAFF_OF_THE_SERVICE = (
    Person("owner", "the clinician of the appointment"),
    Person("colleague", "another clinician of the same service"),
    Person("receptionist", "reception of the service"),
    Person("administrator", "administrator of the service"),
)
STAFF_OF_ANOTHER_SERVICE = (
    Person("other_clinician", "a clinician of another service of the organisation"),
    Person("other_receptionist", "reception of another service of the organisation"),
)
STAFF_OF_ANOTHER_ORGANISATION = (
    Person("foreign_clinician", "a clinician of another organisation"),
    Person("foreign_receptionist", "reception of another organisation"),
    Person("foreign_administrator", "an administrator of another organisation"),
)
PATIENTS = (
    Person("patient", "the appointment's patient, signed in to an account"),
    Person("other_patient", "another patient of the service, signed in to an account"),
    Person("carer", "a carer of the patient, whose authority holds today"),
    Person("former_carer", "a carer of the patient, whose authority was revoked"),
)
GUESTS = (
    Person("guest", "the patient, by the link to this appointment"),
    Person("carer_by_link", "the carer, by their own link to this appointment"),
    Person("other_guest", "another patient, by the link to another appointment"),
)
NOBODY = (
    Person("unfinished", "the owner's password was right, the second factor is missing", is_known=False),
    Person("setting_up", "the owner has just chosen a password, without a second factor", is_known=False),
    Person("expired", "the owner, whose sign-in has expired", is_known=False),
    Person("anonymous", "a browser that nobody knows", is_known=False),
)

GROUPS = (
    STAFF_OF_THE_SERVICE,
    STAFF_OF_ANOTHER_SERVICE,
    STAFF_OF_ANOTHER_ORGANISATION,
    PATIENTS,
    GUESTS,
    NOBODY,
)
EVERYBODY = tuple(person for group in GROUPS for person in group)
STAFF = STAFF_OF_THE_SERVICE + STAFF_OF_ANOTHER_SERVICE + STAFF_OF_ANOTHER_ORGANISATION
