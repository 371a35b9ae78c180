"""A patient in front of the pages on which they book themselves: what a browser sends, page after page."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from telehealth.booking.domain.appointment_type import Booker
from telehealth.booking.models import Appointment, Claim, Hold
from telehealth.booking.slot_values import slot_value
from telehealth.clock import now
from tests.factories import SLOT, Cast, slot_at, soon
from tests.page_checks import CheckedClient, fields_of, find_faults, posted_forms

STRANGER = {
    "given_name": "Dylan",
    "family_name": "Powell",
    "birth_date-day": "29",
    "birth_date-month": "2",
    "birth_date-year": "1980",
    "nhs_number": "999 000 0018",
    "phone": "07700 900777",
    "email": "dylan@example.org",
    "reason": "My knee hurts",
}


def open_to_all(session: Session, cast: Cast) -> None:
    session.merge(cast.appointment_type).booker = Booker.ANYONE
    session.commit()


def free_start(number: int = 0) -> datetime:
    return soon() + (8 + number) * SLOT


def choice(cast: Cast, number: int = 0) -> str:
    return slot_value(slot_at(cast, free_start(number)))


def address(cast: Cast, page: str = "") -> str:
    return f"/book/{cast.service.id}{page}"


def query(cast: Cast, mode: str = "video") -> str:
    return f"?type={cast.appointment_type.id}&mode={mode}"


def send(client: CheckedClient, where: str, values: dict[str, Any], status: int = 200) -> str:
    """Post it, follow where it leads, and check the page."""
    answer = client.post(where, data=values, follow_redirects=True)
    return check(answer, status)


def token(client: CheckedClient) -> str:
    """For what is sent without a page before it."""
    return fields_of(client.get_page("/my/sign-in"))["csrf_token"]


def check(answer: TestResponse, status: int = 200) -> str:
    assert answer.status_code == status, f"{answer.request.path}: {answer.status}\n{answer.text[:3000]}"
    faults = find_faults(answer.text)
    assert not faults, f"{answer.request.path}:\n" + "\n".join(faults)
    return answer.text


def choose(client: CheckedClient, cast: Cast, number: int = 0, *, status: int = 200, **values: str) -> str:
    """Press the button of a free time; returns the page on which the details are typed."""
    page = client.get_page(address(cast, "/when") + query(cast, values.get("mode", "video")))
    sent = {**fields_of(page), "slot": choice(cast, number), **values}
    return send(client, address(cast, "/when"), sent, status)


def go_on(
    client: CheckedClient, page: str, typed: Mapping[str, str] | None = None, *, status: int = 200
) -> str:
    """Fill in the form of a page and press its first button."""
    target = posted_forms(page)[0].get("action", "")
    return send(client, target, {**fields_of(page), **(typed or {})}, status)


def go_back(client: CheckedClient, cast: Cast, page: str, typed: Mapping[str, str] | None = None) -> str:
    return send(client, address(cast, "/back"), {**fields_of(page), **(typed or {})})


def ask(client: CheckedClient, cast: Cast, number: int = 0, typed: Mapping[str, str] | None = None) -> str:
    """A stranger asks for a time, from the first page to the last."""
    page = choose(client, cast, number)
    return go_on(client, go_on(client, page, {**STRANGER, **(typed or {})}))


def count_appointments(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Appointment)) or 0


def count_holds(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Hold)) or 0


def count_held(session: Session) -> int:
    return session.scalar(select(func.count()).where(Claim.hold_token.is_not(None))) or 0


def let_lapse(session: Session, by: timedelta = timedelta(minutes=1)) -> None:
    session.execute(update(Hold).values(expires_at=now() - by))
    session.execute(
        update(Claim).where(Claim.hold_expires_at.is_not(None)).values(hold_expires_at=now() - by)
    )
    session.commit()


def newest(session: Session) -> Appointment:
    """The one that was booked last."""
    session.expire_all()
    return session.scalars(select(Appointment).order_by(Appointment.starts_at.desc(), Appointment.id)).all()[
        0
    ]


def at(appointment: Appointment, page: str = "") -> str:
    return f"/appointments/{appointment.id}{page}"


def pick(
    client: CheckedClient, appointment: Appointment, slot: str, *, status: int = 200, **values: Any
) -> str:
    sent = {**fields_of(client.get_page(at(appointment, "/move"))), "slot": slot, **values}
    return send(client, at(appointment, "/move"), sent, status)


def reloaded(session: Session, appointment: Appointment) -> Appointment:
    session.expire_all()
    return session.get_one(Appointment, appointment.id)
