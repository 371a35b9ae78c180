"""Requests to see a patient, in words."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import url_for
from flask_babel import gettext, ngettext

from telehealth.accounts.models import Practitioner
from telehealth.accounts.presenters import phone_text
from telehealth.actor import Actor, Role
from telehealth.booking.code_texts import follow_up_reason_text
from telehealth.booking.domain.follow_up import FollowUpReason, FollowUpStatus
from telehealth.booking.interpreter_presenters import interpreter_text
from telehealth.booking.models import Appointment, FollowUpRequest
from telehealth.booking.policies import may_decide_follow_up, may_manage
from telehealth.booking.services.follow_up_work import FollowUpCount, FollowUpFilter
from telehealth.booking.services.unresolved import Unresolved
from telehealth.dates import birth_date_text, date_text, instant_text

# The choice, in the address, of requests whose owner does not work here any more.
LEFT = "left"


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpCard:
    """One request."""

    id: UUID
    # "Protected patient" where another service protects them.
    patient_name: str
    # With the age, and how they are reached: whoever works through the list phones them.
    birth_text: str
    phone: str
    # "" where the patient's record is not for the reader.
    record_url: str
    why: str
    appointment_text: str
    type_text: str
    see_by_text: str
    # For example "3 days overdue"; "" where there is time.
    overdue_text: str
    owner_name: str
    # They do not work in the service any more: somebody else has to answer for it.
    is_left_behind: bool
    service_name: str
    note: str
    interpreter_text: str
    page_url: str
    # "" for those who do not book, or where it is over.
    book_url: str
    can_decide: bool
    is_open: bool
    # How it ended; "" while it is open.
    end_text: str
    close_reason: str
    version: int
    owner_id: UUID
    see_by: date


def follow_up_card(
    request: FollowUpRequest,
    actor: Actor,
    now: datetime,
    *,
    is_hidden: bool = False,
    record_id: UUID | None = None,
    is_left_behind: bool = False,
) -> FollowUpCard:
    """`record_id`: the record that stands for the patient now, where theirs was merged into it."""
    record_id = record_id or request.patient_id
    zone = request.service.time_zone
    today = now.astimezone(ZoneInfo(zone)).date()
    is_open = request.status is FollowUpStatus.ACTIVE
    is_at_desk = request.service_id in actor.services_as(Role.RECEPTIONIST)
    may_book = is_open and is_at_desk and not is_hidden
    return FollowUpCard(
        id=request.id,
        patient_name=gettext("Protected patient") if is_hidden else request.patient.display_name,
        birth_text="" if is_hidden else birth_date_text(request.patient.birth_date, today),
        phone="" if is_hidden else phone_text(request.patient.phone),
        record_url=url_for("booking.patient_record", patient_id=record_id)
        if is_at_desk and not is_hidden
        else "",
        why=follow_up_reason_text(request.reason),
        appointment_text=gettext(
            "%(when)s with %(name)s",
            when=instant_text(request.appointment.starts_at, zone),
            name=request.appointment.clinician_name,
        ),
        type_text=request.appointment_type.name if request.appointment_type else "",
        see_by_text=date_text(request.see_by),
        overdue_text=_overdue_text((today - request.see_by).days) if is_open else "",
        owner_name=request.owner.display_name,
        is_left_behind=is_open and is_left_behind,
        service_name=request.service.name,
        note=request.note,
        interpreter_text=interpreter_text(request.interpreter_language, request.interpreter_joins),
        page_url=url_for("follow_ups.one", follow_up_id=request.id),
        book_url=url_for("booking.book", patient_id=record_id, follow_up=request.id) if may_book else "",
        can_decide=is_open and may_decide_follow_up(actor, request),
        is_open=is_open,
        end_text=_end_text(request),
        close_reason=request.close_reason,
        version=request.version,
        owner_id=request.owner_id,
        see_by=request.see_by,
    )


def follow_up_cards(
    requests: list[FollowUpRequest],
    actor: Actor,
    now: datetime,
    hidden: Collection[UUID],
    records: Mapping[UUID, UUID] | None = None,
    left_behind: Collection[UUID] = frozenset(),
) -> list[FollowUpCard]:
    """`records`: for each patient the record that stands for them now; `left_behind`: requests whose owner left."""
    return [
        follow_up_card(
            request,
            actor,
            now,
            is_hidden=request.patient_id in hidden,
            record_id=(records or {}).get(request.patient_id),
            is_left_behind=request.id in left_behind,
        )
        for request in requests
    ]


def unresolved_rows(
    appointments: list[Appointment], actor: Actor, hidden: Collection[UUID]
) -> list[dict[str, str]]:
    """Past appointments without an end, each with the page on which it can be ended."""
    return [
        {
            "when": instant_text(each.starts_at, each.service.time_zone),
            "name": each.clinician_name,
            "patient": gettext("Protected patient")
            if each.patient_id in hidden
            else each.patient.display_name,
            "url": url_for("booking.appointment", appointment_id=each.id)
            if may_manage(actor, each) and Role.RECEPTIONIST in {role for _, role in actor.roles}
            else url_for("clinic.consultation", appointment_id=each.id),
        }
        for each in appointments
    ]


def unresolved_text(unresolved: Unresolved) -> str:
    """How many of them the page shows; "" where it shows all."""
    shown = len(unresolved.appointments)
    if unresolved.total == shown:
        return ""
    if unresolved.has_more:
        return gettext(
            "The oldest %(shown)s of %(total)s or more are shown.", shown=shown, total=unresolved.total
        )
    return gettext("The oldest %(shown)s of %(total)s are shown.", shown=shown, total=unresolved.total)


def filter_context(
    wanted: FollowUpFilter, owners: list[Practitioner], actor: Actor, count: FollowUpCount
) -> dict[str, Any]:
    """The form above the list, and what the list is of."""
    return {
        "owners": [
            {
                "value": "",
                "text": gettext("Everybody"),
                "selected": wanted.owner_id is None and not wanted.is_left_behind,
            },
            {
                "value": LEFT,
                "text": gettext("People who no longer work here"),
                "selected": wanted.is_left_behind,
            },
            *(
                {
                    "value": str(owner.id),
                    "text": gettext("%(name)s (you)", name=owner.display_name)
                    if owner.id == actor.practitioner_id
                    else owner.display_name,
                    "selected": owner.id == wanted.owner_id,
                }
                for owner in owners
            ),
        ],
        "reasons": [
            {"value": "", "text": gettext("All reasons"), "selected": wanted.reason is None},
            *(
                {
                    "value": reason.value,
                    "text": follow_up_reason_text(reason),
                    "selected": reason is wanted.reason,
                }
                for reason in FollowUpReason
            ),
        ],
        "is_overdue": wanted.is_overdue,
        "is_filtered": wanted != FollowUpFilter(),
        "count_text": count_text(count),
    }


def count_text(count: FollowUpCount) -> str:
    """For example "12 patients to be seen again, 3 of them overdue"."""
    if not count.open:
        return gettext("Nobody waits to be seen again")
    all_text = ngettext("%(num)d patient to be seen again", "%(num)d patients to be seen again", count.open)
    if not count.overdue:
        return all_text
    return gettext("%(all)s, %(overdue)s overdue", all=all_text, overdue=count.overdue)


def follow_up_line(count: FollowUpCount, actor: Actor) -> dict[str, str]:
    """A link to the list for the pages on which people work: of a clinician to their own requests."""
    if actor.practitioner_id is not None and not actor.services_as(Role.RECEPTIONIST):
        text = ngettext(
            "%(num)d of your patients to be seen again",
            "%(num)d of your patients to be seen again",
            count.own,
        )
        return {"url": url_for("follow_ups.list", owner="me"), "text": text}
    return {"url": url_for("follow_ups.list"), "text": count_text(count)}


def _overdue_text(days: int) -> str:
    return ngettext("%(num)d day overdue", "%(num)d days overdue", days) if days > 0 else ""


def _end_text(request: FollowUpRequest) -> str:
    zone = request.service.time_zone
    if request.closed_at is None:
        return ""
    when = instant_text(request.closed_at, zone)
    if request.status is FollowUpStatus.REVOKED:
        return gettext("Closed on %(when)s without an appointment", when=when)
    booked = request.booked_appointment
    if booked is None or booked.id == request.appointment_id:
        return gettext("Ended on %(when)s: the patient did attend", when=when)
    return gettext(
        "Booked on %(when)s for %(booked)s", when=when, booked=instant_text(booked.starts_at, zone)
    )
