"""Who is told of a change to an appointment, and by which way. The words are `booking/notices.py`'s."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from telehealth.accounts.domain.protection import Never
from telehealth.accounts.models import ContactKind, Patient
from telehealth.accounts.services.protection import when_to_contact
from telehealth.booking.domain.appointment import AppointmentStatus, Change
from telehealth.booking.models import Appointment
from telehealth.booking.services.protection import find_addressee, when_to_send
from telehealth.clock import now

TOLD = frozenset(
    {Change.BOOKED, Change.OVERBOOKED, Change.ASKED, Change.CONFIRMED, Change.MOVED, Change.CANCELLED}
)


@dataclass(frozen=True, slots=True)
class Recipient:
    """One way to one person: an e-mail where they have one, because it holds the link better; else a text."""

    patient: Patient
    channel: ContactKind
    to: str


def find_recipient(session: Session, appointment: Appointment, change: Change) -> Recipient | None:
    """Whom to tell. None: there is nothing to tell, it is over, or a parent or carer would read it.

    Where protection leaves no way at all it is the way that they would have: the outbox withholds it, and its row
    says that they were not told. Raises SealBroken and KeyMissing for a contact that cannot be read.
    """
    if change not in TOLD or appointment.status is AppointmentStatus.ENTERED_IN_ERROR:
        return None
    if appointment.ends_at <= now():
        return None
    patient = find_addressee(session, appointment)
    contacts = ((ContactKind.EMAIL, patient.email), (ContactKind.PHONE, patient.phone))
    found = [Recipient(patient, channel, to) for channel, to in contacts if to]
    for recipient in found:
        way = when_to_send(session, appointment, patient, recipient.channel, recipient.to)
        if not isinstance(way, Never):
            return recipient
    return next((recipient for recipient in found if _is_barred(session, recipient)), None)


def _is_barred(session: Session, recipient: Recipient) -> bool:
    """Whether protection forbids this way at any hour."""
    patient_id = recipient.patient.id
    return isinstance(when_to_contact(session, patient_id, recipient.channel, recipient.to), Never)
