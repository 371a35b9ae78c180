"""A new phone number or e-mail: verified first, the old one told, and never by a carer."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.accounts.domain.contact import CHANGES_A_DAY, CODE_TRIES
from telehealth.accounts.models import ContactChange, ContactKind, Patient, Verification
from telehealth.accounts.services import notices
from telehealth.accounts.services.contact_changes import (
    find_pending,
    get_change,
    list_changes,
    request_contact_change,
    send_code,
    verify_contact_change,
    withdraw_contact_change,
)
from telehealth.accounts.services.notices import Notice, NoticeKind
from telehealth.accounts.services.sign_in import actor_of
from telehealth.actor import Actor, ActorKind
from telehealth.audit.models import AuditEvent
from telehealth.clock import now
from telehealth.errors import Conflict, InvalidInput, NotFound, TooManyTries
from tests.factories import Cast, protect

pytestmark = pytest.mark.service

OLD, NEW = "+447700900123", "+447700900167"


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Notice]:
    """What would go into the outbox."""
    found: list[Notice] = []
    monkeypatch.setattr(notices, "senders", [lambda _session, notice: found.append(notice)])
    return found


def patient_actor(patient: Patient) -> Actor:
    return Actor(
        kind=ActorKind.PATIENT,
        account_id=uuid4(),
        organisation_id=patient.organisation_id,
        patient_id=patient.id,
    )


def ask(session: Session, cast: Cast, value: str = NEW) -> ContactChange:
    return request_contact_change(
        session, actor_of(cast.receptionist), cast.patient, ContactKind.PHONE, value
    )


def code_of(sent: list[Notice]) -> str:
    return next(notice.values["code"] for notice in reversed(sent) if "code" in notice.values)


def test_until_it_is_verified_the_old_one_is_in_use(session: Session, cast: Cast, sent: list[Notice]) -> None:
    change = ask(session, cast)
    assert cast.patient.phone == OLD
    assert find_pending(session, cast.patient.id) == [change]
    assert sent == []


def test_a_code_that_is_read_back_puts_it_into_use_and_the_old_one_is_told(
    session: Session, cast: Cast, sent: list[Notice]
) -> None:
    who, change = actor_of(cast.receptionist), ask(session, cast)
    send_code(session, who, change)
    assert [(notice.kind, notice.to) for notice in sent] == [(NoticeKind.CONTACT_CODE, NEW)]
    assert change.code_hash is not None
    assert code_of(sent).encode() not in change.code_hash
    assert verify_contact_change(session, who, change, Verification.CODE, code_of(sent))
    assert cast.patient.phone == NEW
    assert (sent[-1].kind, sent[-1].to) == (NoticeKind.CONTACT_CHANGED, OLD)
    assert change.old_told_at is not None
    assert (change.value, change.old_value) == (NEW, OLD)
    assert find_pending(session, cast.patient.id) == []
    assert list_changes(session, cast.patient.id) == [change]


@pytest.mark.parametrize("how", [Verification.CALLED_OLD_NUMBER, Verification.SEEN_IN_PERSON])
def test_staff_may_note_how_they_made_sure(
    session: Session, cast: Cast, sent: list[Notice], how: Verification
) -> None:
    change = ask(session, cast)
    assert verify_contact_change(session, actor_of(cast.receptionist), change, how)
    assert (change.verification, change.verified_by) == (how, actor_of(cast.receptionist).key)
    assert cast.patient.phone == NEW
    actions = session.scalars(select(AuditEvent.action).where(AuditEvent.subject_id == change.id)).all()
    assert sorted(actions) == ["contact-change.requested", "contact-change.verified"]
    reasons = session.scalars(select(AuditEvent.reason)).all()
    assert not any("7700" in reason for reason in reasons)


def test_five_wrong_codes_and_no_more(session: Session, cast: Cast, sent: list[Notice]) -> None:
    who, change = actor_of(cast.receptionist), ask(session, cast)
    send_code(session, who, change)
    right = code_of(sent)
    wrong = "000000" if right != "000000" else "111111"
    for number in range(CODE_TRIES):
        if number == 2:
            send_code(session, who, change)
            # Another code, the same change: the tries are counted on.
            right = code_of(sent)
            wrong = "000000" if right != "000000" else "111111"
        assert not verify_contact_change(session, who, change, Verification.CODE, wrong)
    for attempt in (right, wrong):
        with pytest.raises(TooManyTries):
            verify_contact_change(session, who, change, Verification.CODE, attempt)
    with pytest.raises(TooManyTries):
        send_code(session, who, change)
    assert cast.patient.phone == OLD


def test_a_code_is_good_for_ten_minutes_and_for_its_own_change(
    session: Session, cast: Cast, sent: list[Notice]
) -> None:
    who, change = actor_of(cast.receptionist), ask(session, cast)
    with pytest.raises(InvalidInput):
        verify_contact_change(session, who, change, Verification.CODE, "123456")
    send_code(session, who, change)
    code = code_of(sent)
    change.code_expires_at = now() - timedelta(seconds=1)
    with pytest.raises(InvalidInput):
        verify_contact_change(session, who, change, Verification.CODE, code)
    other = ask(session, cast, "+447700900199")
    send_code(session, who, other)
    if code_of(sent) != code:
        assert not verify_contact_change(session, who, other, Verification.CODE, code)


def test_a_newer_wish_withdraws_the_older_one(session: Session, cast: Cast, sent: list[Notice]) -> None:
    first, second = ask(session, cast), ask(session, cast, "+447700900199")
    assert find_pending(session, cast.patient.id) == [second]
    with pytest.raises(Conflict):
        get_change(session, actor_of(cast.receptionist), cast.patient, first.id)


def test_what_was_withdrawn_stays_in_the_history(session: Session, cast: Cast, sent: list[Notice]) -> None:
    change = ask(session, cast)
    withdraw_contact_change(session, actor_of(cast.receptionist), change)
    assert find_pending(session, cast.patient.id) == []
    assert list_changes(session, cast.patient.id) == [change]
    assert cast.patient.phone == OLD


def test_the_old_contact_of_a_protected_patient_is_not_told(
    session: Session, cast: Cast, sent: list[Notice]
) -> None:
    protect(session, cast)
    change = ask(session, cast)
    verify_contact_change(session, actor_of(cast.receptionist), change, Verification.SEEN_IN_PERSON)
    assert cast.patient.phone == NEW
    assert sent == []
    assert change.old_told_at is None


def test_a_first_phone_number_is_told_to_the_email(session: Session, cast: Cast, sent: list[Notice]) -> None:
    who = actor_of(cast.receptionist)
    for value in ("", NEW):
        change = ask(session, cast, value)
        verify_contact_change(session, who, change, Verification.SEEN_IN_PERSON)
    assert [(notice.channel, notice.to) for notice in sent] == [
        (ContactKind.PHONE, OLD),
        (ContactKind.EMAIL, "patient@example.test"),
    ]


def test_a_patient_changes_their_own_with_the_code_alone(
    session: Session, cast: Cast, sent: list[Notice]
) -> None:
    who = patient_actor(cast.patient)
    change = request_contact_change(session, who, cast.patient, ContactKind.EMAIL, "new@example.test")
    with pytest.raises(NotFound):
        verify_contact_change(session, who, change, Verification.SEEN_IN_PERSON)
    send_code(session, who, change)
    assert verify_contact_change(session, who, change, Verification.CODE, code_of(sent))
    assert cast.patient.email == "new@example.test"
    assert cast.patient.phone == OLD


def test_a_patient_cannot_ask_without_end(session: Session, cast: Cast, sent: list[Notice]) -> None:
    who = patient_actor(cast.patient)
    for number in range(CHANGES_A_DAY):
        request_contact_change(session, who, cast.patient, ContactKind.EMAIL, f"new{number}@example.test")
    with pytest.raises(TooManyTries):
        request_contact_change(session, who, cast.patient, ContactKind.EMAIL, "more@example.test")


def test_carers_and_strangers_change_nothing(session: Session, cast: Cast, sent: list[Notice]) -> None:
    carer = Actor(
        kind=ActorKind.RELATED,
        account_id=uuid4(),
        organisation_id=cast.patient.organisation_id,
        related_person_id=uuid4(),
        represents=frozenset({cast.patient.id}),
    )
    for who in (carer, patient_actor(cast.other_patient), actor_of(cast.other_organisation_receptionist)):
        with pytest.raises(NotFound):
            request_contact_change(session, who, cast.patient, ContactKind.PHONE, NEW)


def test_a_protected_patient_calls_to_change_it(session: Session, cast: Cast, sent: list[Notice]) -> None:
    protect(session, cast)
    with pytest.raises(Conflict) as refusal:
        request_contact_change(session, patient_actor(cast.patient), cast.patient, ContactKind.PHONE, NEW)
    assert refusal.value.code == "call-to-change"


def test_the_same_contact_is_no_change(session: Session, cast: Cast, sent: list[Notice]) -> None:
    with pytest.raises(InvalidInput):
        ask(session, cast, OLD)
