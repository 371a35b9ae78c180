"""What was booked before there were types and requests gets them, so that it can be moved and nobody falls out.

Migration 0013 gave each service a type for what was booked until then, and nothing pointed to it. Who was cancelled,
missed or not reached before migration 0014 is asked to be seen, unless they have a later appointment in the service;
as far back as the list of requests looks (90 days).
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

from telehealth.clock import now
from telehealth.db import UtcDateTime

revision = "0020"
down_revision = "0019"

LOOKED_BACK = timedelta(days=90)
SEEN_WITHIN = timedelta(days=28)
AT_ONCE = 500
MADE_BY = "system"

KEYS = ("id", "organisation_id", "service_id", "patient_id", "practitioner_id", "appointment_type_id")
appointment = sa.table(
    "appointment",
    *(sa.column(name, sa.Uuid()) for name in KEYS),
    sa.column("status", sa.String()),
    sa.column("starts_at", UtcDateTime()),
    sa.column("interpreter_language", sa.String()),
    sa.column("interpreter_joins", sa.String()),
)
appointment_type = sa.table(
    "appointment_type",
    sa.column("id", sa.Uuid()),
    sa.column("service_id", sa.Uuid()),
    sa.column("name", sa.String()),
    sa.column("is_active", sa.Boolean()),
)
service = sa.table("healthcare_service", sa.column("id", sa.Uuid()), sa.column("time_zone", sa.String()))
encounter = sa.table("encounter", sa.column("appointment_id", sa.Uuid()), sa.column("outcome", sa.String()))
request = sa.table(
    "follow_up_request",
    *(sa.column(name, sa.Uuid()) for name in (*KEYS, "appointment_id", "owner_id", "booked_appointment_id")),
    *(
        sa.column(name, sa.String())
        for name in (
            "reason",
            "status",
            "interpreter_language",
            "interpreter_joins",
            "created_by",
            "closed_by",
        )
    ),
    sa.column("see_by", sa.Date()),
    sa.column("created_at", UtcDateTime()),
    sa.column("closed_at", UtcDateTime()),
    sa.column("version", sa.Integer()),
)
WAS_SEEN_OR_WILL_BE = ("pending", "booked", "arrived", "checked-in", "fulfilled")


def upgrade() -> None:
    _name_types()
    _ask_to_see()


def _name_types() -> None:
    own = (
        sa.select(appointment_type.c.id)
        .where(appointment_type.c.service_id == appointment.c.service_id)
        .order_by(
            sa.desc(appointment_type.c.name == "Consultation"),
            sa.desc(appointment_type.c.is_active),
            appointment_type.c.name,
        )
        .limit(1)
        .scalar_subquery()
    )
    op.execute(
        sa.update(appointment)
        .where(appointment.c.appointment_type_id.is_(None))
        .values(appointment_type_id=own)
    )


def _ask_to_see() -> None:
    current = now()
    later = appointment.alias("later")
    seen_at = (
        sa.select(later.c.id)
        .where(
            later.c.patient_id == appointment.c.patient_id,
            later.c.service_id == appointment.c.service_id,
            later.c.starts_at > appointment.c.starts_at,
            later.c.status.in_(WAS_SEEN_OR_WILL_BE),
        )
        .order_by(later.c.starts_at)
        .limit(1)
        .scalar_subquery()
    )
    unseen = (
        sa.select(appointment, encounter.c.outcome, service.c.time_zone, seen_at.label("seen_at"))
        .join(service, service.c.id == appointment.c.service_id)
        .outerjoin(encounter, encounter.c.appointment_id == appointment.c.id)
        .where(
            sa.or_(
                appointment.c.status.in_(("cancelled", "noshow", "entered-in-error")),
                sa.and_(
                    appointment.c.status == "fulfilled",
                    encounter.c.outcome.in_(("face-to-face", "not-reached")),
                ),
            ),
            appointment.c.starts_at >= current - LOOKED_BACK,
            appointment.c.practitioner_id.is_not(None),
            ~sa.exists().where(request.c.appointment_id == appointment.c.id),
        )
    )
    rows = [_request_of(row, current) for row in op.get_bind().execute(unseen).mappings()]
    for first in range(0, len(rows), AT_ONCE):
        op.bulk_insert(request, rows[first : first + AT_ONCE])


def _request_of(row: Any, current: datetime) -> dict[str, Any]:
    missed_on = max(row["starts_at"], current).astimezone(ZoneInfo(row["time_zone"])).date()
    is_seen = row["seen_at"] is not None
    return {
        "id": uuid4(),
        "appointment_id": row["id"],
        "owner_id": row["practitioner_id"],
        "reason": _reason_of(row["status"], row["outcome"]),
        "status": "completed" if is_seen else "active",
        "see_by": missed_on + SEEN_WITHIN,
        "created_at": current,
        "created_by": MADE_BY,
        "booked_appointment_id": row["seen_at"],
        "closed_at": current if is_seen else None,
        "closed_by": MADE_BY if is_seen else "",
        "version": 1,
        **{
            name: row[name]
            for name in (
                "organisation_id",
                "service_id",
                "patient_id",
                "appointment_type_id",
                "interpreter_language",
                "interpreter_joins",
            )
        },
    }


def _reason_of(status: str, outcome: str | None) -> str:
    if status == "fulfilled":
        return "not-reached" if outcome == "not-reached" else "see-again"
    return "noshow" if status == "noshow" else "cancelled"
