"""What somebody signs in with, besides a password."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from telehealth.accounts.models.account import Account
from telehealth.db import Base, Keyed, stored_by_value
from telehealth.sealing import EncryptedText, SealedRow


class Passkey(Keyed, Base):
    """A WebAuthn credential."""

    __tablename__ = "passkey"

    account_id: Mapped[UUID] = mapped_column(ForeignKey(Account.id), index=True)
    credential_id: Mapped[bytes] = mapped_column(LargeBinary(1024), unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary(2048))
    # Rises with each use where the authenticator counts; 0 where it does not.
    sign_count: Mapped[int] = mapped_column(default=0)
    name: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column()
    last_used_at: Mapped[datetime | None] = mapped_column()


class ChallengePurpose(StrEnum):
    """What a passkey is asked for."""

    REGISTER = "register"
    SECOND_FACTOR = "second-factor"
    SIGN_IN = "sign-in"  # alone, without a password


class PasskeyChallenge(Keyed, Base):
    """A random text that a passkey signs. Its row is deleted with the first answer: it works once."""

    __tablename__ = "passkey_challenge"

    challenge_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    purpose: Mapped[ChallengePurpose] = mapped_column(stored_by_value(ChallengePurpose))
    # Whose passkey must answer; None where the passkey itself says who it is.
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey(Account.id), index=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class AuthenticatorApp(SealedRow, Base):
    """A TOTP secret (RFC 6238). Not in use until a first code was right."""

    __tablename__ = "authenticator_app"

    account_id: Mapped[UUID] = mapped_column(ForeignKey(Account.id), unique=True)
    secret_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    # Shown to be scanned; becomes the secret with its first right code. The one in use works until then.
    new_secret_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    # The sign-in to which it was shown: another one, with the password alone, must not learn it.
    new_secret_session_id: Mapped[UUID | None] = mapped_column()
    created_at: Mapped[datetime] = mapped_column()
    confirmed_at: Mapped[datetime | None] = mapped_column()
    # The last 30-second step whose code was used: a code works once.
    last_step: Mapped[int] = mapped_column(default=0)

    secret = EncryptedText()
    new_secret = EncryptedText()


class RecoveryCode(Keyed, Base):
    """One of ten codes for the day on which phone and key are lost. Works once."""

    __tablename__ = "recovery_code"

    account_id: Mapped[UUID] = mapped_column(ForeignKey(Account.id), index=True)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    used_at: Mapped[datetime | None] = mapped_column()


class SetUpPurpose(StrEnum):
    FIRST_SIGN_IN = "first-sign-in"
    PASSWORD_RESET = "password-reset"  # noqa: S105 - a word, not a password


class SetUpLink(Keyed, Base):
    """What a new member of staff, or one who forgot the password, is given: works once, for a short time."""

    __tablename__ = "set_up_link"

    account_id: Mapped[UUID] = mapped_column(ForeignKey(Account.id), index=True)
    purpose: Mapped[SetUpPurpose] = mapped_column(stored_by_value(SetUpPurpose))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    created_at: Mapped[datetime] = mapped_column()
    expires_at: Mapped[datetime] = mapped_column()
    # Used, or replaced by a newer one.
    closed_at: Mapped[datetime | None] = mapped_column()


class SignInLink(Keyed, Base):
    """The link in a patient's or carer's e-mail. Works once, with the date of birth, for ten minutes."""

    __tablename__ = "sign_in_link"

    email_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    created_at: Mapped[datetime] = mapped_column()
    expires_at: Mapped[datetime] = mapped_column()
    # Used, replaced by a newer one, or given up after too many wrong dates of birth.
    closed_at: Mapped[datetime | None] = mapped_column()
    failures: Mapped[int] = mapped_column(default=0)
    # From where it was asked for: a limit for each network address.
    address: Mapped[str] = mapped_column(String(45), default="", server_default=text("''"))

    __table_args__ = (
        Index("ix_sign_in_link_email_hash", "email_hash", "created_at"),
        Index("ix_sign_in_link_address", "address", "created_at"),
    )
