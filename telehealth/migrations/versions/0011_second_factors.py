"""Challenges for passkeys, a secret that is being set up, and throttled codes."""

import sqlalchemy as sa
from alembic import op

from telehealth.db import UtcDateTime

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "passkey_challenge",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("challenge_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column(
            "purpose",
            sa.Enum(
                "register",
                "second-factor",
                "sign-in",
                name="challenge_purpose",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_passkey_challenge_account_id_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkey_challenge")),
        sa.UniqueConstraint("challenge_hash", name=op.f("uq_passkey_challenge_challenge_hash")),
    )
    op.create_index(op.f("ix_passkey_challenge_account_id"), "passkey_challenge", ["account_id"])
    op.create_index(op.f("ix_passkey_challenge_expires_at"), "passkey_challenge", ["expires_at"])
    op.add_column("authenticator_app", sa.Column("new_secret_sealed", sa.LargeBinary(), nullable=True))
    op.add_column("authenticator_app", sa.Column("new_secret_session_id", sa.Uuid(), nullable=True))
    _note_what_was_given()


def _note_what_was_given() -> None:
    if op.get_bind().dialect.name == "postgresql":
        kinds = sa.Enum(
            "password", "code", name="factor", native_enum=False, create_constraint=True, length=40
        )
        op.add_column(
            "sign_in_attempt", sa.Column("factor", kinds, server_default="password", nullable=False)
        )
        return
    # Not by Alembic: on SQLite it would leave out the check.
    op.execute(
        "ALTER TABLE sign_in_attempt ADD COLUMN factor VARCHAR(40) DEFAULT 'password' NOT NULL "
        "CONSTRAINT ck_sign_in_attempt_factor CHECK (factor IN ('password', 'code'))"
    )
