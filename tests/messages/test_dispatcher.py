"""Messages leave the outbox once, whatever dies or refuses on the way."""

import threading
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text

from telehealth.accounts.models import ContactKind
from telehealth.clock import now
from telehealth.db import Database
from telehealth.messages.dispatcher import Dispatcher
from telehealth.messages.domain.delivery import MOST_TRIES, MessageState
from telehealth.messages.models import Message
from telehealth.messages.senders import SendFailed, SmtpSender, refuse_text
from telehealth.messages.services.outbox import Letter, claim_message, note_sent, open_letter, queue_message
from tests.factories import Cast, make_cast
from tests.messages.mail_server import MailServer

pytestmark = pytest.mark.service

FROM = "appointments@hillside.example"
SECRET = "https://localhost/my/sign-in/only-for-you"


@pytest.fixture
def people(own_database: Database) -> Cast:
    with own_database.transaction() as session:
        return make_cast(session)


def write(
    database: Database,
    people: Cast,
    to: str = "eirlys@example.org",
    *,
    minutes: int | None = None,
    channel: ContactKind = ContactKind.EMAIL,
) -> UUID:
    with database.transaction() as session:
        return queue_message(
            session,
            organisation_id=people.service.organisation_id,
            kind="sign-in-link",
            channel=channel,
            to=to,
            subject="Your sign-in link",
            body=SECRET,
            expires_at=now() + timedelta(minutes=minutes) if minutes else None,
        ).id


def read(database: Database, message_id: UUID) -> Message:
    with database.reading() as session:
        return session.get_one(Message, message_id)


def change(database: Database, message_id: UUID, **values: object) -> None:
    with database.transaction() as session:
        message = session.get_one(Message, message_id)
        for name, value in values.items():
            setattr(message, name, value)


def make_due(database: Database, message_id: UUID) -> None:
    change(database, message_id, due_at=now())


def by_mail(database: Database, server: MailServer) -> Dispatcher:
    return Dispatcher(
        database, {ContactKind.EMAIL: SmtpSender(server.url, FROM, timeout_s=5)}, domain="hillside.example"
    )


def through(database: Database, sender: Callable[[Letter], None]) -> Dispatcher:
    return Dispatcher(database, {ContactKind.EMAIL: sender, ContactKind.PHONE: refuse_text})


def test_an_email_leaves_once(own_database: Database, people: Cast, mail_server: MailServer) -> None:
    message_id = write(own_database, people)
    dispatcher = by_mail(own_database, mail_server)
    assert (dispatcher.send_due(), dispatcher.send_due()) == (1, 0)
    (mail,) = mail_server.mails
    assert mail_server.recipients == ["eirlys@example.org"]
    assert (mail["To"], mail["From"], mail["Subject"]) == ("eirlys@example.org", FROM, "Your sign-in link")
    assert mail["Message-ID"] == f"<{message_id}@hillside.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content().strip() == SECRET
    sent = read(own_database, message_id)
    assert (sent.state, sent.attempts, sent.error_code) == (MessageState.SENT, 1, "")
    assert sent.sent_at is not None
    assert sent.body == "", "a link that was sent is kept nowhere"
    assert sent.to == "eirlys@example.org"


def test_nothing_readable_is_stored(own_database: Database, people: Cast) -> None:
    message_id = write(own_database, people)
    with own_database.reading() as session:
        row = session.execute(
            text("SELECT * FROM message WHERE id = :id"),
            {"id": message_id.hex if own_database.engine.dialect.name == "sqlite" else message_id},
        ).one()
    stored = repr([bytes(value) if isinstance(value, memoryview) else value for value in row])
    assert "only-for-you" not in stored
    assert "eirlys" not in stored
    assert "Your sign-in" not in stored


def test_a_server_that_refuses_for_now_is_asked_again_with_the_same_message_id(
    own_database: Database, people: Cast, mail_server: MailServer
) -> None:
    message_id = write(own_database, people)
    dispatcher = by_mail(own_database, mail_server)
    mail_server.answers["DATA"] = "451 try later"
    dispatcher.send_due()
    waiting = read(own_database, message_id)
    assert (waiting.state, waiting.error_code) == (MessageState.QUEUED, "refused-451")
    assert timedelta(seconds=50) < waiting.due_at - now() <= timedelta(minutes=1)
    assert dispatcher.send_due() == 0, "not before it is due"
    mail_server.answers.clear()
    make_due(own_database, message_id)
    dispatcher.send_due()
    (mail,) = mail_server.mails
    assert mail["Message-ID"] == waiting.reference
    assert read(own_database, message_id).attempts == 2


@pytest.mark.parametrize(("step", "answer"), [("RCPT", "550 no such person"), ("DATA", "554 no")])
def test_a_server_that_refuses_for_good_is_not_asked_again(
    own_database: Database, people: Cast, mail_server: MailServer, step: str, answer: str
) -> None:
    bad = write(own_database, people)
    mail_server.answers[step] = answer
    by_mail(own_database, mail_server).send_due()
    failed = read(own_database, bad)
    assert (failed.state, failed.error_code) == (MessageState.FAILED, f"refused-{answer[:3]}")
    assert failed.body == ""


def test_no_server_at_all_is_tried_six_times(own_database: Database, people: Cast) -> None:
    message_id = write(own_database, people)
    nobody_there = SmtpSender("smtp://127.0.0.1:1", FROM, timeout_s=2)
    dispatcher = through(own_database, nobody_there)
    for _ in range(MOST_TRIES):
        assert read(own_database, message_id).state is MessageState.QUEUED
        make_due(own_database, message_id)
        assert dispatcher.send_due() == 1
    failed = read(own_database, message_id)
    assert (failed.state, failed.attempts) == (MessageState.FAILED, MOST_TRIES)
    assert failed.error_code.startswith("unreachable-")


@pytest.mark.parametrize(
    "to",
    [
        "eirlys@example.org\r\nBcc: everybody@example.org",
        "eirlys@example.org\nSubject: other",
        "a@example.org, b@example.org",
        "<script>@",
        "no address",
        "@",
    ],
)
def test_no_address_adds_a_header_or_a_recipient(
    own_database: Database, people: Cast, mail_server: MailServer, to: str
) -> None:
    bad = write(own_database, people, to)
    good = write(own_database, people)
    by_mail(own_database, mail_server).send_due()
    assert read(own_database, bad).state is MessageState.FAILED
    assert read(own_database, good).state is MessageState.SENT
    assert mail_server.recipients == ["eirlys@example.org"]


def test_one_bad_message_stops_none_behind_it(own_database: Database, people: Cast) -> None:
    ids = [write(own_database, people, f"p{number}@example.org") for number in range(4)]
    with own_database.transaction() as session:
        # Swapped with another row's: it does not open.
        session.get_one(Message, ids[0]).to_sealed = session.get_one(Message, ids[1]).to_sealed
    seen: list[str] = []

    def send(letter: Letter) -> None:
        if letter.to == "p2@example.org":
            raise RuntimeError("p2@example.org is a word of the sender")
        seen.append(letter.to)

    through(own_database, send).send_due()
    assert seen == ["p1@example.org", "p3@example.org"]
    assert read(own_database, ids[0]).error_code == "cannot-be-opened"
    again = read(own_database, ids[2])
    assert (again.state, again.error_code) == (MessageState.QUEUED, "RuntimeError")


def test_two_dispatchers_at_once_send_each_message_once(own_database: Database, people: Cast) -> None:
    ids = {write(own_database, people, f"p{number}@example.org") for number in range(20)}
    seen: list[UUID] = []
    both_sending = threading.Barrier(2, timeout=20)

    def work() -> None:
        first = [True]

        def send(letter: Letter) -> None:
            if first[0]:
                first[0] = False
                both_sending.wait()
            seen.append(letter.message_id)

        through(own_database, send).send_due()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(seen) == sorted(ids)
    assert {read(own_database, message_id).state for message_id in ids} == {MessageState.SENT}


def test_what_a_killed_sender_had_is_sent_after_its_lease(own_database: Database, people: Cast) -> None:
    message_id = write(own_database, people)
    with own_database.transaction() as session:
        assert claim_message(session, [ContactKind.EMAIL], "hillside.example") == message_id
    seen: list[Letter] = []
    dispatcher = through(own_database, seen.append)
    assert dispatcher.send_due() == 0, "somebody may still be sending it"
    change(own_database, message_id, lease_until=now())
    dispatcher.send_due()
    assert [(letter.attempt, letter.reference) for letter in seen] == [
        (2, f"<{message_id}@hillside.example>")
    ]
    # The first one comes back to life and reports: it is not its message any more.
    with own_database.transaction() as session:
        note_sent(session, message_id, 1)
    assert read(own_database, message_id).attempts == 2


def test_a_message_whose_senders_always_die_is_given_up(own_database: Database, people: Cast) -> None:
    message_id = write(own_database, people)
    for _ in range(MOST_TRIES):
        with own_database.transaction() as session:
            assert claim_message(session, [ContactKind.EMAIL], "x") == message_id
        change(own_database, message_id, lease_until=now())
    seen: list[Letter] = []
    through(own_database, seen.append).send_due()
    assert seen == []
    given_up = read(own_database, message_id)
    assert (given_up.state, given_up.error_code) == (MessageState.FAILED, "tries-used-up")


def test_a_link_that_has_run_out_is_not_sent(own_database: Database, people: Cast) -> None:
    message_id = write(own_database, people, minutes=10)
    change(own_database, message_id, expires_at=now())
    seen: list[Letter] = []
    through(own_database, seen.append).send_due()
    assert seen == []
    assert read(own_database, message_id).error_code == "too-late"


def test_a_link_that_would_run_out_before_the_next_try_is_given_up(
    own_database: Database, people: Cast
) -> None:
    message_id = write(own_database, people, minutes=10)
    change(own_database, message_id, attempts=2)

    def fail(_letter: Letter) -> None:
        raise SendFailed("later", is_final=False)

    through(own_database, fail).send_due()
    assert read(own_database, message_id).state is MessageState.FAILED


def test_texts_have_no_provider_yet(own_database: Database, people: Cast) -> None:
    message_id = write(own_database, people, "+447700900123", channel=ContactKind.PHONE)
    through(own_database, print).send_due()
    failed = read(own_database, message_id)
    assert (failed.state, failed.error_code) == (MessageState.FAILED, "no-sms-provider")


def test_a_channel_without_a_sender_waits(own_database: Database, people: Cast) -> None:
    message_id = write(own_database, people)
    assert Dispatcher(own_database, {ContactKind.PHONE: refuse_text}).send_due() == 0
    assert read(own_database, message_id).state is MessageState.QUEUED


def test_nothing_of_a_transaction_that_failed_is_sent(own_database: Database, people: Cast) -> None:
    class Refused(Exception):
        pass

    def fail() -> None:
        with own_database.transaction() as session:
            queue_message(
                session,
                organisation_id=people.service.organisation_id,
                kind="x",
                channel=ContactKind.EMAIL,
                to="eirlys@example.org",
                subject="",
                body="",
            )
            raise Refused

    with pytest.raises(Refused):
        fail()
    seen: list[Letter] = []
    assert through(own_database, seen.append).send_due() == 0
    with own_database.reading() as session:
        assert session.scalars(select(Message)).all() == []


def test_a_commit_wakes_the_dispatcher(own_database: Database, people: Cast) -> None:
    sent = threading.Event()
    dispatcher = through(own_database, lambda _letter: sent.set())
    dispatcher.start()
    try:
        write(own_database, people)
        # Well below the rounds that it makes by itself.
        assert sent.wait(2.5)
    finally:
        dispatcher.stop()
    assert own_database.after_commit == []


def test_the_text_of_a_claimed_message_is_read_in_its_own_transaction(
    own_database: Database, people: Cast
) -> None:
    message_id = write(own_database, people)
    with own_database.transaction() as session:
        claim_message(session, [ContactKind.EMAIL], "x")
    with own_database.transaction() as session:
        letter = open_letter(session, message_id)
    assert letter is not None
    assert letter.body == SECRET
