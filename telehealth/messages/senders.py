"""The ways out: SMTP, the terminal and a folder in the demo, and none yet for text messages."""

import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

import click

from telehealth.accounts.domain.contact import mask_email, mask_phone
from telehealth.accounts.models import ContactKind
from telehealth.clock import now
from telehealth.messages.services.outbox import Letter

# For each step of the conversation: all of them together end before the lease does.
TIMEOUT_S = 15.0
DEFAULT_PORTS = {"smtp": 587, "smtps": 465}
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

Sender = Callable[[Letter], None]


class SendFailed(Exception):
    """It was not sent. `code` holds no address and no content; `is_final`: no other try can help."""

    def __init__(self, code: str, *, is_final: bool) -> None:
        super().__init__(code)
        self.code = code
        self.is_final = is_final


@dataclass(frozen=True, slots=True)
class SmtpSender:
    """Hands e-mails to a mail server. `url`: smtp:// (upgraded with STARTTLS where offered) or smtps://."""

    url: str = field(repr=False)
    mail_from: str
    timeout_s: float = TIMEOUT_S

    def __call__(self, letter: Letter) -> None:
        """Raises SendFailed."""
        mail = self._mail(letter)
        try:
            with self._connect() as server:
                self._secure(server)
                server.send_message(mail)
        except smtplib.SMTPRecipientsRefused as error:
            code = next(iter(error.recipients.values()), (0, b""))[0]
            raise SendFailed(f"refused-{code}", is_final=code >= 500) from None
        except smtplib.SMTPAuthenticationError as error:
            # The settings may be repaired meanwhile.
            raise SendFailed(f"sign-in-{error.smtp_code}", is_final=False) from None
        except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
            raise SendFailed(f"refused-{error.smtp_code}", is_final=error.smtp_code >= 500) from None
        except smtplib.SMTPNotSupportedError:
            raise SendFailed("not-supported", is_final=True) from None
        except smtplib.SMTPException as error:
            raise SendFailed(f"smtp-{type(error).__name__}"[:60], is_final=False) from None
        except OSError as error:
            raise SendFailed(f"unreachable-{type(error).__name__}"[:60], is_final=False) from None

    def _mail(self, letter: Letter) -> EmailMessage:
        """Header values with line breaks are refused by the library: nobody can add a header."""
        mail = EmailMessage(policy=SMTP)
        try:
            mail["To"] = Address(addr_spec=letter.to)
            mail["From"] = self.mail_from
            mail["Subject"] = letter.subject
            mail["Message-ID"] = letter.reference
        except (HeaderParseError, ValueError, IndexError):
            raise SendFailed("bad-address", is_final=True) from None
        mail["Date"] = format_datetime(now())
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(letter.body)
        return mail

    def _connect(self) -> smtplib.SMTP:
        parts = urlsplit(self.url)
        host, port = parts.hostname or "", parts.port or DEFAULT_PORTS[parts.scheme]
        if parts.scheme == "smtps":
            return smtplib.SMTP_SSL(host, port, timeout=self.timeout_s, context=ssl.create_default_context())
        return smtplib.SMTP(host, port, timeout=self.timeout_s)

    def _secure(self, server: smtplib.SMTP) -> None:
        parts = urlsplit(self.url)
        server.ehlo_or_helo_if_needed()
        is_secure = parts.scheme == "smtps"
        if not is_secure and server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
            is_secure = True
        if not parts.username:
            return
        if not is_secure and parts.hostname not in LOOPBACK:
            # The password would go over the wire in clear.
            raise SendFailed("no-tls", is_final=False)
        server.login(unquote(parts.username), unquote(parts.password or ""))


@dataclass(frozen=True, slots=True)
class DemoSender:
    """Writes what would be sent into a folder, and says so at the terminal: whoever tries the demo finds the link."""

    folder: Path

    def __call__(self, letter: Letter) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # The same name in each try.
        path = self.folder / f"{letter.kind}-{letter.message_id}.txt"
        lines = [f"To: {letter.to}", *([f"Subject: {letter.subject}"] if letter.subject else []), ""]
        path.touch(mode=0o600)
        path.write_text("\n".join(lines) + f"\n{letter.body}", encoding="utf-8")
        what = "an email" if letter.channel is ContactKind.EMAIL else "a text message"
        to = mask_email(letter.to) if letter.channel is ContactKind.EMAIL else mask_phone(letter.to)
        click.echo(f"  Demo: {what} to {to} is in {path}")


def refuse_text(_letter: Letter) -> None:
    """There is no provider for text messages yet."""
    raise SendFailed("no-sms-provider", is_final=True)
