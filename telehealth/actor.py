"""Who acts. Made at the edge from the sign-in or the link, then passed to every service function."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID


class Role(StrEnum):
    """What an account may do in one service (or, for an administrator, in the organisation)."""

    RECEPTIONIST = "receptionist"
    CLINICIAN = "clinician"
    ADMINISTRATOR = "administrator"


class ActorKind(StrEnum):
    ANONYMOUS = "anonymous"
    STAFF = "staff"
    PATIENT = "patient"  # signed in to an account of their own
    RELATED = "related"  # a relative or carer, signed in to an account of their own
    GUEST = "guest"  # somebody who proved the date of birth behind one join link
    SYSTEM = "system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A frozen answer to "who is this, and where may they act"."""

    kind: ActorKind
    account_id: UUID | None = None
    organisation_id: UUID | None = None
    practitioner_id: UUID | None = None
    display_name: str = ""
    roles: frozenset[tuple[UUID, Role]] = frozenset()
    # The visits that were opened by link in this browser, and still may be.
    appointment_ids: frozenset[UUID] = frozenset()
    # The person as a patient; their own appointments and details.
    patient_id: UUID | None = None
    # Records that were merged into it: their history is the person's too.
    merged_ids: frozenset[UUID] = frozenset()
    # The person as a relative or carer, and the patients for whom a valid authority lets them act.
    related_person_id: UUID | None = None
    represents: frozenset[UUID] = frozenset()
    # Where the request came from, for the audit trail.
    session_id: UUID | None = None
    # Of the account when this was read: a socket whose page was made before a change does not open.
    rights_version: int = 0
    address: str = ""
    request_id: str = ""

    @property
    def is_signed_in(self) -> bool:
        """True for anybody with an account; False for a guest."""
        return self.kind in (ActorKind.STAFF, ActorKind.PATIENT, ActorKind.RELATED)

    @property
    def is_staff(self) -> bool:
        return self.kind is ActorKind.STAFF

    def is_own(self, patient_id: UUID) -> bool:
        """Whether a record is the person's own, as a patient."""
        return self.patient_id == patient_id or patient_id in self.merged_ids

    def has_role(self, role: Role) -> bool:
        return any(held is role for _, held in self.roles)

    def services_as(self, *roles: Role) -> frozenset[UUID]:
        """The services in which the actor holds any of `roles`."""
        return frozenset(service_id for service_id, held in self.roles if held in roles)

    @property
    def services(self) -> frozenset[UUID]:
        """The services in which the actor holds any role."""
        return frozenset(service_id for service_id, _ in self.roles)

    def visiting(self, appointment_ids: frozenset[UUID]) -> "Actor":
        """The same person, who also opened these visits by link in this browser."""
        return replace(self, appointment_ids=appointment_ids)

    @property
    def key(self) -> str:
        """A stable text for logs, idempotency keys and history rows; never a name."""
        if self.account_id is not None:
            return f"account:{self.account_id}"
        if self.related_person_id is not None:
            return f"related:{self.related_person_id}"
        if self.appointment_ids:
            return f"guest:{min(self.appointment_ids)}"
        return self.kind.value


ANONYMOUS = Actor(kind=ActorKind.ANONYMOUS)


def system(organisation_id: UUID | None = None) -> Actor:
    """The service itself, for work that no person asked for at that moment."""
    return Actor(kind=ActorKind.SYSTEM, organisation_id=organisation_id, display_name="system")


def guest(appointment_ids: Iterable[UUID]) -> Actor:
    """A person known only by the links whose date of birth they gave."""
    known = frozenset(appointment_ids)
    return Actor(kind=ActorKind.GUEST, appointment_ids=known) if known else ANONYMOUS
