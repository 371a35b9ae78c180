"""Links lock for good, are renewed by staff, and carers have links of their own."""

from datetime import date, timedelta
from threading import Barrier, Thread
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from telehealth.accounts.models import BrowserSession, SessionVisit
from telehealth.accounts.services.authorities import revoke_authority
from telehealth.accounts.services.protection import SafeWays
from telehealth.accounts.services.sign_in import actor_of
from telehealth.actor import ANONYMOUS
from telehealth.booking.models import Appointment, JoinAttempt, JoinLink
from telehealth.booking.services.confidential import set_confidential
from telehealth.booking.services.links import (
    LinkSigner,
    count_tries,
    find_carer_links,
    find_link,
    make_carer_link,
    make_link,
    renew_link,
    try_birth_date,
)
from telehealth.booking.services.protection import protect_patient
from telehealth.clock import now
from telehealth.db import Database
from telehealth.errors import Conflict, NotFound
from tests.factories import Cast, make_appointment, make_carer, make_cast, open_visit

pytestmark = pytest.mark.service

SIGNER = LinkSigner("only for tests: 0123456789 abcdefghijklmnop")
WRONG = date(1900, 1, 1)


@pytest.fixture
def appointment(session: Session, cast: Cast) -> Appointment:
    return make_appointment(session, cast)


def guess(session: Session, link: JoinLink, times: int) -> None:
    for _ in range(times):
        assert not try_birth_date(session, ANONYMOUS, link, WRONG)


def let_an_hour_pass(session: Session) -> None:
    for attempt in session.scalars(select(JoinAttempt)):
        attempt.attempted_at -= timedelta(minutes=61)
    session.flush()


def test_ten_wrong_answers_lock_a_link_for_good(session: Session, appointment: Appointment) -> None:
    link = make_link(session, appointment)
    for hour in range(2):
        assert count_tries(session, link).left == 5
        guess(session, link, 5)
        assert count_tries(session, link).left == 0
        assert count_tries(session, link).is_locked_for_good is (hour == 1)
        let_an_hour_pass(session)
    assert count_tries(session, link).left == 0
    assert not try_birth_date(session, ANONYMOUS, link, appointment.patient.birth_date)


def test_right_answers_do_not_count(session: Session, appointment: Appointment) -> None:
    link = make_link(session, appointment)
    for _ in range(12):
        assert try_birth_date(session, ANONYMOUS, link, appointment.patient.birth_date)
    assert count_tries(session, link).left == 5


def test_nine_slow_guesses_leave_one(session: Session, appointment: Appointment) -> None:
    link = make_link(session, appointment)
    for _ in range(3):
        guess(session, link, 3)
        let_an_hour_pass(session)
    assert count_tries(session, link).left == 1
    assert try_birth_date(session, ANONYMOUS, link, appointment.patient.birth_date)


def test_a_new_link_replaces_the_old_one_and_its_visits(
    session: Session, cast: Cast, appointment: Appointment
) -> None:
    old = make_link(session, appointment)
    guess(session, old, 5)
    visit = SessionVisit(session_id=begin(session), appointment_id=appointment.id, proved_at=now())
    session.add(visit)
    session.flush()
    new = renew_link(session, actor_of(cast.receptionist), appointment)
    assert find_link(session, SIGNER, SIGNER.sign(old.id)) is None
    assert find_link(session, SIGNER, SIGNER.sign(new.id)) is new
    assert count_tries(session, new).left == 5
    assert session.scalar(select(func.count()).select_from(SessionVisit)) == 0
    assert make_link(session, appointment) is new


def begin(session: Session) -> UUID:
    moment = now()
    row = BrowserSession(
        token_hash=uuid4().bytes * 2,
        stage="guest",
        created_at=moment,
        last_seen_at=moment,
        proved_at=moment,
    )
    session.add(row)
    session.flush()
    return row.id


def test_only_staff_of_the_service_renew_a_link(
    session: Session, cast: Cast, appointment: Appointment
) -> None:
    for account in (cast.other_service_receptionist, cast.other_organisation_receptionist, cast.colleague):
        with pytest.raises(NotFound):
            renew_link(session, actor_of(account), appointment)


def test_a_carers_link_is_their_own_and_asks_for_the_patients_date_of_birth(
    session: Session, cast: Cast, appointment: Appointment
) -> None:
    authority = make_carer(session, cast.patient)
    who = actor_of(cast.receptionist)
    link = make_carer_link(session, who, appointment, authority.related_person_id)
    assert link.id != make_link(session, appointment).id
    assert make_carer_link(session, who, appointment, authority.related_person_id) is link
    assert find_link(session, SIGNER, SIGNER.sign(link.id)) is link
    assert find_carer_links(session, appointment) == {authority.related_person_id: link}
    assert not try_birth_date(session, ANONYMOUS, link, authority.related_person.birth_date)
    assert try_birth_date(session, ANONYMOUS, link, cast.patient.birth_date)


def test_a_carers_link_ends_with_the_authority(
    session: Session, cast: Cast, appointment: Appointment
) -> None:
    authority = make_carer(session, cast.patient)
    who = actor_of(cast.receptionist)
    link = make_carer_link(session, who, appointment, authority.related_person_id)
    revoke_authority(session, who, authority.id, reason="The court said so")
    assert find_link(session, SIGNER, SIGNER.sign(link.id)) is None
    assert find_carer_links(session, appointment) == {}
    with pytest.raises(NotFound):
        make_carer_link(session, who, appointment, authority.related_person_id)


def test_nobody_but_the_patient_has_a_link_to_a_confidential_appointment(
    session: Session, cast: Cast, appointment: Appointment
) -> None:
    authority = make_carer(session, cast.patient)
    who = actor_of(cast.receptionist)
    link = make_carer_link(session, who, appointment, authority.related_person_id)
    own = make_link(session, appointment)
    set_confidential(session, who, appointment.id, is_confidential=True, version=appointment.version)
    assert find_link(session, SIGNER, SIGNER.sign(link.id)) is None
    assert find_link(session, SIGNER, SIGNER.sign(own.id)) is own
    with pytest.raises(Conflict) as refusal:
        make_carer_link(session, who, appointment, authority.related_person_id)
    assert refusal.value.code == "confidential"
    # Taking the mark away brings no link back.
    set_confidential(session, who, appointment.id, is_confidential=False, version=appointment.version)
    assert find_link(session, SIGNER, SIGNER.sign(link.id)) is None


def test_a_link_that_a_parent_may_have_read_is_replaced_when_it_becomes_confidential(
    session: Session, cast: Cast, appointment: Appointment
) -> None:
    make_carer(session, cast.patient, phone="+447700900123")
    old = make_link(session, appointment)
    set_confidential(
        session,
        actor_of(cast.receptionist),
        appointment.id,
        is_confidential=True,
        version=appointment.version,
    )
    assert find_link(session, SIGNER, SIGNER.sign(old.id)) is None
    assert make_link(session, appointment).id != old.id


def test_nobody_but_the_patient_has_a_link_when_the_patient_is_protected(
    session: Session, cast: Cast, appointment: Appointment
) -> None:
    authority = make_carer(session, cast.patient)
    who = actor_of(cast.receptionist)
    link = make_carer_link(session, who, appointment, authority.related_person_id)
    ways = SafeWays(is_phone_safe=True, is_email_safe=False)
    protect_patient(session, who, cast.patient, cast.service.id, ways)
    assert find_link(session, SIGNER, SIGNER.sign(link.id)) is None
    with pytest.raises(Conflict) as refusal:
        make_carer_link(session, who, appointment, authority.related_person_id)
    assert refusal.value.code == "protected"


def test_guesses_at_the_same_moment_never_overshoot(own_app: Flask, own_database: Database) -> None:
    with own_database.transaction() as session:
        appointment = make_appointment(session, make_cast(session))
        link_id = make_link(session, appointment).id
        for _ in range(8):
            session.add(
                JoinAttempt(join_link_id=link_id, attempted_at=now() - timedelta(hours=2), succeeded=False)
            )
    start = Barrier(6)

    def try_once() -> None:
        start.wait()
        with own_database.transaction() as session:
            found = find_link(session, SIGNER, SIGNER.sign(link_id))
            assert found is not None
            try_birth_date(session, ANONYMOUS, found, WRONG)

    threads = [Thread(target=try_once) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with own_database.reading() as session:
        assert session.scalar(select(func.count()).select_from(JoinAttempt)) == 10


def test_a_visit_of_a_carer_ends_with_the_mark_and_the_patients_stays(
    own_app: Flask, own_database: Database
) -> None:
    with own_database.transaction() as session:
        cast = make_cast(session)
        appointment = make_appointment(session, cast)
        carer = make_carer(session, cast.patient).related_person
    patient, parent = own_app.test_client(), own_app.test_client()
    open_visit(patient, appointment)
    open_visit(parent, appointment, carer=carer)
    address = f"/visits/{appointment.id}"
    assert patient.get(address).status_code == parent.get(address).status_code == 200
    with own_database.transaction() as session:
        set_confidential(
            session,
            actor_of(cast.receptionist),
            appointment.id,
            is_confidential=True,
            version=appointment.version,
        )
    assert patient.get(address).status_code == 200
    assert parent.get(address).status_code in (303, 404)
