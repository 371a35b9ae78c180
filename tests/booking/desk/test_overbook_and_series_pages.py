"""Reception books on top of another appointment, and books appointments that repeat."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.accounts.services.sign_in import actor_of
from telehealth.booking.domain.series import series_starts
from telehealth.booking.domain.slots import Slot
from telehealth.booking.models import Appointment, ScheduleException
from telehealth.booking.services.appointments import place_appointment
from telehealth.booking.slot_values import instant_value
from tests.booking.desk.desk_forms import (
    all_fields,
    choice,
    count_appointments,
    count_holds,
    hold,
    overbooking,
)
from tests.factories import (
    SLOT,
    Cast,
    make_appointment,
    make_shared_clinic,
    make_type,
    protect,
    sign_in,
    slot_at,
    soon,
)
from tests.page_checks import CheckedClient, fields_of, find_faults

pytestmark = pytest.mark.web

LONDON = ZoneInfo("Europe/London")


@pytest.fixture(autouse=True)
def _at_the_desk(client: CheckedClient, cast: Cast) -> None:
    sign_in(client, cast.receptionist)


@pytest.fixture
def overbook_page(cast: Cast) -> str:
    return f"/desk/patients/{cast.patient.id}/overbook"


def test_overbooking_stands_with_a_name_and_a_reason(
    client: CheckedClient, session: Session, cast: Cast, overbook_page: str
) -> None:
    make_appointment(session, cast, patient=cast.other_patient)
    session.commit()
    page = client.submit(overbook_page, overbooking(cast))
    assert "Overbooked by Reception: In pain since yesterday" in page
    made = session.scalars(select(Appointment).where(Appointment.is_overbooked)).one()
    assert (made.starts_at, made.reason) == (soon() + timedelta(minutes=5), "Tooth")
    assert "Overbooked" in client.get_page(f"/desk/patients/{cast.patient.id}")


def test_the_day_sheet_says_who_overbooked_and_why(
    client: CheckedClient, session: Session, cast: Cast, overbook_page: str
) -> None:
    client.submit(overbook_page, overbooking(cast))
    day = f"/desk/day/{soon().astimezone(LONDON).date()}"
    assert "Overbooked by Reception: In pain since yesterday" in client.get_page(day)
    protect(session, cast).service_id = cast.other_service.id
    session.commit()
    page = client.get_page(day)
    assert "Protected patient" in page
    assert "In pain" not in page


def test_a_time_that_is_free_is_booked_as_any_other(
    client: CheckedClient, session: Session, cast: Cast, overbook_page: str
) -> None:
    """Nothing is there to book on top of."""
    form = overbooking(cast, clock=f"{soon().astimezone(LONDON):%H:%M}")
    page = client.submit(overbook_page, form, status=422)
    assert "This time is free. Go back to the free times and book it there." in page
    assert fields_of(page)["note"] == form["note"]
    assert count_appointments(session) == 0
    make_appointment(session, cast, patient=cast.other_patient)
    session.commit()
    client.submit(overbook_page, form)
    assert count_appointments(session) == 2


def test_outside_every_session_it_is_asked_whether_the_time_is_right(
    client: CheckedClient, session: Session, cast: Cast, overbook_page: str
) -> None:
    """3am for 3pm: the patient would be told so by email."""
    starts, ends = soon().astimezone(LONDON), (soon() + timedelta(hours=1)).astimezone(LONDON)
    cast.schedule.starts, cast.schedule.ends = starts.time(), ends.time()
    session.add(cast.schedule)
    session.commit()
    form = overbooking(cast, clock=f"{ends:%H:%M}")
    page = client.submit(overbook_page, form, status=422)
    assert "There is no session then. Check the day and the time" in page
    assert fields_of(page)["note"] == form["note"]
    assert count_appointments(session) == 0
    answer = client.submit(overbook_page, {**form, "is_outside": "y"})
    assert "Overbooked by Reception" in answer
    # Within a session nobody is asked.
    assert "no session then" not in client.submit(overbook_page, overbooking(cast))


def test_whoever_lacks_the_skill_of_the_type_is_pointed_out(
    client: CheckedClient, session: Session, cast: Cast, overbook_page: str
) -> None:
    """Also where there is no session, and the time that is kept meanwhile stays kept."""
    smears = make_type(session, cast.service, name="Smear", required_skill="Smears")
    session.commit()
    hold(client, cast)
    starts, ends = soon().astimezone(LONDON), (soon() + timedelta(hours=1)).astimezone(LONDON)
    cast.schedule.starts, cast.schedule.ends = starts.time(), ends.time()
    session.add(cast.schedule)
    session.commit()
    form = overbooking(cast, type=str(smears.id), clock=f"{ends:%H:%M}")
    answer = client.post(overbook_page, data={**fields_of(client.get_page(overbook_page), form=-1), **form})
    assert answer.status_code == 422
    page = answer.text
    assert not find_faults(page)
    assert "This type needs the skill “Smears”. Choose somebody who has it, or another type." in page
    assert "no session then" not in page
    assert fields_of(page, form=-1)["note"] == form["note"]
    assert (count_appointments(session), count_holds(session)) == (0, 1)


def test_a_shared_clinic_is_overbooked_too(
    client: CheckedClient, session: Session, cast: Cast, overbook_page: str
) -> None:
    clinic, _ = make_shared_clinic(session, cast)
    session.commit()
    page = client.submit(overbook_page, overbooking(cast, owner=str(clinic.id)))
    assert "Diabetes clinic (not yet taken by a clinician)" in page


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"note": "  "}, "Enter why you book on top"),
        ({"clock": "late"}, "Enter a time"),
        ({"clock": ""}, "Enter the time"),
        ({"day-day": "31", "day-month": "2"}, "Enter a real date"),
        ({"day-year": "9999", "day-month": "12", "day-day": "31"}, "Choose a time that is still to come"),
        ({"day-year": "2001"}, "Choose a time that is still to come"),
        ({"owner": ""}, "Choose with whom"),
        ({"owner": str(uuid4())}, "Choose with whom"),
        ({"type": "x"}, "Choose the appointment type"),
        ({"mode": "pigeon"}, "Choose a way"),
        ({"interpreter_language": "Polish"}, "Choose how the interpreter joins"),
    ],
    ids=lambda value: "-".join(sorted(value)) if isinstance(value, dict) else "",
)
def test_what_is_missing_is_said_and_what_was_typed_is_kept(
    client: CheckedClient,
    session: Session,
    cast: Cast,
    overbook_page: str,
    changes: dict[str, str],
    message: str,
) -> None:
    page = client.submit(overbook_page, overbooking(cast, **changes), status=422)
    assert message in page
    assert fields_of(page)["reason"] == "Tooth"
    assert count_appointments(session) == 0


def test_the_patient_cannot_be_in_two_places_all_the_same(
    client: CheckedClient, session: Session, cast: Cast, overbook_page: str
) -> None:
    theirs = make_appointment(session, cast)
    session.commit()
    page = client.submit(overbook_page, overbooking(cast), status=409)
    assert "The patient already has an appointment then" in page
    assert f"/desk/appointments/{theirs.id}" in page
    assert fields_of(page)["note"] == "In pain since yesterday"


def test_a_double_click_overbooks_once(
    client: CheckedClient, session: Session, cast: Cast, overbook_page: str
) -> None:
    form = {**fields_of(client.get_page(overbook_page)), **overbooking(cast)}
    assert [client.post(overbook_page, data=form).status_code for _ in range(2)] == [303, 303]
    assert count_appointments(session) == 1


def dates_page(cast: Cast) -> str:
    return (
        f"/desk/patients/{cast.patient.id}/series/dates?slot={cast.schedule.id}/{instant_value(soon())}"
        f"&appointment_type_id={cast.appointment_type.id}&mode=video"
    )


def starts(count: int = 6) -> list[str]:
    return [instant_value(each) for each in series_starts(soon(), LONDON, weeks_between=1, count=count)]


def test_a_series_is_shown_whole_and_then_booked(client: CheckedClient, session: Session, cast: Cast) -> None:
    page = client.get_page(f"/desk/patients/{cast.patient.id}/series")
    assert "the first time" in page
    page = client.get_page(dates_page(cast))
    assert all_fields(page)["dates"] == starts()
    answer = client.post(
        f"/desk/patients/{cast.patient.id}/series/dates", data={**all_fields(page), "reason": "Physio"}
    )
    assert "6 appointments are booked" in client.get_page(answer.headers["Location"])
    booked = session.scalars(select(Appointment)).all()
    assert len({each.series_id for each in booked}) == 1
    assert {each.reason for each in booked} == {"Physio"}


def test_a_conflict_is_explained_and_another_time_of_that_day_can_be_chosen(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    second, third = series_starts(soon(), LONDON, weeks_between=1, count=3)[1:]
    place_appointment(
        session,
        actor_of(cast.receptionist),
        cast.service,
        cast.other_patient,
        slot_at(cast, second),
        type_=cast.appointment_type,
    )
    session.add(
        ScheduleException(
            organisation_id=cast.service.organisation_id,
            practitioner_id=cast.practitioner_id,
            starts_at=third - timedelta(days=1),
            ends_at=third + timedelta(days=1),
            reason="Annual leave",
            created_by="account:x",
        )
    )
    session.commit()
    page = client.get_page(dates_page(cast))
    assert "It is booked: appointment" in page
    assert "is on leave: Annual leave" in page
    instead = instant_value(second + SLOT)
    assert f'value="{instead}"' in page
    form = {**all_fields(page), "other-2": instead}
    answer = client.post(f"/desk/patients/{cast.patient.id}/series/dates", data=form)
    assert answer.status_code == 303
    booked = session.scalars(
        select(Appointment.starts_at)
        .where(Appointment.patient_id == cast.patient.id)
        .order_by(Appointment.starts_at)
    ).all()
    assert len(booked) == 5
    assert second + SLOT in booked
    assert third not in booked


def test_of_a_series_all_or_none_is_booked(client: CheckedClient, session: Session, cast: Cast) -> None:
    form = {**all_fields(client.get_page(dates_page(cast))), "reason": "My <b>knee</b>"}
    fourth = series_starts(soon(), LONDON, weeks_between=1, count=4)[3]
    place_appointment(
        session,
        actor_of(cast.receptionist),
        cast.service,
        cast.other_patient,
        slot_at(cast, fourth),
        type_=cast.appointment_type,
    )
    session.commit()
    answer = client.post(f"/desk/patients/{cast.patient.id}/series/dates", data=form)
    assert answer.status_code == 409
    assert "so nothing is booked" in answer.text
    assert "It is booked: appointment" in answer.text
    assert fields_of(answer.text)["reason"] == "My <b>knee</b>"
    assert count_appointments(session) == 1
    # The date that was taken is not left out silently: not at the next press, and not at the one after.
    address = f"/desk/patients/{cast.patient.id}/series/dates"
    for _press in range(2):
        answer = client.post(address, data=all_fields(answer.text))
        assert answer.status_code == 422
        assert "Choose another time for each date that was taken, or leave it out" in answer.text
    assert count_appointments(session) == 1
    again = client.post(address, data={**all_fields(answer.text), "other-4": ""})
    assert again.status_code == 303
    assert count_appointments(session) == 6


def test_a_patient_who_is_busy_at_one_of_the_dates(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    assert cast.colleague.practitioner_id
    second = series_starts(soon(), LONDON, weeks_between=1, count=2)[1]
    slot = Slot(
        starts_at=second,
        ends_at=second + SLOT,
        schedule_id=uuid4(),
        practitioner_id=cast.colleague.practitioner_id,
    )
    place_appointment(session, actor_of(cast.receptionist), cast.service, cast.patient, slot)
    session.commit()
    page = client.get_page(dates_page(cast))
    assert "The patient already has an appointment then" in page
    assert all_fields(page)["dates"] == [each for each in starts() if each != instant_value(second)]


def test_other_dates_are_shown_and_what_was_typed_is_kept(client: CheckedClient, cast: Cast) -> None:
    form = {**all_fields(client.get_page(dates_page(cast))), "count": "3", "weeks_between": "2"}
    answer = client.post(
        f"/desk/patients/{cast.patient.id}/series/dates", data={**form, "show": "1", "reason": "Knee"}
    )
    assert answer.status_code == 200
    wanted = series_starts(soon(), LONDON, weeks_between=2, count=3)
    assert all_fields(answer.text)["dates"] == [instant_value(each) for each in wanted]
    assert fields_of(answer.text)["reason"] == "Knee"


@pytest.mark.parametrize("count", ["", "1", "27", "x", "-2", "9" * 40])
def test_a_number_that_is_none(client: CheckedClient, session: Session, cast: Cast, count: str) -> None:
    form = {**all_fields(client.get_page(dates_page(cast))), "count": count, "reason": "Knee"}
    answer = client.post(f"/desk/patients/{cast.patient.id}/series/dates", data=form)
    assert answer.status_code == 422
    assert "from 2 to 26" in answer.text
    assert fields_of(answer.text)["reason"] == "Knee"
    assert count_appointments(session) == 0


def test_no_date_at_all(client: CheckedClient, session: Session, cast: Cast) -> None:
    form = {**all_fields(client.get_page(dates_page(cast))), "dates": []}
    answer = client.post(f"/desk/patients/{cast.patient.id}/series/dates", data=form)
    assert answer.status_code == 422
    assert "Choose at least one date to book" in answer.text
    assert count_appointments(session) == 0


def test_without_a_first_time_it_is_chosen(client: CheckedClient, cast: Cast) -> None:
    address = f"/desk/patients/{cast.patient.id}/series/dates"
    for arguments in ("", "?slot=x", "?slot=x&mode=video"):
        assert "the first time" in client.get_page(address + arguments)


def test_a_double_click_books_one_series(client: CheckedClient, session: Session, cast: Cast) -> None:
    form = all_fields(client.get_page(dates_page(cast)))
    address = f"/desk/patients/{cast.patient.id}/series/dates"
    assert [client.post(address, data=form).status_code for _ in range(2)] == [303, 303]
    assert count_appointments(session) == 6


def test_what_reception_keeps_for_the_patient_is_shown_where_it_books_otherwise(
    client: CheckedClient, cast: Cast, overbook_page: str
) -> None:
    hold(client, cast)
    for page in (overbook_page, f"/desk/patients/{cast.patient.id}/series", dates_page(cast)):
        assert "You are keeping a time" in client.get_page(page)
    other = f"/desk/patients/{cast.other_patient.id}/overbook"
    assert "You are keeping a time" not in client.get_page(other)


def test_a_kept_time_is_not_in_the_way_of_a_series_for_the_same_patient(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    hold(client, cast)
    # It stands among the times to begin with, and each date is free.
    assert f'value="{choice(cast)}"' in client.get_page(f"/desk/patients/{cast.patient.id}/series")
    page = client.get_page(dates_page(cast))
    assert "Somebody else is booking this time" not in page
    answer = client.post(f"/desk/patients/{cast.patient.id}/series/dates", data=all_fields(page))
    assert "6 appointments are booked" in client.get_page(answer.headers["Location"])
    assert count_appointments(session) == 6
    assert count_holds(session) == 0


def test_the_time_that_one_keeps_is_free_and_nothing_to_book_on_top_of(
    client: CheckedClient, session: Session, cast: Cast, overbook_page: str
) -> None:
    hold(client, cast)
    clock = soon().astimezone(LONDON).strftime("%H:%M")
    form = {**fields_of(client.get_page(overbook_page), form=-1), **overbooking(cast), "clock": clock}
    answer = client.post(overbook_page, data=form)
    assert answer.status_code == 422
    assert "This time is free" in answer.text
    assert count_holds(session) == 1


def test_a_kept_time_is_not_in_the_way_of_overbooking_for_the_same_patient(
    client: CheckedClient, session: Session, cast: Cast, overbook_page: str
) -> None:
    hold(client, cast)
    form = {**fields_of(client.get_page(overbook_page), form=-1), **overbooking(cast)}
    # What is not booked gives nothing back.
    assert client.post(overbook_page, data={**form, "note": ""}).status_code == 422
    assert count_holds(session) == 1
    hold(client, replace(cast, patient=cast.other_patient), 4)
    answer = client.post(overbook_page, data=form)
    assert answer.status_code == 303, answer.text
    assert count_appointments(session) == 1
    # What is kept for another patient stays.
    assert count_holds(session) == 1
