"""Who may set up the service and read its trail; and whose accounts and which services."""

from telehealth.accounts.domain.account import AccountKind
from telehealth.accounts.models import Account, HealthcareService
from telehealth.accounts.policies import ADMINISTRATOR
from telehealth.actor import Actor, Role

ADMIN = ADMINISTRATOR


def may_administer(actor: Actor, account: Account) -> bool:
    """Staff of the administrator's own organisation."""
    return (
        actor.is_staff
        and actor.has_role(Role.ADMINISTRATOR)
        and account.kind is AccountKind.STAFF
        and account.organisation_id == actor.organisation_id
    )


def may_set_up(actor: Actor, service: HealthcareService) -> bool:
    """A service of the administrator's own organisation."""
    return (
        actor.is_staff
        and actor.has_role(Role.ADMINISTRATOR)
        and service.organisation_id == actor.organisation_id
    )
