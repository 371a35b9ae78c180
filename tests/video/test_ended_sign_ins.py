"""An open socket keeps the login that it was opened with: ending that login closes the socket."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from telehealth import socket_watch
from telehealth.accounts.domain.session import GUEST_LIMITS, STAFF_LIMITS
from telehealth.accounts.models import Account, BrowserSession
from telehealth.accounts.services.sessions import end_session, end_visits_of, rights_changed
from telehealth.accounts.services.sign_in import actor_of
from telehealth.clock import now
from telehealth.db import Database
from telehealth.extensions import socketio
from telehealth.live import live_token
from telehealth.open_sockets import Newcomers
from telehealth.topics import clinic_topic
from tests.video.callers import CLINICIAN, PATIENT, Caller, Clinic, wait_until

pytestmark = pytest.mark.web


def elsewhere(clinic: Clinic) -> Database:
    """Another process on the same database: nothing that it commits is told to this one."""
    return Database(clinic.database.engine)


def list_page(clinic: Clinic) -> Caller:
    return clinic.live_page(clinic.cast.clinician, clinic_topic(clinic.cast.practitioner_id))


def end_all(clinic: Clinic, database: Database) -> None:
    account = clinic.cast.clinician
    with clinic.app.app_context(), database.transaction() as session:
        for row in session.query(BrowserSession).filter_by(account_id=account.id):
            end_session(session, actor_of(account), row.id, account_id=account.id, reason="signed-out")


def test_signing_out_closes_the_open_pages_at_once(clinic: Clinic) -> None:
    page = list_page(clinic)
    end_all(clinic, clinic.database)
    assert not page.is_connected


def test_signing_out_in_another_process_closes_them_soon(clinic: Clinic) -> None:
    page = list_page(clinic)
    end_all(clinic, elsewhere(clinic))
    wait_until(lambda: not page.is_connected)


def test_only_the_pages_of_that_sign_in_are_closed(clinic: Clinic) -> None:
    page = list_page(clinic)
    other = clinic.live_page(clinic.cast.colleague, "clinic:other")
    end_all(clinic, clinic.database)
    assert not page.is_connected
    assert other.is_connected


@pytest.mark.parametrize("is_told", [True, False])
def test_a_disabled_account_is_out_of_the_room_and_the_list(clinic: Clinic, is_told: bool) -> None:
    appointment_id = clinic.book()
    patient, room = clinic.caller(appointment_id, PATIENT), clinic.caller(appointment_id, CLINICIAN)
    patient.join()
    clinic.admit(appointment_id)
    room.join()
    page = list_page(clinic)
    database = clinic.database if is_told else elsewhere(clinic)
    with clinic.app.app_context(), database.transaction() as session:
        account = session.get_one(Account, clinic.cast.clinician.id)
        account.is_active = False
        rights_changed(session, account)
    wait_until(lambda: not page.is_connected and not room.is_connected)
    assert patient.is_connected


@pytest.mark.parametrize("is_told", [True, False])
def test_a_change_of_role_closes_the_pages_of_the_account(clinic: Clinic, is_told: bool) -> None:
    page = list_page(clinic)
    database = clinic.database if is_told else elsewhere(clinic)
    with clinic.app.app_context(), database.transaction() as session:
        account = session.get_one(Account, clinic.cast.clinician.id)
        account.roles.clear()
        rights_changed(session, account)
    wait_until(lambda: not page.is_connected)


def test_a_visit_that_was_ended_closes_the_waiting_room(clinic: Clinic) -> None:
    appointment_id = clinic.book()
    patient = clinic.caller(appointment_id, PATIENT)
    patient.join()
    with clinic.app.app_context(), clinic.database.transaction() as session:
        end_visits_of(session, appointment_id)
    wait_until(lambda: not patient.is_connected)


def move_back(clinic: Clinic, ago: timedelta) -> None:
    with elsewhere(clinic).transaction() as session:
        session.execute(update(BrowserSession).values(proved_at=now() - ago, last_seen_at=now() - ago))


def test_an_idle_sign_in_closes_its_list(clinic: Clinic) -> None:
    page = list_page(clinic)
    move_back(clinic, STAFF_LIMITS.idle)
    wait_until(lambda: not page.is_connected)


def test_a_running_call_outlives_the_age_of_its_sign_ins(clinic: Clinic) -> None:
    patient, clinician = clinic.call()
    page = list_page(clinic)
    move_back(clinic, max(STAFF_LIMITS.absolute, GUEST_LIMITS.absolute))
    wait_until(lambda: not page.is_connected)
    assert patient.is_connected
    assert clinician.is_connected
    assert clinician.signal(patient) == {"ok": True}


def test_a_running_call_counts_as_activity(clinic: Clinic) -> None:
    _, clinician = clinic.call()
    move_back(clinic, STAFF_LIMITS.idle - timedelta(minutes=1))
    watch = socket_watch.Watch()
    with clinic.app.app_context():
        socket_watch.watch_once(watch)
    with clinic.database.reading() as session:
        seen = session.query(BrowserSession.last_seen_at).filter_by(account_id=clinic.cast.clinician.id).all()
    assert any(now() - row.last_seen_at < timedelta(minutes=1) for row in seen)
    assert clinician.is_connected


def test_a_page_of_an_ended_sign_in_cannot_connect_again(clinic: Clinic) -> None:
    appointment_id = clinic.book()
    token = clinic.token(appointment_id, CLINICIAN)
    end_all(clinic, clinic.database)
    assert not clinic.connect(token).is_connected


def test_a_token_from_before_a_change_of_rights_opens_nothing(clinic: Clinic) -> None:
    who = clinic.signed_in(clinic.cast.clinician)
    with clinic.app.app_context():
        token = live_token(who, [clinic_topic(clinic.cast.practitioner_id)])
    with clinic.app.app_context(), clinic.database.transaction() as session:
        account = session.get_one(Account, clinic.cast.clinician.id)
        account.roles.clear()
        rights_changed(session, account)
    assert not clinic.connect(token).is_connected


def test_what_stays_silent_is_named_after_the_limit() -> None:
    newcomers = Newcomers()
    assert newcomers.silent_for(["a", "b"], 100.0, 10.0) == []
    assert newcomers.silent_for(["a", "c"], 109.9, 10.0) == []
    assert newcomers.silent_for(["a", "c"], 110.0, 10.0) == ["a"]
    # It spoke, and was silent again later: counted anew.
    assert newcomers.silent_for(["c"], 115.0, 10.0) == []
    assert newcomers.silent_for(["a", "c"], 119.9, 10.0) == ["c"]


def test_the_rights_are_read_often_enough() -> None:
    assert socketio is not None
    assert socket_watch.SILENCE_S <= 10
