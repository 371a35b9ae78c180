"""What people type on the pages of schedules, and how a change goes from the form over the confirm page."""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from telehealth.accounts.services.sign_in import actor_of
from telehealth.booking.domain.slots import Slot
from telehealth.booking.models import Appointment, Schedule
from telehealth.booking.services.appointments import place_appointment
from telehealth.booking.services.schedule_wishes import local_today
from tests.factories import Cast, make_patient, make_schedule
from tests.page_checks import CheckedClient, fields_of, find_faults, posted_forms

DAY = timedelta(days=1)
LONDON = ZoneInfo("Europe/London")


def make_day_clinic(session: Session, cast: Cast) -> Schedule:
    """The colleague's: every day from tomorrow, 9am to 5pm."""
    made = make_schedule(
        session,
        cast.service,
        cast.colleague.practitioner_id,
        rrule="FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU",
        first_date=local_today(cast.service) + DAY,
        starts=time(9),
        ends=time(17),
        is_extra=False,
    )
    session.commit()
    return made


def date_parts(name: str, value: date) -> dict[str, str]:
    return {f"{name}-day": str(value.day), f"{name}-month": str(value.month), f"{name}-year": str(value.year)}


def typed(cast: Cast, **parts: Any) -> dict[str, Any]:
    """Every Tuesday and Thursday, 9am to 12:30pm, from tomorrow on."""
    first = parts.pop("first_date", local_today(cast.service) + DAY)
    return {
        "owner": f"practitioner/{cast.practitioner_id}",
        "repeat": "weekly",
        "weekdays": ["1", "3"],
        "nth": "1",
        **date_parts("first_date", first),
        "starts": "9am",
        "ends": "12:30pm",
        "slot_minutes": "15",
        "modes": ["video", "phone"],
        **parts,
    }


def book(session: Session, cast: Cast, clinic: Schedule, days: int, at: time) -> Appointment:
    start = datetime.combine(local_today(cast.service) + days * DAY, at, LONDON).astimezone(UTC)
    assert cast.colleague.practitioner_id
    made = place_appointment(
        session,
        actor_of(cast.receptionist),
        session.merge(cast.service),
        make_patient(session, cast.service, given_name="Gwilym", family_name=f"Day{days}"),
        Slot(
            starts_at=start,
            ends_at=start + timedelta(minutes=15),
            schedule_id=clinic.id,
            practitioner_id=cast.colleague.practitioner_id,
        ),
        type_=session.merge(cast.appointment_type),
    )
    session.commit()
    return made


def count(session: Session, kind: type[Any]) -> int:
    return session.scalar(select(func.count()).select_from(kind)) or 0


def confirmed(page: str) -> dict[str, Any]:
    """What the confirm page sends with all its repeated fields."""
    values: dict[str, Any] = {}
    for field in posted_forms(page)[0].iter("input"):
        if field.get("type") == "hidden":
            values.setdefault(field.get("name", ""), []).append(field.get("value"))
    return {**values, "step": "save"}


def check(client: CheckedClient, address: str, values: dict[str, Any], status: int = 200) -> str:
    """Send a form; returns the page that comes, checked."""
    sent = {**fields_of(client.get_page(address)), **values}
    answer = client.post(address, data=sent)
    page = answer.get_data(as_text=True)
    assert answer.status_code == status, page[:3000]
    assert not find_faults(page)
    return page


def save(client: CheckedClient, address: str, page: str, **more: Any) -> Any:
    return client.post(address, data={**confirmed(page), **more})


def token(page: str) -> str:
    found = re.search(r'name="agreed"[^>]*value="([0-9a-f]+)"', page) or re.search(
        r'value="([0-9a-f]{32})"[^>]*name="agreed"', page
    )
    assert found, page
    return found.group(1)
