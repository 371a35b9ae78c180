"""Move the rows' keys under the active key of the ring. The sealed texts themselves stay as they are."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from telehealth.db import Database
from telehealth.sealing import KeyMissing, RowKey, SealBroken, ring

BATCH = 500


@dataclass(frozen=True, slots=True)
class Rotation:
    """How many keys were wrapped anew, and which could not: "table/row: why", without content."""

    count: int
    broken: tuple[str, ...]


def count_row_keys(session: Session) -> dict[str, int]:
    """How many rows' keys are wrapped under each key, by its name; names of the ring without any are there too."""
    found = session.execute(select(RowKey.ring_key_id, func.count()).group_by(RowKey.ring_key_id))
    return {**dict.fromkeys(ring().keys, 0), **dict(sorted((name, count) for name, count in found))}


def require_keys(session: Session) -> None:
    """Raises KeyMissing where rows are sealed under a key that the ring lacks: they could not be read."""
    missing = sorted(set(session.scalars(select(RowKey.ring_key_id).distinct())) - set(ring().keys))
    if missing:
        raise KeyMissing(
            f"Stored text is sealed under keys that the key ring lacks: {', '.join(missing)}. "
            "Add their lines to TELEHEALTH_KEYS or TELEHEALTH_KEYS_FILE again."
        )


def rotate_keys(database: Database, report: Callable[[int, int], None]) -> Rotation:
    """Wrap all rows' keys under the active key, each batch in a transaction of its own.

    `report` is told after each batch how many of how many are done. Killed and started again it goes on: what is
    under the active key is left alone. Raises KeyMissing before it changes anything.
    """
    with database.reading() as session:
        require_keys(session)
        counts = count_row_keys(session)
    total = sum(counts.values()) - counts[ring().active]
    last, count, broken = None, 0, list[str]()
    while True:
        with database.transaction() as session:
            keys = _next_keys(session, last)
            for key in keys:
                try:
                    key.wrap(key.open())
                except SealBroken:
                    broken.append(f"{key.table_name}/{key.row_id}")
                else:
                    count += 1
        if not keys:
            return Rotation(count, tuple(broken))
        last = keys[-1].row_id
        report(count, max(total, count))


def _next_keys(session: Session, last: UUID | None) -> list[RowKey]:
    """In the order of the rows, so that each is looked at once however many there are."""
    query = select(RowKey).where(RowKey.ring_key_id != ring().active)
    if last is not None:
        query = query.where(RowKey.row_id > last)
    return list(session.scalars(query.order_by(RowKey.row_id).limit(BATCH).with_for_update()))
