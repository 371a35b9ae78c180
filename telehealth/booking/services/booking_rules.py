"""What holds for all bookings of a service: bank holidays, and what is said to somebody who may need help at once."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.accounts.models import HealthcareService
from telehealth.accounts.services.staff import check_nation
from telehealth.actor import Actor
from telehealth.audit.services import record_event
from telehealth.booking.services.schedule_access import find_service_to_set_up
from telehealth.booking.services.schedule_impact import PlannedChange, mark_changed, refuse_stranding
from telehealth.clock import now


def plan_holidays(
    service: HealthcareService, *, closes_on_bank_holidays: bool, nation: str | None = None
) -> PlannedChange:
    """`nation` None: it stays. Raises InvalidInput for one that we do not know."""
    if nation is not None:
        check_nation(nation)
    return PlannedChange(services=(service,), closes_on_bank_holidays=closes_on_bank_holidays, nation=nation)


def change_booking_rules(
    session: Session,
    actor: Actor,
    service_id: UUID,
    *,
    closes_on_bank_holidays: bool,
    emergency_advice: str,
    nation: str | None = None,
    agreed: str = "",
) -> HealthcareService:
    """`emergency_advice` "": the standard words; `nation` None: it stays.

    Raises WouldStrand (see `refuse_stranding`), InvalidInput, NotFound.
    """
    find_service_to_set_up(session, actor, service_id)
    service = session.scalars(
        select(HealthcareService)
        .where(HealthcareService.id == service_id)
        .with_for_update(key_share=True, of=HealthcareService)
        .execution_options(populate_existing=True)
    ).one()
    nation = service.nation if nation is None else nation
    change = plan_holidays(service, closes_on_bank_holidays=closes_on_bank_holidays, nation=nation)
    refuse_stranding(session, change, agreed, now=now())
    changes = [
        word
        for word, is_other in (
            (f"nation {nation}", service.nation != nation),
            ("bank-holidays", service.closes_on_bank_holidays != closes_on_bank_holidays),
            ("emergency-advice", service.emergency_advice != emergency_advice),
        )
        if is_other
    ]
    if changes:
        service.nation = nation
        service.closes_on_bank_holidays = closes_on_bank_holidays
        service.emergency_advice = emergency_advice
        session.flush()
        record_event(
            session,
            actor,
            "service.changed",
            subject_kind="service",
            subject_id=service.id,
            organisation_id=service.organisation_id,
            service_id=service.id,
            reason=", ".join(changes),
        )
        mark_changed(session, [service])
    return service
