"""Who may use the pages of staff, reception and patients; and which people's details."""

from uuid import UUID

from telehealth.accounts.models import Patient
from telehealth.actor import Actor, Role
from telehealth.guards import Policy

STAFF_SIGN_IN = "accounts.sign_in"
PATIENT_SIGN_IN = "patient_sign_in.ask"

SIGNED_IN = Policy("anybody with an account", lambda actor: actor.is_signed_in, STAFF_SIGN_IN)
STAFF = Policy("signed-in staff", lambda actor: actor.is_staff, STAFF_SIGN_IN)
RECEPTION = Policy(
    "receptionist", lambda actor: actor.is_staff and actor.has_role(Role.RECEPTIONIST), STAFF_SIGN_IN
)
CLINICIAN = Policy(
    "clinician",
    lambda actor: actor.is_staff and actor.has_role(Role.CLINICIAN) and actor.practitioner_id is not None,
    STAFF_SIGN_IN,
)
ADMINISTRATOR = Policy(
    "administrator", lambda actor: actor.is_staff and actor.has_role(Role.ADMINISTRATOR), STAFF_SIGN_IN
)
PATIENT_ACCOUNT = Policy(
    "a patient or carer with an account",
    lambda actor: (
        actor.patient_id is not None or (actor.is_signed_in and actor.related_person_id is not None)
    ),
    PATIENT_SIGN_IN,
)
OWN_DETAILS = Policy(
    "a patient with an account of their own", lambda actor: actor.patient_id is not None, PATIENT_SIGN_IN
)
VISITOR = Policy(
    "a patient or carer: by link and date of birth, or with an account",
    lambda actor: bool(actor.appointment_ids) or PATIENT_ACCOUNT.allows(actor),
    PATIENT_SIGN_IN,
)
ROOM = Policy("participant of a consultation", lambda actor: VISITOR.allows(actor) or CLINICIAN.allows(actor))


def may_see_patient(actor: Actor, patient: Patient) -> bool:
    """Staff of the patient's organisation with a part in care or reception; the patient; a carer with authority."""
    if actor.is_staff:
        return patient.organisation_id == actor.organisation_id and bool(
            actor.services_as(Role.RECEPTIONIST, Role.CLINICIAN, Role.ADMINISTRATOR)
        )
    return may_act_for(actor, patient.id)


def may_act_for(actor: Actor, patient_id: UUID) -> bool:
    """The patient, or a carer whose authority holds today."""
    return actor.is_own(patient_id) or patient_id in actor.represents


def may_name(actor: Actor, protecting_services: frozenset[UUID]) -> bool:
    """Whether a patient's name and details may be shown: of a protected one, to the services that protect them alone."""
    if not actor.is_staff or not protecting_services:
        return True
    return bool(actor.services & protecting_services)
