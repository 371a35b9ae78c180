"""Staff and their sign-ins, in words."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from flask import url_for
from flask_babel import gettext, ngettext

from telehealth.accounts.models import Account, HealthcareService
from telehealth.accounts.security_presenters import browser_text
from telehealth.actor import Actor, Role
from telehealth.admin.services.overview import Use
from telehealth.admin.services.staff import StaffMember
from telehealth.admin.staff_forms import held_value, role_text
from telehealth.booking.policies import may_set_up
from telehealth.booking.services.left_behind import LeftBehind
from telehealth.clock import UK, now
from telehealth.dates import ago_text, instant_text


def staff_rows(
    accounts: Iterable[Account], services: Iterable[HealthcareService], use: Mapping[UUID, Use]
) -> list[dict[str, Any]]:
    names = {service.id: service.name for service in services}
    return [
        {
            "id": account.id,
            "name": account.display_name,
            "email": account.email or "",
            "roles": _roles_text(account, names),
            "state": " ".join(_use_texts(account, use[account.id])),
        }
        for account in accounts
    ]


def _roles_text(account: Account, names: dict[UUID, str]) -> list[str]:
    return sorted(
        gettext("%(role)s, %(service)s", role=role_text(role.role), service=names.get(role.service_id, ""))
        for role in account.roles
    )


def _use_texts(account: Account, use: Use) -> list[str]:
    texts = [gettext("%(state)s.", state=_state_text(account))]
    if account.is_active and account.password_hash is not None and not use.has_second_factor:
        texts.append(gettext("No second step yet."))
    if use.last_seen_at is not None:
        texts.append(gettext("Last used %(ago)s.", ago=ago_text(use.last_seen_at, now())))
    return texts


def _state_text(account: Account) -> str:
    if not account.is_active:
        return gettext("Disabled")
    if account.password_hash is None:
        return gettext("Has not chosen a password yet")
    return gettext("Can sign in")


def member_page(member: StaffMember, services: Iterable[HealthcareService], actor: Actor) -> dict[str, Any]:
    account, factors = member.account, member.factors
    names = {service.id: service.name for service in services}
    return {
        "id": account.id,
        "name": account.display_name,
        "email": account.email or "",
        "roles": _roles_text(account, names),
        "held": [held_value(role.service_id, role.role) for role in account.roles],
        "state": _state_text(account),
        "version": account.rights_version,
        "is_active": account.is_active,
        "is_own": account.id == actor.account_id,
        "has_factor": factors.is_any,
        "factor_text": _factor_text(member),
        "left_behind": [_left_behind_line(each, actor) for each in member.left_behind],
        "sessions": [
            {
                "id": row.id,
                "title": browser_text(row.browser),
                "details": " ".join(
                    [
                        gettext("Signed in on %(when)s.", when=instant_text(row.created_at, str(UK))),
                        gettext("Last used %(ago)s.", ago=ago_text(row.last_seen_at, now())),
                        *([gettext("Address: %(address)s.", address=row.address)] if row.address else []),
                    ]
                ),
                "is_this": row.id == actor.session_id,
            }
            for row in member.sessions
        ],
    }


def _left_behind_line(left: LeftBehind, actor: Actor) -> dict[str, str]:
    """What they have left in a service. `url`: the appointments; "" where there are none, or not for the reader."""
    texts = []
    if left.appointments:
        texts.append(
            ngettext(
                "%(num)d upcoming appointment is still with them and lies in no session any more.",
                "%(num)d upcoming appointments are still with them and lie in no session any more.",
                left.appointments,
            )
        )
    if left.requests:
        texts.append(
            ngettext(
                "They still answer for %(num)d patient to be seen again. A clinician of the service chooses who does now.",
                "They still answer for %(num)d patients to be seen again. A clinician of the service chooses who does now.",
                left.requests,
            )
        )
    may_open = may_set_up(actor, left.service) or left.service.id in actor.services_as(Role.RECEPTIONIST)
    return {
        "service": left.service.name,
        "text": " ".join(texts),
        "url": url_for("schedules.stranded", service_id=left.service.id)
        if left.appointments and may_open
        else "",
    }


def _factor_text(member: StaffMember) -> str:
    factors = member.factors
    if not factors.is_any:
        return gettext("None yet.")
    texts = []
    if factors.has_app:
        texts.append(gettext("An authenticator app."))
    if factors.passkeys:
        texts.append(ngettext("%(num)d passkey.", "%(num)d passkeys.", factors.passkeys))
    return " ".join(texts)
