"""Sign-ins on the server: what a token stands for, and what ends it."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from telehealth.accounts.domain.session import STAFF_LIMITS, Stage
from telehealth.accounts.models import Authority, Basis, BrowserSession, RelatedPerson
from telehealth.accounts.services.sessions import (
    add_visit,
    begin_session,
    end_session,
    end_sessions_of,
    end_visits_of,
    find_sign_in,
    list_sessions,
    prove_again,
    rights_changed,
    see,
)
from telehealth.accounts.services.sign_in import actor_of
from telehealth.actor import ActorKind, Role
from telehealth.clock import now, uk_today
from telehealth.errors import NotFound
from telehealth.topics import account_topic, session_topic, take_topics
from tests.factories import Cast, make_appointment

pytestmark = pytest.mark.service


def test_a_token_stands_for_the_account_with_its_roles(session: Session, cast: Cast) -> None:
    token = begin_session(session, cast.receptionist, Stage.SIGNED_IN, address="192.0.2.1", browser="Chrome")
    found = find_sign_in(session, token)
    assert found is not None
    assert found.actor.account_id == cast.receptionist.id
    assert found.actor.kind is ActorKind.STAFF
    assert found.actor.roles == {(cast.service.id, Role.RECEPTIONIST)}
    assert found.actor.session_id == found.session_id


def test_the_database_does_not_hold_the_token(session: Session, cast: Cast) -> None:
    token = begin_session(session, cast.receptionist, Stage.SIGNED_IN)
    stored = session.scalars(select(BrowserSession.token_hash)).all()
    assert token.encode() not in stored
    assert find_sign_in(session, token + "x") is None


def test_two_sign_ins_have_two_tokens(session: Session, cast: Cast) -> None:
    tokens = {begin_session(session, cast.receptionist, Stage.SIGNED_IN) for _ in range(5)}
    assert len(tokens) == 5
    assert all(len(token) >= 43 for token in tokens)  # 256 bits


def test_an_ended_sign_in_stands_for_nobody(session: Session, cast: Cast) -> None:
    token = begin_session(session, cast.receptionist, Stage.SIGNED_IN)
    found = find_sign_in(session, token)
    assert found is not None
    who = actor_of(cast.receptionist)
    end_session(session, who, found.session_id, account_id=cast.receptionist.id, reason="signed-out")
    assert find_sign_in(session, token) is None
    assert session_topic(found.session_id) in take_topics(session)


def test_nobody_ends_a_strangers_sign_in(session: Session, cast: Cast) -> None:
    found = find_sign_in(session, begin_session(session, cast.clinician, Stage.SIGNED_IN))
    assert found is not None
    with pytest.raises(NotFound):
        end_session(
            session,
            actor_of(cast.receptionist),
            found.session_id,
            account_id=cast.receptionist.id,
            reason="revoked",
        )
    assert [row.id for row in list_sessions(session, cast.clinician.id)] == [found.session_id]


def test_all_others_can_be_ended_at_once(session: Session, cast: Cast) -> None:
    tokens = [begin_session(session, cast.clinician, Stage.SIGNED_IN) for _ in range(3)]
    kept = find_sign_in(session, tokens[0])
    assert kept is not None
    ended = end_sessions_of(
        session, actor_of(cast.clinician), cast.clinician.id, reason="revoked", but=kept.session_id
    )
    assert ended == 2
    assert [find_sign_in(session, token) is not None for token in tokens] == [True, False, False]


def test_a_disabled_account_is_out_at_once(session: Session, cast: Cast) -> None:
    token = begin_session(session, cast.receptionist, Stage.SIGNED_IN)
    cast.receptionist.is_active = False
    session.flush()
    assert find_sign_in(session, token) is None


def test_a_change_of_role_holds_at_the_next_request(session: Session, cast: Cast) -> None:
    token = begin_session(session, cast.receptionist, Stage.SIGNED_IN)
    before = find_sign_in(session, token)
    cast.receptionist.roles.clear()
    rights_changed(session, cast.receptionist)
    session.flush()
    after = find_sign_in(session, token)
    assert before is not None
    assert after is not None
    assert after.actor.roles == frozenset()
    assert after.rights_version == before.rights_version + 1
    assert account_topic(cast.receptionist.id) in take_topics(session)


def test_an_expired_sign_in_is_known_as_expired(session: Session, cast: Cast) -> None:
    token = begin_session(session, cast.receptionist, Stage.SIGNED_IN)
    session.execute(update(BrowserSession).values(last_seen_at=now() - STAFF_LIMITS.idle))
    found = find_sign_in(session, token)
    assert found is not None
    assert found.times.is_expired(now())
    assert not found.times.is_expired_by_age(now())


def test_a_new_proof_renews_the_same_sign_in_under_another_token(session: Session, cast: Cast) -> None:
    token = begin_session(session, cast.receptionist, Stage.SIGNED_IN)
    found = find_sign_in(session, token)
    assert found is not None
    session.execute(
        update(BrowserSession).values(
            proved_at=now() - STAFF_LIMITS.absolute, last_seen_at=now() - STAFF_LIMITS.absolute
        )
    )
    renewed = find_sign_in(session, prove_again(session, found.session_id))
    assert find_sign_in(session, token) is None
    assert renewed is not None
    assert renewed.session_id == found.session_id
    assert not renewed.times.is_expired(now())


def test_a_long_pause_is_remembered_until_the_next_proof(session: Session, cast: Cast) -> None:
    token = begin_session(session, cast.clinician, Stage.SIGNED_IN)
    found = find_sign_in(session, token)
    assert found is not None
    see(session, found.session_id, now() - timedelta(minutes=20))
    paused = find_sign_in(session, token)
    assert paused is not None
    assert paused.times.must_prove_to_sign(now())
    proved = find_sign_in(session, prove_again(session, found.session_id))
    assert proved is not None
    assert not proved.times.must_prove_to_sign(now())


@pytest.mark.parametrize("whose", ["a guest's", "another account's", "the same account's"])
def test_visits_stay_with_the_person_who_opened_them(session: Session, cast: Cast, whose: str) -> None:
    appointment = make_appointment(session, cast)
    before = {"a guest's": None, "another account's": cast.clinician}.get(whose, cast.receptionist)
    first = find_sign_in(session, begin_session(session, before, Stage.SIGNED_IN if before else Stage.GUEST))
    assert first is not None
    add_visit(session, first.session_id, appointment.id)
    token = begin_session(session, cast.receptionist, Stage.SIGNED_IN, replaces=first.session_id)
    found = find_sign_in(session, token)
    assert found is not None
    assert found.actor.appointment_ids == ({appointment.id} if whose == "the same account's" else frozenset())


def test_ending_a_visit_closes_it_in_every_browser(session: Session, cast: Cast) -> None:
    appointment = make_appointment(session, cast)
    token = begin_session(session, None, Stage.GUEST)
    guest = find_sign_in(session, token)
    assert guest is not None
    add_visit(session, guest.session_id, appointment.id)
    end_visits_of(session, appointment.id)
    after = find_sign_in(session, token)
    assert after is not None
    assert after.actor.kind is ActorKind.ANONYMOUS


def carer_of(
    session: Session, cast: Cast, *, days_from: int = -1, days_until: int | None = None
) -> Authority:
    person = RelatedPerson(
        organisation_id=cast.service.organisation_id,
        given_name="Eleri",
        family_name="Morgan",
        birth_date=uk_today() - timedelta(days=15000),
    )
    session.add(person)
    session.flush()
    authority = Authority(
        organisation_id=cast.service.organisation_id,
        patient_id=cast.patient.id,
        related_person_id=person.id,
        relationship_text="daughter",
        basis=Basis.PATIENT_CONSENT,
        valid_from=uk_today() + timedelta(days=days_from),
        valid_until=None if days_until is None else uk_today() + timedelta(days=days_until),
        recorded_at=now(),
        recorded_by="test",
    )
    session.add(authority)
    session.flush()
    return authority


@pytest.mark.parametrize(
    ("days_from", "days_until", "holds"),
    [(-1, None, True), (0, 0, True), (-9, -1, False), (1, None, False)],
)
def test_a_carers_visit_lasts_as_long_as_their_authority(
    session: Session, cast: Cast, days_from: int, days_until: int | None, holds: bool
) -> None:
    authority = carer_of(session, cast, days_from=days_from, days_until=days_until)
    appointment = make_appointment(session, cast)
    token = begin_session(session, None, Stage.GUEST)
    guest = find_sign_in(session, token)
    assert guest is not None
    add_visit(
        session,
        guest.session_id,
        appointment.id,
        related_person_id=authority.related_person_id,
        patient_id=cast.patient.id,
    )
    found = find_sign_in(session, token)
    assert found is not None
    assert found.actor.appointment_ids == ({appointment.id} if holds else frozenset())
    assert found.actor.related_person_id == (authority.related_person_id if holds else None)


def test_a_revoked_authority_ends_the_carers_visit(session: Session, cast: Cast) -> None:
    authority = carer_of(session, cast)
    appointment = make_appointment(session, cast)
    token = begin_session(session, None, Stage.GUEST)
    guest = find_sign_in(session, token)
    assert guest is not None
    add_visit(
        session,
        guest.session_id,
        appointment.id,
        related_person_id=authority.related_person_id,
        patient_id=cast.patient.id,
    )
    authority.revoked_at = now()
    session.flush()
    found = find_sign_in(session, token)
    assert found is not None
    assert found.actor.appointment_ids == frozenset()
