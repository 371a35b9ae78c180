"""`telehealth keys`: the key ring under which stored text is sealed."""

import sys

import click

from telehealth.clock import now
from telehealth.commands.settings import fail, read_config
from telehealth.db import Database, make_engine
from telehealth.keyring import KeyRing, KeyRingError, new_key_line


@click.group()
def keys() -> None:
    """The keys under which notes and contact details are sealed."""


@keys.command()
@click.option("--id", "name", help="The key's name (default: today's date).")
def new(name: str | None) -> None:
    """Print a new key. Put its line first in TELEHEALTH_KEYS; the lines before it stay below."""
    line = new_key_line(name or f"{now():%Y-%m-%d}")
    try:
        KeyRing.parse(line)
    except KeyRingError:
        fail("--id may have 1 to 40 letters, digits, dots, dashes and underscores.")
    click.echo(line)
    click.echo(
        "Put this line first in TELEHEALTH_KEYS or its file, keep the others below it, and keep a copy apart from the "
        "database: without it nobody can read what is sealed. Then restart the service, and run: telehealth keys rotate",
        err=True,
    )


@keys.command()
def status() -> None:
    """Say how many rows are under which key, which keys can go and which are missing. Ends with 0 or 1."""
    from telehealth.key_rotation import count_row_keys

    config = read_config()
    with Database(make_engine(config.database_url)).reading() as session:
        counts = count_row_keys(session)
    has_missing = False
    for name, count in counts.items():
        is_known = name in config.key_ring.keys
        has_missing = has_missing or not is_known
        if not is_known:
            state = "MISSING: add its line to the key ring again, or these rows cannot be read"
        elif name == config.key_ring.active:
            state = "active"
        elif count:
            state = "in use: telehealth keys rotate moves its rows under the active key"
        else:
            state = "not in use: once no backup needs it, its line can be removed"
        click.echo(f"{name:<20} {count:>12,}  {state}")
    sys.exit(1 if has_missing else 0)


@keys.command()
def rotate() -> None:
    """Wrap the rows' keys under the first key of the ring. Can be stopped and started again at any time."""
    from telehealth.actor import system
    from telehealth.audit.services import record_event
    from telehealth.key_rotation import rotate_keys
    from telehealth.sealing import KeyMissing

    config = read_config()
    database = Database(make_engine(config.database_url))
    try:
        done = rotate_keys(database, lambda count, total: click.echo(f"{count:,} of {total:,}"))
    except KeyMissing as error:
        fail(str(error))
    active = config.key_ring.active
    if done.count:
        with database.transaction() as session:
            record_event(
                session,
                system(),
                "keys.rotated",
                subject_kind="keys",
                subject_id=None,
                reason=f"{done.count} rows to {active}",
            )
    if done.broken:
        for place in done.broken:
            click.echo(f"The key of {place} was altered: it does not open.", err=True)
        fail("All other rows are under the active key. Restore these rows' keys from a backup.")
    click.echo(
        f"{done.count:,} rows are now under {active!r}."
        if done.count
        else f"All rows are under {active!r} already."
    )
