"""Whose sessions a service has: its clinicians and its shared clinics, by name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from telehealth.accounts.models import HealthcareService
from telehealth.accounts.services.staff import list_practitioners
from telehealth.booking.domain.slots import Slot
from telehealth.booking.models import SharedClinic


@dataclass(frozen=True, slots=True, kw_only=True)
class Owners:
    """`names`: clinicians by their keys, then shared clinics by theirs; `clinics`: the keys of the latter."""

    names: Mapping[UUID, str]
    clinics: frozenset[UUID]
    _clinic_of_lane: Mapping[UUID, UUID] = field(default_factory=dict)

    def name_of(self, slot: Slot) -> str:
        """With whom a time is; "" for somebody who does not work here any more."""
        key = slot.practitioner_id or (self._clinic_of_lane.get(slot.lane_id) if slot.lane_id else None)
        return self.names.get(key, "") if key else ""


def find_owners(session: Session, service: HealthcareService) -> Owners:
    clinics: Sequence[SharedClinic] = session.scalars(
        select(SharedClinic)
        .where(SharedClinic.service_id == service.id)
        .options(selectinload(SharedClinic.lanes))
        .order_by(SharedClinic.name)
    ).all()
    people = {person.id: person.display_name for person in list_practitioners(session, service.id)}
    return Owners(
        names={**people, **{clinic.id: clinic.name for clinic in clinics}},
        clinics=frozenset(clinic.id for clinic in clinics),
        _clinic_of_lane={lane.id: clinic.id for clinic in clinics for lane in clinic.lanes},
    )
