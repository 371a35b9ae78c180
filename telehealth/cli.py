"""The `telehealth` command."""

import click

from telehealth import logs
from telehealth.commands.audit import audit
from telehealth.commands.keys import keys
from telehealth.commands.settings import fail, read_config
from telehealth.commands.staff import create_service_command, create_staff
from telehealth.db import make_engine
from telehealth.errors import DomainError
from telehealth.migrations import is_current, upgrade
from telehealth.sealing import KeyMissing


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
    except KeyMissing as error:
        fail(str(error))
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
    try:
        upgrade(engine)
    except KeyMissing as error:
        fail(str(error))
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
    except KeyMissing as error:
        fail(str(error))
    announce(config)


main.add_command(audit)
main.add_command(create_service_command)
main.add_command(create_staff)
main.add_command(keys)

if __name__ == "__main__":
    main()
