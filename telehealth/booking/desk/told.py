"""Whether the patient was just told of what reception did: nobody writes to them twice, or not at all."""

from flask_babel import gettext
from sqlalchemy.orm import Session

from telehealth.accounts.models import ContactKind
from telehealth.booking.domain.appointment import Change
from telehealth.booking.models import Appointment
from telehealth.booking.notices import find_notice_way


def told_text(session: Session, appointment: Appointment, change: Change) -> str:
    """By which way the patient hears of the change that was just made; "" where nothing is sent to them now."""
    way = find_notice_way(session, appointment, change)
    if way is ContactKind.EMAIL:
        return gettext("The patient gets an email about it now.")
    if way is ContactKind.PHONE:
        return gettext("The patient gets a text message about it now.")
    return ""
