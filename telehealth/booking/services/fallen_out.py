"""The check that nobody falls out: it reads the tables as they are and trusts no other service."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import Uuid, bindparam, column, text
from sqlalchemy.orm import Session

from telehealth.db import UtcDateTime

# Who was not seen has a request that is open, was closed by somebody with a reason, or led to another appointment
# of the same person: in the same record, or in one that is merged with it now.
_FELL_OUT = """
    WITH RECURSIVE stands_for (patient_id, record_id) AS (
        SELECT link.patient_id, link.into_id FROM patient_link AS link WHERE link.ended_at IS NULL
        UNION
        SELECT earlier.patient_id, link.into_id
        FROM stands_for AS earlier
        JOIN patient_link AS link ON link.patient_id = earlier.record_id AND link.ended_at IS NULL
    )
    SELECT appointment.id
    FROM appointment
    LEFT JOIN encounter ON encounter.appointment_id = appointment.id
    WHERE (
        appointment.status IN ('cancelled', 'noshow', 'entered-in-error')
        OR (appointment.status = 'fulfilled' AND encounter.outcome IN ('face-to-face', 'not-reached'))
    )
    AND NOT EXISTS (
        SELECT 1 FROM follow_up_request AS request
        LEFT JOIN appointment AS booked ON booked.id = request.booked_appointment_id
        WHERE request.appointment_id = appointment.id
        AND (
            request.status = 'active'
            OR (request.status = 'revoked' AND request.closed_by <> '' AND request.close_reason_sealed IS NOT NULL)
            OR (
                request.status = 'completed'
                AND booked.id <> appointment.id
                AND (
                    booked.patient_id = request.patient_id
                    OR EXISTS (
                        SELECT 1 FROM stands_for AS mine
                        LEFT JOIN stands_for AS theirs ON theirs.patient_id = booked.patient_id
                        WHERE mine.patient_id = request.patient_id
                        AND mine.record_id IN (booked.patient_id, theirs.record_id)
                    )
                    OR EXISTS (
                        SELECT 1 FROM stands_for AS theirs
                        WHERE theirs.patient_id = booked.patient_id AND theirs.record_id = request.patient_id
                    )
                )
            )
        )
    )
"""


def patients_who_fell_out(session: Session) -> list[UUID]:
    """The appointments after which a patient was not seen and nobody is asked to see them: always none."""
    session.flush()
    return list(session.scalars(text(_FELL_OUT).columns(column("id", Uuid()))))


def count_who_fell_out(session: Session, service_ids: Collection[UUID], since: datetime) -> int:
    """The same in some services and since a day, for a page: it must not read years of appointments."""
    narrowed = text(
        f"{_FELL_OUT} AND appointment.service_id IN :services AND appointment.starts_at >= :since"
    ).bindparams(
        bindparam("services", list(service_ids), expanding=True, type_=Uuid()),
        bindparam("since", since, type_=UtcDateTime()),
    )
    return len(session.execute(narrowed).all())
