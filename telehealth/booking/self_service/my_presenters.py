"""What patients and carers see of their own, in words."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask_babel import gettext

from telehealth.accounts.domain.contact import mask_email, mask_phone
from telehealth.accounts.domain.nhs_number import format_nhs_number
from telehealth.accounts.models import AccountRole, Authority, Patient, RelatedPerson
from telehealth.actor import Actor, Role
from telehealth.audit.services.access_log import Opening
from telehealth.booking.domain.appointment import (
    JOIN_CLOSES_AFTER,
    JOIN_OPENS_BEFORE,
    AppointmentStatus,
    JoinWindow,
    Mode,
    join_window,
)
from telehealth.booking.models import Appointment
from telehealth.booking.presenters import mode_text, status_text
from telehealth.booking.services.own_appointments import AccessLog, OwnAppointments, account_of
from telehealth.booking.services.own_rules import refuse_change
from telehealth.clock import UK
from telehealth.dates import instant_text, short_date_text, time_text

STILL_TO_COME = (
    AppointmentStatus.PROPOSED,
    AppointmentStatus.PENDING,
    AppointmentStatus.BOOKED,
    AppointmentStatus.ARRIVED,
    AppointmentStatus.CHECKED_IN,
)
MAY_JOIN = (AppointmentStatus.BOOKED, AppointmentStatus.ARRIVED, AppointmentStatus.CHECKED_IN)
UK_ZONE = UK.key


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCard:
    """One appointment as its patient sees it."""

    id: UUID
    when: str
    practitioner: str
    service: str
    phone: str
    mode: str
    status: str
    reference: str
    can_join: bool
    # From when it can be joined; "" where that is not said.
    joins_from: str
    has_outcome: bool
    # By the patient, now; staff may always.
    can_change: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnGroup:
    """The appointments of one patient. `name` is for a carer, who may act for several."""

    name: str
    upcoming: list[OwnCard]
    past: list[OwnCard]
    has_older: bool


def own_groups(found: Iterable[OwnAppointments], actor: Actor, now: datetime) -> list[OwnGroup]:
    """What is still to come first, the next one on top; then what was, the latest on top."""
    groups = []
    for own in found:
        upcoming = [each for each in own.appointments if _is_to_come(each, now)]
        past = [each for each in own.appointments if not _is_to_come(each, now)]
        groups.append(
            OwnGroup(
                name="" if own.patient.id == actor.patient_id else own.patient.display_name,
                upcoming=[own_card(each, now) for each in reversed(upcoming)],
                past=[own_card(each, now) for each in past],
                has_older=own.has_older,
            )
        )
    return groups


def own_card(appointment: Appointment, now: datetime) -> OwnCard:
    zone = appointment.service.time_zone
    window = join_window(appointment.starts_at, appointment.ends_at, now)
    is_by_video = appointment.mode is Mode.VIDEO and appointment.status in MAY_JOIN
    opens_at = appointment.starts_at - JOIN_OPENS_BEFORE
    return OwnCard(
        id=appointment.id,
        when=instant_text(appointment.starts_at, zone),
        practitioner=appointment.clinician_name,
        service=appointment.service.name,
        phone=appointment.service.phone,
        mode=mode_text(appointment.mode),
        status=status_text(appointment.status),
        reference=appointment.reference,
        can_join=is_by_video and window is JoinWindow.OPEN,
        joins_from=time_text(opens_at, zone) if is_by_video and window is JoinWindow.EARLY else "",
        has_outcome=appointment.mode is Mode.VIDEO and appointment.status is AppointmentStatus.FULFILLED,
        can_change=refuse_change(appointment) is None,
    )


def _is_to_come(appointment: Appointment, now: datetime) -> bool:
    return appointment.status in STILL_TO_COME and now < appointment.ends_at + JOIN_CLOSES_AFTER


def own_details(person: Patient | RelatedPerson) -> list[dict[str, str]]:
    """The rows of "Your details". Phone and e-mail are masked: somebody may look over the shoulder."""
    unknown = gettext("We do not have one")
    rows = [
        {"key": gettext("Name"), "value": person.display_name},
        {"key": gettext("Date of birth"), "value": short_date_text(person.birth_date)},
    ]
    if isinstance(person, Patient):
        number = format_nhs_number(person.nhs_number) if person.nhs_number else unknown
        rows.append({"key": gettext("NHS number"), "value": number})
    return [
        *rows,
        {"key": gettext("Phone number"), "value": mask_phone(person.phone) if person.phone else unknown},
        {"key": gettext("Email address"), "value": mask_email(person.email) if person.email else unknown},
    ]


def authority_texts(authorities: Iterable[Authority]) -> list[str]:
    """For whom a carer may act, and until when."""
    return [
        gettext(
            "%(name)s, until %(day)s",
            name=authority.patient.display_name,
            day=short_date_text(authority.valid_until),
        )
        if authority.valid_until
        else authority.patient.display_name
        for authority in authorities
    ]


def opening_rows(log: AccessLog, actor: Actor) -> list[dict[str, str]]:
    return [
        {
            "when": instant_text(opening.opened_at, UK_ZONE),
            "who": _who_text(opening, log, actor),
            "what": _what_text(opening),
            "where": _service_text(opening, log),
        }
        for opening in log.openings
    ]


def _who_text(opening: Opening, log: AccessLog, actor: Actor) -> str:
    if opening.actor == actor.key:
        return gettext("You")
    if opening.is_on_behalf:
        name = opening.actor_name or gettext("A relative or carer")
        return gettext("%(name)s, on your behalf", name=name)
    if opening.actor.startswith("guest:"):
        return gettext("Somebody with your link and your date of birth")
    if opening.actor.startswith("system"):
        return gettext("The service itself")
    account_id = account_of(opening)
    words = _role_texts(log.roles.get(account_id, []) if account_id else [], opening.service_id)
    name = opening.actor_name or gettext("A member of staff")
    return gettext("%(name)s, %(role)s", name=name, role=", ".join(words)) if words else name


def _role_texts(roles: list[AccountRole], service_id: UUID | None) -> list[str]:
    """What they are in the service in which it happened; where that is not known, what they are anywhere."""
    held = [role.role for role in roles if service_id in (None, role.service_id)] or [
        role.role for role in roles
    ]
    return [_ROLE_TEXTS[role]() for role in Role if role in held]


_ROLE_TEXTS = {
    Role.RECEPTIONIST: lambda: gettext("receptionist"),
    Role.CLINICIAN: lambda: gettext("clinician"),
    Role.ADMINISTRATOR: lambda: gettext("administrator"),
}


def _service_text(opening: Opening, log: AccessLog) -> str:
    service = log.services.get(opening.service_id) if opening.service_id else None
    if service is not None:
        return service.name
    account_id = account_of(opening)
    # An empty cell is no answer.
    return "–" if account_id in log.roles else gettext("Online")


def _what_text(opening: Opening) -> str:
    """In the patient's words; an action without words of its own is still said."""
    return {
        "patient.opened": gettext("Opened your record"),
        "booking.opened": gettext("Opened the page to book for you"),
        "appointment.opened": gettext("Opened an appointment"),
        "clinic.opened": gettext("Saw you in the list of a clinic"),
        "stranded.opened": gettext("Saw you in a list of appointments to be looked at"),
        "day-sheet.opened": gettext("Saw you in the list of a day"),
        "follow-up.opened": gettext("Opened a request to see you"),
        "follow-ups.opened": gettext("Saw you in the list of patients to be seen again"),
        "consultation.opened": gettext("Opened your consultation"),
        "visit.opened": gettext("Got ready for your appointment"),
        "room.opened": gettext("Opened the waiting room"),
        "outcome.opened": gettext("Read what happens next"),
        "join-link.opened": gettext("Opened a link with your date of birth"),
        "own-appointments.opened": gettext("Looked at your appointments"),
        "own-details.opened": gettext("Looked at your details"),
        "own-access.opened": gettext("Looked at who opened your record"),
        "emergency-access.read": gettext("Read your notes in an emergency"),
    }.get(opening.action, gettext("Opened something of your record"))
