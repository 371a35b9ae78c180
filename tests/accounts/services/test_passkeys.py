"""Passkeys, with a device that keeps to the rules and with others that do not."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from telehealth.accounts.domain.account import AccountKind
from telehealth.accounts.models import Account, Passkey, PasskeyChallenge
from telehealth.accounts.services.passkeys import (
    RelyingParty,
    assertion_options,
    list_passkeys,
    register_passkey,
    registration_options,
    remove_passkey,
    rename_passkey,
    verify_assertion,
)
from telehealth.accounts.services.sign_in import actor_of
from telehealth.clock import now
from telehealth.errors import InvalidInput, NotFound
from tests.accounts.factors import ORIGIN, Device
from tests.factories import Cast

pytestmark = pytest.mark.service

PARTY = RelyingParty.of(ORIGIN, "Online consultations")


def register(session: Session, account: Account, device: Device) -> Passkey | None:
    options = registration_options(session, account, PARTY)
    return register_passkey(session, actor_of(account), account, PARTY, device.create(options), "Laptop")


def make_patient_account(session: Session, cast: Cast) -> Account:
    account = Account(
        organisation_id=cast.patient.organisation_id,
        kind=AccountKind.PATIENT,
        patient_id=cast.patient.id,
        display_name=cast.patient.display_name,
    )
    session.add(account)
    session.flush()
    return account


def test_a_passkey_is_registered_and_then_answers(session: Session, cast: Cast) -> None:
    device = Device()
    assert register(session, cast.receptionist, device) is not None
    options = assertion_options(session, cast.receptionist, PARTY)
    answered = verify_assertion(session, cast.receptionist, PARTY, device.get(options))
    assert answered is cast.receptionist
    (passkey,) = list_passkeys(session, cast.receptionist.id)
    assert (passkey.name, passkey.sign_count) == ("Laptop", 1)
    assert passkey.last_used_at is not None


def test_an_answer_works_once(session: Session, cast: Cast) -> None:
    device = Device()
    register(session, cast.receptionist, device)
    # A synced passkey does not count: the challenge alone stops the replay.
    answer = device.get(assertion_options(session, cast.receptionist, PARTY), is_counting=False)
    assert verify_assertion(session, cast.receptionist, PARTY, answer) is cast.receptionist
    assert verify_assertion(session, cast.receptionist, PARTY, answer) is None


def test_a_refused_answer_uses_up_the_challenge_too(session: Session, cast: Cast) -> None:
    device = Device()
    register(session, cast.receptionist, device)
    options = assertion_options(session, cast.receptionist, PARTY)
    stranger = Device(credential_id=device.credential_id)
    assert verify_assertion(session, cast.receptionist, PARTY, stranger.get(options)) is None
    assert verify_assertion(session, cast.receptionist, PARTY, device.get(options)) is None


def test_a_challenge_is_too_old_after_five_minutes(session: Session, cast: Cast) -> None:
    device = Device()
    register(session, cast.receptionist, device)
    options = assertion_options(session, cast.receptionist, PARTY)
    session.execute(update(PasskeyChallenge).values(expires_at=now() - timedelta(seconds=1)))
    assert verify_assertion(session, cast.receptionist, PARTY, device.get(options)) is None
    assertion_options(session, cast.receptionist, PARTY)
    assert session.scalar(select(func.count()).select_from(PasskeyChallenge)) == 1


@pytest.mark.parametrize(
    ("origin", "rp_id"),
    [
        ("https://evil.example", "localhost"),
        (ORIGIN, "evil.example"),
        ("http://localhost:5001", "localhost"),
    ],
)
def test_an_answer_for_another_site_is_refused(session: Session, cast: Cast, origin: str, rp_id: str) -> None:
    device = Device()
    register(session, cast.receptionist, device)
    elsewhere = replace(device, origin=origin, rp_id=rp_id)
    options = assertion_options(session, cast.receptionist, PARTY)
    assert verify_assertion(session, cast.receptionist, PARTY, elsewhere.get(options)) is None
    assert register(session, cast.colleague, Device(origin=origin, rp_id=rp_id)) is None


def test_a_counter_that_goes_back_is_a_copy(session: Session, cast: Cast) -> None:
    device = Device()
    register(session, cast.receptionist, device)
    device.sign_count = 7
    options = assertion_options(session, cast.receptionist, PARTY)
    assert verify_assertion(session, cast.receptionist, PARTY, device.get(options)) is not None
    copy = replace(device, sign_count=3)
    options = assertion_options(session, cast.receptionist, PARTY)
    assert verify_assertion(session, cast.receptionist, PARTY, copy.get(options)) is None


def test_nobody_answers_with_the_passkey_of_another(session: Session, cast: Cast) -> None:
    own, others = Device(), Device(credential_id=b"other")
    register(session, cast.receptionist, own)
    register(session, cast.colleague, others)
    options = assertion_options(session, cast.receptionist, PARTY)
    assert verify_assertion(session, cast.receptionist, PARTY, others.get(options)) is None
    # Nor with a challenge that was made for another.
    options = assertion_options(session, cast.colleague, PARTY)
    assert verify_assertion(session, cast.receptionist, PARTY, own.get(options)) is None


def test_one_device_is_not_registered_twice(session: Session, cast: Cast) -> None:
    device = Device()
    assert register(session, cast.receptionist, device) is not None
    assert register(session, cast.colleague, device) is None


def test_a_challenge_for_signing_in_registers_nothing(session: Session, cast: Cast) -> None:
    options = assertion_options(session, cast.receptionist, PARTY)
    who = actor_of(cast.receptionist)
    answer = Device().create(options)
    assert register_passkey(session, who, cast.receptionist, PARTY, answer, "") is None


def test_a_patient_signs_in_with_a_passkey_alone(session: Session, cast: Cast) -> None:
    account = make_patient_account(session, cast)
    device = Device()
    assert register(session, account, device) is not None
    answer = device.get(assertion_options(session, None, PARTY))
    assert verify_assertion(session, None, PARTY, answer) is account


def test_alone_the_passkey_must_check_the_person(session: Session, cast: Cast) -> None:
    account = make_patient_account(session, cast)
    device = Device()
    assert register(session, account, replace(device, is_verifying=False)) is None
    register(session, account, device)
    device.is_verifying = False
    answer = device.get(assertion_options(session, None, PARTY))
    assert verify_assertion(session, None, PARTY, answer) is None


def test_staff_do_not_get_in_with_a_passkey_alone(session: Session, cast: Cast) -> None:
    device = Device()
    register(session, cast.receptionist, device)
    answer = device.get(assertion_options(session, None, PARTY))
    assert verify_assertion(session, None, PARTY, answer) is None


def test_a_disabled_account_is_refused(session: Session, cast: Cast) -> None:
    account = make_patient_account(session, cast)
    device = Device()
    register(session, account, device)
    account.is_active = False
    session.flush()
    answer = device.get(assertion_options(session, None, PARTY))
    assert verify_assertion(session, None, PARTY, answer) is None


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "{}",
        "[]",
        "null",
        '"x"',
        "[" * 5000,
        '{"response": {"clientDataJSON": 5}}',
        '{"response": {"clientDataJSON": "!!"}}',
        '{"rawId": [], "response": {"clientDataJSON": "e30"}}',
        "x" * 30_000,
        "\x00",
    ],
)
def test_whatever_is_sent_is_refused_without_an_error(session: Session, cast: Cast, answer: str) -> None:
    assert verify_assertion(session, cast.receptionist, PARTY, answer) is None
    assert verify_assertion(session, None, PARTY, answer) is None
    who = actor_of(cast.receptionist)
    assert register_passkey(session, who, cast.receptionist, PARTY, answer, "x") is None


@pytest.mark.parametrize(
    ("part", "broken"),
    [
        ('"signature": "', '"signature": "AAAA'),
        ('"authenticatorData"', '"other"'),
        ("public-key", "secret-key"),
    ],
)
def test_a_right_challenge_in_a_broken_answer_is_refused(
    session: Session, cast: Cast, part: str, broken: str
) -> None:
    device = Device()
    register(session, cast.receptionist, device)
    answer = device.get(assertion_options(session, cast.receptionist, PARTY))
    assert part in answer
    assert verify_assertion(session, cast.receptionist, PARTY, answer.replace(part, broken)) is None


def test_passkeys_of_others_are_not_found(session: Session, cast: Cast) -> None:
    passkey = register(session, cast.receptionist, Device())
    assert passkey is not None
    with pytest.raises(NotFound):
        rename_passkey(session, cast.colleague.id, passkey.id, "Mine")
    with pytest.raises(NotFound):
        remove_passkey(session, actor_of(cast.colleague), cast.colleague, passkey.id)
    with pytest.raises(InvalidInput):
        rename_passkey(session, cast.receptionist.id, passkey.id, "   ")
    rename_passkey(session, cast.receptionist.id, passkey.id, "  Desk   computer ")
    assert passkey.name == "Desk computer"
