"""Records of one person: linked, followed and unlinked."""

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from telehealth.accounts.models import LinkReason, Patient, PatientLink
from telehealth.accounts.services.merges import (
    AlreadyMerged,
    find_group,
    find_link,
    find_records,
    find_survivors,
    link_records,
    list_replaced,
    survivor_of,
    unlink_records,
)
from telehealth.accounts.services.protection import (
    SafeWays,
    end_protection,
    is_protected,
    protect_patient,
    spread_protection,
)
from telehealth.accounts.services.sign_in import actor_of
from telehealth.actor import Actor
from telehealth.audit.models import AuditEvent
from telehealth.clock import now
from telehealth.errors import NotFound
from tests.factories import Cast, make_patient

pytestmark = pytest.mark.service

TWICE = LinkReason.REGISTERED_TWICE


@pytest.fixture
def records(session: Session, cast: Cast) -> list[Patient]:
    """Four records that may be of one person."""
    return [make_patient(session, cast.service, given_name=name) for name in ("Ann", "Anna", "Anne", "Nan")]


@pytest.fixture
def actor(cast: Cast) -> Actor:
    return actor_of(cast.receptionist)


def test_a_record_stands_for_itself_until_it_is_merged(
    session: Session, actor: Actor, records: list[Patient]
) -> None:
    one, other, *_ = records
    assert survivor_of(session, one.id) == one.id
    assert find_group(session, [one.id]) == {one.id: frozenset((one.id,))}
    link_records(session, actor, one, other, TWICE)
    assert survivor_of(session, one.id) == survivor_of(session, other.id) == other.id
    both = frozenset((one.id, other.id))
    assert find_group(session, [one.id, other.id]) == {one.id: both, other.id: both}
    assert find_records(session, other.id) == both
    assert find_records(session, one.id) == {one.id}


def test_chains_are_followed_and_nothing_is_moved(
    session: Session, actor: Actor, records: list[Patient]
) -> None:
    a, b, c, d = records
    link_records(session, actor, a, b, TWICE)
    link_records(session, actor, b, c, TWICE)
    # Into a record that was replaced: into the one that stands for it.
    assert link_records(session, actor, d, a, TWICE).into_id == c.id
    keys = [each.id for each in records]
    assert find_survivors(session, keys) == dict.fromkeys(keys, c.id)
    for key in keys:
        assert find_group(session, [key]) == {key: frozenset(keys)}
    assert find_records(session, c.id) == frozenset(keys)
    assert find_records(session, b.id) == {a.id, b.id}
    link = find_link(session, a.id)
    assert link is not None
    assert link.into_id == b.id
    assert [each.patient_id for each in list_replaced(session, c.id)] == [d.id, b.id]


def test_no_record_is_merged_into_itself_or_in_a_circle(
    session: Session, actor: Actor, records: list[Patient]
) -> None:
    a, b, c, _ = records
    with pytest.raises(AlreadyMerged):
        link_records(session, actor, a, a, TWICE)
    link_records(session, actor, a, b, TWICE)
    link_records(session, actor, b, c, TWICE)
    for one, other in ((b, a), (c, a), (a, c), (c, b)):
        with pytest.raises(AlreadyMerged):
            link_records(session, actor, one, other, TWICE)


def test_unmerging_takes_along_what_was_merged_before(
    session: Session, actor: Actor, records: list[Patient]
) -> None:
    a, b, c, _ = records
    link_records(session, actor, a, b, TWICE)
    link_records(session, actor, b, c, TWICE)
    unlink_records(session, actor, b)
    assert find_survivors(session, [a.id, b.id, c.id]) == {a.id: b.id, b.id: b.id, c.id: c.id}
    with pytest.raises(NotFound):
        unlink_records(session, actor, b)
    # It can be merged again, and the first link stays in the history.
    link_records(session, actor, b, c, LinkReason.CHANGED_NAME)
    links = session.scalars(select(PatientLink).where(PatientLink.patient_id == b.id)).all()
    assert sorted((link.reason.value, link.ended_at is None) for link in links) == [
        ("changed-name", True),
        ("registered-twice", False),
    ]


def test_the_database_refuses_two_survivors_and_a_record_that_replaces_itself(
    session: Session, cast: Cast, records: list[Patient]
) -> None:
    a, b, c, _ = records

    def add(patient: Patient, into: Patient) -> None:
        with session.begin_nested():
            session.add(
                PatientLink(
                    organisation_id=cast.service.organisation_id,
                    patient_id=patient.id,
                    into_id=into.id,
                    reason=TWICE,
                    linked_at=now(),
                    linked_by="test",
                )
            )

    add(a, b)
    for patient, into in ((a, c), (b, b)):
        with pytest.raises(IntegrityError):
            add(patient, into)


def test_a_record_of_another_organisation_is_not_there(
    session: Session, cast: Cast, actor: Actor, records: list[Patient]
) -> None:
    foreign = make_patient(session, cast.other_organisation_service)
    stranger = actor_of(cast.other_organisation_receptionist)
    for who, one, other in (
        (actor, foreign, records[0]),
        (actor, records[0], foreign),
        (stranger, records[0], records[1]),
    ):
        with pytest.raises(NotFound):
            link_records(session, who, one, other, TWICE)
    link_records(session, actor, records[0], records[1], TWICE)
    with pytest.raises(NotFound):
        unlink_records(session, stranger, records[0])


def test_both_records_say_who_merged_them(session: Session, actor: Actor, records: list[Patient]) -> None:
    a, b, *_ = records
    link_records(session, actor, a, b, TWICE)
    unlink_records(session, actor, a)
    for action in ("patients.merged", "patients.unmerged"):
        told = session.scalars(select(AuditEvent).where(AuditEvent.action == action)).all()
        assert {each.patient_id for each in told} == {a.id, b.id}
        assert {each.actor for each in told} == {actor.key}


def test_no_row_of_a_patient_is_rewritten(session: Session, actor: Actor, records: list[Patient]) -> None:
    a, b, *_ = records
    session.commit()
    written: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.split(maxsplit=1)[0] in ("INSERT", "UPDATE", "DELETE"):
            written.append(" ".join(statement.split()[:3]))

    engine = session.get_bind().engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        link_records(session, actor, a, b, TWICE)
        unlink_records(session, actor, a)
        session.flush()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert any("patient_link" in statement for statement in written)
    assert not [each for each in written if "patient_link" not in each and "audit" not in each]


def test_of_a_whole_list_the_groups_cost_one_question(
    session: Session, actor: Actor, records: list[Patient]
) -> None:
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    engine = session.get_bind().engine
    keys = [each.id for each in records]
    session.flush()
    event.listen(engine, "before_cursor_execute", note)
    try:
        find_group(session, keys)
        find_survivors(session, keys)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert len(asked) == 2


def test_protecting_one_record_protects_the_others(
    session: Session, cast: Cast, actor: Actor, records: list[Patient]
) -> None:
    a, b, c, _ = records
    link_records(session, actor, a, b, TWICE)
    protect_patient(session, actor, a, cast.service.id, SafeWays(is_phone_safe=False, is_email_safe=False))
    assert is_protected(session, a.id)
    assert is_protected(session, b.id)
    link_records(session, actor, c, b, TWICE)
    assert spread_protection(session, actor, c) == {c.id}
    assert is_protected(session, c.id)
    assert spread_protection(session, actor, c) == frozenset()
    end_protection(session, actor, b, cast.service.id)
    assert not any(is_protected(session, each.id) for each in (a, b, c))
