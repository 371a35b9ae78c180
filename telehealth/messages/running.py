"""Which way messages leave an installation, and the dispatcher that runs beside its pages."""

import structlog

from telehealth.accounts.models import ContactKind
from telehealth.config import Config
from telehealth.db import Database
from telehealth.messages.dispatcher import Dispatcher
from telehealth.messages.senders import DemoSender, Sender, SmtpSender, refuse_text

log = structlog.get_logger()

# Of the demo, in the instance folder.
FOLDER = "outbox"


def make_senders(config: Config) -> dict[ContactKind, Sender]:
    """The ways out by channel; what has none waits in the outbox."""
    senders: dict[ContactKind, Sender] = {ContactKind.PHONE: refuse_text}
    if config.is_demo:
        demo = DemoSender(config.instance_path / FOLDER)
        senders = {ContactKind.PHONE: demo, ContactKind.EMAIL: demo}
    if config.smtp_url:
        senders[ContactKind.EMAIL] = SmtpSender(config.smtp_url, config.mail_from)
    return senders


def make_dispatcher(database: Database, config: Config) -> Dispatcher:
    """The dispatcher of a process; `start` it where the process begins to serve."""
    senders = make_senders(config)
    if ContactKind.EMAIL not in senders:
        log.warning("no-mail-server", hint="emails wait in the outbox until TELEHEALTH_SMTP_URL is set")
    return Dispatcher(database, senders, domain=config.mail_from.rpartition("@")[2] or "localhost")
