"""Codes of appointments in words: why one was cancelled, what was changed, how an interpreter joins."""

from flask_babel import gettext

from telehealth.accounts.models import HealthcareService
from telehealth.booking.domain.appointment import CancelReason, Change
from telehealth.booking.domain.follow_up import FollowUpReason
from telehealth.booking.domain.interpreter import InterpreterJoins
from telehealth.booking.domain.slots import PartOfDay


def emergency_text(service: HealthcareService) -> str:
    """What is said before anybody types or tells a reason: the service's own words, else the standard ones."""
    return service.emergency_advice or gettext(
        "If it is an emergency or somebody’s life is in danger, call 999. "
        "If you need help now but it is not an emergency, call 111."
    )


def cancel_reason_text(reason: CancelReason) -> str:
    return {
        CancelReason.PATIENT: gettext("The patient does not want it or cannot come"),
        CancelReason.PATIENT_UNWELL: gettext("The patient is too unwell"),
        CancelReason.NOT_NEEDED: gettext("The patient does not need it any more"),
        CancelReason.PROVIDER: gettext("The clinician cannot be there"),
        CancelReason.SCHEDULE: gettext("The session does not take place"),
        CancelReason.DUPLICATE: gettext("It was booked by mistake, or twice"),
        CancelReason.OTHER: gettext("Something else"),
    }[reason]


def change_text(change: Change) -> str:
    """The start of a line of the history."""
    return {
        Change.BOOKED: gettext("Booked"),
        Change.ASKED: gettext("Asked for online"),
        Change.CONFIRMED: gettext("Confirmed"),
        Change.OVERBOOKED: gettext("Booked on top of another appointment"),
        Change.MOVED: gettext("Moved"),
        Change.TAKEN: gettext("Taken by a clinician, or given back"),
        Change.CANCELLED: gettext("Cancelled"),
        Change.NOSHOW: gettext("Marked: did not attend"),
        Change.NOSHOW_UNDONE: gettext("Taken back that the patient did not attend"),
        Change.ARRIVED: gettext("Arrived"),
        Change.ENDED: gettext("Ended"),
        Change.DETAILS: gettext("Details changed"),
    }[change]


def joins_text(joins: InterpreterJoins) -> str:
    return {
        InterpreterJoins.VIDEO: gettext("By video, with a link of their own"),
        InterpreterJoins.PHONE: gettext("By phone"),
        InterpreterJoins.WITH_PATIENT: gettext("With the patient, in the same room"),
        InterpreterJoins.IN_PERSON: gettext("In person, at the clinic"),
    }[joins]


def follow_up_reason_text(reason: FollowUpReason) -> str:
    return {
        FollowUpReason.CANCELLED: gettext("Their appointment was cancelled"),
        FollowUpReason.NOSHOW: gettext("They did not attend"),
        FollowUpReason.NOT_REACHED: gettext("They could not be reached"),
        FollowUpReason.SEE_AGAIN: gettext("The clinician wants to see them again"),
    }[reason]


def part_of_day_text(part: PartOfDay) -> str:
    return {
        PartOfDay.MORNING: gettext("Morning"),
        PartOfDay.AFTERNOON: gettext("Afternoon"),
        PartOfDay.EVENING: gettext("Evening, from 5pm"),
    }[part]
