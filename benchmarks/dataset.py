"""A service of some size: 200,000 patients, and 300,000 appointments with 40 clinicians who are four fifths booked."""

import random
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
from sqlalchemy import Connection, make_url, text

from telehealth.accounts.models import Organisation
from telehealth.accounts.models.name_word import name_rows
from telehealth.accounts.services.contacts import hash_of_last_four, hash_of_phone
from telehealth.actor import Role
from telehealth.booking.domain.reference import make_reference
from telehealth.clock import now
from telehealth.db import Database
from telehealth.sealing import LOOKUP_ROW, RowKey
from tests.factories import make_account, make_clinician, make_schedule, make_service, type_of

PATIENTS = 200_000
APPOINTMENTS = 300_000
CLINICIANS = 40
# Each may keep ten times at once: as many as a bench books.
RECEPTIONISTS = 60
WEEKS_AHEAD = 14
OPENS, CLOSES, MINUTES = time(9), time(17), 15
SHARE_BOOKED = 0.8
# Work that waits for somebody: one of so many patients registered online and is not known yet, one of so many past
# appointments has no end, one of so many leads to a request to see the patient again.
UNKNOWN_EACH, UNENDED_EACH, SEEN_AGAIN_EACH = 500, 400, 150
ZONE = ZoneInfo("Europe/London")
SEED = 4
# fmt: off
GIVEN = (
    "Aisha", "Aled", "Amara", "Anwen", "Arthur", "Beatrice", "Bethan", "Carys", "Catrin", "Charlotte",
    "Daniel", "David", "Dilys", "Eirlys", "Eleri", "Elin", "Emma", "Ffion", "Fiona", "Gareth", "George",
    "Gwen", "Harriet", "Hassan", "Huw", "Iestyn", "Ioan", "Isla", "Jack", "James", "Jasmine", "John",
    "Karen", "Lowri", "Margaret", "Mary", "Megan", "Mohammed", "Nia", "Noah", "Olivia", "Owain", "Patrick",
    "Paul", "Priya", "Rhian", "Rhys", "Robert", "Rosa", "Ruth", "Sarah", "Siân", "Sofia", "Susan", "Thomas",
    "Tomos", "Ursula", "Victoria", "William", "Yusuf", "Zoe",
)
FAMILY_BEGINS = (
    "Ab", "Ad", "Bar", "Ben", "Black", "Bow", "Brad", "Bur", "Cal", "Car", "Chap", "Clay", "Cold", "Craw",
    "Dal", "Dar", "Dun", "East", "El", "Fair", "Far", "Fen", "Glad", "Good", "Green", "Hal", "Ham", "Har",
    "Hart", "Hay", "Hol", "Hop", "Ken", "Kirk", "Lang", "Law", "Len", "Lin", "Long", "Mar", "Mat", "Mel",
    "Mill", "Mor", "Nor", "Oak", "Old", "Pen", "Pres", "Quin", "Rad", "Red", "Ros", "Rush", "Sal", "Sand",
    "Shaw", "Sher", "Stan", "Stock", "Sut", "Tal", "Thorn", "Tor", "Up", "Van", "Wal", "Ward", "Wat", "Wes",
    "Whit", "Win", "Wood", "York",
)
FAMILY_ENDS = (
    "bury", "by", "cliffe", "combe", "cote", "croft", "dale", "den", "don", "field", "ford", "gate", "ham",
    "hurst", "ing", "ley", "low", "man", "more", "ridge", "sby", "ser", "son", "stead", "ston", "ter",
    "ton", "wick", "well", "wood", "worth",
)
FAMILY_WELSH = (
    "Davies", "Edwards", "Ellis", "Evans", "Griffiths", "Hughes", "Humphreys", "James", "Jenkins", "Jones",
    "Lewis", "Lloyd", "Morgan", "Morris", "Owen", "Parry", "Pritchard", "Pugh", "Rees", "Roberts", "Thomas",
    "Williams", "MacDonald", "O'Neill", "Singh", "Khan", "Patel", "Novak", "Smith-Jones",
)
# fmt: on

Row = tuple[object, ...]

_RULES_OF_SQLITE = """
SELECT 'DROP ' || type || ' ' || name, sql FROM sqlite_master
WHERE tbl_name IN ('appointment', 'appointment_history', 'claim', 'patient', 'patient_name_word')
  AND type IN ('trigger', 'index') AND sql IS NOT NULL
"""
_RULES_OF_POSTGRESQL = """
SELECT format('ALTER TABLE claim DROP CONSTRAINT %I', conname),
  format('ALTER TABLE claim ADD CONSTRAINT %I %s', conname, pg_get_constraintdef(oid))
FROM pg_constraint WHERE conrelid = 'claim'::regclass AND contype = 'x'
UNION ALL
SELECT format('DROP INDEX %I', indexname), indexdef FROM pg_indexes
WHERE tablename IN ('appointment', 'appointment_history', 'claim', 'patient', 'patient_name_word') AND schemaname = 'public'
  AND indexname NOT IN (SELECT conname FROM pg_constraint)
"""


@dataclass(frozen=True, slots=True)
class People:
    """Keys as 32 hexadecimal digits."""

    organisation: str
    service: str
    type: str
    clinicians: tuple[str, ...]
    schedules: tuple[str, ...]


def fill(database: Database) -> None:
    """Write all of it into a migrated, empty database."""
    people, hashes = _make_people(database)
    chance = random.Random(SEED)  # noqa: S311 - nothing secret
    patients = [_key(chance) for _ in range(PATIENTS)]
    with database.engine.connect() as connection, _without_rules(connection):
        rows = list(_patients(people, patients, hashes, chance))
        _write(connection, "patient", rows)
        _write(connection, "patient_name_word", (word for row in rows for word in _words(row)))
        booked = list(_appointments(people, patients, chance))
        named = zip(booked, _references(len(booked)), strict=True)
        _write(connection, "appointment", (made.row(people, reference) for made, reference in named))
        _write(connection, "claim", (row for made in booked for row in made.claims(people, chance)))
        _write(connection, "appointment_history", (made.history(people, chance) for made in booked))
        _write(connection, "follow_up_request", _follow_ups(people, booked, chance))


def _make_people(database: Database) -> tuple[People, list[tuple[bytes, bytes]]]:
    with database.transaction() as session:
        organisation = Organisation(name="Hillside Health")
        session.add(organisation)
        session.flush()
        service = make_service(session, organisation, "Hillside Clinic")
        service.closes_on_bank_holidays = False
        clinicians = [
            make_clinician(session, service, f"{GIVEN[number]}", f"{FAMILY_WELSH[number % 20]}")
            for number in range(CLINICIANS)
        ]
        schedules = [
            make_schedule(
                session,
                service,
                person.practitioner_id,
                slot_minutes=MINUTES,
                rrule="FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
                first_date=date(2024, 1, 1),
                starts=OPENS,
                ends=CLOSES,
                is_extra=False,
            )
            for person in clinicians
        ]
        for number in range(RECEPTIONISTS):
            make_account(session, service, f"reception{number}", Role.RECEPTIONIST)
        # Kept, so that the session does not read and open its key for each of them.
        hash_of_phone(session, phone_of(0))
        kept = session.get(RowKey, LOOKUP_ROW)
        last_four = [hash_of_last_four(session, f"{number:04}") for number in range(10_000)]
        hashes = [
            (hash_of_phone(session, phone_of(number)), last_four[number % 10_000])
            for number in range(PATIENTS)
        ]
        assert kept is not None
        people = People(
            organisation=organisation.id.hex,
            service=service.id.hex,
            type=type_of(session, service).id.hex,
            clinicians=tuple(person.practitioner_id.hex for person in clinicians if person.practitioner_id),
            schedules=tuple(schedule.id.hex for schedule in schedules),
        )
    return people, hashes


def phone_of(number: int) -> str:
    """In E.164, of the patient of this number."""
    return f"+447700{number:06}"


def nhs_number_of(number: int) -> str:
    """A valid one in the range that is kept for tests, of the patient of this number."""
    body = f"999{number:06}"
    check = 11 - sum(int(digit) * (10 - at) for at, digit in enumerate(body)) % 11
    # A number whose check would be 10 is not used: one of another range stands for it.
    return nhs_number_of(number + 500_000) if check == 10 else f"{body}{check % 11}"


def _patients(
    people: People, keys: Sequence[str], hashes: Sequence[tuple[bytes, bytes]], chance: random.Random
) -> Iterator[dict[str, object]]:
    born = date(1930, 1, 1)
    families = [*FAMILY_WELSH * 20, *(begin + end for begin in FAMILY_BEGINS for end in FAMILY_ENDS)]
    made_at = _stored(now())
    seen = set[str]()
    for number, key in enumerate(keys):
        nhs_number = nhs_number_of(number)
        phone_hash, last_four_hash = hashes[number]
        yield {
            "id": key,
            "organisation_id": people.organisation,
            "nhs_number": None if nhs_number in seen else nhs_number,
            "given_name": chance.choice(GIVEN),
            "family_name": chance.choice(families),
            "birth_date": (born + timedelta(days=chance.randrange(33_000))).isoformat(),
            "phone_hash": phone_hash,
            "phone_last_four_hash": last_four_hash,
            "is_verified": int(number % UNKNOWN_EACH > 0),
            "interpreter_language": "",
            "created_at": made_at,
        }
        seen.add(nhs_number)


def _references(number: int) -> set[str]:
    """All different: among so many random ones two are the same in one filling of twenty or so."""
    found: set[str] = set()
    while len(found) < number:
        found.add(make_reference())
    return found


def _words(patient: dict[str, object]) -> Iterator[dict[str, object]]:
    for word, sound in _words_of(str(patient["given_name"]), str(patient["family_name"])):
        yield {
            "patient_id": patient["id"],
            "word": word,
            "organisation_id": patient["organisation_id"],
            "sound": sound,
        }


@cache
def _words_of(given_name: str, family_name: str) -> list[tuple[str, str]]:
    rows = name_rows(UUID(int=0), UUID(int=0), given_name, family_name)
    return [(row["word"], row["sound"]) for row in rows]


@dataclass(frozen=True, slots=True)
class Booked:
    key: str
    clinician: str
    patient: str
    starts_at: str
    ends_at: str
    status: str

    def row(self, people: People, reference: str) -> dict[str, object]:
        return {
            "id": self.key,
            "organisation_id": people.organisation,
            "service_id": people.service,
            "reference": reference,
            "practitioner_id": self.clinician,
            "appointment_type_id": people.type,
            "patient_id": self.patient,
            "status": self.status,
            "mode": "video",
            "starts_at": self.starts_at,
            "ends_at": self.ends_at,
            "is_confidential": 0,
            "is_overbooked": 0,
            "interpreter_language": "",
            "version": 1,
            "created_at": self.starts_at,
        }

    def claims(self, people: People, chance: random.Random) -> Iterator[dict[str, object]]:
        for clinician, patient in ((self.clinician, None), (None, self.patient)):
            yield {
                "id": _key(chance),
                "organisation_id": people.organisation,
                "practitioner_id": clinician,
                "patient_id": patient,
                "appointment_id": self.key,
                "starts_at": self.starts_at,
                "ends_at": self.ends_at,
                "state": "booked",
                "version": 1,
            }

    def history(self, people: People, chance: random.Random) -> dict[str, object]:
        return {
            "id": _key(chance),
            "organisation_id": people.organisation,
            "appointment_id": self.key,
            "version": 1,
            "change": "booked",
            "status": self.status,
            "starts_at": self.starts_at,
            "ends_at": self.ends_at,
            "practitioner_id": self.clinician,
            "changed_at": self.starts_at,
            "changed_by": "system",
            "reason": "",
        }


def _appointments(people: People, patients: Sequence[str], chance: random.Random) -> Iterator[Booked]:
    """Backwards from the last week, until there are enough. One after the other the patients have their turn."""
    today = now().astimezone(ZONE).date()
    day = today + timedelta(weeks=WEEKS_AHEAD)
    made = 0
    while made < APPOINTMENTS:
        day -= timedelta(days=1)
        if day.weekday() > 4:
            continue
        starts_at = datetime.combine(day, OPENS, ZONE).astimezone(UTC)
        closes_at = datetime.combine(day, CLOSES, ZONE).astimezone(UTC)
        while starts_at < closes_at:
            ends_at = starts_at + timedelta(minutes=MINUTES)
            start, end = _stored(starts_at), _stored(ends_at)
            for clinician in people.clinicians:
                if made < APPOINTMENTS and chance.random() < SHARE_BOOKED:
                    number = made * 7 % PATIENTS
                    status = _status(day < today, made, number)
                    yield Booked(_key(chance), clinician, patients[number], start, end, status)
                    made += 1
            starts_at = ends_at


def _status(is_past: bool, made: int, patient: int) -> str:
    if is_past:
        return "booked" if made % UNENDED_EACH == 0 else "fulfilled"
    return "booked" if patient % UNKNOWN_EACH else "pending"


def _follow_ups(
    people: People, booked: Sequence[Booked], chance: random.Random
) -> Iterator[dict[str, object]]:
    today = now().astimezone(ZONE).date()
    for made in booked[::SEEN_AGAIN_EACH]:
        if made.status == "fulfilled":
            yield {
                "id": _key(chance),
                "organisation_id": people.organisation,
                "service_id": people.service,
                "patient_id": made.patient,
                "appointment_id": made.key,
                "reason": "see-again",
                "status": "active",
                "owner_id": made.clinician,
                "see_by": (today + timedelta(days=chance.randrange(-20, 200))).isoformat(),
                "interpreter_language": "",
                "created_at": made.ends_at,
                "created_by": "system",
                "closed_by": "",
                "version": 1,
            }


def _key(chance: random.Random) -> str:
    return f"{chance.getrandbits(128):032x}"


def _stored(instant: datetime) -> str:
    """As SQLite's driver stores it; PostgreSQL reads it as UTC in a session of that zone."""
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def _write(connection: Connection, table: str, rows: Iterable[dict[str, object]]) -> None:
    """Bulk load; all rows have the columns of the first."""
    waiting = iter(rows)
    first = next(waiting)
    columns = ", ".join(first)

    def values() -> Iterator[Row]:
        yield tuple(first.values())
        for row in waiting:
            yield tuple(row.values())

    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(first))
        driver.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", values())  # noqa: S608
        return
    with driver.cursor().copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
        for row in values():
            copy.write_row(row)


@contextmanager
def _without_rules(connection: Connection) -> Iterator[None]:
    """Indexes, and the rules against overlaps, are taken away for the load and made again over all of it."""
    is_sqlite = connection.dialect.name == "sqlite"
    named = connection.execute(text(_RULES_OF_SQLITE if is_sqlite else _RULES_OF_POSTGRESQL)).all()
    if is_sqlite:
        connection.exec_driver_sql("PRAGMA cache_size=-400000")
    else:
        connection.exec_driver_sql("SET TIME ZONE 'UTC'")
        connection.exec_driver_sql("SET maintenance_work_mem = '256MB'")
    for take, _ in named:
        connection.exec_driver_sql(take)
    yield
    for _, give in named:
        connection.exec_driver_sql(give)
    connection.commit()
    if not is_sqlite:
        with psycopg.connect(_plain_url(connection), autocommit=True) as plain:
            # As autovacuum does by itself, later.
            plain.execute("VACUUM ANALYZE")


def _plain_url(connection: Connection) -> str:
    return make_url(connection.engine.url).set(drivername="postgresql").render_as_string(hide_password=False)
