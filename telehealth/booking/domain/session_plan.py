"""When sessions take place, as it is or as it would be after a change; and whether a visit lies in one of them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from telehealth.booking.domain.appointment import Mode
from telehealth.booking.domain.crew import Members
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
    # Of those who meet in person.
    room_id: UUID | None = None
    # Takes place on a bank holiday too.
    is_extra: bool = False

    def dates(self, first: date, last: date) -> tuple[date, ...]:
        """The dates on which a session would begin, bank holidays and leave included."""
        until = min(last, self.last_date) if self.last_date else last
        return expand_dates(self.rrule, self.first_date, first, until)

    def takes(self, mode: Mode, type_id: UUID | None, room_id: UUID | None) -> bool:
        """Whether what is booked may be booked into this session, and is where its clinician sits."""
        return (
            mode in self.modes
            and (not self.type_ids or type_id is None or type_id in self.type_ids)
            # Whoever was told no room goes to the session's.
            and (mode is not Mode.IN_PERSON or room_id is None or room_id == self.room_id)
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
    # Of a visit in person: where it is.
    room_id: UUID | None = None


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

    def holds(self, visit: Visit) -> bool:
        """Whether the visit of its owner lies in it, and is one that it takes."""
        return self.rule.takes(visit.mode, visit.type_id, visit.room_id) and any(
            piece.start <= visit.span.start and visit.span.end <= piece.end for piece in self.pieces
        )

    def runs_at(self, instant: datetime) -> bool:
        return any(piece.start <= instant < piece.end for piece in self.pieces)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPlan:
    """The sessions of a service."""

    zone: ZoneInfo
    rules: tuple[SessionRule, ...]
    closures: tuple[Closure, ...] = ()
    closes_on_bank_holidays: bool = True
    # Who sits in the shared clinics: while all of them are away, nothing takes place.
    members: Mapping[UUID, Members] = field(default_factory=dict)
    # Of the types that need a skill: the clinicians who have it.
    skilled: Mapping[UUID, frozenset[UUID]] = field(default_factory=dict)
    # The names of a year's bank holidays.
    holidays_of: Callable[[int], Mapping[date, str]] = field(default=lambda _year: NOBODYS_HOLIDAYS)

    def after(
        self,
        *,
        removes: Iterable[UUID] = (),
        adds: Iterable[SessionRule] = (),
        closes: Iterable[Closure] = (),
        closes_on_bank_holidays: bool | None = None,
        staffs: Mapping[UUID, Members] | None = None,
        holidays_of: Callable[[int], Mapping[date, str]] | None = None,
    ) -> "SessionPlan":
        """The same service after a change: `removes` are keys of rules, `staffs` shared clinics with other members,
        `holidays_of` the bank holidays of another nation.
        """
        gone = frozenset(removes)
        return replace(
            self,
            rules=(*(rule for rule in self.rules if rule.key is None or rule.key not in gone), *adds),
            closures=(*self.closures, *closes),
            members={**self.members, **(staffs or {})},
            closes_on_bank_holidays=(
                self.closes_on_bank_holidays if closes_on_bank_holidays is None else closes_on_bank_holidays
            ),
            holidays_of=holidays_of or self.holidays_of,
        )

    def holidays(self, first: date, last: date) -> dict[date, str]:
        """The names of the bank holidays from `first` to `last`, both included, in order."""
        years = range(first.year, last.year + 1)
        found = {day: name for year in years for day, name in self.holidays_of(year).items()}
        return {day: found[day] for day in sorted(found) if first <= day <= last}

    def only(self, *owner_ids: UUID) -> "SessionPlan":
        """The sessions of some clinicians and shared clinics, with what may close them."""
        crews = [self.members[owner_id].working for owner_id in owner_ids if owner_id in self.members]
        closing = {None, *owner_ids, *(person_id for crew in crews for person_id in crew)}
        return replace(
            self,
            rules=tuple(rule for rule in self.rules if rule.owner_id in owner_ids),
            closures=tuple(closure for closure in self.closures if closure.owner_id in closing),
        )

    def clinics_of(self, person_id: UUID) -> list[UUID]:
        """The shared clinics in which a clinician sits."""
        return [clinic_id for clinic_id, members in self.members.items() if person_id in members.working]

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

    def without_experts(
        self, owner_id: UUID, type_id: UUID | None, first: date, last: date
    ) -> list[Interval]:
        """When nobody with the skill that a type needs is in a shared clinic, from `first` to `last`, local dates."""
        members = self.members.get(owner_id)
        if members is None or type_id is None or type_id not in self.skilled:
            return []
        experts = Members(
            size=len(members.working), working=members.working.intersection(self.skilled[type_id])
        )
        start, end = (datetime.combine(day, time(0), self.zone) for day in (first, last + 2 * ONE_DAY))
        return [each.span for each in find_unattended(experts, self.closures, Interval(start, end))]

    def covers(self, visit: Visit) -> bool:
        """Whether the visit lies in one session of its owner that takes place then, and that takes such visits.

        For one visit; `coverage.find_outside` is for many, and knows how many a shared clinic sees at once.
        """
        return any(occurrence.holds(visit) for occurrence in self._around(visit))

    def room_of(self, visit: Visit) -> UUID | None:
        """Where its owner meets people in person as the visit begins; None: in no room that is known.

        Of several sessions at once, in that in which the visit lies.
        """
        running = [
            occurrence
            for occurrence in self._around(visit)
            if occurrence.runs_at(visit.span.start) and Mode.IN_PERSON in occurrence.rule.modes
        ]
        running.sort(key=lambda occurrence: not occurrence.holds(visit))
        return running[0].rule.room_id if running else None

    def _around(self, visit: Visit) -> list[Occurrence]:
        """The sessions of its owner that may run as the visit begins."""
        if visit.owner_id is None:
            return []
        day = visit.span.start.astimezone(self.zone).date()
        # A session that began the evening before may still run.
        return self.only(visit.owner_id).occurrences(day - ONE_DAY, day)

    def _of_rule(self, rule: SessionRule, first: date, last: date) -> Iterator[Occurrence]:
        members = self.members.get(rule.owner_id) if rule.owner_id is not None else None
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
                closures=(
                    *(
                        closure
                        for closure in self.closures
                        if closure.owner_id in (None, rule.owner_id) and closure.span.overlaps(span)
                    ),
                    *find_unattended(members, self.closures, span),
                ),
            )


def find_unattended(members: Members | None, closures: Iterable[Closure], span: Interval) -> list[Closure]:
    """When within `span` all who sit in a shared clinic are on leave, with the reasons of their leave.

    Nothing for a clinician (`members` None). Who does not work there any more is away for good.
    """
    if members is None or not members.size:
        return []
    known = [each for each in closures if each.owner_id in members.working and each.span.overlaps(span)]
    left = [span]
    for person_id in members.working:
        own = [each.span for each in known if each.owner_id == person_id]
        left = [common for away in own for piece in left if (common := piece.common(away))]
    reasons = sorted({each.reason for each in known})
    return [Closure(piece, None, reason) for piece in left for reason in reasons or [""]]


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
