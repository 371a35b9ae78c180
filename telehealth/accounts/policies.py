"""Who may use the pages of staff and of reception."""

from telehealth.actor import Role
from telehealth.guards import Policy

SIGNED_IN = Policy("signed-in staff", lambda actor: actor.is_signed_in, sign_in_helps=True)
RECEPTION = Policy("receptionist", lambda actor: actor.has_role(Role.RECEPTIONIST), sign_in_helps=True)
CLINICIAN = Policy(
    "clinician",
    lambda actor: actor.has_role(Role.CLINICIAN) and actor.practitioner_id is not None,
    sign_in_helps=True,
)
GUEST = Policy(
    "a person who gave the date of birth behind a join link", lambda actor: bool(actor.appointment_ids)
)
ROOM = Policy("participant of a consultation", lambda actor: GUEST.allows(actor) or CLINICIAN.allows(actor))
