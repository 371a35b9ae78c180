"""The words by which patients are found, and links between records of one person."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from telehealth.accounts.models.name_word import name_rows
from telehealth.db import UtcDateTime

revision = "0015"
down_revision = "0014"

AT_ONCE = 1000
IS_LIVE = sa.text("ended_at IS NULL")


def upgrade() -> None:
    words = _create_words()
    _create_links()
    _index_patients(words)


def _create_words() -> sa.Table:
    word = sa.String(length=60).with_variant(sa.String(length=60, collation="C"), "postgresql")
    table = op.create_table(
        "patient_name_word",
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("word", word, nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("sound", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_patient_name_word_organisation_id_organisation"),
        ),
        sa.ForeignKeyConstraint(
            ["patient_id"], ["patient.id"], name=op.f("fk_patient_name_word_patient_id_patient")
        ),
        sa.PrimaryKeyConstraint("patient_id", "word", name=op.f("pk_patient_name_word")),
    )
    op.create_index(
        "ix_patient_name_word_word", "patient_name_word", ["word", "organisation_id", "patient_id"]
    )
    op.create_index("ix_patient_name_word_sound", "patient_name_word", ["sound", "organisation_id", "word"])
    return table


def _create_links() -> None:
    op.create_table(
        "patient_link",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("into_id", sa.Uuid(), nullable=False),
        sa.Column(
            "reason",
            sa.Enum(
                "registered-twice",
                "changed-name",
                "registered-online",
                name="link_reason",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("linked_at", UtcDateTime(), nullable=False),
        sa.Column("linked_by", sa.String(length=80), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("ended_by", sa.String(length=80), nullable=False),
        sa.CheckConstraint("patient_id <> into_id", name=op.f("ck_patient_link_not_into_itself")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_patient_link_organisation_id_organisation"),
        ),
        sa.ForeignKeyConstraint(
            ["patient_id"], ["patient.id"], name=op.f("fk_patient_link_patient_id_patient")
        ),
        sa.ForeignKeyConstraint(["into_id"], ["patient.id"], name=op.f("fk_patient_link_into_id_patient")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patient_link")),
    )
    op.create_index(op.f("ix_patient_link_into_id"), "patient_link", ["into_id"])
    op.create_index(op.f("ix_patient_link_organisation_id"), "patient_link", ["organisation_id"])
    op.create_index(
        "uq_patient_link_live",
        "patient_link",
        ["patient_id"],
        unique=True,
        sqlite_where=IS_LIVE,
        postgresql_where=IS_LIVE,
    )


def _index_patients(words: sa.Table) -> None:
    """Of the patients who are there already. The words are made by the program: no database can."""
    patient = sa.table(
        "patient",
        sa.column("id", sa.Uuid()),
        sa.column("organisation_id", sa.Uuid()),
        sa.column("given_name", sa.String()),
        sa.column("family_name", sa.String()),
    )
    connection = op.get_bind()
    wanted = sa.select(
        patient.c.organisation_id, patient.c.id, patient.c.given_name, patient.c.family_name
    ).order_by(patient.c.id)
    last = None
    while True:
        part = wanted if last is None else wanted.where(patient.c.id > last)
        found = connection.execute(part.limit(AT_ONCE)).all()
        if not found:
            return
        rows: list[dict[str, Any]] = [row for each in found for row in name_rows(*each)]
        if rows:
            connection.execute(sa.insert(words), rows)
        last = found[-1].id
