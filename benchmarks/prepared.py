"""The data of the booking bench, and what its requests need to know of it."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from benchmarks import dataset
from telehealth import migrations
from telehealth.accounts.models import Account, AccountRole, HealthcareService, Patient
from telehealth.accounts.services.sign_in import actor_of
from telehealth.actor import Role
from telehealth.booking.domain.appointment import Mode
from telehealth.booking.models import Appointment, AppointmentType, Schedule
from telehealth.booking.services.availability import SlotQuery, find_slots
from telehealth.booking.services.holds import MOST_BY_STAFF, hold_slot
from telehealth.clock import now
from telehealth.db import Database, make_engine
from telehealth.keyring import new_key_line
from tests.attack.stage import make_cookie
from tests.postgres import PostgresServer


@dataclass(frozen=True, slots=True)
class Facts:
    """What requests need to know of the data."""

    type: str
    practitioners: Sequence[UUID]
    monday: str
    cookies: Sequence[str]
    reference: str
    patient: Patient


@dataclass(frozen=True, slots=True)
class Held:
    """A time that a receptionist keeps, ready to be booked."""

    cookie: str
    path: str


def read_facts(database: Database) -> Facts:
    with database.transaction() as session:
        type_ = session.scalars(select(AppointmentType)).one()
        schedules = session.scalars(select(Schedule)).all()
        today = now().date()
        appointment = session.scalars(select(Appointment).order_by(Appointment.starts_at).limit(1)).one()
        return Facts(
            type=str(type_.id),
            practitioners=[each.practitioner_id for each in schedules if each.practitioner_id],
            monday=(today + timedelta(days=7 - today.weekday())).isoformat(),
            cookies=[make_cookie(session, account) for account in _receptionists(session)],
            reference=appointment.reference,
            patient=session.get_one(Patient, appointment.patient_id),
        )


def hold_times(database: Database, facts: Facts, count: int) -> list[Held]:
    """Ten for each receptionist, of times that are free, each for another patient."""
    with database.transaction() as session:
        type_ = session.get_one(AppointmentType, UUID(facts.type))
        service = session.get_one(HealthcareService, type_.service_id)
        actors = [actor_of(account) for account in _receptionists(session)]
        query = SlotQuery(type=type_, from_date=date.fromisoformat(facts.monday), days=21)
        slots = find_slots(session, service, query, now=now())
        patients = session.scalars(
            select(Patient.id).where(Patient.is_verified).order_by(Patient.id).limit(count)
        ).all()
        held = []
        for number, (slot, patient_id) in enumerate(zip(slots[:count], patients, strict=True)):
            desk = number // MOST_BY_STAFF
            hold = hold_slot(
                session,
                actors[desk],
                service,
                slot,
                type_=type_,
                mode=Mode.VIDEO,
                owner=actors[desk].key,
            )
            held.append(Held(facts.cookies[desk], f"/desk/patients/{patient_id}/holds/{hold.id}"))
        return held


def _receptionists(session: Session) -> Sequence[Account]:
    desk = select(Account).join(AccountRole).where(AccountRole.role == Role.RECEPTIONIST)
    return session.scalars(desk.order_by(Account.email)).unique().all()


def keep_keys() -> str:
    """The key ring of the benches: kept beside the kept database, whose phone numbers it finds again."""
    path = Path(tempfile.gettempdir()) / "telehealth-bench.keys"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(new_key_line("bench"), encoding="ascii")
    return path.read_text(encoding="ascii")


def copy_of_sqlite(folder: Path) -> str:
    """Filled once a day and kept in the temporary folder: it takes most of a minute."""
    versions = sorted((Path(migrations.__file__).parent / "versions").glob("*.py"))
    made_by = b"".join(path.read_bytes() for path in (Path(dataset.__file__), *versions))
    made_by += keep_keys().encode()
    kept = (
        Path(tempfile.gettempdir())
        / f"telehealth-bench-{now().date()}-{sha256(made_by).hexdigest()[:12]}.sqlite3"
    )
    for outdated in set(kept.parent.glob("telehealth-bench-*.sqlite3*")) - {kept}:
        outdated.unlink()
    if not kept.exists():
        making = kept.with_suffix(".part")
        making.unlink(missing_ok=True)
        _fill(f"sqlite:///{making}")
        making.rename(kept)
    path = shutil.copyfile(kept, folder / "bench.sqlite3")
    return f"sqlite:///{path}"


@contextmanager
def filled_postgresql() -> Iterator[str]:
    server = PostgresServer.start()
    try:
        url = server.create("bench")
        _fill(url)
        yield url
    finally:
        server.stop()


def _fill(url: str) -> None:
    engine = make_engine(url)
    migrations.upgrade(engine)
    dataset.fill(Database(engine))
    engine.dispose()
