"""Who may use reception's pages; and which appointments somebody may see or change."""

from telehealth.accounts.models import HealthcareService
from telehealth.accounts.policies import RECEPTION, STAFF_SIGN_IN, may_act_for
from telehealth.actor import Actor, Role
from telehealth.booking.models import Appointment, FollowUpRequest
from telehealth.guards import Policy

DESK = RECEPTION
SCHEDULES = Policy(
    "administrator, or a clinician for their own schedules",
    lambda actor: (
        actor.is_staff
        and (
            actor.has_role(Role.ADMINISTRATOR)
            or (actor.has_role(Role.CLINICIAN) and actor.practitioner_id is not None)
        )
    ),
    STAFF_SIGN_IN,
)
FOLLOW_UPS = Policy(
    "receptionist or clinician",
    lambda actor: actor.is_staff and (actor.has_role(Role.RECEPTIONIST) or actor.has_role(Role.CLINICIAN)),
    STAFF_SIGN_IN,
)

# Who opens records: the page of a record is where two are found to be one.
MERGE = RECEPTION

# Who is told of appointments that stand outside every session.
STRANDED = Policy(
    "receptionist, administrator or clinician",
    lambda actor: SCHEDULES.allows(actor) or DESK.allows(actor),
    STAFF_SIGN_IN,
)


def may_set_up(actor: Actor, service: HealthcareService) -> bool:
    """Types, schedules and leave of everybody in a service: administrators of its organisation."""
    return (
        actor.is_staff
        and actor.has_role(Role.ADMINISTRATOR)
        and service.organisation_id == actor.organisation_id
    )


def may_keep_own_schedule(actor: Actor, service: HealthcareService) -> bool:
    """Clinicians of a service: their own sessions and their own leave."""
    return (
        actor.is_staff
        and actor.practitioner_id is not None
        and service.organisation_id == actor.organisation_id
        and service.id in actor.services_as(Role.CLINICIAN)
    )


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
    """The clinician with whom the appointment is; of a shared clinic everybody, until somebody takes the patient."""
    if (
        not actor.is_staff
        or actor.practitioner_id is None
        or appointment.organisation_id != actor.organisation_id
        or appointment.service_id not in actor.services_as(Role.CLINICIAN)
    ):
        return False
    if appointment.practitioner_id is not None:
        return actor.practitioner_id == appointment.practitioner_id
    return actor.practitioner_id in appointment.clinician_ids


def may_follow_up(actor: Actor, request: FollowUpRequest) -> bool:
    """See a request to see somebody again, and book for it: reception and the clinicians of its service."""
    return (
        actor.is_staff
        and request.organisation_id == actor.organisation_id
        and request.service_id in actor.services_as(Role.RECEPTIONIST, Role.CLINICIAN)
    )


def may_decide_follow_up(actor: Actor, request: FollowUpRequest) -> bool:
    """Close it unbooked, change its date or its owner: any clinician of its service."""
    return (
        actor.is_staff
        and actor.practitioner_id is not None
        and request.organisation_id == actor.organisation_id
        and request.service_id in actor.services_as(Role.CLINICIAN)
    )


def may_visit(actor: Actor, appointment: Appointment) -> bool:
    """The patient's side: opened by link, the patient's own account, or a carer's.

    A carer's account does not open what is confidential, or in a restricted service: staff may make a link for them.
    """
    if appointment.id in actor.appointment_ids:
        return True
    if actor.is_own(appointment.patient_id):
        return True
    if appointment.is_confidential or appointment.service.is_restricted:
        return False
    return may_act_for(actor, appointment.patient_id)


def may_name_service(actor: Actor, service: HealthcareService) -> bool:
    """Whether staff may be told in which service an appointment is: of a restricted one, those who work in it."""
    if not actor.is_staff or service.organisation_id != actor.organisation_id:
        return False
    return not service.is_restricted or service.id in actor.services
