"""`telehealth audit`: seal, verify and export the trail."""

import sys
from pathlib import Path

import click
from sqlalchemy import select

from telehealth import logs
from telehealth.audit.domain.check import Report
from telehealth.commands.settings import fail, read_config
from telehealth.config import Config
from telehealth.db import Database, make_engine
from telehealth.migrations import is_current

FILE = click.Path(path_type=Path, dir_okay=False)
EXISTING_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)


@click.group()
def audit() -> None:
    """The audit trail: is it whole, and a copy of it."""


@audit.command()
def seal() -> None:
    """Link what is not sealed yet. The running service does it every second."""
    from telehealth.audit.services.sealer import Sealer

    config = read_config()
    # Log lines go to standard error, as in the service.
    logs.configure(config.log_format)
    count = Sealer(_database(config), config.instance_path).seal()
    click.echo(f"{_events(count)} sealed." if count else "Everything is sealed already.")


@audit.command()
@click.option(
    "--export", type=EXISTING_FILE, help="Check this export: without a database and without settings."
)
@click.option(
    "--heads",
    type=EXISTING_FILE,
    help="The published heads (default: audit-heads.jsonl in the instance folder).",
)
def verify(export: Path | None, heads: Path | None) -> None:
    """Say whether the trail is whole, or name the first place where it is not. Ends with 0 or 1."""
    from telehealth.audit.services.heads import FILE_NAME
    from telehealth.audit.services.verify import verify_database, verify_export

    if export is not None:
        report = verify_export(export, heads)
    else:
        config = read_config()
        published = config.instance_path / FILE_NAME
        heads = heads or (published if published.exists() else None)
        with _database(config).reading() as session:
            report = verify_database(session, heads)
    _tell(report, heads)
    sys.exit(1 if report.problem else 0)


@audit.command()
@click.option("--to", "path", type=FILE, required=True, help="The file to write: JSON lines.")
@click.option(
    "--organisation", help="The name of the organisation whose events to export; of others' only the hashes."
)
def export(path: Path, organisation: str | None) -> None:
    """Write the trail to a file that `telehealth audit verify --export` can check."""
    from telehealth.accounts.models import Organisation
    from telehealth.actor import system
    from telehealth.audit.services import record_event
    from telehealth.audit.services.export import write_export
    from telehealth.audit.services.sealer import Sealer

    config = read_config()
    logs.configure(config.log_format)
    database = _database(config)
    with database.transaction() as session:
        wanted = None
        if organisation is not None:
            wanted = session.scalar(select(Organisation.id).where(Organisation.name == organisation))
            if wanted is None:
                fail(f"There is no organisation named {organisation!r}.")
        # Before the file is written: the export tells of itself.
        record_event(
            session, system(wanted), "audit.exported", subject_kind="audit", subject_id=wanted, reason="file"
        )
    Sealer(database, config.instance_path).seal()
    try:
        with database.reading() as session:
            count, head = write_export(session, path, wanted)
    except OSError as error:
        fail(f"The export cannot be written: {error.strerror}. Choose another file: --to FILE")
    click.echo(f"{_events(count)} exported to {path}, up to seal {head.sequence if head else 0:,}.")


def _database(config: Config) -> Database:
    engine = make_engine(config.database_url)
    if not is_current(engine):
        fail("The database is not at the version of this program. Run: telehealth db upgrade")
    return Database(engine)


def _tell(report: Report, heads: Path | None) -> None:
    if report.problem:
        click.echo(report.problem)
    checked = (
        f"{'Whole until there' if report.problem else 'Checked'}: {_events(report.seals)} with their seals"
    )
    if report.withheld:
        checked += f" ({report.withheld:,} of other organisations by their hashes alone)"
    if heads is not None:
        checked += f", {report.heads:,} published heads"
    click.echo(f"{checked}.")
    if report.head is not None:
        click.echo(
            f"Head: seal {report.head.sequence:,} of {report.head.sealed_at}, {report.head.chain_hash}"
        )
    if report.first_late is not None:
        first = report.first_late
        click.echo(
            f"Note: sealed more than an hour after they were recorded: {_events(report.late)}; the first is "
            f"{first.event_id} (seal {first.sequence:,}). Was the service stopped then?"
        )
    if heads is None:
        click.echo("Note: without the published heads (--heads FILE) a cut-off end cannot be noticed.")
    if not report.problem:
        click.echo("The audit trail is whole.")


def _events(count: int) -> str:
    return "1 event" if count == 1 else f"{count:,} events"
