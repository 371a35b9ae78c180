"""How an interpreter takes part."""

from enum import StrEnum

from telehealth.booking.domain.appointment import Mode


class InterpreterJoins(StrEnum):
    """How the interpreter joins the consultation."""

    VIDEO = "video"  # by a link of their own
    PHONE = "phone"  # the clinician phones the interpreter, or is phoned
    WITH_PATIENT = "with-patient"  # in the room with the patient
    IN_PERSON = "in-person"  # at the clinic


def joins_after_move(joins: InterpreterJoins | None, mode: Mode) -> InterpreterJoins | None:
    """How the interpreter joins when the way of meeting changes: nobody is at the clinic for a call."""
    if joins is not InterpreterJoins.IN_PERSON or mode is Mode.IN_PERSON:
        return joins
    return InterpreterJoins.VIDEO if mode is Mode.VIDEO else InterpreterJoins.PHONE
