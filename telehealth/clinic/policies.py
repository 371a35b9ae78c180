"""Who may open a clinic list and a consultation; which: their own, see the services. And records in an emergency."""

from datetime import datetime

from telehealth.accounts.policies import ADMINISTRATOR, CLINICIAN
from telehealth.actor import Actor, Role
from telehealth.clinic.models import EmergencyAccess

CLINIC = CLINICIAN
EMERGENCY = CLINICIAN
EMERGENCY_REVIEW = ADMINISTRATOR


def may_use(actor: Actor, access: EmergencyAccess, now: datetime) -> bool:
    """The clinician to whom it was granted, for as long as it lasts."""
    return (
        actor.is_staff
        and access.organisation_id == actor.organisation_id
        and access.account_id == actor.account_id
        and now < access.expires_at
    )


def may_review(actor: Actor, access: EmergencyAccess) -> bool:
    """An administrator of the organisation, but nobody their own."""
    return (
        actor.has_role(Role.ADMINISTRATOR)
        and access.organisation_id == actor.organisation_id
        and access.account_id != actor.account_id
    )
