"""What the tests of the day sheet read from its page."""

import re
from datetime import date, datetime, time, timedelta
from xml.etree.ElementTree import Element
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from telehealth.accounts.services.sign_in import actor_of
from telehealth.booking.domain.slots import Slot
from telehealth.booking.models import Appointment, Schedule
from telehealth.booking.services.appointments import place_appointment
from telehealth.clock import uk_today
from tests.factories import Cast
from tests.page_checks import CheckedClient, parse_page

LONDON = ZoneInfo("Europe/London")
QUARTER = timedelta(minutes=15)
ANY = "00000000-0000-4000-8000-000000000000"


def a_day() -> date:
    return uk_today() + timedelta(days=2)


def at(clock: str) -> datetime:
    return datetime.combine(a_day(), time.fromisoformat(clock), LONDON)


def place(
    session: Session, cast: Cast, schedule: Schedule, starts_at: datetime, **parts: object
) -> Appointment:
    return place_appointment(
        session,
        actor_of(cast.receptionist),
        cast.service,
        cast.patient,
        Slot(
            starts_at=starts_at,
            ends_at=starts_at + QUARTER,
            schedule_id=schedule.id,
            practitioner_id=schedule.practitioner_id,
        ),
        type_=cast.appointment_type,
        **parts,  # type: ignore[arg-type]
    )


def words_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def sheet_page(client: CheckedClient, **arguments: str) -> str:
    query = "&".join(f"{name}={value}" for name, value in arguments.items())
    return client.get_page(f"/desk/day/{a_day().isoformat()}?{query}")


def table_of(page: str) -> list[list[str]]:
    """The table's words by row."""
    table = next(each for each in parse_page(page).iter("table"))
    return [[words_in(cell) for cell in row if cell.tag in ("th", "td")] for row in table.iter("tr")]


def words_in(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


def gaps_of(page: str) -> list[Element]:
    table = next(each for each in parse_page(page).iter("table"))
    return list(table.iter("button"))


def press_gap(client: CheckedClient, page: str, number: int = 0) -> str:
    """Send the form of a free time with the time in it; returns where that leads."""
    button = gaps_of(page)[number]
    form = next(each for each in parse_page(page).iter("form") if each.get("id") == button.get("form"))
    fields = {str(field.get("name")): str(field.get("value")) for field in form.iter("input")}
    answer = client.post(
        str(form.get("action")), data={**fields, str(button.get("name")): button.get("value")}
    )
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def token_in(page: str) -> str:
    return next(
        str(field.get("value"))
        for field in parse_page(page).iter("input")
        if field.get("name") == "csrf_token"
    )
