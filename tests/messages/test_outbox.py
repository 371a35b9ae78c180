"""What may be written to whom: the texts, and protected patients."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from telehealth.accounts.models import ContactKind, HealthcareService, Patient, Protection
from telehealth.accounts.services.contacts import set_contact
from telehealth.accounts.services.notices import Notice, NoticeKind, send_notice
from telehealth.clock import now
from telehealth.messages.domain.delivery import MessageState
from telehealth.messages.models import Message
from telehealth.messages.notices import queue_notice
from telehealth.messages.running import make_senders
from telehealth.messages.senders import DemoSender, SendFailed, SmtpSender
from telehealth.messages.services.outbox import Letter, claim_message, open_letter, queue_message
from tests.conftest import make_config
from tests.factories import Cast
from tests.messages.mail_server import MailServer, run_mail_server

pytestmark = pytest.mark.service

VALUES: Mapping[NoticeKind, Mapping[str, str]] = {
    NoticeKind.SIGN_IN_LINK: {"link": "https://localhost/my/sign-in/abc", "minutes": "10"},
    NoticeKind.SET_UP_LINK: {"link": "https://localhost/welcome/abc"},
    NoticeKind.CONTACT_CODE: {"code": "123456", "minutes": "10"},
    NoticeKind.CONTACT_CHANGED: {"what": "phone"},
}


def protect(
    session: Session,
    cast: Cast,
    *,
    phone: bool = False,
    email: bool = False,
    hours: tuple[time, time] | None = None,
) -> Protection:
    made = Protection(
        organisation_id=cast.service.organisation_id,
        service_id=cast.service.id,
        patient_id=cast.patient.id,
        is_phone_safe=phone,
        is_email_safe=email,
        safe_from=hours[0] if hours else None,
        safe_until=hours[1] if hours else None,
        set_at=now(),
        set_by="test",
    )
    session.add(made)
    session.flush()
    return made


def write(session: Session, patient: Patient, to: str = "", *, minutes: int | None = None) -> Message:
    return queue_message(
        session,
        organisation_id=patient.organisation_id,
        kind="sign-in-link",
        channel=ContactKind.EMAIL,
        to=to or patient.email,
        subject="Your sign-in link",
        body="https://localhost/my/sign-in/abc",
        patient_id=patient.id,
        expires_at=now() + timedelta(minutes=minutes) if minutes else None,
    )


def away_from_now() -> tuple[time, time]:
    """An hour of the day that begins in about three hours, in the zone of the cast's service (which may be UTC+1)."""
    starts = now() + timedelta(hours=4)
    return time(starts.hour), time((starts.hour + 1) % 24)


def test_an_unsafe_channel_is_withheld_at_once(session: Session, cast: Cast) -> None:
    protect(session, cast, phone=True)
    message = write(session, cast.patient)
    assert (message.state, message.error_code, message.body) == (MessageState.WITHHELD, "not-safe", "")


def test_nothing_about_a_protected_patient_goes_to_somebody_else(session: Session, cast: Cast) -> None:
    protect(session, cast, email=True)
    assert write(session, cast.patient).state is MessageState.QUEUED
    assert write(session, cast.patient, "partner@example.org").state is MessageState.WITHHELD


def test_a_message_waits_for_the_safe_hours(session: Session, cast: Cast) -> None:
    protect(session, cast, email=True, hours=away_from_now())
    message = write(session, cast.patient)
    assert message.state is MessageState.QUEUED
    assert timedelta(hours=1) < message.due_at - now() < timedelta(hours=5)
    assert claim_message(session, [ContactKind.EMAIL], "x") is None


def test_what_waited_for_the_same_hour_leaves_in_the_order_in_which_it_was_written(
    session: Session, cast: Cast
) -> None:
    protect(session, cast, email=True, hours=away_from_now())
    written = [write(session, cast.patient) for _ in range(8)]
    due_at = now() - timedelta(minutes=1)
    for message in written:
        message.due_at = due_at
    session.flush()
    taken = [claim_message(session, [ContactKind.EMAIL], "x") for _ in written]
    assert taken == [message.id for message in written]


def test_a_link_that_runs_out_before_the_safe_hours_is_withheld(session: Session, cast: Cast) -> None:
    protect(session, cast, email=True, hours=away_from_now())
    message = write(session, cast.patient, minutes=10)
    assert (message.state, message.error_code) == (MessageState.WITHHELD, "not-safe-in-time")


def test_safety_is_asked_again_when_it_is_sent(session: Session, cast: Cast) -> None:
    message = write(session, cast.patient)
    protect(session, cast, phone=True)
    assert claim_message(session, [ContactKind.EMAIL], "x") == message.id
    assert open_letter(session, message.id) is None
    assert (message.state, message.error_code) == (MessageState.WITHHELD, "not-safe")


def test_waiting_for_a_safe_hour_is_no_failed_try(session: Session, cast: Cast) -> None:
    message = write(session, cast.patient)
    protect(session, cast, email=True, hours=away_from_now())
    assert claim_message(session, [ContactKind.EMAIL], "x") == message.id
    assert open_letter(session, message.id) is None
    assert (message.state, message.attempts) == (MessageState.QUEUED, 0)


def test_the_old_address_of_a_protected_patient_gets_nothing(session: Session, cast: Cast) -> None:
    protect(session, cast, email=True)
    message = write(session, cast.patient)
    set_contact(session, cast.patient, email="new@example.org")
    claim_message(session, [ContactKind.EMAIL], "x")
    assert open_letter(session, message.id) is None
    assert message.state is MessageState.WITHHELD


@pytest.mark.parametrize("kind", sorted(NoticeKind))
@pytest.mark.parametrize("channel", sorted(ContactKind))
def test_a_notice_says_no_name_and_no_service(
    session: Session, cast: Cast, kind: NoticeKind, channel: ContactKind
) -> None:
    to = "+447700900123" if channel is ContactKind.PHONE else "eirlys@example.org"
    queue_notice(
        session,
        Notice(
            kind=kind,
            organisation_id=cast.service.organisation_id,
            channel=channel,
            to=to,
            values=VALUES[kind],
        ),
    )
    message = session.scalars(select(Message)).one()
    for value in VALUES[kind].values():
        assert value in message.body or kind is NoticeKind.CONTACT_CHANGED
    both = message.subject + message.body
    for word in (
        cast.patient.given_name,
        cast.patient.family_name,
        cast.service.name,
        cast.other_service.name,
        "1948",
        "%(",
    ):
        assert word not in both
    assert "Hillside Health" in message.body
    assert bool(message.subject) is (channel is ContactKind.EMAIL)
    assert bool(message.expires_at) is ("minutes" in VALUES[kind])
    # A text message is one line.
    assert ("\n" in message.body) is (channel is ContactKind.EMAIL)


def test_the_only_service_gives_its_phone_number(session: Session, cast: Cast) -> None:
    services = session.scalars(select(HealthcareService)).all()
    assert len(services) > 1
    queue_notice(
        session,
        Notice(
            kind=NoticeKind.CONTACT_CHANGED,
            organisation_id=cast.service.organisation_id,
            channel=ContactKind.EMAIL,
            to="eirlys@example.org",
            values={"what": "email"},
        ),
    )
    assert cast.service.phone not in session.scalars(select(Message)).one().body


def test_accounts_notices_end_in_the_outbox_once(
    app: Flask, application: Flask, session: Session, cast: Cast
) -> None:
    send_notice(
        session,
        Notice(
            kind=NoticeKind.CONTACT_CODE,
            organisation_id=cast.service.organisation_id,
            channel=ContactKind.EMAIL,
            to="eirlys@example.org",
            values=VALUES[NoticeKind.CONTACT_CODE],
        ),
    )
    assert len(session.scalars(select(Message)).all()) == 1


def letter(cast: Cast, channel: ContactKind = ContactKind.EMAIL) -> Letter:
    return Letter(
        message_id=cast.patient.id,
        attempt=1,
        kind="sign-in-link",
        channel=channel,
        to="margaret@demo.example" if channel is ContactKind.EMAIL else "+447700900101",
        subject="Your sign-in link",
        body="https://localhost/my/sign-in/abc\n",
        reference="<1@x>",
    )


def test_the_demo_writes_a_file_that_only_its_owner_reads(
    cast: Cast, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    send = DemoSender(tmp_path / "outbox")
    send(letter(cast))
    send(letter(cast))
    (path,) = (tmp_path / "outbox").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert "To: margaret@demo.example" in path.read_text(encoding="utf-8")
    assert path.read_text(encoding="utf-8").endswith("https://localhost/my/sign-in/abc\n")
    told = capsys.readouterr().out
    assert str(path) in told
    assert "margaret" not in told
    assert "my/sign-in/abc" not in told


def test_which_way_messages_leave(tmp_path: Path) -> None:
    plain = make_config(tmp_path, "sqlite://")
    assert set(make_senders(plain)) == {ContactKind.PHONE}
    demo = make_senders(replace(plain, is_demo=True))
    assert isinstance(demo[ContactKind.EMAIL], DemoSender)
    assert isinstance(demo[ContactKind.PHONE], DemoSender)
    mail = make_senders(replace(plain, smtp_url="smtp://localhost", mail_from="a@example.org"))
    assert isinstance(mail[ContactKind.EMAIL], SmtpSender)


def test_a_password_never_goes_over_an_open_wire(cast: Cast, mail_server: MailServer) -> None:
    url = f"smtp://me:secret@127.1:{mail_server.port}"
    with pytest.raises(SendFailed) as failed:
        SmtpSender(url, "a@example.org", timeout_s=5)(letter(cast))
    assert failed.value.code == "no-tls"
    assert mail_server.mails == []
    assert "secret" not in repr(SmtpSender(url, "a@example.org"))


def test_the_mail_server_is_given_name_and_password(cast: Cast) -> None:
    known = []

    def check(_server: Any, _session: Any, _envelope: Any, _mechanism: str, login: Any) -> AuthResult:
        known.append((login.login, login.password))
        return AuthResult(success=login.password == b"p@ss/word", handled=False)

    with run_mail_server(
        authenticator=check, auth_require_tls=False, auth_exclude_mechanism=["PLAIN"]
    ) as server:
        address = f"127.0.0.1:{server.port}"
        SmtpSender(f"smtp://me:p%40ss%2Fword@{address}", "a@example.org", timeout_s=5)(letter(cast))
        assert len(server.mails) == 1
        with pytest.raises(SendFailed) as failed:
            SmtpSender(f"smtp://me:wrong@{address}", "a@example.org", timeout_s=5)(letter(cast))
    assert known == [(b"me", b"p@ss/word"), (b"me", b"wrong")]
    assert (failed.value.code, failed.value.is_final) == ("sign-in-535", False)
