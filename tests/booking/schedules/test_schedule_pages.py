"""The pages on which sessions and leave are set up: looked at before they are saved, and nobody is stranded silently."""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.booking.models import Schedule, ScheduleException
from telehealth.booking.services.schedule_wishes import local_today
from telehealth.dates import short_date_text
from tests.booking.schedules.schedule_typing import (
    DAY,
    LONDON,
    book,
    check,
    confirmed,
    count,
    date_parts,
    make_day_clinic,
    save,
    token,
    typed,
)
from tests.factories import (
    Cast,
    make_schedule,
    make_shared_clinic,
    protect,
    sign_in,
)
from tests.page_checks import CheckedClient, fields_of, find_faults

pytestmark = pytest.mark.web


@pytest.fixture(autouse=True)
def _as_administrator(client: CheckedClient, cast: Cast) -> None:
    sign_in(client, cast.administrator)


@pytest.fixture
def overview(cast: Cast) -> str:
    return f"/schedules/{cast.service.id}"


@pytest.fixture
def clinic(session: Session, cast: Cast) -> Schedule:
    return make_day_clinic(session, cast)


def test_the_overview_says_the_rule_in_a_sentence(
    client: CheckedClient, session: Session, cast: Cast, overview: str, clinic: Schedule
) -> None:
    make_shared_clinic(session, cast)
    session.commit()
    page = client.get_page(overview)
    assert "Every day, 9am to 5pm, from" in page
    assert "by video" not in page
    assert "video, phone and in person, every 15 minutes." in page
    assert "Dr Tomos Rees" in page
    assert "2 patients at a time." in page
    assert "No sessions on the bank holidays of Wales." in page


def test_a_session_is_looked_at_before_it_is_saved(
    client: CheckedClient, session: Session, cast: Cast, overview: str
) -> None:
    before = count(session, Schedule)
    address = f"{overview}/sessions/new"
    page = check(client, address, typed(cast))
    assert "Every Tuesday and Thursday, 9am to 12:30pm, from" in page
    assert "The next eight weeks" in page
    assert page.count("Week from") == 8
    assert "No appointment is affected." in page
    assert count(session, Schedule) == before
    answer = save(client, address, page)
    assert (answer.status_code, answer.location) == (303, overview)
    assert count(session, Schedule) == before + 1
    # A double click.
    assert save(client, address, page).status_code == 303
    assert count(session, Schedule) == before + 1
    assert "Every Tuesday and Thursday, 9am to 12:30pm" in client.get_page(overview)


def test_a_change_of_every_other_week_says_that_the_weeks_stay(
    client: CheckedClient, session: Session, cast: Cast, overview: str
) -> None:
    monday = local_today(cast.service) + timedelta(days=7 - local_today(cast.service).weekday())
    made = make_schedule(
        session,
        cast.service,
        cast.practitioner_id,
        rrule="FREQ=WEEKLY;INTERVAL=2;BYDAY=TU",
        first_date=monday,
        starts=time(9),
        ends=time(12),
    )
    session.commit()
    address = f"{overview}/sessions/{made.id}"
    form = client.get_page(address)
    assert "Every other week, in the same weeks as before" in form
    sent = {**fields_of(form), **date_parts("first_date", monday + timedelta(weeks=1)), "ends": "1pm"}
    page = check(client, address, sent)
    assert "The weeks stay the same as before." in page
    assert short_date_text(monday + timedelta(weeks=2)) in page
    page = check(client, address, {**sent, "repeat": "fortnightly-anew"})
    assert "The weeks stay the same as before." not in page
    assert save(client, address, page).status_code == 303
    changed = session.scalars(select(Schedule).where(Schedule.ends == time(13))).one()
    assert changed.first_date == monday + timedelta(weeks=1)


def test_going_back_keeps_what_was_typed(client: CheckedClient, cast: Cast, overview: str) -> None:
    address = f"{overview}/sessions/new"
    page = check(client, address, typed(cast, starts="8:20"))
    answer = client.post(address, data={**confirmed(page), "step": "change"})
    form = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert not find_faults(form)
    assert 'value="8:20"' in form
    assert len(re.findall(r'name="weekdays"[^>]*checked', form)) == 2


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"owner": ""}, "Choose whose session it is"),
        ({"owner": "clinic/nonsense"}, "Choose whose session it is"),
        ({"repeat": ""}, "Choose how often it takes place"),
        ({"weekdays": []}, "Choose a day of the week"),
        ({"repeat": "monthly"}, "Choose one day of the week for a session once a month"),
        ({"repeat": "monthly", "weekdays": ["1"], "nth": "5"}, "Choose which one of the month"),
        ({"starts": "morning"}, "Enter a time, for example 9am"),
        ({"ends": ""}, "Enter the time at which the session ends"),
        ({"ends": "9am"}, "Choose an end that is after the start."),
        ({"slot_minutes": "a few"}, "Enter a whole number"),
        ({"slot_minutes": "0"}, "Enter a number of minutes from 1 to 480."),
        ({"modes": []}, "Choose at least one way of meeting"),
        ({"first_date-day": "32"}, "Enter a real date"),
        ({"first_date-year": "2020"}, "Choose today or a later date"),
        ({"last_date-day": "1", "last_date-month": "1", "last_date-year": "2020"}, "Choose a last date"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    client: CheckedClient, session: Session, cast: Cast, overview: str, values: dict[str, Any], message: str
) -> None:
    before = count(session, Schedule)
    page = check(client, f"{overview}/sessions/new", {**typed(cast), **values}, status=422)
    assert message in page
    assert "There is a problem" in page
    assert count(session, Schedule) == before


def test_bank_holidays_leave_and_clock_changes_stand_in_the_preview(
    client: CheckedClient, session: Session, cast: Cast, overview: str
) -> None:
    today = local_today(cast.service)
    is_to_come = today + 3 * DAY < date(today.year, 12, 25)
    christmas = date(today.year if is_to_come else today.year + 1, 12, 25)
    leave = datetime.combine(christmas - 2 * DAY, time(0), LONDON).astimezone(UTC)
    session.add(
        ScheduleException(
            organisation_id=cast.service.organisation_id,
            practitioner_id=cast.practitioner_id,
            starts_at=leave,
            ends_at=leave + DAY,
            reason="Annual leave",
            created_by="test",
        )
    )
    session.commit()
    page = check(
        client,
        f"{overview}/sessions/new",
        typed(cast, first_date=christmas - 3 * DAY, weekdays=[str(day) for day in range(7)]),
    )
    assert "Christmas Day, no session" in page
    assert "Annual leave, no session" in page
    october = date(today.year + 1, 10, 1)
    page = check(client, f"{overview}/sessions/new", typed(cast, first_date=october))
    assert "The clocks go back on Sunday" in page


def test_a_change_that_strands_somebody_lists_them_and_asks(
    client: CheckedClient, session: Session, cast: Cast, overview: str, clinic: Schedule
) -> None:
    # Whatever the next days are.
    session.merge(cast.service).closes_on_bank_holidays = False
    book(session, cast, clinic, 3, time(14))
    address = f"{overview}/sessions/{clinic.id}"
    page = check(client, address, {"ends": "1pm", "weekdays": list("0123456")})
    assert "1 appointment would have no session" in page
    assert "Gwilym Day3" in page
    assert "Reception moves or cancels what cannot take place." in page
    answer = save(client, address, page)
    again = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "Say that these appointments stay as they are" in again
    assert not find_faults(again)
    session.expire(clinic)
    assert clinic.ends == time(17)
    agreed = token(again)
    # A patient books in between.
    book(session, cast, clinic, 4, time(15))
    answer = save(client, address, page, agreed=agreed)
    newer = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "Other appointments are affected than the ones you saw" in newer
    assert "2 appointments would have no session" in newer
    answer = save(client, address, page, agreed=token(newer))
    assert answer.status_code == 303
    session.expire(clinic)
    assert clinic.ends == time(13)
    home = client.get_page(overview)
    assert "2 appointments have no session" in home
    listed = client.get_page(f"{overview}/stranded")
    assert "Gwilym Day3" in listed
    assert "Gwilym Day4" in listed


def test_a_name_that_another_service_protects_is_not_shown(
    client: CheckedClient, session: Session, cast: Cast, overview: str, clinic: Schedule
) -> None:
    appointment = book(session, cast, clinic, 3, time(20))
    made = protect(session, cast, appointment.patient)
    made.service_id = cast.other_service.id
    session.commit()
    page = client.get_page(f"{overview}/stranded")
    assert "Gwilym" not in page
    assert "Protected patient" in page


def test_a_stale_form_shows_the_session_as_it_is_now(
    client: CheckedClient, session: Session, cast: Cast, overview: str, clinic: Schedule
) -> None:
    address = f"{overview}/sessions/{clinic.id}"
    page = check(client, address, {"ends": "4pm", "weekdays": list("0123456")})
    clinic.slot_minutes = 20
    session.commit()
    answer = save(client, address, page)
    shown = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert not find_faults(shown)
    assert "Somebody has changed this session meanwhile" in shown
    assert "every 20 minutes" in shown
    assert 'value="4pm"' in shown
    assert fields_of(shown)["version"] == str(clinic.version)


def test_a_session_ends_on_a_date_or_never_takes_place(
    client: CheckedClient, session: Session, cast: Cast, overview: str, clinic: Schedule
) -> None:
    clinic_id = clinic.id
    address = f"{overview}/sessions/{clinic_id}/end"
    last = local_today(cast.service) + 10 * DAY
    page = check(client, address, {"how": "date", **date_parts("last_date", last)})
    assert save(client, address, page).status_code == 303
    session.expire(clinic)
    assert clinic.last_date == last
    check(client, address, {}, status=422)
    page = check(client, address, {"how": "never"})
    assert "This session never takes place." in page
    assert "Dr Tomos Rees" in page
    assert "Every day, 9am to 5pm, from" in page
    assert save(client, address, page).status_code == 303
    session.expire_all()
    assert session.get(Schedule, clinic_id) is None


def test_what_took_place_cannot_be_taken_away(client: CheckedClient, cast: Cast, overview: str) -> None:
    address = f"{overview}/sessions/{cast.schedule.id}/end"
    yesterday = local_today(cast.service) - DAY
    page = check(client, address, date_parts("last_date", yesterday), status=422)
    assert "A later session has begun already" in page


def test_a_clinician_sees_and_changes_their_own_alone(
    client: CheckedClient, session: Session, cast: Cast, overview: str, clinic: Schedule
) -> None:
    book(session, cast, clinic, 3, time(20))
    sign_in(client, cast.clinician)
    page = client.get_page("/schedules")
    assert "Your schedule" in page
    assert re.search(r'href="/clinic">\s*Today’s clinic', page)
    assert "Dr Nia Pritchard" in page
    assert "Tomos" not in page
    assert "Appointment types" not in page
    assert "Gwilym" not in client.get_page(f"{overview}/stranded")
    for address in (f"/sessions/{clinic.id}", f"/sessions/{clinic.id}/end", "/rules", "/types/new"):
        assert client.get(f"{overview}{address}").status_code == 404
    form = client.get_page(f"{overview}/sessions/new")
    assert "Tomos" not in form
    stolen = typed(cast, owner=f"practitioner/{cast.colleague.practitioner_id}")
    assert client.post(f"{overview}/sessions/new", data={**fields_of(form), **stolen}).status_code == 404
    page = check(client, f"{overview}/sessions/new", typed(cast))
    assert save(client, f"{overview}/sessions/new", page).status_code == 303


def test_reception_sees_whom_a_change_left_outside(
    client: CheckedClient, session: Session, cast: Cast, overview: str, clinic: Schedule
) -> None:
    appointment = book(session, cast, clinic, 3, time(20))
    sign_in(client, cast.receptionist)
    page = client.get_page(f"{overview}/stranded")
    assert "Gwilym Day3" in page
    assert f"/desk/appointments/{appointment.id}/move" in page
    assert client.get(overview).status_code == 404


def test_the_desk_leads_to_whom_a_change_left_outside(
    client: CheckedClient, session: Session, cast: Cast, overview: str, clinic: Schedule
) -> None:
    sign_in(client, cast.receptionist)
    assert "in the next 7 days" not in client.get_page("/desk")
    book(session, cast, clinic, 3, time(20))
    book(session, cast, clinic, 9, time(20))
    page = client.get_page("/desk")
    assert f"{overview}/stranded" in page
    assert "(1 in the next 7 days)" in page


def test_an_administrator_who_does_not_work_in_a_service_is_told_no_names_of_it(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    service = session.merge(cast.other_service)
    service.is_restricted = True
    colleague = cast.colleague.practitioner_id
    theirs = make_schedule(
        session, service, colleague, first_date=local_today(service) + DAY, starts=time(9), ends=time(17)
    )
    appointment = book(session, cast, theirs, 3, time(20))
    appointment.service_id = service.id
    session.commit()
    page = client.get_page(f"/schedules/{service.id}/stranded")
    assert "A patient of another service" in page
    assert "Gwilym" not in page
    assert "Consultation" not in page


def test_an_extra_session_that_has_begun_has_nothing_to_end(
    client: CheckedClient, session: Session, cast: Cast, overview: str
) -> None:
    today = local_today(cast.service)
    parts: dict[str, Any] = {"rrule": "FREQ=DAILY;COUNT=1", "starts": time(0), "ends": time(0)}
    begun, coming = (
        make_schedule(session, cast.service, cast.practitioner_id, first_date=on, last_date=on, **parts)
        for on in (today, today + 3 * DAY)
    )
    session.commit()
    page = client.get_page(overview)
    assert f"/sessions/{begun.id}/end" not in page
    address = f"{overview}/sessions/{coming.id}/end"
    assert address in page
    page = check(client, address, {"how": "never"})
    assert save(client, address, page).status_code == 303


def test_two_sessions_at_the_same_time_are_pointed_out(
    client: CheckedClient, cast: Cast, overview: str, clinic: Schedule
) -> None:
    theirs = f"practitioner/{cast.colleague.practitioner_id}"
    assert "has another session at the same time" in check(
        client, f"{overview}/sessions/new", typed(cast, owner=theirs)
    )
    evening = typed(cast, owner=theirs, starts="6pm", ends="8pm")
    assert "has another session at the same time" not in check(client, f"{overview}/sessions/new", evening)
