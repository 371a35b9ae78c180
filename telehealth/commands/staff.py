"""`telehealth create-service` and `create-staff`: from an empty database to the first person who can sign in."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from sqlalchemy import make_url, select
from sqlalchemy.orm import Session

from telehealth.accounts.domain.nations import NATIONS
from telehealth.actor import Role, system
from telehealth.commands.settings import fail, read_config
from telehealth.config import Config
from telehealth.db import Database, make_engine
from telehealth.errors import Conflict, DomainError
from telehealth.migrations import is_current

if TYPE_CHECKING:
    from telehealth.accounts.models import HealthcareService


@click.command("create-service")
@click.option("--organisation", prompt=True, help="Who runs the service; made if it is new.")
@click.option("--name", prompt=True, help="The service's name, as patients see it.")
@click.option("--phone", prompt=True, help="The number that patients call.")
@click.option("--nation", type=click.Choice(NATIONS), prompt=True, help="Whose bank holidays apply.")
@click.option("--time-zone", default="Europe/London", show_default=True)
@click.option("--restricted", is_flag=True, help='To everybody outside it, its appointments are only "busy".')
def create_service_command(
    *, organisation: str, name: str, phone: str, nation: str, time_zone: str, restricted: bool
) -> None:
    """Make a service, and its organisation if that is new."""
    from telehealth.accounts.services.staff import create_service, find_or_make_organisation

    config = read_config()
    try:
        with _transaction(config) as session:
            create_service(
                session,
                system(),
                organisation_id=find_or_make_organisation(session, organisation.strip()).id,
                name=name.strip(),
                phone=phone.strip(),
                nation=nation,
                time_zone=time_zone,
                is_restricted=restricted,
            )
    except DomainError as error:
        fail(error.message)
    click.echo(f"The service {name.strip()!r} is made. Its first administrator:")
    click.echo(
        f'  telehealth create-staff --service "{name.strip()}" --role administrator --email … --name "…"'
    )


@click.command("create-staff")
@click.option("--email", prompt=True, help="The address with which they sign in.")
@click.option(
    "--name",
    default="",
    help='First and last name. Instead of it: --given-name and --family-name, for example of "Ana de la Cruz".',
)
@click.option("--service", prompt=True, help="The name of the service.")
@click.option("--organisation", default="", help="Where two organisations have a service of this name.")
@click.option(
    "--role",
    "roles",
    type=click.Choice([role.value for role in Role]),
    multiple=True,
    required=True,
    help="Can be given several times.",
)
@click.option("--prefix", default="", help="For example Dr.")
@click.option("--given-name", default="")
@click.option("--family-name", default="")
def create_staff(
    *,
    email: str,
    name: str,
    service: str,
    organisation: str,
    roles: tuple[str, ...],
    prefix: str,
    given_name: str,
    family_name: str,
) -> None:
    """Make an account without a password, and print the link with which its owner chooses one."""
    from telehealth.accounts.models import SetUpPurpose
    from telehealth.accounts.services.set_up import LIVES
    from telehealth.admin.services.staff import NewStaff, add_staff

    config = read_config()
    address = _address(email, config)
    if not (given_name.strip() or family_name.strip()):
        given_name, _, family_name = name.strip().rpartition(" ")
    names = [text.strip() for text in (prefix, given_name, family_name)]
    if not names[2] or (Role.CLINICIAN in map(Role, roles) and not names[1]):
        fail("Give the name, of a clinician first and last: --name, or --given-name and --family-name.")
    if len(names[0]) > 20 or max(map(len, names)) > 90:
        fail("A prefix may have 20 characters, a name 90.")
    try:
        with _transaction(config) as session:
            found = _find_service(session, service.strip(), organisation.strip())
            wanted = NewStaff(
                email=address,
                prefix=names[0],
                given_name=names[1],
                family_name=names[2],
                roles=frozenset((found.id, Role(role)) for role in roles),
            )
            account, token = add_staff(session, system(found.organisation_id), wanted)
    except Conflict as error:
        fail(
            f"{error.message} An administrator can make a new link for its owner: {config.base_url}/admin/staff"
        )
    except DomainError as error:
        fail(error.message)
    days = LIVES[SetUpPurpose.FIRST_SIGN_IN].days
    click.echo(
        f"{account.display_name} can choose a password with this link. It works once, for {days} days:"
    )
    click.echo(f"  {config.base_url}/welcome/{token}")


@contextmanager
def _transaction(config: Config) -> Iterator[Session]:
    url = make_url(config.database_url)
    engine = make_engine(config.database_url)
    try:
        # Asking SQLite would make the file, or fail without its folder.
        is_missing = url.drivername == "sqlite" and not Path(url.database or "").exists()
        if is_missing or not is_current(engine):
            fail("The database is not at the version of this program. Run: telehealth db upgrade")
        with Database(engine).transaction() as session:
            yield session
    finally:
        engine.dispose()


def _address(email: str, config: Config) -> str:
    from telehealth.accounts.services.contacts import normal_email_or_none
    from telehealth.demo.cast import DOMAIN

    address = normal_email_or_none(email.strip())
    if address is None:
        fail(f"{email!r} is not an email address. Write it like name@example.org")
    if address.lower().endswith(DOMAIN) and not config.is_demo:
        # The next start would refuse to go on because of it.
        fail(f"Addresses that end in {DOMAIN} belong to the demo. Use the person's own address.")
    return address


def _find_service(session: Session, name: str, organisation: str) -> "HealthcareService":
    from telehealth.accounts.models import HealthcareService, Organisation

    everything = session.execute(
        select(HealthcareService, Organisation.name)
        .join(Organisation, Organisation.id == HealthcareService.organisation_id)
        .order_by(Organisation.name, HealthcareService.name)
    ).all()
    found = [service for service, owner in everything if service.name == name and organisation in ("", owner)]
    if len(found) == 1:
        return found[0]
    if not everything:
        fail("There is no service yet. Make one first: telehealth create-service")
    installed = "\n".join(f"  {service.name} ({owner})" for service, owner in everything)
    if found:
        fail(f"Several services are named {name!r}. Say whose it is with --organisation:\n{installed}")
    where = f" of {organisation!r}" if organisation else ""
    return fail(f"There is no service named {name!r}{where}. There are:\n{installed}")
