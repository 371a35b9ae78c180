"""When sessions take place, as it is or as it would be after a change; and whether a visit lies in one of them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from telehealth.booking.domain.appointment import Mode
from telehealth.booking.domain.intervals import Interval, subtract
from telehealth.booking.domain.recurrence import expand_dates
from telehealth.booking.domain.slots import session_interval

ONE_DAY = timedelta(days=1)
NOBODYS_HOLIDAYS: Mapping[date, str] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRule:
    """A recurring session: a stored schedule (`key`), or one that is about to be made (None)."""

    key: UUID | None = None
    # A clinician or a shared clinic.
    owner_id: UUID | None
    rrule: str
    first_date: date
    last_date: date | None = None
    starts: time
    ends: time
    modes: frozenset[Mode]
    # None named: every type.
    type_ids: frozenset[UUID] = frozenset()
    # Takes place on a bank holiday too.
    is_extra: bool = False

    def dates(self, first: date, last: date) -> tuple[date, ...]:
        """The dates on which a session would begin, bank holidays and leave included."""
        until = min(last, self.last_date) if self.last_date else last
        return expand_dates(self.rrule, self.first_date, first, until)

    def takes(self, visit: "Visit") -> bool:
        """Whether what is booked may be booked into this session."""
        return visit.mode in self.modes and (
            not self.type_ids or visit.type_id is None or visit.type_id in self.type_ids
        )


@dataclass(frozen=True, slots=True)
class Closure:
    """Leave of a clinician, or a closure of a shared clinic; `owner_id` None: of the whole service."""

    span: Interval
    owner_id: UUID | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What an appointment asks of a session. `owner_id`: the clinician, or the shared clinic whose lane is booked."""

    owner_id: UUID | None
    span: Interval
    mode: Mode
    type_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """A session on one date, and what keeps it from taking place."""

    on: date
    span: Interval
    rule: SessionRule
    # The bank holiday on which it would be; it takes place all the same where `is_open`.
    holiday: str = ""
    is_open: bool = True
    closures: tuple[Closure, ...] = ()

    @property
    def pieces(self) -> list[Interval]:
        """What is left of it: nothing on a bank holiday, or between the hours of leave."""
        return subtract(self.span, [closure.span for closure in self.closures]) if self.is_open else []


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPlan:
    """The sessions of a service."""

    zone: ZoneInfo
    rules: tuple[SessionRule, ...]
    closures: tuple[Closure, ...] = ()
    closes_on_bank_holidays: bool = True
    # The names of a year's bank holidays.
    holidays_of: Callable[[int], Mapping[date, str]] = field(default=lambda _year: NOBODYS_HOLIDAYS)

    def after(
        self,
        *,
        removes: Iterable[UUID] = (),
        adds: Iterable[SessionRule] = (),
        closes: Iterable[Closure] = (),
        closes_on_bank_holidays: bool | None = None,
    ) -> "SessionPlan":
        """The same service after a change: `removes` are keys of rules."""
        gone = frozenset(removes)
        return replace(
            self,
            rules=(*(rule for rule in self.rules if rule.key is None or rule.key not in gone), *adds),
            closures=(*self.closures, *closes),
            closes_on_bank_holidays=(
                self.closes_on_bank_holidays if closes_on_bank_holidays is None else closes_on_bank_holidays
            ),
        )

    def only(self, owner_id: UUID) -> "SessionPlan":
        """The sessions of one clinician, or of one shared clinic."""
        return replace(self, rules=tuple(rule for rule in self.rules if rule.owner_id == owner_id))

    def occurrences(
        self, first: date, last: date, rules: Iterable[SessionRule] | None = None
    ) -> list[Occurrence]:
        """Sessions that begin from `first` to `last` (both included), in order, also those that do not take place."""
        return sorted(
            (
                occurrence
                for rule in (self.rules if rules is None else rules)
                for occurrence in self._of_rule(rule, first, last)
            ),
            key=lambda occurrence: occurrence.span,
        )

    def covers(self, visit: Visit) -> bool:
        """Whether the visit lies in one session of its owner that takes place then, and that takes such visits."""
        return self.make_check()(visit)

    def make_check(self) -> Callable[[Visit], bool]:
        """`covers`, for many visits: it remembers the sessions of each day."""
        rules: dict[UUID | None, list[SessionRule]] = {}
        for rule in self.rules:
            rules.setdefault(rule.owner_id, []).append(rule)
        known: dict[tuple[UUID | None, date], list[tuple[Interval, SessionRule]]] = {}

        def pieces_on(owner_id: UUID | None, day: date) -> list[tuple[Interval, SessionRule]]:
            found = known.get((owner_id, day))
            if found is None:
                found = known[owner_id, day] = [
                    (piece, rule)
                    for rule in rules.get(owner_id, ())
                    # A session that began the evening before may still run.
                    for occurrence in self._of_rule(rule, day - ONE_DAY, day)
                    for piece in occurrence.pieces
                ]
            return found

        def covers(visit: Visit) -> bool:
            start, end = visit.span.start, visit.span.end
            return any(
                piece.start <= start and end <= piece.end and rule.takes(visit)
                for piece, rule in pieces_on(visit.owner_id, start.astimezone(self.zone).date())
            )

        return covers

    def _of_rule(self, rule: SessionRule, first: date, last: date) -> Iterator[Occurrence]:
        for on in rule.dates(first, last):
            span = session_interval(on, rule.starts, rule.ends, self.zone)
            if span is None:
                continue
            holiday = self.holidays_of(on.year).get(on, "")
            yield Occurrence(
                on=on,
                span=span,
                rule=rule,
                holiday=holiday,
                is_open=not holiday or rule.is_extra or not self.closes_on_bank_holidays,
                closures=tuple(
                    closure
                    for closure in self.closures
                    if closure.owner_id in (None, rule.owner_id) and closure.span.overlaps(span)
                ),
            )


def find_clock_changes(zone: ZoneInfo, first: date, last: date) -> list[tuple[date, bool]]:
    """The days from `first` to `last` on which the clocks change; True: they go forward."""
    changes = []
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        before, after = (
            datetime.combine(on, time(0), zone).utcoffset() or timedelta(0) for on in (day, day + ONE_DAY)
        )
        if before != after:
            changes.append((day, after > before))
    return changes
