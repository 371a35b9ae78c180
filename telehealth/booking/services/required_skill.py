"""Whether whoever would see the patient has the skill that the type needs: a clinical rule, that nobody books around."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy.orm import Session

from telehealth.accounts.models import HealthcareService
from telehealth.booking.domain.intervals import Interval
from telehealth.booking.domain.session_plan import find_unattended
from telehealth.booking.models import AppointmentType
from telehealth.booking.services.crews import find_experts
from telehealth.booking.services.eligibility import find_skilled
from telehealth.booking.services.sessions import closure_of, load_exceptions
from telehealth.errors import N_, InvalidInput


def refuse_without_skill(
    session: Session,
    service: HealthcareService,
    type_: AppointmentType,
    owner_id: UUID | None,
    wanted: Interval,
) -> None:
    """`owner_id`: a clinician, or a shared clinic, of which one who has it is enough. Raises InvalidInput."""
    if not type_.required_skill:
        return
    skilled = find_skilled(session, type_)
    if owner_id not in skilled:
        raise InvalidInput(
            "skill-missing",
            N_("This type needs the skill “%(skill)s”. Choose somebody who has it, or another type."),
            {"skill": type_.required_skill},
            field="owner",
        )
    if is_without_expert(session, service, type_, owner_id, skilled, wanted):
        raise InvalidInput(
            "skill-away",
            N_("Nobody with the skill “%(skill)s” is there then. Choose another time, or somebody else."),
            {"skill": type_.required_skill},
            field="owner",
        )


def is_without_expert(
    session: Session,
    service: HealthcareService,
    type_: AppointmentType,
    owner_id: UUID | None,
    skilled: Collection[UUID],
    wanted: Interval,
) -> bool:
    """Whether all of a shared clinic who have the skill are on leave then; never so of a clinician."""
    experts = find_experts(session, service, type_, skilled).get(owner_id) if owner_id is not None else None
    if experts is None:
        return False
    closures = map(closure_of, load_exceptions(session, service, wanted))
    return bool(find_unattended(experts, closures, wanted))
