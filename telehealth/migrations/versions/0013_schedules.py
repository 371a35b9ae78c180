"""Appointment types, shared clinics, rooms, skills and exceptions; schedules that a shared clinic may own."""

from uuid import uuid4

import sqlalchemy as sa
from alembic import op

from telehealth.db import UtcDateTime
from telehealth.migrations.rebuild import add_reference, rebuild_on_sqlite

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    appointment_type = _create_tables()
    _extend_services_and_patients()
    _extend_schedules()
    _give_each_service_a_type(appointment_type)


def _create_tables() -> sa.Table:
    appointment_type = op.create_table(
        "appointment_type",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("buffer_before_minutes", sa.Integer(), nullable=False),
        sa.Column("buffer_after_minutes", sa.Integer(), nullable=False),
        sa.Column("is_by_video", sa.Boolean(), nullable=False),
        sa.Column("is_by_phone", sa.Boolean(), nullable=False),
        sa.Column("is_in_person", sa.Boolean(), nullable=False),
        sa.Column("required_skill", sa.String(length=60), nullable=False),
        sa.Column(
            "priority",
            sa.Enum(
                "routine",
                "urgent",
                "asap",
                "stat",
                name="priority",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "booker",
            sa.Enum(
                "staff",
                "known",
                "anyone",
                name="booker",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("notice_minutes", sa.Integer(), nullable=False),
        sa.Column("days_ahead", sa.Integer(), nullable=False),
        sa.Column("change_minutes", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "buffer_before_minutes BETWEEN 0 AND 240 AND buffer_after_minutes BETWEEN 0 AND 240",
            name=op.f("ck_appointment_type_buffers_sensible"),
        ),
        sa.CheckConstraint(
            "is_by_video OR is_by_phone OR is_in_person", name=op.f("ck_appointment_type_some_mode")
        ),
        sa.CheckConstraint("minutes BETWEEN 1 AND 480", name=op.f("ck_appointment_type_minutes_sensible")),
        sa.CheckConstraint(
            "notice_minutes >= 0 AND days_ahead BETWEEN 1 AND 730 AND change_minutes >= 0",
            name=op.f("ck_appointment_type_limits_sensible"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_appointment_type_organisation_id_organisation"),
        ),
        sa.ForeignKeyConstraint(
            ["service_id"],
            ["healthcare_service.id"],
            name=op.f("fk_appointment_type_service_id_healthcare_service"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment_type")),
        sa.UniqueConstraint("service_id", "name", name=op.f("uq_appointment_type_service_id_name")),
    )
    op.create_index(
        op.f("ix_appointment_type_organisation_id"), "appointment_type", ["organisation_id"], unique=False
    )
    op.create_index(op.f("ix_appointment_type_service_id"), "appointment_type", ["service_id"], unique=False)
    op.create_table(
        "room",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_room_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["service_id"], ["healthcare_service.id"], name=op.f("fk_room_service_id_healthcare_service")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_room")),
        sa.UniqueConstraint("service_id", "name", name=op.f("uq_room_service_id_name")),
    )
    op.create_index(op.f("ix_room_organisation_id"), "room", ["organisation_id"], unique=False)
    op.create_index(op.f("ix_room_service_id"), "room", ["service_id"], unique=False)
    op.create_table(
        "practitioner_skill",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("skill", sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_practitioner_skill_organisation_id_organisation"),
        ),
        sa.ForeignKeyConstraint(
            ["practitioner_id"],
            ["practitioner.id"],
            name=op.f("fk_practitioner_skill_practitioner_id_practitioner"),
        ),
        sa.ForeignKeyConstraint(
            ["service_id"],
            ["healthcare_service.id"],
            name=op.f("fk_practitioner_skill_service_id_healthcare_service"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_practitioner_skill")),
        sa.UniqueConstraint(
            "service_id",
            "practitioner_id",
            "skill",
            name=op.f("uq_practitioner_skill_service_id_practitioner_id_skill"),
        ),
    )
    op.create_index(
        op.f("ix_practitioner_skill_organisation_id"), "practitioner_skill", ["organisation_id"], unique=False
    )
    op.create_index(
        op.f("ix_practitioner_skill_practitioner_id"), "practitioner_skill", ["practitioner_id"], unique=False
    )
    op.create_index(
        op.f("ix_practitioner_skill_service_id"), "practitioner_skill", ["service_id"], unique=False
    )
    op.create_table(
        "shared_clinic",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_shared_clinic_organisation_id_organisation"),
        ),
        sa.ForeignKeyConstraint(
            ["service_id"],
            ["healthcare_service.id"],
            name=op.f("fk_shared_clinic_service_id_healthcare_service"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shared_clinic")),
        sa.UniqueConstraint("service_id", "name", name=op.f("uq_shared_clinic_service_id_name")),
    )
    op.create_index(
        op.f("ix_shared_clinic_organisation_id"), "shared_clinic", ["organisation_id"], unique=False
    )
    op.create_index(op.f("ix_shared_clinic_service_id"), "shared_clinic", ["service_id"], unique=False)
    op.create_table(
        "shared_clinic_member",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("shared_clinic_id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practitioner_id"],
            ["practitioner.id"],
            name=op.f("fk_shared_clinic_member_practitioner_id_practitioner"),
        ),
        sa.ForeignKeyConstraint(
            ["shared_clinic_id"],
            ["shared_clinic.id"],
            name=op.f("fk_shared_clinic_member_shared_clinic_id_shared_clinic"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shared_clinic_member")),
        sa.UniqueConstraint(
            "shared_clinic_id",
            "practitioner_id",
            name=op.f("uq_shared_clinic_member_shared_clinic_id_practitioner_id"),
        ),
    )
    op.create_index(
        op.f("ix_shared_clinic_member_practitioner_id"),
        "shared_clinic_member",
        ["practitioner_id"],
        unique=False,
    )
    op.create_table(
        "lane",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("shared_clinic_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_lane_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["shared_clinic_id"], ["shared_clinic.id"], name=op.f("fk_lane_shared_clinic_id_shared_clinic")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lane")),
        sa.UniqueConstraint("shared_clinic_id", "number", name=op.f("uq_lane_shared_clinic_id_number")),
    )
    op.create_index(op.f("ix_lane_organisation_id"), "lane", ["organisation_id"], unique=False)
    op.create_table(
        "schedule_exception",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=True),
        sa.Column("shared_clinic_id", sa.Uuid(), nullable=True),
        sa.Column("service_id", sa.Uuid(), nullable=True),
        sa.Column("starts_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("ends_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(length=100), nullable=False),
        sa.Column("created_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=80), nullable=False),
        sa.Column("ended_at", UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(CASE WHEN practitioner_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN shared_clinic_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN service_id IS NULL THEN 0 ELSE 1 END) = 1",
            name=op.f("ck_schedule_exception_one_subject"),
        ),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_schedule_exception_ends_after_start")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_schedule_exception_organisation_id_organisation"),
        ),
        sa.ForeignKeyConstraint(
            ["practitioner_id"],
            ["practitioner.id"],
            name=op.f("fk_schedule_exception_practitioner_id_practitioner"),
        ),
        sa.ForeignKeyConstraint(
            ["service_id"],
            ["healthcare_service.id"],
            name=op.f("fk_schedule_exception_service_id_healthcare_service"),
        ),
        sa.ForeignKeyConstraint(
            ["shared_clinic_id"],
            ["shared_clinic.id"],
            name=op.f("fk_schedule_exception_shared_clinic_id_shared_clinic"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedule_exception")),
    )
    op.create_index(
        op.f("ix_schedule_exception_organisation_id"), "schedule_exception", ["organisation_id"], unique=False
    )
    op.create_index(
        op.f("ix_schedule_exception_practitioner_id"), "schedule_exception", ["practitioner_id"], unique=False
    )
    op.create_index(
        op.f("ix_schedule_exception_service_id"), "schedule_exception", ["service_id"], unique=False
    )
    op.create_index(
        op.f("ix_schedule_exception_shared_clinic_id"),
        "schedule_exception",
        ["shared_clinic_id"],
        unique=False,
    )
    op.create_index(
        "ix_schedule_exception_span", "schedule_exception", ["organisation_id", "ends_at"], unique=False
    )
    op.create_table(
        "schedule_appointment_type",
        sa.Column("schedule_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_type_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["appointment_type_id"],
            ["appointment_type.id"],
            name=op.f("fk_schedule_appointment_type_appointment_type_id_appointment_type"),
        ),
        sa.ForeignKeyConstraint(
            ["schedule_id"], ["schedule.id"], name=op.f("fk_schedule_appointment_type_schedule_id_schedule")
        ),
        sa.PrimaryKeyConstraint(
            "schedule_id", "appointment_type_id", name=op.f("pk_schedule_appointment_type")
        ),
    )
    op.create_index(
        op.f("ix_schedule_appointment_type_appointment_type_id"),
        "schedule_appointment_type",
        ["appointment_type_id"],
        unique=False,
    )
    return appointment_type


def _extend_services_and_patients() -> None:
    op.add_column(
        "healthcare_service",
        sa.Column("closes_on_bank_holidays", sa.Boolean(), server_default=sa.true(), nullable=False),
    )
    op.add_column(
        "healthcare_service",
        sa.Column("emergency_advice", sa.String(length=1000), server_default=sa.text("''"), nullable=False),
    )
    op.add_column("patient", sa.Column("is_verified", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.add_column("patient", sa.Column("claimed_nhs_number", sa.String(length=10), nullable=True))
    op.add_column(
        "patient",
        sa.Column("interpreter_language", sa.String(length=80), server_default=sa.text("''"), nullable=False),
    )


def _extend_schedules() -> None:
    modes = (("is_by_video", sa.true()), ("is_by_phone", sa.false()), ("is_in_person", sa.false()))
    for name, default in (*modes, ("is_extra", sa.false())):
        op.add_column("schedule", sa.Column(name, sa.Boolean(), server_default=default, nullable=False))
    op.add_column("schedule", sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False))
    op.execute(
        "UPDATE schedule SET is_by_video = (mode = 'video'), is_by_phone = (mode = 'phone'), "
        "is_in_person = (mode = 'in-person')"
    )
    owner = "(practitioner_id IS NULL) <> (shared_clinic_id IS NULL)"
    some_mode = "is_by_video OR is_by_phone OR is_in_person"
    if op.get_bind().dialect.name == "sqlite":
        rebuild_on_sqlite(
            "schedule",
            {
                "practitioner_id CHAR(32) NOT NULL": "practitioner_id CHAR(32)",
                "mode VARCHAR(40) NOT NULL": (
                    "shared_clinic_id CHAR(32) CONSTRAINT fk_schedule_shared_clinic_id_shared_clinic "
                    "REFERENCES shared_clinic (id), room_id CHAR(32) CONSTRAINT fk_schedule_room_id_room "
                    "REFERENCES room (id)"
                ),
                "CONSTRAINT ck_schedule_mode CHECK (mode IN ('video', 'phone', 'in-person'))": (
                    f"CONSTRAINT ck_schedule_one_owner CHECK ({owner}), "
                    f"CONSTRAINT ck_schedule_some_mode CHECK ({some_mode})"
                ),
            },
        )
    else:
        add_reference("schedule", "shared_clinic_id", "shared_clinic")
        add_reference("schedule", "room_id", "room")
        op.alter_column("schedule", "practitioner_id", nullable=True)
        op.drop_column("schedule", "mode")
        op.create_check_constraint(op.f("ck_schedule_one_owner"), "schedule", owner)
        op.create_check_constraint(op.f("ck_schedule_some_mode"), "schedule", some_mode)
    op.create_index(op.f("ix_schedule_shared_clinic_id"), "schedule", ["shared_clinic_id"])


def _give_each_service_a_type(appointment_type: sa.Table) -> None:
    """What was booked until now had no name: as long as the service's shortest slot, by every way of meeting."""
    service = sa.table(
        "healthcare_service", sa.column("id", sa.Uuid()), sa.column("organisation_id", sa.Uuid())
    )
    schedule = sa.table(
        "schedule", sa.column("service_id", sa.Uuid()), sa.column("slot_minutes", sa.Integer())
    )
    connection = op.get_bind()
    for service_id, organisation_id in connection.execute(
        sa.select(service.c.id, service.c.organisation_id)
    ).all():
        minutes = connection.scalar(
            sa.select(sa.func.min(schedule.c.slot_minutes)).where(schedule.c.service_id == service_id)
        )
        connection.execute(
            sa.insert(appointment_type).values(
                id=uuid4(),
                organisation_id=organisation_id,
                service_id=service_id,
                name="Consultation",
                minutes=minutes or 15,
                buffer_before_minutes=0,
                buffer_after_minutes=0,
                is_by_video=True,
                is_by_phone=True,
                is_in_person=True,
                required_skill="",
                priority="routine",
                booker="known",
                notice_minutes=60,
                days_ahead=84,
                change_minutes=24 * 60,
                is_active=True,
                version=1,
            )
        )
