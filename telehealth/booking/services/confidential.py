"""A young person's confidential appointment: nothing about it reaches a parent or carer."""

from uuid import UUID

from sqlalchemy.orm import Session

from telehealth.accounts.services.authorities import drop_carers
from telehealth.actor import Actor
from telehealth.audit.services import record_event
from telehealth.booking.domain.appointment import Change
from telehealth.booking.models import Appointment
from telehealth.booking.policies import may_manage
from telehealth.booking.services.appointments import add_history, lock_appointment, mark_lists
from telehealth.booking.services.links import renew_link, revoke_carer_links
from telehealth.booking.services.protection import is_contact_shared
from telehealth.errors import NotFound


def set_confidential(
    session: Session, actor: Actor, appointment_id: UUID, *, is_confidential: bool, version: int
) -> Appointment:
    """Mark it, or take the mark away. Carers' links and visits end, and the link that a carer may have read.

    Raises NotFound, and Conflict when it changed.
    """
    appointment = lock_appointment(session, actor, appointment_id, version=version)
    if not may_manage(actor, appointment):
        raise NotFound
    if appointment.is_confidential == is_confidential:
        return appointment
    appointment.is_confidential = is_confidential
    session.flush()
    if is_confidential:
        revoke_carer_links(session, appointment_id=appointment.id)
        drop_carers(session, appointment.patient_id, appointment_id=appointment.id)
        if is_contact_shared(session, appointment.patient):
            # The patient's own link may be on a parent's phone already.
            renew_link(session, actor, appointment)
    add_history(session, actor, appointment, Change.DETAILS)
    mark_lists(session, appointment)
    record_event(
        session,
        actor,
        "appointment.confidential" if is_confidential else "appointment.not-confidential",
        subject_kind="appointment",
        subject_id=appointment.id,
        organisation_id=appointment.organisation_id,
        patient_id=appointment.patient_id,
        service_id=appointment.service_id,
    )
    return appointment
