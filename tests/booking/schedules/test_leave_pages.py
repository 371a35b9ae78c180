"""The pages on which leave, closures and bank holidays are set up."""

import re
from datetime import date, datetime, time
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.booking.models import Schedule, ScheduleException
from telehealth.booking.schedules.forms import LeaveForm
from telehealth.booking.services.bank_holidays import bank_holiday_on
from telehealth.booking.services.schedule_wishes import local_today
from tests.booking.schedules.schedule_typing import (
    DAY,
    LONDON,
    book,
    check,
    count,
    date_parts,
    make_day_clinic,
    save,
    token,
)
from tests.factories import Cast, at, sign_in
from tests.page_checks import CheckedClient, fields_of

pytestmark = pytest.mark.web


@pytest.fixture(autouse=True)
def _as_administrator(client: CheckedClient, cast: Cast) -> None:
    sign_in(client, cast.administrator)


@pytest.fixture
def overview(cast: Cast) -> str:
    return f"/schedules/{cast.service.id}"


@pytest.fixture
def clinic(session: Session, cast: Cast) -> Schedule:
    # Every day, whatever the next days are.
    session.merge(cast.service).closes_on_bank_holidays = False
    return make_day_clinic(session, cast)


def leave_of(cast: Cast, **parts: Any) -> dict[str, Any]:
    tomorrow = local_today(cast.service) + DAY
    return {
        "owner": f"practitioner/{cast.colleague.practitioner_id}",
        **date_parts("first_date", tomorrow),
        **date_parts("last_date", tomorrow + 2 * DAY),
        "reason": "Annual leave",
        **parts,
    }


def test_leave_shows_what_does_not_take_place_and_can_be_taken_back(
    client: CheckedClient, session: Session, cast: Cast, overview: str, clinic: Schedule
) -> None:
    book(session, cast, clinic, 2, time(14))
    address = f"{overview}/leave/new"
    page = check(client, address, leave_of(cast))
    assert "These sessions do not take place as usual" in page
    assert page.count("Annual leave, no session") == 3
    assert "1 appointment would have no session" in page
    assert save(client, address, page, agreed=token(page)).status_code == 303
    assert save(client, address, page, agreed=token(page)).status_code == 303
    assert count(session, ScheduleException) == 1
    home = client.get_page(overview)
    assert "1 appointment has no session" in home
    (made,) = session.scalars(select(ScheduleException))
    assert made.starts_at.astimezone(LONDON).time() == made.ends_at.astimezone(LONDON).time() == time(0)
    client.post(f"{overview}/leave/{made.id}/end", data=fields_of(home))
    home = client.get_page(overview)
    assert "no session</a>" not in home
    assert "No leave is entered." in home


def test_leave_of_some_hours_leaves_the_rest(
    client: CheckedClient, session: Session, cast: Cast, overview: str, clinic: Schedule
) -> None:
    tomorrow = local_today(cast.service) + DAY
    hours = leave_of(cast, **date_parts("last_date", tomorrow), starts="1pm", ends="3pm", reason="Training")
    page = check(client, f"{overview}/leave/new", hours)
    assert "Training, only 9am to 1pm and 3pm to 5pm" in page


def test_of_a_day_on_which_the_end_is_before_the_start_the_time_is_to_blame(
    client: CheckedClient, cast: Cast, overview: str
) -> None:
    tomorrow = local_today(cast.service) + DAY
    hours = leave_of(cast, **date_parts("last_date", tomorrow), starts="3pm", ends="1pm")
    page = check(client, f"{overview}/leave/new", hours, status=422)
    assert re.search(r'<a href="#ends">\s*Choose an end that is after the start.', page)
    assert 'id="ends-error"' in page


# At 1am of this day the clocks go on to 2am.
SPRING = date(2027, 3, 28)
CHANGE = at("2027-03-28 01:00")


def leave_typed(app: Flask, cast: Cast, **parts: Any) -> tuple[datetime, datetime] | None:
    """When leave begins and ends, as the form reads it: whatever day it is today."""
    with app.test_request_context("/", method="POST", data=leave_of(cast, **parts)):
        wish = LeaveForm().wish("Europe/London")
        return (wish.starts_at, wish.ends_at) if wish else None


def test_leave_until_a_skipped_hour_lasts_until_the_clocks_change(app: Flask, cast: Cast) -> None:
    days = {**date_parts("first_date", SPRING - DAY), **date_parts("last_date", SPRING)}
    night = leave_typed(app, cast, **days, starts="10pm", ends="1:30am")
    assert night == (at("2027-03-27 22:00"), CHANGE)


def test_leave_from_a_skipped_hour_begins_when_the_clocks_change(app: Flask, cast: Cast) -> None:
    days = {**date_parts("first_date", SPRING), **date_parts("last_date", SPRING)}
    assert leave_typed(app, cast, **days, starts="1:30am", ends="5am") == (CHANGE, at("2027-03-28 04:00"))
    assert leave_typed(app, cast, **days, starts="1:15am", ends="1:45am") is None


@pytest.mark.parametrize("words", ["midnight", "12am", "00:00", ""])
@pytest.mark.parametrize("days", [0, 2])
def test_leave_until_midnight_lasts_until_the_end_of_the_last_day(
    app: Flask, cast: Cast, words: str, days: int
) -> None:
    first = date(2027, 2, 2)
    parts = {**date_parts("first_date", first), **date_parts("last_date", first + days * DAY)}
    assert leave_typed(app, cast, **parts, starts="9am", ends=words) == (
        at("2027-02-02 09:00"),
        at("2027-02-03 00:00") + days * DAY,
    )


def test_leave_of_an_hour_that_the_clocks_repeat_is_all_of_it(app: Flask, cast: Cast) -> None:
    autumn = date(2027, 10, 31)
    days = {**date_parts("first_date", autumn), **date_parts("last_date", autumn)}
    hours = leave_typed(app, cast, **days, starts="1:15am", ends="1:30am")
    assert hours == (at("2027-10-31 00:15"), at("2027-10-31 01:30"))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"owner": ""}, "Choose who is away, or what is closed"),
        ({"reason": ""}, "Enter what staff will read"),
        ({"first_date-day": ""}, "Enter a real date"),
        ({"starts": "noonish"}, "Enter a time"),
        ({"last_date-year": "2020"}, "Choose an end that is after the start."),
        ({"last_date-year": "9999"}, "Choose a date within the next two years."),
    ],
)
def test_what_is_wrong_with_leave_is_said_at_its_field(
    client: CheckedClient, session: Session, cast: Cast, overview: str, values: dict[str, Any], message: str
) -> None:
    page = check(client, f"{overview}/leave/new", leave_of(cast, **values), status=422)
    assert message in page
    assert count(session, ScheduleException) == 0


def test_the_bank_holiday_switch_is_looked_at_and_the_advice_is_saved_at_once(
    client: CheckedClient, session: Session, cast: Cast, overview: str
) -> None:
    address = f"{overview}/rules"
    answer = client.post(
        address, data={**fields_of(client.get_page(address)), "emergency_advice": "Call our night line."}
    )
    assert answer.status_code == 303
    page = check(client, address, {"holidays": "open"})
    assert "Sessions take place on the bank holidays of Wales too." in page
    assert save(client, address, page).status_code == 303
    service = session.merge(cast.service)
    session.refresh(service)
    assert (service.closes_on_bank_holidays, service.emergency_advice) == (False, "Call our night line.")


def test_the_nation_is_corrected_after_a_look_at_the_days_that_change(
    client: CheckedClient, session: Session, cast: Cast, overview: str
) -> None:
    address = f"{overview}/rules"
    page = check(client, address, {"nation": "scotland"})
    assert "No sessions on the bank holidays of Scotland." in page
    assert re.search(r"New bank holidays: [^.]*Saint Andrew", page)
    assert re.search(r"No bank holidays any more: [^.]*Easter Monday", page)
    assert save(client, address, page).status_code == 303
    service = session.merge(cast.service)
    session.refresh(service)
    assert service.nation == "scotland"
    assert "Choose the nation" in check(client, address, {"nation": "france"}, status=422)


def test_whoever_is_booked_on_a_bank_holiday_of_the_right_nation_is_listed_and_agreed_to_first(
    client: CheckedClient, session: Session, cast: Cast, overview: str
) -> None:
    today = local_today(cast.service)
    days = next(
        number
        for number in range(2, 400)
        if bank_holiday_on("scotland", today + number * DAY)
        and not bank_holiday_on("wales", today + number * DAY)
    )
    book(session, cast, make_day_clinic(session, cast), days, time(10))
    address = f"{overview}/rules"
    page = check(client, address, {"nation": "scotland", "emergency_advice": "Call our night line."})
    assert "1 appointment would have no session" in page
    assert f"Gwilym Day{days}" in page
    refused = save(client, address, page)
    assert refused.status_code == 422
    assert "Say that these appointments stay as they are" in refused.text
    service = session.merge(cast.service)
    session.refresh(service)
    assert (service.nation, service.emergency_advice) == ("wales", "")
    assert save(client, address, page, agreed=token(page)).status_code == 303
    session.refresh(service)
    assert (service.nation, service.emergency_advice) == ("scotland", "Call our night line.")
    assert "1 appointment has no session" in client.get_page(overview)
