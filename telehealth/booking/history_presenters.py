"""The history of an appointment in words."""

from collections.abc import Sequence

from flask_babel import gettext

from telehealth.booking.code_texts import cancel_reason_text, change_text
from telehealth.booking.domain.appointment import CancelReason, Change
from telehealth.booking.models import Appointment
from telehealth.booking.services.history import Overbooking, Step
from telehealth.dates import instant_text

# Of these the words say when and with whom it is from then on.
_SAYS_WHEN = (Change.BOOKED, Change.ASKED, Change.OVERBOOKED, Change.MOVED, Change.CONFIRMED)


def history_lines(steps: Sequence[Step], appointment: Appointment) -> list[dict[str, str]]:
    """The latest change first: when, who, what, and what somebody typed about it."""
    zone = appointment.service.time_zone
    return [
        {
            "when": instant_text(step.row.changed_at, zone),
            "who": step.who or _unknown_text(step.row.changed_by),
            "what": _what_text(step, zone),
            "note": step.row.note,
        }
        for step in reversed(steps)
    ]


def overbooking_text(steps: Sequence[Step]) -> str:
    """Who booked it on top of another, and why; "" where nobody did, or it was moved since."""
    found = None
    for step in steps:
        if step.row.change is Change.OVERBOOKED:
            found = step
        elif step.row.change is Change.MOVED:
            found = None
    return overbooked_by_text(Overbooking(found.who, found.row.note)) if found else ""


def overbooked_by_text(overbooking: Overbooking) -> str:
    """For example "Overbooked by Rhian Price: in pain since yesterday"."""
    return gettext("Overbooked by %(name)s: %(reason)s", name=overbooking.who, reason=overbooking.note)


def _what_text(step: Step, zone: str) -> str:
    row = step.row
    if row.change is None:
        return gettext("Changed")
    what = change_text(row.change)
    if row.change in _SAYS_WHEN:
        return gettext(
            "%(what)s: %(when)s with %(name)s",
            what=what,
            when=instant_text(row.starts_at, zone),
            name=step.owner,
        )
    if row.change is Change.CANCELLED:
        reason = next((each for each in CancelReason if each.value == row.reason), None)
        if reason is not None:
            return gettext("%(what)s: %(more)s", what=what, more=cancel_reason_text(reason))
    if row.change is Change.TAKEN:
        return gettext("%(what)s: with %(name)s", what=what, name=step.owner)
    return what


def _unknown_text(key: str) -> str:
    """Who has no account of their own, as it stands after "by"."""
    if key.startswith("system"):
        return gettext("the service itself")
    if key.startswith("account:"):
        return gettext("somebody whose account is gone")
    return gettext("the patient, or a carer, with a link")
