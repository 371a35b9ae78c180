"""Contacts, protection and carers in words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from flask_babel import gettext

from telehealth.accounts.domain.authority import is_valid_on
from telehealth.accounts.domain.contact import mask_email, mask_phone
from telehealth.accounts.domain.protection import At, Never, When
from telehealth.accounts.models import (
    Authority,
    Basis,
    ContactChange,
    ContactKind,
    Patient,
    Protection,
    Verification,
)
from telehealth.accounts.presenters import phone_text
from telehealth.booking.services.restricted import Busy
from telehealth.dates import age_in_years, date_text, instant_text, short_date_text, time_text

ADULT_AT = 16


def protection_text(protections: Iterable[Protection]) -> str:
    """For example "Protected. Safe: phone, 9am to 5pm". "" for a patient who is not protected."""
    return ". ".join(_safe_text(protection) for protection in protections)


def _safe_text(protection: Protection) -> str:
    safe = [
        word
        for is_safe, word in (
            (protection.is_phone_safe, gettext("phone")),
            (protection.is_email_safe, gettext("email")),
        )
        if is_safe
    ]
    if not safe:
        return gettext("Protected. Do not phone, text or email")
    words = " + ".join(safe)
    if protection.safe_from is None or protection.safe_until is None:
        return gettext("Protected. Safe: %(ways)s", ways=words)
    return gettext(
        "Protected. Safe: %(ways)s, %(first)s to %(last)s",
        ways=words,
        first=hour_text(protection.safe_from),
        last=hour_text(protection.safe_until),
    )


def hour_text(hour: time) -> str:
    """A local hour that belongs to no day, for example "9am"."""
    return time_text(datetime.combine(date(2000, 1, 3), hour, UTC), "UTC")


def basis_text(basis: Basis) -> str:
    return {
        Basis.PARENTAL_RESPONSIBILITY: gettext("parental responsibility"),
        Basis.POWER_OF_ATTORNEY: gettext("lasting power of attorney"),
        Basis.COURT_APPOINTED: gettext("appointed by a court"),
        Basis.PATIENT_CONSENT: gettext("the patient has agreed"),
    }[basis]


def carer_text(authority: Authority, time_zone: str) -> str:
    """For example "Eleri Morgan, mother (parental responsibility, recorded 12 January 2027)"."""
    recorded = authority.recorded_at.astimezone(ZoneInfo(time_zone)).date()
    return gettext(
        "%(name)s, %(relationship)s (%(basis)s, recorded %(day)s)",
        name=authority.related_person.display_name,
        relationship=authority.relationship_text,
        basis=basis_text(authority.basis),
        day=short_date_text(recorded),
    )


def companion_text(
    patient: Patient,
    authorities: Iterable[Authority],
    came: UUID | None,
    today: date,
    time_zone: str,
    *,
    is_confidential: bool,
) -> str:
    """Who comes with a patient, for staff before they admit. `came`: the carer who is there. "" where it is nobody."""
    held = list(authorities)
    if came is not None:
        here = next((each for each in held if each.related_person_id == came), None)
        if here is not None:
            return gettext("With %(carer)s", carer=carer_text(here, time_zone))
        return gettext("Somebody else is with the patient, who may not act for them today. Ask who it is.")
    if is_confidential:
        return gettext("Confidential: on their own, nothing to a parent or carer")
    if age_in_years(patient.birth_date, today) >= ADULT_AT:
        return ""
    if not held:
        return gettext("No parent or carer recorded")
    return gettext(
        "On their own so far. May act for them: %(carers)s",
        carers="; ".join(carer_text(each, time_zone) for each in held),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CarerCard:
    """A line of the list of carers."""

    id: UUID
    related_person_id: UUID
    text: str
    state: str
    is_valid: bool


def carer_cards(authorities: Iterable[Authority], today: date, time_zone: str) -> list[CarerCard]:
    return [
        CarerCard(
            id=authority.id,
            related_person_id=authority.related_person_id,
            text=carer_text(authority, time_zone),
            state=_authority_state(authority, today, time_zone),
            is_valid=is_valid_on(
                today,
                valid_from=authority.valid_from,
                valid_until=authority.valid_until,
                revoked_at=authority.revoked_at,
            ),
        )
        for authority in authorities
    ]


def _authority_state(authority: Authority, today: date, time_zone: str) -> str:
    if authority.revoked_at is not None:
        return gettext("Ended on %(when)s", when=instant_text(authority.revoked_at, time_zone))
    if today < authority.valid_from:
        return gettext("From %(day)s", day=date_text(authority.valid_from))
    if authority.valid_until is None:
        return gettext("Holds until it is ended")
    if today > authority.valid_until:
        return gettext("Ended on %(when)s", when=date_text(authority.valid_until))
    return gettext("Holds until %(day)s", day=date_text(authority.valid_until))


def masked_text(kind: ContactKind, value: str) -> str:
    """A contact by which its owner knows it, and nobody else."""
    if not value:
        return gettext("none")
    return mask_phone(value) if kind is ContactKind.PHONE else mask_email(value)


def kind_text(kind: ContactKind) -> str:
    return {ContactKind.PHONE: gettext("Phone number"), ContactKind.EMAIL: gettext("Email address")}[kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeCard:
    """A change of a contact, in words."""

    id: UUID
    kind: str
    value: str
    text: str
    is_pending: bool
    has_value: bool


def change_card(change: ContactChange, time_zone: str) -> ChangeCard:
    return ChangeCard(
        id=change.id,
        kind=kind_text(change.kind),
        value=masked_text(change.kind, change.value),
        text=_change_state(change, time_zone),
        is_pending=change.verified_at is None and change.withdrawn_at is None,
        has_value=bool(change.value),
    )


def _change_state(change: ContactChange, time_zone: str) -> str:
    if change.withdrawn_at is not None:
        return gettext("Withdrawn on %(when)s", when=instant_text(change.withdrawn_at, time_zone))
    if change.verified_at is None or change.verification is None:
        return gettext(
            "Asked for on %(when)s. Not in use yet", when=instant_text(change.requested_at, time_zone)
        )
    how = {
        Verification.CODE: gettext("the code was read back"),
        Verification.CALLED_OLD_NUMBER: gettext("the old number was called"),
        Verification.SEEN_IN_PERSON: gettext("the patient was seen in person"),
    }[change.verification]
    told = (
        gettext("the old contact was told") if change.old_told_at else gettext("the old contact was not told")
    )
    return gettext(
        "In use since %(when)s: %(how)s, %(told)s. Before: %(old)s",
        when=instant_text(change.verified_at, time_zone),
        how=how,
        told=told,
        old=masked_text(change.kind, change.old_value),
    )


def send_lines(ways: Mapping[ContactKind, When], patient: Patient, time_zone: str) -> list[dict[str, str]]:
    """Where something about an appointment may be sent, and when."""
    shown = {ContactKind.PHONE: phone_text(patient.phone), ContactKind.EMAIL: patient.email or ""}
    return [
        {"kind": kind_text(kind), "value": shown[kind], "text": _when_text(when, time_zone)}
        for kind, when in ways.items()
    ]


def _when_text(when: When, time_zone: str) -> str:
    if isinstance(when, Never):
        return gettext("Do not use")
    if isinstance(when, At):
        return gettext("Not before %(when)s", when=instant_text(when.instant, time_zone))
    return gettext("You can use it now")


def busy_text(busy: Busy) -> str:
    """The appointment of another service, as far as it may be told."""
    return busy.service_name or gettext("Busy")
