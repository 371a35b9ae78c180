"""What tests of the desk do: choose a time, and look at what was booked."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from telehealth.booking.models import (
    Appointment,
    Claim,
    Hold,
)
from telehealth.booking.slot_values import slot_value
from telehealth.clock import now
from tests.factories import (
    SLOT,
    Cast,
    slot_at,
    soon,
)
from tests.page_checks import CheckedClient, fields_of, posted_forms

LONDON = ZoneInfo("Europe/London")


def choice(cast: Cast, number: int = 0) -> str:
    return slot_value(slot_at(cast, soon() + number * SLOT))


def hold(client: CheckedClient, cast: Cast, number: int = 0, **values: str) -> str:
    """Choose a time; returns the address of the page on which the details are typed."""
    answer = client.post(
        f"/desk/patients/{cast.patient.id}/hold",
        data={
            **fields_of(client.get_page(f"/desk/patients/{cast.patient.id}/book"), form=-1),
            "slot": choice(cast, number),
            **values,
        },
    )
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


def overbooking(cast: Cast, **changes: str) -> dict[str, str]:
    """What is typed to book on top of another appointment."""
    # Between two times that are offered: those are booked as any other.
    local = (soon() + timedelta(minutes=5)).astimezone(LONDON)
    return {
        "owner": str(cast.practitioner_id),
        "type": str(cast.appointment_type.id),
        "mode": "video",
        "day-day": str(local.day),
        "day-month": str(local.month),
        "day-year": str(local.year),
        "clock": f"{local:%H:%M}",
        "note": "In pain since yesterday",
        "reason": "Tooth",
        **changes,
    }


def count_appointments(session: Session) -> int | None:
    return session.scalar(select(func.count()).select_from(Appointment))


def count_holds(session: Session) -> int | None:
    return session.scalar(select(func.count()).select_from(Hold))


def let_lapse(session: Session) -> None:
    long_ago = now() - timedelta(minutes=1)
    session.execute(update(Hold).values(expires_at=long_ago))
    session.execute(update(Claim).where(Claim.hold_expires_at.is_not(None)).values(hold_expires_at=long_ago))
    session.commit()


def only(session: Session) -> Appointment:
    return session.scalars(select(Appointment)).one()


def all_fields(page: str) -> dict[str, object]:
    """Of the last form, with every ticked date: above it may stand what is kept."""
    fields: dict[str, object] = dict(fields_of(page, form=-1))
    ticked = [
        box.get("value")
        for box in posted_forms(page)[-1].iter("input")
        if box.get("name") == "dates" and "checked" in box.attrib
    ]
    return {**fields, "dates": ticked}
