"""How an interpreter takes part."""

from enum import StrEnum


class InterpreterJoins(StrEnum):
    """How the interpreter joins the consultation."""

    VIDEO = "video"  # by a link of their own
    PHONE = "phone"  # the clinician phones the interpreter, or is phoned
    WITH_PATIENT = "with-patient"  # in the room with the patient
    IN_PERSON = "in-person"  # at the clinic
