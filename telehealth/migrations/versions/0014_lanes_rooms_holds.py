"""Lanes and rooms are claimed too; holds; overbooking outside the rule; follow-up requests.

The rules of migration 0004 are made anew for four resources, and claims get a greatest length, which bounds the
look for an overlap.
"""

import sqlalchemy as sa
from alembic import op

from telehealth.db import UtcDateTime
from telehealth.migrations.rebuild import add_reference, rebuild_on_sqlite

revision = "0014"
down_revision = "0013"

RESOURCES = ("practitioner", "lane", "patient", "room")
LIVE = "('held', 'booked')"
STATES = "state IN ('held', 'booked', 'overbooked', 'released')"
ONE_RESOURCE = " + ".join(f"(CASE WHEN {name}_id IS NULL THEN 0 ELSE 1 END)" for name in RESOURCES) + " = 1"
FOR_APPOINTMENT = "state NOT IN ('booked', 'overbooked') OR appointment_id IS NOT NULL"
WITH_SOMEBODY = "practitioner_id IS NOT NULL OR lane_id IS NOT NULL"
# What the driver writes, for example 2027-01-12 14:30:00.000000
STORED_TIME = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9] [0-9][0-9]:[0-9][0-9]:[0-9][0-9]." + "[0-9]" * 6


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    _extend_appointments(is_sqlite=is_sqlite)
    _extend_history()
    _extend_claims(is_sqlite=is_sqlite)
    _create_tables()
    if is_sqlite:
        _refuse_on_sqlite()
    else:
        _exclude_on_postgresql()


def _extend_appointments(*, is_sqlite: bool) -> None:
    if is_sqlite:
        rebuild_on_sqlite(
            "appointment",
            {
                "practitioner_id CHAR(32) NOT NULL": (
                    "practitioner_id CHAR(32), "
                    "lane_id CHAR(32) CONSTRAINT fk_appointment_lane_id_lane REFERENCES lane (id)"
                ),
                "CONSTRAINT ck_appointment_mode": (
                    f"CONSTRAINT ck_appointment_with_somebody CHECK ({WITH_SOMEBODY}), "
                    "CONSTRAINT ck_appointment_mode"
                ),
            },
        )
    else:
        op.alter_column("appointment", "practitioner_id", nullable=True)
        add_reference("appointment", "lane_id", "lane")
        op.create_check_constraint(op.f("ck_appointment_with_somebody"), "appointment", WITH_SOMEBODY)
    add_reference("appointment", "room_id", "room")
    add_reference("appointment", "appointment_type_id", "appointment_type")
    op.add_column(
        "appointment", sa.Column("is_overbooked", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column("appointment", sa.Column("series_id", sa.Uuid(), nullable=True))
    op.add_column(
        "appointment",
        sa.Column("interpreter_language", sa.String(length=80), server_default=sa.text("''"), nullable=False),
    )
    op.execute(
        "ALTER TABLE appointment ADD COLUMN interpreter_joins VARCHAR(40) "
        "CONSTRAINT ck_appointment_interpreter_joins "
        "CHECK (interpreter_joins IN ('video', 'phone', 'with-patient', 'in-person'))"
    )
    op.create_index("ix_appointment_lane", "appointment", ["lane_id", "starts_at"])
    op.create_index("ix_appointment_service_day", "appointment", ["service_id", "starts_at"])
    op.create_index(op.f("ix_appointment_series_id"), "appointment", ["series_id"])


def _extend_history() -> None:
    changes = [
        "booked",
        "asked",
        "confirmed",
        "overbooked",
        "moved",
        "taken",
        "cancelled",
        "noshow",
        "noshow-undone",
        "arrived",
        "ended",
        "details",
    ]
    listed = ", ".join(f"'{change}'" for change in changes)
    op.execute(
        "ALTER TABLE appointment_history ADD COLUMN change VARCHAR(40) "
        f"CONSTRAINT ck_appointment_history_change CHECK (change IN ({listed}))"
    )
    add_reference("appointment_history", "practitioner_id", "practitioner")
    add_reference("appointment_history", "lane_id", "lane")
    op.add_column("appointment_history", sa.Column("note_sealed", sa.LargeBinary(), nullable=True))


def _extend_claims(*, is_sqlite: bool) -> None:
    if is_sqlite:
        rebuild_on_sqlite(
            "claim",
            {
                "patient_id CHAR(32), ": (
                    "patient_id CHAR(32), lane_id CHAR(32) CONSTRAINT fk_claim_lane_id_lane REFERENCES lane (id), "
                    "room_id CHAR(32) CONSTRAINT fk_claim_room_id_room REFERENCES room (id), "
                ),
                "(practitioner_id IS NULL) <> (patient_id IS NULL)": ONE_RESOURCE,
                "state <> 'booked' OR appointment_id IS NOT NULL": FOR_APPOINTMENT,
                "state IN ('held', 'booked', 'released')": STATES,
            },
        )
    else:
        add_reference("claim", "lane_id", "lane")
        add_reference("claim", "room_id", "room")
        for name, rule in (
            ("exactly_one_resource", ONE_RESOURCE),
            ("booked_for_appointment", FOR_APPOINTMENT),
            ("claim_state", STATES),
        ):
            op.drop_constraint(op.f(f"ck_claim_{name}"), "claim", type_="check")
            op.create_check_constraint(op.f(f"ck_claim_{name}"), "claim", rule)
        op.create_check_constraint(
            op.f("ck_claim_not_longer_than_a_day"), "claim", "ends_at - starts_at <= interval '24 hours'"
        )
    op.create_index(op.f("ix_claim_hold_token"), "claim", ["hold_token"])
    op.create_index("ix_claim_lane", "claim", ["lane_id", "starts_at"])
    op.create_index("ix_claim_room", "claim", ["room_id", "starts_at"])


def _create_tables() -> None:
    op.create_table(
        "hold",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("owner", sa.String(length=100), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("schedule_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_type_id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=True),
        sa.Column("lane_id", sa.Uuid(), nullable=True),
        sa.Column(
            "mode",
            sa.Enum(
                "video",
                "phone",
                "in-person",
                name="mode",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("starts_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("ends_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("moves_appointment_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["appointment_type_id"],
            ["appointment_type.id"],
            name=op.f("fk_hold_appointment_type_id_appointment_type"),
        ),
        sa.ForeignKeyConstraint(["lane_id"], ["lane.id"], name=op.f("fk_hold_lane_id_lane")),
        sa.ForeignKeyConstraint(
            ["moves_appointment_id"],
            ["appointment.id"],
            name=op.f("fk_hold_moves_appointment_id_appointment"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_hold_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["practitioner.id"], name=op.f("fk_hold_practitioner_id_practitioner")
        ),
        sa.ForeignKeyConstraint(["schedule_id"], ["schedule.id"], name=op.f("fk_hold_schedule_id_schedule")),
        sa.ForeignKeyConstraint(
            ["service_id"], ["healthcare_service.id"], name=op.f("fk_hold_service_id_healthcare_service")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hold")),
    )
    op.create_index(op.f("ix_hold_address"), "hold", ["address"], unique=False)
    op.create_index(op.f("ix_hold_expires_at"), "hold", ["expires_at"], unique=False)
    op.create_index(op.f("ix_hold_organisation_id"), "hold", ["organisation_id"], unique=False)
    op.create_index(op.f("ix_hold_owner"), "hold", ["owner"], unique=False)
    op.create_index(op.f("ix_hold_service_id"), "hold", ["service_id"], unique=False)
    op.create_table(
        "follow_up_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_type_id", sa.Uuid(), nullable=True),
        sa.Column(
            "reason",
            sa.Enum(
                "cancelled",
                "noshow",
                "not-reached",
                "see-again",
                name="follow_up_reason",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "active",
                "completed",
                "revoked",
                name="follow_up_status",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("see_by", sa.Date(), nullable=False),
        sa.Column("interpreter_language", sa.String(length=80), nullable=False),
        sa.Column(
            "interpreter_joins",
            sa.Enum(
                "video",
                "phone",
                "with-patient",
                "in-person",
                name="interpreter_joins",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("note_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=80), nullable=False),
        sa.Column("booked_appointment_id", sa.Uuid(), nullable=True),
        sa.Column("closed_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(length=80), nullable=False),
        sa.Column("close_reason_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status = 'active') = (closed_at IS NULL)", name=op.f("ck_follow_up_request_closed_when_over")
        ),
        sa.CheckConstraint(
            "(status = 'completed') = (booked_appointment_id IS NOT NULL)",
            name=op.f("ck_follow_up_request_completed_by_booking"),
        ),
        sa.CheckConstraint(
            "status <> 'revoked' OR close_reason_sealed IS NOT NULL",
            name=op.f("ck_follow_up_request_revoked_with_reason"),
        ),
        sa.ForeignKeyConstraint(
            ["appointment_id"],
            ["appointment.id"],
            name=op.f("fk_follow_up_request_appointment_id_appointment"),
        ),
        sa.ForeignKeyConstraint(
            ["appointment_type_id"],
            ["appointment_type.id"],
            name=op.f("fk_follow_up_request_appointment_type_id_appointment_type"),
        ),
        sa.ForeignKeyConstraint(
            ["booked_appointment_id"],
            ["appointment.id"],
            name=op.f("fk_follow_up_request_booked_appointment_id_appointment"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_follow_up_request_organisation_id_organisation"),
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["practitioner.id"], name=op.f("fk_follow_up_request_owner_id_practitioner")
        ),
        sa.ForeignKeyConstraint(
            ["patient_id"], ["patient.id"], name=op.f("fk_follow_up_request_patient_id_patient")
        ),
        sa.ForeignKeyConstraint(
            ["service_id"],
            ["healthcare_service.id"],
            name=op.f("fk_follow_up_request_service_id_healthcare_service"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follow_up_request")),
    )
    op.create_index(
        op.f("ix_follow_up_request_appointment_id"), "follow_up_request", ["appointment_id"], unique=False
    )
    op.create_index(
        op.f("ix_follow_up_request_booked_appointment_id"),
        "follow_up_request",
        ["booked_appointment_id"],
        unique=False,
    )
    op.create_index(
        "ix_follow_up_request_open", "follow_up_request", ["service_id", "status", "see_by"], unique=False
    )
    op.create_index(
        op.f("ix_follow_up_request_organisation_id"), "follow_up_request", ["organisation_id"], unique=False
    )
    op.create_index(op.f("ix_follow_up_request_owner_id"), "follow_up_request", ["owner_id"], unique=False)
    op.create_index(
        op.f("ix_follow_up_request_patient_id"), "follow_up_request", ["patient_id"], unique=False
    )
    op.create_index(
        op.f("ix_follow_up_request_service_id"), "follow_up_request", ["service_id"], unique=False
    )


def _exclude_on_postgresql() -> None:
    # Those of clinician and patient are there since 0004.
    for resource in ("lane", "room"):
        op.execute(
            f"ALTER TABLE claim ADD CONSTRAINT ex_claim_overlap_{resource} EXCLUDE USING gist "
            f"({resource}_id WITH =, tstzrange(starts_at, ends_at) WITH &&) "
            f"WHERE (state IN {LIVE} AND {resource}_id IS NOT NULL)"
        )


def _is_stored_time(column: str) -> str:
    """SQL that is 1 for a real instant in the stored format: 30 February or 24:00 would compare, and not be read."""
    second = f"substr({column}, 1, 19)"
    return (
        f"typeof({column}) = 'text' AND {column} GLOB '{STORED_TIME}' "
        f"AND {column} >= '0001' AND strftime('%Y-%m-%d %H:%M:%S', {second}, '+0 days') IS {second}"
    )


def _is_stored_key(column: str) -> str:
    """SQL that is 1 for a key as the driver writes it: another spelling of a clinician would not clash."""
    return f"typeof({column}) = 'text' AND length({column}) = 32 AND {column} NOT GLOB '*[^0-9a-f]*'"


def _refuse_on_sqlite() -> None:
    """The rebuilt table has lost its triggers."""
    keys = [f"NEW.{resource}_id" for resource in RESOURCES]
    is_sound = " AND ".join(
        (
            _is_stored_key("NEW.id"),
            _is_stored_time("NEW.starts_at"),
            _is_stored_time("NEW.ends_at"),
            *(f"({key} IS NULL OR {_is_stored_key(key)})" for key in keys),
            f"(NEW.hold_expires_at IS NULL OR {_is_stored_time('NEW.hold_expires_at')})",
            # A second more than a day: what is cut off are fractions.
            "substr(NEW.ends_at, 1, 19) <= datetime(substr(NEW.starts_at, 1, 19), '+24 hours')",
        )
    )
    for moment, old_row in (("insert", ""), ("update", "AND other.id <> OLD.id")):
        op.execute(
            f"CREATE TRIGGER claim_format_{moment} BEFORE {moment.upper()} ON claim "
            f"WHEN ({is_sound}) IS NOT 1 BEGIN SELECT RAISE(ABORT, 'claim_format'); END"
        )
        for resource in RESOURCES:
            op.execute(
                f"""
                CREATE TRIGGER claim_overlap_{resource}_{moment} BEFORE {moment.upper()} ON claim
                WHEN NEW.state IN {LIVE} AND NEW.{resource}_id IS NOT NULL AND EXISTS (
                    SELECT 1 FROM claim AS other
                    WHERE other.{resource}_id = NEW.{resource}_id AND other.state IN {LIVE} {old_row}
                      AND other.starts_at < NEW.ends_at AND other.ends_at > NEW.starts_at
                      AND other.starts_at > datetime(substr(NEW.starts_at, 1, 19), '-25 hours'))
                BEGIN SELECT RAISE(ABORT, 'claim_overlap_{resource}'); END
                """
            )
