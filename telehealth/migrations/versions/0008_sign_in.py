"""Sessions on the server, second factors, ways to sign in; carers, protection, and changes of contact."""

import sqlalchemy as sa
from alembic import op

from telehealth.db import UtcDateTime

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    _make_tables_of_people()
    _widen_account()
    _make_tables_of_sign_in()


def _make_tables_of_people() -> None:
    op.create_table(
        "related_person",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("given_name", sa.String(length=100), nullable=False),
        sa.Column("family_name", sa.String(length=100), nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=False),
        sa.Column("phone_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("phone_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("email_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("email_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_related_person_organisation_id_organisation"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_related_person")),
    )
    op.create_index("ix_related_person_email_hash", "related_person", ["organisation_id", "email_hash"])
    op.create_index(op.f("ix_related_person_organisation_id"), "related_person", ["organisation_id"])
    op.create_table(
        "authority",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("related_person_id", sa.Uuid(), nullable=False),
        sa.Column("relationship_text", sa.String(length=60), nullable=False),
        sa.Column(
            "basis",
            sa.Enum(
                "parental-responsibility",
                "power-of-attorney",
                "court-appointed",
                "patient-consent",
                name="basis",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.Column("recorded_by", sa.String(length=80), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.Column("revoked_by", sa.String(length=80), nullable=False),
        sa.Column("revoke_reason", sa.String(length=500), nullable=False),
        sa.CheckConstraint(
            "valid_until IS NULL OR valid_until >= valid_from", name=op.f("ck_authority_dates_in_order")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_authority_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_authority_patient_id_patient")),
        sa.ForeignKeyConstraint(
            ["related_person_id"],
            ["related_person.id"],
            name=op.f("fk_authority_related_person_id_related_person"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authority")),
    )
    op.create_index(op.f("ix_authority_organisation_id"), "authority", ["organisation_id"])
    op.create_index(op.f("ix_authority_patient_id"), "authority", ["patient_id"])
    op.create_index(op.f("ix_authority_related_person_id"), "authority", ["related_person_id"])
    op.create_table(
        "contact_change",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "phone", "email", name="contact_kind", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("value_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("old_value_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("requested_at", UtcDateTime(), nullable=False),
        sa.Column("requested_by", sa.String(length=80), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("code_expires_at", UtcDateTime(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("verified_at", UtcDateTime(), nullable=True),
        sa.Column("verified_by", sa.String(length=80), nullable=False),
        sa.Column(
            "verification",
            sa.Enum(
                "code",
                "called-old-number",
                "seen-in-person",
                name="verification",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("old_told_at", UtcDateTime(), nullable=True),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "(verified_at IS NULL) = (verification IS NULL)", name=op.f("ck_contact_change_verified_somehow")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_contact_change_organisation_id_organisation"),
        ),
        sa.ForeignKeyConstraint(
            ["patient_id"], ["patient.id"], name=op.f("fk_contact_change_patient_id_patient")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_change")),
    )
    op.create_index(op.f("ix_contact_change_organisation_id"), "contact_change", ["organisation_id"])
    op.create_index(op.f("ix_contact_change_patient_id"), "contact_change", ["patient_id"])
    op.create_table(
        "protection",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("is_phone_safe", sa.Boolean(), nullable=False),
        sa.Column("is_email_safe", sa.Boolean(), nullable=False),
        sa.Column("safe_from", sa.Time(), nullable=True),
        sa.Column("safe_until", sa.Time(), nullable=True),
        sa.Column("set_at", UtcDateTime(), nullable=False),
        sa.Column("set_by", sa.String(length=80), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("ended_by", sa.String(length=80), nullable=False),
        sa.CheckConstraint(
            "(safe_from IS NULL) = (safe_until IS NULL)", name=op.f("ck_protection_hours_from_and_until")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_protection_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["patient_id"], ["patient.id"], name=op.f("fk_protection_patient_id_patient")
        ),
        sa.ForeignKeyConstraint(
            ["service_id"],
            ["healthcare_service.id"],
            name=op.f("fk_protection_service_id_healthcare_service"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_protection")),
    )
    op.create_index(op.f("ix_protection_organisation_id"), "protection", ["organisation_id"])
    op.create_index(op.f("ix_protection_patient_id"), "protection", ["patient_id"])
    op.create_index(op.f("ix_protection_service_id"), "protection", ["service_id"])


def _make_tables_of_sign_in() -> None:
    op.create_table(
        "sign_in_link",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_link")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_sign_in_link_token_hash")),
    )
    op.create_index("ix_sign_in_link_email_hash", "sign_in_link", ["email_hash", "created_at"])
    op.create_table(
        "authenticator_app",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("secret_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("confirmed_at", UtcDateTime(), nullable=True),
        sa.Column("last_step", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_authenticator_app_account_id_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authenticator_app")),
        sa.UniqueConstraint("account_id", name=op.f("uq_authenticator_app_account_id")),
    )
    op.create_table(
        "browser_session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column(
            "stage",
            sa.Enum(
                "guest",
                "second-factor",
                "set-up",
                "signed-in",
                name="stage",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("last_seen_at", UtcDateTime(), nullable=False),
        sa.Column("proved_at", UtcDateTime(), nullable=False),
        sa.Column("is_proof_needed", sa.Boolean(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("ended_reason", sa.String(length=40), nullable=False),
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("browser", sa.String(length=200), nullable=False),
        sa.CheckConstraint(
            "(stage = 'guest') = (account_id IS NULL)", name=op.f("ck_browser_session_guests_have_no_account")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_browser_session_account_id_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_browser_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_browser_session_token_hash")),
    )
    op.create_index(op.f("ix_browser_session_account_id"), "browser_session", ["account_id"])
    op.create_table(
        "passkey",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(length=1024), nullable=False),
        sa.Column("public_key", sa.LargeBinary(length=2048), nullable=False),
        sa.Column("sign_count", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("last_used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_passkey_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkey")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkey_credential_id")),
    )
    op.create_index(op.f("ix_passkey_account_id"), "passkey", ["account_id"])
    op.create_table(
        "recovery_code",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_recovery_code_account_id_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_code")),
    )
    op.create_index(op.f("ix_recovery_code_account_id"), "recovery_code", ["account_id"])
    op.create_table(
        "set_up_link",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column(
            "purpose",
            sa.Enum(
                "first-sign-in",
                "password-reset",
                name="set_up_purpose",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_set_up_link_account_id_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_set_up_link")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_set_up_link_token_hash")),
    )
    op.create_index(op.f("ix_set_up_link_account_id"), "set_up_link", ["account_id"])
    op.create_table(
        "session_visit",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("related_person_id", sa.Uuid(), nullable=True),
        sa.Column("patient_id", sa.Uuid(), nullable=True),
        sa.Column("proved_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.id"], name=op.f("fk_session_visit_appointment_id_appointment")
        ),
        sa.ForeignKeyConstraint(
            ["patient_id"], ["patient.id"], name=op.f("fk_session_visit_patient_id_patient")
        ),
        sa.ForeignKeyConstraint(
            ["related_person_id"],
            ["related_person.id"],
            name=op.f("fk_session_visit_related_person_id_related_person"),
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["browser_session.id"], name=op.f("fk_session_visit_session_id_browser_session")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session_visit")),
        sa.UniqueConstraint(
            "session_id", "appointment_id", name=op.f("uq_session_visit_session_id_appointment_id")
        ),
    )
    op.create_index(op.f("ix_session_visit_appointment_id"), "session_visit", ["appointment_id"])


def _widen_account() -> None:
    """Accounts of patients and carers have no e-mail and no password of their own."""
    if op.get_bind().dialect.name == "postgresql":
        _alter_account()
    else:
        _rebuild_account()


def _kinds() -> sa.Enum:
    return sa.Enum(
        "staff",
        "patient",
        "related",
        name="account_kind",
        native_enum=False,
        create_constraint=True,
        length=40,
    )


RULES = (
    ("staff_have_email", "kind <> 'staff' OR email IS NOT NULL"),
    ("patient_of_kind", "(kind = 'patient') = (patient_id IS NOT NULL)"),
    ("related_of_kind", "(kind = 'related') = (related_person_id IS NOT NULL)"),
)


def _alter_account() -> None:
    op.add_column("account", sa.Column("kind", _kinds(), server_default="staff", nullable=False))
    op.add_column("account", sa.Column("rights_version", sa.Integer(), server_default="1", nullable=False))
    for column, table in (("patient_id", "patient"), ("related_person_id", "related_person")):
        op.add_column("account", sa.Column(column, sa.Uuid(), nullable=True))
        op.create_foreign_key(op.f(f"fk_account_{column}_{table}"), "account", table, [column], ["id"])
        op.create_unique_constraint(op.f(f"uq_account_{column}"), "account", [column])
    op.alter_column("account", "email", existing_type=sa.String(length=254), nullable=True)
    op.alter_column("account", "password_hash", existing_type=sa.String(length=200), nullable=True)
    for name, rule in RULES:
        op.create_check_constraint(op.f(f"ck_account_{name}"), "account", rule)


def _rebuild_account() -> None:
    """SQLite cannot drop a NOT NULL: a new table takes the rows (foreign keys are off while migrating)."""
    op.create_table(
        "account_new",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("kind", _kinds(), server_default="staff", nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("display_name", sa.String(length=200), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("rights_version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=True),
        sa.Column("patient_id", sa.Uuid(), nullable=True),
        sa.Column("related_person_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_account_email_lower")),
        *(sa.CheckConstraint(rule, name=op.f(f"ck_account_{name}")) for name, rule in RULES),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_account_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["practitioner.id"], name=op.f("fk_account_practitioner_id_practitioner")
        ),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_account_patient_id_patient")),
        sa.ForeignKeyConstraint(
            ["related_person_id"],
            ["related_person.id"],
            name=op.f("fk_account_related_person_id_related_person"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("email", name=op.f("uq_account_email")),
        sa.UniqueConstraint("patient_id", name=op.f("uq_account_patient_id")),
        sa.UniqueConstraint("related_person_id", name=op.f("uq_account_related_person_id")),
    )
    kept = "id, organisation_id, email, display_name, password_hash, is_active, practitioner_id, created_at"
    op.execute(f"INSERT INTO account_new ({kept}) SELECT {kept} FROM account")
    op.drop_table("account")
    op.rename_table("account_new", "account")
    op.create_index(op.f("ix_account_organisation_id"), "account", ["organisation_id"])
    op.create_index(op.f("ix_account_practitioner_id"), "account", ["practitioner_id"])
