"""A form that is sent twice does one thing."""

import hashlib
from typing import cast
from uuid import UUID, uuid4

from sqlalchemy import Table, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from telehealth.booking.models import IdempotencyKey
from telehealth.clock import now

_TABLE = cast("Table", IdempotencyKey.__table__)
# A row where the key is new, and none where somebody was first: also of two at the same moment.
_INSERT = {
    "postgresql": postgresql.insert(_TABLE)
    .on_conflict_do_nothing(index_elements=["actor", "key"])
    .returning(IdempotencyKey.id),
    "sqlite": sqlite.insert(_TABLE)
    .on_conflict_do_nothing(index_elements=["actor", "key"])
    .returning(IdempotencyKey.id),
}


def key_of(form_key: str, *choices: object) -> str:
    """The back button shows a used form again: sent with another choice, it is another wish."""
    parts = (form_key or uuid4().hex, *(str(choice) for choice in choices))
    return hashlib.sha256("/".join(parts).encode("utf-8", "replace")).hexdigest()


def remember_key(session: Session, who: str, key: str, subject_id: UUID | None = None) -> tuple[UUID, bool]:
    """The key of what this form makes (`subject_id`, or a new one), and whether it was made before.

    Of two that are sent at once the second waits here until the first is committed.
    """
    made_id = subject_id or uuid4()
    row = {"id": uuid4(), "actor": who, "key": key, "subject_id": made_id, "created_at": now()}
    if session.scalar(_INSERT[session.get_bind().dialect.name], row) is not None:
        return made_id, False
    first = session.scalars(
        select(IdempotencyKey.subject_id).where(IdempotencyKey.actor == who, IdempotencyKey.key == key)
    ).one()
    return first, True
