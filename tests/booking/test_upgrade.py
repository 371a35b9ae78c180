"""What was booked before there were appointment types and follow-up requests, after the migrations."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from telehealth import migrations
from telehealth.accounts.models import HealthcareService, Patient
from telehealth.accounts.services.sign_in import actor_of
from telehealth.actor import Actor, Role
from telehealth.booking.domain.follow_up import FollowUpReason, FollowUpStatus
from telehealth.booking.models import Appointment, FollowUpRequest
from telehealth.booking.services.availability import SlotQuery, find_slots
from telehealth.booking.services.fallen_out import count_who_fell_out
from telehealth.booking.services.moving import MoveRequest, move_appointment
from telehealth.clock import now
from tests.databases import older_database
from tests.factories import make_account

pytestmark = pytest.mark.service

ORGANISATION, SERVICE, CLINICIAN, EIRLYS, GWEN, SCHEDULE = range(1, 7)
DAY = timedelta(days=1)
# Number of the appointment: whose, how it ended, when it was or is, and how its consultation ended.
APPOINTMENTS = {
    11: (EIRLYS, "booked", 2 * DAY, None),
    12: (EIRLYS, "cancelled", DAY, None),  # she has another one
    13: (GWEN, "fulfilled", -5 * DAY, "completed"),
    14: (GWEN, "cancelled", 3 * DAY, None),
    15: (GWEN, "noshow", -2 * DAY, None),
    16: (GWEN, "fulfilled", -DAY, "not-reached"),
    17: (GWEN, "fulfilled", -timedelta(hours=20), "face-to-face"),
    18: (GWEN, "cancelled", -120 * DAY, None),
}


@pytest.fixture
def before(own_database_url: str) -> Iterator[Engine]:
    """As version 12 left it: a clinic every day, round the clock."""
    engine = older_database(own_database_url, "0012")
    hour = now().replace(minute=0, second=0, microsecond=0)
    rows: list[tuple[str, dict[str, object]]] = [
        ("organisation", {"id": ORGANISATION, "name": "Pontllyn Health Board"}),
        ("healthcare_service", {"id": SERVICE, "name": "Clinic", "nation": "wales", "phone": ""}),
        ("practitioner", {"id": CLINICIAN, "prefix": "Dr", "given_name": "Nia", "family_name": "Rees"}),
        ("practitioner_role", {"id": 7, "service_id": SERVICE, "practitioner_id": CLINICIAN}),
        *(
            ("patient", {"id": key, "given_name": name, "family_name": "Morgan", "birth_date": "1948-03-05"})
            for key, name in ((EIRLYS, "Eirlys"), (GWEN, "Gwen"))
        ),
        (
            "schedule",
            {
                "id": SCHEDULE,
                "service_id": SERVICE,
                "practitioner_id": CLINICIAN,
                "rrule": "FREQ=DAILY",
                "first_date": "2026-01-01",
                "starts": "00:00:00.000000",
                "ends": "23:30:00.000000",
                "slot_minutes": 30,
                "mode": "video",
            },
        ),
    ]
    for key, (patient, status, after, outcome) in APPOINTMENTS.items():
        times = {"starts_at": stored(hour + after), "ends_at": stored(hour + after + timedelta(minutes=30))}
        shared = {"service_id": SERVICE, "practitioner_id": CLINICIAN, "patient_id": patient}
        what = {"reference": f"OLD{key}", "status": status, "mode": "video", "version": 1}
        rows.append(("appointment", {"id": key, **shared, **what, **times}))
        if status == "booked":
            for number, owner in ((100, "practitioner_id"), (200, "patient_id")):
                claim = {"id": number + key, owner: shared[owner], "appointment_id": key, **times}
                rows.append(("claim", {**claim, "state": "booked", "version": 1}))
        if outcome is not None:
            ended = {"appointment_id": key, "status": "finished", "outcome": outcome, "version": 1}
            rows.append(("encounter", {"id": 300 + key, "service_id": SERVICE, **ended}))
    with engine.execution_options(is_writer=True).begin() as connection:
        for table, row in rows:
            if table != "organisation":
                row["organisation_id"] = ORGANISATION
            if table in ("patient", "appointment"):
                row["created_at"] = stored(hour - 200 * DAY)
            if table == "healthcare_service":
                row["time_zone"] = "Europe/London"
            values = {name: UUID(int=value).hex if is_key(name) else value for name, value in row.items()}  # type: ignore[arg-type]
            marks = ", ".join(f":{name}" for name in values)
            connection.execute(text(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})"), values)
    yield engine
    engine.dispose()


def stored(moment: datetime) -> str:
    """As SQLite keeps it; the PostgreSQL of the tests speaks UTC."""
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")


def is_key(column: str) -> bool:
    return column == "id" or column.endswith("_id")


def reception(session: Session) -> Actor:
    service = session.get_one(HealthcareService, UUID(int=SERVICE))
    return actor_of(make_account(session, service, "reception", Role.RECEPTIONIST))


def test_what_was_booked_before_is_moved_like_everything_else(before: Engine) -> None:
    migrations.upgrade(before)
    with Session(before.execution_options(is_writer=True)) as session:
        booked = session.get_one(Appointment, UUID(int=11))
        type_ = booked.appointment_type
        assert type_ is not None
        assert (type_.name, type_.minutes) == ("Consultation", 30)
        free = find_slots(session, booked.service, SlotQuery(type=type_, limit=1), now=now())[0]
        wish = MoveRequest(
            version=1, idempotency_key="a", schedule_id=free.schedule_id, starts_at=free.starts_at
        )
        assert move_appointment(session, reception(session), booked.id, wish).starts_at == free.starts_at


def test_whoever_was_not_seen_before_is_asked_to_be_seen(before: Engine) -> None:
    migrations.upgrade(before)
    with Session(before) as session:
        found = {each.appointment_id.int: each for each in session.scalars(select(FollowUpRequest))}
        # What is further back than the list looks stays as it is.
        assert sorted(found) == [12, 14, 15, 16, 17]
        assert {key: found[key].reason for key in found} == {
            12: FollowUpReason.CANCELLED,
            14: FollowUpReason.CANCELLED,
            15: FollowUpReason.NOSHOW,
            16: FollowUpReason.NOT_REACHED,
            17: FollowUpReason.SEE_AGAIN,
        }
        # Of somebody who has a later appointment nothing is asked any more.
        assert found[12].status is FollowUpStatus.COMPLETED
        assert found[12].booked_appointment_id == UUID(int=11)
        assert found[14].status is FollowUpStatus.ACTIVE
        assert found[14].patient == session.get_one(Patient, UUID(int=GWEN))
        assert found[14].owner_id == UUID(int=CLINICIAN)
        assert found[14].see_by > now().date() + 28 * DAY
        assert count_who_fell_out(session, [UUID(int=SERVICE)], now() - 90 * DAY) == 0
