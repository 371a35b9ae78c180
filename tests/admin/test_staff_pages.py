"""Staff, their rights and sign-ins, as an administrator looks after them."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from telehealth.accounts.domain.session import RECENT_PROOF, Stage
from telehealth.accounts.models import Account, AuthenticatorApp, BrowserSession, PractitionerRole
from telehealth.accounts.services.sessions import begin_session, find_sign_in
from telehealth.accounts.services.sign_in import actor_of
from telehealth.actor import Role
from telehealth.admin.services import staff
from telehealth.admin.services.settings import change_service
from telehealth.admin.staff_forms import held_value
from telehealth.audit.models import AuditEvent
from telehealth.booking.domain.follow_up import FollowUpReason
from telehealth.booking.models import Appointment
from telehealth.booking.services.follow_ups import make_follow_up
from telehealth.clock import now
from telehealth.errors import Conflict, InvalidInput, NotFound
from tests.factories import SLOT, Cast, make_account, make_appointment, sign_in, soon
from tests.page_checks import CheckedClient, fields_of

pytestmark = pytest.mark.web


def last_actions(session: Session) -> list[str]:
    return list(session.scalars(select(AuditEvent.action).order_by(AuditEvent.recorded_at)))


def test_the_administrators_day_starts_with_four_doors(client: CheckedClient, cast: Cast) -> None:
    sign_in(client, cast.administrator)
    page = client.get_page("/")
    for address in ("/admin/staff", "/admin/services", "/admin/audit", "/admin/emergency"):
        assert f'href="{address}"' in page


def test_the_list_shows_the_organisations_staff_alone(client: CheckedClient, cast: Cast) -> None:
    sign_in(client, cast.administrator)
    page = client.get_page("/admin/staff")
    assert "nia@hillside-clinic.example" in page
    assert "reception@hillside-physiotherapy.example" in page
    assert "lakeside" not in page.lower()
    found = client.get_page("/admin/staff?q=NIA")
    assert "nia@hillside-clinic.example" in found
    assert "tomos@" not in found
    assert "Nobody has this name" in client.get_page("/admin/staff?q=nobody")


def new_staff(cast: Cast, *roles: str, **changes: str) -> dict[str, object]:
    return {
        "prefix": "Dr",
        "given_name": "Ffion",
        "family_name": "Lloyd",
        "email": "Ffion.Lloyd@hillside.example",
        "roles": list(roles),
        **changes,
    }


def test_a_new_clinician_gets_a_link_and_nobody_knows_a_password(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    sign_in(client, cast.administrator)
    page = client.submit("/admin/staff/new", new_staff(cast, held_value(cast.service.id, Role.CLINICIAN)))
    link = page.split('value="http', 1)[1].split('"', 1)[0]
    account = session.scalars(select(Account).where(Account.email == "ffion.lloyd@hillside.example")).one()
    assert account.password_hash is None
    assert account.display_name == "Dr Ffion Lloyd"
    assert account.practitioner_id is not None
    assert session.scalars(
        select(PractitionerRole.service_id).where(PractitionerRole.practitioner_id == account.practitioner_id)
    ).all() == [cast.service.id]
    path = "/welcome/" + link.split("/welcome/", 1)[1]
    assert client.application.test_client().get(path).status_code == 200


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"given_name": ""}, "Enter the first name"),
        ({"email": "no address"}, "Enter an email address"),
        ({"email": "nia@hillside-clinic.example"}, "There is already an account"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(
    client: CheckedClient, cast: Cast, changes: dict[str, str], words: str
) -> None:
    sign_in(client, cast.administrator)
    status = 409 if "already" in words else 422
    sent = new_staff(cast, held_value(cast.service.id, Role.RECEPTIONIST), **changes)
    page = client.submit("/admin/staff/new", sent, status=status)
    assert words in page
    assert 'value="Lloyd"' in page
    assert (
        f'value="{held_value(cast.service.id, Role.RECEPTIONIST)}" checked'
        in page.replace("\n", " ").replace("  ", " ")
        or "checked" in page
    )


def test_somebody_needs_a_role(client: CheckedClient, cast: Cast) -> None:
    sign_in(client, cast.administrator)
    assert "Choose at least one role" in client.submit("/admin/staff/new", new_staff(cast), status=422)


def test_nobody_gives_a_role_in_another_organisation(session: Session, cast: Cast) -> None:
    foreign = frozenset({(cast.other_organisation_service.id, Role.ADMINISTRATOR)})
    wanted = staff.NewStaff(email="x@example.org", given_name="A", family_name="B", roles=foreign)
    with pytest.raises(NotFound):
        staff.add_staff(session, actor_of(cast.administrator), wanted)
    with pytest.raises(NotFound):
        staff.change_roles(session, actor_of(cast.administrator), cast.receptionist.id, foreign, version=1)


def test_a_change_of_roles_holds_at_the_next_page(
    app: Flask, client: CheckedClient, session: Session, cast: Cast
) -> None:
    receptionist = app.test_client()
    sign_in(receptionist, cast.receptionist)
    assert receptionist.get("/desk").status_code == 200
    sign_in(client, cast.administrator)
    client.submit(
        f"/admin/staff/{cast.receptionist.id}", {"roles": [held_value(cast.service.id, Role.ADMINISTRATOR)]}
    )
    assert receptionist.get("/desk").status_code == 404
    assert receptionist.get("/admin").status_code == 200
    assert "account.roles-changed" in last_actions(session)


def test_a_disabled_account_is_signed_out_and_stays_out(
    app: Flask, client: CheckedClient, session: Session, cast: Cast
) -> None:
    receptionist = app.test_client()
    sign_in(receptionist, cast.receptionist)
    sign_in(client, cast.administrator)
    page = client.get_page(f"/admin/staff/{cast.receptionist.id}")
    client.post(
        f"/admin/staff/{cast.receptionist.id}/active", data={**fields_of(page, form=1), "is_active": "0"}
    )
    assert receptionist.get("/desk").status_code == 303
    assert "Disabled" in client.get_page(f"/admin/staff/{cast.receptionist.id}")


def test_the_page_says_what_is_left_with_a_clinician_who_stopped(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    booked = make_appointment(session, cast, starts_at=soon() + 8 * SLOT)
    make_follow_up(session, actor_of(cast.clinician), booked, FollowUpReason.SEE_AGAIN)
    # What is over, and what is with somebody else, is not counted.
    over = make_appointment(session, cast, starts_at=soon() + 9 * SLOT)
    session.execute(
        update(Appointment).where(Appointment.id == over.id).values(starts_at=now() - timedelta(hours=1))
    )
    session.commit()
    sign_in(client, cast.administrator)
    address = f"/admin/staff/{cast.clinician.id}"
    assert "left-behind" not in client.get_page(address)
    client.submit(address, {"roles": [held_value(cast.service.id, Role.RECEPTIONIST)]})
    page = client.get_page(address)
    assert "1 upcoming appointment is still with them and lies in no session any more." in page
    assert "They still answer for 1 patient to be seen again." in page
    leads_to = f"/schedules/{cast.service.id}/stranded"
    assert f'href="{leads_to}"' in page
    assert "Dr Nia Pritchard" in client.get_page(leads_to)
    assert "Dr Nia Pritchard no longer works here: it does not take place." in client.get_page(
        f"/schedules/{cast.service.id}"
    )


def test_a_change_that_somebody_else_made_meanwhile_is_not_overwritten(session: Session, cast: Cast) -> None:
    who, roles = actor_of(cast.administrator), frozenset({(cast.service.id, Role.ADMINISTRATOR)})
    staff.change_roles(session, who, cast.receptionist.id, roles, version=1)
    with pytest.raises(Conflict):
        staff.change_roles(session, who, cast.receptionist.id, frozenset(), version=1)


def test_the_last_administrator_stays_one(session: Session, cast: Cast) -> None:
    who = actor_of(cast.administrator)
    receptionist = frozenset({(cast.service.id, Role.RECEPTIONIST)})
    with pytest.raises(Conflict, match="last administrator"):
        staff.change_roles(session, who, cast.administrator.id, receptionist, version=1)
    with pytest.raises(Conflict, match="own account"):
        staff.set_active(session, who, cast.administrator.id, is_active=False)
    make_account(session, cast.other_service, "second", Role.ADMINISTRATOR)
    staff.change_roles(session, who, cast.administrator.id, receptionist, version=1)


def test_all_access_is_ended_by_disabling_not_by_taking_every_role(session: Session, cast: Cast) -> None:
    with pytest.raises(InvalidInput, match="disable the account"):
        staff.change_roles(session, actor_of(cast.administrator), cast.receptionist.id, (), version=1)


def test_a_reset_ends_the_password_and_every_sign_in(session: Session, cast: Cast) -> None:
    token = begin_session(session, cast.receptionist, Stage.SIGNED_IN)
    account, link = staff.reset_password(session, actor_of(cast.administrator), cast.receptionist.id)
    assert account.password_hash is None
    assert find_sign_in(session, token) is None
    assert len(link) > 40


def test_a_lost_phone_is_helped_with_a_reason(session: Session, cast: Cast) -> None:
    app = AuthenticatorApp(account_id=cast.receptionist.id, secret="JBSWY3DPEHPK3PXP", created_at=now())
    app.confirmed_at = now()
    session.add(app)
    session.flush()
    who = actor_of(cast.administrator)
    with pytest.raises(InvalidInput):
        staff.remove_second_factor(session, who, cast.receptionist.id, reason=" ")
    staff.remove_second_factor(session, who, cast.receptionist.id, reason="seen in person")
    assert session.scalars(select(AuthenticatorApp)).all() == []


def test_one_browser_is_signed_out(app: Flask, client: CheckedClient, session: Session, cast: Cast) -> None:
    receptionist = app.test_client()
    sign_in(receptionist, cast.receptionist)
    sign_in(client, cast.administrator)
    page = client.get_page(f"/admin/staff/{cast.receptionist.id}")
    row = session.scalars(
        select(BrowserSession).where(BrowserSession.account_id == cast.receptionist.id)
    ).one()
    client.post(f"/admin/staff/{cast.receptionist.id}/sessions/{row.id}/end", data=fields_of(page, form=1))
    assert receptionist.get("/desk").status_code == 303


def test_a_strangers_session_is_not_ended(session: Session, cast: Cast) -> None:
    found = find_sign_in(session, begin_session(session, cast.clinician, Stage.SIGNED_IN))
    assert found is not None
    with pytest.raises(NotFound):
        staff.end_member_session(
            session, actor_of(cast.administrator), cast.receptionist.id, found.session_id
        )


Act = Callable[[Session, Account, Cast], object]
ACTS: dict[str, Act] = {
    "look": lambda session, who, cast: staff.find_member(session, actor_of(who), cast.clinician.id),
    "roles": lambda session, who, cast: staff.change_roles(
        session, actor_of(who), cast.clinician.id, (), version=1
    ),
    "disable": lambda session, who, cast: staff.set_active(
        session, actor_of(who), cast.clinician.id, is_active=False
    ),
    "reset": lambda session, who, cast: staff.reset_password(session, actor_of(who), cast.clinician.id),
    "factor": lambda session, who, cast: staff.remove_second_factor(
        session, actor_of(who), cast.clinician.id, reason="x"
    ),
    "sessions": lambda session, who, cast: staff.end_member_sessions(
        session, actor_of(who), cast.clinician.id
    ),
    "service": lambda session, who, cast: change_service(
        session, actor_of(who), cast.service.id, name="x", phone="1", is_restricted=True
    ),
}


@pytest.mark.parametrize("act", sorted(ACTS))
def test_nobody_but_an_administrator_of_the_organisation_does_anything(
    session: Session, cast: Cast, act: str
) -> None:
    foreign = make_account(session, cast.other_organisation_service, "boss", Role.ADMINISTRATOR)
    for who in [*cast.staff(), foreign]:
        if who is cast.administrator:
            continue
        with pytest.raises(NotFound):
            ACTS[act](session, who, cast)


def test_changing_rights_asks_for_a_recent_sign_in(
    client: CheckedClient, session: Session, cast: Cast
) -> None:
    sign_in(client, cast.administrator)
    address = f"/admin/staff/{cast.receptionist.id}"
    page = client.get_page(address)
    session.execute(
        update(BrowserSession).values(
            proved_at=now() - RECENT_PROOF - timedelta(seconds=1), last_seen_at=now()
        )
    )
    session.commit()
    sent = {**fields_of(page), "roles": [held_value(cast.service.id, Role.ADMINISTRATOR)]}
    answer = client.post(f"{address}/roles", data=sent)
    assert answer.status_code == 403
    assert "/sign-in/again" in answer.get_data(as_text=True)
    for place in ("active", "password"):
        answer = client.post(f"{address}/{place}", data=fields_of(page, form=1))
        assert "/sign-in/again" in answer.headers["Location"]
    assert client.get("/admin/staff/new").status_code == 303
    session.refresh(cast.receptionist)
    assert cast.receptionist.rights_version == 1
