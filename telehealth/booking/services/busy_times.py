"""When clinicians, lanes, rooms and patients are busy: their claims, as seconds."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, String, and_, bindparam, or_, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.functions import FunctionElement

from telehealth.booking.domain.claim import LONGEST_CLAIM, ClaimState
from telehealth.booking.domain.intervals import Interval
from telehealth.booking.domain.slots import Span, merged
from telehealth.booking.models import Claim

BusyTimes = dict[UUID, list[Span]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """Whose claims are wanted."""

    practitioners: frozenset[UUID] = frozenset()
    lanes: frozenset[UUID] = frozenset()
    rooms: frozenset[UUID] = frozenset()
    patients: frozenset[UUID] = frozenset()


def load_busy_times(
    session: Session,
    resources: Resources,
    span: Interval,
    *,
    now: datetime,
    ignoring: UUID | None = None,
    own_hold: UUID | None = None,
) -> BusyTimes:
    """What keeps each of them busy within `span`, merged and in order.

    The claims of the appointment `ignoring` and of the hold `own_hold` do not count.
    """
    wanted: dict[str, Any] = {
        "now": now,
        "end": span.end,
        "start": span.start,
        # No claim is longer: the index is not read from the beginning of time.
        "earliest": span.start - LONGEST_CLAIM,
    }
    if ignoring is not None:
        wanted["ignoring"] = ignoring
    if own_hold is not None:
        wanted["own_hold"] = own_hold.hex
    read = _read_iso if session.get_bind().dialect.name == "sqlite" else _read_seconds
    busy: BusyTimes = {}
    for column, ids in (
        ("practitioner_id", resources.practitioners),
        ("lane_id", resources.lanes),
        ("room_id", resources.rooms),
        ("patient_id", resources.patients),
    ):
        if ids:
            # One for each kind, so that each is read from its own index.
            statement = _statement(column, len(ids) == 1, ignoring is not None, own_hold is not None)
            keys = {"key": next(iter(ids))} if len(ids) == 1 else {"keys": list(ids)}
            for resource_id, text in session.execute(statement, wanted | keys):
                busy[resource_id] = merged(read(text))
    return busy


@cache
def _statement(column: str, is_one: bool, has_ignoring: bool, has_own_hold: bool) -> Select[Any]:
    # Made once: it is sent with every search and every booking.
    key = getattr(Claim, column)
    conditions = [
        key == bindparam("key") if is_one else key.in_(bindparam("keys", expanding=True)),
        or_(
            Claim.state == ClaimState.BOOKED,
            Claim.state == ClaimState.OVERBOOKED,
            # A lapsed hold is free at once: no background job is needed for that.
            and_(Claim.state == ClaimState.HELD, Claim.hold_expires_at > bindparam("now")),
        ),
        Claim.starts_at < bindparam("end"),
        Claim.ends_at > bindparam("start"),
        Claim.starts_at > bindparam("earliest"),
    ]
    if has_ignoring:
        conditions.append(or_(Claim.appointment_id.is_(None), Claim.appointment_id != bindparam("ignoring")))
    if has_own_hold:
        conditions.append(or_(Claim.hold_token.is_(None), Claim.hold_token != bindparam("own_hold")))
    return select(key, _BusyText()).where(*conditions).group_by(key)


class _BusyText(FunctionElement[str]):
    """All claims of a group as text: start and end of each. One row instead of thousands."""

    type = String()
    inherit_cache = True


@compiles(_BusyText, "sqlite")
def _busy_on_sqlite(_element: _BusyText, _compiler: object, **_options: object) -> str:
    return "group_concat(substr(claim.starts_at, 1, 19) || substr(claim.ends_at, 1, 19), '')"


@compiles(_BusyText, "postgresql")
def _busy_on_postgresql(_element: _BusyText, _compiler: object, **_options: object) -> str:
    seconds = "CAST(extract(epoch FROM claim.{}) AS bigint)"
    return f"string_agg({seconds.format('starts_at')} || ' ' || {seconds.format('ends_at')}, ' ')"


def _read_seconds(text: str) -> Iterable[Span]:
    seconds = [*map(int, text.split(" "))]
    return zip(seconds[::2], seconds[1::2], strict=True)


def _read_iso(text: str) -> Iterable[Span]:
    # SQLite would take five times as long to reckon them.
    return [
        (_seconds(text[at : at + 19]), _seconds(text[at + 19 : at + 38])) for at in range(0, len(text), 38)
    ]


@lru_cache(maxsize=16_384)
def _seconds(iso: str) -> int:
    return int(datetime.fromisoformat(iso).replace(tzinfo=UTC).timestamp())
