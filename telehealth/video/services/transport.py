"""How media may travel: a protected patient's through a relay alone, because peer to peer shows an address."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.accounts.models import Patient
from telehealth.accounts.services.protection import find_safe_contacts, is_protected
from telehealth.booking.models import Appointment
from telehealth.errors import N_, Conflict


class NoRelay(Conflict):
    """The call must go through a relay and there is none: the phone is the way."""

    def __init__(self) -> None:
        super().__init__(
            "no-relay", N_("This consultation cannot be by video. Load the page again to see how it goes on.")
        )


def must_be_relayed(session: Session, appointment_id: UUID) -> bool:
    patient_id = session.scalar(select(Appointment.patient_id).where(Appointment.id == appointment_id))
    return patient_id is not None and is_protected(session, patient_id)


def is_phone_safe(session: Session, patient: Patient) -> bool:
    """Whether the patient may be phoned at all; the hours are for staff to keep."""
    rules = find_safe_contacts(session, patient.id)
    return bool(patient.phone) and all(rule.is_phone_safe for rule in rules)


def must_be_phoned(session: Session, appointment_id: UUID, *, has_relay: bool) -> bool:
    """Whether video is refused and the phone offered. Asked before anybody is asked for the camera."""
    return not has_relay and must_be_relayed(session, appointment_id)
