"""Before the first request: schema, demo data, stale presence, and what to tell the person at the terminal."""

import fcntl
from datetime import date
from pathlib import Path
from typing import IO
from zoneinfo import ZoneInfo

import click
from sqlalchemy.orm import Session

from telehealth.booking.services.links import LinkSigner, make_link
from telehealth.clock import now
from telehealth.config import Config
from telehealth.db import Database, make_engine
from telehealth.demo import cast
from telehealth.demo.data import default_accounts, demo_service, make_demo, open_appointments
from telehealth.errors import Conflict
from telehealth.key_rotation import require_keys
from telehealth.migrations import is_current, upgrade
from telehealth.sealing import install
from telehealth.video.services.room import forget_pages


def hold_instance(instance_path: Path) -> IO[str] | None:
    """A lock on the instance folder, held as long as the file stays open; None where another process holds it."""
    instance_path.mkdir(parents=True, exist_ok=True)
    lock = (instance_path / "running.lock").open("w", encoding="ascii")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    return lock


def prepare(config: Config, *, is_starting: bool) -> None:
    """Upgrade the database and make the demo; `is_starting`: also forget the sockets of the process before.

    Not while the service runs: it would throw everybody out of their rooms.
    Raises KeyMissing where something stored is sealed under a key that the ring lacks.
    """
    config.instance_path.mkdir(parents=True, exist_ok=True)
    install(config.key_ring)
    engine = make_engine(config.database_url)
    upgrade(engine)
    database = Database(engine)
    with database.transaction() as session:
        require_keys(session)
        if is_starting:
            forget_pages(session)
        if config.is_demo:
            make_demo(session, config.demo_password or cast.DEFAULT_PASSWORD, now())
        else:
            _refuse_default_accounts(session)
    database.update_statistics()
    engine.dispose()


def prepare_to_serve(config: Config) -> None:
    """The same for a WSGI server of one's own, on a schema that `telehealth db upgrade` brought up to date.

    Raises KeyMissing and Conflict. An old schema is left alone: `/readyz` says so.
    """
    install(config.key_ring)
    engine = make_engine(config.database_url)
    if is_current(engine):
        with Database(engine).transaction() as session:
            require_keys(session)
            forget_pages(session)
            if not config.is_demo:
                _refuse_default_accounts(session)
    engine.dispose()


def _refuse_default_accounts(session: Session) -> None:
    found = default_accounts(session)
    if found:
        raise Conflict(
            "default-accounts",
            f"This database has the demo's accounts, whose password everybody can read: {', '.join(found)}. "
            "Use a database of its own for the real service (TELEHEALTH_DATABASE_URL, TELEHEALTH_INSTANCE_PATH), "
            "or start the demo: telehealth run --demo",
        )


def announce(config: Config) -> None:
    """Say where the service is; in demo mode also who can sign in, the join links, and how to stop and reset."""
    click.echo(f"\n  {config.service_name}: {config.base_url}\n")
    if not config.is_demo:
        click.echo("  Stop with Ctrl-C.\n")
        return
    password = config.demo_password or cast.DEFAULT_PASSWORD
    click.echo(f"  Staff sign in at {config.base_url}/sign-in with the password: {password}")
    for email, what in _accounts():
        click.echo(f"    {email:<26} {what}")
    click.echo("    A second step (passkey or app) is offered, not asked for: only in this demonstration.")
    click.echo(
        f"\n  Patients and carers sign in at {config.base_url}/my/sign-in with an email and a date of birth:"
    )
    for email, what in _own_accounts():
        click.echo(f"    {email:<29} {what}")
    click.echo(f"    Nothing is sent: emails are files in {config.instance_path / 'outbox'}")
    click.echo("\n  Join links, as a patient's text message carries them:")
    engine = make_engine(config.database_url)
    signer = LinkSigner(config.secret_key)
    with Database(engine).transaction() as session:
        service = demo_service(session)
        for appointment in open_appointments(session, service, now()):
            link = f"{config.base_url}/join/{signer.sign(make_link(session, appointment).id)}"
            patient = appointment.patient
            born = _typed(patient.birth_date)
            starts = f"{appointment.starts_at.astimezone(ZoneInfo(service.time_zone)):%H:%M}"
            click.echo(
                f"    {starts} {patient.display_name} (date of birth {born}) "
                f"with {appointment.clinician_name}\n          {link}"
            )
    engine.dispose()
    click.echo(f"\n  Data: {config.instance_path}   Stop: Ctrl-C   Start anew: make reset\n")


def _own_accounts() -> list[tuple[str, str]]:
    """A patient, and a carer with the patient for whom they may act."""
    patients = {patient.nhs_number: patient for patient in cast.PATIENTS}
    first, cared_for = next(iter(cast.PATIENTS)), patients[cast.CARED_FOR]
    carer = cast.CARER
    carer_name = f"{carer.given_name} {carer.family_name}"
    cared_for_name = f"{cared_for.given_name} {cared_for.family_name}"
    return [
        (first.email or "", f"{first.given_name} {first.family_name}, born {_typed(first.birth_date)}"),
        (
            carer.email or "",
            f"{carer_name}, born {_typed(carer.birth_date)}, {carer.relationship_text} of {cared_for_name}",
        ),
    ]


def _typed(born: date) -> str:
    """A date of birth as it is typed into the three fields."""
    return f"{born.day} {born.month} {born.year}"


def _accounts() -> list[tuple[str, str]]:
    return [
        (cast.RECEPTIONIST[1], f"{cast.RECEPTIONIST[0]}, receptionist"),
        *(
            (person.email, f"{person.prefix} {person.given_name} {person.family_name}, clinician")
            for person in cast.CLINICIANS
        ),
        (cast.ADMINISTRATOR[1], f"{cast.ADMINISTRATOR[0]}, administrator"),
    ]
