"""Before the first request: schema, demo data, stale presence, and what to tell the person at the terminal."""

import fcntl
from pathlib import Path
from typing import IO
from zoneinfo import ZoneInfo

import click

from telehealth.booking.services.links import LinkSigner, make_link
from telehealth.clock import now
from telehealth.config import Config
from telehealth.db import Database, make_engine
from telehealth.demo import cast
from telehealth.demo.data import make_demo, open_appointments
from telehealth.migrations import upgrade
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
    """
    config.instance_path.mkdir(parents=True, exist_ok=True)
    engine = make_engine(config.database_url)
    upgrade(engine)
    database = Database(engine)
    with database.transaction() as session:
        if is_starting:
            forget_pages(session)
        if config.is_demo:
            make_demo(session, config.demo_password or cast.DEFAULT_PASSWORD, now())
    engine.dispose()


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
    click.echo("\n  Join links, as a patient's text message carries them:")
    engine = make_engine(config.database_url)
    signer = LinkSigner(config.secret_key)
    with Database(engine).transaction() as session:
        service = make_demo(session, password, now())
        for appointment in open_appointments(session, service, now()):
            link = f"{config.base_url}/join/{signer.sign(make_link(session, appointment).id)}"
            patient = appointment.patient
            born = f"{patient.birth_date.day} {patient.birth_date.month} {patient.birth_date.year}"
            starts = f"{appointment.starts_at.astimezone(ZoneInfo(service.time_zone)):%H:%M}"
            click.echo(
                f"    {starts} {patient.display_name} (date of birth {born}) "
                f"with {appointment.practitioner.display_name}\n          {link}"
            )
    engine.dispose()
    click.echo(f"\n  Data: {config.instance_path}   Stop: Ctrl-C   Start anew: make reset\n")


def _accounts() -> list[tuple[str, str]]:
    return [
        (cast.RECEPTIONIST[1], f"{cast.RECEPTIONIST[0]}, receptionist"),
        *(
            (person.email, f"{person.prefix} {person.given_name} {person.family_name}, clinician")
            for person in cast.CLINICIANS
        ),
        (cast.ADMINISTRATOR[1], f"{cast.ADMINISTRATOR[0]}, administrator"),
    ]
