"""Names that a service uses once: its appointment types, shared clinics and rooms."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.accounts.domain.names import same_name_key
from telehealth.accounts.models import HealthcareService
from telehealth.booking.models import AppointmentType, Room, SharedClinic


def find_same_name(
    session: Session,
    kind: type[AppointmentType] | type[Room] | type[SharedClinic],
    service: HealthcareService,
    name: str,
    *,
    but: UUID | None = None,
) -> UUID | None:
    """The row of the service that has this name, in whatever capitals; `but`: the one that is being named.

    Compared here and not by the database: SQLite knows the capitals of A to Z alone. Of two that are named at
    once, the second waits here.
    """
    session.scalar(
        select(HealthcareService.id).where(HealthcareService.id == service.id).with_for_update(key_share=True)
    )
    wanted = same_name_key(name)
    rows = session.execute(select(kind.id, kind.name).where(kind.service_id == service.id))
    return next((key for key, taken in rows if key != but and same_name_key(taken) == wanted), None)
