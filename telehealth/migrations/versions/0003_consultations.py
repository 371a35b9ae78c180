"""Consultations with their participants, and notes."""

import sqlalchemy as sa
from alembic import op

from telehealth.db import UtcDateTime

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "encounter",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "planned",
                "arrived",
                "in-progress",
                "finished",
                "cancelled",
                name="encounter_status",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "outcome",
            sa.Enum(
                "completed",
                "phone",
                "face-to-face",
                "not-reached",
                name="outcome",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("next_steps", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("arrived_at", UtcDateTime(), nullable=True),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "status <> 'finished' OR outcome IS NOT NULL", name=op.f("ck_encounter_finished_with_outcome")
        ),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.id"], name=op.f("fk_encounter_appointment_id_appointment")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_encounter_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["service_id"], ["healthcare_service.id"], name=op.f("fk_encounter_service_id_healthcare_service")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_encounter")),
        sa.UniqueConstraint("appointment_id", name=op.f("uq_encounter_appointment_id")),
    )
    op.create_index(op.f("ix_encounter_organisation_id"), "encounter", ["organisation_id"], unique=False)
    op.create_index(op.f("ix_encounter_service_id"), "encounter", ["service_id"], unique=False)
    op.create_table(
        "consultation_note",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("encounter_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("draft_version", sa.Integer(), nullable=False),
        sa.Column("draft_saved_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["author_id"], ["practitioner.id"], name=op.f("fk_consultation_note_author_id_practitioner")
        ),
        sa.ForeignKeyConstraint(
            ["encounter_id"], ["encounter.id"], name=op.f("fk_consultation_note_encounter_id_encounter")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_consultation_note_organisation_id_organisation"),
        ),
        sa.ForeignKeyConstraint(
            ["patient_id"], ["patient.id"], name=op.f("fk_consultation_note_patient_id_patient")
        ),
        sa.ForeignKeyConstraint(
            ["service_id"],
            ["healthcare_service.id"],
            name=op.f("fk_consultation_note_service_id_healthcare_service"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consultation_note")),
        sa.UniqueConstraint(
            "encounter_id", "author_id", name=op.f("uq_consultation_note_encounter_id_author_id")
        ),
    )
    op.create_index(op.f("ix_consultation_note_author_id"), "consultation_note", ["author_id"], unique=False)
    op.create_index(
        op.f("ix_consultation_note_organisation_id"), "consultation_note", ["organisation_id"], unique=False
    )
    op.create_index(
        op.f("ix_consultation_note_patient_id"), "consultation_note", ["patient_id"], unique=False
    )
    op.create_index(
        op.f("ix_consultation_note_service_id"), "consultation_note", ["service_id"], unique=False
    )
    op.create_table(
        "encounter_participant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("encounter_id", sa.Uuid(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "patient",
                "clinician",
                name="participant_role",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "presence",
            sa.Enum(
                "expected",
                "checking",
                "waiting",
                "admitted",
                "connected",
                "away",
                "lost",
                "left",
                name="presence",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("present_since", UtcDateTime(), nullable=False),
        sa.Column("page", sa.Uuid(), nullable=True),
        sa.Column(
            "audio",
            sa.Enum(
                "asking",
                "on",
                "off",
                "refused",
                "missing",
                "busy",
                name="audio_state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "video",
            sa.Enum(
                "asking",
                "on",
                "off",
                "refused",
                "missing",
                "busy",
                name="video_state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["encounter_id"], ["encounter.id"], name=op.f("fk_encounter_participant_encounter_id_encounter")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_encounter_participant_organisation_id_organisation"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_encounter_participant")),
        sa.UniqueConstraint("encounter_id", "role", name=op.f("uq_encounter_participant_encounter_id_role")),
    )
    op.create_index(
        op.f("ix_encounter_participant_organisation_id"),
        "encounter_participant",
        ["organisation_id"],
        unique=False,
    )
    op.create_table(
        "note_draft_section",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("note_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["note_id"],
            ["consultation_note.id"],
            name=op.f("fk_note_draft_section_note_id_consultation_note"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_note_draft_section")),
        sa.UniqueConstraint("note_id", "code", name=op.f("uq_note_draft_section_note_id_code")),
    )
    op.create_table(
        "note_version",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("note_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("signed_at", UtcDateTime(), nullable=False),
        sa.Column("signed_by", sa.String(length=80), nullable=False),
        sa.Column("signer_name", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("previous_hash", sa.String(length=64), nullable=False),
        sa.CheckConstraint("number = 1 OR reason <> ''", name=op.f("ck_note_version_amended_with_reason")),
        sa.CheckConstraint("number >= 1", name=op.f("ck_note_version_number_from_one")),
        sa.ForeignKeyConstraint(
            ["note_id"], ["consultation_note.id"], name=op.f("fk_note_version_note_id_consultation_note")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_note_version")),
        sa.UniqueConstraint("note_id", "number", name=op.f("uq_note_version_note_id_number")),
    )
    op.create_table(
        "note_version_section",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["note_version.id"], name=op.f("fk_note_version_section_version_id_note_version")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_note_version_section")),
        sa.UniqueConstraint("version_id", "code", name=op.f("uq_note_version_section_version_id_code")),
    )
