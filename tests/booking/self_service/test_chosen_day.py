"""A patient chooses a day, instead of going on one day at a time; a move begins at the appointment's own."""

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session

from telehealth.booking.domain.appointment import Mode
from telehealth.clock import uk_today
from telehealth.dates import date_text
from tests.booking.self_service.own_booking import (
    STRANGER,
    address,
    at,
    check,
    choose,
    free_start,
    go_back,
    query,
    send,
)
from tests.factories import Cast, make_appointment, make_schedule, open_visit
from tests.page_checks import CheckedClient, fields_of, posted_forms

pytestmark = pytest.mark.web

LONDON = ZoneInfo("Europe/London")


def offered_days(page: str) -> list[date]:
    """The days of the times on a page, in order."""
    starts = re.findall(r'name="slot"\s+value="[^"/]+/([^"]+)"', page)
    return sorted({datetime.fromisoformat(start).astimezone(LONDON).date() for start in starts})


def when_page(client: CheckedClient, cast: Cast, day: str) -> str:
    return client.get_page(address(cast, "/when") + query(cast) + f"&from={day}")


def refused(client: CheckedClient, cast: Cast, day: str) -> str:
    """Said beside the field and in the summary, with times from today on below."""
    page = check(client.get(address(cast, "/when") + query(cast) + f"&from={day}"), 422)
    assert 'href="#from"' in page
    assert "<title>Error: " in page
    assert offered_days(page)[0] <= uk_today() + timedelta(days=1)
    return page


@pytest.mark.parametrize("ahead", [1, 5, 20])
def test_free_times_are_shown_from_any_day_on(as_patient: CheckedClient, cast: Cast, ahead: int) -> None:
    day = uk_today() + timedelta(days=ahead)
    page = when_page(as_patient, cast, day.isoformat())
    assert offered_days(page)[0] == day
    assert f'value="{day.isoformat()}"' in page
    assert "Times from today" in page


@pytest.mark.parametrize("shape", ["{0.day}/{0.month}/{0.year}", "{0:%d %m %Y}", "{0:%d.%m.%Y}"])
def test_a_browser_without_a_calendar_sends_what_was_typed(
    as_patient: CheckedClient, cast: Cast, shape: str
) -> None:
    day = uk_today() + timedelta(days=8)
    assert offered_days(when_page(as_patient, cast, shape.format(day)))[0] == day


@pytest.mark.parametrize("empty", ["", "%20"])
def test_no_day_is_from_today(as_patient: CheckedClient, cast: Cast, empty: str) -> None:
    assert "Next available" in when_page(as_patient, cast, empty)


@pytest.mark.parametrize(
    "wrong",
    [
        "never",
        "31/2/2027",
        "2027-02-31",
        "5/3",
        "12/13/2027",
        "\u0661/\u0661/\u0662\u0660\u0662\u0667",
        "9" * 500,
    ],
)
def test_what_is_no_date_is_said(as_patient: CheckedClient, cast: Cast, wrong: str) -> None:
    assert refused(as_patient, cast, wrong).count("Enter a real date") == 2


@pytest.mark.parametrize("day", ["2001-01-01", "0001-01-01"])
def test_a_day_that_is_over_is_said(as_patient: CheckedClient, cast: Cast, day: str) -> None:
    assert "This day is over" in refused(as_patient, cast, day)


def test_a_day_is_chosen_up_to_the_last_one_that_can_be_booked(
    as_patient: CheckedClient, session: Session, cast: Cast
) -> None:
    ahead = 10
    session.merge(cast.appointment_type).days_ahead = ahead
    session.commit()
    last = datetime.now(UTC).astimezone(LONDON).date() + timedelta(days=ahead)
    page = when_page(as_patient, cast, last.isoformat())
    assert f"You can book online until {date_text_in(as_patient, last)}." in page
    assert f'max="{last.isoformat()}"' in page
    # No way on into days that are refused.
    assert f"from={last + timedelta(days=1)}" not in page
    assert "You can book online until" in refused(as_patient, cast, (last + timedelta(days=1)).isoformat())
    assert "You can book online until" in refused(as_patient, cast, "9999-12-31")


def date_text_in(client: CheckedClient, day: date) -> str:
    with client.application.test_request_context():
        return date_text(day)


def test_a_day_without_a_free_time_says_so(as_patient: CheckedClient, session: Session, cast: Cast) -> None:
    day = uk_today() + timedelta(days=3)
    schedule = session.merge(cast.schedule)
    schedule.last_date = day - timedelta(days=1)
    assert cast.clinician.practitioner_id
    make_schedule(session, cast.service, cast.clinician.practitioner_id, first_date=day + timedelta(days=1))
    session.commit()
    page = when_page(as_patient, cast, day.isoformat())
    assert f"There are no free times on {date_text_in(as_patient, day)}. These are the next ones." in page
    assert offered_days(page)[0] == day + timedelta(days=1)


def test_choosing_a_day_loses_no_word_that_was_typed(as_stranger: CheckedClient, cast: Cast) -> None:
    page = go_back(as_stranger, cast, choose(as_stranger, cast), STRANGER)
    day = uk_today() + timedelta(days=6)
    sent = fields_of(page)
    page = send(as_stranger, posted_forms(page)[0].get("action", ""), {**sent, "from": day.isoformat()})
    assert offered_days(page)[0] == day
    assert STRANGER["reason"] in page
    page = send(as_stranger, address(cast, "/when"), {**sent, "from": "never"}, 422)
    assert STRANGER["reason"] in page


def test_a_day_stays_chosen_where_the_part_of_the_day_is_narrowed(
    as_patient: CheckedClient, cast: Cast
) -> None:
    day = uk_today() + timedelta(days=6)
    page = when_page(as_patient, cast, f"{day}&part=morning")
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page)
    assert ("from", day.isoformat()) in hidden
    assert ("part", "morning") in hidden


# ---- moving ----------------------------------------------------------------------------------------------------


def test_a_move_begins_at_the_appointments_own_day(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    later = make_appointment(session, cast, starts_at=free_start() + timedelta(days=9))
    session.commit()
    open_visit(client, later)
    own_day = later.starts_at.astimezone(LONDON).date()
    page = client.get_page(at(later, "/move"))
    assert offered_days(page)[0] == own_day
    assert f'value="{own_day}"' in page
    # And leads from there to today, and to any other day.
    today = re.findall(r'href="([^"]+)">Times from today', page)[0].replace("&amp;", "&")
    assert offered_days(client.get_page(today))[0] < own_day
    other = own_day + timedelta(days=4)
    assert offered_days(client.get_page(at(later, f"/move?from={other}")))[0] == other
    check(client.get(at(later, "/move?from=never")), 422)


def test_a_move_of_today_begins_today(by_link: CheckedClient, appointment: object) -> None:
    page = by_link.get_page(at(appointment, "/move"))  # type: ignore[arg-type]
    assert offered_days(page)[0] <= uk_today() + timedelta(days=1)


def test_a_move_to_another_way_keeps_the_day(client: CheckedClient, session: Session, cast: Cast) -> None:
    later = make_appointment(session, cast, starts_at=free_start() + timedelta(days=9))
    session.commit()
    open_visit(client, later)
    page = client.get_page(at(later, f"/move?mode={Mode.PHONE.value}"))
    assert offered_days(page)[0] == later.starts_at.astimezone(LONDON).date()


def test_a_wrong_day_leaves_a_move_where_it_was_and_is_shown_again(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    later = make_appointment(session, cast, starts_at=free_start() + timedelta(days=9))
    session.commit()
    open_visit(client, later)
    page = check(client.get(at(later, "/move?from=2001-02-03")), 422)
    assert offered_days(page)[0] == later.starts_at.astimezone(LONDON).date()
    assert 'value="2001-02-03"' in page
