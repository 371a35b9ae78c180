"""Services, as an administrator adds and names them."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from telehealth.accounts.domain.session import RECENT_PROOF
from telehealth.accounts.models import Account, AccountRole, BrowserSession, HealthcareService
from telehealth.accounts.services.sign_in import actor_of
from telehealth.actor import Actor, Role
from telehealth.admin.services.settings import add_service
from telehealth.audit.models import AuditEvent
from telehealth.booking.policies import may_name_service
from telehealth.clock import now
from telehealth.db import Database
from telehealth.errors import Conflict, InvalidInput, NotFound
from tests.booking.services.test_races import at_once
from tests.factories import Cast, make_account, make_cast, sign_in
from tests.page_checks import CheckedClient, fields_of

pytestmark = pytest.mark.web

NEW = "/admin/services/new"
TYPED = {"name": "Hillside Dermatology", "phone": "01632 960557", "nation": "scotland"}


def services_named(session: Session, name: str) -> list[HealthcareService]:
    return list(session.scalars(select(HealthcareService).where(HealthcareService.name == name)))


def last_actions(session: Session) -> list[str]:
    return list(session.scalars(select(AuditEvent.action).order_by(AuditEvent.recorded_at)))


def add(session: Session, actor: Actor, *, key: str = "one", **parts: str) -> HealthcareService:
    return add_service(session, actor, **{**TYPED, **parts}, is_restricted=False, idempotency_key=key)


def test_an_administrator_adds_a_service_and_is_told_what_comes_next(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    sign_in(client, cast.administrator)
    assert f'href="{NEW}"' in client.get_page("/admin/services")
    page = client.submit(NEW, TYPED)
    (made,) = services_named(session, "Hillside Dermatology")
    assert (made.organisation_id, made.phone) == (cast.service.organisation_id, "01632 960557")
    assert (made.nation, made.time_zone, made.is_restricted) == ("scotland", "Europe/London", False)
    assert "The service is made, and you are its administrator." in page
    assert "Before anybody can book" in page
    assert "No sessions on the bank holidays of Scotland." in page
    for address in ("/admin/staff", f"/schedules/{made.id}/types/new", f"/schedules/{made.id}/sessions/new"):
        client.get_page(address)
        assert f'href="{address}"' in page
    assert "Hillside Dermatology" in client.get_page("/admin/services")
    assert {"service.created", "account.roles-changed"} <= set(last_actions(session))
    made_by = session.scalars(select(AuditEvent).where(AuditEvent.action == "service.created")).one()
    assert (made_by.actor, made_by.service_id) == (actor_of(cast.administrator).key, made.id)


def test_whoever_adds_a_restricted_service_may_know_its_name(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    sign_in(client, cast.administrator)
    client.submit(NEW, {**TYPED, "is_restricted": "y"})
    (made,) = services_named(session, "Hillside Dermatology")
    assert made.is_restricted
    session.expire_all()
    maker = session.get_one(Account, cast.administrator.id)
    assert {(role.service_id, role.role) for role in maker.roles} == {
        (cast.service.id, Role.ADMINISTRATOR),
        (made.id, Role.ADMINISTRATOR),
    }
    assert may_name_service(actor_of(maker), made)


def test_the_first_steps_are_said_until_they_are_done(client: CheckedClient, cast: Cast) -> None:
    sign_in(client, cast.administrator)
    assert "Before anybody can book" not in client.get_page(f"/schedules/{cast.service.id}")
    # It has an appointment type, and nobody who works there.
    page = client.get_page(f"/schedules/{cast.other_service.id}")
    assert "Say who works here" in page
    assert "Add an appointment type</a></li>" not in page


def test_a_form_that_is_sent_twice_makes_one_service_and_leads_to_it_both_times(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    sign_in(client, cast.administrator)
    sent = {**fields_of(client.get_page(NEW)), **TYPED}
    first, second = client.post(NEW, data=sent), client.post(NEW, data=sent)
    (made,) = services_named(session, "Hillside Dermatology")
    assert [answer.location for answer in (first, second)] == [f"/schedules/{made.id}"] * 2
    assert last_actions(session).count("service.created") == 1


@pytest.mark.parametrize("name", ["Hillside Physiotherapy", "HILLSIDE physiotherapy "])
def test_a_name_that_is_taken_in_the_organisation_is_refused_and_what_was_typed_is_kept(
    client: CheckedClient, session: Session, cast: Cast, name: str
) -> None:
    sign_in(client, cast.administrator)
    page = client.submit(NEW, {**TYPED, "name": name}, status=409)
    assert "The organisation has a service with this name already. Choose another name." in page
    fields = fields_of(page)
    assert (fields["name"], fields["phone"], fields["nation"]) == (name.strip(), "01632 960557", "scotland")
    assert "service.created" not in last_actions(session)
    # With the name changed, the same form makes it.
    client.post(NEW, data={**fields, "name": "Hillside Podiatry"})
    assert len(services_named(session, "Hillside Podiatry")) == 1


def test_a_name_of_another_organisation_is_free(client: CheckedClient, session: Session, cast: Cast) -> None:
    sign_in(client, cast.administrator)
    client.submit(NEW, {**TYPED, "name": "Lakeside Clinic"})
    assert len(services_named(session, "Lakeside Clinic")) == 2


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"name": " "}, "Enter the name of the service"),
        ({"name": "A" * 201}, "Enter 200 characters or fewer"),
        ({"phone": ""}, "Enter the phone number that patients call"),
        ({"nation": ""}, "Choose the nation whose bank holidays it keeps"),
        ({"nation": "france"}, "Choose England, Wales, Scotland or Northern Ireland."),
    ],
)
def test_what_is_wrong_with_a_new_service_is_said_at_its_field(
    client: CheckedClient, session: Session, cast: Cast, values: dict[str, str], message: str
) -> None:
    sign_in(client, cast.administrator)
    page = client.submit(NEW, {**TYPED, **values}, status=422)
    assert "There is a problem" in page
    assert page.count(message) == 2  # in the summary and at the field
    assert "service.created" not in last_actions(session)


def test_adding_a_service_asks_for_a_recent_sign_in_and_keeps_what_was_typed(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    sign_in(client, cast.administrator)
    sent = {**fields_of(client.get_page(NEW)), **TYPED}
    session.execute(
        update(BrowserSession).values(
            proved_at=now() - RECENT_PROOF - timedelta(seconds=1), last_seen_at=now()
        )
    )
    session.commit()
    answer = client.post(NEW, data=sent)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 403
    assert "/sign-in/again" in page
    assert fields_of(page)["name"] == "Hillside Dermatology"
    assert services_named(session, "Hillside Dermatology") == []
    assert "/sign-in/again" in client.get(NEW).headers["Location"]


def test_nobody_but_an_administrator_adds_a_service(session: Session, cast: Cast) -> None:
    for who in cast.staff():
        if who is not cast.administrator:
            with pytest.raises(NotFound):
                add(session, actor_of(who))


def test_an_administrator_adds_services_to_their_own_organisation_alone(session: Session, cast: Cast) -> None:
    boss = make_account(session, cast.other_organisation_service, "boss", Role.ADMINISTRATOR)
    made = add(session, actor_of(boss))
    assert made.organisation_id == cast.other_organisation_service.organisation_id
    with pytest.raises(Conflict):
        add(session, actor_of(boss), key="two")
    assert add(session, actor_of(cast.administrator)).organisation_id == cast.service.organisation_id


def test_a_nation_that_nobody_knows_is_refused_by_the_service_itself(session: Session, cast: Cast) -> None:
    with pytest.raises(InvalidInput) as caught:
        add(session, actor_of(cast.administrator), nation="france")
    assert caught.value.field == "nation"


def test_of_two_administrators_who_add_the_same_name_at_once_one_is_refused(own_database: Database) -> None:
    with own_database.transaction() as session:
        cast = make_cast(session)
        other = make_account(session, cast.service, "boss", Role.ADMINISTRATOR)
        actors = [actor_of(cast.administrator), actor_of(other)]

    def act(actor: Actor) -> Callable[[], UUID]:
        def add_it() -> UUID:
            with own_database.transaction() as session:
                return add(session, actor, key=actor.key).id

        return add_it

    answers = at_once(*(act(actor) for actor in actors))
    assert [error.code for error in answers if isinstance(error, Conflict)] == ["service-taken"]
    with own_database.reading() as session:
        (made,) = services_named(session, "Hillside Dermatology")
        holders = session.scalars(select(AccountRole.account_id).where(AccountRole.service_id == made.id))
        assert len(holders.all()) == 1


def test_a_press_that_arrives_twice_at_the_same_moment_makes_one_service(own_database: Database) -> None:
    with own_database.transaction() as session:
        actor = actor_of(make_cast(session).administrator)

    def press() -> UUID:
        with own_database.transaction() as session:
            return add(session, actor).id

    answers = at_once(press, press, press)
    assert len(set(answers)) == 1
    with own_database.reading() as session:
        assert [made.id for made in services_named(session, "Hillside Dermatology")] == answers[:1]


def test_a_service_becomes_restricted(client: CheckedClient, session: Session, cast: Cast) -> None:
    sign_in(client, cast.administrator)
    assert "Hillside Physiotherapy" in client.get_page("/admin/services")
    sent = {"name": "Hillside Physio", "phone": "01632 960556", "is_restricted": "y"}
    assert "Restricted" in client.submit(f"/admin/services/{cast.other_service.id}", sent)
    session.refresh(cast.other_service)
    assert (cast.other_service.name, cast.other_service.is_restricted) == ("Hillside Physio", True)
    assert "service.changed" in last_actions(session)
    client.submit(f"/admin/services/{cast.other_service.id}", {**sent, "name": ""}, status=422)


def test_a_service_is_not_renamed_to_what_another_one_is_called(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    sign_in(client, cast.administrator)
    address = f"/admin/services/{cast.other_service.id}"
    page = client.submit(address, {"name": "hillside clinic"}, status=409)
    assert "The organisation has a service with this name already." in page
    # Its own name in other capitals is no other name.
    client.submit(address, {"name": "Hillside PHYSIOTHERAPY"})
    session.refresh(cast.other_service)
    assert cast.other_service.name == "Hillside PHYSIOTHERAPY"


def test_the_page_of_a_service_says_its_nation_and_where_to_change_it(
    client: CheckedClient, cast: Cast
) -> None:
    sign_in(client, cast.administrator)
    page = client.get_page(f"/admin/services/{cast.service.id}")
    assert "It keeps the bank holidays of Wales." in page
    assert f'href="/schedules/{cast.service.id}/rules"' in page
