"""The demo's password is the one that its start prints, also where an earlier start printed another."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.accounts.models import Account
from telehealth.accounts.services.password import verify_password
from telehealth.clock import now
from telehealth.demo import cast
from telehealth.demo.data import make_demo

pytestmark = pytest.mark.service


def works_for(session: Session, password: str) -> set[str | None]:
    accounts = session.scalars(select(Account).where(Account.email.endswith(cast.DOMAIN)))
    return {account.email for account in accounts if verify_password(password, account)}


def test_a_changed_password_is_that_of_every_demo_account(session: Session) -> None:
    make_demo(session, "the first password", now())
    everybody = works_for(session, "the first password")
    assert {cast.RECEPTIONIST[1], cast.ADMINISTRATOR[1]} < everybody
    make_demo(session, "another password", now())
    assert works_for(session, "another password") == everybody
    assert works_for(session, "the first password") == set()


def test_a_password_that_is_the_same_is_left_alone(session: Session) -> None:
    make_demo(session, "the first password", now())
    before = set(session.scalars(select(Account.password_hash)))
    make_demo(session, "the first password", now())
    assert set(session.scalars(select(Account.password_hash))) == before
