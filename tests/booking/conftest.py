"""Browsers of patients, for the pages on which they book, move and cancel themselves."""

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from telehealth.booking.models import Appointment
from tests.booking.self_service.own_booking import free_start, open_to_all
from tests.factories import Cast, make_appointment, make_own_account, open_visit, sign_in
from tests.page_checks import CheckedClient


@pytest.fixture
def appointment(session: Session, cast: Cast) -> Appointment:
    """Of the cast's patient, at a time that is free and still to come."""
    made = make_appointment(session, cast, starts_at=free_start())
    session.commit()
    return made


@pytest.fixture
def by_link(client: CheckedClient, appointment: Appointment) -> CheckedClient:
    """The browser in which the appointment was opened by its link and the date of birth."""
    open_visit(client, appointment)
    return client


@pytest.fixture
def as_patient(client: CheckedClient, session: Session, cast: Cast) -> CheckedClient:
    """The browser of the cast's patient, signed in to an account."""
    account = make_own_account(session, cast.patient)
    session.commit()
    sign_in(client, account)
    return client


@pytest.fixture
def as_stranger(client: CheckedClient, session: Session, cast: Cast) -> CheckedClient:
    """A browser that nobody knows; the type is open to everybody."""
    open_to_all(session, cast)
    return client


@pytest.fixture
def second_browser(app: Flask, client: CheckedClient) -> CheckedClient:
    """Another browser of the same application."""
    made = app.test_client()
    assert isinstance(made, CheckedClient)
    return made
