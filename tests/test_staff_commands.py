"""What `telehealth create-service` and `create-staff` refuse, and what they say then. See test_safe_start.py for the way in."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from telehealth.accounts.models import (
    Account,
    AccountRole,
    HealthcareService,
    Practitioner,
    PractitionerRole,
    SetUpLink,
)
from telehealth.actor import Role
from telehealth.audit.models import AuditEvent
from telehealth.cli import main
from telehealth.db import Database
from tests.keys import KEY_LINE

pytestmark = [pytest.mark.service, pytest.mark.process]

Telehealth = Callable[..., Result]
WALES = ("--nation", "wales", "--phone", "01632 960777")


@pytest.fixture
def telehealth(tmp_path: Path, own_database_url: str) -> Telehealth:
    environment = {
        "TELEHEALTH_BASE_URL": "https://consult.example.org",
        "TELEHEALTH_SECRET_KEY": "kS4xq0vT9mLr2WzYb7NhJc5Uf8Pd1Ga3",
        "TELEHEALTH_KEYS": KEY_LINE,
        "TELEHEALTH_DATABASE_URL": own_database_url,
        "TELEHEALTH_INSTANCE_PATH": str(tmp_path / "instance"),
        "TELEHEALTH_DEMO": None,
    }

    def call(*words: str) -> Result:
        return CliRunner(env=environment).invoke(main, words, catch_exceptions=False)

    return call


def make_services(telehealth: Telehealth) -> None:
    """Two organisations, each with a service of the same name."""
    for organisation in ("Hilltop Health", "Valley Health"):
        made = telehealth("create-service", "--organisation", organisation, "--name", "Clinic", *WALES)
        assert made.exit_code == 0, made.output


def test_several_roles_in_one_service_and_names_of_any_shape(
    telehealth: Telehealth, own_database: Database
) -> None:
    telehealth("create-service", "--organisation", "Hilltop Health", "--name", "Clinic", *WALES)
    roles = ("--role", "clinician", "--role", "administrator")
    names = ("--prefix", "Dr", "--given-name", "Ana", "--family-name", "de la Cruz")
    made = telehealth("create-staff", "--email", "Ana@Hilltop.example", "--service", "Clinic", *roles, *names)
    assert made.exit_code == 0, made.output
    assert "Dr Ana de la Cruz" in made.output
    with own_database.reading() as session:
        person = session.scalars(select(Practitioner)).one()
        assert (person.prefix, person.given_name, person.family_name) == ("Dr", "Ana", "de la Cruz")
        assert session.scalars(select(PractitionerRole.practitioner_id)).one() == person.id
        assert set(session.scalars(select(AccountRole.role))) == {Role.CLINICIAN, Role.ADMINISTRATOR}
        assert session.scalars(select(Account.email)).one() == "ana@hilltop.example"
        assert session.scalars(select(SetUpLink)).one().closed_at is None
        actions = set(session.scalars(select(AuditEvent.action)))
    assert {"service.created", "account.created", "account.set-up-link-made"} <= actions


def test_the_link_is_shown_and_stored_nowhere(telehealth: Telehealth, own_database: Database) -> None:
    telehealth("create-service", "--organisation", "Hilltop Health", "--name", "Clinic", *WALES)
    person = ("--email", "a@hilltop.example", "--name", "Reception", "--role", "receptionist")
    made = telehealth("create-staff", *person, "--service", "Clinic")
    token = made.output.split("/welcome/", 1)[1].strip()
    assert len(token) >= 40
    with own_database.reading() as session:
        link = session.scalars(select(SetUpLink)).one()
        assert token.encode() not in link.token_hash
        assert session.scalars(select(Practitioner)).all() == []


def test_two_services_of_one_name_are_told_apart_by_their_organisation(
    telehealth: Telehealth, own_database: Database
) -> None:
    make_services(telehealth)
    person = ("--email", "a@valley.example", "--name", "A B", "--role", "receptionist", "--service", "Clinic")
    refused = telehealth("create-staff", *person)
    assert refused.exit_code == 2
    assert "--organisation" in refused.output
    assert "Clinic (Hilltop Health)" in refused.output
    assert telehealth("create-staff", *person, "--organisation", "Valley Health").exit_code == 0
    with own_database.reading() as session:
        account = session.scalars(select(Account)).one()
        service = session.get_one(HealthcareService, account.roles[0].service_id)
        assert service.organisation_id == account.organisation_id


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (("--email", "no address"), "is not an email address"),
        (("--email", "admin@demo.example"), "belong to the demo"),
        (("--name", ""), "Give the name"),
        (("--role", "clinician", "--name", "Reception"), "of a clinician first and last"),
        (("--name", "A" * 91), "a name 90"),
        (("--service", "Surgery"), "There is no service named 'Surgery'"),
        (("--organisation", "Nowhere"), "There is no service named 'Clinic' of 'Nowhere'"),
        (("--role", "director"), "is not one of"),
    ],
)
def test_what_cannot_be_is_refused_and_makes_nobody(
    telehealth: Telehealth, own_database: Database, changes: tuple[str, ...], words: str
) -> None:
    telehealth("create-service", "--organisation", "Hilltop Health", "--name", "Clinic", *WALES)
    person = (
        "--email",
        "a@hilltop.example",
        "--name",
        "A B",
        "--role",
        "receptionist",
        "--service",
        "Clinic",
    )
    refused = telehealth("create-staff", *person, *changes)
    assert refused.exit_code == 2
    assert words in refused.output
    with own_database.reading() as session:
        assert session.scalars(select(Account)).all() == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (("--time-zone", "Europe/Cardiff"), "no such time zone"),
        (("--nation", "france"), "is not one of"),
        (("--phone", " "), "its phone number"),
        (("--name", " "), "the service"),
    ],
)
def test_a_service_that_cannot_be_is_refused_with_its_organisation(
    telehealth: Telehealth, own_database: Database, changes: tuple[str, ...], words: str
) -> None:
    refused = telehealth(
        "create-service", "--organisation", "Hilltop Health", "--name", "Clinic", *WALES, *changes
    )
    assert refused.exit_code == 2
    assert words in refused.output
    with own_database.reading() as session:
        assert session.scalars(select(HealthcareService)).all() == []
