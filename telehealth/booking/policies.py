"""Who may use reception's pages; and which appointments somebody may see or change."""

from telehealth.accounts.models import HealthcareService
from telehealth.accounts.policies import RECEPTION, may_act_for
from telehealth.actor import Actor, Role
from telehealth.booking.models import Appointment

DESK = RECEPTION


def may_see(actor: Actor, appointment: Appointment) -> bool:
    """Reception and administrators of its service, its clinician, and whoever may visit it."""
    return (
        may_manage(actor, appointment) or is_clinician_of(actor, appointment) or may_visit(actor, appointment)
    )


def may_manage(actor: Actor, appointment: Appointment) -> bool:
    """Book, move, cancel: reception and administrators of its service."""
    return (
        actor.is_staff
        and appointment.organisation_id == actor.organisation_id
        and appointment.service_id in actor.services_as(Role.RECEPTIONIST, Role.ADMINISTRATOR)
    )


def is_clinician_of(actor: Actor, appointment: Appointment) -> bool:
    """True for the clinician with whom the appointment is."""
    return (
        actor.is_staff
        and actor.practitioner_id is not None
        and actor.practitioner_id == appointment.practitioner_id
        and appointment.organisation_id == actor.organisation_id
        and appointment.service_id in actor.services_as(Role.CLINICIAN)
    )


def may_visit(actor: Actor, appointment: Appointment) -> bool:
    """The patient's side: opened by link, the patient's own account, or a carer's.

    A carer's account does not open what is confidential, or in a restricted service: staff may make a link for them.
    """
    if appointment.id in actor.appointment_ids:
        return True
    if actor.patient_id == appointment.patient_id:
        return True
    if appointment.is_confidential or appointment.service.is_restricted:
        return False
    return may_act_for(actor, appointment.patient_id)


def may_name_service(actor: Actor, service: HealthcareService) -> bool:
    """Whether staff may be told in which service an appointment is: of a restricted one, those who work in it."""
    if not actor.is_staff or service.organisation_id != actor.organisation_id:
        return False
    return not service.is_restricted or service.id in actor.services
