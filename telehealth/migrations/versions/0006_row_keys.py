"""Clinical text and contact details are sealed with a key for each row.

Seals what is there, and computes the chains of signed notes anew: they are over the sealed texts from here on.
"""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from alembic import op

from telehealth.db import UtcDateTime
from telehealth.notes.domain.chain import version_hash
from telehealth.sealing import LOOKUP_ROW, LOOKUP_TABLE, RowKey, keyed_hash, place_of, seal

revision = "0006"
down_revision = "0005"

# Table, and its columns that become sealed ones.
SEALED = (
    ("patient", ("phone", "email")),
    ("appointment", ("reason",)),
    ("encounter", ("next_steps",)),
    ("note_draft_section", ("text",)),
    ("note_version", ("reason",)),
    ("note_version_section", ("text",)),
)
HASHES = ("phone_hash", "phone_last_four_hash", "email_hash")
APPEND_ONLY = {
    "note_version": ("id", "note_id, number"),
    "note_version_section": ("id", "version_id, code"),
}
AMENDED = "number = 1 OR reason_sealed IS NOT NULL"
BATCH = 500

row_key = sa.table(
    "row_key",
    sa.column("row_id", sa.Uuid()),
    sa.column("table_name", sa.String()),
    sa.column("ring_key_id", sa.String()),
    sa.column("wrapped", sa.LargeBinary()),
)


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    if is_sqlite:
        # What is dropped is overwritten: it was in plain text.
        op.execute("PRAGMA secure_delete=ON")
    _add()
    for table in APPEND_ONLY:
        _unprotect(table, is_sqlite=is_sqlite)
    for table, columns in SEALED:
        _seal_rows(table, columns)
    _hash_contacts()
    _chain_again()
    _drop(is_sqlite=is_sqlite)
    for table in APPEND_ONLY:
        _protect(table, is_sqlite=is_sqlite)


def _add() -> None:
    op.create_table(
        "row_key",
        sa.Column("row_id", sa.Uuid(), nullable=False),
        sa.Column("table_name", sa.String(length=63), nullable=False),
        sa.Column("ring_key_id", sa.String(length=40), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_row_key")),
    )
    op.create_index(op.f("ix_row_key_ring_key_id"), "row_key", ["ring_key_id"], unique=False)
    for table, columns in SEALED:
        for column in columns:
            op.add_column(table, sa.Column(f"{column}_sealed", sa.LargeBinary(), nullable=True))
    for name in HASHES:
        op.add_column("patient", sa.Column(name, sa.LargeBinary(length=32), nullable=True))
        op.create_index(f"ix_patient_{name}", "patient", ["organisation_id", name], unique=False)


def _drop(*, is_sqlite: bool) -> None:
    """The columns in plain text, and the check that read one of them."""
    if is_sqlite:
        _rebuild_note_version()
    else:
        op.drop_constraint(op.f("ck_note_version_amended_with_reason"), "note_version", type_="check")
        op.create_check_constraint(op.f("ck_note_version_amended_with_reason"), "note_version", AMENDED)
        op.drop_column("note_version", "reason")
    for table, columns in SEALED:
        for column in columns if table != "note_version" else ():
            op.drop_column(table, column)


def _unprotect(table: str, *, is_sqlite: bool) -> None:
    if is_sqlite:
        for name in ("no_update", "no_delete", "no_replace_0", "no_replace_1"):
            op.execute(f"DROP TRIGGER {table}_{name}")
    else:
        op.execute(f"DROP TRIGGER {table}_append_only ON {table}")
        op.execute(f"DROP TRIGGER {table}_no_truncate ON {table}")


def _protect(table: str, *, is_sqlite: bool) -> None:
    """As migration 0005 does."""
    if not is_sqlite:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        return
    for moment in ("update", "delete"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{moment} BEFORE {moment.upper()} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, 'append_only: {moment} of {table} is refused'); END"
        )
    for number, key in enumerate(APPEND_ONLY[table]):
        same = " AND ".join(f"{column} = NEW.{column}" for column in key.split(", "))
        if key == "id":
            same += " OR rowid = NEW.rowid"
        op.execute(
            f"CREATE TRIGGER {table}_no_replace_{number} BEFORE INSERT ON {table} "
            f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) "
            f"BEGIN SELECT RAISE(ABORT, 'append_only: replacing in {table} is refused'); END"
        )


def _rows(table: str, *columns: str) -> sa.TableClause:
    return sa.table(table, sa.column("id", sa.Uuid()), *(sa.column(name) for name in columns))


def _seal_rows(table: str, columns: tuple[str, ...]) -> None:
    bind = op.get_bind()
    plain = _rows(table, *columns)
    has_text = sa.or_(*(plain.c[column] != "" for column in columns))
    ids = bind.scalars(sa.select(plain.c.id).where(has_text)).all()
    if not ids:
        return
    sealed = sa.table(
        table,
        sa.column("id", sa.Uuid()),
        *(sa.column(f"{name}_sealed", sa.LargeBinary()) for name in columns),
    )
    change = (
        sa.update(sealed)
        .where(sealed.c.id == sa.bindparam("row"))
        .values({f"{column}_sealed": sa.bindparam(f"new_{column}") for column in columns})
    )
    for start in range(0, len(ids), BATCH):
        keys, changes = [], []
        for row in bind.execute(
            sa.select(plain).where(plain.c.id.in_(ids[start : start + BATCH]))
        ).mappings():
            key = RowKey.make(table, row["id"])
            keys.append(_stored(key))
            changes.append(
                {
                    "row": row["id"],
                    **{f"new_{column}": _sealed(key, column, row[column]) for column in columns},
                }
            )
        bind.execute(sa.insert(row_key), keys)
        bind.execute(change, changes)


def _stored(key: RowKey) -> dict[str, Any]:
    return {
        "row_id": key.row_id,
        "table_name": key.table_name,
        "ring_key_id": key.ring_key_id,
        "wrapped": key.wrapped,
    }


def _sealed(key: RowKey, column: str, text: str | None) -> bytes | None:
    if not text:
        return None
    return seal(key.open(), text.encode(), place_of(key.table_name, f"{column}_sealed", key.row_id))


def _hash_contacts() -> None:
    bind = op.get_bind()
    patient = sa.table(
        "patient",
        sa.column("id", sa.Uuid()),
        sa.column("phone"),
        sa.column("email"),
        *(sa.column(name, sa.LargeBinary()) for name in HASHES),
    )
    found = bind.execute(
        sa.select(patient.c.id, patient.c.phone, patient.c.email).where(
            sa.or_(patient.c.phone != "", patient.c.email != "")
        )
    ).all()
    if not found:
        return
    lookup = RowKey.make(LOOKUP_TABLE, LOOKUP_ROW)
    bind.execute(sa.insert(row_key), [_stored(lookup)])
    bind.execute(
        sa.update(patient)
        .where(patient.c.id == sa.bindparam("row"))
        .values({name: sa.bindparam(f"new_{name}") for name in HASHES}),
        [
            {
                "row": row_id,
                "new_phone_hash": keyed_hash(lookup.open(), "phone", phone) if phone else None,
                "new_phone_last_four_hash": keyed_hash(lookup.open(), "last-four", phone[-4:])
                if phone
                else None,
                "new_email_hash": keyed_hash(lookup.open(), "email", email) if email else None,
            }
            for row_id, phone, email in found
        ],
    )


def _chain_again() -> None:
    bind = op.get_bind()
    version = sa.table(
        "note_version",
        sa.column("id", sa.Uuid()),
        sa.column("note_id", sa.Uuid()),
        sa.column("number", sa.Integer()),
        sa.column("signed_at", UtcDateTime()),
        sa.column("signed_by", sa.String()),
        sa.column("reason_sealed", sa.LargeBinary()),
        sa.column("content_hash", sa.String()),
        sa.column("previous_hash", sa.String()),
    )
    section = sa.table(
        "note_version_section",
        sa.column("version_id", sa.Uuid()),
        sa.column("code", sa.String()),
        sa.column("text_sealed", sa.LargeBinary()),
    )
    sections: dict[UUID, dict[str, bytes]] = {}
    for version_id, code, sealed in bind.execute(
        sa.select(section.c.version_id, section.c.code, section.c.text_sealed)
    ):
        sections.setdefault(version_id, {})[code] = sealed or b""
    heads: dict[UUID, str] = {}
    for row in bind.execute(sa.select(version).order_by(version.c.note_id, version.c.number)).all():
        previous_hash = heads.get(row.note_id, "")
        heads[row.note_id] = version_hash(
            note_id=row.note_id,
            number=row.number,
            sections=sections.get(row.id, {}),
            signed_by=row.signed_by,
            signed_at=row.signed_at,
            reason=row.reason_sealed or b"",
            previous_hash=previous_hash,
        )
        bind.execute(
            sa.update(version)
            .where(version.c.id == row.id)
            .values(content_hash=heads[row.note_id], previous_hash=previous_hash)
        )


def _rebuild_note_version() -> None:
    """SQLite drops no column that a check reads, and no check."""
    columns: tuple[sa.Column[Any], ...] = (
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("note_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("signed_at", UtcDateTime(), nullable=False),
        sa.Column("signed_by", sa.String(length=80), nullable=False),
        sa.Column("signer_name", sa.String(length=200), nullable=False),
        sa.Column("reason_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("previous_hash", sa.String(length=64), nullable=False),
    )
    op.create_table(
        "note_version_made_anew",
        *columns,
        sa.CheckConstraint(AMENDED, name=op.f("ck_note_version_amended_with_reason")),
        sa.CheckConstraint("number >= 1", name=op.f("ck_note_version_number_from_one")),
        sa.ForeignKeyConstraint(
            ["note_id"], ["consultation_note.id"], name=op.f("fk_note_version_note_id_consultation_note")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_note_version")),
        sa.UniqueConstraint("note_id", "number", name=op.f("uq_note_version_note_id_number")),
    )
    names = ", ".join(column.name for column in columns)
    op.execute(f"INSERT INTO note_version_made_anew ({names}) SELECT {names} FROM note_version")
    op.drop_table("note_version")
    op.rename_table("note_version_made_anew", "note_version")
