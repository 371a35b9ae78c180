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
    appointment_ids: frozenset[UUID] = frozenset()

    @property
    def is_signed_in(self) -> bool:
        return self.kind is ActorKind.STAFF

    def has_role(self, role: Role) -> bool:
        return any(held is role for _, held in self.roles)

    def services_as(self, *roles: Role) -> frozenset[UUID]:
        """The services in which the actor holds any of `roles`."""
        return frozenset(service_id for service_id, held in self.roles if held in roles)

    def visiting(self, appointment_ids: frozenset[UUID]) -> "Actor":
        """The same person, who also opened these visits by link in this browser."""
        return replace(self, appointment_ids=appointment_ids)

    def may_visit(self, appointment_id: UUID) -> bool:
        """True for somebody who proved the date of birth for this appointment."""
        return appointment_id in self.appointment_ids

    @property
    def key(self) -> str:
        """A stable text for logs, idempotency keys and history rows; never a name."""
        if self.account_id is not None:
            return f"account:{self.account_id}"
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
