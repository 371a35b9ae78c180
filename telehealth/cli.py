"""The `telehealth` command."""

import os
import sys
from typing import NoReturn

import click

from telehealth import logs
from telehealth.actor import Role, system
from telehealth.config import Config, ConfigError
from telehealth.db import Database, make_engine
from telehealth.errors import DomainError
from telehealth.migrations import is_current, upgrade


def fail(message: str) -> NoReturn:
    click.echo(f"telehealth: {message}", err=True)
    sys.exit(2)


def read_config(*, is_demo: bool = False) -> Config:
    environment = dict(os.environ)
    if is_demo:
        environment["TELEHEALTH_DEMO"] = "1"
        environment.setdefault("TELEHEALTH_LOG_FORMAT", "console")
    try:
        return Config.from_environment(environment)
    except ConfigError as error:
        fail(str(error))


@click.group()
def main() -> None:
    """Online consultations: run the service and look after it."""


@main.command()
@click.option("--demo", is_flag=True, help="With demo data: a service, its people, and a clinic around now.")
def run(demo: bool) -> None:
    """Serve pages and sockets on loopback (PORT, default 5000). Ctrl-C stops all of it."""
    from telehealth.assets import AssetsMissing, asset_url
    from telehealth.server import Server, is_port_free
    from telehealth.startup import announce, hold_instance, prepare

    config = read_config(is_demo=demo)
    logs.configure(config.log_format)
    try:
        asset_url("app.js")
    except AssetsMissing as error:
        fail(str(error))
    if not is_port_free(config.port):
        fail(
            f"Port {config.port} is in use by another program. Stop that one, or choose another port: "
            "PORT=8080 make run"
        )
    # Held until the process ends: two services on one embedded database would end each other's calls.
    running = hold_instance(config.instance_path)
    if running is None:
        fail(
            f"It is running already on the data in {config.instance_path}. Stop that one first, or choose another "
            "folder: TELEHEALTH_INSTANCE_PATH=/path make run"
        )
    try:
        prepare(config, is_starting=True)
    except DomainError as error:
        fail(error.message)
    announce(config)
    Server(config).run()


@main.group()
def db() -> None:
    """The database's schema."""


@db.command("upgrade")
def db_upgrade() -> None:
    """Bring the schema to the newest version."""
    config = read_config()
    config.instance_path.mkdir(parents=True, exist_ok=True)
    engine = make_engine(config.database_url)
    upgrade(engine)
    click.echo("The database schema is up to date." if is_current(engine) else "The schema is not current.")


@main.command()
def demo() -> None:
    """Make or refresh the demo data, and print who can sign in and the join links."""
    from telehealth.startup import announce, prepare

    config = read_config(is_demo=True)
    try:
        prepare(config, is_starting=False)
    except DomainError as error:
        fail(error.message)
    announce(config)


@main.command("create-staff")
@click.option("--email", prompt=True)
@click.option("--name", prompt=True, help="The name that others see.")
@click.option("--service", prompt=True, help="The name of the service.")
@click.option("--role", type=click.Choice([role.value for role in Role]), prompt=True)
@click.password_option()
def create_staff(email: str, name: str, service: str, role: str, password: str) -> None:
    """Make an account for a member of staff of an existing service."""
    from sqlalchemy import select

    from telehealth.accounts.models import HealthcareService
    from telehealth.accounts.services.staff import create_account

    config = read_config()
    database = Database(make_engine(config.database_url))
    try:
        with database.transaction() as session:
            found = session.scalar(select(HealthcareService).where(HealthcareService.name == service))
            if found is None:
                fail(f"There is no service named {service!r}.")
            create_account(
                session,
                system(found.organisation_id),
                organisation_id=found.organisation_id,
                email=email,
                display_name=name,
                password=password,
                roles=[(found.id, Role(role))],
            )
    except DomainError as error:
        fail(error.message)
    click.echo(f"{email} can sign in now.")


if __name__ == "__main__":
    main()
